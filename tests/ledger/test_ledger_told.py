"""Restatements are news: what is left of a backlog, a late reading, an undone change."""

from __future__ import annotations

import numpy as np
import pytest

from metering.book import SeriesKey

DAYS = 4
COUNT = DAYS * 96 + 1
METERS = 3
SERIES = METERS + 2
"""Rows a day: the meters, the institution's two figures."""


@pytest.fixture
def made(helpers):
    def make(meters: int = METERS):
        codes = [helpers.meter(f"m{n:02}") for n in range(meters)]
        return helpers.World(helpers.campus(codes), helpers.later(DAYS + 1))

    return make


def registers(helpers, meters: int):
    """(point, index of the reading) of all, and their values."""
    times = helpers.quarters(COUNT)
    pushes = [(point, n) for n in range(COUNT) for point in range(1, meters + 1)]
    return times, pushes, lambda point, n: 100.0 * point + n * (4.0 + point % 3)


def push(world, times, value, batch) -> None:
    for point in sorted({point for point, _ in batch}):
        some = np.array([n for p, n in batch if p == point])
        world.push(point, times[some], value(point, some))


def restatements(world):
    return [one for _, one in world.books.restatements("o", limit=99_999)]


@pytest.mark.parametrize("seed", range(4))
def test_a_backlog_booked_in_turns_leaves_none(helpers, made, seed):
    world, (times, pushes, value) = made(), registers(helpers, METERS)
    rng = np.random.default_rng(seed)
    order = np.arange(len(pushes)) if seed == 0 else rng.permutation(len(pushes))
    for part in np.array_split(order, 12):
        push(world, times, value, [pushes[n] for n in part])
        world.ledger.step(limit=2)
        world.ledger.step()
    assert all(row.told for row in world.all_rows().values() if row.complete)
    assert restatements(world) == []


def test_meters_that_come_one_after_the_other_leave_none(helpers, made):
    """A node's day is told when its parts are in."""
    world, (times, pushes, value) = made(), registers(helpers, METERS)
    for point in range(1, METERS + 1):
        push(world, times, value, [one for one in pushes if one[0] == point])
        world.ledger.step()
        rows = [row for row in world.all_rows().values() if row.key.kind == "node"]
        assert [row.told for row in rows] == [row.complete for row in rows]
        assert sum(row.told for row in rows) == (DAYS * 2 if point == METERS else 0)
    assert restatements(world) == []


def filled(helpers, made, meters: int = METERS):
    world, (times, pushes, value) = made(meters), registers(helpers, meters)
    push(world, times, value, pushes)
    world.ledger.step()
    assert restatements(world) == []
    return world, times, value


def correct(world, times, value, meters: int, by: float) -> None:
    """Another reading inside the second day, of every meter."""
    for point in range(1, meters + 1):
        world.push(point, times[150:151], value(point, np.array([150])) + by)
    while world.marks.waiting():
        world.ledger.step()


@pytest.mark.parametrize("meters", [1, 70])
def test_a_late_change_leaves_one_a_series_and_undone_none(helpers, made, meters):
    """Also of more meters than one piece has."""
    world, times, value = filled(helpers, made, meters)
    correct(world, times, value, meters, 2)
    found = restatements(world)
    assert len({(one.key, one.day) for one in found}) == len(found)
    assert {one.key for one in found if one.key.kind == "meter"} == {
        SeriesKey("o", "meter", f"m{n:02}", "01000") for n in range(meters)
    }
    correct(world, times, value, meters, 0)
    assert restatements(world) == []


def test_what_was_taken_between_leaves_two(helpers, made):
    world, times, value = filled(helpers, made)
    correct(world, times, value, METERS, 2)
    one = len(restatements(world))
    world.books.tell("o", list(world.books.digest_rows("o")))
    correct(world, times, value, METERS, 0)
    assert [one.given for one in restatements(world)] == [True] * one + [False] * one


def test_events_say_what_they_cost_what_held_what_was_read_and_what_is_booked(helpers):
    """A register at 20 kWh/h under a limit of 60: a spike, a gap, and a reset."""
    world = helpers.World(helpers.campus([helpers.meter("m00")]), helpers.later(DAYS + 1))
    times, values = helpers.quarters(COUNT), 100.0 + 5.0 * np.arange(COUNT)
    values[50] = 9000
    values[200:] -= values[200]
    there = np.ones(COUNT, dtype=bool)
    there[100:103] = False
    world.push(1, times[there], values[there])
    world.ledger.step()
    kwh = 1_000_000
    limit = int(world.registry.meters["m00"].max_per_hour * kwh)
    told = {e.kind: e for e in world.books.events("o", 0, int(times[-1]))}
    facts = {k: (e.cost, e.limit, e.value, e.energy) for k, e in told.items()}
    assert facts == {
        "spike": (4, limit, 9000 * kwh, 10 * kwh),
        "gap": (None, None, None, 20 * kwh),
        "reset": (10, limit, 0, None),
    }
