"""Checks of what is registered, on the day of each place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Final

from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.repair import (
    LookedAt,
    Mending,
    Repair,
    RepairSubject,
    Said,
    looked_at,
)
from api.usecases.repairs.rows import (
    METERS,
    POINTS,
    TREE,
    added,
    installed_row,
    mended,
    meter_row,
)
from figures import area_of, persons_of
from metering import items
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point
from metering.registry.facts.office_hours import WorkingHours
from metering.registry.write import Record

AHEAD = timedelta(days=60)
"""What ends within is told."""
ELECTRICITY: Final = "01"
_SIZED = (NodeType.BUILDING, NodeType.DATACENTRE)
_OUTDOOR = "outdoor_temperature"
_NAMES = ("name_zh", "name_en")
_ALL: Final = "01000"
"""The whole electricity."""
_WHOLE_ASKS = ("code", "item", *_NAMES)
_USUAL: Final = {"start": "08:00", "end": "18:00", "days": "1-5"}
"""Hours that are proposed where none are registered."""
_NEARLY: Final = Fraction(49, 50)
"""A meter that counts this share of all others together may be the one of the whole."""
_CENTRE_ENDS = (("utility", "ups_in"), ("it", "ups_out"))
"""Roles of what goes in and of what is used; the first of each is the better one."""


def of_place(code: str, said: Said | None = None, mending: Mending | None = None) -> Repair:
    """What is to be repaired of a place."""
    return Repair(RepairSubject.PLACE, code, said or {}, mending)


def of_meter(meter: Meter, said: Said | None = None, mending: Mending | None = None) -> Repair:
    """What is to be repaired of a meter."""
    return Repair(RepairSubject.METER, meter.code, said or {}, mending)


def _place_row(
    facts: RepairFacts, node: str, asks: Sequence[str], changed: Mapping[str, str] | None = None
) -> Mending | None:
    return mended(facts, TREE, (node,), changed or {}, asks=asks)


def no_zone(facts: RepairFacts) -> LookedAt:
    """Institutions of which neither they nor what is above or below them has a time zone."""
    registry = facts.reach.registry
    return looked_at(
        None
        if any(
            registry.nodes[one].zone
            for one in (*registry.ancestors(node.code), *registry.subtree(node.code))
        )
        else of_place(
            node.code,
            {"zone": (zone := registry.zone(node.code))},
            _place_row(facts, node.code, ["zone"], {"zone": zone}),
        )
        for node, _ in facts.places
        if node.type is NodeType.INSTITUTION
    )


def no_name(facts: RepairFacts) -> LookedAt:
    """Places and meters that have no name in any language."""
    places = (
        None
        if node.name_zh or node.name_en
        else of_place(node.code, mending=_place_row(facts, node.code, _NAMES))
        for node, _ in facts.places
    )
    meters = (
        None
        if meter.name_zh or meter.name_en
        else of_meter(meter, mending=meter_row(facts, meter.code, {}, _NAMES))
        for meter, _ in facts.meters
    )
    return looked_at([*places, *meters])


def no_area(facts: RepairFacts) -> LookedAt:
    """Buildings and data centres with meters."""
    return looked_at(
        of_place(node.code, mending=_place_row(facts, node.code, ["area_m2"]))
        if area_of(facts.reach.registry, node.code, day) is None
        else None
        for node, day in facts.places
        if node.type in _SIZED and facts.meters_below(node.code)
    )


def no_persons(facts: RepairFacts) -> LookedAt:
    """Institutions with meters."""
    return looked_at(
        of_place(node.code, mending=_place_row(facts, node.code, ["persons"]))
        if persons_of(facts.reach.registry, node.code, day) is None
        else None
        for node, day in facts.places
        if node.type is NodeType.INSTITUTION and facts.meters_below(node.code)
    )


def no_meter(facts: RepairFacts) -> LookedAt:
    """Buildings and data centres."""
    return looked_at(
        None
        if facts.meters_below(node.code)
        else of_place(node.code, mending=added(METERS, _whole_meter(node), _WHOLE_ASKS))
        for node, _ in facts.places
        if node.type in _SIZED
    )


def _whole_meter(node: Node) -> Record:
    """The meter of the whole electricity of a place, as it is proposed."""
    return {"code": f"{node.code}-total", "node": node.code, "item": _ALL, "total": "yes"}


def no_total(facts: RepairFacts) -> LookedAt:
    """Places with several meters of a medium, and none that measures the whole of it."""
    return looked_at(
        None
        if any(meter.total for meter in own)
        else of_place(node, of_several(own), _largest(facts, own))
        for (node, _), own in by_medium(facts)
        if len(own) > 1
    )


def _largest(facts: RepairFacts, meters: Sequence[Meter]) -> Mending | None:
    """A button for the one meter that counts as much as all others together."""
    used = {
        meter.code: energy
        for meter in meters
        if (of := facts.booked.get(meter.code)) is not None and (energy := of.energy) is not None
    }
    if len(used) < len(meters):
        return None
    first = max(meters, key=lambda meter: used[meter.code])
    others = sum(energy for code, energy in used.items() if code != first.code)
    whole = bool(used[first.code]) and used[first.code] >= others * _NEARLY
    return meter_row(facts, first.code, {"total": "yes"}) if whole else None


def by_medium(facts: RepairFacts) -> list[tuple[tuple[str, str], list[Meter]]]:
    """The meters of each place and medium: ((node, item of the whole), meters)."""
    found: dict[tuple[str, str], list[Meter]] = {}
    for meter, _ in facts.meters:
        found.setdefault((meter.node, meter.item[:2]), []).append(meter)
    return sorted(found.items())


def of_several(meters: Sequence[Meter]) -> Said:
    """What is said of meters of one place and medium."""
    return {"medium": items.whole(meters[0].item), "meters": len(meters)}


def no_outdoor_temperature(facts: RepairFacts) -> LookedAt:
    """Sites with meters."""
    points = [one for one in facts.reach.points.values() if one.role == _OUTDOOR]
    return looked_at(
        None
        if any(one.node in facts.below[node.code] for one in points)
        else of_place(node.code, mending=_new_point(facts, node.code, _thermometer(node)))
        for node, _ in facts.places
        if node.type is NodeType.SITE and facts.meters_below(node.code)
    )


def _thermometer(node: Node) -> Record:
    return {"kind": str(Kind.INSTANT), "unit": "C", "role": _OUTDOOR, "node": node.code}


def _new_point(facts: RepairFacts, node: str, told: Record, asks: Sequence[str] = ()) -> Mending:
    """A button for a point that is not registered yet; its gateway is proposed where the site has
    but one."""
    registry = facts.reach.registry
    above = {node, *registry.ancestors(node)}
    own = [user for user, one in facts.reach.gateways.items() if one.site in above]
    gateway = {"gateway": own[0]} if len(own) == 1 else {}
    return added(POINTS, {**told, **gateway}, ("gateway", "point", *asks))


def no_office_hours(facts: RepairFacts) -> LookedAt:
    """Buildings with meters of electricity for which usual hours are taken."""
    hours = [one for one in facts.facts_of("office_hours") if isinstance(one, WorkingHours)]
    return looked_at(
        None
        if any(
            one.node in {node.code, *facts.reach.registry.ancestors(node.code, day)}
            and one.valid.holds(day)
            for one in hours
        )
        else of_place(
            node.code,
            mending=added("office_hours.csv", {"node": node.code, **_USUAL}, tuple(_USUAL)),
        )
        for node, day in facts.places
        if node.type is NodeType.BUILDING
        and any(m.item[:2] == ELECTRICITY for m in facts.meters_below(node.code))
    )


def calibration_expired(facts: RepairFacts) -> LookedAt:
    """Registers of which it is known until when their calibration holds."""
    return looked_at(
        of_meter(meter, {"until": str(one.calibrated_until)}, _calibrated(facts, one, point))
        if one.is_expired(day)
        else None
        for meter, one, point, day in facts.installed
        if one.calibrated_until is not None
    )


def _calibrated(facts: RepairFacts, one: Installation, point: Point) -> Mending | None:
    return installed_row(facts, one, point, {}, ["calibrated_until"])


def calibration_ends(facts: RepairFacts) -> LookedAt:
    """Likewise of those whose calibration still holds."""
    return looked_at(
        of_meter(meter, {"until": str(one.calibrated_until)}, _calibrated(facts, one, point))
        if one.is_expired(day + AHEAD)
        else None
        for meter, one, point, day in facts.installed
        if one.calibrated_until is not None and not one.is_expired(day)
    )


def no_register(facts: RepairFacts) -> LookedAt:
    """Meters of today, but for those made of others."""
    registry = facts.reach.registry
    return looked_at(
        None
        if any(one.valid.holds(day) for one in registry.installations_of(meter.code))
        else of_meter(meter, mending=_register_of(facts, meter))
        for meter, day in facts.meters
        if registry.formula(meter.code, day) is None
    )


def _register_of(facts: RepairFacts, meter: Meter) -> Mending:
    told = {"kind": str(Kind.REGISTER), "unit": meter.unit, "meter": meter.code}
    return _new_point(facts, meter.node, told, ("kind", "unit"))


def no_digits(facts: RepairFacts) -> LookedAt:
    """Registers that count on, in one direction."""
    return looked_at(
        of_meter(meter, mending=installed_row(facts, one, point, {}, ["digits"]))
        if one.digits is None
        else None
        for meter, one, point, _ in facts.installed
        if point.kind is Kind.REGISTER and not one.signed
    )


def unused_point(facts: RepairFacts) -> LookedAt:
    """Points that count energy, as far as these are ever of a meter."""
    serves = facts.reach.registry.meters_of_point
    return looked_at(
        None
        if serves(point.id)
        else Repair(
            RepairSubject.POINT,
            f"{point.gateway}/{point.name}",
            {"unit": point.unit},
            mended(
                facts,
                POINTS,
                (point.gateway, point.name),
                {},
                asks=["meter"],
                part={"meter": ""},
            ),
        )
        for point in facts.reach.points.values()
        if point.kind in (Kind.REGISTER, Kind.INTERVAL) and point.role is None
    )


def centre_without_ends(facts: RepairFacts) -> LookedAt:
    """Data centres of which what goes in, or what is used, is not metered."""
    return looked_at(
        _centre(facts, node.code) for node, _ in facts.places if node.type is NodeType.DATACENTRE
    )


def _centre(facts: RepairFacts, node: str) -> Repair | None:
    meters = facts.meters_below(node)
    there = {meter.dc_role for meter in meters}
    lacking = [roles[0] for roles in _CENTRE_ENDS if not there & set(roles)]
    if not lacking:
        return None
    mendings = (_end_of(facts, meters, role) for role in lacking)
    mending = next((one for one in mendings if one is not None), None)
    return of_place(node, {"roles": ", ".join(lacking)}, mending)


def _end_of(facts: RepairFacts, meters: Iterable[Meter], role: str) -> Mending | None:
    """A button for the one meter of electricity that may have the role that lacks: the whole goes
    in, the others are what is used."""
    fitting = [
        meter
        for meter in meters
        if meter.dc_role is None
        and meter.item[:2] == ELECTRICITY
        and meter.total is (role == _CENTRE_ENDS[0][0])
    ]
    if len(fitting) != 1:
        return None
    return meter_row(facts, fitting[0].code, {"dc_role": role}, ["dc_role"])
