"""Ranges and buckets of time: what GROUP BY time(...) tz('...') means."""

from __future__ import annotations

from datetime import UTC, timedelta

import numpy as np

from metering.errors import InvalidInput
from metering.localtime import (
    HOUR_US,
    day_bounds,
    day_number,
    days_between,
    from_us,
    local_day,
    to_us,
    zone_of,
)
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


def edges(start_us: int, end_us: int, interval_us: int, zone: str, offset_us: int = 0) -> I64:
    """(n + 1,) edges of the buckets that cover [start, end), start < end.

    Wide buckets are counted on the clock of the zone, so days begin at local midnight, and a clock
    change makes a bucket longer or shorter; those of an hour and less are counted from midnight,
    and all have their length. Days and what does not divide one are counted from 1970-01-01, a
    Thursday; the offset lets each begin later: `time(7d, 4d)` are weeks from Monday.
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
    if interval_us % DAY_US == 0 and offset_us % DAY_US == 0:
        return _days(start_us, end_us, interval_us // DAY_US, offset_us // DAY_US, zone)
    if interval_us > HOUR_US:
        return _walls(start_us, end_us, interval_us, offset_us, zone)
    if DAY_US % interval_us == 0:
        return _parts_of_days(start_us, end_us, interval_us, offset_us, zone)
    shift = offset_us - _ahead(start_us, zone)
    first = (start_us - shift) // interval_us * interval_us + shift
    return np.arange(first, end_us + interval_us, interval_us, dtype=np.int64)


def _days(start_us: int, end_us: int, length: int, offset: int, zone: str) -> I64:
    first = local_day(start_us, zone)
    first -= timedelta(days=(day_number(first) - offset) % length)
    found = [day_bounds(first, zone)[0]]
    while found[-1] < end_us:
        first += timedelta(days=length)
        found.append(day_bounds(first, zone)[0])
    return np.array(found, dtype=np.int64)


def _walls(start_us: int, end_us: int, interval_us: int, offset_us: int, zone: str) -> I64:
    """Edges at times of the wall clock: of one that it shows twice the first, of one that it leaves
    out the moment when it is put on."""
    wall = start_us + _ahead(start_us, zone)
    wall = (wall - offset_us) // interval_us * interval_us + offset_us
    found = [_shown(wall, zone)]
    while found[-1] < end_us:
        wall += interval_us
        found.append(_shown(wall, zone))
    return np.array(found, dtype=np.int64)


def _ahead(time_us: int, zone: str) -> int:
    """By how much the clock of the zone is ahead of UTC [us]."""
    ahead = from_us(time_us).astimezone(zone_of(zone)).utcoffset()
    return 0 if ahead is None else ahead // timedelta(microseconds=1)


def _shown(wall_us: int, zone: str) -> int:
    """When the clock of the zone shows a time, told as if it were UTC."""
    return to_us(from_us(wall_us).replace(tzinfo=zone_of(zone)).astimezone(UTC))


def _parts_of_days(start_us: int, end_us: int, interval_us: int, offset_us: int, zone: str) -> I64:
    """Whole parts of each local day, so that a clock change of half an hour shifts none after it;
    what an offset leaves over is of the bucket before."""
    shift = offset_us % interval_us
    day = timedelta(days=1) if shift else timedelta()
    days = days_between(local_day(start_us, zone) - day, local_day(end_us - 1, zone) + day)
    bounds = [day_bounds(one, zone) for one in days]
    starts = [np.arange(a + shift, b, interval_us, dtype=np.int64) for a, b in bounds]
    every = np.concatenate([*starts, np.array([bounds[-1][1] + shift], dtype=np.int64)])
    first = int(np.searchsorted(every, start_us, side="right")) - 1
    last = int(np.searchsorted(every, end_us, side="left"))
    return every[first : last + 1]
