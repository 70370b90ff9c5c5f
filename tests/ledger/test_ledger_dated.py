"""Each day belongs to what held on it: a place that moves to another institution counts there from
its day on and in the old one before, and what ends takes nothing of the days before with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from metering.book import SeriesKey
from metering.bookhash import book_hash, worth_hash
from metering.registry import Gateway, Meter, Node, NodeType, SpaceEdge, Validity
from metering.registry.merge import merged

DAYS = 6
A_DAY = 24_000_000
"""What each meter counts in a day [mWh]."""


def office(helpers, *, second: bool = False):
    """Institutions `o` with `b`, and `p` with nothing; one or two meters on `b`."""
    meters = [helpers.meter("m"), *([helpers.meter("n")] if second else [])]
    known = helpers.campus(meters)
    nodes = {**known.nodes, "p": Node("p", NodeType.INSTITUTION, zone=helpers.ZONE)}
    return replace(known, nodes=nodes, gateways={"o/g": Gateway("o", "g")})


def after(helpers, days: int) -> date:
    return helpers.DAY + timedelta(days=days)


def moved(helpers, known, days: int):
    """`b` belongs to `p` from so many days after the first on."""
    turn = after(helpers, days)
    edges = (
        SpaceEdge("o", "b", valid=Validity(end=turn)),
        SpaceEdge("p", "b", valid=Validity(turn)),
    )
    return merged(known, replace(known, space=edges))


def ended(helpers, known, days: int):
    """The meter is over; its point is left open."""
    one = replace(known.meters["m"], valid=Validity(end=after(helpers, days)))
    return merged(known, replace(known, meters={**known.meters, "m": one}))


def push(world, helpers) -> None:
    times = helpers.quarters(96 * DAYS + 1)
    for point in world.registry.points:
        world.push(point, times, np.arange(len(times)) * 0.25)


def settle(world) -> None:
    while world.marks.waiting():
        world.ledger.step()


def told(helpers, before, later, *, late: bool):
    """A world that learns of a change after its readings, or before them."""
    world = helpers.World(before if late else later, helpers.later(DAYS + 1))
    push(world, helpers)
    settle(world)
    if late:
        world.change(later)
        settle(world)
    return world


def totals(world, institution: str, kind: str, code: str) -> list[int | None]:
    """Of each day; None where it has no row, or one that knows nothing."""
    key = SeriesKey(institution, kind, code, "01000")
    rows = {row.day: row.total for row in world.books.rows([key], date.min, date.max)}
    days = sorted(row.day for row in world.books.digest_rows() if row.total is not None)
    return [rows.get(days[0] + timedelta(days=n)) for n in range(DAYS)]


def hashes(world) -> list[str]:
    return [f(world.books, institution=body) for f in (book_hash, worth_hash) for body in "op"]


def events(world) -> list[object]:
    return [one for body in "op" for one in world.books.events(body, 0, 2**62)]


@pytest.mark.parametrize("late", [False, True])
def test_a_place_that_moves_counts_in_each_institution_on_its_days(helpers, late):
    known = office(helpers)
    world = told(helpers, known, moved(helpers, known, 2), late=late)
    for kind, code in (("meter", "m"), ("node", "b"), ("node", "o")):
        assert totals(world, "o", kind, code) == [A_DAY] * 2 + [None] * 4, (kind, code)
    for kind, code in (("meter", "m"), ("node", "b"), ("node", "p")):
        assert totals(world, "p", kind, code) == [None] * 2 + [A_DAY] * 4, (kind, code)


def test_a_move_that_is_told_late_books_what_a_rebuild_would(helpers):
    known = office(helpers, second=True)
    later = moved(helpers, known, 3)
    one, other = (told(helpers, known, later, late=late) for late in (False, True))
    assert hashes(one) == hashes(other)
    other.ledger.rebuild()
    assert hashes(one) == hashes(other)


def test_what_is_no_more_an_institutions_says_why(helpers):
    known = office(helpers)
    later = moved(helpers, known, 2)
    world = told(helpers, known, later, late=True)
    gone = [
        one
        for _, one in world.books.restatements("o", limit=100)
        if one.new_total is None and one.key.code == "b"
    ]
    assert {one.day for one in gone} == {after(helpers, n) for n in range(2, DAYS)}
    assert {one.cause for one in gone} == {f"registry {later.version}"}


def test_what_was_found_on_a_register_moves_with_its_days(helpers):
    """A gap of three hours on the fifth day is told by the new institution alone."""
    known = office(helpers)
    later = moved(helpers, known, 2)
    worlds = []
    for late in (False, True):
        world = helpers.World(known if late else later, helpers.later(DAYS + 1))
        times = helpers.quarters(96 * DAYS + 1)
        kept = (np.arange(len(times)) < 400) | (np.arange(len(times)) > 412)
        world.push(1, times[kept], (np.arange(len(times)) * 0.25)[kept])
        settle(world)
        if late:
            assert len(world.books.events("o", 0, 2**62)) == 1
            world.change(later)
            settle(world)
        worlds.append(world)
    assert events(worlds[0]) == events(worlds[1])
    assert worlds[1].books.events("o", 0, 2**62) == []
    assert [one.kind for one in worlds[1].books.events("p", 0, 2**62)] == ["gap"]


@pytest.mark.parametrize("late", [False, True])
def test_a_place_that_comes_back_counts_again(helpers, late):
    known = office(helpers)
    there, back = after(helpers, 2), after(helpers, 4)
    edges = (
        SpaceEdge("o", "b", valid=Validity(end=there)),
        SpaceEdge("p", "b", valid=Validity(there, back)),
        SpaceEdge("o", "b", valid=Validity(back)),
    )
    later = merged(known, replace(known, space=edges))
    world = told(helpers, known, later, late=late)
    assert totals(world, "o", "node", "o") == [A_DAY] * 2 + [None] * 2 + [A_DAY] * 2
    assert totals(world, "p", "node", "p") == [None] * 2 + [A_DAY] * 2 + [None] * 2


@pytest.mark.parametrize("late", [False, True])
def test_a_place_that_leaves_the_tree_is_counted_there_no_more(helpers, late):
    known = office(helpers)
    edges = (SpaceEdge("o", "b", valid=Validity(end=after(helpers, 2))),)
    later = merged(known, replace(known, space=edges))
    world = told(helpers, known, later, late=late)
    assert totals(world, "o", "node", "o") == [A_DAY] * 2 + [None] * 4
    assert totals(world, "o", "node", "b") == [A_DAY] * 2 + [None] * 4
    assert totals(world, "", "node", "b") == [None] * 2 + [A_DAY] * 4


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_a_meter_that_ends_leaves_the_days_before(helpers, late, second):
    known = office(helpers, second=second)
    world = told(helpers, known, ended(helpers, known, 2), late=late)
    rest = A_DAY if second else None
    for node in ("b", "o"):
        wanted = [A_DAY * (1 + second)] * 2 + [rest] * 4
        assert totals(world, "o", "node", node) == wanted, node


@pytest.mark.parametrize("late", [False, True])
def test_two_meters_that_become_one_count_once_each_day(helpers, late):
    known = office(helpers, second=True)
    turn = after(helpers, 3)
    over = {c: replace(m, valid=Validity(end=turn)) for c, m in known.meters.items()}
    one = Meter(
        "w", "b", "01000", max_per_hour=known.meters["m"].max_per_hour, valid=Validity(turn)
    )
    points = {**known.points, 3: replace(known.points[1], id=3, name="w")}
    put = replace(known.installations[0], meter="w", point=3, valid=Validity(turn))
    later = merged(
        replace(known, points=points),
        replace(
            known,
            points=points,
            meters={**over, "w": one},
            installations=(*known.installations, put),
        ),
    )
    world = told(helpers, replace(known, points=points), later, late=late)
    assert totals(world, "o", "node", "o") == [2 * A_DAY] * 3 + [A_DAY] * 3


def test_a_running_day_of_a_place_that_moved_settles_where_it_is_now(helpers):
    known = office(helpers)
    world = helpers.World(known, helpers.later(3))
    push(world, helpers)
    settle(world)
    world.change(moved(helpers, known, 2))
    settle(world)
    world.now_us = helpers.later(DAYS + 1)
    world.ledger.step()
    assert totals(world, "p", "node", "b")[2:4] == [A_DAY] * 2
    assert totals(world, "o", "node", "b") == [A_DAY] * 2 + [None] * 4
