"""Whether a site has to be looked at again: not where nothing that a look sees has changed.

quarter of the day, registry ─────┐
what people said ─────────────────┤
outdoor weather of the window     ├─ equal ─┐
register events of complete days ─┘         ├─▶ what was found stands
settled rows since the last look ── none ───┘
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from analytics.feeding_balances import BALANCE_DAYS
from analytics.sensors import OUTDOOR_HUMIDITY, OUTDOOR_TEMPERATURE
from figures import View
from metering.baseline import BaselineRequest
from metering.book import RegisterEvent
from metering.finding import Case
from metering.localtime import HOUR_US, day_bounds, local_day
from metering.ports import ReadingReader
from metering.registry import Registry

QUARTER_US, QUARTERS = 6 * HOUR_US, 4
"""Of a local day; the last one is longer or shorter where the clock changes."""
Said = tuple[tuple[object, ...], ...]


@dataclass(frozen=True, eq=False)
class SiteState:
    """What a look at a site sees, but for the energy of its meters."""

    institution: str
    codes: frozenset[str]
    """Meters and places whose rows it reads."""
    revision: int
    """Of the institution's books."""
    today: date
    quarter: int
    """Of the local day, 0..3: what stands out in the running one is looked for in each."""
    registry: Registry
    weather: str
    events: tuple[RegisterEvent, ...]
    """Of complete days: what lies beyond them is cut off."""
    said: Said
    """Cases that people gave a state, and what was asked of baselines."""

    def is_like(self, other: SiteState) -> bool:
        """Whether a look would see the same but for rows, the registry being the very same
        object."""
        return self.registry is other.registry and self._told() == other._told()

    def _told(self) -> tuple[object, ...]:
        return (
            self.institution,
            self.today,
            self.quarter,
            self.weather,
            self.events,
            self.said,
        )


def site_state(
    view: View,
    readings: ReadingReader,
    site: str,
    said: Said,
    *,
    history_days: int,
) -> SiteState | None:
    """What a look at the site would see now; None where that rests on books of other institutions
    too: it was another's before, or shares a place. Raises NotFound for an unknown site."""
    registry, zone = view.registry, view.registry.zone(site)
    nodes = frozenset(registry.held(site))
    divided = any(edge.divided and {edge.parent, edge.child} & nodes for edge in registry.space)
    if divided or len(registry.institutions(site)) > 1:
        return None
    today = local_day(view.now_us, zone)
    body = registry.institution(site, today)
    since = today - timedelta(days=max(history_days, BALANCE_DAYS))
    start_us, end_us = day_bounds(since, zone)[0], day_bounds(today, zone)[0]
    quarter = min((view.now_us - end_us) // QUARTER_US, QUARTERS - 1)
    meters = {meter.code for meter in registry.meters.values() if meter.node in nodes}
    return SiteState(
        institution=body,
        codes=nodes | meters,
        revision=view.revision(body),
        today=today,
        quarter=quarter,
        registry=registry,
        weather=_weather(registry, readings, nodes, (start_us, end_us)),
        events=tuple(
            replace(one, end_us=min(one.end_us, end_us))
            for one in view.events(body, start_us, end_us)
            if one.meter in meters
        ),
        said=said,
    )


def said_of(cases: Sequence[Case], requests: Sequence[BaselineRequest]) -> Said:
    """What people said of cases and baselines, to be compared: what a look itself makes of cases it
    would make of them again."""
    return (
        *((case.number, str(case.state), case.state_us) for case in cases if case.state_by),
        *((one.number, one.meter, one.from_day) for one in requests),
    )


def is_same(view: View, before: SiteState | None, now: SiteState | None) -> bool:
    """Whether a look would find what it found before: nothing it sees has changed, and no settled
    row of the site has come since. Rows of days that are not settled change nothing: the running
    one is left out, and the one before is settled soon."""
    if before is None or now is None or not before.is_like(now):
        return False
    if before.revision == now.revision:
        return True
    return now.codes.isdisjoint(view.touched(now.institution, before.revision))


def _weather(
    registry: Registry, readings: ReadingReader, nodes: frozenset[str], within_us: tuple[int, int]
) -> str:
    points = [
        point.id
        for role in (OUTDOOR_TEMPERATURE, OUTDOOR_HUMIDITY)
        for point in registry.points_of_role(role, nodes)
    ]
    if not points:
        return ""
    seen = readings.scan(points, *within_us)
    found = hashlib.sha256()
    for column in (seen.point, seen.time_us, seen.value, seen.flag):
        found.update(column.tobytes())
    return found.hexdigest()
