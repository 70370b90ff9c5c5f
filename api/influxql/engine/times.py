"""Ranges and buckets of time: what GROUP BY time(...) tz('...') means."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from metering.errors import InvalidInput
from metering.localtime import HOUR_US, day_bounds, day_number, days_between, local_day
from metering.quantity import I64

DAY_US = 24 * HOUR_US
FIRST_US, LAST_US = 946_684_800_000_000, 4_102_444_800_000_000
"""2000-01-01 and 2100-01-01."""
MOST_BUCKETS = 20_000
WIDEST_US = 36_525 * DAY_US
"""A hundred years."""


def clamped(time_us: int) -> int:
    """The instant, or the nearest one that the platform knows."""
    return min(max(time_us, FIRST_US), LAST_US)


def edges(start_us: int, end_us: int, interval_us: int, zone: str) -> I64:
    """(n + 1,) edges of the buckets that cover [start, end), start < end.

    Days and multiples of days begin at local midnight, shorter buckets are counted from it, so
    a clock change makes a day longer or shorter. An interval that does not divide a day is
    counted from the epoch.
    """
    if interval_us > WIDEST_US:
        raise InvalidInput(
            "an interval wider than all the time that the platform knows",
            field="time",
            value=f"{interval_us // DAY_US}d",
            fix=f"at most {WIDEST_US // DAY_US}d in GROUP BY time(...), or none for one sum",
        )
    count = (end_us - start_us) // interval_us
    if count > MOST_BUCKETS:
        raise InvalidInput(
            f"more than {MOST_BUCKETS} intervals",
            field="time",
            value=count,
            fix="a wider interval in GROUP BY time(...), or a shorter range",
        )
    if interval_us % DAY_US == 0:
        return _days(start_us, end_us, interval_us // DAY_US, zone)
    if DAY_US % interval_us == 0:
        return _parts_of_days(start_us, end_us, interval_us, zone)
    first = start_us // interval_us * interval_us
    return np.arange(first, end_us + interval_us, interval_us, dtype=np.int64)


def _days(start_us: int, end_us: int, length: int, zone: str) -> I64:
    first = local_day(start_us, zone)
    first -= timedelta(days=day_number(first) % length)
    found = [day_bounds(first, zone)[0]]
    while found[-1] < end_us:
        first += timedelta(days=length)
        found.append(day_bounds(first, zone)[0])
    return np.array(found, dtype=np.int64)


def _parts_of_days(start_us: int, end_us: int, interval_us: int, zone: str) -> I64:
    days = days_between(local_day(start_us, zone), local_day(end_us - 1, zone))
    bounds = [day_bounds(day, zone) for day in days]
    starts = [np.arange(a, b, interval_us, dtype=np.int64) for a, b in bounds]
    every = np.concatenate([*starts, np.array([bounds[-1][1]], dtype=np.int64)])
    first = int(np.searchsorted(every, start_us, side="right")) - 1
    last = int(np.searchsorted(every, end_us, side="left"))
    return every[first : last + 1]
