"""How irregularly a place keeps its own hours: an index beside energy per m2.

    share[d, h]  = energy of hour h / energy of day d
    usual[h]     = median of share[., h] over the days of the kind (working or not), scaled to 1
    index        = mean over days of  1/2 sum over h of |share[d, h] - usual[h]|

So it is the part of a day's energy that is used at other hours than usual: 0 where each day is
like the last one, whatever it takes; early starts, late stops and nights that differ raise it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from figures.energy import energy
from figures.series import Energy
from figures.view import View
from metering.book import SeriesKey
from metering.localtime import day_bounds, days_between
from metering.quality import MEASURED, WHOLE
from metering.quantity import ABSENT

HOURS: Final = 24
LEAST_DAYS: Final = 5
"""Known days of a kind from which on there is a usual one."""
DIGITS: Final = Decimal("0.000001")


@dataclass(frozen=True)
class Irregularity:
    """The index over some days."""

    value: Decimal | None
    """0 .. 1, rounded to 0.000001; None where fewer than five days of each kind are known."""
    days: int
    """How many days it rests on."""


def irregularity(view: View, key: SeriesKey, first: date, last: date) -> Irregularity:
    """Of a series on the local days first..last, both included.

    A day counts where it has 24 hours, each wholly measured and none below 0; the running day does
    not. Working days are held against working days, days of rest against days of rest.
    """
    days, amounts = whole_days(
        energy(view, key, first, last, "hour"), days_between(first, last), view.now_us
    )
    totals, calendar = amounts.sum(axis=1), view.registry.calendar
    used = totals > 0
    working = [calendar.is_working(day) for day, told in zip(days, used, strict=True) if told]
    return index_of(amounts[used] / totals[used, None], working)


def index_of(shares: NDArray[np.float64], working: Sequence[bool]) -> Irregularity:
    """Of days, (days, 24) each hour's share of its day, and of which kind each is."""
    total, count = 0.0, 0
    kinds = np.array(working, dtype=np.bool_)
    for kind in (True, False):
        own = shares[kinds == kind]
        if len(own) >= LEAST_DAYS:
            usual = np.median(own, axis=0)
            usual = usual / usual.sum() if usual.sum() > 0 else np.full(HOURS, 1 / HOURS)
            total += float(np.abs(own - usual).sum()) / 2
            count += len(own)
    value = Decimal(repr(total / count)).quantize(DIGITS) if count else None
    return Irregularity(value, count)


def whole_days(
    found: Energy, asked: Sequence[date], now_us: int
) -> tuple[list[date], NDArray[np.int64]]:
    """Those of the days that are over and have 24 hours, each wholly measured and none below 0, and
    their hours [book units], (days, 24)."""
    known = (found.quantity != ABSENT) & (found.shares[:, MEASURED] == WHOLE)
    known &= (found.quantity >= 0) & (found.end_us <= now_us)
    days, hours = [], []
    for day in asked:
        start_us, end_us = day_bounds(day, found.zone)
        own = slice(*np.searchsorted(found.start_us, (start_us, end_us)).tolist())
        amounts = found.quantity[own]
        if amounts.size == HOURS and known[own].all():
            days.append(day)
            hours.append(amounts)
    return days, np.array(hours, dtype=np.int64).reshape(len(days), HOURS)
