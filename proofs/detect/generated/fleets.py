"""Plants, weather, calendars, events and registers put together into fleets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from proofs.detect.fleet import Fleet, Floats, Ints, Label
from proofs.detect.generated.calendars import Calendars, made_calendars
from proofs.detect.generated.chance import YEAR, stream
from proofs.detect.generated.faults import FAULTS
from proofs.detect.generated.harmless import FEW, MANY, Often, changed, of_weather
from proofs.detect.generated.physics import Physics, felt_air, made_physics
from proofs.detect.generated.plans import lasting, planned
from proofs.detect.generated.plants import Plant, made_plant
from proofs.detect.generated.register import counted, gaps, pulse_kwh
from proofs.detect.generated.waste import WASTE, Event, excess
from proofs.detect.generated.weather import Weather, made_weather

METERS, STATIONS = 300, 5
WITHOUT_WEATHER = 0.02
"""Share of the meters whose weather nobody knows."""
NEVER = Often(closures=0.0, tenants=0.0)
Plan = Callable[[np.random.Generator, Physics, int], list[Event]]


@dataclass(frozen=True, eq=False)
class _Ground:
    weather: Weather
    calendars: Calendars
    plants: list[Plant]
    physics: list[Physics]
    at: Ints
    """Station of each meter, known or not."""


def generated_fleet(seed: int, meters: int = METERS, stations: int = STATIONS) -> Fleet:
    """Meters with one event a year on average, in both years, labels of both; two thirds of them
    have events in the second. Equal seeds give equal fleets, whatever the number of meters."""
    return _fleet("generated", _world(seed, meters, stations), seed, _as_planned, FEW)


def undisturbed(seed: int, meters: int = METERS, stations: int = STATIONS) -> Fleet:
    """The `generated_fleet` as it would be if the second year's events had not happened."""
    return _fleet("undisturbed", _world(seed, meters, stations), seed, _first_year, FEW)


def harmless_fleet(seed: int, meters: int = METERS, stations: int = STATIONS) -> Fleet:
    """No waste and no faults, but closures, new tenants and weather never seen, with labels."""
    return _fleet("harmless", _world(seed, meters, stations), seed, _nothing, MANY)


def lasting_fleet(seed: int, meters: int = METERS, stations: int = STATIONS) -> Fleet:
    """Nothing but one waste of the second year at each meter, of 14 to 90 days."""
    return _fleet("lasting", _world(seed, meters, stations), seed, lasting, NEVER)


def _as_planned(rng: np.random.Generator, physics: Physics, meter: int) -> list[Event]:  # noqa: ARG001
    return planned(rng, physics)


def _first_year(rng: np.random.Generator, physics: Physics, meter: int) -> list[Event]:
    return [event for event in _as_planned(rng, physics, meter) if event.first < YEAR]


def _nothing(rng: np.random.Generator, physics: Physics, meter: int) -> list[Event]:  # noqa: ARG001
    return []


def _world(seed: int, meters: int, stations: int) -> _Ground:
    weather, calendars = made_weather(seed, stations), made_calendars(seed)
    plants = [made_plant(seed, meter) for meter in range(meters)]
    at = np.array(
        [stream(seed, "weather", 1 + meter).integers(stations) for meter in range(meters)]
    )
    felt = felt_air(plants, weather.outdoor[at])
    return _Ground(weather, calendars, plants, made_physics(seed, plants, calendars, felt), at)


def _fleet(name: str, world: _Ground, seed: int, plan: Plan, often: Often) -> Fleet:
    load = np.empty_like(world.weather.outdoor, shape=(len(world.plants), 2 * YEAR))
    labels: list[Label] = []
    for meter, physics in enumerate(world.physics):
        changed_physics, harmless = changed(stream(seed, "harmless", meter), physics, meter, often)
        events = plan(stream(seed, "plan", meter), changed_physics, meter)
        load[meter], told = _told(stream(seed, "register", meter), changed_physics, events, meter)
        labels += told + harmless
        if often is not NEVER:
            labels += of_weather(world.weather.spells, int(world.at[meter]), meter)
    known = [stream(seed, "weather", 1 + m).random() >= WITHOUT_WEATHER for m in range(len(load))]
    return Fleet(
        name=f"{name} {seed}",
        start=world.calendars.start.astype("datetime64[h]"),
        load=load,
        temperature=world.weather.told,
        station=np.where(known, world.at, -1),
        off_days=world.calendars.off,
        holidays=world.calendars.holidays,
        calendar=np.array([plant.calendar for plant in world.plants]),
        scored_from=YEAR,
        labels=tuple(labels),
    )


def _told(
    rng: np.random.Generator, physics: Physics, events: list[Event], meter: int
) -> tuple[Floats, list[Label]]:
    """What the meter tells of its two years [kW], (hours,), and the labels of its events."""
    power, clean = physics.power, physics.power
    labels = []
    for event in events:
        kwh = 0.0
        if event.kind in WASTE:
            more = excess(physics, event)
            power[event.first : event.first + len(more)] += more
            kwh = float(more.sum())
        labels.append(Label(meter, event.kind, event.first, event.end, kwh))
    told = counted(power, pulse_kwh(rng, float(clean.mean())))
    for event in events:
        if event.kind in FAULTS:
            FAULTS[event.kind](told, event)
    for gap in gaps(rng):
        told[gap] = np.nan
    return told, labels
