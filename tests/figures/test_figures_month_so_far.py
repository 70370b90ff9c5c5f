"""A month so far, and an earlier one up to the same day and instant: sums of slots, no more."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from figures import View, month_so_far, month_up_to, reached
from metering import quality
from metering.book import BookRow, Part, SeriesKey
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, days_between
from metering.quality import WHOLE
from metering.quantity import ABSENT, total
from metering.registry import Node, NodeType, Registry

ZONE = "Asia/Shanghai"
KEY = SeriesKey("b", "node", "n", "01000")


class StandingBooks:
    """Rows that stand still."""

    def __init__(self, rows: list[BookRow]) -> None:
        self._rows = rows

    def rows(self, keys, first, last):
        return [row for row in self._rows if row.key in keys and first <= row.day <= last]

    def revision(self, institution: str) -> int:
        return 1


def amounts(day: date) -> np.ndarray:
    """Each quarter hour of each day its own number, divisible by its fifteen minutes."""
    return (np.arange(96, dtype=np.int64) + day.toordinal() % 97 + 1) * 900


def view(today: date, passed_us: int, missing: tuple[date, ...] = ()) -> View:
    now_us = day_bounds(today, ZONE)[0] + passed_us
    rows = []
    for day in days_between(date(2023, 1, 1), today):
        if day in missing:
            continue
        slots, starts = amounts(day), day_bounds(day, ZONE)[0] + np.arange(96) * 15 * MINUTE_US
        slots = np.where(starts + 15 * MINUTE_US <= now_us, slots, ABSENT)
        shares = quality.all_of(quality.MEASURED, 96)
        part = Part(15, slots, shares, shares[:24])
        rows.append(BookRow(KEY, day, (part,), total(slots), shares[0]))
    node = Node("n", NodeType.INSTITUTION, zone=ZONE)
    return View(StandingBooks(rows), Registry(nodes={"n": node}), now_us)


def days_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("today", "month", "last"),
    [
        (date(2024, 5, 18), date(2024, 4, 1), date(2024, 4, 18)),
        (date(2024, 5, 18), date(2023, 5, 1), date(2023, 5, 18)),
        (date(2024, 5, 1), date(2024, 4, 1), date(2024, 4, 1)),
        (date(2024, 5, 31), date(2024, 4, 1), date(2024, 4, 30)),
        (date(2024, 3, 30), date(2024, 2, 1), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2023, 2, 1), date(2023, 2, 28)),
    ],
)
@pytest.mark.parametrize("quarters", [0, 1, 43, 95])
def test_both_are_the_sums_of_their_slots(today, month, last, quarters):
    shown = view(today, quarters * 15 * MINUTE_US + 7 * MINUTE_US)
    until = reached(shown, KEY, today)
    now = month_so_far(shown, KEY, today)
    own = sum(int(amounts(day).sum()) for day in days_of(today.replace(day=1), today)[:-1])
    own += int(amounts(today)[:quarters].sum())
    assert (now.amount or 0) == own
    then = month_up_to(shown, KEY, month, today, until)
    assert (then.first, then.last) == (month, last)
    whole = days_of(month, last) if last.day < today.day else days_of(month, last)[:-1]
    wanted = sum(int(amounts(day).sum()) for day in whole)
    if last.day == today.day:
        wanted += int(amounts(last)[:quarters].sum())
    assert (then.amount or 0) == wanted


def test_what_is_missing_is_said_and_of_nothing_nothing_is_told():
    today = date(2024, 5, 21)
    lacking = tuple(days_of(date(2024, 4, 1), date(2024, 4, 7)))
    shown = view(today, 12 * HOUR_US, lacking)
    until = reached(shown, KEY, today)
    then = month_up_to(shown, KEY, date(2024, 4, 1), today, until)
    assert then.known == pytest.approx(WHOLE * 14 / 21, abs=2)
    assert month_so_far(shown, KEY, today).known == WHOLE
    assert month_up_to(shown, KEY, date(2022, 5, 1), today, until) is None
