"""How far days lie from their expectation while nothing is wrong.

Read from days that the fit has not seen. A day's deviation in a shape is along / size; its sum over
n days varies by

    s^2 * n * (1 + rho) / (1 - rho)   days that follow each other are alike
    (tau * n)^2                       levels wander for weeks, and the fit is of another year

s is robust, so that waste in the history does not count as noise; rho is the correlation of
neighbouring days with far ones cut; tau is what months vary beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.groups import Floats, median
from analytics.robust import MAD_TO_SIGMA

MOST_CORRELATION = 0.85
MONTH = 28
LEAST_DAYS = 10
"""Days without which a shape is not judged."""
CUT = 3.0
"""Deviations beyond this many s count as this many."""
PEAK = 3.0
PEAK_DAYS = 3
HABIT = 3
"""Peaks that make a habit."""
WANDER = 0.02
"""Of the meter's load: what a level may wander at least from one year to the next."""
BELIEF = 6.0
"""Months that the least wander counts for beside the ones seen."""


@dataclass(frozen=True, eq=False)
class Noise:
    """Of one shape, (meters,) each."""

    sigma: Floats
    """Of along / sqrt(size) of a day; inf where it is not known."""
    rho: Floats
    tau: Floats
    """Of along / size over a long time."""
    heavy: Floats
    """Of along: what a day out of the ordinary adds now and then."""


def noise_of(along: Floats, size: Floats, least: Floats) -> Noise:
    """From days of history, (meters, days) each; `least` is what along / size wanders at least,
    (meters,)."""
    known = size > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(known, along / np.sqrt(size), np.nan)
    count = known.sum(axis=1)
    sigma = MAD_TO_SIGMA * median(np.abs(each))
    cut = np.clip(np.nan_to_num(each), -CUT * sigma[:, None], CUT * sigma[:, None])
    rho = _correlation(np.where(known, cut, np.nan))
    floor = 0.25 * least * np.sqrt(_typical(size))
    sigma = np.where(count >= LEAST_DAYS, np.fmax(sigma, floor), np.inf)
    heavy = _heavy(np.where(known, each, 0.0), sigma) * np.sqrt(_typical(size))
    return Noise(sigma, rho, _wander(cut * np.sqrt(size), size, sigma, rho, least), heavy)


def _heavy(each: Floats, sigma: Floats) -> Floats:
    """A third of the third highest of the peaks that stand apart, beyond the spread, (meters,).

    Days near each other are one peak: what lasted once is no habit.
    """
    z = np.divide(each, sigma[:, None], out=np.zeros_like(each), where=np.isfinite(sigma)[:, None])
    found = np.zeros(each.shape[0])
    for meter in np.flatnonzero((z > PEAK).any(axis=1)).tolist():
        days = np.flatnonzero(z[meter] > PEAK)
        runs = np.split(days, np.flatnonzero(np.diff(days) > PEAK_DAYS) + 1)
        peaks = sorted((float(z[meter, run].max()) for run in runs), reverse=True)
        if len(peaks) >= HABIT:
            found[meter] = peaks[HABIT - 1] / PEAK
    return found * np.where(np.isfinite(sigma), sigma, 0.0)


def _correlation(each: Floats) -> Floats:
    """Of neighbouring known days, (meters,), within 0 and the most that is believed."""
    filled = np.nan_to_num(each)
    both = np.isfinite(each[:, 1:]) & np.isfinite(each[:, :-1])
    products = np.where(both, filled[:, 1:] * filled[:, :-1], 0.0).sum(axis=1)
    squares = np.where(both, (filled[:, 1:] ** 2 + filled[:, :-1] ** 2) / 2, 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(squares > 0, products / squares, 0.0)
    return np.clip(found, 0.0, MOST_CORRELATION)


def _wander(along: Floats, size: Floats, sigma: Floats, rho: Floats, least: Floats) -> Floats:
    """What the means of months vary beyond what their days explain, (meters,)."""
    months = along.shape[1] // MONTH
    if months == 0:
        return least
    cut = months * MONTH
    sums = along[:, :cut].reshape(-1, months, MONTH).sum(axis=2)
    sizes = size[:, :cut].reshape(-1, months, MONTH).sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(sizes > 0, sums / sizes, np.nan)
        explained = sigma**2 * (1 + rho) / (1 - rho) / _typical(sizes)
    seen = np.isfinite(means).sum(axis=1)
    spread = (MAD_TO_SIGMA * np.nan_to_num(median(np.abs(means)))) ** 2
    beyond = np.maximum(spread - np.where(np.isfinite(explained), explained, np.inf), 0.0)
    return np.asarray(np.sqrt((seen * beyond + BELIEF * least**2) / (seen + BELIEF)))


def _typical(sizes: Floats) -> Floats:
    return np.nan_to_num(median(np.where(sizes > 0, sizes, np.nan)))
