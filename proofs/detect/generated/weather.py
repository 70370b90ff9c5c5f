"""Outdoor air of several stations, with spells of cold and heat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proofs.detect.fleet import Floats
from proofs.detect.generated.chance import DAYS, HOURS, between, carried, stream

WARMEST_DAY = 200
HIDDEN_RUNS = 40
"""Runs of hours without weather in two years, by station."""


@dataclass(frozen=True)
class Spell:
    """Days far off the season, from hour `first` up to `end`."""

    station: int
    first: int
    end: int
    kelvin: float
    """At its height [K], below 0 for cold."""


@dataclass(frozen=True, eq=False)
class Weather:
    """Stations by the hour."""

    outdoor: Floats
    """Air [C], (stations, hours), without gaps."""
    told: Floats
    """The same with NaN where no reading came."""
    spells: tuple[Spell, ...]


def made_weather(seed: int, stations: int) -> Weather:
    """Two years of `stations`; the second has spells beyond what the first knew."""
    rng = stream(seed, "weather")
    hours = np.arange(HOURS)
    season = np.cos(2 * np.pi * (hours / 24 - WARMEST_DAY) / 365)
    daily = np.cos(2 * np.pi * (hours % 24 - 15) / 24)
    mean, swing = rng.uniform(9, 19, stations), rng.uniform(8, 14, stations)
    amplitude = rng.uniform(2.5, 5.5, stations)
    cloud = 0.4 + 0.6 * rng.random((stations, DAYS)).repeat(24, axis=1)
    slow = carried(rng.normal(0, 0.45, (stations, HOURS)), np.full(stations, 0.985))
    outdoor = mean[:, None] + swing[:, None] * season + amplitude[:, None] * daily * cloud + slow
    spells = tuple(one for row in range(stations) for one in _spells(rng, row))
    for one in spells:
        days = np.arange(one.end - one.first)
        shape = np.sin(np.pi * (days + 0.5) / len(days)) ** 0.5
        outdoor[one.station, one.first : one.end] += one.kelvin * shape
    return Weather(outdoor, _told(rng, outdoor), spells)


def _spells(rng: np.random.Generator, station: int) -> list[Spell]:
    """Some in each year, and in the second a larger one of cold and of heat in their season."""
    found = []
    for year in (0, 1):
        for _ in range(rng.integers(2, 5)):
            first = year * 365 + int(rng.integers(5, 350))
            kelvin = float(rng.choice([-1, 1])) * between(rng, 5, 9)
            found.append(_spell(rng, station, first, kelvin))
    for middle, sign in ((15, -1), (WARMEST_DAY, 1)):
        first = 365 + middle + int(rng.integers(-12, 20))
        found.append(_spell(rng, station, first, sign * between(rng, 8, 12)))
    return found


def _spell(rng: np.random.Generator, station: int, day: int, kelvin: float) -> Spell:
    end = min(day + int(rng.integers(3, 9)), DAYS)
    return Spell(station, day * 24, end * 24, kelvin)


def _told(rng: np.random.Generator, outdoor: Floats) -> Floats:
    told = outdoor.round(1)
    for row in told:
        for first in rng.integers(0, HOURS - 24, HIDDEN_RUNS):
            row[first : first + rng.integers(1, 13)] = np.nan
    return told
