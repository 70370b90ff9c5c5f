"""Checks of what is registered, on the day of each place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.repair import (
    LookedAt,
    Mending,
    MendingKind,
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
    from_sample,
    installed_row,
    mended,
    meter_row,
)
from figures import area_of, persons_of
from metering import items
from metering.factor import factor_on
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point
from metering.registry.facts.accounts import Account
from metering.registry.facts.office_hours import WorkingHours
from metering.registry.rows import as_text
from metering.registry.write import Record

AHEAD = timedelta(days=60)
"""What ends within is told."""
ELECTRICITY: Final = "01"
_SIZED = (NodeType.BUILDING, NodeType.DATACENTRE)
_BURNT: Final = frozenset({"01", "03", "04", "05", "07", "08", "09", "10", "11", "12"})
"""Categories that carbon and coal are told of."""
_OUTDOOR = "outdoor_temperature"
TARIFF, CALENDAR, FACTORS, ACCOUNTS = "tariff.csv", "calendar.csv", "factors.csv", "accounts.csv"
_NAMES = ("name_zh", "name_en")
_ALL: Final = "01000"
"""The whole electricity."""
_WHOLE_ASKS = ("code", "item", *_NAMES)
_USUAL: Final = {"start": "08:00", "end": "18:00", "days": "1-5"}
"""Hours that are proposed where none are registered."""
_VERIFIED = "V"
"""Grade of a factor that was seen in its official text."""
_NEARLY: Final = Fraction(49, 50)
"""A meter that counts this share of all others together may be the one of the whole."""
_YEAR: Final = timedelta(days=365)
_CENTRE_ENDS = (("utility", "ups_in"), ("it", "ups_out"))
"""Roles of what goes in and of what is used; the first of each is the better one."""


def _of_place(code: str, said: Said | None = None, mending: Mending | None = None) -> Repair:
    return Repair(RepairSubject.PLACE, code, said or {}, mending)


def _of_meter(meter: Meter, said: Said | None = None, mending: Mending | None = None) -> Repair:
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
        else _of_place(
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
        else _of_place(node.code, mending=_place_row(facts, node.code, _NAMES))
        for node, _ in facts.places
    )
    meters = (
        None
        if meter.name_zh or meter.name_en
        else _of_meter(meter, mending=meter_row(facts, meter.code, {}, _NAMES))
        for meter, _ in facts.meters
    )
    return looked_at([*places, *meters])


def no_area(facts: RepairFacts) -> LookedAt:
    """Buildings and data centres with meters."""
    return looked_at(
        _of_place(node.code, mending=_place_row(facts, node.code, ["area_m2"]))
        if area_of(facts.reach.registry, node.code, day) is None
        else None
        for node, day in facts.places
        if node.type in _SIZED and facts.meters_below(node.code)
    )


def no_persons(facts: RepairFacts) -> LookedAt:
    """Institutions with meters."""
    return looked_at(
        _of_place(node.code, mending=_place_row(facts, node.code, ["persons"]))
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
        else _of_place(node.code, mending=added(METERS, _whole_meter(node), _WHOLE_ASKS))
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
        else _of_place(node, _of_several(own), _largest(facts, own))
        for (node, _), own in _by_medium(facts)
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


def _by_medium(facts: RepairFacts) -> list[tuple[tuple[str, str], list[Meter]]]:
    found: dict[tuple[str, str], list[Meter]] = {}
    for meter, _ in facts.meters:
        found.setdefault((meter.node, meter.item[:2]), []).append(meter)
    return sorted(found.items())


def _of_several(meters: Sequence[Meter]) -> Said:
    return {"medium": items.whole(meters[0].item), "meters": len(meters)}


def no_tariff(facts: RepairFacts) -> LookedAt:
    """Media of places whose meters no tariff prices today."""
    return looked_at(_unpriced(facts, timedelta(0)))


def tariff_ends(facts: RepairFacts) -> LookedAt:
    """Media of places that are priced today, and will not be soon."""
    return looked_at(_unpriced(facts, AHEAD))


def _unpriced(facts: RepairFacts, ahead: timedelta) -> Iterator[Repair | None]:
    """A verdict for each medium of a place: of those that are priced today, where that is not the
    day in question."""
    days = {meter.code: day for meter, day in facts.meters}
    for (node, _), own in _by_medium(facts):
        priced = [m for m in own if not ahead or facts.choice.of(m.code, days[m.code])]
        without = [m for m in priced if facts.choice.of(m.code, days[m.code] + ahead) is None]
        if own[0].unit == "kvarh" or not priced:
            continue
        if not without:
            yield None
            continue
        said, day = _of_several(without), days[without[0].code]
        mending = _prolonged(facts, without[0], day) if ahead else _sample_price(facts, without[0])
        yield _of_place(node, said, mending)


def _sample_price(facts: RepairFacts, meter: Meter) -> Mending | None:
    whole = items.whole(meter.item)
    return from_sample(facts, TARIFF, lambda row: row["item"] == whole)


def _prolonged(facts: RepairFacts, meter: Meter, day: date) -> Mending | None:
    """A button that lets the price list of today hold for a year longer, or for as long as a person
    says."""
    scope = facts.choice.of(meter.code, day)
    for one in facts.reach.registry.tariff:
        if one.scope == scope and one.valid.holds(day) and one.valid.end is not None:
            began = as_text(one.valid.start)
            key = (one.tariff, one.item, one.institution, one.node, one.meter, began)
            longer = (one.valid.end + _YEAR).isoformat()
            return mended(facts, TARIFF, key, {"valid_to": longer}, asks=["valid_to"])
    return None


def no_carbon_factor(facts: RepairFacts) -> LookedAt:
    """Media that are burnt, or bought from who burns something."""
    return looked_at(_without_factor(facts, "kgco2"))


def no_coal_factor(facts: RepairFacts) -> LookedAt:
    """Likewise for standard coal."""
    return looked_at(_without_factor(facts, "kgce"))


def _without_factor(facts: RepairFacts, quantity: str) -> Iterator[Repair | None]:
    for item, day in _media(facts):
        found = factor_on(facts.reach.registry.factors, quantity, item, day)
        yield (
            None if found is not None else _of_medium(item, mending=_sampled(facts, item, quantity))
        )


def _sampled(facts: RepairFacts, item: str, quantity: str) -> Mending | None:
    wanted = (item, quantity)
    return from_sample(facts, FACTORS, lambda row: (row["item"], row["quantity"]) == wanted)


def _media(facts: RepairFacts) -> list[tuple[str, date]]:
    """What is metered today, as whole categories, each with a day."""
    found = {items.whole(m.item): day for m, day in facts.meters if m.item[:2] in _BURNT}
    return sorted(found.items())


def _of_medium(item: str, said: Said | None = None, mending: Mending | None = None) -> Repair:
    return Repair(RepairSubject.PLATFORM, item, {"medium": item, **(said or {})}, mending)


def factor_unverified(facts: RepairFacts) -> LookedAt:
    """Factors in use that nobody has seen in an official text."""
    used = (
        (item, factor_on(facts.reach.registry.factors, quantity, item, day))
        for item, day in _media(facts)
        for quantity in ("kgco2", "kgce")
    )
    return looked_at(
        None
        if factor.verified
        else _of_medium(
            item,
            {"quantity": factor.quantity, "value": str(factor.value)},
            mended(
                facts,
                FACTORS,
                (item, factor.quantity, factor.region, as_text(factor.valid.start)),
                {"grade": _VERIFIED},
                asks=("value", "source", "grade"),
            ),
        )
        for item, factor in used
        if factor is not None
    )


def no_outdoor_temperature(facts: RepairFacts) -> LookedAt:
    """Sites with meters."""
    points = [one for one in facts.reach.points.values() if one.role == _OUTDOOR]
    return looked_at(
        None
        if any(one.node in facts.below[node.code] for one in points)
        else _of_place(node.code, mending=_new_point(facts, node.code, _thermometer(node)))
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
        else _of_place(
            node.code,
            mending=added("office_hours.csv", {"node": node.code, **_USUAL}, tuple(_USUAL)),
        )
        for node, day in facts.places
        if node.type is NodeType.BUILDING
        and any(m.item[:2] == ELECTRICITY for m in facts.meters_below(node.code))
    )


def no_calendar(facts: RepairFacts) -> LookedAt:
    """The year of each institution's day: its holidays and make-up days."""
    return looked_at(_calendar_lacks(facts, timedelta(0)))


