"""Exact numbers as texts: what the page, the routes and the feed say to the last digit."""

from __future__ import annotations

from decimal import Decimal

import figures
from metering import items
from metering.units import BOOK_UNITS


def exact(amount: int | None, item: str) -> str | None:
    """Book units as an exact decimal of the item's canonical unit."""
    value = figures.canonical(amount, item)
    digits = len(str(BOOK_UNITS[items.category(item).unit].per_canonical)) - 1
    return None if value is None else f"{value:.{digits}f}"


def plain(value: Decimal) -> str:
    """An exact decimal without an exponent."""
    return f"{value:f}"
