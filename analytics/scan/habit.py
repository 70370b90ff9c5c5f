"""What is usual of a meter when it is well, learned with its baseline and kept with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints, median
from analytics.robust import MAD_TO_SIGMA
from analytics.scan.faults import Bounds
from analytics.scan.noise import noise_of
from analytics.scan.schedule import Schedule
from analytics.scan.seasons import learned_seasons
from analytics.scan.shapes import WANDERS, Hours, days_by_shape
from analytics.scan.steps import step_noise

ODD_SHARE = 0.2
"""Of the way from quiet to busy: special days that were off by more follow no rule."""
ODD_LOAD = 0.05
LEAST_SPELLS = 3
"""Spells of special days off that a history must hold."""
YEAR = 365.0
"""Days after which a meter has shown what seasons do to it: what its busy hours wander at least is
more, by the root, where fewer are known. The hours off are what they are."""
SEASONAL: Final = ("all", "runs", "share", "cool", "heat")
STEP_HISTORY = 330
"""Days without which steps are not known from seasons."""
LEAST_SPREAD = 0.02
"""Of a meter's mean power: a steadier hour is taken for as unsteady."""


@dataclass(frozen=True, eq=False)
class Habit:
    """Of several meters; the last axis is the meter."""

    sigma: Floats
    """(shapes, meters): of along / sqrt(size) of a day, its likeness to its neighbours counted."""
    tau: Floats
    """(shapes, meters): of along / size over a long time."""
    heavy: Floats
    """(shapes, meters): of along, what a single day out of the ordinary adds now and then."""
    step: Floats
    """(STEP_DAYS, STEP_SHAPES, meters): how far so many days lie from the weeks before them [kW];
    inf where too little is known."""
    season: Floats
    """(SEASONS, shapes, meters): of along / size, how far days of a season lie from what is
    expected of them, every year."""
    level: Floats
    """Mean power [kW], (meters,)."""
    spread: Floats
    """Of a sound hour [kW], (meters, 2): off, and on."""
    odd: Bools
    """Meters whose special days followed no rule, (meters,): nobody is accused of one."""
    bounds: Bounds
    calm: Floats
    """Outdoor air at which the weather drives a meter least [C], (meters,); NaN without weather."""
    base: Floats
    """What the weather's part is then [kW], (meters,)."""
    unseen: Floats
    """By how much more busy hours are taken to wander, since a year was not seen, (meters,)."""

    @classmethod
    def of(
        cls,
        hours: Hours,
        load: Floats,
        bounds: Bounds,
        schedule: Schedule,
        levels: Floats,
        special: Bools,
        spells: int,
        least: tuple[Floats, Floats],
        seasons: Ints,
    ) -> Habit:
        """Of a history judged by fits that have not seen it; `load` [kW] is (meters, hours), and
        `bounds` are of the same with the hours of waste, which are no less what a meter does;
        `levels` [kW] (meters, 192), `special` (days,) as in `analytics.scan.special`, `spells` how
        many spells of days off are among them, `least` what `least_driven` says, `seasons` those of
        the days, (days,)."""
        level = _mean(load)
        along, size = days_by_shape(hours, schedule, special)
        unseen = np.full(level.size, np.sqrt(max(YEAR / special.size, 1.0)))
        found = [
            noise_of(
                a,
                s,
                (unseen if name in SEASONAL else 1.0)
                * wander
                * (np.ones_like(level) if relative else level),
            )
            for a, s, (name, (wander, relative)) in zip(along, size, WANDERS.items(), strict=True)
        ]
        residual = hours.residual
        sigma = np.stack([one.sigma * np.sqrt((1 + one.rho) / (1 - one.rho)) for one in found])
        return cls(
            sigma=sigma,
            tau=np.stack([one.tau for one in found]),
            heavy=np.stack([one.heavy for one in found]),
            step=_steps(along, size),
            season=learned_seasons(along, size, seasons),
            level=level,
            spread=_spread(residual, schedule, hours, LEAST_SPREAD * level),
            odd=_odd(hours, levels, level, special, spells),
            bounds=bounds,
            calm=least[0],
            base=least[1],
            unseen=unseen,
        )

    def rows(self, wanted: Sequence[int]) -> Habit:
        """Some of the meters."""
        own = list(wanted)
        parts = {name: getattr(self, name)[..., own] for name in BY_METER}
        return replace(self, **parts, spread=self.spread[own], bounds=self.bounds.rows(own))

    @classmethod
    def joined(cls, several: Sequence[Habit]) -> Habit:
        """One habit of the meters of several."""
        return replace(
            several[0],
            **{
                name: np.concatenate([getattr(one, name) for one in several], axis=-1)
                for name in BY_METER
            },
            spread=np.concatenate([one.spread for one in several]),
            bounds=Bounds.joined([one.bounds for one in several]),
        )


_OF_SHAPES: Final = ("sigma", "tau", "heavy", "step", "season")
BY_METER: Final = (*_OF_SHAPES, "level", "odd", "calm", "base", "unseen")
"""Arrays whose last axis is the meter."""


def _steps(along: Floats, size: Floats) -> Floats:
    """How far steps go; infinitely far where no year has shown what seasons do."""
    found = step_noise(along, size)
    return found if along.shape[2] >= STEP_HISTORY else np.full_like(found, np.inf)


def least_driven(weather: Floats, temperature: Floats) -> tuple[Floats, Floats]:
    """Where the weather drives each meter least: (outdoor air [C], its part then [kW]), (meters,)
    each. `weather` (meters, hours) [kW], `temperature` (hours,) [C]; NaN and 0 where it is
    unknown."""
    known = np.isfinite(temperature)
    meters = weather.shape[0]
    if not known.any() or not np.abs(weather).sum():
        return np.full(meters, np.nan), np.zeros(meters)
    part, air = np.nan_to_num(weather[:, known]), temperature[known]
    low = np.quantile(part, [0.02, 0.1], axis=1)
    inside = part <= low[1][:, None]
    return median(np.where(inside, air, np.nan)), low[0]


def _spread(residual: Floats, schedule: Schedule, hours: Hours, least: Floats) -> Floats:
    off = schedule.off[:, hours.bins]
    both = [np.where(kind, np.abs(residual), np.nan) for kind in (off, ~off)]
    return np.stack([np.fmax(MAD_TO_SIGMA * median(one), least) for one in both], axis=1)


def _mean(load: Floats) -> Floats:
    known = np.isfinite(load)
    total = np.where(known, load, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(known.sum(axis=1), 1))


def _odd(hours: Hours, levels: Floats, level: Floats, special: Bools, spells: int) -> Bools:
    """Meters whose special days followed no rule, or were too few to tell one, (meters,)."""
    if spells < LEAST_SPELLS:
        return np.ones(level.size, dtype=np.bool_)
    known = np.isfinite(hours.residual)
    total = np.add.reduceat(np.where(known, hours.residual, 0.0), hours.day_starts, axis=1)
    count = np.add.reduceat(known * 1.0, hours.day_starts, axis=1)
    mean = np.abs(total / np.maximum(count, 1.0))[:, special]
    week = np.where(np.isfinite(levels[:, :168]), levels[:, :168], 0.0)
    quiet, busy = np.percentile(week, [10, 90], axis=1)
    edge = np.maximum(ODD_SHARE * (busy - quiet), ODD_LOAD * level)
    return np.asarray(mean.max(axis=1, initial=0.0) > edge)
