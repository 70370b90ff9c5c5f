"""What each kind of waste, and each fault of a meter, does to the load of one building.

A shape takes a building, a window of hours and a size, and returns the load [kW] (hours,) that
would have been metered. It changes hours of the window, and what the building gives back in the
two days after it; a reading that is missing stays missing. `None`: the building has no such hours.

Extra power wavers about its mean, by days and by hours, as people and weather make it; half of the
events that run plant out of hours give some of it back in the hours after, up to two fifths,
because rooms that were cooled or heated need it less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proofs.detect.fleet import Floats, Ints
from proofs.detect.real.own_hours import Hours, OwnHours

GIVE_BACK_HOURS = 3
MOST_BACK = 0.4
"""Of the extra energy of a run, that is given back after it at most."""
MOST_OF_LOAD = 0.3
"""Of an hour's load that giving back may take away."""
COOLS_ABOVE_C = 18.0
COOLING_RANGE_K = 10.0


@dataclass(frozen=True, eq=False)
class Subject:
    """One building as the injector knows it."""

    load: Floats
    """[kW], (hours,), NaN where nothing came."""
    week: Ints
    """Hour of the week, (hours,)."""
    off: Hours
    """Hours of weekends and holidays by the calendar, (hours,)."""
    own: OwnHours
    temperature: Floats | None = None
    """Outdoor air [C], (hours,)."""

    @property
    def workday(self) -> Hours:
        """Hours of days on which this building works, holidays and the calendar's rest apart,
        unless it works on weekends by itself, (hours,)."""
        works = self.own.workdays[self.week // 24]
        weekend = self.week // 24 >= 5
        return works & (weekend | ~self.off)

    @property
    def works(self) -> Hours:
        """Hours in which it works, (hours,)."""
        return self.own.on[self.week] & self.workday

    @property
    def idle(self) -> Hours:
        """Hours of days on which it really rested: the calendar or its own week says so, and its
        usual hours took less than work does, (hours,)."""
        usual = self.own.usual[self.week % 24]
        by_day = np.where(usual & ~np.isnan(self.load), self.load, 0.0).reshape(-1, 24).sum(axis=1)
        count = (usual & ~np.isnan(self.load)).reshape(-1, 24).sum(axis=1)
        return np.asarray(~self.workday & (by_day < count * self.own.cut_kw).repeat(24))


@dataclass(frozen=True)
class Window:
    """Hours from `first` up to and without `end`, and how large what happens in them is."""

    first: int
    end: int
    size: float
    """A share of the building's typical daytime load, or what the shape takes it for."""

    def hours(self, length: int) -> Hours:
        """The hours of the window among `length`, (length,)."""
        inside = np.zeros(length, dtype=np.bool_)
        inside[self.first : self.end] = True
        return inside


def after_hours_plant(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """Plant that runs on through the hours of workdays in which the building rests."""
    mask = window.hours(len(subject.load)) & subject.workday & ~subject.works
    return _given_back(subject, _extra(subject, mask, window.size, rng), rng)


def weekend_run(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """The usual hours of a workday run on days on which the building rests."""
    usual = subject.own.usual[subject.week % 24] & subject.own.rests
    mask = window.hours(len(subject.load)) & subject.idle & usual
    return _given_back(subject, _extra(subject, mask, window.size, rng), rng)


def early_start(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """One to four hours before work begins, each workday."""
    ahead = int(rng.integers(1, 5))
    works = subject.works
    soon = np.zeros_like(works)
    for hours in range(1, ahead + 1):
        soon[:-hours] |= works[hours:]
    return _extra(subject, window.hours(len(works)) & soon & ~works, window.size, rng)


def late_stop(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """One to four hours after work has ended, each workday."""
    after = int(rng.integers(1, 5))
    works = subject.works
    lately = np.zeros_like(works)
    for hours in range(1, after + 1):
        lately[hours:] |= works[:-hours]
    return _extra(subject, window.hours(len(works)) & lately & ~works, window.size, rng)


def base_step(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """Something left on, day and night."""
    return _extra(subject, window.hours(len(subject.load)), window.size, rng)


def base_creep(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """Load that is added little by little, from nothing to the whole size at the end."""
    mask = window.hours(len(subject.load))
    ramp = np.clip((np.arange(len(mask)) - window.first) / (window.end - window.first), 0.0, 1.0)
    return _extra(subject, mask, window.size, rng, ramp)


def slope(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """Cooling that takes more for each degree; the whole size 10 K above 18 C."""
    if subject.temperature is None:
        return None
    degrees = np.nan_to_num(np.clip(subject.temperature - COOLS_ABOVE_C, 0.0, None))
    mask = window.hours(len(subject.load)) & (degrees > 0.0)
    return _extra(subject, mask, window.size, rng, degrees / COOLING_RANGE_K)


def louder_nights(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """The load of the rest hours of each workday, larger by the size as a share of itself."""
    mask = window.hours(len(subject.load)) & subject.workday & ~subject.works
    if not mask.any():
        return None
    loud = subject.load.copy()
    loud[mask] *= 1.0 + window.size * _wavering(mask, rng)[mask]
    return loud


def multiplier(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """A current transformer of another ratio, or a phase that is not counted."""
    factor = float(rng.choice([1 / 3, 0.5, 2 / 3, 1.5, 2.0, 3.0, 10.0]))
    return np.where(window.hours(len(subject.load)), subject.load * factor, subject.load)


def spike(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """Readings of three to thirty times the day's load."""
    high = float(np.exp(rng.uniform(np.log(3.0), np.log(30.0)))) * subject.own.day_kw
    inside = window.hours(len(subject.load)) & ~np.isnan(subject.load)
    return np.where(inside, high, subject.load)


def stuck(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """The reading before the window, over and over."""
    del rng
    last = subject.load[window.first - 1]
    if not last > 0.0:
        return None
    inside = window.hours(len(subject.load)) & ~np.isnan(subject.load)
    return np.where(inside, last, subject.load)


def zero(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """Nothing is counted."""
    del rng
    inside = window.hours(len(subject.load)) & ~np.isnan(subject.load)
    return np.where(inside, 0.0, subject.load)


def negative(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """Import counted as export."""
    del rng
    return np.where(window.hours(len(subject.load)), -subject.load, subject.load)


def gap(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """No reading comes."""
    del rng
    return np.where(window.hours(len(subject.load)), np.nan, subject.load)


def clock(subject: Subject, window: Window, rng: np.random.Generator) -> Floats | None:
    """The meter's clock is one or two hours slow or fast; readings of the edges fall out."""
    shift = int(rng.choice([-2, -1, 1, 2]))
    shifted = np.roll(subject.load, shift)
    return np.where(window.hours(len(subject.load)), shifted, subject.load)


def _wavering(mask: Hours, rng: np.random.Generator) -> Floats:
    """Factors about 1 for each hour: a tenth by day, a twentieth by hour, (hours,)."""
    by_day = rng.normal(1.0, 0.1, size=len(mask) // 24 + 1).repeat(24)[: len(mask)]
    by_hour = rng.normal(1.0, 0.05, size=len(mask))
    return np.asarray(np.clip(by_day * by_hour, 0.5, 1.5))


def _extra(
    subject: Subject,
    mask: Hours,
    size: float,
    rng: np.random.Generator,
    share: Floats | float = 1.0,
) -> Floats | None:
    """The load with `size` of the day's load more, times `share`, in the hours of `mask`."""
    if not mask.any():
        return None
    extra = size * subject.own.day_kw * share * _wavering(mask, rng)
    return np.where(mask, subject.load + extra, subject.load)


def _given_back(subject: Subject, after: Floats | None, rng: np.random.Generator) -> Floats | None:
    """After each run of extra hours some of it is taken less, and no more than the load bears."""
    back = float(rng.uniform(0.0, MOST_BACK)) * float(rng.random() < 0.5)
    if after is None or back == 0.0:
        return after
    extra = np.nan_to_num(after - subject.load)
    ran = extra > 0.0
    ends = np.flatnonzero(ran[:-1] & ~ran[1:]) + 1
    begins = np.flatnonzero(ran & ~np.concatenate(([False], ran[:-1])))
    for begin, end in zip(begins, ends, strict=False):
        hours = slice(end, min(end + GIVE_BACK_HOURS, len(after)))
        most = np.clip(MOST_OF_LOAD * subject.load[hours], 0.0, None)
        less = np.minimum(back * extra[begin:end].sum() / GIVE_BACK_HOURS, most)
        after[hours] = after[hours] - np.where(ran[hours], 0.0, less)
    return after