def calendar_ends(facts: RepairFacts) -> LookedAt:
    """The next year, once it is near, where this one is known."""
    return looked_at(_calendar_lacks(facts, AHEAD))


def _calendar_lacks(facts: RepairFacts, ahead: timedelta) -> Iterator[Repair | None]:
    known = {day.year for day in facts.reach.registry.calendar.days}
    for day in sorted({day for _, day in facts.places}):
        year = (day + ahead).year
        if ahead and (year == day.year or day.year not in known):
            yield from [None] if day.year in known else []
            continue
        if year in known:
            yield None
            continue
        days = from_sample(facts, CALENDAR, _is_in(year))
        yield Repair(RepairSubject.PLATFORM, f"calendar {year}", {"year": str(year)}, days)


def _is_in(year: int) -> Callable[[Record], bool]:
    return lambda row: row["date"].startswith(f"{year}-")


def calendar_provisional(facts: RepairFacts) -> LookedAt:
    """Days of the calendar that are near and not official yet."""
    days = facts.reach.registry.calendar.days
    today = min((day for _, day in facts.places), default=None)
    if today is None:
        return LookedAt(0)
    near = {day: one for day, one in sorted(days.items()) if today <= day <= today + AHEAD}
    open_ = [day for day, one in near.items() if one.status != "official"]
    if not open_:
        return LookedAt(len(days))
    said: Said = {"days": len(open_), "first": open_[0].isoformat()}
    rows = tuple(
        {**row, "status": "official"}
        for day in open_
        for row in facts.things(CALENDAR).get((day.isoformat(),), [])
    )
    confirmed = Mending(MendingKind.ROW, CALENDAR, rows, ("source",))
    return LookedAt(len(days), (Repair(RepairSubject.PLATFORM, "calendar", said, confirmed),))


