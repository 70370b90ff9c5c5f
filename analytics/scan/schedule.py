"""When each meter runs, read from its own baseline.

Nobody's office hours are taken for granted: a canteen, a night shift or cleaners until nine are
what the meter has done all along. The level of each of the 192 hours of the week is held against
the meter's own quiet and busy hours,

    runs      level > quiet + SHARE * (busy - quiet)        quiet, busy: 10th, 90th percentile

and a meter whose busy hours hardly differ from its quiet ones has no schedule at all. Hours that
somebody registered win over what was read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.bins import FULL_BINS, HOLIDAY
from analytics.groups import Bools, Floats, quantile

SHARE = 0.4
FLAT = 1.15
"""Busy hours below this times the quiet ones: no schedule."""
LEAST_HOURS = 3
"""A weekday on which a meter runs for fewer hours is a day of rest."""
EARLY_HOURS, LATE_HOURS = 3, 4
"""How long before its start, and after its end, a day's hours are its edges."""
WEEK = 7


@dataclass(frozen=True, eq=False)
class Schedule:
    """Hours of the week, (meters, 192) each; bins as in `analytics.bins`."""

    runs: Bools
    """Hours in which the meter runs."""
    night: Bools
    """Its other hours on and after days on which it runs, edges left out."""
    early: Bools
    """The last hours before it starts."""
    late: Bools
    """The first hours after it stops."""
    rest: Bools
    """On days on which it rests, the hours in which it runs on others."""
    off: Bools
    """All hours in which it does not run."""
    regular: Bools
    """Meters that have a schedule, (meters,)."""

    def of(self, meter: int) -> Schedule:
        """Of one of the meters."""
        return Schedule(*(part[[meter]] for part in vars(self).values()))

    @classmethod
    def read(cls, levels: Floats) -> Schedule:
        """Read from the levels [kW] of the 192 hours, (meters, 192); NaN counts as quiet."""
        known = np.where(np.isfinite(levels), levels, -np.inf)
        quiet, busy = _ends(levels[:, : WEEK * 24])
        regular = (busy > FLAT * np.maximum(quiet, 0.0)) & (busy > 0)
        edge = quiet + SHARE * (busy - quiet)
        return cls.registered((known > edge[:, None]) & regular[:, None], regular)

    @classmethod
    def registered(cls, runs: Bools, regular: Bools) -> Schedule:
        """Of the hours in which each meter runs, (meters, 192)."""
        meters = runs.shape[0]
        days = runs.reshape(meters, HOLIDAY + 1, 24)
        works = days.sum(axis=2) >= LEAST_HOURS
        runs = (days & works[:, :, None]).reshape(meters, FULL_BINS)
        off = ~runs & regular[:, None]
        early, late = _edges(runs)
        week_on = (days & works[:, :, None]).sum(axis=1) >= 2
        rest = week_on[:, None, :] & ~works[:, :, None]
        after = np.roll(works[:, :WEEK], 1, axis=1)
        nights = np.repeat(works, 24, axis=1).reshape(meters, HOLIDAY + 1, 24).copy()
        nights[:, :WEEK, :6] |= after[:, :, None]
        night = nights.reshape(meters, FULL_BINS) & off & ~early & ~late
        return cls(
            runs=runs,
            night=night & regular[:, None],
            early=early & off,
            late=late & off,
            rest=rest.reshape(meters, FULL_BINS) & off,
            off=off,
            regular=regular,
        )


def _ends(levels: Floats) -> tuple[Floats, Floats]:
    """The 10th and 90th percentile of each meter's levels, NaN ignored; 0 where none is known."""
    low, high = (np.nan_to_num(quantile(levels, share)) for share in (0.1, 0.9))
    return low, high


def _edges(runs: Bools) -> tuple[Bools, Bools]:
    """Hours before a start and after a stop, (meters, 192), round the week."""
    early = [edge(runs, -hours) for hours in range(1, EARLY_HOURS + 1)]
    late = [edge(runs, hours) for hours in range(1, LATE_HOURS + 1)]
    return np.asarray(np.any(early, axis=0)), np.asarray(np.any(late, axis=0))


def edge(runs: Bools, away: int) -> Bools:
    """Hours that lie `away` before a start (negative) or after the last one that runs, (meters,
    192); `runs` may run in them themselves."""
    week = runs[:, : WEEK * 24]
    before = np.roll(week, 1, axis=1)
    turns = week & ~before if away < 0 else ~week & before
    result = np.zeros_like(runs)
    result[:, : WEEK * 24] = np.roll(turns, away if away < 0 else away - 1, axis=1)
    return result
