"""Power of an office building and of a canteen, minute by minute, from people and weather.

    calendar ─▶ people ─▶ lighting, lifts, water, CO2
    weather  ─▶ air conditioning ◀─ plant schedule (07:00-19:00 on working days)

Every load has a part that never stops, so every register moves in every quarter of an hour.
All rates are per hour: kW (= kWh/h) for electricity, kvar for reactive, m3/h for water.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from metering.reading import F64
from simulators.weather import darkness, generator

Loads = dict[str, F64]

PEOPLE = (
    (0, 7.3, 8.0, 9.0, 11.7, 12.2, 13.0, 13.6, 16.9, 17.6, 18.6, 20.0, 21.0, 25),
    (0, 0.0, 0.2, 0.95, 0.95, 0.6, 0.6, 0.93, 0.93, 0.5, 0.12, 0.04, 0.0, 0.0),
)
PEOPLE_AT_REST = ((0, 8.5, 9.5, 16.5, 17.5, 25), (0, 0.0, 0.04, 0.04, 0.0, 0.0))
DINERS = (
    (0, 6.9, 7.4, 8.2, 8.7, 11.3, 11.9, 12.6, 13.3, 16.9, 17.4, 18.1, 18.6, 25),
    (0, 0.0, 0.35, 0.35, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.25, 0.25, 0.0, 0.0),
)
COOKING = (
    (0, 5.4, 6.2, 8.0, 8.8, 9.4, 10.2, 12.4, 13.4, 15.4, 16.2, 17.8, 18.6, 25),
    (0, 0.0, 0.5, 0.5, 0.15, 0.15, 1.0, 1.0, 0.2, 0.2, 0.45, 0.45, 0.0, 0.0),
)
PLANT = ((0, 6.99, 7.3, 18.6, 19.0, 25), (0, 0.0, 1.0, 1.0, 0.0, 0.0))


LAG = {"lighting": 0.28, "ac": 0.72, "power": 0.95, "special": 0.35}
"""Reactive for active power of each sub-item, tan phi: motors lag most."""
BASE_LAG = 0.5


@dataclass(frozen=True)
class Building:
    """Rated powers [kW] of a building's four sub-items, its people and its water."""

    node: str
    persons: int
    lighting_kw: float
    ac_kw: float
    power_kw: float
    special_kw: float
    water_m3_person_h: float
    is_canteen: bool = False
    has_reactive_meter: bool = False


BUILDINGS = (
    Building("office-a", 600, 110.0, 260.0, 46.0, 32.0, 0.005, has_reactive_meter=True),
    Building("office-b", 420, 74.0, 180.0, 30.0, 24.0, 0.005),
    Building("canteen", 800, 24.0, 90.0, 24.0, 85.0, 0.006, is_canteen=True),
)


@dataclass(frozen=True)
class Day:
    """One local day of the world: hours since its midnight and what they are like."""

    seed: int
    day: date
    working: bool
    hours: F64
    outdoor_c: F64

    def follow(self, profile: tuple[tuple[float, ...], tuple[float, ...]]) -> F64:
        """A daily profile of (hours, values), joined by straight lines."""
        return np.interp(self.hours, profile[0], profile[1])

    def noise(self, name: str, hourly: float = 0.025, daily: float = 0.012) -> F64:
        """Factor about 1 that wanders from hour to hour, with a deviation of its own per day."""
        draw = generator(self.seed, name, self.day)
        nodes = 1.0 + hourly * draw.normal(size=26).clip(-2.5, 2.5)
        level = 1.0 + daily * float(np.clip(draw.normal(), -2.5, 2.5))
        return level * np.interp(self.hours, np.arange(26.0), nodes)


def occupancy(building: Building, day: Day) -> F64:
    """Share of the building's people who are inside, 0 to 1."""
    if building.is_canteen:
        base = day.follow(DINERS) if day.working else np.zeros_like(day.hours)
    else:
        base = day.follow(PEOPLE if day.working else PEOPLE_AT_REST)
    return base * day.noise(f"{building.node}-people", 0.01, 0.01)


