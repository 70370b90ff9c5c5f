"""Rows of one meter by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ledger.curve import Curve
from ledger.curves import Curves
from ledger.day_rows import WantedDays, book_many
from ledger.periods import Clock
from ledger.windows import Pricing
from metering.book import BookRow, SeriesKey


def book_days(
    key: SeriesKey,
    curve: Curve,
    days: Sequence[date],
    step_min: int,
    clock: Clock,
    pricing: Pricing,
) -> list[BookRow]:
    if not days:
        return []
    wanted = WantedDays(tuple(days), pricing.zone, step_min, clock)
    return book_many([key], Curves.of([curve]), [pricing], wanted)[0]
