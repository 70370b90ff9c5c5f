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
from analytics.scan.shapes import Days

MOST_CORRELATION = 0.85
MONTH = 28
LEAST_DAYS = 10
"""Days without which a shape is not judged."""
CUT = 3.0
"""Deviations beyond this many s count as this many."""
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

    def variance(self, size: Floats, rows: object = slice(None)) -> Floats:
        """Of along / size, over days whose sizes add up to `size`, (meters, ...)."""
        shape = (-1,) + (1,) * (np.ndim(size) - 1)
        sigma, rho, tau = (
            np.reshape(one[rows], shape) for one in (self.sigma, self.rho, self.tau)
        )
        inflated = sigma**2 * (1 + rho) / (1 - rho)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(size > 0, inflated / size + tau**2, np.inf)


def noise_of(days: Days, least: Floats) -> Noise:
    """From days of history; `least` is what along / size wanders at least [kW], (meters,)."""
    known = days.size > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(known, days.along / np.sqrt(days.size), np.nan)
    count = known.sum(axis=1)
    sigma = MAD_TO_SIGMA * median(np.abs(each))
    cut = np.clip(np.nan_to_num(each), -CUT * sigma[:, None], CUT * sigma[:, None])
    rho = _correlation(np.where(known, cut, np.nan))
    floor = 0.25 * least * np.sqrt(_typical(days.size))
    sigma = np.where(count >= LEAST_DAYS, np.fmax(sigma, floor), np.inf)
    return Noise(sigma, rho, _wander(cut * np.sqrt(days.size), days.size, sigma, rho, least))


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
    return np.sqrt((seen * beyond + BELIEF * least**2) / (seen + BELIEF))


def _typical(sizes: Floats) -> Floats:
    return np.nan_to_num(median(np.where(sizes > 0, sizes, np.nan)))
