"""Periods that can be closed, and names of closings."""

from __future__ import annotations

from datetime import date

import pytest

from metering.closing import days_of_period, months_of_period, number_of_closing
from metering.errors import InvalidInput, NotFound


@pytest.mark.parametrize(
    ("period", "first", "last", "months"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31), ["2026-10"]),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29), ["2028-02"]),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31), ["2026-12"]),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), ["2026-01", "2026-02", "2026-03"]),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), ["2026-10", "2026-11", "2026-12"]),
    ],
)
def test_a_period_has_days_and_months(period, first, last, months):
    assert days_of_period(period) == (first, last)
    assert months_of_period(period) == months


def test_a_year_has_twelve_months():
    assert days_of_period("2026") == (date(2026, 1, 1), date(2026, 12, 31))
    assert len(months_of_period("2026")) == 12


@pytest.mark.parametrize("text", ["", "26", "2026-13", "2026-00", "2026-Q5", "2026-1", "٢٠٢٦"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(InvalidInput, match="not a period"):
        days_of_period(text)


def test_a_closing_is_called_by_its_number():
    assert number_of_closing("c12") == 12
    for text in ("", "c", "c0", "12", "c01", "C1", "c1234567890", "c١"):
        with pytest.raises(NotFound):
            number_of_closing(text)
