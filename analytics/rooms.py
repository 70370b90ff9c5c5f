"""Rooms by the hour, and the days on which one of them is not as it should be.

readings of a role ─▶ hourly means of a room ─▶ bad hours ─▶ bad days ─▶ five of seven
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np

from analytics.bins import HourCalendar
from analytics.groups import Bools, Floats, Ints
from analytics.lasting import lasting
from metering.items import covers
from metering.registry import Meter, Point, Registry

ROOM_TEMPERATURE: Final = "room_temperature"
CO2: Final = "co2"
ROOM_ROLES: Final = (ROOM_TEMPERATURE, CO2)
PREFERRED: Final = ("01B00", "01000")
"""Items of the meter that is told of a room, the first that is there."""
BAD_SHARE = 0.5
"""Of a day's known office hours, from which on the day is bad."""
LEAST_HOURS = 4
"""Known office hours of a day that is judged."""


@dataclass(frozen=True, eq=False)
class RoomHours:
    """What a room's sensors of one role say."""

    node: str
    role: str
    meter: str
    """The meter that is told of it."""
    values: Floats = field(default_factory=lambda: np.zeros(0))
    """Hourly means in the unit of the role [C, ppm], (hours of the site,); NaN where unknown."""


def rooms_of(
    registry: Registry, meters: Iterable[Meter], nodes: frozenset[str], day: date
) -> list[tuple[RoomHours, list[Point]]]:
    """Rooms of a site with their points, by role and node; rooms without a meter at or above them
    are none."""
    at: dict[str, list[Meter]] = {}
    for meter in sorted(meters, key=lambda one: one.code):
        at.setdefault(meter.node, []).append(meter)
    found: dict[tuple[str, str], list[Point]] = {}
    for role in ROOM_ROLES:
        for point in registry.points_of_role(role, nodes):
            found.setdefault((role, str(point.node)), []).append(point)
    told = []
    for (role, node), points in sorted(found.items()):
        meter_code = _meter_of(at, [node, *registry.ancestors(node, day)])
        if meter_code:
            told.append((RoomHours(node, role, meter_code), points))
    return told


def _meter_of(at: dict[str, list[Meter]], places: Sequence[str]) -> str:
    """Of the nearest place with a meter: that of the air conditioning, else of electricity, else
    the first."""
    own = next((at[place] for place in places if place in at), [])
    for item in PREFERRED:
        for meter in own:
            if covers(item, meter.item):
                return meter.code
    return own[0].code if own else ""


def bad_hours(
    rooms: Sequence[RoomHours], clock: HourCalendar, is_bad: Callable[[Floats], Bools]
) -> dict[str, list[tuple[RoomHours, Ints]]]:
    """Meter -> its rooms that are bad on five days of seven, each with its bad hours on them (rows
    of the clock). A day is bad in half of its known office hours; people work on it."""
    found: dict[str, list[tuple[RoomHours, Ints]]] = {}
    worked = clock.daytime & clock.working
    days, place = np.unique(clock.day, return_inverse=True)
    for room in rooms:
        known = worked & np.isfinite(room.values)
        bad = known & is_bad(room.values)
        count = np.bincount(place[known], minlength=days.size)
        share = np.bincount(place[bad], minlength=days.size) / np.maximum(count, 1)
        runs = lasting(days[(count >= LEAST_HOURS) & (share >= BAD_SHARE)].tolist())
        inside = bad & np.isin(clock.day, [day for run in runs for day in run])
        if inside.any():
            found.setdefault(room.meter, []).append((room, np.flatnonzero(inside).astype(np.int64)))
    return found
