"""Stretches of days that left what the weeks before them were.

A baseline is a year old, and buildings change: where a level has wandered off, waste hides beneath
it. So days are also held against the weeks before them,

    step = mean of n days - what the weeks before were        [kW]
           ───────────────────────────────────────────
           how far such steps go while nothing is wrong

for the shapes of a day that are hours alike. Seasons and habits make steps as well: how far they go
is learned from the meter's own history, for each shape and number of days by itself. What the weeks
before were is the median of the last four, or of the last twelve where that is more: what comes
back after a closure is no step. A step speaks only where it is by far the finer measure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from analytics.groups import Floats, median, quantile
from analytics.robust import MAD_TO_SIGMA
from analytics.scan.segments import DaySegment, Shaped, cumulated, end_of, without
from analytics.scan.shapes import SHAPES

STEP_SHAPES: Final = ("night", "early", "late", "off", "all", "runs")
STEP_DAYS: Final = (5, 7, 10, 14, 21, 28, 42, 63, 91)
"""Numbers of days that are held against the weeks before."""
BEFORE, LONG_BEFORE = 28, 84
LEAST_BEFORE = 8
"""Of the nearer days, those that must be known in a shape."""
EVERY = 7
"""Days from one median to the next."""
FAR, FAR_SIGMAS = 0.8, 1.2816
"""Share of steps of history, and how many standard deviations it holds if they are normal: what
moves in two seasons of the year alone hardly moves by the median. What was wasted once is less."""
LEAST_STEPS = 20
"""Steps of history without which a number of days is not judged."""
SHARE_OF_LEAST = 0.25
"""Of the least that is told, what steps vary by at least."""
FINER = 0.5
"""Times what is held against the expectation varies by: steps that vary by more say nothing."""
NARROW = 7
"""Days; what is shorter is no step."""
MOST_STEPS = 6
"""Of one meter, in one window of looking."""
_ROWS: Final = [SHAPES.index(name) for name in STEP_SHAPES]
Step = tuple[DaySegment, float]
"""Days, and what the weeks before them were [kW]."""


def step_noise(along: Floats, size: Floats) -> Floats:
    """How far steps go, robustly [kW], (STEP_DAYS, STEP_SHAPES, meters), of days of history,
    (shapes, meters, days) each; inf where too little is known. More days never go less far. Steps
    of a few seasons count beside those of many quiet weeks."""
    along, size = along[_ROWS], size[_ROWS]
    usual, found = _before(along, size), []
    for days in STEP_DAYS:
        mean = _windows(along, size, days)[0]
        step = mean - usual[..., : mean.shape[2]]
        known = np.isfinite(step).sum(axis=2) >= LEAST_STEPS
        size_of = np.abs(step)
        wide = np.fmax(MAD_TO_SIGMA * median(size_of), quantile(size_of, FAR) / FAR_SIGMAS)
        found.append(np.where(known, wide, np.inf))
    return np.asarray(np.maximum.accumulate(np.stack(found)))


def steps(shaped: Shaped, noise: Floats, since: int, least_z: float) -> list[Step]:
    """All steps up beyond `least_z` that begin on day `since` or later, meter by meter; `noise` as
    of `step_noise`, NaN nowhere."""
    own = replace(shaped, **{name: part[_ROWS] for name, part in vars(shaped).items()})
    best = [z.max(axis=(0, 2), initial=0.0) for z, _ in _judged(own, noise, since)]
    told = np.flatnonzero(np.max(best, axis=0) > least_z)
    return [
        one
        for meter in told.tolist()
        for one in _of_meter(own.of(meter), noise[..., [meter]], since, meter, least_z)
    ]


def _of_meter(own: Shaped, noise: Floats, since: int, meter: int, least_z: float) -> list[Step]:
    found: list[Step] = []
    for _ in range(MOST_STEPS):
        judged = [(z[:, 0], level[:, 0]) for z, level in _judged(own, noise, since)]
        highest = [float(z.max(initial=0.0)) for z, _ in judged]
        at = int(np.argmax(highest))
        if highest[at] <= least_z:
            break
        z, level = judged[at]
        row, first = divmod(int(np.argmax(z)), z.shape[1])
        known = next(
            days
            for days, (other, _) in zip(STEP_DAYS, judged, strict=True)
            if first < other.shape[1] and other[row, first] > least_z
        )
        days = first + since, first + since + STEP_DAYS[at] - 1, first + since + known - 1
        before = float(level[row, first])
        segment = _widened(
            own, row, before, DaySegment(meter, _ROWS[row], *days[:2], highest[at], 0.0, days[2])
        )
        if segment.last - segment.first + 1 >= NARROW:
            found.append((segment, before))
        own = without(own, segment.first, segment.last)
    return found


def _widened(own: Shaped, row: int, before: float, one: DaySegment) -> DaySegment:
    """Moved to where the step halves."""
    size = own.size[row, 0]
    along = own.along[row, 0] - before * size
    noise = Shaped(*(part[[row]] for part in vars(own).values()))
    power = float(along[one.first : one.last + 1].sum() / size[one.first : one.last + 1].sum())
    first = end_of(noise, along, size, power, one.first, -1)
    last = max(end_of(noise, along, size, power, one.last, 1), first)
    inside = slice(first, last + 1)
    power = float(along[inside].sum() / size[inside].sum())
    known = min(max(one.known, first), last)
    return replace(one, first=first, last=last, known=known, power=power)


def _judged(own: Shaped, noise: Floats, since: int) -> list[tuple[Floats, Floats]]:
    """By number of days, (z, what the weeks before were, and what the season adds to that) of those
    that begin on each day from `since` on, (shapes, meters, days) each."""
    usual, found = _before(own.along, own.size)[..., since:], []
    season = own.season * own.size
    before = _before(season, own.size)[..., since:]
    for days, spread in zip(STEP_DAYS, noise, strict=True):
        mean, size, count = _windows(own.along[..., since:], own.size[..., since:], days)
        of_season = _windows(season[..., since:], own.size[..., since:], days)[0]
        rise = np.fmax(of_season - before[..., : mean.shape[2]], 0.0)
        level = usual[..., : mean.shape[2]] + rise
        step = np.nan_to_num(mean - level)
        varies = np.hypot(spread, SHARE_OF_LEAST * own.least)[..., None]
        told = (step >= own.least[..., None]) & (count >= own.fewest[..., None])
        told &= varies < FINER * np.sqrt(own.variance(size))
        found.append((np.where(told, step / varies, 0.0), level))
    return found


def _before(along: Floats, size: Floats) -> Floats:
    """What the weeks before each day, or up to a week longer ago, were [kW], (shapes, meters,
    days); NaN where too few of their days are known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(size > 0, along / size, np.nan)
    result = np.full(along.shape, np.nan)
    for day in range(BEFORE, along.shape[2], EVERY):
        near, far = each[..., day - BEFORE : day], each[..., max(day - LONG_BEFORE, 0) : day]
        enough = np.isfinite(near).sum(axis=2) >= LEAST_BEFORE
        level = np.where(enough, np.fmax(median(near), median(far)), np.nan)
        result[..., day : day + EVERY] = level[..., None]
    return result


def _windows(along: Floats, size: Floats, days: int) -> tuple[Floats, Floats, Floats]:
    """(along / size, size, days known) of windows of so many days, by the day they begin on; NaN
    where nothing is known."""
    count = max(along.shape[2] - days + 1, 0)
    a, s, n = (cumulated(part) for part in (along, size, (size > 0).astype(np.float64)))
    a, s, n = (
        part[..., days:] - part[..., :count] if count else part[..., :0] for part in (a, s, n)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 0, a / s, np.nan), s, n
