"""The base load of a place by the day of the week: what never goes off, on which days.

    base[d]  = mean of the three least hours of day d
    told[w]  = median of base[d] over the days of weekday w

Three hours, so that one in which a meter rests makes no base; a median, so that a holiday does not
either. What Sunday's base is below Monday's is on for the sake of working days alone.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from figures.energy import energy
from figures.irregularity import DIGITS, whole_days
from figures.view import View
from figures.worth import per_canonical
from metering.book import SeriesKey
from metering.localtime import days_between

LEAST_HOURS: Final = 3
LEAST_DAYS: Final = 3
"""Known days of a weekday from which on it has a base."""
WEEK: Final = 7

BaseLoads = tuple[Decimal | None, ...]


def base_loads(view: View, key: SeriesKey, first: date, last: date) -> BaseLoads:
    """Of Monday to Sunday [canonical unit per hour, rounded to 0.000001], over the local days
    first..last, both included; None where fewer than three days of a weekday are known. Days count
    as in `irregularity`."""
    days, hours = whole_days(
        energy(view, key, first, last, "hour"), days_between(first, last), view.now_us
    )
    base = np.sort(hours, axis=1)[:, :LEAST_HOURS].mean(axis=1) / per_canonical(key.item)
    weekday = np.array([day.weekday() for day in days], dtype=np.int64)
    told: list[Decimal | None] = []
    for number in range(WEEK):
        own = base[weekday == number]
        middle = Decimal(repr(float(np.median(own)))) if own.size >= LEAST_DAYS else None
        told.append(None if middle is None else middle.quantize(DIGITS))
    return tuple(told)
