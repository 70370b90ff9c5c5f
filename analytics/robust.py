"""Robust scale and trimming: a few nights of waste must not look like normal spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.groups import Bools, Floats, Ints, Reals, Singles, median

TILE = 4
"""Meters whose hours are compared at once: they are still in a core's own cache then."""
MAD_TO_SIGMA = 1.4826
"""Makes the median absolute deviation of a normal sample equal its standard deviation."""


def scale(residuals: Floats, floor: Floats) -> Floats:
    """Robust standard deviation of each meter's residuals [kW].

    `residuals` has shape (meters, hours), NaN ignored; `floor` has shape (meters,) and keeps
    a meter that hardly varies (a register read in whole kWh) from calling every tick an
    outlier. Residuals are taken about zero, because the fit has already centred them.
    A meter without residuals gets its floor.
    """
    spread = MAD_TO_SIGMA * median(np.abs(residuals))
    return np.fmax(spread, floor)


@dataclass(frozen=True, eq=False)
class Spreads:
    """Spreads of residuals that are laid out by bin, apart for the hours at rest and running."""

    runs: Bools
    """Bins in which a meter runs, (meters, 192)."""
    floor: Floats
    """Least spread of each meter [kW], (meters,)."""
    sample: Ints
    """Slots of the hours that a spread is read from."""
    running: Bools
    """Which of them are hours in which a meter runs, (meters, hours)."""
    sign: Singles
    """1 for those, -1 for the others, likewise."""

    @classmethod
    def at(cls, runs: Bools, floor: Floats, sample: Ints, width: int) -> Spreads:
        """Read from a sample of the slots of rows that have a `width`."""
        running = np.take(runs, sample // max(width, 1), axis=1)
        return cls(runs, floor, sample, running, np.where(running, 1.0, -1.0).astype(np.float32))

    def of(self, residual: Reals) -> Floats:
        """(meters, 2): at rest, running [kW]; NaN of the residual, (meters, 192, width), ignored.
        Exact to 32 bits.

        A regime without residuals gets its floor.
        """
        meters = residual.shape[0]
        if not self.sample.size or not meters:
            return np.repeat(self.floor[:, None], 2, axis=1)
        size = np.take(residual.reshape(meters, -1), self.sample, axis=1)
        size = size.astype(np.float32, copy=False)
        known = np.isfinite(size)
        # Those at rest are made negative: one sort orders both, the former falling, then NaN.
        ordered = np.copysign(size, self.sign, out=size)
        ordered.sort(axis=1)
        run = np.count_nonzero(known & self.running, axis=1)
        rest = np.count_nonzero(known, axis=1) - run
        scales = [
            _middle(ordered, first, count) for first, count in ((0 * rest, rest), (rest, run))
        ]
        return np.fmax(MAD_TO_SIGMA * np.stack(scales, axis=1), self.floor[:, None])

    def near(self, residual: Singles, limit: float) -> Bools:
        """Hours whose residual is known and within the limit of their own regime's spread."""
        spread = (limit * self.of(residual)).astype(np.float32)
        most = np.where(self.runs, spread[:, 1:], spread[:, :1])[:, :, None]
        result, room = np.empty(residual.shape, dtype=np.bool_), np.empty_like(residual[:TILE])
        with np.errstate(invalid="ignore"):
            for first in range(0, len(residual), TILE):
                some = slice(first, first + TILE)
                size = np.abs(residual[some], out=room[: len(residual[some])])
                np.less_equal(size, most[some], out=result[some])
        return result


def _middle(ordered: Singles, first: Ints, count: Ints) -> Floats:
    """Size of the median of `count` values from place `first` on, (meters,); NaN of none."""
    last = np.maximum(first + count // 2, 0), np.maximum(first + (count - 1) // 2, 0)
    row, most = np.arange(first.size), ordered.shape[1] - 1
    low, high = (np.abs(ordered[row, np.minimum(place, most)]) for place in last)
    return np.where(count > 0, np.add(low, high, dtype=np.float64) / 2, np.nan)
