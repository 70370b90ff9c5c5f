"""A finding's evidence by the hour, and what hours are worth together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Final

from metering.finding import EvidenceHour, Finding, Sums
from metering.items import category
from metering.units import BOOK_UNITS

DIGITS: Final = 80
"""Sums of decimals are exact: no digit of an hour is lost."""


def hours_of(finding: Finding) -> tuple[EvidenceHour, ...]:
    """The evidence by the hour. One that was told before its hours were kept has the hours of its
    chart, and money and carbon by their waste; evenly spread where it has no chart either."""
    if finding.hours or not finding.hours_us:
        return finding.hours
    amounts = _charted(finding) or _spread(finding)
    whole = sum(m - e for e, m in amounts if e is not None and m is not None)
    made = []
    for start, (expected, measured) in zip(finding.hours_us, amounts, strict=True):
        hour = EvidenceHour(start, expected, measured)
        part = Decimal(hour.waste) / whole if whole else Decimal(0)
        costs = tuple((currency, amount * part) for currency, amount in finding.costs)
        kgco2 = None if finding.kgco2 is None else finding.kgco2 * part
        made.append(EvidenceHour(start, expected, measured, costs, kgco2))
    return tuple(made)


def money_of(hours: Iterable[EvidenceHour]) -> Sums:
    """A sum for each currency; empty where an hour that wasted has no price."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext() as context:
        context.prec = DIGITS
        for hour in hours:
            if hour.waste and not hour.costs:
                return ()
            for currency, amount in hour.costs:
                sums[currency] += amount
    return tuple(sorted(sums.items()))


def carbon_of(hours: Iterable[EvidenceHour]) -> Decimal | None:
    """The sum; None where an hour that wasted has none."""
    total = Decimal(0)
    with localcontext() as context:
        context.prec = DIGITS
        for hour in hours:
            if hour.kgco2 is None and hour.waste:
                return None
            total += hour.kgco2 or 0
    return total


def net_money(finding: Finding) -> Sums:
    """The money of a finding and of the mediums beside it, a sum for each currency; empty where any
    of it has no price, or where nothing stands beside it."""
    parts = [money_of(one.hours) for one in finding.beside]
    if not parts or not finding.costs or not all(parts):
        return ()
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext() as context:
        context.prec = DIGITS
        for currency, amount in (pair for part in (finding.costs, *parts) for pair in part):
            sums[currency] += amount
    return tuple(sorted(sums.items()))


def _charted(finding: Finding) -> list[tuple[int | None, int | None]]:
    """(expected, measured) of each evidence hour by the chart; empty where it does not say."""
    per = BOOK_UNITS[category(finding.item).unit].per_canonical
    known = {start: (expected, measured) for start, expected, measured in finding.hourly}
    pairs = [known.get(start, (None, None)) for start in finding.hours_us]
    if any(e is None or m is None for e, m in pairs):
        return []
    return [(round((e or 0.0) * per), round((m or 0.0) * per)) for e, m in pairs]


def _spread(finding: Finding) -> list[tuple[int | None, int | None]]:
    """Equal parts that add up to what is known."""
    count, expected, measured = len(finding.hours_us), finding.expected, finding.measured
    return [
        (_part(expected, place, count), _part(measured, place, count)) for place in range(count)
    ]


def _part(amount: int | None, place: int, count: int) -> int | None:
    if amount is None:
        return None
    return amount * (place + 1) // count - amount * place // count
