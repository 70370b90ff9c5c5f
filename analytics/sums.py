"""Sums that a fit needs, hour by hour additive: of all hours, of weeks, less what is left out.

The model of a meter is  y[t] = level[bin(t)] + x[t] . slope[regime of the bin].  By Frisch, Waugh
and Lovell (Econometrica 1933; JASA 1963) the slopes are those of the regression of y on x after
the bin means are taken from both:

    (X'X - sum_b Sx Sx' / n + ridge) slope = X'y - sum_b Sx Sy / n

with n, Sx and Sy the count and the sums of each bin. Meters share the weather, so X'X of all hours
is one sum for all of them; what a meter misses or leaves out is taken off by itself. Sums of weeks
add up: the fit on all weeks but one is the whole less that week.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.bins import FULL_BINS
from analytics.groups import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class FitSums:
    """Of several meters, by bin of 192 or by regime (at rest, running)."""

    count: Floats
    """Hours, (meters, 192)."""
    y: Floats
    """(meters, 192) [kWh]."""
    x: Floats
    """(meters, 192, columns)."""
    xx: Floats
    """(meters, 2, columns, columns)."""
    xy: Floats
    """(meters, 2, columns)."""

    def __add__(self, other: FitSums) -> FitSums:
        """Over the hours of both."""
        return FitSums(*(a + b for a, b in zip(_parts(self), _parts(other), strict=True)))

    def __sub__(self, other: FitSums) -> FitSums:
        """Over the hours of the first that are not of the second."""
        return FitSums(*(a - b for a, b in zip(_parts(self), _parts(other), strict=True)))


def _parts(sums: FitSums) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    return sums.count, sums.y, sums.x, sums.xx, sums.xy


@dataclass(frozen=True, eq=False)
class Design:
    """What the meters of a station share, the hours laid out bin by bin."""

    hours: Ints
    """Places of the hours, by bin, (hours,)."""
    bins: Ints
    """Their bins, rising, (hours,)."""
    x: Floats
    """Columns of those hours, (hours, columns); 0 where the weather is unknown."""
    known: Bools
    """Hours whose weather is known, (hours,)."""
    count: Floats
    """(192,)"""
    of_x: Floats
    """(192, columns)"""
    of_xx: Floats
    """(192, columns, columns)"""

    @classmethod
    def of(cls, design: Floats, full_bins: Ints, hours: Ints | None = None) -> Design:
        """Of columns (hours, columns), NaN where unknown, and bins (hours,); over some of the
        hours where `hours` names them."""
        those = np.arange(full_bins.size) if hours is None else hours
        order = those[np.argsort(full_bins[those], kind="stable")]
        bins, rows = full_bins[order], design[order]
        known = np.asarray(np.isfinite(rows).all(axis=1))
        x = np.where(known[:, None], rows, 0.0)
        columns = x.shape[1]
        outer = (x[:, :, None] * x[:, None, :]).reshape(x.shape[0], columns * columns)
        return cls(
            hours=order,
            bins=bins,
            x=x,
            known=known,
            count=np.bincount(bins[known], minlength=FULL_BINS).astype(np.float64),
            of_x=_by_bin(x.T, bins).T,
            of_xx=_by_bin(outer.T, bins).T.reshape(FULL_BINS, columns, columns),
        )

    def sums(self, energy: Floats, kept: Bools, runs: Bools) -> FitSums:
        """Sums over the kept hours; `energy` and `kept` are (meters, hours) in the order of time,
        `runs` (meters, 192) tells the regime of each bin. Kept hours must be finite."""
        counts = kept[:, self.hours] & self.known
        y = np.where(counts, energy[:, self.hours], 0.0)
        running = runs[:, self.bins]
        xy = np.stack([np.where(running, 0.0, y) @ self.x, np.where(running, y, 0.0) @ self.x], 1)
        whole = runs.astype(np.float64)
        columns = self.x.shape[1]
        flat = self.of_xx.reshape(FULL_BINS, -1)
        xx = np.stack([(1.0 - whole) @ flat, whole @ flat], axis=1)
        missed = self._missed(~counts & self.known, runs)
        return FitSums(
            count=self.count - missed.count,
            y=_by_bin(y, self.bins),
            x=self.of_x - missed.x,
            xx=xx.reshape(kept.shape[0], 2, columns, columns) - missed.xx,
            xy=xy,
        )

    def _missed(self, missing: Bools, runs: Bools) -> FitSums:
        """Sums over hours that are missing, (meters, hours) bin by bin; without those of y."""
        meters, columns = missing.shape[0], self.x.shape[1]
        meter, hour = np.nonzero(missing)
        key = meter * FULL_BINS + self.bins[hour]
        count = np.bincount(key, minlength=meters * FULL_BINS).astype(np.float64)
        x = np.zeros((meters * FULL_BINS, columns))
        xx = np.zeros((meters * 2, columns * columns))
        if hour.size and columns:
            first = np.flatnonzero(np.diff(key, prepend=-1))
            rows = self.x[hour]
            x[key[first]] = np.add.reduceat(rows, first, axis=0)
            outer = (rows[:, :, None] * rows[:, None, :]).reshape(hour.size, columns * columns)
            of_bin = np.add.reduceat(outer, first, axis=0)
            regime = meter[first] * 2 + runs[meter[first], self.bins[hour[first]]]
            order = np.argsort(regime, kind="stable")
            begins = np.flatnonzero(np.diff(regime[order], prepend=-1))
            xx[regime[order][begins]] = np.add.reduceat(of_bin[order], begins, axis=0)
        return FitSums(
            count=count.reshape(meters, FULL_BINS),
            y=np.zeros((meters, 0)),
            x=x.reshape(meters, FULL_BINS, columns),
            xx=xx.reshape(meters, 2, columns, columns),
            xy=np.zeros((meters, 0)),
        )


def _by_bin(values: Floats, bins: Ints) -> Floats:
    """Sums over the last axis by bin, whose numbers rise along it: (..., 192)."""
    result = np.zeros((*values.shape[:-1], FULL_BINS))
    if bins.size:
        first = np.flatnonzero(np.diff(bins, prepend=-1))
        result[..., bins[first]] = np.add.reduceat(values, first, axis=-1)
    return result


def slopes_of(sums: FitSums, runs: Bools, bins: Ints, ridge: float) -> Floats:
    """Slopes of both regimes, (meters, 2, columns); `bins` (192,) names the coarser bin of each.

    `ridge` is a share of the number of hours, meant for a standardised design; it also makes the
    solve regular, so that a regime without any hour gets slopes of zero.
    """
    columns = sums.x.shape[2]
    result = np.zeros((sums.count.shape[0], 2, columns))
    if not columns:
        return result
    for regime, inside in enumerate((~runs, runs)):
        count = _coarser(np.where(inside, sums.count, 0.0), bins)
        root = np.sqrt(np.maximum(count, 1.0))
        x = _coarser(np.where(inside[:, :, None], sums.x, 0.0).swapaxes(1, 2), bins)
        x = x / root[:, None, :]
        y = _coarser(np.where(inside, sums.y, 0.0), bins) / root
        gram = sums.xx[:, regime] - x @ x.swapaxes(1, 2)
        gram = gram + ridge * np.maximum(count.sum(axis=1), 1.0)[:, None, None] * np.eye(columns)
        moment = sums.xy[:, regime] - (x @ y[:, :, None])[:, :, 0]
        result[:, regime] = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    return result


def without_weather(sums: FitSums, slopes: Floats, runs: Bools) -> Floats:
    """Sums of y by bin less what the slopes explain, (meters, 192)."""
    rest, run = (np.einsum("mbp,mp->mb", sums.x, slopes[:, regime]) for regime in (0, 1))
    return np.asarray(sums.y - np.where(runs, run, rest))


def _coarser(values: Floats, bins: Ints) -> Floats:
    """Sums of the last axis over the bins that a coarser one holds."""
    if bins[-1] == FULL_BINS - 1 and bins.max() == FULL_BINS - 1:
        return values
    member = np.zeros((FULL_BINS, int(bins.max()) + 1))
    member[np.arange(FULL_BINS), bins] = 1.0
    return np.asarray(values @ member)


def means_of(total: Floats, count: Floats, bins: Ints) -> Floats:
    """Mean of each coarser bin, told to each of the 192, (meters, 192); NaN where none is kept."""
    sums, counts = _coarser(total, bins), _coarser(count, bins)
    some = counts > 0.5
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=some)
    return np.asarray(means[:, bins])
