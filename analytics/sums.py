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
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np

from analytics.bins import FULL_BINS
from analytics.groups import Bools, Floats, Ints
from analytics.layout import Layout

Array = TypeVar("Array", Floats, Bools)


@dataclass(frozen=True, eq=False)
class FitSums:
    """Of several meters, by bin of 192 or by regime (at rest, running)."""

    count: Floats
    """Hours, (meters, 192)."""
    yx: Floats
    """Of the energy [kWh] and of the columns, (meters, 1 + columns, 192)."""
    products: Floats
    """Of the columns with energy and columns, (meters, 2, columns, 1 + columns)."""

    def __add__(self, other: FitSums) -> FitSums:
        """Over the hours of both."""
        return FitSums(self.count + other.count, self.yx + other.yx, self.products + other.products)

    def __sub__(self, other: FitSums) -> FitSums:
        """Over the hours of the first that are not of the second."""
        return FitSums(self.count - other.count, self.yx - other.yx, self.products - other.products)

    def copy(self) -> FitSums:
        """The same, to be changed."""
        return FitSums(self.count.copy(), self.yx.copy(), self.products.copy())

    def without_columns(self) -> FitSums:
        """Those of the energy alone."""
        return FitSums(self.count, self.yx[:, :1], self.products[:, :, :0, :1])


ROWS = 16
"""Meters in a product of matrices. Such a product may round otherwise where it has other rows; with
as many in each, what a meter gets does not depend on the meters beside it."""


