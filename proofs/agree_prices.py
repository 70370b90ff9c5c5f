"""What holds when, by the rows of the world: prices of a meter's minutes, factors of a day.

Written from docs/registry.md alone, row by row and without tables made beforehand; nothing of
the platform is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from functools import cache

from proofs.agree_world import (
    CALENDAR,
    FACTORS,
    METERS,
    MINUTE_US,
    PRICES,
    WorldMeter,
    WorldPrice,
    above,
    holds_on,
    local,
    midnight,
)

Rate = tuple[str, Fraction]
"""(currency, price of a canonical unit)."""
Set = tuple[str, str, str]
"""Rows that price the same thing: (meter, place, item)."""
DAY_MIN = 1440


def covers(wider: str, item: str) -> bool:
    """Whether an item code is `wider` or below it."""
    return item[:2] == wider[:2] and item[2:].startswith(wider[2:].rstrip("0"))


@cache
def kind_of(day: date) -> str:
    """working, rest or holiday."""
    return CALENDAR.get(day.isoformat(), "rest" if day.weekday() >= 5 else "working")


@cache
def turns(meter: WorldMeter, zone: str, day: date) -> tuple[tuple[int, Rate], ...]:
    """(instant, rate) wherever the meter's price turns on a local day, its start included."""
    found: list[tuple[int, Rate]] = []
    time_us, end = midnight(day, zone), midnight(date.fromordinal(day.toordinal() + 1), zone)
    rows = _rows(_set(meter, day), day)
    while time_us < end:
        now = local(time_us, zone)
        rate = _rate(rows, day, now.hour * 60 + now.minute)
        if not found or found[-1][1] != rate:
            found.append((time_us, rate))
        time_us += 5 * MINUTE_US
    return tuple(found)


def factor_on(item: str, day: date) -> Fraction | None:
    """kgCO2 of a canonical unit on a local day; None where no row holds."""
    for row in FACTORS:
        if covers(row.item, item) and holds_on(row.valid_from, row.valid_to, day):
            return Fraction(row.value)
    return None


def _rows(chosen: Set, day: date) -> list[WorldPrice]:
    return [row for row in PRICES if _set_of(row) == chosen and _holds_price(row, day)]


def _holds_price(row: WorldPrice, day: date) -> bool:
    return holds_on(row.valid_from, row.valid_to, day)


def _set_of(row: WorldPrice) -> Set:
    return (row.meter, row.institution, row.item)


def _rate(rows: Sequence[WorldPrice], day: date, minute: int) -> Rate:
    """Rows for the statutory holidays first, then those of the kind of day."""
    kind = kind_of(day)
    names = [["holiday"]] if kind == "holiday" else []
    names.append(["all", "working" if kind == "working" else "rest"])
    for group in names:
        for row in rows:
            inside = _minute(row.start) <= minute < _minute(row.end)
            if row.days in group and inside and _in_months(row.months, day.month):
                return row.currency, Fraction(row.price)
    raise AssertionError(f"no price on {day} at minute {minute}")


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _in_months(months: str, month: int) -> bool:
    for part in months.split(","):
        first, _, last = part.partition("-")
        if int(first) <= month <= int(last or first):
            return True
    return False


def _set(meter: WorldMeter, day: date) -> Set:
    """The most specific set: of the meter, of a place from near to far, of everybody; among
    those the narrower item. Behind a total, the total's, unless one names what the total's
    does not: the meter, another place, a narrower item."""
    own = _sets(meter, day)
    total = _total_of(meter, day)
    if total is None:
        return own[0]
    shared = set(_sets(total, day))
    naming = [one for one in own if one not in shared]
    return naming[0] if naming else _set(total, day)


def _sets(meter: WorldMeter, day: date) -> list[Set]:
    """Sets that hold for the meter, the most specific first."""
    named = [(meter.code, ""), *(("", code) for code in above(meter.node, day)), ("", "")]
    held = {_set_of(row) for row in PRICES if _holds_price(row, day)}
    fitting = [one for one in held if covers(one[2], meter.item) and one[:2] in named]
    return sorted(fitting, key=lambda one: (named.index(one[:2]), -len(one[2].rstrip("0"))))


def _total_of(meter: WorldMeter, day: date) -> WorldMeter | None:
    """The nearest total that holds the meter's energy: its feeder, else its place's."""
    if meter.fed_by:
        return next(one for one in METERS if one.code == meter.fed_by)
    for node in above(meter.node, day):
        for one in METERS:
            if one.node == node and one.total and one is not meter and covers(one.item, meter.item):
                return one
    return None
