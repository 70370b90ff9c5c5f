"""The temperature part of the design: what the weather does to the load.

A building answers the air outside twice, at once (ventilation) and slowly (its mass), so the
design holds piecewise linear segments of the temperature T and of its 12 h exponential mean E

    E[t] = E[t-1] + (1 - exp(-1 h / 12 h)) * (T[t] - E[t-1])

Segment k counts the degrees that lie between its two knots. A colder hour than any seen is expected
like the coldest, a warmer one like the warmest: a baseline that stays for months meets weather it
has not seen, and the slope of its few outermost hours says nothing about that.
"""

from dataclasses import dataclass

import numpy as np

from analytics.groups import Floats

MEMORY_HOURS = 12.0
FORGOTTEN_HOURS = 512
"""After so many hours less than the last bit is left of one."""
LONGEST_FILL_HOURS = 6
"""Weather changes slowly enough to bridge this many hours by a straight line, not more."""
NARROWEST_SEGMENT_K = 1.0


@dataclass(frozen=True)
class Segments:
    """Knots [C] of the two piecewise linear functions; empty when no temperature is used."""

    now: Floats
    slow: Floats

    @property
    def columns(self) -> int:
        """How many columns the segments add to a design matrix; 0 where there is no temperature."""
        return max(self.now.size - 1, 0) + max(self.slow.size - 1, 0)

    def design(self, temperature: Floats) -> Floats:
        """Design columns [K], shape (hours, columns), NaN where the temperature is unknown."""
        if not self.columns:
            return np.zeros((temperature.size, 0))
        known = bridge(temperature)
        return np.hstack([_degrees(known, self.now), _degrees(slow_mean(known), self.slow)])


NO_SEGMENTS = Segments(np.zeros(0), np.zeros(0))


def segments(temperature: Floats, count: int) -> Segments:
    """Place knots at quantiles of the temperature [C], so that each segment has its hours.

    Returns `NO_SEGMENTS` where fewer than half of the hours have a temperature: a baseline on
    time alone then beats one that is blind most of the time.
    """
    known = bridge(temperature)
    present = np.isfinite(known)
    if present.sum() * 2 <= known.size:
        return NO_SEGMENTS
    return Segments(_knots(known, count), _knots(slow_mean(known), count))


def bridge(temperature: Floats) -> Floats:
    """Fill gaps of up to six hours by a straight line; longer ones and open ends stay NaN."""
    known = np.flatnonzero(np.isfinite(temperature))
    if known.size == 0:
        return temperature
    hours = np.arange(temperature.size)
    before = np.searchsorted(known, hours, side="right") - 1
    after = np.searchsorted(known, hours, side="left")
    inside = (before >= 0) & (after < known.size)
    gap = known[np.minimum(after, known.size - 1)] - known[np.maximum(before, 0)] - 1
    filled = np.interp(hours, known, temperature[known])
    return np.where(inside & (gap <= LONGEST_FILL_HOURS), filled, np.nan)


def slow_mean(temperature: Floats) -> Floats:
    """The 12 h exponential mean [C]; holds its value through unknown hours, which stay NaN."""
    result = np.full(temperature.size, np.nan)
    known = np.flatnonzero(np.isfinite(temperature))
    if known.size:
        first = temperature[known[0]]
        # What an hour adds fades by exp(-1/12) each hour: sums over 1, 2, 4 ... hours.
        mean = (1.0 - np.exp(-1.0 / MEMORY_HOURS)) * (temperature[known] - first)
        reach = 1
        while reach < min(mean.size, FORGOTTEN_HOURS):
            mean[reach:] += np.exp(-reach / MEMORY_HOURS) * mean[:-reach]
            reach *= 2
        result[known] = first + mean
    return result


def _knots(values: Floats, count: int) -> Floats:
    present = values[np.isfinite(values)]
    quantiles = np.quantile(present, np.linspace(0.0, 1.0, count + 1))
    kept = [float(quantiles[0])]
    for knot in quantiles[1:].tolist():
        if knot - kept[-1] >= NARROWEST_SEGMENT_K:
            kept.append(knot)
    return np.array(kept)


def _degrees(values: Floats, knots: Floats) -> Floats:
    if knots.size < 2:
        return np.zeros((values.size, 0))
    low, high = knots[:-1], knots[1:]
    return np.asarray(np.clip(values[:, None], low, high) - low)
