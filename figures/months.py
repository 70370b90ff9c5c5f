"""The quality of a month, from the qualities of its days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from metering.book import BookRow
from metering.localtime import day_bounds
from metering.quality import APPORTIONED, MEASURED, MISSING, WHOLE, Shares, from_times
from metering.quantity import total


def month_quality(
    rows: Mapping[date, BookRow], days: Sequence[date], zone: str, as_of_us: int
) -> Shares:
    """(4,) shares of a period of whole local days; days without a row are missing.

    A gap that the period holds whole counts as measured; one that reaches over its first or
    last day stays apportioned. Days weigh by their length, the running one up to now.
    """
    times = np.zeros(4, dtype=np.int64)
    outside = open_parts([rows[day].spill if day in rows else (0, 0, 0) for day in days])
    for day, open_share in zip(days, outside, strict=True):
        start, end = day_bounds(day, zone)
        length = max(0, min(end, as_of_us) - start) // 1_000_000
        if day not in rows:
            times[MISSING] += length * WHOLE
            continue
        shares = rows[day].day_shares.astype(np.int64)
        closed = int(shares[APPORTIONED]) - open_share
        shares[APPORTIONED] -= closed
        shares[MEASURED] += closed
        times += shares * length
    whole: Shares = from_times(times[None, :])[0]
    return whole


def open_parts(spills: Sequence[tuple[int, int, int]]) -> list[int]:
    """Per day the apportioned share whose gap leaves the period at either end."""
    front = _followed(spills)
    back = _followed([(after, before, through) for before, after, through in spills][::-1])
    return [max(a, b) for a, b in zip(front, back[::-1], strict=True)]


def _followed(spills: Sequence[tuple[int, int, int]]) -> list[int]:
    """Follow gaps that come in at the first day until they end."""
    found, coming = [], WHOLE
    for before, _, through in spills:
        on = min(through, coming)
        found.append(on + min(before, coming - on))
        coming = on
    return found


def month_total(rows: Sequence[BookRow]) -> int | None:
    """Sum of the days' totals; None where no day has one."""
    totals = np.array([row.total for row in rows if row.total is not None], dtype=np.int64)
    return total(totals)
