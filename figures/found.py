"""What findings come to together: energy, money by currency, carbon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from math import fsum

from figures.periods import DIGITS
from metering.finding import Finding
from metering.items import category


@dataclass(frozen=True)
class FoundTotal:
    """Sums over findings."""

    waste: tuple[tuple[str, float], ...]
    """(canonical unit, waste) by unit, sorted: units are not added."""
    cost: tuple[tuple[str, Decimal], ...]
    """(currency, money) by currency, sorted: currencies are never added."""
    kgco2: Decimal
    """Of the findings that have it."""


def found_total(findings: Iterable[Finding]) -> FoundTotal:
    """The sums of what each finding states; a meter fault states nothing."""
    waste: dict[str, list[float]] = defaultdict(list)
    cost: dict[str, Decimal] = defaultdict(Decimal)
    carbon = Decimal(0)
    with localcontext() as context:
        context.prec = DIGITS
        for one in findings:
            if one.waste_kwh > 0:
                waste[category(one.item).unit].append(one.waste_kwh)
            if one.cost:
                cost[one.currency] += one.cost
            carbon += one.kgco2 or 0
    sums = sorted((unit, fsum(amounts)) for unit, amounts in waste.items())
    return FoundTotal(tuple(sums), tuple(sorted(cost.items())), carbon)
