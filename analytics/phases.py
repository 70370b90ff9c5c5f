"""A phase of a meter that reads nothing while the others work.

    others  = mean of the other two phases, both at a tenth of the meter's high or more
    dead    = the phase at 2 % of that or less [A, kW]; of voltages at half or less
    day     : dead in nine tenths of six such hours or more
    run     : five such days of seven, after seven days on which the phase took its part

A phase that never took a fifth of what the others take may have no load, and is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.groups import Bools, Floats, Ints

HIGH = 95
LEAST_LOAD = 0.1
NOTHING, NO_VOLTAGE = 0.02, 0.5
"""Shares of the others at which a phase is dead."""
LEAST_HOURS = 6
DEAD_SHARE = 0.9
TOOK_SHARE = 0.2
LEAST_PAST = 7
RANGE = (5, 50, 95)


@dataclass(frozen=True, eq=False)
class PhaseDays:
    """One phase by one quantity, by local day (n,) of days that are judged, rising."""

    days: Ints
    """Days since 1970-01-01."""
    dead: Bools
    took: Bools
    """Days on which it took its part."""
    share: Floats
    """Of all three phases, 0 .. 1, over the hours in which the others worked."""
    hours: Ints
    """Places of the hours in which it was dead, rising, on any day."""

    def had_worked(self, day: int) -> bool:
        """Whether it took its part on seven days before."""
        return int((self.took & (self.days < day)).sum()) >= LEAST_PAST

    def usual(self, day: int) -> tuple[float, float, float]:
        """Its share on the days before on which it took its part: low, middle and high (5, 50 and
        95 % of the days); there has to be such a day."""
        low, middle, high = np.percentile(self.share[self.took & (self.days < day)], RANGE)
        return float(low), float(middle), float(high)


def phase_days(phases: Sequence[Floats], own: int, day: Ints, nothing: float) -> PhaseDays:
    """The phase `own` of three, given by the hour (hours,) each, NaN where unknown, in one unit;
    `day` is the local day of each hour. Energy that is fed back is taken as its size."""
    sizes = np.abs(np.stack(phases))
    mine, others = sizes[own], np.delete(sizes, own, axis=0)
    beside = others.mean(axis=0)
    known = np.isfinite(sizes).all(axis=0)
    high = float(np.percentile(beside[known], HIGH)) if known.any() else 0.0
    works = known & (np.nan_to_num(others.min(axis=0)) >= max(LEAST_LOAD * high, 1e-9))
    dead = works & (np.nan_to_num(mine) <= nothing * np.nan_to_num(beside))
    days, place = np.unique(day, return_inverse=True)
    count, gone = (np.bincount(place[one], minlength=days.size) for one in (works, dead))
    judged = count >= LEAST_HOURS
    sums = [np.bincount(place[works], one[works], days.size)[judged] for one in (mine, beside)]
    part = sums[0] / (sums[0] + 2 * sums[1])
    is_dead = gone[judged] >= DEAD_SHARE * count[judged]
    return PhaseDays(
        days=days[judged].astype(np.int64),
        dead=is_dead,
        took=~is_dead & (sums[0] >= TOOK_SHARE * sums[1]),
        share=part,
        hours=np.flatnonzero(dead).astype(np.int64),
    )
