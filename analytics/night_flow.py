"""What flows all night through a meter that rests at night.

    low[night]  = least hour of a night                       [canonical unit per hour]
    base        = median of low over the earlier nights
    limit       = max(base + 3 s, 95th percentile of them) + least effect
    high        = low > limit;  a run is three of them or more, without a night at or below it

s is their robust spread. Nights of a run are no history, so that a run is held against what was
before it, however long it lasts. What follows the weather (heat, cooling, gas) is held against
earlier nights that asked for as much at least, and not judged without an outdoor temperature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.bins import HourCalendar
from analytics.groups import Bools, Floats, Groups, Ints, median
from analytics.robust import MAD_TO_SIGMA

NIGHTS = 3
"""Least nights of a run."""
LEAST_HISTORY = 14
"""Earlier nights from which on a night is judged."""
LEAST_ALIKE = 7
"""Likewise of nights with such weather."""
ALIKE_K = 1.0
"""Degrees by which an earlier night may have asked for less."""
MOST_UNKNOWN = 2
"""Unknown nights in a row that a run may hold."""
KNOWN_HOURS = 0.75
"""Share of a night's hours that are known: the least of few is too high."""
TOP = 0.95


@dataclass(frozen=True, eq=False)
class FlowNights:
    """Nights by duty day; arrays are (meters, nights) but for `days`."""

    days: Ints
    """Duty days, days since 1970-01-01, (nights,)."""
    low: Floats
    """Least hour [canonical unit per hour]; NaN where too little is known."""
    mean: Floats
    """Mean hour, likewise."""
    temperature: Floats
    """Outdoor mean [C], (nights,); NaN where unknown."""

    @classmethod
    def of(cls, measured: Floats, temperature: Floats, clock: HourCalendar) -> FlowNights:
        """Nights of hours [canonical unit per hour], (meters, hours); NaN where unknown."""
        days, place = np.unique(clock.duty_day, return_inverse=True)
        groups = Groups.of(np.where(clock.night, place.astype(np.int64), -1), days.size)
        mean, count = groups.means(measured)
        padded = np.concatenate([measured, np.full((measured.shape[0], 1), np.nan)], axis=1)
        filled = np.where(np.isfinite(padded), padded, np.inf)[:, groups.padded]
        low = filled.min(axis=-1, initial=np.inf)
        known = count >= KNOWN_HOURS * max(groups.padded.shape[1], 1)
        outdoor, _ = groups.means(temperature[None, :])
        return cls(
            days=days.astype(np.int64),
            low=np.where(known, low, np.nan),
            mean=np.where(known, mean, np.nan),
            temperature=outdoor[0],
        )


@dataclass(frozen=True, eq=False)
class FlowJudged:
    """What the earlier nights say of each night, (meters, nights)."""

    base: Floats
    spread: Floats
    """Robust standard deviation of the earlier nights [canonical unit per hour]."""
    history: Ints
    """How many they are."""
    runs: tuple[tuple[int, Ints], ...]
    """(meter, places of its high nights) of each run."""


def judge(nights: FlowNights, least: Floats, sigmas: float, demand: Ints) -> FlowJudged:
    """Runs of nights in which more flowed than before them.

    `least` (meters,) is the least effect [canonical unit per hour]. `demand` (meters,) says what
    a meter follows: 0 nothing, 1 the cold, -1 the heat outside.
    """
    shape = nights.low.shape
    base, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    count = np.zeros(shape, dtype=np.int64)
    known = np.isfinite(nights.low)
    history, runs = np.zeros(shape, dtype=np.bool_), _Runs(shape[0])
    for night in range(shape[1]):
        past = history[:, :night] & _alike(nights.temperature, night, demand)
        values = np.where(past, nights.low[:, :night], np.nan)
        middle = median(values)
        wide = MAD_TO_SIGMA * median(np.abs(values - middle[:, None]))
        number = past.sum(axis=1)
        enough = number >= np.where(demand == 0, LEAST_HISTORY, LEAST_ALIKE)
        with np.errstate(invalid="ignore"):
            limit = np.fmax(middle + sigmas * wide, _top(values)) + least
            high = enough & (nights.low[:, night] > limit)
        base[:, night], spread[:, night], count[:, night] = middle, wide, number
        usual = known[:, night] & ~high
        history[:, night] = usual
        for meter, places in runs.take(night, high, usual):
            history[meter, places] = True  # too short to be one
    return FlowJudged(base, spread, count, runs.told())


def _alike(temperature: Floats, night: int, demand: Ints) -> Bools:
    """Earlier nights that asked for as much at least, (meters, nights before)."""
    with np.errstate(invalid="ignore"):
        warmer = (temperature[:night] - temperature[night])[None, :] * demand[:, None]
        return np.asarray((demand == 0)[:, None] | (warmer <= ALIKE_K))


def _top(values: Floats) -> Floats:
    """The 95th percentile of each row, NaN ignored; NaN of a row without any."""
    if not values.shape[1]:
        return np.full(values.shape[0], np.nan)
    ordered = np.sort(values, axis=1)
    number = np.isfinite(ordered).sum(axis=1)
    place = np.maximum(np.ceil(TOP * number).astype(np.int64) - 1, 0)
    return np.asarray(np.take_along_axis(ordered, place[:, None], axis=1)[:, 0])


class _Runs:
    """Runs as they grow, night by night."""

    def __init__(self, meters: int) -> None:
        self._open: list[list[int]] = [[] for _ in range(meters)]
        self._told: list[tuple[int, Ints]] = []

    def take(self, night: int, high: Bools, usual: Bools) -> list[tuple[int, Ints]]:
        """Take a night; runs that ended with it and were too short."""
        dropped: list[tuple[int, Ints]] = []
        for meter, run in enumerate(self._open):
            if run and (usual[meter] or night - run[-1] > MOST_UNKNOWN + 1):
                places = np.array(run, dtype=np.int64)
                (self._told if len(run) >= NIGHTS else dropped).append((meter, places))
                self._open[meter] = []
            if high[meter]:
                self._open[meter].append(night)
        return dropped

    def told(self) -> tuple[tuple[int, Ints], ...]:
        """All runs that are long enough, those that go on too."""
        going = [
            (meter, np.array(run, dtype=np.int64))
            for meter, run in enumerate(self._open)
            if len(run) >= NIGHTS
        ]
        return (*self._told, *going)
