"""What is used beside what is wanted, day by day: held against what the earlier days say of it.

    beside  = a + b wanted + c max(T - 8, 0) + d max(T - 16, 0)      [kW], fitted on earlier days
    s       = robust spread of what the fit misses of them
    high    = beside > fit + max(3 s, least)

such as utility less IT beside IT, or what a UPS loses beside what it gives out. The power is
fitted and not the ratio, which moves with the load of itself. A day outside of what was seen,
of load or of warmth, is not judged. Five high days of seven are a run. Its days are no history,
however long it lasts; other high days are, once it is known that they were none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.groups import Bools, Floats, Ints
from analytics.lasting import runs_by_history
from analytics.robust import MAD_TO_SIGMA

LEAST_HISTORY = 21
"""Earlier days from which on a day is judged."""
WIDER_SHARE, WIDER_K = 0.02, 1.0
"""So much beyond the range of the earlier days a day may lie."""
KNEES_C = (8.0, 16.0)
TRIM = 4.5
LEAST_HOURS = 20
"""Of a day, in which both are known."""


@dataclass(frozen=True, eq=False)
class DayUse:
    """Means over the hours in which all of it is known, by local day (n,), rising."""

    days: Ints
    """Days since 1970-01-01."""
    beside: Floats
    """[kW]; NaN on days of which too little is known, or on which nothing was wanted."""
    wanted: Floats
    temperature: Floats | None
    """Outdoor mean [C]; NaN where unknown. None where it makes no difference."""

    @classmethod
    def of(cls, day: Ints, beside: Floats, wanted: Floats, temperature: Floats | None) -> DayUse:
        """From hours [kW, C], (hours,) each; NaN where unknown."""
        days, place = np.unique(day, return_inverse=True)
        known = np.isfinite(beside) & np.isfinite(wanted)
        count = np.bincount(place[known], minlength=days.size)
        means = [_means(place, np.where(known, x, np.nan), days.size) for x in (beside, wanted)]
        usable = (count >= LEAST_HOURS) & (means[1] > 0)
        told = [np.where(usable, one, np.nan) for one in means]
        outdoor = None if temperature is None else _means(place, temperature, days.size)
        return cls(days.astype(np.int64), told[0], told[1], outdoor)


@dataclass(frozen=True, eq=False)
class Overheads:
    """What the earlier days say of each, (n,) [kW]; NaN where they say nothing."""

    usual: Floats
    """What is used beside."""
    spread: Floats
    """Robust standard deviation of that."""
    history: Ints
    """How many days they are."""
    runs: tuple[Ints, ...]
    """Places of the high days of each run, rising."""


def judge(use: DayUse, least: Floats, sigmas: float) -> Overheads:
    """Runs of days with more beside than the days before them say; `least` is the least effect of
    each day, (n,) in the unit of what is beside."""
    number = use.days.size
    usual, spread = np.full(number, np.nan), np.full(number, np.nan)
    count = np.zeros(number, dtype=np.int64)
    design = _design(use)

    def is_high(at: int, history: Bools) -> bool:
        count[at] = history.sum()
        if count[at] >= LEAST_HISTORY and _is_inside(use, history, at):
            factors, spread[at] = _fit(design[history], use.beside[history])
            usual[at] = float(design[at] @ factors)
        return bool(use.beside[at] > usual[at] + max(sigmas * spread[at], least[at]))

    known = np.flatnonzero(np.isfinite(design).all(axis=1)).tolist()
    return Overheads(usual, spread, count, runs_by_history(use.days, known, is_high))


def usual_after(use: DayUse, first: int) -> Floats:
    """What the days before the place `first` say of each day, (n,) [kW]; NaN where too little is
    known."""
    design = _design(use)
    before = np.isfinite(design).all(axis=1) & (np.arange(use.days.size) < first)
    if before.sum() < LEAST_HISTORY:
        return np.full(use.days.size, np.nan)
    return np.asarray(design @ _fit(design[before], use.beside[before])[0])


def _design(use: DayUse) -> Floats:
    """(n, columns); NaN in rows of which something is unknown."""
    columns = [np.where(np.isfinite(use.beside), 1.0, np.nan), use.wanted]
    if use.temperature is not None:
        columns += [np.maximum(use.temperature - knee, 0.0) for knee in KNEES_C]
    return np.stack(columns, axis=1)


def _fit(design: Floats, told: Floats) -> tuple[Floats, float]:
    """Factors of the columns, and the robust spread of what they miss; what lies far out is left
    out of a second fit."""
    factors = np.linalg.lstsq(design, told, rcond=None)[0]
    missed = np.abs(told - design @ factors)
    near = missed <= TRIM * MAD_TO_SIGMA * np.median(missed)
    if near.sum() > design.shape[1]:
        factors = np.linalg.lstsq(design[near], told[near], rcond=None)[0]
    spread = MAD_TO_SIGMA * float(np.median(np.abs(told - design @ factors)))
    return np.asarray(factors), spread


def _is_inside(use: DayUse, history: Bools, at: int) -> bool:
    """Whether as much, and as warm a day, was seen before; a colder one asks for no more."""
    wanted = use.wanted[history]
    low, high = float(wanted.min()) * (1 - WIDER_SHARE), float(wanted.max()) * (1 + WIDER_SHARE)
    if not low <= use.wanted[at] <= high:
        return False
    if use.temperature is None:
        return True
    return bool(use.temperature[at] <= use.temperature[history].max() + WIDER_K)


def _means(place: Ints, values: Floats, number: int) -> Floats:
    known = np.isfinite(values)
    count = np.bincount(place[known], minlength=number)
    sums = np.bincount(place[known], values[known], number)
    return np.asarray(np.divide(sums, count, out=np.full(number, np.nan), where=count > 0))