@dataclass(frozen=True, eq=False)
class Design:
    """What the meters of a station share, the hours laid out bin by bin."""

    layout: Layout
    x: Floats
    """1 and the columns of each hour, (192, width, 1 + columns); columns are 0 where the weather is
    unknown, all is where no hour is."""
    known: Bools
    """Hours whose weather is known, (192, width)."""
    blind_hours: int
    """How many hours have weather that is not."""

    @classmethod
    def of(cls, design: Floats, layout: Layout) -> Design:
        """Of columns (hours, columns), NaN where unknown."""
        seen = np.asarray(np.isfinite(design).all(axis=1))
        hours = np.insert(np.where(seen[:, None], design, 0.0), 0, 1.0, axis=1)
        rows, known = hours[layout.places], seen[layout.places]
        rows[layout.empty], known[layout.empty] = 0.0, False
        blind = layout.slots.size - int(np.count_nonzero(known))
        shape = (FULL_BINS, layout.width)
        return cls(layout, rows.reshape(*shape, rows.shape[1]), known.reshape(shape), blind)

    @property
    def columns(self) -> int:
        """How many columns the weather has."""
        return int(self.x.shape[2]) - 1

    @cached_property
    def count(self) -> Floats:
        """Hours of known weather by bin, (192,)."""
        return np.asarray(np.count_nonzero(self.known, axis=1), dtype=np.float64)

    @cached_property
    def of_x(self) -> Floats:
        """Sums of the columns by bin, (192, columns)."""
        return np.asarray(self.x[:, :, 1:].sum(axis=1))

    @cached_property
    def of_xx(self) -> Floats:
        """Sums of the products of columns by bin, (192, columns, columns)."""
        x = self.x[:, :, 1:]
        return np.asarray(x.swapaxes(1, 2) @ x)

    @cached_property
    def x_by_column(self) -> Floats:
        """1 and the columns, (192, 1 + columns, width)."""
        return np.ascontiguousarray(self.x.swapaxes(1, 2))

    def expected(self, levels: Floats, slopes: Floats, runs: Bools) -> Floats:
        """What levels (meters, 192) and slopes (meters, 2, columns) of the regime of each bin come
        to, (meters, 192, width)."""
        shape = (len(levels), *self.known.shape)
        if not self.columns:
            return np.broadcast_to(levels[:, :, None], shape)
        result = np.empty((-(-shape[0] // ROWS) * ROWS, *shape[1:]))
        for first in range(0, len(result), ROWS):
            some, out = slice(first, first + ROWS), result[first : first + ROWS]
            factors = _factors(_whole(levels[some]), _whole(slopes[some]), _whole(runs[some]))
            np.matmul(factors, self.x_by_column, out=out.swapaxes(0, 1))
        return result[: shape[0]]

    def sums(self, energy: Floats, kept: Bools, runs: Bools) -> FitSums:
        """Sums over the kept hours whose weather is known; `energy` and `kept` are laid out,
        (meters, 192, width), `runs` (meters, 192) tells the regime of each bin. Kept hours must be
        finite."""
        meters, columns = kept.shape[0], self.columns
        counts = kept & self.known
        y = np.where(counts, energy, 0.0)
        yx = np.empty((meters, 1 + columns, FULL_BINS))
        yx[:, 1:] = self.of_x.T
        products = np.empty((meters, 2, columns, 1 + columns))
        if columns:
            both = np.stack([1.0 - runs, runs], axis=1)
            for first in range(0, meters, ROWS):
                some = slice(first, first + ROWS)
                of_y, of_xx = self._times(_whole(y[some])), self._products(_whole(both[some]))
                with_y = (of_y[:, 1:] @ _whole(both[some]).swapaxes(1, 2)).swapaxes(1, 2)
                size = len(y[some])
                yx[some, 0] = of_y[:size, 0]
                products[some, ..., 0], products[some, ..., 1:] = with_y[:size], of_xx[:size]
        else:
            y.sum(axis=-1, out=yx[:, 0])
        full = FitSums(np.tile(self.count, (meters, 1)), yx, products)
        missing = np.flatnonzero(~counts & self.known)
        return self._with(full, None, missing, np.full(missing.size, -1.0), runs)

    def _times(self, y: Floats) -> Floats:
        """Sums of y (16, 192, width) and of its products with the columns by bin, (16, 1 + columns,
        192)."""
        return np.ascontiguousarray((y.swapaxes(0, 1) @ self.x).transpose(1, 2, 0))

    def _products(self, both: Floats) -> Floats:
        """Sums of the products of columns over the bins of either regime, which `both` (16, 2, 192)
        tells: (16, 2, columns, columns)."""
        columns = self.columns
        found = both.reshape(-1, FULL_BINS) @ self.of_xx.reshape(FULL_BINS, -1)
        return found.reshape(ROWS, 2, columns, columns)

    def changed(
        self, sums: FitSums, energy: Floats, was: Bools, now: Bools, runs: Bools
    ) -> FitSums:
        """The sums over `was` as those over `now`: hours that came are added, others taken off."""
        places = np.flatnonzero((now ^ was) & self.known)
        times = np.where(now.ravel()[places], 1.0, -1.0)
        return self._with(sums.copy(), energy, places, times, runs)

    def _with(
        self, sums: FitSums, energy: Floats | None, places: Ints, times: Floats, runs: Bools
    ) -> FitSums:
        """The sums, changed where they stand, with few hours, by their places among (meters, 192,
        width), rising, and how often each counts; those of no energy where None is given."""
        columns, bins = self.columns, runs.size
        key, slot = places // self.layout.width, places % self.known.size
        if not places.size:
            return sums
        y = np.zeros(places.size) if energy is None else energy.ravel()[places]
        of_count = sums.count.reshape(-1)
        of_count += np.bincount(key, times, bins)
        if energy is not None:
            sums.yx[:, 0] += np.bincount(key, y * times, bins).reshape(-1, FULL_BINS)
        if columns:
            rows = np.take(self.x.reshape(-1, 1 + columns), slot, axis=0)
            rows[:, 0] = y
            counted = rows[:, 1:] * times[:, None]
            for column in range(columns):
                own = np.bincount(key, counted[:, column], bins)
                sums.yx[:, 1 + column] += own.reshape(-1, FULL_BINS)
            both = np.zeros((places.size, 2, columns))
            both[np.arange(places.size), runs.ravel()[key].astype(np.int64)] = counted
            by_regime = both.reshape(-1, 2 * columns)
            products = sums.products.reshape(-1, 2 * columns, 1 + columns)
            ends = np.searchsorted(key, FULL_BINS * np.arange(len(runs) + 1)).tolist()
            for one, (first, last) in enumerate(pairwise(ends)):
                if first < last:
                    products[one] += by_regime[first:last].T @ rows[first:last]
        return sums


def _factors(levels: Floats, slopes: Floats, runs: Bools) -> Floats:
    """Level of each bin and the slopes of its regime, bin by bin: (192, meters, 1 + columns)."""
    meters, _, columns = slopes.shape
    table = np.zeros((2 * meters, 1 + columns))
    table[:, 1:] = slopes.reshape(-1, columns)
    result = np.take(table, 2 * np.arange(meters) + runs.T, axis=0)
    result[:, :, 0] = levels.T
    return result


def _whole(rows: Array) -> Array:
    """So many rows that a product of matrices has its usual size."""
    if len(rows) == ROWS:
        return rows
    result = np.zeros((ROWS, *rows.shape[1:]), dtype=rows.dtype)
    result[: len(rows)] = rows
    return result


def slopes_of(sums: FitSums, runs: Bools, bins: Ints, ridge: float) -> Floats:
    """Slopes of both regimes, (meters, 2, columns); `bins` (192,) names the coarser bin of each.

    `ridge` is a share of the number of hours, meant for a standardised design; it also makes the
    solve regular, so that a regime without any hour gets slopes of zero.
    """
    columns = sums.products.shape[2]
    if not columns:
        return np.zeros((sums.count.shape[0], 2, 0))
    inside = np.stack([~runs, runs], axis=1).astype(np.float64)
    count = sums.count[:, None] * inside
    hours = count.sum(axis=2)
    if _is_fine(bins):
        own, each = sums.yx[:, None], inside / np.maximum(count, 1.0)
    else:
        own = _coarser(sums.yx[:, None] * inside[:, :, None], bins)
        each = 1.0 / np.maximum(_coarser(count, bins), 1.0)
    within = sums.products - (own[:, :, 1:] * each[:, :, None]) @ own.swapaxes(2, 3)
    gram = within[..., 1:]
    gram += ridge * np.maximum(hours, 1.0)[..., None, None] * np.eye(columns)
    return np.asarray(np.linalg.solve(gram, within[..., :1])[..., 0], dtype=np.float64)


def without_weather(sums: FitSums, slopes: Floats, runs: Bools) -> Floats:
    """Sums of y by bin less what the slopes explain, (meters, 192)."""
    if not slopes.shape[2]:
        return sums.yx[:, 0]
    both = slopes @ sums.yx[:, 1:]
    return np.asarray(sums.yx[:, 0] - np.where(runs, both[:, 1], both[:, 0]))


def _is_fine(bins: Ints) -> bool:
    return int(bins.max()) == FULL_BINS - 1


def _coarser(values: Floats, bins: Ints) -> Floats:
    """Sums of the last axis over the bins that a coarser one holds: the same hour of days that
    follow each other."""
    if _is_fine(bins):
        return values
    days = bins[::24]
    kinds = np.flatnonzero(np.diff(days, prepend=-1))
    by_day = values.reshape(*values.shape[:-1], days.size, 24)
    ends = pairwise([*kinds.tolist(), days.size])
    return np.concatenate(
        [by_day[..., first:last, :].sum(axis=-2) for first, last in ends], axis=-1
    )


def means_of(total: Floats, count: Floats, bins: Ints) -> Floats:
    """Mean of each coarser bin, told to each of the 192, (meters, 192); NaN where none is kept."""
    sums, counts = _coarser(total, bins), _coarser(count, bins)
    some = counts > 0.5
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=some)
    return np.take(means, bins, axis=1)
