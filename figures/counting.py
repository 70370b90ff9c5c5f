"""Which meters a figure is made of, down through the places that it is the sum of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from figures.view import View
from ledger import Plan, PlannedFigure
from metering.book import SeriesKey


def counted_meters(view: View, key: SeriesKey, day: date) -> Mapping[str, int]:
    """Meter -> how often it counts into a node's figure on a local day, below 0 where it is taken
    off; of the meters that the scope holds, and without those of which a share counts. Empty
    where the node has no figure of the item."""
    figure = view.figure(key, day)
    if figure is None:
        return {}
    found: Counter[str] = Counter()
    _count(view.plan(view.registry.institution(key.code, day), day), figure, 1, found)
    known = view.registry.meters
    return {
        code: times
        for code, times in found.items()
        if times and code in known and view.sees(known[code].node, day)
    }


def _count(plan: Plan, figure: PlannedFigure, sign: int, found: Counter[str]) -> None:
    for term in figure.counted:
        if term.division is not None:
            continue
        if term.kind == "meter":
            found[term.code] += sign * term.sign
        elif term.body is None:
            _count(plan, plan.figure(term.code, term.item), sign * term.sign, found)
