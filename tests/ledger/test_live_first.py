"""What is live is booked before what lies further back, and between its commits."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ledger import jobs
from ledger.context import Context
from metering.book import DirtyMark
from metering.errors import Unavailable
from metering.registry import Installation
from metering.validity import Validity
from storage.memory import MemoryBooks


@pytest.fixture
def world(helpers, monkeypatch):
    """Two meters, of which `m` has readings of ten days that wait, and a commit holds two days."""
    monkeypatch.setattr(jobs, "DAYS_A_PIECE", 2)
    made = helpers.World(helpers.campus([helpers.meter("m"), helpers.meter("n")]), helpers.later(9))
    made.push(1, helpers.quarters(9 * 96), np.arange(9.0 * 96))
    return made


def in_between(world, monkeypatch, arrive) -> list[int]:
    """Let something arrive at the first commit of a step; the revisions that commits made."""
    made, commit = [], MemoryBooks.commit

    def committed(books, *given, **more):
        made.append(commit(books, *given, **more))
        if len(made) == 1:
            arrive()
        return made[-1]

    monkeypatch.setattr(MemoryBooks, "commit", committed)
    report = world.ledger.step()
    assert report.marks == report.waiting
    return made


def revision_of(world, code: str, day) -> int:
    return next(row.revision for row in world.rows("meter", code) if row.day == day)


def today(helpers):
    return helpers.DAY + timedelta(days=9)


def noon(helpers, world) -> np.ndarray:
    return helpers.quarters(2, world.now_us - helpers.HOUR_US)


def test_a_mark_that_waits_with_older_ones_is_booked_first(helpers, world):
    world.push(2, noon(helpers, world), [5.0, 6.0])
    world.ledger.step()
    assert revision_of(world, "n", today(helpers)) == 1
    assert world.marks.waiting() == 0


def test_what_comes_between_two_commits_is_booked_before_the_next(helpers, world, monkeypatch):
    made = in_between(world, monkeypatch, lambda: world.push(2, noon(helpers, world), [5.0, 6.0]))
    assert len(made) > 3
    assert revision_of(world, "n", today(helpers)) == made[1]
    assert world.marks.waiting() == 0


@pytest.mark.parametrize(("hours", "left"), [(2, 0), (2.01, 1)])
def test_live_is_what_was_read_in_the_last_two_hours(helpers, world, monkeypatch, hours, left):
    """Also for a gateway that sends a day after an outage: it holds up nothing."""
    sent = helpers.quarters(2, world.now_us - round(hours * helpers.HOUR_US))
    in_between(world, monkeypatch, lambda: world.push(2, sent, [5.0, 6.0]))
    assert world.marks.waiting() == left


def test_late_work_is_in_short_pieces_while_live_readings_come(helpers, monkeypatch):
    """And in long ones a while after the last of them."""
    monkeypatch.setattr(jobs, "SHORT_METERS", 1)
    monkeypatch.setattr(jobs, "SHORT_ROWS", 1)
    for quiet, commits in ((timedelta(seconds=60), 3), (timedelta(seconds=61), 1)):
        registry = helpers.campus([helpers.meter("m"), helpers.meter("n")])
        made = helpers.World(registry, helpers.later(9))
        made.push(1, noon(helpers, made), [5.0, 6.0])
        made.ledger.step()
        made.now_us += round(quiet.total_seconds() * 1e6)
        for point in (1, 2):
            made.push(point, helpers.quarters(96), np.arange(96.0))
        assert made.ledger.step().commits == commits
        assert made.marks.waiting() == 0


def test_what_comes_between_and_lies_further_back_waits(helpers, world, monkeypatch):
    old = helpers.quarters(2, world.now_us - 30 * helpers.HOUR_US)
    in_between(world, monkeypatch, lambda: world.push(2, old, [5.0, 6.0]))
    assert world.marks.waiting() == 1
    assert world.rows("meter", "n") == []


def test_a_live_reading_that_reaches_into_a_settled_day_waits_for_the_end(
    helpers, world, monkeypatch
):
    """Its place's figure of that day may be half made."""
    world.push(2, helpers.quarters(2, helpers.midnight() + 5 * 24 * helpers.HOUR_US), [1.0, 2.0])
    world.ledger.step()
    world.push(1, helpers.quarters(9 * 96), np.arange(9.0 * 96) * 2)
    in_between(world, monkeypatch, lambda: world.push(2, noon(helpers, world), [50.0, 60.0]))
    assert world.marks.waiting() == 1
    assert today(helpers) not in world.totals("meter", "n")
    world.ledger.step()
    assert world.marks.waiting() == 0
    again = helpers.World(world.registry, world.now_us, readings=world.readings)
    again.marks.mark([DirtyMark(n, 0, world.now_us) for n in (1, 2)], writer_no=1, ready=True)
    again.ledger.step()
    helpers.same(world, again)


