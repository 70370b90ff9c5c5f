"""What is usual of a meter whose version was made before that was learned."""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.baseline import Baseline
from analytics.scan.faults import Bounds
from analytics.scan.habit import Habit
from analytics.scan.seasons import SEASONS
from analytics.scan.shapes import SHAPES, WANDERS
from analytics.scan.steps import STEP_DAYS, STEP_SHAPES

DAILY_HOURS: Final = {
    "night": 10,
    "early": 3,
    "late": 4,
    "rest": 10,
    "off": 14,
    "all": 24,
    "runs": 10,
}
"""Hours of a day that a shape usually has."""
ALIKE: Final = 0.6
"""How alike the hours of a day are taken for."""


def guessed_habit(baseline: Baseline) -> Habit:
    """What is usual of the meters of a baseline, by the spread of its hours alone: hours of a day
    are taken for as alike as `ALIKE`, and nothing is guessed of weather, special days or faults."""
    rest, run = baseline.spread[:, 0], baseline.spread[:, 1]
    level = np.nan_to_num(baseline.load)
    sigma = np.full((len(SHAPES), level.size), np.inf)
    tau = np.zeros_like(sigma)
    for place, name in enumerate(SHAPES):
        if name in DAILY_HOURS:
            hours = DAILY_HOURS[name]
            hourly = np.where(name in ("runs", "all", "rest"), run, rest)
            sigma[place] = hourly * np.sqrt(1 + (hours - 1) * ALIKE)
            tau[place] = WANDERS[name][0] * level
    meters = level.size
    return Habit(
        sigma=sigma,
        tau=tau,
        heavy=np.zeros_like(sigma),
        step=np.full((len(STEP_DAYS), len(STEP_SHAPES), level.size), np.inf),
        season=np.zeros((SEASONS, len(SHAPES), level.size)),
        level=level,
        spread=np.stack([rest, run], axis=1),
        odd=np.ones(meters, dtype=np.bool_),
        bounds=Bounds(
            rests=np.ones(meters, dtype=np.bool_),
            feeds=np.ones(meters, dtype=np.bool_),
            still=np.full(meters, 24, dtype=np.int64),
            most=np.full(meters, np.inf),
        ),
        calm=np.full(meters, np.nan),
        base=np.zeros(meters),
        unseen=np.ones(meters),
    )
