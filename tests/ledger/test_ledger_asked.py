"""Days that somebody asks for: computed piece by piece, each done with when its days are."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from api.usecases.repairs.recomputing import pieces
from metering.book import ASKED_CAUSE, DirtyMark
from metering.localtime import day_bounds

DAYS = 28


@pytest.fixture
def stale(helpers):
    """A meter whose readings were put right in the store and never marked."""
    world = helpers.World(
        helpers.campus([helpers.meter("m"), helpers.meter("n")]), helpers.later(DAYS + 2)
    )
    times = helpers.quarters(DAYS * 96 + 1)
    values = 500 + 2.0 * np.arange(len(times))
    for point in (1, 2):
        world.push(point, times, values)
    world.ledger.step()
    assert world.marks.waiting() == 0
    right = values + np.where(np.arange(len(times)) > 10 * 96, 3.0, 0)
    world.readings.upsert(helpers.columns(1, times, right))
    world.restart()
    return world


def ask(world, helpers) -> list[int]:
    """Both meters in pieces; how many marks were left behind each commit from then on."""
    first = helpers.DAY
    last = first + timedelta(DAYS - 1)
    for point in (1, 2):
        for start, end in pieces(first, last):
            span = day_bounds(start, helpers.ZONE)[0], day_bounds(end, helpers.ZONE)[1] - 1
            world.marks.mark([DirtyMark(point, *span, ASKED_CAUSE)], writer_no=0, ready=True)
    left, commit = [], world.books.commit

    def seen(*given, **more):
        done = commit(*given, **more)
        left.append(world.marks.waiting())
        return done

    world.books.commit = seen
    return left


def test_each_piece_is_done_with_on_its_own_and_oldest_first(stale, helpers):
    left = ask(stale, helpers)
    while stale.ledger.step().marks:
        pass
    assert left[:4] == [6, 4, 2, 0]
    fresh = helpers.World(stale.registry, stale.now_us, readings=stale.readings)
    times = helpers.quarters(DAYS * 96 + 1)
    for point in (1, 2):
        fresh.marks.mark([DirtyMark(point, int(times[0]), int(times[-1]))], writer_no=1, ready=True)
    fresh.ledger.step()
    assert stale.totals("meter", "m") == fresh.totals("meter", "m")
    assert stale.totals("node", "b") == fresh.totals("node", "b")
    told = [one for _, one in stale.books.restatements("o", limit=100)]
    # One day moved, of its meter and of the two places above.
    assert {one.cause for one in told} == {ASKED_CAUSE}
    assert {one.key.code for one in told} == {"m", "b", "o"}
    assert {one.day for one in told} == {helpers.DAY + timedelta(10)}


def test_what_breaks_off_goes_on_where_it_was(stale, helpers):
    left = ask(stale, helpers)
    commit, count = stale.books.commit, [0]

    def broken(*given, **more):
        count[0] += 1
        if count[0] == 3:
            raise OSError("the disk is full")
        return commit(*given, **more)

    stale.books.commit = broken
    with pytest.raises(OSError, match="full"):
        stale.ledger.step()
    assert left == [6, 4]
    stale.books.commit = commit
    stale.restart()
    while stale.ledger.step().marks:
        pass
    assert left[:4] == [6, 4, 2, 0]
