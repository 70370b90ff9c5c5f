"""Laws of a BookStore's changes: what the feed of the API is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering import quality
from metering.book import BOOK_START, BookPlace, BookRow, SeriesKey
from metering.quantity import ABSENT
from storage import Stores

DAY = date(2026, 11, 23)
BODY = SeriesKey("office", "node", "office", "01000")
TOWER = SeriesKey("office", "node", "tower", "01B00")
METER = SeriesKey("office", "meter", "E1", "01000")
AWAY = SeriesKey("hospital", "node", "hospital", "01000")


def booked(
    key: SeriesKey = BODY, day: date = DAY, energy: int = 5, *, provisional: bool = False
) -> BookRow:
    slots = np.full(24, energy, np.int64)
    whole = quality.all_of(quality.MEASURED, 24)
    total = int(slots.sum())
    return BookRow.of(key, day, 60, slots, whole, whole, total, whole[0], provisional=provisional)


def silent(key: SeriesKey = BODY, day: date = DAY) -> BookRow:
    """The same day once its readings turned out to be none."""
    nothing = quality.all_of(quality.MISSING, 24)
    slots = np.full(24, ABSENT)
    return BookRow.of(key, day, 60, slots, nothing, nothing, None, nothing[0])


def commit(stores: Stores, *rows: BookRow) -> int:
    institution = rows[0].key.institution
    revision = stores.books.revision(institution)
    return stores.books.commit(institution, rows, expected_revision=revision, now_us=1)


def pulled(
    stores: Stores, after: BookPlace = BOOK_START, limit: int = 2
) -> list[tuple[BookPlace, BookRow]]:
    """Everything behind a place, page by page."""
    found: list[tuple[BookPlace, BookRow]] = []
    while page := stores.books.changes("office", "node", after=after, limit=limit, history=True):
        assert len(page) <= limit
        found += page
        after = page[-1][0]
    return found


def test_a_restatement_is_a_later_change_of_the_same_day(stores: Stores) -> None:
    commit(stores, booked(energy=1), booked(TOWER, energy=2))
    commit(stores, booked(energy=3))
    found = [(row.revision, row.key, row.total) for _, row in pulled(stores)]
    assert sorted(found[:2], key=lambda one: one[1]) == [(1, BODY, 24), (1, TOWER, 48)]
    assert found[2:] == [(2, BODY, 72)]


def test_a_row_comes_whole_and_knows_its_place(stores: Stores) -> None:
    commit(stores, booked())
    ((place, row),) = pulled(stores)
    assert row.same_content(booked())
    assert place[0] == row.revision == 1
    assert stores.books.changes("office", "node", after=place) == []


def test_a_day_is_no_change_before_it_is_settled(stores: Stores) -> None:
    commit(stores, booked(energy=1, provisional=True))
    commit(stores, booked(energy=2, provisional=True))
    assert pulled(stores) == []
    commit(stores, booked(energy=2))
    assert [(row.revision, row.total) for _, row in pulled(stores)] == [(3, 48)]


def test_a_figure_that_is_gone_is_a_change_without_a_total(stores: Stores) -> None:
    commit(stores, booked())
    commit(stores, silent())
    assert [row.total for _, row in pulled(stores)] == [120, None]


def test_changes_are_of_one_institution_and_one_kind(stores: Stores) -> None:
    commit(stores, booked(), booked(METER))
    commit(stores, booked(AWAY))
    assert [row.key for _, row in pulled(stores)] == [BODY]
    meters = stores.books.changes("office", "meter")
    assert [row.key for _, row in meters] == [METER]
    assert [row.key for _, row in stores.books.changes("hospital", "node")] == [AWAY]
    assert stores.books.changes("nobody", "node") == []


def test_days_of_one_revision_are_cut_between_pages_without_loss(stores: Stores) -> None:
    days = [DAY - timedelta(n) for n in range(5)]
    commit(stores, *(booked(key, day) for key in (TOWER, BODY) for day in days))
    for limit in (1, 3, 10, 11):
        found = pulled(stores, limit=limit)
        assert len(found) == 10
        assert {(row.key, row.day) for _, row in found} == {
            (key, day) for key in (TOWER, BODY) for day in days
        }
        places = [place for place, _ in found]
        assert places == sorted(set(places))


@pytest.mark.parametrize("limit", [1, 2, 7])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([BODY, TOWER, METER]),
            st.integers(0, 2),
            st.integers(0, 2),
            st.booleans(),
        ),
        min_size=1,
        max_size=10,
    ),
    looks=st.sets(st.integers(0, 9)),
)
@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_reader_that_goes_on_misses_nothing(
    stores: Stores,
    emptied: Callable[[], None],
    limit: int,
    steps: list[tuple[SeriesKey, int, int, bool]],
    looks: set[int],
) -> None:
    """Whenever it looks between commits, what it was told in the end is what one look from
    the beginning tells, and the latest of each settled day is what the books hold."""
    emptied()
    place, told = BOOK_START, []
    for number, (key, day, energy, provisional) in enumerate(steps):
        commit(stores, booked(key, DAY + timedelta(day), energy, provisional=provisional))
        if number in looks:
            told += (news := pulled(stores, place, limit))
            place = news[-1][0] if news else place
    told += pulled(stores, place, limit)
    assert [at for at, _ in told] == [at for at, _ in pulled(stores, limit=100)]
    standing = {at for at, row in pulled(stores) if row.superseded_at is None}
    assert {at for at, _ in stores.books.changes("office", "node", limit=999)} == standing
    latest = {(row.key, row.day): row for _, row in told}
    for row in stores.books.digest_rows("office"):
        if row.key.kind == "node":
            assert latest[row.key, row.day].same_content(row)
            assert latest[row.key, row.day].revision == row.revision


def test_what_was_touched_are_codes_of_settled_rows_after_a_revision(stores: Stores) -> None:
    commit(stores, booked(), booked(METER))
    commit(stores, booked(TOWER, provisional=True), booked(BODY, energy=6))
    commit(stores, booked(AWAY))
    assert stores.books.touched("office", 0) == {"office", "E1"}
    assert stores.books.touched("office", 1) == {"office"}
    assert stores.books.touched("office", 2) == frozenset()
    with stores.books.at_rest() as books:
        assert books.touched("hospital", 0) == {"hospital"}
