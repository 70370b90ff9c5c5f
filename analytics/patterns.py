"""The catalogue of patterns, and what a place lacks to be looked at for each.

    registry ──▶ what a place provides ─┐
    detectors ─▶ what each needs ───────┴─▶ checked │ needs ... │ not there

What nobody looks for is told as not there: a place cannot lack what would not be used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from analytics.billed import QUARTER_MIN, billed
from analytics.centres import centre_meters
from analytics.detectors import DETECTORS, FAULTS
from analytics.detectors.site import Input
from analytics.media import FLOWS
from analytics.opposed_meters import cools, heats
from analytics.sensors import (
    CO2,
    COMPRESSOR,
    DEHUMIDIFIER,
    HUMIDIFIER,
    IRRADIANCE,
    IT_USE,
    OUTDOOR_HUMIDITY,
    OUTDOOR_TEMPERATURE,
    PHASES,
    RACK_INLET,
    ROOM_TEMPERATURE,
    SUPPLY_AIR,
    WATER_BACK,
    WATER_OUT,
    sensed_at,
)
from metering.baseline import is_checked
from metering.items import CHILLER, covers, purpose
from metering.registry import Meter, NodeType, Registry

HOUR_MIN: Final = 60


class Need(StrEnum):
    """What a place may have registered, and a detector may need."""

    METER = "meter"
    """A meter with a point or a formula."""
    HOURLY_ENERGY = "hourly_energy"
    """A meter of electricity that is booked by the hour; or one of gas, heat or cooling, on a site
    with an OUTDOOR_TEMPERATURE."""
    HOURLY_FLOW = "hourly_flow"
    """A meter of water, gas, heat or cooling that is booked by the hour."""
    TOTAL_WITH_PARTS = "total_with_parts"
    GATEWAY_OF_METERS = "gateway_of_meters"
    """A gateway that serves two meters or more."""
    CONTRACT_POWER = "contract_power"
    """An account with contract_kw, whose meter is booked by the hour."""
    CONTRACT_PRICE = "contract_price"
    """Likewise by the quarter of an hour, and a plan with a charge of the contracted power."""
    DEMAND_PRICE = "demand_price"
    """An account whose plan has a charge of the demand, and its meter by the quarter of an hour."""
    REACTIVE_METER = "reactive_meter"
    """An account with power_factor, and both of its meters booked by the hour."""
    CENTRE_AND_IT = "centre_and_it"
    """Hourly meters of the supply (`utility`) and of the IT (`it`) of a data centre."""
    UPS_METERS = "ups_meters"
    """Likewise before and behind its UPS (`ups_in`, `ups_out`)."""
    ROOM_TEMPERATURE = "room_temperature"
    """A point of that role; likewise CO2, and OUTDOOR_TEMPERATURE at the site."""
    OUTDOOR_TEMPERATURE = "outdoor_temperature"
    CO2 = "co2"
    HEATING_AND_COOLING = "heating_and_cooling"
    """Meters of heat or gas, and of cooling or of the plant that makes it, booked by the hour."""
    PHASES = "phases"
    """Points of all three phases of a meter, by current, voltage or power."""
    OUTDOOR_HUMIDITY = "outdoor_humidity"
    """A point of that role at the site."""
    CHILLER = "chiller"
    """A meter of a chiller that is booked by the hour, and is of no data centre's cooling."""
    CENTRE_CHILLER = "centre_chiller"
    """One that is, by its dc_role."""
    IRRADIANCE = "irradiance"
    """A point of that role at the node of an hourly meter of solar panels."""
    HUMIDITY_UNITS = "humidity_units"
    """Points of the states of humidifiers and dehumidifiers, of one meter of cooling."""
    COMPRESSOR = "compressor"
    """A point of a compressor's state, likewise."""
    CENTRE_AIR = "centre_air"
    """A point of supply air or of a rack's inlet, of a meter of cooling that is booked by the
    hour."""
    CHILLED_WATER = "chilled_water"
    """Points of chilled water, out and back, likewise."""
    IT_UTILISATION = "it_utilisation"
    """A point of that role, of a meter of the IT that is booked by the hour."""


class Checking(StrEnum):
    """Whether a pattern is looked for at a place."""

    CHECKED = "checked"
    NEEDS = "needs"
    NOT_THERE = "not_there"
    """Nothing looks for it yet, whatever a place has."""


