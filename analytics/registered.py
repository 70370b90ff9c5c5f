"""What is registered for the detectors: when people work where a meter is, and its limits.

office_hours.csv ─▶ of the nearest place above the meter, day by day ─▶ Timetable
limits.csv       ─▶ of the meter, else of the nearest place, else of all ─▶ Limits
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from analytics.bins import USUAL_HOURS, OfficeHours, Timetable, Working
from analytics.detectors.site import USUAL_LIMITS, Limits
from metering.registry import Meter, Registry
from metering.registry.facts.limits import COUNTS, DetectionLimit
from metering.registry.facts.limits import KIND as LIMITS
from metering.registry.facts.office_hours import KIND as OFFICE_HOURS
from metering.registry.facts.office_hours import WorkingHours
from metering.validity import epochs, turning_days

HOUR_MIN = 60


def timetables(registry: Registry, meters: Iterable[Meter]) -> dict[str, Timetable]:
    """By meter; those for whom nothing is registered are left out."""
    hours = OFFICE_HOURS.of(registry)
    if not hours:
        return {}
    at = {node: _timetable(registry, node, hours) for node in {meter.node for meter in meters}}
    return {meter.code: week for meter in meters if (week := at[meter.node])}


def _timetable(registry: Registry, node: str, hours: Sequence[WorkingHours]) -> Timetable:
    chain = {node, *registry.ancestors(node)}
    own = [one for one in hours if one.node in chain]
    if not own:
        return ()
    edges = [edge.valid for edge in registry.space if edge.child in chain]
    week: list[Working] = []
    for epoch in epochs(turning_days([*(one.valid for one in own), *edges])):
        works = _working(epoch.first, _nearest(registry, node, own, epoch.some_day))
        if not week or replace(works, since=week[-1].since) != week[-1]:
            week.append(works)
    return tuple(week)


def _nearest(
    registry: Registry, node: str, hours: Sequence[WorkingHours], day: date
) -> WorkingHours | None:
    """Those of the place itself or of the nearest one above on a day."""
    valid = {one.node: one for one in hours if one.valid.holds(day)}
    return next((valid[n] for n in (node, *registry.ancestors(node, day)) if n in valid), None)


def _working(since: date, hours: WorkingHours | None) -> Working:
    """An hour in which people work at all is an office hour."""
    if hours is None:
        return Working(since)
    opens, closes = hours.start_min // HOUR_MIN, -(-hours.end_min // HOUR_MIN)
    return Working(since, OfficeHours(opens, closes, USUAL_HOURS.settle), hours.weekdays)


def limits(registry: Registry, meters: Iterable[Meter], day: date) -> dict[str, Limits]:
    """By meter, those that hold on a day; meters for whom none are registered are left out."""
    standing = [one for one in LIMITS.of(registry) if one.valid.holds(day)]
    if not standing:
        return {}
    found = {meter.code: _limits(_places(registry, meter, day), standing) for meter in meters}
    return {code: one for code, one in found.items() if one != USUAL_LIMITS}


def _places(registry: Registry, meter: Meter, day: date) -> Iterator[tuple[str, str]]:
    """(node, meter) as limits name them, from everything to the meter itself."""
    yield "", ""
    for node in reversed([meter.node, *registry.ancestors(meter.node, day)]):
        yield node, ""
    yield "", meter.code


def _limits(places: Iterable[tuple[str, str]], standing: Sequence[DetectionLimit]) -> Limits:
    found = USUAL_LIMITS
    for place in places:
        own = {
            one.name: int(one.value) if one.name in COUNTS else float(one.value)
            for one in standing
            if (one.node, one.meter) == place
        }
        found = replace(found, **own)  # type: ignore[arg-type]
    return found
