"""A view reads each day of a series once, and only the days that were asked for."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from figures import View
from metering.book import BookRow, DirtyMark, RegisterEvent, Restatement, SeriesKey
from metering.quality import MEASURED, all_of
from metering.registry import Registry

KEY = SeriesKey("o", "node", "o", "01000")
FIRST = date(2026, 1, 1)


def row(key: SeriesKey, day: date) -> BookRow:
    shares = all_of(MEASURED, 1)
    return BookRow.of(key, day, 1440, np.array([1]), shares, shares, 1, shares[0], revision=1)


class Books:
    """A row on every day; remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[date, date]] = []

    def revision(self, institution: str) -> int:
        return 1

    def rows(self, keys, first, last):
        self.asked.append((first, last))
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return [row(key, day) for key in keys for day in days]

    def events(self, institution, start_us, end_us):
        return [RegisterEvent(institution, "m", "gap", start_us, end_us)]

    def restatements(self, institution, *, after=0, limit=100):
        serials = range(after + 1, min(after + limit, 1200) + 1)
        days = [(n, FIRST + timedelta(days=n % 40)) for n in serials]
        return [(n, Restatement(KEY, day, 1, 2, 0, n, 0, "reading")) for n, day in days]


def view_of(books: Books) -> View:
    return View(books, Registry(), 0)


def test_months_far_apart_are_read_without_what_lies_between():
    books = Books()
    view = view_of(books)
    this, last = (date(2026, 10, 1), date(2026, 10, 31)), (date(2025, 10, 1), date(2025, 10, 31))
    for span in (this, last, this, last):
        assert len(view.rows(KEY, *span)) == 31
    assert books.asked == [this, last]


def test_days_side_by_side_become_one_range():
    books = Books()
    view = view_of(books)
    view.load([KEY], date(2026, 9, 1), date(2026, 9, 30))
    view.load([KEY], date(2026, 10, 1), date(2026, 10, 31))
    assert len(view.rows(KEY, date(2026, 9, 15), date(2026, 10, 15))) == 31
    assert len(books.asked) == 2


SPANS = st.tuples(st.integers(0, 60), st.integers(0, 20))


@given(st.lists(SPANS, min_size=1, max_size=8))
def test_every_answer_holds_just_its_days_and_no_range_is_read_twice(spans):
    books = Books()
    view = view_of(books)
    for start, length in spans:
        first = FIRST + timedelta(days=start)
        last = first + timedelta(days=length)
        days = sorted(view.rows(KEY, first, last))
        assert (days[0], days[-1], len(days)) == (first, last, length + 1)
        asked = len(books.asked)
        view.rows(KEY, first, last)
        assert len(books.asked) == asked


def test_restatements_come_page_by_page_and_only_of_the_days():
    found = view_of(Books()).restatements("o", FIRST, FIRST)
    assert {one.day for one in found} == {FIRST}
    assert [one.new_total for one in found] == list(range(40, 1201, 40))


def test_only_what_is_missing_is_read_and_ranges_that_touch_are_read_as_one():
    books = Books()
    view = view_of(books)
    day = [FIRST + timedelta(days=n) for n in range(12)]
    view.load([KEY], day[2], day[3])
    view.load([KEY], day[6], day[7])
    view.load([KEY], day[4], day[4])
    view.load([KEY], day[6], day[6])
    view.load([KEY], day[9], day[9])
    assert books.asked == [(day[2], day[3]), (day[6], day[7]), (day[2], day[4]), (day[9], day[9])]
    assert len(view.rows(KEY, day[5], day[5])) == 1
    assert books.asked[4] == (day[2], day[7])
    view.load([KEY], day[8], day[8])
    assert books.asked[5] == (day[2], day[9])


def test_series_that_miss_the_same_days_are_read_together():
    books = Books()
    view = view_of(books)
    others = [SeriesKey("o", "node", code, "01000") for code in "ab"]
    view.load([KEY], FIRST, FIRST)
    view.load([KEY, *others, *others], FIRST, FIRST)
    assert books.asked == [(FIRST, FIRST)] * 2
    assert all(len(view.rows(key, FIRST, FIRST)) == 1 for key in others)
    view.forget(others[0])
    view.forget(SeriesKey("o", "node", "never", "01000"))
    view.load([*others], FIRST, FIRST)
    assert len(books.asked) == 3


def test_rows_are_of_just_the_days_asked():
    view = view_of(Books())
    days = [FIRST + timedelta(days=n) for n in range(5)]
    assert list(view.rows(KEY, days[0], days[4])) == days
    assert list(view.rows(KEY, days[1], days[3])) == days[1:4]
    assert list(view.rows(KEY, days[0], days[1])) == days[:2]
    assert list(view.rows(KEY, days[3], days[4])) == days[3:]


def test_restatements_of_each_day_come_once_and_in_order():
    found = view_of(Books()).restatements("o", FIRST + timedelta(days=1), FIRST + timedelta(days=2))
    serials = [n for n in range(1, 1201) if n % 40 in (1, 2)]
    assert [one.new_total for one in found] == serials
    assert view_of(Books()).restatements("o", FIRST + timedelta(days=2), FIRST) == []


class Short(Books):
    """As many restatements as two pages hold."""

    pages = 0

    def restatements(self, institution, *, after=0, limit=100):
        self.pages += 1
        days = [(n, FIRST) for n in range(after + 1, min(after + limit, 2 * limit) + 1)]
        return [(n, Restatement(KEY, day, 1, 2, 0, n, 0, "reading")) for n, day in days]


def test_a_page_that_is_not_full_is_the_last():
    books = Short()
    found = view_of(books).restatements("o", FIRST, FIRST)
    assert (books.pages, len({one.new_total for one in found})) == (3, len(found))


class Waiting(Books):
    """Marks in the time they are asked for."""

    def __init__(self, *marks: DirtyMark) -> None:
        super().__init__()
        self.marks = marks

    def unbooked(self, start_us, end_us):
        return [one for one in self.marks if one.start_us < end_us and one.end_us >= start_us]


def test_marks_of_the_institutions_own_say_that_it_is_being_booked():
    other = SeriesKey("p", "node", "p", "01000")
    view = view_of(Waiting(DirtyMark(0, 5, 9, figure=KEY), DirtyMark(0, 50, 90, figure=other)))
    assert view.is_being_booked("o", 0, 6)
    assert not view.is_being_booked("o", 10, 99)
    assert view.is_being_booked("p", 10, 99)
    assert view.events("o", 3, 4) == [RegisterEvent("o", "m", "gap", 3, 4)]
