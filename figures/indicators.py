"""Totals of a node over its energy categories, and what comes of them per m2 and per person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from figures.periods import Cost
from figures.worth import Worth, per_canonical, total
from metering.items import category, whole
from metering.registry import Node

WATER: Final = "02000"
"""Neither carbon nor standard coal: audits of public institutions never convert water."""
REACTIVE: Final = "90000"
"""Neither of them too: no work is done by it. It costs nothing where nobody gave it a price."""
DIGITS: Final = Decimal("0.000001")


@dataclass(frozen=True)
class Total:
    """Sums over a node's energy categories."""

    cost: Cost
    """By currency, water too; `all_priced` says whether every category is wholly priced."""
    kgco2: Decimal | None
    kgce: Decimal | None
    """None where one of the categories is not wholly covered by factors, or there is none."""


@dataclass(frozen=True)
class Indicator:
    """A quantity of a node divided by its area or persons."""

    node: str
    quantity: str
    """An item code, kgce or kgco2."""
    per: str
    """m2 or person."""
    unit: str
    value: Decimal | None
    """Rounded to 0.000001; None where the quantity, the area or the persons are not known."""


def total_of(worths: Mapping[str, Worth]) -> Total:
    """The sums of a node, from the worth of its figures by item: whole categories count."""
    categories = {item: one for item, one in worths.items() if item == whole(item)}
    energy = [one for item, one in categories.items() if item not in (WATER, REACTIVE)]
    spent = [o.cost for item, o in categories.items() if item != REACTIVE or o.cost.money]
    return Total(
        total(spent),
        _sum([one.kgco2.whole for one in energy]),
        _sum([one.kgce.whole for one in energy]),
    )


def indicators_of(
    node: Node, amounts: Mapping[str, int | None], sums: Total
) -> tuple[Indicator, ...]:
    """Every category, kgce and kgCO2 of a node, per m2 and per person; `amounts` are [book
    units] by item."""
    quantities = [
        (item, category(item).unit, canonical(amount, item))
        for item, amount in sorted(amounts.items())
        if item == whole(item)
    ]
    quantities += [("kgce", "kgce", sums.kgce), ("kgco2", "kgCO2", sums.kgco2)]
    return tuple(
        Indicator(node.code, quantity, per, f"{unit}/{per}", per_each(amount, by))
        for quantity, unit, amount in quantities
        for per, by in (("m2", node.area_m2), ("person", node.persons))
    )


def canonical(amount: int | None, item: str) -> Decimal | None:
    """Book units in the item's canonical unit, exactly."""
    return None if amount is None else Decimal(amount) / per_canonical(item)


def per_each(amount: Decimal | None, by: Decimal | int | None) -> Decimal | None:
    """An amount divided by an area or persons, rounded to 0.000001; None where one is not
    known or nothing."""
    return None if amount is None or not by else (amount / by).quantize(DIGITS)


def _sum(parts: Iterable[Decimal | None]) -> Decimal | None:
    found = list(parts)
    known = [part for part in found if part is not None]
    return sum(known, Decimal(0)) if found and len(known) == len(found) else None