REQUIRED: Final[Mapping[Input, frozenset[Need]]] = {
    Input.EVENTS: frozenset({Need.METER}),
    Input.BASELINE: frozenset({Need.HOURLY_ENERGY}),
    Input.BALANCE: frozenset({Need.TOTAL_WITH_PARTS}),
    Input.FLOW: frozenset({Need.HOURLY_FLOW}),
    Input.OUTAGE: frozenset({Need.GATEWAY_OF_METERS}),
    Input.CONTRACT: frozenset({Need.CONTRACT_POWER}),
    Input.CONTRACT_YEAR: frozenset({Need.CONTRACT_PRICE}),
    Input.DEMAND: frozenset({Need.DEMAND_PRICE}),
    Input.REACTIVE: frozenset({Need.REACTIVE_METER}),
    Input.CENTRE: frozenset({Need.CENTRE_AND_IT}),
    Input.UPS: frozenset({Need.UPS_METERS}),
    Input.ROOM: frozenset({Need.METER, Need.ROOM_TEMPERATURE, Need.OUTDOOR_TEMPERATURE}),
    Input.AIR: frozenset({Need.METER, Need.CO2}),
    Input.METER: frozenset({Need.METER}),
    Input.OPPOSED: frozenset({Need.HEATING_AND_COOLING, Need.OUTDOOR_TEMPERATURE}),
    Input.PHASES: frozenset({Need.PHASES}),
    Input.WET_BULB: frozenset({Need.OUTDOOR_TEMPERATURE, Need.OUTDOOR_HUMIDITY}),
    Input.CHILLER: frozenset({Need.CHILLER}),
    Input.CENTRE_CHILLER: frozenset({Need.CENTRE_CHILLER}),
    Input.IRRADIANCE: frozenset({Need.IRRADIANCE}),
    Input.HUMIDITY_UNITS: frozenset({Need.HUMIDITY_UNITS}),
    Input.COMPRESSOR: frozenset({Need.COMPRESSOR}),
    Input.CENTRE_AIR: frozenset({Need.CENTRE_AIR}),
    Input.CHILLED_WATER: frozenset({Need.CHILLED_WATER}),
    Input.IT_USE: frozenset({Need.IT_UTILISATION}),
}
"""What must be registered before a site can have an input."""

CATALOGUE: Final[Mapping[str, tuple[str, ...]]] = {
    "meter": (
        *("gateway_silent", "meter_gap", "meter_stuck", "meter_zero", "meter_spike"),
        *("meter_negative", "meter_multiplier", "meter_clock", "meter_phase", "balance_drift"),
    ),
    "load": (
        *("after_hours_plant", "weekend_run", "early_start", "late_stop", "high_base_load"),
        *("base_load_creep", "unexplained_excess", "lighting_after_hours", "short_cycling"),
    ),
    "weather": (
        "slope_degradation",
        *("heating_and_cooling", "lost_setback", "balance_point_shift", "free_cooling_missed"),
    ),
    "demand": ("demand_over_contract", "contract_too_large", "peak_excess"),
    "power_factor": ("low_power_factor",),
    "comfort": ("room_too_cold", "room_too_warm", "stale_air"),
    "water": ("night_flow",),
    "generation": ("solar_under_yield",),
    "datacentre": (
        *("pue_excess", "ups_loss", "idle_servers", "dc_free_cooling_missed", "dc_overcooling"),
        *("dc_low_delta_t", "dc_crac_fighting", "dc_units_too_many"),
    ),
}
"""Patterns by group, as people look for them. A detector that stands in none of them joins the
meter faults or the loads."""


@dataclass(frozen=True)
class PatternChecked:
    """A pattern at a place."""

    pattern: str
    group: str
    checking: Checking
    needs: tuple[Need, ...] = ()
    """What the place lacks; () unless it is NEEDS."""


def checked(provided: Collection[Need]) -> tuple[PatternChecked, ...]:
    """Every pattern in the order of the catalogue, at a place that provides so much."""
    return tuple(_checked(group, pattern, provided) for group, pattern in _grouped())


def _grouped() -> Iterator[tuple[str, str]]:
    named = {one for names in CATALOGUE.values() for one in names}
    for group, names in CATALOGUE.items():
        yield from ((group, one) for one in names)
        more = [one for one in DETECTORS if one not in named and group == _usual_group(one)]
        yield from ((group, one) for one in more)


def _usual_group(pattern: str) -> str:
    return "meter" if pattern in FAULTS else "load"


def _checked(group: str, pattern: str, provided: Collection[Need]) -> PatternChecked:
    detector = DETECTORS.get(pattern)
    if detector is None:
        return PatternChecked(pattern, group, Checking.NOT_THERE)
    wanted = frozenset[Need]().union(*(REQUIRED[one] for one in detector.needs))
    lacks = tuple(need for need in Need if need in wanted and need not in provided)
    return PatternChecked(pattern, group, Checking.NEEDS if lacks else Checking.CHECKED, lacks)


