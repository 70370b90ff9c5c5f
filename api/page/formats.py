"""Numbers, times and ages as people read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import figures
from metering.items import category
from metering.localtime import from_us, zone_of
from metering.reading import Flag, ReadingColumns

SIGNS = {"CNY": "¥", "EUR": "€", "USD": "$", "GBP": "£"}
UNITS = {"m3": "m³", "C": "°C", "1": "", "persons": ""}


def number(value: float | Decimal) -> str:
    """With thousands separators and as many decimals as its size deserves."""
    size = abs(float(value))
    return f"{value:,.0f}" if size >= 100 else f"{value:,.1f}" if size >= 1 else f"{value:,.2f}"


def reading(value: float, unit: str) -> str:
    """A reading with its unit, no digit of it lost that a meter shows."""
    return f"{value:,.10g} {UNITS.get(unit, unit)}".rstrip()


def reading_of(rows: ReadingColumns, i: int, unit: str) -> str:
    """A stored reading with its unit; a dash for one that was taken back, stored as 0."""
    return "–" if int(rows.flag[i]) & Flag.WITHDRAWN else reading(float(rows.value[i]), unit)


def amount(value: int | None, item: str) -> str:
    """A booked amount in its canonical unit; a dash where nothing is known."""
    found = figures.canonical(value, item)
    return "–" if found is None else number(found)


def energy(value: int | None, item: str) -> str:
    """A booked amount with its unit; a dash where nothing is known."""
    unit = category(item).unit
    return amount(value, item) + ("" if value is None else f" {UNITS.get(unit, unit)}")


def money(value: Decimal, currency: str) -> str:
    """An amount of money."""
    return f"{SIGNS.get(currency, currency + ' ')}{number(value)}"


def local(time_us: int, zone: str) -> datetime:
    """Local wall time."""
    return from_us(time_us).astimezone(zone_of(zone))


def moment(time_us: int, zone: str) -> str:
    """Date and time of day to the second, with the offset where the clock shows it twice."""
    when = local(time_us, zone)
    return f"{when:%Y-%m-%d %H:%M:%S}{_which(when)}"


def minute(time_us: int, zone: str) -> str:
    """Date and time of day to the minute, with the offset where the clock shows it twice."""
    when = local(time_us, zone)
    return f"{when:%Y-%m-%d %H:%M}{_which(when)}"


def day(time_us: int, zone: str) -> str:
    """The local day."""
    return f"{local(time_us, zone):%Y-%m-%d}"


def _which(when: datetime) -> str:
    twice = when.replace(fold=0).utcoffset() != when.replace(fold=1).utcoffset()
    return f" {when.isoformat()[-len('+08:00') :]}" if twice else ""


def age(seconds: float, text: Callable[[str], str]) -> str:
    """How long ago, in the visitor's language."""
    _ = text
    if seconds < 1:
        return _("now")
    if seconds < 90:
        return _("%(count)d s ago") % {"count": round(seconds)}
    if seconds < 5400:
        return _("%(count)d min ago") % {"count": round(seconds / 60)}
    if seconds < 48 * 3600:
        return _("%(count)d h ago") % {"count": round(seconds / 3600)}
    return _("%(count)d days ago") % {"count": round(seconds / 86_400)}


def offset(offset_us: int) -> str:
    """How far a clock is ahead [us], in seconds; one that rounds to nothing has no sign."""
    tenths = round(offset_us / 1e5)
    return f"{tenths / 10:+.1f} s" if tenths else "0.0 s"
