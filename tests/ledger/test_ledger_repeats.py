"""Intervals that repeat one value for days are not measured, unless that is the meter's way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.glance import Glance
from ledger.repeats import RepeatedValues
from ledger.turning import services
from metering.bookhash import book_hash
from metering.quality import MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT
from metering.reading import Kind
from metering.registry import Installation
from metering.registry.model import Direction

DAYS = 40
COUNT = DAYS * 24
HOUR_US = 3_600_000_000
KWH = 1_000_000
LOAD = np.round(np.random.default_rng(4).uniform(0.8, 4.2, COUNT), 3)
RUNS = st.tuples(st.integers(0, COUNT), st.integers(1, 150), st.sampled_from([0.0, 1.5, 2.0]))


def world_of(helpers, kind=Kind.INTERVAL, **more):
    own = [helpers.meter("m", step_min=60, max_per_hour=None)]
    registry = helpers.campus(own, installations=[Installation("m", 1, **more)])
    unit = "kW" if kind is Kind.MEAN else "kWh"
    points = {1: replace(registry.points[1], kind=kind, unit=unit)}
    return helpers.World(replace(registry, points=points), helpers.later(DAYS + 1))


def hours(helpers, count: int = COUNT) -> np.ndarray:
    return helpers.midnight() + np.arange(count) * HOUR_US


def booked(helpers, sent, kind=Kind.INTERVAL, **more):
    world = world_of(helpers, kind, **more)
    world.push(1, hours(helpers, len(sent)), sent)
    while world.marks.waiting():
        world.ledger.step()
    return world


def left_out(world) -> list[int]:
    """Hours of which nothing is booked."""
    rows = world.rows("meter", "m")
    slots = np.concatenate([row.finest.slots for row in rows])[:COUNT]
    shares = np.concatenate([row.finest.shares for row in rows])[:COUNT]
    gone = slots == ABSENT
    assert (shares[gone, MISSING] == WHOLE).all()
    assert (shares[~gone, MEASURED] == WHOLE).all()
    return np.flatnonzero(gone).tolist()


def told(world) -> list[tuple[str, int, int, int | None]]:
    start = world.books.events("o", 0, 2**62)
    return [(e.kind, e.start_us, e.end_us, e.value) for e in start if e.kind == "stuck"]


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.MEAN])
@pytest.mark.parametrize("length", [24, 25, 72])
@pytest.mark.parametrize("at", [500, COUNT - 30])
def test_a_value_that_repeats_for_more_than_a_day_is_stuck(helpers, kind, length, at):
    """The first interval stands; it makes no difference whether it has ended."""
    sent = LOAD.copy()
    sent[at : at + length] = 2.0
    world = booked(helpers, sent, kind)
    end = min(at + length, COUNT)
    wrong = list(range(at + 1, end)) if end - at > 24 else []
    assert left_out(world) == wrong
    span = [("stuck", *hours(helpers)[[at + 1, end - 1]].tolist(), 2 * KWH)]
    assert told(world) == [(k, a, b + HOUR_US, v) for k, a, b, v in span if wrong]


@pytest.mark.parametrize(
    ("usual", "length", "stuck"), [(6, 30, True), (12, 48, False), (12, 49, True), (30, 72, False)]
)
def test_a_meter_that_repeats_by_its_nature_may_do_so_for_long(helpers, usual, length, stuck):
    sent = LOAD.copy()
    sent[400 : 400 + usual] = 3.0
    sent[500 : 500 + length] = 2.0
    world = booked(helpers, sent)
    first = list(range(401, 400 + usual)) if usual > 24 else []
    assert left_out(world) == first + (list(range(501, 500 + length)) if stuck else [])


def test_what_was_longer_than_four_weeks_ago_says_nothing(helpers):
    sent = LOAD.copy()
    sent[20:44] = 3.0
    sent[24 * 28 + 35 : 24 * 28 + 65] = 2.0  # nine hours of the run before are in the four weeks
    assert left_out(booked(helpers, sent)) == []
    sent = np.insert(sent, 400, [1.1, 1.2])[:COUNT]
    assert len(left_out(booked(helpers, sent))) == 29


def test_zero_is_rest_and_a_constant_stands(helpers):
    sent = LOAD.copy()
    sent[300:600] = 0.0
    assert left_out(booked(helpers, sent)) == []
    assert left_out(booked(helpers, np.full(COUNT, 2.0))) == []
    sent = LOAD.copy()
    sent[:200] = 2.0
    assert left_out(booked(helpers, sent)) == []


def test_a_gap_ends_a_run(helpers):
    world, sent = world_of(helpers), LOAD.copy()
    sent[500:530] = 2.0
    kept = np.arange(COUNT) != 515
    world.push(1, hours(helpers)[kept], sent[kept])
    world.ledger.step()
    assert left_out(world) == [515]
    assert told(world) == []


def test_a_run_of_weeks_is_found_whole_and_grows_by_its_last_days(helpers):
    sent = LOAD.copy()
    sent[100 : COUNT - 2] = 2.0
    whole = booked(helpers, sent)
    assert left_out(whole) == list(range(101, COUNT - 2))
    world = booked(helpers, sent[: COUNT - 60])
    looked = []
    for n in range(COUNT - 60, COUNT):
        world.push(1, hours(helpers)[n : n + 1], sent[n : n + 1])
        looked.append(world.ledger.step().days)
    assert max(looked) <= 4
    assert told(world) == told(whole)
    assert book_hash(world.books) == book_hash(whole.books)


def test_what_is_exported_repeats_too(helpers):
    sent = LOAD.copy()
    sent[500:572] = 2.0
    world = booked(helpers, sent, direction=Direction.EXPORT)
    assert left_out(world) == list(range(501, 572))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(runs=st.lists(RUNS, max_size=5), seed=st.integers(0, 2**32), holes=st.integers(0, 3))
def test_the_books_do_not_depend_on_what_came_first(helpers, runs, seed, holes):
    rng, sent = np.random.default_rng(seed), LOAD.copy()
    for at, length, value in runs:
        sent[at : at + length] = value
    places = np.setdiff1d(np.arange(COUNT), rng.integers(0, COUNT, holes))
    whole, one = world_of(helpers), world_of(helpers)
    whole.push(1, hours(helpers)[places], sent[places])
    whole.ledger.step()
    order = rng.permutation(places) if seed % 3 == 0 else places
    late = rng.choice(order, 6, replace=False)
    parts = [*np.array_split(order[~np.isin(order, late)], 7), *np.array_split(late, 3)]
    for part in parts:
        if not len(part):
            continue
        wrong = rng.random() < 0.3
        values = sent[part] + (0.5 if wrong else 0.0)
        one.push(1, hours(helpers)[part], values)
        one.ledger.step()
        if wrong:
            one.push(1, hours(helpers)[part], sent[part])
            one.ledger.step()
        if rng.random() < 0.4:
            one.restart()
    while one.marks.waiting():
        one.ledger.step()
    assert told(one) == told(whole)
    helpers.same(one, whole)
    whole.ledger.rebuild()
    assert book_hash(one.books) == book_hash(whole.books)


@pytest.mark.parametrize(("lumps", "stuck"), [(31, False), (32, True)])
def test_a_value_of_few_lumps_says_nothing(helpers, lumps, stuck):
    """Energies in whole kWh: a load that uses the same few in each hour is no fault."""
    sent = 30.0 + np.random.default_rng(5).integers(0, 9, COUNT)
    sent[500:540] = lumps
    sent[499] = sent[540] = 29.0
    assert bool(told(booked(helpers, sent))) is stuck


def test_rest_is_no_habit_of_repeating_a_value(helpers):
    sent = LOAD.copy()
    sent[300:400] = 0.0
    sent[500:530] = 2.0
    assert len(told(booked(helpers, sent))) == 1
    sent[300:400] = 1.5
    assert [one[3] for one in told(booked(helpers, sent))] == [round(1.5 * KWH)]


@pytest.mark.parametrize(
    ("days", "before", "after", "looks"),
    [
        (1.5, 0.5, 1, [(2, 2)]),
        (1.5, 1, 0.5, [(2, 2)]),
        (1.5, 1.1, 0.4, [(2, 2), (6, 2)]),
        (3, 1, 2, [(2, 2), (2, 6)]),
        (6, 5, 1, [(2, 2), (6, 2)]),
        (7, 5.5, 1.5, [(2, 2), (6, 2), (14, 2)]),
        (6, 3, 3, [(2, 2), (6, 6)]),
    ],
)
def test_a_run_is_looked_for_until_both_its_ends_are_seen(
    helpers, monkeypatch, days, before, after, looks
):
    """As many days before and after what is asked for, then four weeks before it begins."""
    sent, start = LOAD.copy(), 500
    sent[start : start + round(days * 24)] = 2.0
    world = world_of(helpers)
    world.push(1, hours(helpers), sent)
    one = RepeatedValues(Glance(world.readings), services(world.registry, "m")[0])
    asked, plain = [], one._intervals

    def recorded(start_us, end_us):
        asked.append((start_us, end_us))
        return plain(start_us, end_us)

    monkeypatch.setattr(one, "_intervals", recorded)
    first = int(hours(helpers)[start])
    at = first + round(before * 24) * HOUR_US
    (span,) = one.near(at, at)
    assert span == ("stuck", first + HOUR_US, first + round(days * 24) * HOUR_US)
    day = 24 * HOUR_US
    wide = [(at - a * day, at + b * day) for a, b in looks]
    assert asked == [*wide, (first - 28 * day, first)]
    asked.clear()
    assert one.near(first - 3 * day, first - 1) == {}
    assert len(asked) == 1
    assert list(one.near(first - 1, first)) == [span]
    assert list(one.near(span[2], span[2] + 1)) == [span]
    assert one.near(span[2] + 1, span[2] + 5) == {}
