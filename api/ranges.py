"""Dates, instants and ranges as they are asked for, with limits that are said aloud."""

from __future__ import annotations

import re
from datetime import date

from metering.errors import InvalidInput
from metering.localtime import day_bounds, from_us, parse_instant

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def local_date(text: str, field: str) -> date:
    """A local date YYYY-MM-DD between 2000 and 2100."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidInput(
            "not a local date between 2000 and 2100",
            field=field,
            value=text,
            fix="YYYY-MM-DD, e.g. 2026-11-24",
        )
    return day


def local_month(text: str, field: str) -> date:
    """The first day of a month YYYY-MM between 2000 and 2100."""
    day = f"{text}-01"
    try:
        if _DATE.fullmatch(day):
            return local_date(day, field)
    except InvalidInput:
        pass
    raise InvalidInput("not a month", field=field, value=text, fix="YYYY-MM, e.g. 2026-10")


def instant(text: str, field: str, zone: str) -> int:
    """Microseconds of an RFC 3339 instant, or of a local date's first instant in the zone."""
    if _DATE.fullmatch(text):
        return day_bounds(local_date(text, field), zone)[0]
    time_us = parse_instant(text, field)
    if not FIRST_DAY.year <= from_us(time_us).year <= LAST_DAY.year:
        raise InvalidInput(
            "an instant outside 2000 to 2100", field=field, value=text, fix="check the year"
        )
    return time_us


def check_order(start: object, end: object, ordered: bool) -> None:
    """InvalidInput unless start lies before end."""
    if not ordered:
        raise InvalidInput(
            "the end is not after the start",
            field="end",
            value=f"{start} .. {end}",
            fix="end is not included: for one day give the day after it",
        )


def check_days(count: int, most: int, fix: str) -> None:
    """InvalidInput when a range holds more days than one answer may."""
    if count > most:
        raise InvalidInput(f"more than {most} days at once", field="end", value=count, fix=fix)
