"""Laws of the column helpers that reading stores share."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metering.reading import ReadingColumns
from storage.columns import DAY_US, last_of_each, newest_of_each, time_ranges

times = st.lists(st.integers(0, 4000).map(lambda hours: hours * DAY_US // 24), max_size=60)
batches = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5)), max_size=30)


def columns(identities: list[tuple[int, int]]) -> ReadingColumns:
    """The value is the place in the batch."""
    return ReadingColumns.of([(p, t, n, 0, 0, 0, 0, 0, 0) for n, (p, t) in enumerate(identities)])


@given(times=times)
def test_ranges_take_every_row_once_and_do_not_overlap(times: list[int]) -> None:
    column = np.array(times, np.int64)
    ranges = list(time_ranges(column))
    taken = [row for _, _, rows in ranges for row in rows.tolist()]
    assert sorted(taken) == list(range(len(times)))
    assert len(ranges) <= 8
    for low, high, rows in ranges:
        assert (low, high) == (column[rows].min(), column[rows].max())
    for (_, high, _), (low, _, _) in itertools.pairwise(ranges):
        assert low - high > DAY_US


def test_one_old_reading_does_not_widen_the_range_of_the_others() -> None:
    now = 400 * DAY_US
    column = np.array([now, 3 * DAY_US, now + 5, now - DAY_US], np.int64)
    ranges = [(low, high) for low, high, _ in time_ranges(column)]
    assert ranges == [(3 * DAY_US, 3 * DAY_US), (now - DAY_US, now + 5)]


def test_the_widest_gaps_are_cut_where_there_are_many() -> None:
    column = np.array([n * 2 * DAY_US for n in range(20)] + [900 * DAY_US], np.int64)
    *_, last = time_ranges(column)
    assert last[:2] == (900 * DAY_US, 900 * DAY_US)


@given(identities=batches)
def test_the_last_of_each_identity_is_kept(identities: list[tuple[int, int]]) -> None:
    kept = last_of_each(columns(identities))
    found = zip(kept.point.tolist(), kept.time_us.tolist(), kept.value.tolist(), strict=True)
    wanted = {identity: float(n) for n, identity in enumerate(identities)}
    assert {(p, t): value for p, t, value in found} == wanted
    assert len(kept) == len(wanted)


@given(identities=batches)
def test_the_newest_of_each_point_is_kept(identities: list[tuple[int, int]]) -> None:
    kept = newest_of_each(columns(identities))
    wanted: dict[int, tuple[int, float]] = {}
    for n, (point, time_us) in enumerate(identities):
        if point not in wanted or time_us >= wanted[point][0]:
            wanted[point] = (time_us, float(n))
    assert kept.point.tolist() == sorted(wanted)
    found = zip(kept.time_us.tolist(), kept.value.tolist(), strict=True)
    assert list(found) == [wanted[point] for point in sorted(wanted)]
