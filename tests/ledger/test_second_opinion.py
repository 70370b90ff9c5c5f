"""The ledger against the slow implementation written from its pages, on registers with faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.context import Context
from ledger.meter import OPEN_END, Service
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quality import APPORTIONED
from metering.quantity import ABSENT
from metering.reading import Flag, Kind, ReadingColumns
from metering.registry import Direction, Installation, Meter
from recompute.arrivals import StandingReading
from recompute.curve import of_times
from recompute.facts import InstallationLine, MeterLine, PointLine
from recompute.rates import RegisterRates
from recompute.registers import RegisterService, measured, slots_of
from recompute.story import CleanedRegister, decisions
from storage.memory import MemoryReadings

START_US = day_bounds(date(2026, 2, 26), "Asia/Shanghai")[0]
DAY_US = 24 * HOUR_US
TURN = 1_000


@dataclass(frozen=True)
class Told:
    """A register: what it said when, and what is registered of it."""

    time_us: tuple[int, ...]
    value: tuple[int, ...]
    """[mWh]"""
    step_min: int
    limit: int | None
    """[mWh per hour]"""
    digits: int | None
    """Of a register that counts mWh."""
    declared: tuple[tuple[int, int], ...]
    signed: bool


FAULTS = ("up", "zero", "stuck", "stale", "reset", "jump", "lose", "late", "noise")


def spoiled(draw, values: np.ndarray, times: np.ndarray, turn: int | None) -> np.ndarray:
    """The values after one fault; some faults leave readings out, with -1 for their time."""
    count = len(values)
    at = draw(st.integers(1, count - 2))
    end = min(at + draw(st.sampled_from([1, 1, 2, 3, 4, 5, 6, 9, 15])), count)
    kind = draw(st.sampled_from(FAULTS))
    size = draw(st.sampled_from([1, 30, 90, 300]))
    if kind == "up":
        values[at:end] += size
    elif kind == "zero":
        values[at:end] = 0
    elif kind == "stuck":
        values[at:end] = values[at]
    elif kind == "stale":
        values[at:end] = values[max(at - size % 7, 0)]
    elif kind == "reset":
        values[at:] = np.maximum(values[at:] - values[at] + size % 5, 0)
    elif kind == "jump":
        values[at:] += size
    elif kind == "lose":
        times[at:end] = -1
    elif kind == "late":
        values[at:end] = values[at - 1 : end - 1]
    else:
        values[at:end] += np.array([draw(st.integers(-9, 9)) for _ in range(end - at)])
    return values if turn is None else values % turn


@st.composite
def registers(draw, holes: tuple[int, ...] = (2, 5, 40)) -> Told:
    """Some days of a register with some faults, and holes of so many steps."""
    step_min = draw(st.sampled_from([15, 60, 60]))
    count = draw(st.integers(8, 110))
    every = np.ones(count, dtype=np.int64)
    for _ in range(draw(st.integers(0, 4))):
        every[draw(st.integers(0, count - 1))] = draw(st.sampled_from(holes))
    times = START_US + np.cumsum(every) * step_min * MINUTE_US
    pace = draw(st.sampled_from([1, 4, 12]))
    seed = draw(st.integers(0, 2**16))
    rises = np.random.default_rng(seed).integers(0, 2 * pace, count)
    turn = draw(st.sampled_from([None, None, TURN]))
    first = draw(st.sampled_from([0, 500, TURN - 20]))
    values = first + np.cumsum(rises)
    signed = draw(st.integers(0, 5)) == 0
    values = values if turn is None else values % turn
    for _ in range(draw(st.integers(0, 4))):
        values = spoiled(draw, values, times, turn)
    kept = times > 0
    times, values = times[kept], values[kept]
    limit = draw(st.sampled_from([None, 4 * pace * 60 // step_min, 2 * pace]))
    declared: tuple[tuple[int, int], ...] = ()
    if draw(st.integers(0, 3)) == 0:
        start = int(times[draw(st.integers(0, len(times) - 1))])
        declared = ((start, start + draw(st.sampled_from([HOUR_US, DAY_US]))),)
    digits = None if turn is None or signed else 3
    said = tuple(times.tolist()), tuple(values.tolist())
    return Told(*said, step_min, limit, digits, declared, signed)


def fast(told: Told) -> tuple[Context, Service]:
    """Readings of a register that counts mWh."""
    store = MemoryReadings()
    sent = enumerate(zip(told.time_us, told.value, strict=True))
    store.upsert(ReadingColumns.of([(1, at, v, 0, 0, 0, 0, n, 0) for n, (at, v) in sent]))
    limit = None if told.limit is None else Decimal(told.limit) / 10**6
    meter = Meter("m", "o", "01000", step_min=told.step_min, max_per_hour=limit)
    one = Installation("m", 1, ratio=Decimal("1e-6"), digits=told.digits, signed=told.signed)
    ends = (-OPEN_END, OPEN_END)
    zone = "Asia/Shanghai"
    return Context(store), Service(meter, one, Kind.REGISTER, zone, *ends, "kWh", told.declared)


def slow(told: Told) -> CleanedRegister:
    values = list(zip(told.time_us, told.value, strict=True))
    step_us = told.step_min * MINUTE_US
    rates = RegisterRates(values, step_us, told.limit, told.signed)
    turn = None if told.digits is None else TURN
    return CleanedRegister(values, rates, step_us, turn, told.declared, told.signed)


@settings(max_examples=300)
@given(registers((2, 5, 40, 700, 1500)))
def test_the_second_implementation_decides_the_same(told):
    context, service = fast(told)
    found = context.decisions(service, told.time_us[0], told.time_us[-1])
    register = slow(told)
    assert [
        (
            *(one.kind, one.here_us, one.there_us, one.first_us, one.turns, one.cost, one.whole),
            *(one.facts.cost, one.facts.limit, one.facts.value, one.facts.energy),
        )
        for one in found
    ] == [
        (
            *(one.kind, one.here_us, one.there_us, one.first_us, one.turned, one.cost, one.whole),
            *(one.says.cost, one.says.limit, one.says.value, one.says.energy),
        )
        for one in decisions(register)
    ]
    series = context._series[service]
    for at in range(told.time_us[0], told.time_us[-1] + 1, DAY_US):
        for stretch in (HOUR_US // 2, 3 * HOUR_US):
            cap, most = register.rates.cap(at, stretch), series.most(at, stretch)
            assert most == (np.inf if cap is None else float(cap))


def world_of(helpers, told: Told, kind: Kind, direction: Direction):
    limit = None if told.limit is None else Decimal(told.limit) / 10**6
    meter = helpers.meter("m", step_min=told.step_min, max_per_hour=limit)
    one = Installation(
        "m", 1, Decimal("1e-6"), told.digits, signed=told.signed, direction=direction
    )
    registry = helpers.campus([meter], kinds={"m": kind}, installations=[one])
    points = {1: registry.points[1].__class__(1, "o/g", "p1", kind, "kWh")}
    world = helpers.World(replace(registry, points=points), 0)
    world.now_us = day_bounds(date(2027, 3, 2), "Asia/Shanghai")[0]
    return world


def by_the_slow_one(told: Told, kind: Kind, direction: Direction, flagged: set[int]):
    sign = -1 if direction is Direction.EXPORT else 1
    limit = None if told.limit is None else Fraction(told.limit, 10**6)
    service = RegisterService(
        MeterLine("m", "b", "01000", step_min=told.step_min, max_per_hour=limit),
        PointLine("o/g/p1", str(kind), "kWh", "kWh"),
        InstallationLine(
            "m", "o/g/p1", Fraction(1, 10**6), told.digits, signed=told.signed, sign=sign
        ),
        "Asia/Shanghai",
        -OPEN_END,
        OPEN_END,
    )
    sent = enumerate(zip(told.time_us, told.value, strict=True))
    return measured(service, [StandingReading(at, float(v), n in flagged) for n, (at, v) in sent])


def _on_days(spans) -> set[tuple[str, int, int]]:
    """Without months of a limit, which a meter may have no row in."""
    return {span for span in spans if span[0] != "limit"}


@pytest.mark.parametrize("kind", [Kind.REGISTER, Kind.INTERVAL, Kind.MEAN])
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(registers(), st.sampled_from(list(Direction)), st.integers(0, 2**16))
def test_rows_and_events_are_those_of_the_second_implementation(
    helpers, kind, told, direction, seed
):
    """Whatever came first, and wherever the process began anew."""
    told = replace(told, declared=())
    if kind is not Kind.REGISTER:
        told = replace(told, digits=None)
    chance = np.random.default_rng(seed)
    flagged = set(chance.choice(len(told.time_us), 2).tolist()) if seed % 3 == 0 else set()
    world = world_of(helpers, told, kind, direction)
    order = chance.permutation(len(told.time_us)) if seed % 2 else np.arange(len(told.time_us))
    for part in np.array_split(order, 1 + seed % 4):
        for wrong in (False, True):
            own = np.array([n for n in sorted(part.tolist()) if (n in flagged) == wrong], dtype=int)
            flag = int(Flag.OUT_OF_RANGE) if wrong else 0
            world.push(1, np.array(told.time_us)[own], np.array(told.value)[own], flag)
        if seed % 5 == 0:
            world.restart()
        world.ledger.step()
    wanted = by_the_slow_one(told, kind, direction, flagged)
    for row in world.rows("meter", "m"):
        slots = slots_of(row.day, "Asia/Shanghai", told.step_min)
        energy = [wanted.curve.energy(*slot) for slot in slots]
        assert [None if n == ABSENT else n for n in row.finest.slots.tolist()] == energy
        shares = [of_times(wanted.curve.times(*slot, held=False)) for slot in slots]
        assert [tuple(one) for one in row.finest.shares.tolist()] == shares
        day = day_bounds(row.day, "Asia/Shanghai")
        assert tuple(row.day_shares.tolist()) == of_times(wanted.curve.times(*day, held=True))
        assert sum(row.spill) == int(row.day_shares[APPORTIONED])
    found = {
        (e.kind, e.start_us, e.end_us): (e.cost, e.limit, e.value, e.energy)
        for e in world.books.events("o", 0, 2**62)
    }
    told_so = {
        span: (says.cost, says.limit, says.value, says.energy)
        for span, says in wanted.says.items()
        if span in wanted.spans
    }
    assert _on_days(found) == _on_days(wanted.spans)
    assert {span: says for span, says in found.items() if says != (None,) * 4} == told_so