def calibration_expired(facts: RepairFacts) -> LookedAt:
    """Registers of which it is known until when their calibration holds."""
    return looked_at(
        _of_meter(meter, {"until": str(one.calibrated_until)}, _calibrated(facts, one, point))
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
        _of_meter(meter, {"until": str(one.calibrated_until)}, _calibrated(facts, one, point))
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
        else _of_meter(meter, mending=_register_of(facts, meter))
        for meter, day in facts.meters
        if registry.formula(meter.code, day) is None
    )


def _register_of(facts: RepairFacts, meter: Meter) -> Mending:
    told = {"kind": str(Kind.REGISTER), "unit": meter.unit, "meter": meter.code}
    return _new_point(facts, meter.node, told, ("kind", "unit"))


def no_digits(facts: RepairFacts) -> LookedAt:
    """Registers that count on, in one direction."""
    return looked_at(
        _of_meter(meter, mending=installed_row(facts, one, point, {}, ["digits"]))
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


def no_account(facts: RepairFacts) -> LookedAt:
    """Meters of the whole electricity of a building or an institution."""
    accounts = [one for one in facts.facts_of("account") if isinstance(one, Account)]
    return looked_at(
        None
        if any(one.meter == meter.code and one.valid.holds(day) for one in accounts)
        else _of_meter(meter, mending=added(ACCOUNTS, {"meter": meter.code}, ["account"]))
        for meter, day in facts.meters
        if meter.total
        and meter.item[:2] == ELECTRICITY
        and not facts.reach.registry.feeders(meter.code, day)
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
    return _of_place(node, {"roles": ", ".join(lacking)}, mending)


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
