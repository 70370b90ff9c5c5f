"""Days on which a chiller runs though at such a wet bulb it rested before.

    day        : mean wet bulb, and the share of its hours in which the chiller runs
    rested     : it ran in a tenth of the hours or less
    changeover : the warmest day of the past of which nine in ten of the days as cold or colder
                 rested, and ten at least
    missed     : colder than that by a margin, and it runs in half of the hours or more

A chiller that never rested may have nothing else to cool with, and is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.groups import Bools, Floats, Ints
from analytics.lasting import runs_by_history

RUNS = 0.1
"""Of the usual high power (95th percentile), from which on it runs."""
HIGH = 95
RESTED, RAN = 0.1, 0.5
REST_SHARE = 0.9
LEAST_REST = 10


@dataclass(frozen=True, eq=False)
class ChillerDays:
    """Days of a chiller (n,), rising: those of which enough is known."""

    days: Ints
    """Days since 1970-01-01."""
    wet: Floats
    """Mean wet bulb [C]."""
    ran: Floats
    """Share of the hours, 0 .. 1."""

    @classmethod
    def of(
        cls, day: Ints, wet: Floats, power: Floats, looked: Bools, least_hours: int
    ) -> ChillerDays:
        """From hours (hours,) each; of those that are `looked` at and known a day needs so many.
        Power [kW] and wet bulb [C] are NaN where unknown."""
        known = looked & np.isfinite(wet) & np.isfinite(power)
        runs = known & running(power)
        days, place = np.unique(day, return_inverse=True)
        count = np.bincount(place[known], minlength=days.size)
        enough = count >= least_hours
        sums = (
            np.bincount(place[known], wet[known], days.size),
            np.bincount(place[runs], minlength=days.size),
        )
        means = [own[enough] / count[enough] for own in sums]
        return cls(days[enough].astype(np.int64), *means)


def running(power: Floats) -> Bools:
    """Whether it runs in each hour, by its own high power [kW]; unknown hours are none."""
    known = power[np.isfinite(power)]
    high = float(np.percentile(known, HIGH)) if known.size else 0.0
    return np.asarray(np.nan_to_num(power) > max(RUNS * high, 1e-9))


def missed(chiller: ChillerDays, margin: float) -> tuple[list[tuple[Ints, float]], Bools]:
    """Runs of missed days, as places, each with the changeover that its first day was held
    against [C]; and which days rested, (n,). `margin` [K] is how much colder it has to be."""
    rested = chiller.ran <= RESTED
    changeover = np.full(chiller.days.size, np.nan)

    def is_missed(at: int, history: Bools) -> bool:
        changeover[at] = _changeover(chiller.wet[history], rested[history])
        return bool(chiller.wet[at] <= changeover[at] - margin and chiller.ran[at] >= RAN)

    runs = runs_by_history(chiller.days, range(chiller.days.size), is_missed)
    return [(run, float(changeover[run[0]])) for run in runs], rested


def _changeover(wet: Floats, rested: Bools) -> float:
    """NaN where too few days rested."""
    order = np.argsort(wet, kind="stable")
    count = np.arange(1, wet.size + 1)
    rests = np.cumsum(rested[order])
    fits = (rests >= REST_SHARE * count) & (rests >= LEAST_REST)
    return float(wet[order][fits][-1]) if fits.any() else float("nan")