def test_one_meter_that_comes_back_from_silence_holds_back_no_other(helpers, monkeypatch):
    monkeypatch.setattr(jobs, "DAYS_A_PIECE", 2)
    meters = [helpers.meter(code) for code in ("m", "n", "o")]
    world = helpers.World(helpers.campus(meters), helpers.later(9))
    world.push(3, helpers.quarters(2, helpers.midnight() + 5 * 24 * helpers.HOUR_US), [1.0, 2.0])
    world.ledger.step()
    world.push(1, helpers.quarters(9 * 96), np.arange(9.0 * 96))

    def arrive():
        world.push(2, noon(helpers, world), [5.0, 6.0])
        world.push(3, noon(helpers, world), [50.0, 60.0])

    made = in_between(world, monkeypatch, arrive)
    assert revision_of(world, "n", today(helpers)) == made[1]
    assert today(helpers) not in world.totals("meter", "o")
    assert [mark.point for mark in world.marks.all()] == [3]
    world.ledger.step()
    assert today(helpers) in world.totals("meter", "o")


def test_a_mark_of_two_meters_waits_for_the_one_that_is_put_off(helpers, monkeypatch):
    """The point was the one's before it was the other's, so a reading of it concerns both."""
    monkeypatch.setattr(jobs, "DAYS_A_PIECE", 2)
    turn = helpers.DAY + timedelta(days=1)
    installations = [
        Installation("m", 1),
        Installation("n", 2, valid=Validity(None, turn)),
        Installation("o", 2, valid=Validity(turn, None)),
    ]
    meters = [helpers.meter(code) for code in ("m", "n", "o")]
    world = helpers.World(helpers.campus(meters, installations=installations), helpers.later(9))
    world.push(2, helpers.quarters(2, helpers.midnight() + 5 * 24 * helpers.HOUR_US), [1.0, 2.0])
    world.ledger.step()
    world.push(1, helpers.quarters(9 * 96), np.arange(9.0 * 96))
    in_between(world, monkeypatch, lambda: world.push(2, noon(helpers, world), [50.0, 60.0]))
    assert [mark.point for mark in world.marks.all()] == [2]
    world.ledger.step()
    assert today(helpers) in world.totals("meter", "o")


def test_a_registry_that_changed_meanwhile_lets_nothing_pass(helpers, world, monkeypatch):
    """What is read of a meter that is new is not taken for a meter's that nobody knows."""

    def arrive():
        meters = [helpers.meter(code) for code in ("m", "n", "o")]
        world.change(helpers.campus(meters, version=2))
        world.push(3, noon(helpers, world), [5.0, 6.0])

    in_between(world, monkeypatch, arrive)
    assert world.rows("meter", "o") == []
    assert "reading" in [mark.cause for mark in world.marks.all()]
    world.ledger.step()
    assert world.totals("meter", "o")[today(helpers)] is not None


def test_nothing_passes_a_rebuild(helpers, world, monkeypatch):
    world.ledger.step()
    made, commit = [], MemoryBooks.commit

    def committed(books, *given, **more):
        if not made:
            world.push(2, noon(helpers, world), [5.0, 6.0])
        made.append(1)
        return commit(books, *given, **more)

    monkeypatch.setattr(MemoryBooks, "commit", committed)
    world.ledger.rebuild()
    assert made
    assert world.marks.waiting() == 1


def test_a_step_for_live_readings_alone_leaves_what_lies_further_back(helpers, world):
    world.push(2, noon(helpers, world), [5.0, 6.0])
    report = world.ledger.step(late=False)
    assert (report.marks, report.waiting, report.late) == (1, 2, 0)
    assert revision_of(world, "n", today(helpers)) == 1
    assert [mark.point for mark in world.marks.all()] == [1]
    report = world.ledger.step()
    assert (report.marks, report.waiting, report.late) == (1, 1, 1)
    assert world.marks.waiting() == 0


def test_a_rebuild_reads_what_it_was_not_told_of_yet(helpers, world):
    world.ledger.step()
    world.push(1, helpers.quarters(9 * 96), np.arange(9.0 * 96) * 2)
    world.ledger.rebuild()
    again = helpers.World(world.registry, world.now_us, readings=world.readings)
    again.marks.mark([DirtyMark(n, 0, world.now_us) for n in (1, 2)], writer_no=1, ready=True)
    again.ledger.step()
    helpers.same(world, again)


def test_what_was_noticed_and_could_not_be_booked_is_noticed_again(helpers, world, monkeypatch):
    world.ledger.step()
    before = world.ledger._context
    world.push(2, noon(helpers, world), [5.0, 6.0])

    def away(*given, **more):
        raise Unavailable("away", field="database", fix="wait")

    with monkeypatch.context() as broken:
        broken.setattr(MemoryBooks, "commit", away)
        with pytest.raises(Unavailable):
            world.ledger.step()
    assert world.ledger._context is not before
    world.ledger.step()
    assert today(helpers) in world.totals("meter", "n")


def test_one_that_begins_on_a_settled_day_waits_and_nothing_is_noticed_of_it(
    helpers, world, monkeypatch
):
    forgotten = []
    forget = Context.forget
    monkeypatch.setattr(
        Context, "forget", lambda self, meters: (forgotten.append(meters), forget(self, meters))
    )
    yesterday = helpers.quarters(2, world.now_us - 23 * helpers.HOUR_US)
    in_between(world, monkeypatch, lambda: world.push(2, yesterday, [50.0, 60.0]))
    assert (world.marks.waiting(), forgotten) == (1, [])
    world.ledger.step()
    assert today(helpers) - timedelta(1) in world.totals("meter", "n")
