"""Points with a role by the hour, and the meter that is told of each.

    point with role and node ─▶ its role says how far it is read, and of which meter it speaks
    points of a node and role ─▶ hours (`sampled`) ─▶ SensedHours

A room speaks of the nearest meter at it or above; air and water of a data centre of the meter of
its cooling; the use of servers of that of the IT, or of the meter of their rack; irradiance of the
meter of the panels at its node. A phase speaks of the meter of its own device: the one at the node
whose register comes from the same gateway, and of several the one whose name there begins alike:
`E1.current_a` is of the meter that `E1.import` serves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np

from analytics.groups import Floats, Ints
from analytics.sampled import hourly_means, parts_on, starts
from metering.items import covers
from metering.reading import ReadingColumns
from metering.registry import Meter, Point, Registry

OUTDOOR_TEMPERATURE: Final = "outdoor_temperature"
OUTDOOR_HUMIDITY: Final = "outdoor_humidity"
ROOM_TEMPERATURE: Final = "room_temperature"
CO2: Final = "co2"
CURRENTS: Final = ("current_a", "current_b", "current_c")
VOLTAGES: Final = ("voltage_a", "voltage_b", "voltage_c")
POWERS: Final = ("power_a", "power_b", "power_c")
PHASES: Final = (CURRENTS, VOLTAGES, POWERS)
IT_USE: Final = "it_utilisation"
SUPPLY_AIR: Final = "supply_air_temperature"
RETURN_AIR: Final = "return_air_temperature"
RACK_INLET: Final = "rack_inlet_temperature"
WATER_OUT: Final = "chilled_water_supply_temperature"
WATER_BACK: Final = "chilled_water_return_temperature"
IRRADIANCE: Final = "irradiance"
HUMIDIFIER: Final = "humidifier"
DEHUMIDIFIER: Final = "dehumidifier"
COMPRESSOR: Final = "compressor"
PREFERRED: Final = ("01B00", "01000")
"""Items of the meter that is told of a room, the first that is there."""
ROOM_DAYS: Final = 28
"""Days of which rooms are looked at."""
ELECTRICITY: Final = "01000"

At = Mapping[str, Sequence[Meter]]
"""Meters of a site by their node."""


@dataclass(frozen=True, eq=False)
class SensedHours:
    """What the points of one role say at a node."""

    node: str
    role: str
    meter: str
    """The meter that is told of it."""
    values: Floats = field(default_factory=lambda: np.zeros(0))
    """By the hour, in the unit of the role [C, ppm, A, ...], (hours of the site,), as its role
    makes them; NaN where unknown."""


@dataclass(frozen=True)
class SensorRole:
    """What the points of a role are read for."""

    meter: Callable[[Registry, At, Point, date], str]
    """The meter that one of them speaks of; '' where that is none."""
    days: int | None = None
    """So many last days of the window are read; None is all of it."""
    apart: bool = False
    """Whether each point of a node is told by itself; else all of them together."""
    hours: Callable[[ReadingColumns, Ints], Floats] = hourly_means
    """What readings and the starts of hours come to, (hours,)."""


def _of_place(registry: Registry, at: At, point: Point, day: date) -> str:
    """Of the nearest place with a meter: that of the air conditioning, else of electricity, else
    the first."""
    places = [str(point.node), *registry.ancestors(str(point.node), day)]
    own = next((at[place] for place in places if place in at), [])
    for item in PREFERRED:
        for meter in own:
            if covers(item, meter.item):
                return meter.code
    return own[0].code if own else ""


def _of_servers(registry: Registry, at: At, point: Point, day: date) -> str:
    """The only meter of electricity at its node, such as a rack's; else that of the IT at the
    nearest place that has one."""
    own = [one for one in at.get(str(point.node), ()) if covers(ELECTRICITY, one.item)]
    return own[0].code if len(own) == 1 else _with_dc_role(registry, at, point, day, "it")


def _of_cooling(registry: Registry, at: At, point: Point, day: date) -> str:
    """The meter of a data centre's cooling at the nearest place that has one; else as of a room."""
    own = _with_dc_role(registry, at, point, day, "cooling")
    return own or _of_place(registry, at, point, day)


def _with_dc_role(registry: Registry, at: At, point: Point, day: date, role: str) -> str:
    places = [str(point.node), *registry.ancestors(str(point.node), day)]
    fitting = (one.code for place in places for one in at.get(place, ()) if one.dc_role == role)
    return next(fitting, "")


def _of_panels(registry: Registry, at: At, point: Point, day: date) -> str:
    """The only meter of electricity that exports at its node; else the only one there."""
    own = [one.code for one in at.get(str(point.node), ()) if covers(ELECTRICITY, one.item)]
    export = [
        code
        for code in own
        if any(one.sign < 0 and one.valid.holds(day) for one in registry.installations_of(code))
    ]
    panels = export or own
    return panels[0] if len(panels) == 1 else ""


def _of_device(registry: Registry, at: At, point: Point, day: date) -> str:
    """The meter of electricity at its node that is read by the same device."""
    registers = {
        meter.code: registry.points[one.point].name
        for meter in at.get(str(point.node), ())
        if covers(ELECTRICITY, meter.item)
        for one in registry.installations_of(meter.code)
        if one.valid.holds(day) and registry.points[one.point].gateway == point.gateway
    }
    if len(registers) > 1:
        registers = {c: one for c, one in registers.items() if _device(one) == _device(point.name)}
    return next(iter(registers)) if len(registers) == 1 else ""


def _device(name: str) -> str:
    """What stands before the last dot of a point's name."""
    return name.rpartition(".")[0]


ROLES: Final[Mapping[str, SensorRole]] = {
    ROOM_TEMPERATURE: SensorRole(_of_place, ROOM_DAYS),
    CO2: SensorRole(_of_place, ROOM_DAYS),
    IT_USE: SensorRole(_of_servers),
    **{role: SensorRole(_of_cooling, ROOM_DAYS) for role in (SUPPLY_AIR, RETURN_AIR)},
    RACK_INLET: SensorRole(_of_cooling, ROOM_DAYS, apart=True),
    **{role: SensorRole(_of_cooling) for role in (WATER_OUT, WATER_BACK)},
    IRRADIANCE: SensorRole(_of_panels),
    **{
        role: SensorRole(_of_cooling, ROOM_DAYS, apart=True, hours=parts_on)
        for role in (HUMIDIFIER, DEHUMIDIFIER)
    },
    COMPRESSOR: SensorRole(_of_cooling, ROOM_DAYS, apart=True, hours=starts),
    **{role: SensorRole(_of_device) for roles in PHASES for role in roles},
}
"""What is looked at, beside the weather of the site."""


def sensed_at(
    registry: Registry, meters: Iterable[Meter], nodes: frozenset[str], day: date
) -> list[tuple[SensedHours, list[Point]]]:
    """What is sensed on a site, with the points, by role, node and meter, and by point where its
    role stands apart; what speaks of no meter of the site is left out."""
    at: dict[str, list[Meter]] = {}
    for meter in sorted(meters, key=lambda one: one.code):
        at.setdefault(meter.node, []).append(meter)
    found: dict[tuple[str, str, str, int], list[Point]] = {}
    for role, kind in ROLES.items():
        for point in registry.points_of_role(role, nodes):
            code = kind.meter(registry, at, point, day)
            if code:
                apart = point.id if kind.apart else 0
                found.setdefault((role, str(point.node), code, apart), []).append(point)
    return [
        (SensedHours(node, role, meter), points)
        for (role, node, meter, _), points in sorted(found.items())
    ]
