"""What a person entered is used like any reading, and nothing that rests on it is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import judge, served
from metering.book import DirtyMark
from metering.bookhash import book_hash
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT
from metering.reading import Flag, Kind
from metering.registry import Installation

COUNT = 4 * 96
KWH = 1_000_000
LOAD = np.round(np.random.default_rng(7).uniform(0.5, 2.0, COUNT), 3)


def world_of(helpers, kind: Kind, **more):
    own = [helpers.meter("m", max_per_hour=20)]
    registry = helpers.campus(own, installations=[Installation("m", 1, **more)])
    points = {1: replace(registry.points[1], kind=kind)}
    return helpers.World(replace(registry, points=points), helpers.later(7))


def enter(helpers, world, place: int, value: float, late_us: int = 0) -> None:
    """A person's reading takes the place of what stood there."""
    at = int(helpers.quarters(COUNT + 1)[place]) + late_us
    rows = helpers.columns(1, [at], [value], int(Flag.ENTERED))
    world.readings.upsert(rows)
    world.marks.mark([DirtyMark(1, at, at)], writer_no=1, ready=True)


def settle(world) -> None:
    while world.marks.waiting():
        world.ledger.step()


def slots(world):
    rows = world.rows("meter", "m")[: COUNT // 96]
    return (
        np.concatenate([row.finest.slots for row in rows]),
        np.concatenate([row.finest.shares for row in rows]),
    )


def test_a_register_is_apportioned_on_both_sides_of_it(helpers):
    world = world_of(helpers, Kind.REGISTER)
    value = 1000 + np.concatenate(([0.0], np.cumsum(LOAD)))
    kept = np.arange(COUNT + 1) != 100
    world.push(1, helpers.quarters(COUNT + 1)[kept], value[kept])
    settle(world)
    enter(helpers, world, 100, value[100] + 0.1)
    settle(world)
    energy, shares = slots(world)
    wrong = np.isin(np.arange(COUNT), (99, 100))
    assert (shares[wrong, APPORTIONED] == WHOLE).all()
    assert (shares[~wrong, MEASURED] == WHOLE).all()
    moved = np.where(np.arange(COUNT) == 99, 0.1, np.where(np.arange(COUNT) == 100, -0.1, 0))
    assert np.abs(energy - np.rint((LOAD + moved) * KWH)).max() <= 1
    assert world.kinds() == []


def test_a_register_leaves_out_an_entry_that_it_cannot_have_said(helpers):
    """It is a reading like any other for the story."""
    world = world_of(helpers, Kind.REGISTER)
    value = 1000 + np.concatenate(([0.0], np.cumsum(LOAD)))
    world.push(1, helpers.quarters(COUNT + 1), value)
    enter(helpers, world, 100, value[100] + 5000)
    settle(world)
    energy, _ = slots(world)
    assert world.kinds() == ["spike"]
    assert energy.sum() == pytest.approx(LOAD.sum() * KWH, abs=1)


@pytest.mark.parametrize("sent", ["nothing", "spike", "negative", "off grid", "good", "stuck"])
def test_an_interval_is_filled_and_estimated(helpers, sent):
    world = world_of(helpers, Kind.INTERVAL)
    times, value = helpers.quarters(COUNT).copy(), LOAD.copy()
    kept = np.ones(COUNT, dtype=bool)
    if sent == "nothing":
        kept[200] = False
    elif sent == "off grid":
        times[200] += 120_000_000
    elif sent == "stuck":
        value[150:300] = 1.0
    elif sent != "good":
        value[200] = {"spike": 900.0, "negative": -4.0}[sent]
    world.push(1, times[kept], value[kept])
    settle(world)
    before = slots(world)
    enter(helpers, world, 200, 1.234)
    settle(world)
    energy, shares = slots(world)
    assert energy[200] == 1.234 * KWH
    assert shares[200].tolist() == [0, 0, WHOLE, 0]
    rest = np.arange(COUNT) != 200
    if sent == "stuck":  # half of it is no longer than a day
        assert (before[0][151:300] == ABSENT).all()
        assert (energy[151:300] != ABSENT).all()
    else:
        assert (energy[rest] == before[0][rest]).all()
        assert (shares[rest] == before[1][rest]).all()
    (row,) = [row for row in world.rows("meter", "m") if row.day_shares[ESTIMATED]]
    assert row.day_shares.tolist() == [WHOLE - 104, 0, 104, 0]
    hour = row.finest.hour_shares[(200 % 96) // 4]
    assert hour.tolist() == [7500, 0, 2500, 0]


def test_an_entry_comes_before_what_lies_nearer_to_the_start(helpers):
    world = world_of(helpers, Kind.INTERVAL)
    world.push(1, helpers.quarters(COUNT), LOAD)
    enter(helpers, world, 200, 1.5, late_us=20_000_000)
    settle(world)
    energy, shares = slots(world)
    assert (energy[200], shares[200, ESTIMATED]) == (1.5 * KWH, WHOLE)


def test_an_entry_below_0_is_refused_and_one_over_the_limit_stands(helpers):
    world = world_of(helpers, Kind.INTERVAL)
    world.push(1, helpers.quarters(COUNT), LOAD)
    enter(helpers, world, 200, -1.0)
    enter(helpers, world, 300, 70.0)
    settle(world)
    energy, shares = slots(world)
    assert (energy[200], shares[200, MISSING]) == (ABSENT, WHOLE)
    assert (energy[300], shares[300, ESTIMATED]) == (70 * KWH, WHOLE)
    (service,) = served(world.readings, world.registry, "m")
    rows = world.readings.scan([1], 0, 2**62)
    judged = judge(service, rows, world.books.events("o", 0, 2**62))
    assert [(n, why) for n, why in enumerate(judged.rejected_by) if why] == [(200, "negative")]


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kind=st.sampled_from([Kind.REGISTER, Kind.INTERVAL]),
    entries=st.lists(
        st.tuples(st.integers(0, COUNT - 1), st.sampled_from([0.0, 0.4, 3.0, -5.0, 800.0])),
        max_size=4,
        unique_by=lambda one: one[0],
    ),
    seed=st.integers(0, 2**32),
)
def test_the_books_do_not_depend_on_when_it_was_entered(helpers, kind, entries, seed):
    rng = np.random.default_rng(seed)
    value = LOAD if kind is Kind.INTERVAL else 1000 + np.cumsum(LOAD)
    times, places = helpers.quarters(COUNT), np.flatnonzero(rng.random(COUNT) < 0.99)
    entered = {place: value[place] + more for place, more in entries}
    whole, one = world_of(helpers, kind), world_of(helpers, kind)
    for world in (whole, one):
        parts = [places] if world is whole else np.array_split(places, 5)
        turn = int(rng.integers(0, 5))
        done = set()
        for n, part in enumerate(parts):
            own = np.array([p for p in part if p not in done], dtype=np.int64)
            world.push(1, times[own], value[own])
            if world is whole or n == turn:
                for place, said in entered.items():
                    enter(helpers, world, place, said)
                    done.add(place)
            world.ledger.step()
            if world is one and rng.random() < 0.4:
                world.restart()
        settle(world)
    helpers.same(one, whole)
    whole.ledger.rebuild()
    assert book_hash(one.books) == book_hash(whole.books)
