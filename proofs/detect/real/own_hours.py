"""When a building works, told by its own median week and by nothing else.

    power   high ------ ______ ---------------
            cut          |    |     a third and more of the way from low to high
            low  _______|      |______________
                        <- on ->

Whoever injects waste asks here what "after hours" means for one building: a garage that is lit at
night works at night, and a building whose week is flat has no hours of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proofs.detect.fleet import Floats, Ints

Hours = npt.NDArray[np.bool_]
WEEK = 168
CUT = 0.4
"""Of the way from low to high, from which on an hour counts as worked."""
FLAT = 0.15
"""A week whose range is less than this share of its high has no hours of its own."""
SHORTEST = 3
"""Hours; shorter work, and shorter rest, is noise of the median."""


@dataclass(frozen=True, eq=False)
class OwnHours:
    """A building's own week, Monday 00:00 first."""

    on: Hours
    """Hours in which it works, (168,); all of them where the week is flat."""
    day_kw: float
    """Median of the week's worked hours [kW]: its typical daytime load."""
    cut_kw: float
    """Power [kW] that an hour of work exceeds."""

    @property
    def rests(self) -> bool:
        """Whether there are hours that it does not work in."""
        return not bool(self.on.all())

    @property
    def workdays(self) -> Hours:
        """Weekdays on which it works at all, (7,), Monday first."""
        return np.asarray(self.on.reshape(7, 24).any(axis=1))

    @property
    def usual(self) -> Hours:
        """Hours of the day worked on half of its workdays or more, (24,)."""
        worked = self.on.reshape(7, 24)[self.workdays]
        return np.asarray(worked.mean(axis=0) >= 0.5)


def hour_of_week(start: np.datetime64, hours: int) -> Ints:
    """Hour of the week (Monday 00:00 is 0) of each hour from `start` on, (hours,)."""
    # The epoch was a Thursday.
    first = int(start.astype("datetime64[h]").astype(np.int64)) + 3 * 24
    return np.asarray((first + np.arange(hours)) % WEEK, dtype=np.int64)


def own_hours(load: Floats, week: Ints, plain: Hours) -> OwnHours:
    """The hours of a building, of its load [kW] and hour of week, (hours,) each, in the hours that
    are `plain`, no holidays; NaN is left out, and where a whole hour of the week has no reading,
    or nothing was ever taken, it has none of its own and `day_kw` may be NaN."""
    used = plain & ~np.isnan(load)
    of_week = [load[used & (week == hour)] for hour in range(WEEK)]
    always = np.ones(WEEK, dtype=np.bool_)
    if not all(one.size for one in of_week):
        return OwnHours(always, float("nan"), float("nan"))
    median = np.array([np.median(one) for one in of_week])
    low, high = np.percentile(median, (10, 90))
    cut = float(low + CUT * (high - low))
    on = without_short_runs(without_short_runs(median > cut, value=False), value=True)
    if high - low < FLAT * high or not on.any():
        return OwnHours(always, float(np.median(median)), cut)
    return OwnHours(on, float(np.median(median[on])), cut)


def without_short_runs(on: Hours, value: bool) -> Hours:
    """Runs of `value` shorter than `SHORTEST` hours turned over; the week has no end, (168,)."""
    turns = np.flatnonzero(on != np.roll(on, 1))
    kept = on.copy()
    for number, begin in enumerate(turns):
        length = int(turns[(number + 1) % len(turns)] - begin) % len(on)
        if on[begin] == value and 0 < length < SHORTEST:
            kept[(begin + np.arange(length)) % len(on)] = not value
    return kept
