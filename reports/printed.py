"""Numbers as they are printed: separators, digits by size, a dash for what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypedDict

from reports.model import ComparedMonth, MoneyLine
from reports.table import exact

DASH: Final = "–"


def number(value: Decimal | None, digits: int) -> str:
    """With thousands separators; a dash where nothing is known."""
    if value is None:
        return DASH
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{rounded:,f}".replace("-", "−")


def percent(share: Decimal | None, *, signed: bool = False) -> str:
    """A share in percent with one digit."""
    if share is None:
        return DASH
    shown_ = number(share * 100, 1)
    return f"{'+' if signed and share > 0 else ''}{shown_} %"


def energy(amount: int | None, unit: str) -> str:
    """An amount without its unit: small ones with more digits."""
    value = exact(amount, unit)
    if value is None:
        return DASH
    return number(value, 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0)


def length(part: Decimal | int | None, most: Decimal | int) -> float | None:
    """A bar's length as a part of the longest, 0..1."""
    return None if part is None else round(float(max(part, 0) / most), 4) if most else 0.0


def change(past: ComparedMonth) -> str:
    """A change with its sign."""
    return percent(past.change, signed=True)


def share(part: int) -> str:
    """A share of time [1/10,000] in percent."""
    return f"{Decimal(part) / 100:.2f} %"


class Printed(TypedDict):
    """A sum as it is set: its text, and its range where it is not certain."""

    text: str
    range: str | None


def money(sums: Iterable[MoneyLine], digits: int, *, named: bool) -> list[Printed]:
    """A sum a line; with its currency where `named`, with its range where it has one."""
    return [
        {
            "text": number(one.amount, digits) + (f" {one.currency}" if named else ""),
            "range": bounds(one, digits),
        }
        for one in sums
    ]


def bounds(one: MoneyLine, digits: int) -> str | None:
    """At least and at most; None where they are the same, or not known."""
    if one.low is None or one.high is None or one.low == one.high:
        return None
    return f"{number(one.low, digits)} – {number(one.high, digits)}"
