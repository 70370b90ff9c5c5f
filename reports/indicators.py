"""Sums of a node over its categories, and what comes of them per m2 and per person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from metering.items import whole
from metering.units import BOOK_UNITS
from reports.model import Indicator, Line, Place, Total

WATER: Final = "02000"
"""Neither carbon nor standard coal: audits of public institutions never convert water."""
DIGITS = Decimal("0.000001")


def totals(places: Sequence[Place], lines: Sequence[Line]) -> tuple[Total, ...]:
    """Money, kgCO2 and kgce of every place."""
    return tuple(_total(place.code, categories(lines, place.code)) for place in places)


def categories(lines: Iterable[Line], node: str) -> list[Line]:
    """The node's lines of whole categories."""
    return [line for line in lines if line.node == node and line.item == whole(line.item)]


def _total(node: str, lines: Sequence[Line]) -> Total:
    energy = [line for line in lines if line.item != WATER]
    currencies = {line.currency for line in lines if line.currency}
    one_currency = len(currencies) == 1
    return Total(
        node,
        _sum([line.cost for line in lines]) if one_currency else None,
        currencies.pop() if one_currency else "",
        _sum([line.kgco2 for line in energy]),
        _sum([line.kgce for line in energy]),
    )


def _sum(parts: Sequence[Decimal | None]) -> Decimal | None:
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if parts and len(known) == len(parts) else None


def indicators(
    places: Sequence[Place], lines: Sequence[Line], sums: Sequence[Total]
) -> tuple[Indicator, ...]:
    """Every category, kgce and kgCO2 of every place, per m2 and per person."""
    found = []
    for place, total in zip(places, sums, strict=True):
        quantities = [
            (line.item, line.unit, canonical(line)) for line in categories(lines, place.code)
        ]
        quantities += [("kgce", "kgce", total.kgce), ("kgco2", "kgCO2", total.kgco2)]
        for quantity, unit, amount in quantities:
            for per, by in (("m2", place.area_m2), ("person", place.persons)):
                value = _ratio(amount, by)
                found.append(Indicator(place.code, quantity, per, f"{unit}/{per}", value))
    return tuple(found)


def canonical(line: Line) -> Decimal | None:
    """The line's amount in its unit, exactly."""
    if line.amount is None:
        return None
    return Decimal(line.amount) / BOOK_UNITS[line.unit].per_canonical


def _ratio(amount: Decimal | None, by: Decimal | int | None) -> Decimal | None:
    return None if amount is None or not by else (amount / by).quantize(DIGITS)
