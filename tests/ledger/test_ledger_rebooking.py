"""Booking again: what differs is restated with its cause, and nothing that stands is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from ledger import rules
from ledger.recompute import Recompute
from metering.book import RULES_VERSION, DirtyMark
from metering.bookhash import book_hash

DAYS = 20
NEXT = RULES_VERSION + 1


@pytest.fixture
def world(helpers):
    """Two meters of a building over some weeks, booked."""
    meters = [helpers.meter("all", total=True), helpers.meter("ac", item="01B00")]
    world = helpers.World(helpers.campus(meters), helpers.later(DAYS + 5))
    fill(world, helpers)
    return world


def fill(world, helpers, first=0, days=DAYS):
    count = days * 96 + 1
    times = helpers.quarters(count, helpers.midnight() + first * 96 * helpers.QUARTER_US)
    for point in world.registry.points:
        values = np.cumsum(np.arange(count) % 7.0) + point
        world.push(point, times, values)
    while world.marks.waiting():
        world.ledger.step()


def fresh_ledger(world):
    """One that remembers nothing of readings that are gone since."""
    return type(world)(world.registry, world.now_us, world.marks, world.readings).ledger.__class__(
        world.readings, world.books, world.marks, lambda: world.registry, lambda: world.now_us
    )


def state(world):
    return book_hash(world.books), world.books.revision("o"), world.books.restatements("o")


def lose_readings(world, helpers, first, end):
    """The readings of the days [first, end), counted from the first one, are gone."""
    low = helpers.midnight(helpers.DAY + timedelta(first))
    high = helpers.midnight(helpers.DAY + timedelta(end))
    for rows in world.readings._rows.values():
        for time_us in [t for t in rows if low <= t < high]:
            del rows[time_us]


def test_what_is_whole_is_left_alone(world):
    before = state(world)
    told = world.ledger.rebuild()
    assert state(world) == before
    assert (told.differing, told.restated, told.kept) == (0, 0, 0)
    assert told.rows == len(world.all_rows())


def test_a_row_that_is_lost_is_made_again(world, helpers):
    before = book_hash(world.books)
    for days in world.books._current.values():
        days.pop(helpers.DAY + timedelta(3), None)
    assert book_hash(world.books) != before
    told = world.ledger.rebuild()
    assert book_hash(world.books) == before
    assert (told.differing, told.restated) == (6, 0)


def test_what_differs_is_restated_once_and_names_the_rebuild(helpers):
    """Also where more meters than one piece holds differ below one node."""
    meters = [helpers.meter(f"m{n:02}", node=f"b{n:02}") for n in range(70)]
    edges = [("o", m.node) for m in meters]
    world = helpers.World(helpers.campus(meters, edges=edges), helpers.later(9))
    fill(world, helpers, days=3)
    rows = [row for row in world.all_rows().values() if row.total]
    right, revision = book_hash(world.books), world.books.revision("o")
    wrong = [replace(row, total=row.total + 1, parts=(halved(row.finest),)) for row in rows]
    world.books.commit("o", wrong, expected_revision=revision, now_us=1)
    world.books.tell("o", list(world.books.digest_rows("o")))
    known = world.books.restatements("o", limit=9999)[-1][0]
    told = world.ledger.rebuild()
    assert book_hash(world.books) == right
    new = [one for _, one in world.books.restatements("o", after=known, limit=9999)]
    assert {one.cause for one in new} == {"rebuild"}
    assert told.restated == len(new) == len(rows)
    assert max(Counter((one.key, one.day) for one in new).values()) == 1


def test_a_rebuild_that_undoes_what_nobody_was_told_leaves_nothing(helpers):
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(9))
    fill(world, helpers, days=3)
    rows = [row for row in world.all_rows().values() if row.total]
    right, revision = book_hash(world.books), world.books.revision("o")
    wrong = [replace(row, total=row.total + 1, parts=(halved(row.finest),)) for row in rows]
    world.books.commit("o", wrong, expected_revision=revision, now_us=1)
    assert len(world.books.restatements("o", limit=9999)) == len(rows)
    told = world.ledger.rebuild()
    assert book_hash(world.books) == right
    assert (told.differing, told.restated) == (len(rows), 0)
    assert world.books.restatements("o") == []


def halved(part):
    return replace(part, slots=part.slots // 2)


@pytest.mark.parametrize(
    ("first", "end", "kept", "why"),
    [
        (0, 10, 6 * 10, "the oldest segments have expired"),
        (6, 9, 2 * 4, "a segment is missing between, beside which two meters' readings differ"),
    ],
)
def test_days_that_no_reading_is_left_for_stay(world, helpers, first, end, kept, why):
    world.push(1, helpers.quarters(1) + helpers.QUARTER_US, [0.5])
    world.ledger.step()
    before = state(world)
    assert before[2]
    lose_readings(world, helpers, first, end)
    told = fresh_ledger(world).rebuild()
    assert state(world) == before, why
    assert (told.differing, told.restated) == (0, 0)
    assert told.kept == kept
    assert book_hash(world.books) == before[0]


@pytest.mark.parametrize("whole", [True, False])
def test_days_that_never_had_a_reading_are_made_again_from_a_whole_journal(helpers, whole):
    """They lie in a gap whose ends were others while readings were absent for a while."""
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(DAYS + 5))
    count = DAYS * 96 + 1
    times = helpers.quarters(count, helpers.midnight())
    values = np.cumsum(np.arange(count) % 7.0 + np.arange(count) // 960)
    there = (times < times[0] + 8 * 96 * helpers.QUARTER_US) | (
        times > times[0] + 11 * 96 * helpers.QUARTER_US
    )
    world.push(1, times[there], values[there])
    while world.marks.waiting():
        world.ledger.step()
    right = book_hash(world.books)
    kept = {point: dict(rows) for point, rows in world.readings._rows.items()}
    lose_readings(world, helpers, 5, 14)
    world.marks.mark([DirtyMark(1, int(times[0]), int(times[-1]))], writer_no=1, ready=True)
    fresh_ledger(world).step()
    assert book_hash(world.books) != right
    world.readings._rows.update(kept)
    told = fresh_ledger(world).rebuild(whole=whole)
    assert (book_hash(world.books) == right) is whole
    assert bool(told.kept) is not whole


def test_a_day_of_which_some_readings_are_left_stays_too(world, helpers):
    before = state(world)
    low = helpers.midnight(helpers.DAY + timedelta(5))
    for rows in world.readings._rows.values():
        for time_us in [t for t in rows if t < low + 40 * helpers.QUARTER_US]:
            del rows[time_us]
    told = fresh_ledger(world).rebuild()
    assert state(world) == before
    assert told.kept >= 6 * 2


def test_a_change_of_the_registry_that_waits_is_booked_as_itself(world, helpers):
    changed = replace(
        world.registry,
        version=2,
        installations=tuple(replace(i, ratio=i.ratio * 2) for i in world.registry.installations),
    )
    world.change(changed)
    world.marks.mark([DirtyMark(1, 0, 2**62)], writer_no=1, ready=True)
    world.ledger.rebuild()
    causes = {one.cause for _, one in world.books.restatements("o", limit=9999)}
    assert causes == {"registry 2"}
    assert world.marks.waiting() == 0


@pytest.fixture
def second_rules(monkeypatch):
    """Rules that book a little more than the first ones."""

    def begin():
        monkeypatch.setattr(rules, "RULES_VERSION", NEXT)
        booked = Recompute._booked

        def more(self, *args):
            rows = booked(self, *args)
            return [row if row.total is None else one_more(row) for row in rows]

        monkeypatch.setattr(Recompute, "_booked", more)

    return begin


def one_more(row):
    part = replace(row.finest, slots=row.finest.slots + 1)
    return replace(row, total=int(part.slots.sum()), parts=(part,))


def test_rows_say_which_rules_made_them(world):
    assert {row.rules for row in world.all_rows().values()} == {RULES_VERSION}
    assert world.ledger.rebook().rows == 0


def test_other_rules_book_again_only_when_asked_to(world, second_rules):
    before = state(world)
    second_rules()
    world.ledger.rebuild()
    assert state(world) == before
    told = world.ledger.rebook("o")
    rows = world.all_rows()
    found = [one for _, one in world.books.restatements("o", limit=9999)]
    assert {row.rules for row in rows.values()} == {NEXT}
    assert {one.cause for one in found} == {f"rules {RULES_VERSION} to {NEXT}"}
    assert told.restated == len(found) == sum(row.total is not None for row in rows.values())
    assert told.kept == 0
    assert world.ledger.rebook().rows == 0


def test_other_rules_that_come_to_the_same_are_no_news(world, monkeypatch):
    before = state(world)
    monkeypatch.setattr(rules, "RULES_VERSION", NEXT)
    assert world.ledger.rebook("nobody").rows == 0
    told = world.ledger.rebook()
    assert state(world) == before
    assert {row.rules for row in world.all_rows().values()} == {NEXT}
    assert told.restated == 0


def test_rows_whose_readings_are_gone_keep_their_rules(world, helpers, second_rules):
    lose_readings(world, helpers, 0, 10)
    second_rules()
    told = fresh_ledger(world).rebook()
    cut = helpers.DAY + timedelta(11)  # the first day left leans on what is gone
    meters = [row for row in world.all_rows().values() if row.key.kind == "meter"]
    assert {row.day >= cut for row in meters if row.rules == NEXT} == {True}
    assert {row.day < cut for row in meters if row.rules == RULES_VERSION} == {True}
    assert told.kept > 0
