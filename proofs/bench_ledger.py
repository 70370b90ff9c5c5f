"""What a reading costs the ledger: many of them, more and more of them, and one after a rest.

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
from typing import Any

import numpy as np

from ledger import Ledger
from metering.book import DirtyMark
from metering.localtime import day_bounds
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
GOAL = 500_000
FLAT = 1.5
"""Times that a reading may cost more among ten times as many."""


@dataclass
class BenchedLedger:
    """A ledger over arrays and memory, with so many meters of one building."""

    meters: int
    days: int
    readings: ArrayReadings = field(default_factory=ArrayReadings)
    marks: MemoryMarks = field(default_factory=MemoryMarks)

    def __post_init__(self) -> None:
        self.now_us = START_US + (self.days + 3) * DAY_US
        self.books = MemoryBooks(self.marks)
        registry = _registry(self.meters)
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
    costs = []
    for size in sizes:
        costs.append(cost_of(size))
        say(f"{costs[-1]['readings']} readings: {costs[-1]['us_per_reading']} us each")
    last = costs[-1]
    ratios = [round(b["us_per_reading"] / a["us_per_reading"], 3) for a, b in _pairs(costs)]
    rest = {"still": booked_after_rest(0.0), "moving": booked_after_rest(0.25)}
    result: dict[str, Any] = {
        "readings_per_cpu_second": last["readings_per_cpu_second"],
        "goal": GOAL,
        "costs": costs,
        "ratios": ratios,
        "days_booked_after_rest": rest,
        "rest_days": REST_DAYS,
    }
    passed = (
        last["readings_per_cpu_second"] >= GOAL
        and max(ratios, default=1.0) <= FLAT
        and max(rest.values()) <= 2
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
    ledger_s = _cpu_s(lambda: _book(world))
    count = world.readings.count()
    return {
        "readings": count,
        "readings_per_cpu_second": round(count / ledger_s),
        "us_per_reading": round(ledger_s / count * 1e6, 3),
        "times_a_plain_pass": round(ledger_s / plain_s, 1),
    }


def booked_after_rest(rise: float) -> int:
    """Days that one live reading books after 51 days in which the register stood still."""
    days = 30 + REST_DAYS
    world = BenchedLedger(1, days)
    count = days * A_DAY
    world.now_us = START_US + days * DAY_US + QUARTER_US
    time_us = START_US + np.arange(count) * QUARTER_US
    value = _register(1, count)
    value[30 * A_DAY :] = value[30 * A_DAY - 1]
    world.put(1, time_us, value)
    _book(world)
    world.put(1, time_us[-1:] + QUARTER_US, value[-1:] + rise)
    return world.ledger.step().days


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


def _registry(meters: int) -> Registry:
    codes = [f"m{n}" for n in range(1, meters + 1)]
    return Registry(
        version=1,
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone=ZONE),
            "b": Node("b", NodeType.BUILDING),
        },
        space=(SpaceEdge("o", "b"),),
        meters={code: Meter(code, "b", "01000") for code in codes},
        points={
            n: Point(n, "o/g", code, Kind.REGISTER, "kWh") for n, code in enumerate(codes, start=1)
        },
        installations=tuple(Installation(code, n) for n, code in enumerate(codes, start=1)),
    )
