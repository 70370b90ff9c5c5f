"""Local days and months of a site, and the intervals in them.

    local day   00:00 ───────────────────────────── 24:00      half-open, labelled by its start
    slots       |0|1|2| ...                         |n-1|      n = 92, 94, 96, 98 or 100
                                                              quarter hours on clock-change days

Inside the platform an instant is int64 microseconds since the epoch, UTC; a local day is a
`date`. The zone is an IANA name or a fixed offset such as `+08:00`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from metering.errors import InvalidInput
from metering.quantity import I64

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_MIN = 1440
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LEAP_TEXT = re.compile(r"(.{10}.\d\d:\d\d):60(?:\.\d+)?(\D.*)", re.ASCII)
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3]):?([0-5]\d)")


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name or a fixed offset (`+08:00`, `UTC`)."""
    if match := _OFFSET.fullmatch(name):
        sign = -1 if match[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(match[2]), minutes=int(match[3])))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            "unknown time zone",
            field="zone",
            value=name,
            fix="an IANA name such as Asia/Shanghai, or an offset such as +08:00",
        ) from None


def to_us(instant: datetime, field: str = "time") -> int:
    """Microseconds since the epoch of an aware datetime; InvalidInput for a naive one."""
    if instant.tzinfo is None:
        raise InvalidInput(
            "a time without an offset",
            field=field,
            value=instant.isoformat(),
            fix="add Z or an offset such as +08:00",
        )
    return (instant - EPOCH) // timedelta(microseconds=1)


_FIRST_US = to_us(datetime(1, 1, 3, tzinfo=UTC))
_LAST_US = to_us(datetime(9999, 12, 29, tzinfo=UTC))


def from_us(time_us: int) -> datetime:
    """Aware UTC datetime of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=time_us)


def iso(time_us: int, zone: str = "UTC") -> str:
    """ISO 8601 text of an instant, in UTC as `...Z` or in the zone with its offset."""
    if zone == "UTC":
        return from_us(time_us).isoformat().replace("+00:00", "Z")
    return from_us(time_us).astimezone(zone_of(zone)).isoformat()


def leap_second(before: datetime) -> int:
    """The end of the second that begins then, for times that a clock shows as `:60` [us UTC].
    ValueError where no leap second can be: they stand before midnight of UTC (RFC 3339, 5.7)."""
    end_us = to_us(before) + 1_000_000
    if end_us % (24 * HOUR_US):
        raise ValueError(before)
    return end_us


def parse_instant(text: str, field: str = "time") -> int:
    """Microseconds of an RFC 3339 text with an offset, of an instant that has a date in every zone;
    InvalidInput otherwise. A leap second counts as the start of the next one."""
    try:
        leap = _LEAP_TEXT.fullmatch(text)
        if leap is None:
            found = to_us(datetime.fromisoformat(text), field)
        else:
            found = leap_second(datetime.fromisoformat(f"{leap[1]}:59{leap[2]}"))
        if not _FIRST_US <= found <= _LAST_US:
            raise OverflowError
        return found
    except (ValueError, TypeError, OverflowError):
        raise InvalidInput(
            "not an instant", field=field, value=text, fix="RFC 3339, e.g. 2026-11-24T08:15:00Z"
        ) from None


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def day_of_number(number: int) -> date:
    """The date of a day number."""
    return date.fromordinal(number + _EPOCH_DAY)


def local_day(time_us: int, zone: str) -> date:
    """The local day that holds an instant."""
    return from_us(time_us).astimezone(zone_of(zone)).date()


@lru_cache(maxsize=16384)
def day_bounds(day: date, zone: str) -> tuple[int, int]:
    """(start, end) of a local day [us UTC], half-open.

    Where midnight does not exist (some zones spring forward at 00:00) the day starts at the
    first instant that carries its date.
    """
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> int:
    place = zone_of(zone)
    guess = to_us(datetime(day.year, day.month, day.day, tzinfo=place))
    while from_us(guess).astimezone(place).date() < day:
        guess += 15 * MINUTE_US
    return guess


@lru_cache(maxsize=16384)
def slot_count(day: date, zone: str, step_min: int) -> int:
    """How many steps the local day holds; a last part of a step counts as one.

    The daily step is the local day itself, however many hours it has: one slot.
    """
    if step_min >= DAY_MIN:
        return 1
    start, end = day_bounds(day, zone)
    return -((start - end) // (step_min * MINUTE_US))


def slot_starts(day: date, zone: str, step_min: int) -> I64:
    """Start of every slot of the local day [us UTC], shape (slot_count,)."""
    start, _ = day_bounds(day, zone)
    return start + np.arange(slot_count(day, zone, step_min), dtype=np.int64) * (
        step_min * MINUTE_US
    )


def days_between(first: date, last: date) -> list[date]:
    """Every day from first to last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def month_start(day: date) -> date:
    """First day of the day's month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """First day of the following month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def previous_month(day: date) -> date:
    """First day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)
