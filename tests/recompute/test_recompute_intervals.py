"""Intervals and means of every length: both implementations tell the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenoffice.recomputing import json_lines
from metering.localtime import HOUR_US, iso
from metering.quantity import ABSENT
from metering.reading import Kind
from metering.registry import Direction, Installation
from metering.tariff import TariffRow
from metering.validity import Validity

DAYS = 2
KWH = 1_000_000


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    minutes=st.sampled_from([5, 10, 15, 20, 30, 60, 7]),
    step_min=st.sampled_from([15, 20, 30, 60, 1440]),
    kind=st.sampled_from([Kind.INTERVAL, Kind.MEAN]),
    lost=st.sampled_from([0.0, 0.1, 0.6]),
    shaken=st.sampled_from([0, 3, 40, 200]),
    seed=st.integers(0, 2**32 - 1),
)
def test_both_tell_the_same_of_intervals(
    helpers, tmp_path, minutes, step_min, kind, lost, shaken, seed
):
    registry = helpers.campus([helpers.meter("i", step_min=step_min)], kinds={"i": kind})
    world = helpers.World(registry, DAYS)
    rng = np.random.default_rng(seed)
    start = helpers.quarters(1)[0]
    count = DAYS * 1440 // minutes
    times = start + np.arange(count) * minutes * 60_000_000
    times = times + rng.integers(-shaken, shaken + 1, count) * 1_000_000
    kept = (rng.random(count) >= lost) & np.append(True, np.diff(times) > 0)
    values = np.round(rng.uniform(-1, 9, count), 3)
    world.push(1, times[kept], values[kept])
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    minutes=st.sampled_from([5, 15, 60]),
    step_min=st.sampled_from([15, 20, 60, 1440]),
    kind=st.sampled_from([Kind.INTERVAL, Kind.MEAN]),
    limit=st.sampled_from([None, 2, 60]),
    signed=st.booleans(),
    day=st.sampled_from([date(2026, 3, 2), date(2026, 3, 27)]),
    seed=st.integers(0, 2**32 - 1),
)
def test_both_leave_out_the_same_intervals(
    helpers, tmp_path, minutes, step_min, kind, limit, signed, day, seed
):
    """Far over the limit, registered, learned or set aside; below 0; over the end of a month."""
    limit = None if limit is None else Decimal(limit)
    own = [helpers.meter("i", step_min=step_min, max_per_hour=limit)]
    way = Direction.EXPORT if seed % 2 else Direction.IMPORT
    installed = [Installation("i", 1, signed=signed, direction=way)]
    registry = helpers.campus(own, installations=installed)
    points = {1: replace(registry.points[1], kind=kind)}
    world = helpers.World(replace(registry, points=points), 6, day)
    rng = np.random.default_rng(seed)
    start, count = helpers.quarters(1, day)[0], 6 * 1440 // minutes
    times = start + np.arange(count) * minutes * 60_000_000
    values = np.round(rng.uniform(0, 9, count) * (np.arange(count) // 7 % 3 > 0), 3)
    for at in rng.integers(0, count, 6).tolist():
        values[at : at + int(rng.integers(1, 30))] *= rng.choice((-1, 10, 100, 1000))
    kept = np.sort(rng.permutation(count)[: count * 9 // 10])
    for part in np.array_split(rng.permutation(kept), 3):
        order = np.sort(part)
        world.push(1, times[order], values[order])
        world.book()
    all_is_told(helpers, world, world.recomputed(tmp_path))


def all_is_told(helpers, world, books) -> None:
    """Nothing differs, and every interval that does not count is a line of the JSON."""
    assert helpers.differences(world, books) == []
    told = [one for one in json_lines(books) if "decision" in one]
    assert [(one["decision"], one["from"], one["to"]) for one in told] == [
        (kind, iso(start), iso(end)) for kind, start, end in books.spans("i") if kind != "limit"
    ]


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    minutes=st.sampled_from([30, 60]),
    step_min=st.sampled_from([15, 60]),
    kind=st.sampled_from([Kind.INTERVAL, Kind.MEAN]),
    runs=st.lists(
        st.tuples(
            *(st.integers(0, 290), st.integers(2, 130), st.sampled_from([0.0, 1.5, 2.0, 90.0]))
        ),
        min_size=1,
        max_size=4,
    ),
    signed=st.booleans(),
    digits=st.sampled_from([0, 3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_both_find_the_same_values_repeated(
    helpers, tmp_path, minutes, step_min, kind, runs, signed, digits, seed
):
    own = [helpers.meter("i", step_min=step_min, max_per_hour=None)]
    installed = [Installation("i", 1, signed=signed)]
    registry = helpers.campus(own, kinds={"i": kind}, installations=installed)
    registry = replace(registry, points={1: replace(registry.points[1], kind=kind)})
    days = 12
    world = helpers.World(registry, days)
    rng = np.random.default_rng(seed)
    count = days * 1440 // minutes
    values = np.round(rng.uniform(1, 4, count), digits)
    for at, length, value in runs:
        values[at : at + length * 60 // minutes] = value
    times = helpers.quarters(1)[0] + np.arange(count) * minutes * 60_000_000
    kept = rng.random(count) >= 0.003
    world.push(1, times[kept], values[kept])
    world.book()
    all_is_told(helpers, world, world.recomputed(tmp_path))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    minutes=st.sampled_from([15, 60]),
    step_min=st.sampled_from([15, 60]),
    kind=st.sampled_from([Kind.REGISTER, Kind.INTERVAL, Kind.MEAN]),
    way=st.sampled_from(list(Direction)),
    entries=st.lists(
        st.tuples(
            *(st.integers(0, 2 * 24 - 1), st.sampled_from([0.0, 0.7, 80.0, -3.0])),
            st.sampled_from([0, 20, 200]),
        ),
        min_size=1,
        max_size=4,
    ),
    edge=st.sampled_from([480, 490]),
    seed=st.integers(0, 2**32 - 1),
)
def test_both_tell_the_same_of_what_a_person_entered(
    helpers, tmp_path, minutes, step_min, kind, way, entries, edge, seed
):
    """With prices that change within an interval: what is estimated is estimated in money too."""
    months = frozenset(range(1, 13))
    rows = ((0, edge, "valley", "0.3"), (edge, 1440, "peak", "1.1"))
    tariff = tuple(
        TariffRow("t", "01000", months, "all", start, end, period, Decimal(price))
        for start, end, period, price in rows
    )
    own = [helpers.meter("i", step_min=step_min)]
    registry = helpers.campus(
        own, installations=[Installation("i", 1, direction=way)], tariff=tariff
    )
    registry = replace(registry, points={1: replace(registry.points[1], kind=kind)})
    world = helpers.World(registry, DAYS)
    rng = np.random.default_rng(seed)
    count = DAYS * 1440 // minutes
    values = np.round(rng.uniform(0.5, 4, count), 3)
    values = values if kind is not Kind.REGISTER else 500 + np.cumsum(values)
    times = helpers.quarters(1)[0] + np.arange(count) * minutes * 60_000_000
    entered = {
        int(times[place * 60 // minutes]) + late * 1_000_000: values[place * 60 // minutes] + more
        for place, more, late in entries
    }
    kept = (rng.random(count) >= 0.1) & ~np.isin(times, list(entered))
    world.push(1, times[kept], values[kept])
    world.push(1, sorted(entered), [entered[at] for at in sorted(entered)], entered=True)
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.MEAN])
@pytest.mark.parametrize("exact", [False, True])
def test_an_interval_that_reaches_past_its_registers_end_counts_for_neither(
    helpers, tmp_path, kind, exact
):
    """Hourly ones up to 09:00 give way to quarter hours from 08:30 on, by the day or the instant:
    from 08:00 to 08:30 nothing is known, and no minute counts twice."""
    day = date(2026, 3, 3)
    start = helpers.quarters(1)[0]
    change = start + 32 * HOUR_US + HOUR_US // 2
    text = iso(int(change)) if exact else ""
    until = day + timedelta(days=1) if exact else day
    installed = [
        Installation("i", 1, valid=Validity(None, until), ends=text),
        Installation("i", 2, valid=Validity(day, None), starts=text),
    ]
    own = [helpers.meter("i", max_per_hour=None)]
    registry = helpers.campus(own, kinds={"i": kind}, installations=installed)
    points = {n: replace(one, kind=kind) for n, one in registry.points.items()}
    world = helpers.World(replace(registry, points=points), 3)
    each = 1.0 if kind is Kind.INTERVAL else 4.0
    world.push(1, start + np.arange(33) * HOUR_US, np.full(33, 4 * each if each == 1 else each))
    world.push(2, change + np.arange(150) * HOUR_US // 4, np.full(150, each))
    world.book()
    all_is_told(helpers, world, world.recomputed(tmp_path))
    key = next(key for key in world.books.series("o") if key.kind == "meter")
    (row,) = world.books.rows([key], day, day)
    assert row.finest.slots[31:36].tolist() == [KWH, ABSENT, ABSENT, KWH, KWH]
    assert row.finest.shares.sum(axis=1).tolist() == [10_000] * 96
    assert row.total == 94 * KWH
