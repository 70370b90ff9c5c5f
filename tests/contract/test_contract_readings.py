"""Laws of a ReadingStore."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.errors import InvalidInput
from metering.ports import ReadingStore
from metering.reading import ReadingColumns

HOUR = 3_600_000_000
DAY = 24 * HOUR

Row = tuple[int, int, float, int, int, int, int, int, int]


def row(point: int, time_us: int, value: float = 1.0, order: int = 1) -> Row:
    return (point, time_us, value, 0, order, point, 1 << 24 | 3, time_us % 97, point % 5)


def columns(*rows: Row) -> ReadingColumns:
    return ReadingColumns.of(rows)


def rows_of(found: ReadingColumns) -> list[Row]:
    return list(zip(*(column.tolist() for column in vars(found).values()), strict=True))


def identities(found: ReadingColumns) -> list[tuple[int, int]]:
    return list(zip(found.point.tolist(), found.time_us.tolist(), strict=True))


def test_a_row_comes_back_whole(readings: ReadingStore) -> None:
    whole = (7, 10, -2.5, 7, 2**62 + 2**51, 2**62, 2**30, 123, 9_999)
    readings.upsert(columns(whole))
    assert rows_of(readings.scan([7], 0, 11)) == [whole]


def test_the_columns_keep_their_types(readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 1)))
    expected = [column.dtype for column in vars(ReadingColumns.empty()).values()]
    for found in (readings.scan([1], 0, 9), readings.scan([2], 0, 9), readings.latest([1])):
        assert [column.dtype for column in vars(found).values()] == expected


def test_upsert_twice_is_upsert_once(readings: ReadingStore) -> None:
    batch = columns(row(1, 10), row(1, 20), row(2, 10))
    readings.upsert(batch)
    readings.upsert(batch)
    assert readings.count() == 3
    assert rows_of(readings.scan([1, 2], 0, 100)) == [row(1, 10), row(1, 20), row(2, 10)]


def test_an_equal_identity_is_replaced(readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 10, 1.0), row(1, 20, 2.0)))
    readings.upsert(columns(row(1, 20, 5.0, order=9)))
    assert rows_of(readings.scan([1], 0, 100)) == [row(1, 10, 1.0), row(1, 20, 5.0, order=9)]
    assert rows_of(readings.latest([1])) == [row(1, 20, 5.0, order=9)]


def test_the_last_of_equal_identities_in_a_batch_wins(readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 10, 1.0), row(2, 10, 7.0), row(1, 10, 3.0)))
    assert readings.scan([1], 0, 100).value.tolist() == [3.0]
    assert readings.latest([1]).value.tolist() == [3.0]


def test_existing_gives_exactly_what_is_there(readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 10), row(1, 400 * DAY), row(2, 10)))
    asked = [(1, 10), (2, 400 * DAY), (1, 400 * DAY), (3, 10), (1, 11), (1, 10)]
    found = readings.existing(*(np.array(column, np.int64) for column in zip(*asked, strict=True)))
    assert rows_of(found) == [row(1, 10), row(1, 400 * DAY)]


def test_whatever_is_stored_may_be_held(readings: ReadingStore) -> None:
    stored = [(1, 10), (1, 400 * DAY), (2, 10), (2, 20), (3, -5)]
    for one in stored:
        readings.upsert(columns(row(*one)))
    new = [(1, 400 * DAY + 1), (2, 21), (4, 10)]
    asked = [*stored, *new, (1, 11), (3, -6)]
    point, time_us = (np.array(column, np.int64) for column in zip(*asked, strict=True))
    held = readings.may_hold(point, time_us)
    assert held[: len(stored)].all()
    found = readings.existing(point[held], time_us[held])
    assert rows_of(found) == rows_of(readings.existing(point, time_us))


def test_nothing_may_be_held_of_what_was_cleared(readings: ReadingStore) -> None:
    one = np.array([1], np.int64)
    readings.upsert(columns(row(1, 10)))
    assert readings.may_hold(one, one * 10).all()
    readings.clear()
    readings.upsert(columns(row(1, 5)))
    assert readings.may_hold(one, one * 5).all()


def test_nothing_asked_is_nothing_found(readings: ReadingStore) -> None:
    nothing = np.empty(0, np.int64)
    readings.upsert(columns(row(1, 10)))
    readings.upsert(ReadingColumns.empty())
    for found in (
        readings.existing(nothing, nothing),
        readings.scan([], 0, 100),
        readings.before([], 100),
        readings.after([], 0),
        readings.latest([]),
    ):
        assert len(found) == 0
    assert readings.count([]) == 0


def test_scan_is_half_open_and_sorted(readings: ReadingStore) -> None:
    readings.upsert(columns(row(2, 20), row(1, 30), row(1, 10), row(2, 10), row(1, 20)))
    assert identities(readings.scan([2, 1, 1], 10, 30)) == [(1, 10), (1, 20), (2, 10), (2, 20)]


def test_before_is_strict_and_after_is_not(readings: ReadingStore) -> None:
    readings.upsert(columns(*(row(1, t) for t in (10, 20, 30)), row(2, 20)))
    assert identities(readings.before([1, 2, 3], 20)) == [(1, 10)]
    assert identities(readings.after([1, 2, 3], 20)) == [(1, 20), (2, 20)]
    assert identities(readings.before([2, 1], 31, 2)) == [(1, 20), (1, 30), (2, 20)]
    assert identities(readings.after([1], 11, 5)) == [(1, 20), (1, 30)]


def test_neighbours_are_found_however_far(readings: ReadingStore) -> None:
    far = [0, 1000 * DAY, 1030 * DAY, 1030 * DAY + HOUR, 1100 * DAY, 3000 * DAY]
    readings.upsert(columns(*(row(1, t) for t in far), row(2, 1029 * DAY), row(3, 5 * DAY)))
    at = 1030 * DAY + HOUR
    assert readings.before([1], at, 3).time_us.tolist() == far[:3]
    assert readings.after([1], at, 3).time_us.tolist() == far[3:]
    assert identities(readings.before([3, 1, 2], at)) == [
        (1, 1030 * DAY),
        (2, 1029 * DAY),
        (3, 5 * DAY),
    ]
    assert identities(readings.after([1, 2], at + 1)) == [(1, 1100 * DAY)]


def test_latest_is_by_time_and_not_by_arrival(readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 20), row(2, 5)))
    readings.upsert(columns(row(1, 10), row(2, 6)))
    assert identities(readings.latest([2, 1, 9])) == [(1, 20), (2, 6)]


def test_spans_are_from_the_first_row_to_the_last(readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 20), row(1, 10), row(2, 30)))
    readings.upsert(columns(row(1, 5)))
    assert readings.spans([2, 1, 3]) == {1: (5, 20), 2: (30, 30)}
    assert readings.spans([]) == {}


def test_count_of_points_and_of_all(readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 10), row(1, 20), row(2, 10)))
    assert readings.count() == 3
    assert readings.count([1, 1, 9]) == 2


def test_counts_between_are_half_open(readings: ReadingStore) -> None:
    readings.upsert(columns(*(row(1, t) for t in (10, 20, 30)), row(2, 20), row(2, 400 * DAY)))
    assert readings.counts([1, 2, 9], 10, 30) == {1: 2, 2: 1}
    assert readings.counts([2], 0, 400 * DAY + 1) == {2: 2}
    assert readings.counts([1, 1], 30, 30) == {}
    assert readings.counts([], 0, 400 * DAY) == {}


def test_clear_forgets_everything_and_goes_on(readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 10)))
    readings.clear()
    assert readings.count() == 0
    assert len(readings.latest([1])) == 0
    assert len(readings.before([1], 100)) == 0
    readings.upsert(columns(row(1, 5)))
    assert identities(readings.latest([1])) == [(1, 5)]


def test_what_came_from_other_segments_is_not_forgotten(readings: ReadingStore) -> None:
    """The newest row and the first time of each point are then those of what is left."""
    old, new = 1 << 24 | 1, 2 << 24 | 7

    def of(segment: int, *identities: tuple[int, int]) -> list[Row]:
        return [(p, t, 1.0, 0, 1, p, segment, 0, 0) for p, t in identities]

    kept = of(old, (1, 10), (1, 30), (3, 5))
    readings.upsert(columns(*kept, *of(new, (1, 20), (1, 25), (1, 40), (2, 10))))
    readings.forget([new, 3 << 24 | 1])
    assert rows_of(readings.scan([1, 2, 3], 0, 99)) == kept
    assert identities(readings.latest([1, 2, 3])) == [(1, 30), (3, 5)]
    assert identities(readings.before([1, 2], 30)) == [(1, 10)]
    readings.upsert(columns(*of(new, (1, 40))))
    assert identities(readings.before([1], 99, 2)) == [(1, 30), (1, 40)]
    readings.forget([])
    assert readings.count() == 4
    readings.forget([old, new])
    assert readings.count() == 0
    assert len(readings.latest([1])) == 0


def test_what_is_dropped_is_gone_and_nothing_else(readings: ReadingStore) -> None:
    readings.upsert(columns(*(row(point, time) for point in (1, 2) for time in (10, 20, 30))))
    readings.upsert(columns(row(3, 10)))
    readings.drop(
        columns(row(1, 30), row(1, 10, 9.0), row(2, 20), row(2, 25), row(3, 10), row(9, 1))
    )
    assert identities(readings.scan([1, 2, 3], 0, 100)) == [(1, 20), (2, 10), (2, 30)]
    assert readings.spans([1, 2, 3]) == {1: (20, 20), 2: (10, 30)}
    assert identities(readings.latest([1, 2, 3])) == [(1, 20), (2, 30)]
    assert readings.count() == 3
    readings.drop(ReadingColumns.empty())
    readings.upsert(columns(row(1, 30, 5.0)))
    assert identities(readings.before([1], 40)) == [(1, 30)]


def test_reads_go_on_beside_a_writer(readings: ReadingStore) -> None:
    """A reader sees whole batches: never a point of one batch without the others."""
    torn: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            size = readings.count()
            if size % 10:
                torn.append(size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for time_us in range(1, 31):
        readings.upsert(columns(*(row(point, time_us) for point in range(10))))
    done.set()
    watcher.join()
    assert torn == []
    assert readings.count() == 300


operations = st.lists(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=6
    ),
    min_size=1,
    max_size=5,
)


@given(batches=operations, start=st.integers(0, 6), count=st.integers(1, 3))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_it_behaves_like_a_dict(
    readings: ReadingStore,
    batches: list[list[tuple[int, int, int]]],
    start: int,
    count: int,
) -> None:
    """Any sequence of batches; times are spread so that every search window is crossed."""
    readings.clear()
    model: dict[tuple[int, int], Row] = {}
    for batch in batches:
        rows = [row(point, place * 17 * DAY, float(value)) for point, place, value in batch]
        readings.upsert(columns(*rows))
        model |= {one[:2]: one for one in rows}
    points, at = [1, 2, 3], start * 17 * DAY
    stored = [model[identity] for identity in sorted(model)]
    of = {point: [one for one in stored if one[0] == point] for point in points}
    earlier = [one for p in points for one in [r for r in of[p] if r[1] < at][-count:]]
    later = [one for p in points for one in [r for r in of[p] if r[1] >= at][:count]]
    assert rows_of(readings.scan(points, 0, 999 * DAY)) == stored
    assert rows_of(readings.before(points, at, count)) == earlier
    assert rows_of(readings.after(points, at, count)) == later
    assert rows_of(readings.latest(points)) == [one for p in points for one in of[p][-1:]]


@pytest.mark.parametrize("values", [[1.0], [1.0, np.nan], [np.inf, 1.0]])
def test_a_batch_that_cannot_be_stored_leaves_nothing(
    readings: ReadingStore, values: list[float]
) -> None:
    good = columns(row(1, 10), row(1, 20))
    with pytest.raises(InvalidInput):
        readings.upsert(replace(good, value=np.array(values)))
    assert readings.count() == 0
    assert len(readings.latest([1])) == 0


def test_only_files_of_its_own(tmp_path: Path, readings: ReadingStore) -> None:
    readings.upsert(columns(row(1, 10)))
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} <= {"readings"}
