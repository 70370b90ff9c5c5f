"""Heating and cooling of one place in the same hours of mild weather.

    both[h]  = heating and cooling above their own base, 5 < T < 18 C
    hours[d] = how many of them a day has, of days with four mild hours or more
    high     = hours[d] > what the earlier days say of such a day + max(3 s, 2 h)

Their own base is what they take at that hour of the day, of working and of other days, in the
least tenth of it: hot water, a kitchen and the cooling of a server room are no news. What reheats
by design does it on earlier days too (`analytics.overheads`, whose runs these are).

Seven earlier days as warm have to be known, nine in ten of which had fewer such hours.
A year of hours is looked at, whatever the window: the first warm days of a spring are like those of
the spring before, not like winter.

OpposedMeters ─▶ books ─▶ OpposedHours ─▶ Opposed (`opposed`)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analytics.bins import HourCalendar
from analytics.groups import Bools, Floats, Groups, Ints, quantile
from analytics.overheads import DayUse, Overheads, judge

MILD_C: Final = (5.0, 18.0)
OPPOSED_DAYS: Final = 400
"""Of which the hours are looked at."""
LEAST_HOURS: Final = 2.0
"""Beyond what is usual, of a day that is told."""
ALIKE_K: Final = 3.0
LEAST_ALIKE: Final = 7
"""Earlier days as warm as a run that must be known."""
OFTEN: Final = 0.9
"""Of them, those whose hours of both a run must pass."""
LEAST_MILD: Final = 4
"""Known mild hours of a day that is judged."""
BASE: Final = 0.1
STANDS_OUT: Final = 0.005
"""Of the usual high (the 95th percentile of what flows above the base), what counts as running."""
HIGH: Final = 0.95


@dataclass(frozen=True, eq=False)
class OpposedHours:
    """A place by the hour; arrays are (hours,), NaN where unknown."""

    node: str
    meter: str
    """The heating meter that is told of it."""
    heat_mj: float
    """Heat of its canonical unit [MJ]."""
    hours_us: Ints
    heating: Floats
    """[MJ/h]."""
    cooling: Floats
    outdoor: Floats
    """[C]."""


@dataclass(frozen=True, eq=False)
class Opposed:
    """When both ran in mild weather, and more than usual."""

    hours: OpposedHours
    overlap: Floats
    """The smaller of both above its base [MJ/h], (hours,); 0 where not both ran."""
    day: Ints
    """Local day of each hour, days since 1970-01-01, (hours,)."""
    days: DayUse
    """Hours in which both ran [h], by day; NaN where too few mild hours are known."""
    told: Overheads


def opposed(hours: OpposedHours, clock: HourCalendar, sigmas: float) -> Opposed:
    """Runs of days on which both ran for longer than on earlier days, by the clock of the hours."""
    outdoor, above = hours.outdoor, _above_base(np.stack([hours.heating, hours.cooling]), clock)
    with np.errstate(invalid="ignore"):
        mild = (outdoor > MILD_C[0]) & (outdoor < MILD_C[1]) & np.isfinite(above).all(axis=0)
        run = (above > np.nan_to_num(STANDS_OUT * _high(above))[:, None]).all(axis=0)
    both: Bools = mild & run
    days, place = np.unique(clock.day, return_inverse=True)
    known = np.bincount(place[mild], minlength=days.size)
    warmth = np.bincount(place[mild], outdoor[mild], days.size)
    judged = known >= LEAST_MILD
    use = DayUse(
        days=days.astype(np.int64),
        beside=np.where(judged, np.bincount(place[both], minlength=days.size), np.nan),
        wanted=np.ones(days.size),
        temperature=np.where(judged, warmth / np.maximum(known, 1), np.nan),
    )
    overlap = np.where(both, above.min(axis=0), 0.0)
    told = judge(use, np.full(days.size, LEAST_HOURS), sigmas)
    runs = tuple(one for one in told.runs if _is_news(use, told.runs, one))
    return Opposed(hours, overlap, clock.day, use, replace(told, runs=runs))


def _is_news(use: DayUse, runs: Sequence[Ints], run: Ints) -> bool:
    """Whether enough earlier days of no run were as warm, and had fewer such hours: a fit takes a
    few warm days after a winter for outliers."""
    before = np.arange(use.days.size) < run[0]
    before[np.concatenate(runs)] = False
    warmth = use.temperature if use.temperature is not None else np.zeros(use.days.size)
    with np.errstate(invalid="ignore"):
        alike = before & (np.abs(warmth - np.median(warmth[run])) <= ALIKE_K)
    own = use.beside[alike & np.isfinite(use.beside)]
    return own.size >= LEAST_ALIKE and bool(
        np.quantile(own, OFTEN) + LEAST_HOURS < use.beside[run].mean()
    )


def _above_base(flows: Floats, clock: HourCalendar) -> Floats:
    """What flows above the least tenth of its hour of such a day, (flows, hours)."""
    kinds: Ints = clock.naive_bins()
    groups = Groups.of(kinds, 48)
    padded = np.concatenate([flows, np.full((len(flows), 1), np.nan)], axis=1)
    base = quantile(padded[:, groups.padded], BASE)
    return np.asarray(flows - base[:, kinds])


def _high(above: Floats) -> Floats:
    return quantile(np.where(above > 0, above, np.nan), HIGH)
