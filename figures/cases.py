"""Sums over cases: energy by unit, money by currency, carbon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from math import fsum

from figures.nested import Outer, counted
from figures.periods import DIGITS
from metering.finding import Case, Finding


@dataclass(frozen=True)
class CaseSums:
    """What several cases come to. Each sum holds what is known; what it leaves out is
    counted beside it. A meter fault wastes nothing and is left out of nothing."""

    money: tuple[tuple[str, Decimal], ...]
    """(currency, amount), sorted; currencies are never added."""
    kgco2: Decimal | None
    """None where no case has any."""
    energy: tuple[tuple[str, float], ...]
    """(canonical unit, waste), sorted: kWh, m3, MJ."""
    unpriced: int
    """Cases with waste that have no money."""
    uncovered: int
    """Cases with waste that have no carbon."""


def sum_of_cases(cases: Sequence[Case], outer: Outer) -> CaseSums:
    """The sums over cases, whatever their order: energy that nested meters show counts once, and
    what readings refuted is in none."""
    told = [one.counts for one in counted(cases, outer)]
    wasting = [one for one in told if one.waste > 0]
    by_unit: dict[str, list[float]] = defaultdict(list)
    for one in wasting:
        by_unit[one.unit].append(one.waste)
    carbon = [one.kgco2 for one in wasting if one.kgco2 is not None]
    with localcontext() as context:
        context.prec = DIGITS
        return CaseSums(
            money=_by_currency(wasting),
            kgco2=sum(carbon, Decimal(0)) if carbon else None,
            energy=tuple((unit, fsum(parts)) for unit, parts in sorted(by_unit.items())),
            unpriced=sum(not one.costs for one in wasting),
            uncovered=len(wasting) - len(carbon),
        )


def _by_currency(findings: Iterable[Finding]) -> tuple[tuple[str, Decimal], ...]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in findings:
        for currency, amount in one.costs:
            sums[currency] += amount
    return tuple(sorted(sums.items()))
