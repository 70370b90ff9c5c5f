"""A view reads each day of a series once, and only the days that were asked for."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from figures import View
from metering.book import BookRow, RegisterEvent, Restatement, SeriesKey
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
