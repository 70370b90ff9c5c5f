"""Rows of tariff.csv, calendar.csv and factors.csv."""

from __future__ import annotations

import re
from decimal import Decimal

from metering import items
from metering.calendar import CalendarDay, DayKind
from metering.factor import Factor
from metering.registry.rows import Row
from metering.registry.tables import Facts
from metering.tariff import TariffRow

FACTOR_UNITS = {
    **{"kgco2": "kgCO2", "kgco2_market": "kgCO2"},
    **{"kgce": "kgce", "kgce_equal": "kgce"},
}
"""How the unit of each quantity is written, before `/` and the item's canonical unit."""
TARIFF_DAYS = ("all", "working", "rest", "holiday")
LARGEST, FINEST = 9, 12
"""Digits of a price before the point, and decimals."""


def take_tariff(row: Row, facts: Facts) -> None:
    """A row of tariff.csv; whether it makes a whole set with others is checked later."""
    valid, price = row.validity(), row.number("price")
    if not row.text("price"):
        row.wrong("price", "no price", "a number per kWh, m3 or MJ")
    elif price is not None and not _is_sane(price):
        fix = f"below 10^{LARGEST}, with at most {FINEST} decimals"
        row.wrong("price", "not a price that anybody asks", fix)
    facts.tariff.append(
        (
            row,
            TariffRow(
                tariff=row.code("tariff"),
                item=row.item(),
                months=_months(row),
                days=row.one_of("days", TARIFF_DAYS),
                start_min=row.minute("start", 0),
                end_min=row.minute("end", 1440),
                period=row.code("period"),
                price=price or Decimal(0),
                currency=_currency(row),
                valid=valid,
                source=row.named("source", 500),
                grade=row.named("grade"),
                institution=_named_code(row, "institution"),
                node=_named_code(row, "node"),
                meter=_named_code(row, "meter"),
            ),
        )
    )


def _named_code(row: Row, column: str) -> str:
    return row.code(column) if row.text(column) else ""


def _is_sane(price: Decimal) -> bool:
    exponent = price.as_tuple().exponent
    return price.adjusted() < LARGEST and isinstance(exponent, int) and exponent >= -FINEST


def _currency(row: Row) -> str:
    if not row.text("currency"):
        return "CNY"
    code = row.code("currency")
    if not re.fullmatch("[A-Z]{3}", code):
        row.wrong("currency", "not a currency code", "three capital letters such as CNY or EUR")
    return code


def _months(row: Row) -> frozenset[int]:
    """Months such as `1-12` or `7-8,12`; `11-2` goes over the turn of the year."""
    months: set[int] = set()
    for part in row.text("months").replace(" ", "").split(","):
        match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not (1 <= first <= 12 and 1 <= last <= 12):
            row.wrong("months", "not months", "such as 1-12 or 7-8,12")
            return frozenset(range(1, 13))
        months |= {(first - 1 + n) % 12 + 1 for n in range((last - first) % 12 + 1)}
    return frozenset(months)


def take_calendar(row: Row, facts: Facts) -> None:
    """A row of calendar.csv; without a date or kind there is none."""
    day, kind = row.day("date"), row.choice("kind", DayKind)
    if not row.text("date"):
        row.wrong("date", "no date", "YYYY-MM-DD")
    if day is None or kind is None:
        return
    entry = CalendarDay(
        day,
        kind,
        row.named("name_zh"),
        row.named("name_en"),
        row.named("status") or "official",
        row.named("source", 500),
    )
    facts.calendar.append((row, entry))


def take_factor(row: Row, facts: Facts) -> None:
    """A row of factors.csv, whose unit must be that of its quantity per canonical unit of its
    item."""
    item, valid = row.item(), row.validity()
    quantity = row.one_of("quantity", tuple(FACTOR_UNITS))
    value = row.number("value", least=0)
    if not row.text("value"):
        row.wrong("value", "no value", "a number")
    expected = f"{FACTOR_UNITS[quantity]}/{items.category(item).unit}"
    if row.text("unit") != expected:
        row.wrong("unit", "another unit", f"convert the value to {expected}")
    factor = Factor(
        item,
        quantity,
        value or Decimal(0),
        row.named("region"),
        valid,
        row.named("source", 500),
        row.named("grade"),
    )
    facts.factors.append((row, factor))
