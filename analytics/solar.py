"""Days on which panels yield less than they did of such irradiance.

    bright  = hours of 100 W/m2 or more, of which both are known, four a day at least
    yield   = a + b irradiance        means over the bright hours of a day, fitted on earlier days
    low     : a tenth and three robust deviations less, on five days of seven (`overheads`)

Means of hours, so that a day of which some are unknown is judged by the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.groups import Bools, Floats, Ints
from analytics.lasting import LEAST_DAYS
from analytics.overheads import LEAST_HISTORY, DayUse, judge

BRIGHT_W_M2 = 100.0
LEAST_HOURS = 4
LEAST_LOSS = 0.1
BEFORE_DAYS = 10


@dataclass(frozen=True, eq=False)
class LowYield:
    """A run of days on which too little was made."""

    days: Ints
    """Days since 1970-01-01, rising."""
    share: float
    """Of what such irradiance gave before, 0 .. 1."""
    per_w_m2: Floats
    """What was usual on each day [kW per W/m2], (n,)."""
    at_once: float
    """The part of the loss of its first five days that was not there yet in the ten days before,
    0 .. 1."""


def bright(power: Floats, irradiance: Floats) -> Bools:
    """Hours (hours,) by which panels are judged; NaN is unknown."""
    return np.asarray(np.isfinite(power) & (np.nan_to_num(irradiance) >= BRIGHT_W_M2))


def low_yields(day: Ints, power: Floats, irradiance: Floats, sigmas: float) -> list[LowYield]:
    """The runs of low days. Hours (hours,): local day, what was made [kW, at least 0] and the
    irradiance [W/m2], NaN where unknown."""
    lit = bright(power, irradiance)
    days, place = np.unique(day, return_inverse=True)
    count = np.bincount(place[lit], minlength=days.size)
    judged = count >= LEAST_HOURS
    made, light = (
        np.bincount(place[lit], own[lit], days.size)[judged] / count[judged]
        for own in (power, irradiance)
    )
    if made.size <= LEAST_HISTORY:
        return []
    least = LEAST_LOSS * float(np.median((made / light)[:LEAST_HISTORY])) * light
    use = DayUse(days[judged].astype(np.int64), -made, light, None)
    told = judge(use, least, sigmas)
    return [_low(use, -told.usual, run) for run in told.runs]


def _low(use: DayUse, usual: Floats, run: Ints) -> LowYield:
    loss = 1 + use.beside / usual
    before = loss[max(0, int(run[0]) - BEFORE_DAYS) : int(run[0])]
    before = before[np.isfinite(before)]
    was = float(np.median(before)) if before.size else 0.0
    now = float(np.median(loss[run[:LEAST_DAYS]]))
    return LowYield(
        days=use.days[run],
        share=float(-use.beside[run].sum() / usual[run].sum()),
        per_w_m2=usual[run] / use.wanted[run],
        at_once=float(np.clip(1 - was / now, 0.0, 1.0)),
    )
