"""What a reading costs the ledger: many of them, of meters of other kinds, and one after a rest.

Readings lie in arrays and books in memory, so that the ledger alone is measured, on one core. A
plain pass over the same readings, differences added up by slots, is measured beside it: ratios to
it do not depend on the machine.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from ledger import Ledger
from metering.book import DirtyMark
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quantity import I64
from metering.reading import F64, Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from proofs.array_readings import ArrayReadings
from proofs.steps import finish, say
from storage.memory import MemoryBooks, MemoryMarks

ZONE = "Asia/Shanghai"
FIRST = date(2026, 3, 2)
START_US = day_bounds(FIRST, ZONE)[0]
QUARTER_US, DAY_US = 900_000_000, 86_400_000_000
A_DAY = 96
DAYS = 30
"""Days of readings of each meter."""
REST_DAYS = 51
REST_ROUNDS = 5
VARIANT_READINGS = 200_000
LIVE_METERS, LIVE_STEPS = 1000, 4
GOAL = 500_000
FLAT = 1.5
"""Times that a reading may cost more among ten times as many."""
STILL_DAYS, MOST_DAYS = 2, 5
"""Days that one reading may book after a rest that goes on, and may cost after one that ends."""


@dataclass(frozen=True)
class Shape:
    """A kind of meter and of its readings."""

    every_us: int = QUARTER_US
    kind: Kind = Kind.REGISTER
    meter: dict[str, Any] = field(default_factory=dict)
    installation: dict[str, Any] = field(default_factory=dict)
    late_us: int = 0
    """How long after a slot's edge it reads."""

    def readings(self, point: int, days: int) -> tuple[I64, F64]:
        """(times, values) of a meter through so many days, both ends included."""
        register = _register(point, days * A_DAY + 2)
        edges = START_US + np.arange(len(register)) * QUARTER_US
        count = days * DAY_US // self.every_us + 1
        time_us = START_US + self.late_us + np.arange(count) * self.every_us
        value = np.round(np.interp(time_us, edges, register), 3)
        if self.kind is not Kind.REGISTER:
            value = np.diff(value, append=value[-1:])
        return time_us, value


SHAPES = {
    "registered limit": Shape(meter={"max_per_hour": Decimal(60)}),
    "ratio 40": Shape(installation={"ratio": Decimal(40), "digits": 6}),
    "signed": Shape(installation={"signed": True}),
    "beside the edge": Shape(late_us=7_000_000),
    "every minute": Shape(every_us=MINUTE_US),
    "every hour": Shape(every_us=HOUR_US),
    "hours in books of hours": Shape(every_us=HOUR_US, meter={"step_min": 60}),
    "energies of intervals": Shape(kind=Kind.INTERVAL),
    "mean powers": Shape(kind=Kind.MEAN),
}
"""Meters unlike those of the main measuring, which read on every quarter hour."""


@dataclass
class BenchedLedger:
    """A ledger over arrays and memory, with so many meters of one building."""

    meters: int
    days: int
    shape: Shape = field(default_factory=Shape)
    readings: ArrayReadings = field(default_factory=ArrayReadings)
    marks: MemoryMarks = field(default_factory=MemoryMarks)

    def __post_init__(self) -> None:
        self.now_us = START_US + (self.days + 3) * DAY_US
        self.books = MemoryBooks(self.marks)
        registry = _registry(self.meters, self.shape)
        self.ledger = Ledger(
            self.readings, self.books, self.marks, lambda: registry, lambda: self.now_us
        )

    def put(self, point: int, time_us: I64, value: F64) -> None:
        """Readings of a point arrive."""
        self.readings.put(point, time_us, value)
        mark = DirtyMark(point, int(time_us[0]), int(time_us[-1]))
        self.marks.mark([mark], writer_no=1, ready=True)


