"""Meters of one weather station over two years: the first is learnt from, the second scored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from analytics import Baseline, HourCalendar, fit
from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, day_bounds
from metering.quantity import I64
from metering.reading import F64

ZONE: Final = "Asia/Shanghai"
FIRST: Final = date(2024, 1, 1)
YEAR: Final = 365 * 24
"""Hours that are learnt from, and as many that are scored."""


@dataclass(frozen=True, eq=False)
class StationYears:
    """Two years of meters under one weather station, from `FIRST` on."""

    energy: F64
    """[kWh/h], (meters, hours); NaN where nothing came."""
    temperature: F64
    """[C], (hours,)."""

    @property
    def hours_us(self) -> I64:
        """Hour starts [us UTC], (hours,)."""
        return day_bounds(FIRST, ZONE)[0] + np.arange(2 * YEAR) * HOUR_US

    def of(self, first: int, count: int) -> StationYears:
        """Some of the meters."""
        return StationYears(self.energy[first : first + count], self.temperature)


@dataclass(frozen=True, eq=False)
class ScoredYear:
    """What the first year says of the second, (meters, hours)."""

    baseline: Baseline
    expected: F64
    """[kWh/h]"""
    sigma: F64
    """[kW]"""


def scored_year(block: StationYears) -> ScoredYear:
    """Fit, expectations and their spread, reading the clock included."""
    hours_us = block.hours_us
    past, later = (HourCalendar.of(part, ZONE, WorkCalendar()) for part in np.split(hours_us, 2))
    learnt, scored = np.split(block.temperature, 2)
    baseline = fit(block.energy[:, :YEAR], learnt, past, hours_us[:YEAR])
    return ScoredYear(baseline, baseline.predict(later, scored), baseline.sigma(later, scored))


def meter_hashes(block: StationYears) -> list[str]:
    """Of every bit that is told of each meter."""
    told = scored_year(block)
    fitted, blind = told.baseline, told.baseline.blind
    arrays = [told.expected, told.sigma, fitted.levels, fitted.slopes, fitted.hour_spread]
    if blind is not None:
        arrays += [blind.levels, blind.hour_spread]
    return [
        hashlib.sha256(b"".join(array[row].tobytes() for array in arrays)).hexdigest()
        for row in range(len(block.energy))
    ]


def station_years(meters: int, seed: int) -> StationYears:
    """Offices of many sizes that heat and cool, with noise, two gaps each and a week of waste."""
    rng = np.random.default_rng(seed)
    hour = np.arange(2 * YEAR)
    air = 15 - 12 * np.cos(2 * np.pi * (hour / 24 - 20) / 365)
    air = air - 4 * np.cos(2 * np.pi * (hour - 3) / 24) + _wandering(rng, hour.size)
    works = (hour // 24 % 7 < 5) & (hour % 24 >= 8) & (hour % 24 < 18)  # FIRST is a Monday
    energy = np.empty((meters, hour.size))
    for row in range(meters):
        cools, heats = rng.uniform(0, 0.06, 2)
        shape = 0.3 + works * rng.uniform(0.3, 1.5)
        shape += cools * np.maximum(air - 22, 0) * works + heats * np.maximum(14 - air, 0)
        energy[row] = rng.uniform(1, 50) * shape * (1 + rng.normal(0, 0.08, hour.size))
        for begin in rng.integers(0, hour.size - 72, 2):
            energy[row, begin : begin + rng.integers(3, 72)] = np.nan
        begin = rng.integers(0, YEAR - 168)
        energy[row, begin : begin + 168] *= 1.5
    return StationYears(energy, air)


def _wandering(rng: np.random.Generator, size: int) -> F64:
    """Weather that stays for about four days [K], (hours,)."""
    steps = rng.normal(0, 1, size + 95)
    return np.convolve(steps, np.ones(96) / 4, mode="valid")
