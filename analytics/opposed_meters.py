"""Which meters heat and which cool one place.

registry ─▶ the nearest place above the cooling that has heating too ─▶ OpposedMeters
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from analytics.hierarchy import ancestors
from metering.factor import factor_on
from metering.items import COOLING, HEATING, category, covers, purpose
from metering.registry import Meter, Registry

PLANT: Final = "01B10"
"""Electricity of chillers."""
OF_UNIT_MJ: Final = {"MJ": 1.0, "kWh": 3.6}
"""A chiller moves at least the energy that it takes."""
OF_KGCE_MJ: Final = 29.3076
"""Of a kilogram of standard coal, 7,000 kcal."""


@dataclass(frozen=True)
class OpposedMeters:
    """Meters that heat and meters that cool one place, by code."""

    node: str
    heating: tuple[str, ...]
    cooling: tuple[str, ...]
    heat_mj: Mapping[str, float]
    """Meter -> heat of its canonical unit [MJ]; of fuels by their factor of standard coal."""


def heats(item: str) -> bool:
    """Whether it is heat, or a gas that is mostly burned for it."""
    return purpose(item) == HEATING


def cools(item: str) -> bool:
    """Whether it is cold, or the electricity of a plant that makes it."""
    return purpose(item) == COOLING or covers(PLANT, item)


def opposed_meters(
    registry: Registry, meters: Iterable[Meter], day: date
) -> tuple[OpposedMeters, ...]:
    """The places of some meters that are heated and cooled on a day, by code. Meters that others
    of them feed count once; what has no heat of its unit is left out."""
    own = {one.code: one for one in meters if one.valid.holds(day)}
    heat = {code: _heat_of(registry, one, day) for code, one in own.items()}
    above = {
        code: (one.node, *registry.ancestors(one.node, day))
        for code, one in own.items()
        if heat[code]
    }
    found: dict[str, set[str]] = {}
    for code in (one for one in above if cools(own[one].item)):
        place = next((p for p in above[code] if any(_heating_at(own, above, p))), "")
        if place:
            found.setdefault(place, set()).add(code)
    feeders = {code: registry.feeders(code, day) for code in above}
    told = []
    for place, cooled in sorted(found.items()):
        heating, cooling = (
            tuple(sorted(one for one in side if not ancestors(one, feeders) & side))
            for side in (set(_heating_at(own, above, place)), cooled)
        )
        of_each = {one: heat[one] for one in (*heating, *cooling)}
        told.append(OpposedMeters(place, heating, cooling, of_each))
    return tuple(told)


def _heating_at(
    own: Mapping[str, Meter], above: Mapping[str, tuple[str, ...]], place: str
) -> Iterator[str]:
    return (code for code in above if heats(own[code].item) and place in above[code])


def _heat_of(registry: Registry, meter: Meter, day: date) -> float:
    """[MJ]; 0 where it is not known."""
    unit = category(meter.item).unit
    if unit in OF_UNIT_MJ:
        return OF_UNIT_MJ[unit]
    factor = factor_on(registry.factors, "kgce", meter.item, day)
    return 0.0 if factor is None else float(factor.value) * OF_KGCE_MJ