def provided(registry: Registry, nodes: Collection[str], day: date) -> frozenset[Need]:
    """What is registered of some nodes on a day. Whether it sends anything is another matter:
    missing readings are told as such."""
    meters = [
        meter
        for node in nodes
        for meter in registry.meters_at(node)
        if meter.valid.holds(day) and _is_read(registry, meter, day)
    ]
    places = frozenset(nodes)
    by_hour = {meter.code for meter in meters if meter.step_min <= HOUR_MIN}
    hourly = {registry.meters[code].item for code in by_hour}
    by_quarter = {meter.code for meter in meters if meter.step_min <= QUARTER_MIN}
    accounts = billed(registry, by_hour, day)
    centres = centre_meters(registry, (registry.meters[code] for code in by_hour), day)
    roles = [set(one.roles) for one in centres]
    cooling = {code for one in centres for code in one.meters("cooling")}
    chillers = {code for code in by_hour if covers(CHILLER, registry.meters[code].item)}
    around = _sites(registry, places, day)
    outdoor = bool(registry.points_of_role(OUTDOOR_TEMPERATURE, around))
    sensed = _sensed(registry, (registry.meters[code] for code in by_hour), places, day)
    there = {
        Need.METER: bool(meters),
        Need.HOURLY_ENERGY: any(
            is_checked(item) and (outdoor or not purpose(item)) for item in hourly
        ),
        Need.HOURLY_FLOW: any(item[:2] in FLOWS for item in hourly),
        Need.TOTAL_WITH_PARTS: _has_parts(registry, meters),
        Need.GATEWAY_OF_METERS: _has_shared_gateway(registry, meters, day),
        Need.CONTRACT_POWER: any(one.contract_kw for one in accounts),
        Need.CONTRACT_PRICE: any(
            one.contract_kw and one.contracted for one in accounts if one.meter in by_quarter
        ),
        Need.DEMAND_PRICE: any(one.demanded for one in accounts if one.meter in by_quarter),
        Need.REACTIVE_METER: any(one.power_factor and one.reactive in by_hour for one in accounts),
        Need.CENTRE_AND_IT: any({"utility", "it"} <= own for own in roles),
        Need.UPS_METERS: any({"ups_in", "ups_out"} <= own for own in roles),
        Need.PHASES: any(own >= set(roles) for own in sensed for roles in PHASES),
        Need.OUTDOOR_HUMIDITY: bool(registry.points_of_role(OUTDOOR_HUMIDITY, around)),
        Need.CHILLER: bool(chillers - cooling),
        Need.CENTRE_CHILLER: bool(chillers & cooling),
        Need.IRRADIANCE: any(IRRADIANCE in own for own in sensed),
        Need.HUMIDITY_UNITS: any(own >= {HUMIDIFIER, DEHUMIDIFIER} for own in sensed),
        Need.COMPRESSOR: any(COMPRESSOR in own for own in sensed),
        Need.CENTRE_AIR: any(own & {SUPPLY_AIR, RACK_INLET} for own in sensed),
        Need.CHILLED_WATER: any(own >= {WATER_OUT, WATER_BACK} for own in sensed),
        Need.IT_UTILISATION: any(IT_USE in own for own in sensed),
        Need.ROOM_TEMPERATURE: bool(registry.points_of_role(ROOM_TEMPERATURE, places)),
        Need.CO2: bool(registry.points_of_role(CO2, places)),
        Need.OUTDOOR_TEMPERATURE: outdoor,
        Need.HEATING_AND_COOLING: any(map(heats, hourly)) and any(map(cools, hourly)),
    }
    return frozenset(need for need, stands in there.items() if stands)


def _sensed(
    registry: Registry, meters: Iterable[Meter], places: frozenset[str], day: date
) -> list[frozenset[str]]:
    """The roles that are known of each of some meters."""
    found: dict[str, set[str]] = {}
    for one, _ in sensed_at(registry, meters, places, day):
        found.setdefault(one.meter, set()).add(one.role)
    return [frozenset(own) for own in found.values()]


def _sites(registry: Registry, places: Collection[str], day: date) -> frozenset[str]:
    """Everything on the sites of some places: they share a thermometer."""
    sites = {
        above
        for place in places
        for above in (place, *registry.ancestors(place, day))
        if registry.nodes[above].type is NodeType.SITE
    }
    return frozenset().union(places, *(registry.subtree(site) for site in sites))


def _is_read(registry: Registry, meter: Meter, day: date) -> bool:
    return registry.formula(meter.code, day) is not None or any(
        one.valid.holds(day) for one in registry.installations_of(meter.code)
    )


def _has_parts(registry: Registry, meters: Iterable[Meter]) -> bool:
    """Whether a total has another meter of its category at its place or below."""
    by_category: dict[str, list[Meter]] = {}
    for meter in meters:
        by_category.setdefault(meter.item[:2], []).append(meter)
    return any(
        _is_part(part, total) and part.node in registry.subtree(total.node)
        for own in by_category.values()
        for total in own
        if total.total
        for part in own
    )


def _is_part(part: Meter, total: Meter) -> bool:
    return part.code != total.code and not (part.total and part.node == total.node)


def _has_shared_gateway(registry: Registry, meters: Iterable[Meter], day: date) -> bool:
    served = Counter(
        registry.points[one.point].gateway
        for meter in meters
        for one in registry.installations_of(meter.code)
        if one.valid.holds(day)
    )
    return any(count > 1 for count in served.values())
