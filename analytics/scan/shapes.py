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
from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints
from analytics.scan.schedule import Schedule

BINARY: Final = ("night", "early", "late", "rest", "off", "all", "runs")
SHAPES: Final = (*BINARY, "share", "cool", "heat")
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


@dataclass(frozen=True, eq=False)
class Days:
    """A shape's sums of each day, (meters, days)."""

    along: Floats
    size: Floats
    """0 where too little of the day is known."""


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


def days_of(hours: Hours, weight: Floats) -> Days:
    """Sums of each day along a shape; `weight` is (meters, hours)."""
    known = np.isfinite(hours.residual)
    seen = np.where(known, weight, 0.0)
    along = np.add.reduceat(seen * np.nan_to_num(hours.residual), hours.day_starts, axis=1)
    size = np.add.reduceat(seen * seen, hours.day_starts, axis=1)
    whole = np.add.reduceat(weight * weight, hours.day_starts, axis=1)
    enough = (size >= LEAST_OF_DAY * whole) & (size > 0)
    return Days(np.where(enough, along, 0.0), np.where(enough, size, 0.0))
