"""What waste may look like within a day, and how much of a day looks like it.

A shape gives each hour a weight w; a day's residual r is held against it by two sums,

    along = sum w r        [kW]        size = sum w^2

so that along / size is the power by which the day left its expectation in that shape, and sums
over days follow from sums of days.

    night   the hours off of days on which the meter runs     early, late   the edges of its day
    rest    hours that run on other days, on a day of rest    off           all hours off
    all     every hour alike                                  share         as the meter expects
    runs    the hours on                                      cool, heat    as weather drives it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints, quantile
from analytics.scan.schedule import Schedule

BINARY: Final = ("night", "early", "late", "rest", "off", "all", "runs")
SHAPES: Final = (*BINARY, "share", "cool", "heat")
DRIVEN: Final = ("cool", "heat")
RELATIVE: Final = ("share", *DRIVEN)
"""Shapes that have a size of their own: their power is a share of it."""
LEAST_OF_SIZE = 0.05
"""Of a strong day: below it the weather hardly drives anything."""
WANDERS: Final = {
    "night": (0.02, False),
    "early": (0.03, False),
    "late": (0.03, False),
    "rest": (0.03, False),
    "off": (0.02, False),
    "all": (0.03, False),
    "runs": (0.04, False),
    "share": (0.04, True),
    "cool": (0.15, True),
    "heat": (0.15, True),
}
"""What a shape wanders at least from one year to the next: of the meter's mean power, or, where
the shape has a size of its own, of that."""
LEAST: Final = {
    "night": (0.04, 2),
    "early": (0.06, 3),
    "late": (0.06, 3),
    "rest": (0.06, 1),
    "off": (0.04, 2),
    "all": (0.06, 2),
    "runs": (0.08, 3),
    "share": (0.08, 2),
    "cool": (0.2, 5),
    "heat": (0.2, 5),
}
"""Likewise the least that is told, and on how many days at least."""
LEAST_OF_DAY = 0.5
"""Of a shape's hours in a day, those that must be known."""


@dataclass(frozen=True, eq=False)
class Hours:
    """Judged hours of several meters, (meters, hours)."""

    residual: Floats
    """Measured less expected [kW]; NaN where either is unknown, or not to be trusted."""
    expected: Floats
    """[kW]."""
    weather: Floats
    """The part of it that the weather drives [kW], 0 where it drives least; >= 0."""
    warm: Bools
    """Hours warmer than where the weather drives least."""
    bins: Ints
    """Of 192, (hours,)."""
    day_starts: Ints
    """First hour of each local day, (days,)."""

    def of(self, meter: int) -> Hours:
        """Of one of the meters."""
        own = {
            name: getattr(self, name)[[meter]]
            for name in ("residual", "expected", "weather", "warm")
        }
        return replace(self, **own)


def weights(hours: Hours, schedule: Schedule) -> Iterator[tuple[str, Floats]]:
    """Each shape with its weights, (meters, hours)."""
    masks: Mapping[str, Bools] = {
        "night": schedule.night,
        "early": schedule.early,
        "late": schedule.late,
        "rest": schedule.rest,
        "off": schedule.off,
        "runs": schedule.runs,
    }
    for name in SHAPES:
        if name in masks:
            yield name, masks[name][:, hours.bins].astype(np.float64)
        elif name == "all":
            yield name, np.ones_like(hours.residual)
        elif name == "share":
            yield name, np.maximum(np.nan_to_num(hours.expected), 0.0)
        else:
            kind = hours.warm if name == "cool" else ~hours.warm
            yield name, np.where(kind, np.nan_to_num(hours.weather), 0.0)


def days_by_shape(hours: Hours, schedule: Schedule, special: Bools) -> tuple[Floats, Floats]:
    """(along, size) of each day, (shapes, meters, days) each; size is 0 where too little of the day
    is known. On days that are `special`, (days,), nothing but rest is looked for."""
    known = np.isfinite(hours.residual)
    residual = np.nan_to_num(hours.residual)
    along, size = [], []
    for name, weight in weights(hours, schedule):
        seen = np.where(known, weight, 0.0)
        a = np.add.reduceat(seen * residual, hours.day_starts, axis=1)
        s = np.add.reduceat(seen * weight, hours.day_starts, axis=1)
        whole = np.add.reduceat(weight * weight, hours.day_starts, axis=1)
        enough = (s >= LEAST_OF_DAY * whole) & (s > 0)
        if name in DRIVEN:
            enough &= s > LEAST_OF_SIZE * _high(s)[:, None]
        if name != "rest":
            enough &= ~special
        along.append(np.where(enough, a, 0.0))
        size.append(np.where(enough, s, 0.0))
    return np.stack(along), np.stack(size)


def _high(size: Floats) -> Floats:
    """The 90th percentile of the days that have any, (meters,)."""
    return np.nan_to_num(quantile(np.where(size > 0, size, np.nan), 0.9))
