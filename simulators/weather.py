"""Outdoor temperature: season, hour of the day, and spells of warm and cold days.

Every day is made from its own random numbers, so a longer horizon never changes the past:
the warm and cold spells are a weighted sum of the last days' draws, which behaves like an
autoregressive process without a state to carry.
"""

from __future__ import annotations

import zlib
from datetime import date

import numpy as np

from metering.localtime import day_number
from metering.reading import F64

_MEMORY = 0.65 ** np.arange(8)
_MEMORY = _MEMORY / np.sqrt(np.sum(_MEMORY**2))


def generator(seed: int, name: str, day: date) -> np.random.Generator:
    """The random numbers of one thing on one day, equal on every machine."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), day_number(day)])


def _spell(seed: int, number: int) -> float:
    """Deviation of a day's mean from the season [K]."""
    code = zlib.crc32(b"weather")
    draws = [
        np.random.default_rng([seed, code, number - back]).normal() for back in range(len(_MEMORY))
    ]
    return 2.6 * float(np.dot(_MEMORY, draws))


def seasonal_mean(day: date) -> float:
    """Mean outdoor temperature of the season [C]: warmest in late July, as in east China."""
    return 17.0 + 12.0 * float(np.cos(2 * np.pi * (day.timetuple().tm_yday - 205) / 365.25))


def outdoor(seed: int, day: date, hours: F64) -> F64:
    """Outdoor temperature [C] at hours of the local day, same shape as `hours`.

    Day means are joined noon to noon, so that midnight has no step.
    """
    number = day_number(day)
    noons = np.array([-12.0, 12.0, 36.0])
    means = [_spell(seed, number + step) for step in (-1, 0, 1)]
    swing = 4.0 + 0.6 * float(np.sin(0.7 * number + seed % 97))
    hourly = generator(seed, "wind", day).normal(0.0, 0.25, 25)
    hourly[0] = hourly[-1] = 0.0
    result: F64 = (
        seasonal_mean(day)
        + np.interp(hours, noons, means)
        + swing * np.cos(2 * np.pi * (hours - 15.0) / 24.0)
        + np.interp(hours, np.arange(25.0), hourly)
    )
    return result


def darkness(day: date, hours: F64) -> F64:
    """How much of the light must be electric: 0 in full daylight, 1 at night."""
    length = 12.0 + 2.0 * float(np.cos(2 * np.pi * (day.timetuple().tm_yday - 172) / 365.25))
    height = (length / 2 - np.abs(hours - 12.0)) / 2.0
    return 1.0 - np.clip(height, 0.0, 1.0)