def weather_demand(outdoor_c: F64) -> F64:
    """Share of the plant's capacity that the weather asks for: cooling above 23, heating below
    12 C."""
    cooling = np.clip((outdoor_c - 23.0) / 13.0, 0.0, 1.0)
    heating = 0.8 * np.clip((12.0 - outdoor_c) / 18.0, 0.0, 1.0)
    return np.maximum(cooling, heating)


def air_conditioning(building: Building, day: Day, working: bool) -> F64:
    """Power of the air conditioning [kW]: fans by schedule, compressors by weather and people."""
    as_worked = Day(day.seed, day.day, working, day.hours, day.outdoor_c)
    schedule = as_worked.follow(PLANT) if working else np.zeros_like(day.hours)
    people = occupancy(building, as_worked)
    compressors = 0.7 * weather_demand(day.outdoor_c) * (0.6 + 0.4 * people)
    share = 0.035 + schedule * (0.24 + compressors)
    return building.ac_kw * share * day.noise(f"{building.node}-ac")


def loads(building: Building, day: Day) -> Loads:
    """Healthy rate of every sub-meter and of the water meter, keyed by meter code."""
    activity = occupancy(building, day)
    motion = day.follow(COOKING if building.is_canteen else PLANT) * float(day.working)
    light = activity * (0.85 + 0.15 * darkness(day.day, day.hours))
    if building.is_canteen:
        special = 0.12 + 0.88 * motion
        light = np.maximum(light, 0.5 * np.minimum(motion * 3, 1.0))
    else:
        special = 0.62 + 0.38 * activity
    name = building.node
    return {
        f"{name}-lighting": building.lighting_kw
        * (0.07 + 0.93 * light)
        * day.noise(f"{name}-lighting"),
        f"{name}-ac": air_conditioning(building, day, day.working),
        f"{name}-power": building.power_kw
        * (0.12 + 0.6 * motion + 0.28 * activity)
        * day.noise(f"{name}-power"),
        f"{name}-special": building.special_kw * special * day.noise(f"{name}-special"),
        f"{name}-water": (0.08 + building.persons * building.water_m3_person_h * activity)
        * day.noise(f"{name}-water"),
    }


def total(building: Building, subs: Loads) -> F64:
    """Power at the building's total meter [kW]: its sub-meters and what nobody sub-meters."""
    name = building.node
    parts = [subs[f"{name}-{sub}"] for sub in ("lighting", "ac", "power", "special")]
    result: F64 = np.sum(parts, axis=0) * 1.015 + unmetered_base_kw(building)
    return result


def reactive(building: Building, subs: Loads) -> F64:
    """Reactive power at the building's total meter [kvar], always drawn: that of its sub-meters
    and of what nobody sub-meters."""
    parts = [subs[f"{building.node}-{sub}"] * lag for sub, lag in LAG.items()]
    result: F64 = np.sum(parts, axis=0) * 1.015 + BASE_LAG * unmetered_base_kw(building)
    return result


def unmetered_base_kw(building: Building) -> float:
    """The constant part of the load without a sub-meter [kW]."""
    return 0.008 * (building.lighting_kw + building.ac_kw + building.power_kw + building.special_kw)


def room_temperature(building: Building, day: Day) -> F64:
    """Temperature of a typical room [C]: held when the plant runs, drifting when it rests."""
    comfort = np.clip(day.outdoor_c, 20.5, 25.8)
    drift = 0.7 * comfort + 0.3 * np.mean(day.outdoor_c)
    held = day.follow(PLANT) * float(day.working)
    room: F64 = held * comfort + (1.0 - held) * drift
    return room * day.noise(f"{building.node}-room", 0.004, 0.004)


def co2(building: Building, day: Day) -> F64:
    """CO2 of a typical room [ppm]: outdoor air plus what its people breathe out."""
    people = occupancy(building, day)
    return (420.0 + 520.0 * people) * day.noise(f"{building.node}-co2", 0.02, 0.01)