def run_bench(readings: int) -> None:
    """Books up to so many readings; prints what they cost, fails where a goal is missed."""
    sizes = [size for size in (readings // 100, readings // 10, readings) if size >= DAYS * A_DAY]
    cost_of(DAYS * A_DAY)  # what is done once is done
    costs = []
    for size in sizes:
        costs.append(cost_of(size))
        say(f"{costs[-1]['readings']} readings: {costs[-1]['us_per_reading']} us each")
    last = costs[-1]
    ratios = [round(b["us_per_reading"] / a["us_per_reading"], 3) for a, b in _pairs(costs)]
    rest = {"still": booked_after_rest(0.0), "moving": booked_after_rest(0.25)}
    rest_cost = rest_cost_in_days()
    say(f"a reading after {REST_DAYS} days of rest costs {rest_cost} days")
    result: dict[str, Any] = {
        "readings_per_cpu_second": last["readings_per_cpu_second"],
        "goal": GOAL,
        "costs": costs,
        "ratios": ratios,
        "days_booked_after_rest": rest,
        "rest_days": REST_DAYS,
        "rest_cost_in_days": rest_cost,
        "variants": variants(min(readings, VARIANT_READINGS)),
        "live": live_cost(LIVE_METERS, LIVE_STEPS),
    }
    passed = (
        last["readings_per_cpu_second"] >= GOAL
        and max(ratios, default=1.0) <= FLAT
        and rest["still"] <= STILL_DAYS
        and rest_cost <= MOST_DAYS
    )
    finish(result, passed)


def cost_of(readings: int) -> dict[str, Any]:
    """Of booking so many readings of every quarter hour: per reading, and to a plain pass."""
    meters = max(1, round(readings / (DAYS * A_DAY)))
    world = BenchedLedger(meters, DAYS)
    time_us = START_US + np.arange(DAYS * A_DAY + 1) * QUARTER_US
    for point in range(1, meters + 1):
        world.put(point, time_us, _register(point, len(time_us)))
    plain_s = _cpu_s(lambda: _plain(world.readings, meters, time_us))
    ledger_s = _cpu_s(partial(_book, world))
    count = world.readings.count()
    return {
        "readings": count,
        "readings_per_cpu_second": round(count / ledger_s),
        "us_per_reading": round(ledger_s / count * 1e6, 3),
        "times_a_plain_pass": round(ledger_s / plain_s, 1),
    }


def variants(readings: int) -> list[dict[str, Any]]:
    """What so many readings of meters of each other shape cost, by name."""
    found = []
    for name, shape in SHAPES.items():
        meters = max(1, readings // (DAYS * DAY_US // shape.every_us))
        world = BenchedLedger(meters, DAYS, shape)
        for point in range(1, meters + 1):
            world.put(point, *shape.readings(point, DAYS))
        ledger_s = _cpu_s(partial(_book, world))
        rate = round(world.readings.count() / ledger_s)
        found.append({"name": name, "readings_per_cpu_second": rate})
        say(f"{name}: {rate} readings a second")
    return found


def live_cost(meters: int, steps: int) -> dict[str, Any]:
    """Of one reading a meter in each step, as they come in: each books the running day again."""
    world, shape = BenchedLedger(meters, 1), Shape()
    sent = {point: shape.readings(point, 2) for point in range(1, meters + 1)}
    spent: list[float] = []
    for end in range(A_DAY // 2, A_DAY // 2 + steps + 1):
        first = 0 if not spent else end - 1
        for point, (time_us, value) in sent.items():
            world.put(point, time_us[first:end], value[first:end])
        world.now_us = START_US + end * QUARTER_US
        spent.append(_cpu_s(partial(_book, world)))
    milliseconds = round(median(spent[1:]) / meters * 1000, 3)
    say(f"{meters} live meters: {milliseconds} ms a reading")
    return {"meters": meters, "ms_per_reading": milliseconds}


def booked_after_rest(rise: float) -> int:
    """Days that one live reading books after 51 days in which the register stood still."""
    world, last = _rested()
    world.put(1, last[0] + QUARTER_US, last[1] + rise)
    return world.ledger.step().days


def rest_cost_in_days() -> float:
    """What one live reading costs that ends such a rest, in days of the same meter, each booked
    as a whole."""
    ratios = []
    for _ in range(REST_ROUNDS):
        world, last = _rested()
        world.put(1, last[0] + QUARTER_US, last[1] + 0.25)
        ratios.append(_cpu_s(partial(_book, world)) / _cost_of_a_day())
    return round(median(ratios), 1)


def _cost_of_a_day() -> float:
    """CPU [s] of booking a day of a meter that has moved for as long."""
    days = DAYS + REST_DAYS
    world = BenchedLedger(1, days)
    time_us = START_US + np.arange(days * A_DAY) * QUARTER_US
    value, before = _register(1, days * A_DAY), (days - 1) * A_DAY + 1
    world.put(1, time_us[:before], value[:before])
    _book(world)
    world.put(1, time_us[before:], value[before:])
    return _cpu_s(partial(_book, world))


def _rested() -> tuple[BenchedLedger, tuple[I64, F64]]:
    """A ledger after the rest, with the last (time, value)."""
    days = DAYS + REST_DAYS
    world, count = BenchedLedger(1, days), days * A_DAY
    world.now_us = START_US + days * DAY_US + QUARTER_US
    time_us = START_US + np.arange(count) * QUARTER_US
    value = _register(1, count)
    value[DAYS * A_DAY :] = value[DAYS * A_DAY - 1]
    world.put(1, time_us, value)
    _book(world)
    return world, (time_us[-1:], value[-1:])


def _register(point: int, count: int) -> F64:
    """A sound register: a working day over a base, with noise, in whole Wh."""
    rng = np.random.default_rng(point)
    quarter = np.arange(count) % A_DAY
    load = np.where((quarter >= 32) & (quarter < 72), 7000, 1500)
    return np.cumsum(rng.integers(load // 2, load)).astype(np.float64) / 1000


def _book(world: BenchedLedger) -> None:
    while world.ledger.step().marks:
        pass


def _plain(readings: ArrayReadings, meters: int, time_us: I64) -> None:
    for point in range(1, meters + 1):
        rows = readings.scan([point], int(time_us[0]), int(time_us[-1]) + 1)
        units = np.round(rows.value * 1_000_000).astype(np.int64)
        np.add.reduceat(np.diff(units), np.arange(0, len(units) - 1, A_DAY))


def _cpu_s(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _pairs(costs: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return list(itertools.pairwise(costs))


def _registry(meters: int, shape: Shape) -> Registry:
    codes = [f"m{n}" for n in range(1, meters + 1)]
    return Registry(
        version=1,
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone=ZONE),
            "b": Node("b", NodeType.BUILDING),
        },
        space=(SpaceEdge("o", "b"),),
        meters={code: Meter(code, "b", "01000", **shape.meter) for code in codes},
        points={n: Point(n, "o/g", code, shape.kind, "kWh") for n, code in enumerate(codes, 1)},
        installations=tuple(
            Installation(code, n, **shape.installation) for n, code in enumerate(codes, 1)
        ),
    )
