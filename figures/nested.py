"""Energy that several cases show, told once.

In each hour a branch of the supply tree counts the larger of the outer meter's excess and the sum
of what its inner ones count: a total and its sub-meter that ran on one holiday are not added.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from metering.evidence import carbon_of, hours_of, money_of
from metering.finding import NO_WASTE, Case, Finding
from metering.units import BOOK_UNITS

Outer = Callable[[str, int], tuple[str, ...]]
"""(meter, instant) -> the meters that hold its energy, the nearest first."""
Hour = dict[str, tuple[int, int]]
"""Of one hour: meter -> (its excess [book units], place of the case that shows it)."""


@dataclass(frozen=True)
class Counted:
    """A case among others, and what of it counts where they are added."""

    case: Case
    counts: Finding
    """The evidence with the waste, money and carbon that count; all of it where nothing nests."""
    part_of: int | None = None
    """Number of the case of an outer meter that shows the same hours."""


def counted(cases: Sequence[Case], outer: Outer) -> list[Counted]:
    """What each case counts in the sum over all of them, in their order.

    A case that readings refuted, or that people dismissed, counts nothing. Where two cases of one
    meter show an hour, the larger counts.
    """
    excess = _excess(cases)
    left_out: dict[int, set[int]] = defaultdict(set)
    above: dict[int, Counter[int]] = defaultdict(Counter)
    for at, shown in _shared(excess).items():
        hour = _of_meters(shown)
        parents = _parents(hour, outer, at)
        winners = _winners(hour, parents)
        for place in shown:
            if place not in winners:
                left_out[place].add(at)
            parent = parents.get(cases[place].evidence.meter)
            if parent is not None:
                above[place][hour[parent][1]] += 1
    return [
        Counted(case, _counts(case, left_out[place]), _part_of(cases, above[place]))
        for place, case in enumerate(cases)
    ]


def _excess(cases: Sequence[Case]) -> dict[int, dict[int, tuple[str, int]]]:
    """Hour -> place -> (meter, excess), of the cases that waste and stand unrefuted."""
    found: dict[int, dict[int, tuple[str, int]]] = defaultdict(dict)
    for place in sorted(range(len(cases)), key=lambda one: cases[one].number):
        case = cases[place]
        if case.evidence.waste > 0 and case.state not in NO_WASTE:
            for hour in hours_of(case.evidence):
                found[hour.start_us][place] = (case.evidence.meter, hour.waste)
    return found


def _shared(
    excess: dict[int, dict[int, tuple[str, int]]],
) -> dict[int, dict[int, tuple[str, int]]]:
    """The hours that several cases show."""
    return {at: shown for at, shown in excess.items() if len(shown) > 1}


def _of_meters(shown: dict[int, tuple[str, int]]) -> Hour:
    """The largest excess of each meter; of equal ones that of the oldest case."""
    hour: Hour = {}
    for place, (meter, waste) in shown.items():
        if meter not in hour or waste > hour[meter][0]:
            hour[meter] = (waste, place)
    return hour


def _parents(hour: Hour, outer: Outer, at_us: int) -> dict[str, str]:
    """Meter -> the nearest meter in front of it that shows an excess in the hour as well."""
    found = {}
    for meter in hour:
        parent = next((code for code in outer(meter, at_us) if code in hour), None)
        if parent is not None:
            found[meter] = parent
    return found


def _winners(hour: Hour, parents: dict[str, str]) -> frozenset[int]:
    """Places of the cases that count in the hour."""
    inner: dict[str, list[str]] = defaultdict(list)
    for meter, parent in parents.items():
        inner[parent].append(meter)

    def value(meter: str) -> int:
        return max(hour[meter][0], sum(value(one) for one in inner[meter]))

    chosen = []
    waiting = [meter for meter in hour if meter not in parents]
    while waiting:
        meter = waiting.pop()
        below = inner[meter]
        if below and sum(value(one) for one in below) > hour[meter][0]:
            waiting += below
        else:
            chosen.append(hour[meter][1])
    return frozenset(chosen)


def _counts(case: Case, left_out: set[int]) -> Finding:
    """The case's evidence less these hours."""
    found = case.evidence
    if case.state in NO_WASTE:
        return _nothing(found)
    if not left_out:
        return found
    hours = [hour for hour in hours_of(found) if hour.start_us not in left_out]
    per = BOOK_UNITS[found.unit].per_canonical
    waste = sum(hour.waste for hour in hours) / per
    if waste <= 0:
        return _nothing(found)
    costs = money_of(hours) if found.costs else ()
    sole = len(costs) == 1
    return replace(
        found,
        waste=waste,
        waste_low=found.waste_low * waste / found.waste,
        waste_high=found.waste_high * waste / found.waste,
        cost=costs[0][1] if sole else None,
        currency=costs[0][0] if sole else "",
        costs=costs,
        kgco2=None if found.kgco2 is None else carbon_of(hours),
    )


def _nothing(found: Finding) -> Finding:
    return replace(
        found,
        waste=0.0,
        waste_low=0.0,
        waste_high=0.0,
        cost=None,
        currency="",
        costs=(),
        kgco2=None,
    )


def _part_of(cases: Sequence[Case], above: Counter[int]) -> int | None:
    """The outer case that shows the most of the same hours; of equal ones the oldest."""
    if not above:
        return None
    most = max(above.values())
    return min(cases[place].number for place, hours in above.items() if hours == most)
