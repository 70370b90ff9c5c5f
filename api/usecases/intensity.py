"""Energy per m2 of a place and of those right below it, and how regularly each keeps its hours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import figures
from api.caller import Caller
from api.ranges import check_days
from api.usecases.energy import Days, Head, head_of, moment_of
from figures import BaseLoads, Irregularity, Period, View
from metering.book import SeriesKey
from metering.registry import Node

MOST_DAYS: Final = 92
MOST_PLACES: Final = 50


@dataclass(frozen=True)
class Intensity:
    """What a place takes for its size."""

    place: Node
    area_m2: Decimal | None
    period: Period
    """The days as one."""
    per_m2: Decimal | None
    irregularity: Irregularity
    base_loads: BaseLoads


@dataclass(frozen=True)
class Intensities:
    """A node first, then the places right below it that have rows."""

    places: tuple[Intensity, ...]
    left_out: int


def intensities(
    caller: Caller, key: SeriesKey, days: Days, as_of: str | None = None
) -> tuple[Head, Intensities]:
    """At one revision: the present one where none is named. Raises InvalidInput for too many
    days."""
    count = (days.last - days.first).days + 1
    check_days(count, MOST_DAYS, f"at most {MOST_DAYS} days; ask for parts")
    key, moment = moment_of(caller, key, days, as_of)
    with caller.view(moment) as view:
        return head_of(view, key, days), intensities_of(caller, view, key, days)


def intensities_of(caller: Caller, view: View, key: SeriesKey, days: Days) -> Intensities:
    """At the revision of a view."""
    below = _below(caller, view, key, days)
    told = (key, *below[:MOST_PLACES])
    view.load(told, *days)
    places = tuple(_intensity(view, one, days) for one in told)
    return Intensities(places, max(0, len(below) - MOST_PLACES))


def _below(caller: Caller, view: View, key: SeriesKey, days: Days) -> list[SeriesKey]:
    """Places right below that the scope holds on the last day, of the same institution."""
    return [
        replace(key, code=child)
        for child in figures.parts_of_place(view.registry, key.code, days.last)
        if caller.reach.scope.holds(child, days.last)
    ]


def _intensity(view: View, key: SeriesKey, days: Days) -> Intensity:
    found = figures.over(view, key, *days)
    area = figures.area_of(view.registry, key.code, days.last)
    return Intensity(
        view.registry.nodes[key.code],
        area,
        found,
        figures.per_each(figures.canonical(found.amount, key.item), area),
        figures.irregularity(view, key, *days),
        figures.base_loads(view, key, *days),
    )
