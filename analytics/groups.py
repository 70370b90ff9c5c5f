"""Sums and medians of hours that share a group, for many meters at once.

A group is a bin of the baseline (Monday 08:00), a local day, or a night. The hours of
each group are laid out once as a padded index, so that every later statistic is one
gather and one reduction over all meters:

    groups  0 0 1 2 2 2        padded   [0 1 .]
    hours   0 1 2 3 4 5   ->            [2 . .]
                                        [3 4 5]     (. = no hour)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Reals = Floats | Singles
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Groups:
    """Hours by group, shared by all meters."""

    count: int
    """Number of groups, empty ones included."""

    padded: Ints
    """Hour indices, shape (groups, longest); `hours` (one past the last) where there is none."""

    @classmethod
    def of(cls, labels: Ints, count: int) -> "Groups":
        """Lay out labels, shape (hours,), each in [0, count) or -1 for no group."""
        hours = labels.size
        order = np.argsort(labels, kind="stable")
        order = order[labels[order] >= 0]
        sizes = np.bincount(labels[order], minlength=count)
        padded = np.full((count, int(sizes.max(initial=0))), hours, dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        place = np.arange(order.size) - np.repeat(starts, sizes)
        padded[labels[order], place] = order
        return cls(count, padded)

    def sums(self, values: Floats) -> Floats:
        """Sum of values (meters, hours) by group, shape (meters, groups); empty groups give 0."""
        return np.asarray(_gather(values, self.padded, 0.0).sum(axis=-1))

    def medians(self, values: Floats) -> Floats:
        """Median by group, NaN ignored; shape (meters, groups); NaN where nothing is known."""
        return median(_gather(values, self.padded, np.nan))

    def means(self, values: Floats) -> tuple[Floats, Floats]:
        """Mean by group, NaN ignored (NaN where nothing is known), and the number of values."""
        known = np.isfinite(values)
        counts = self.sums(known.astype(np.float64))
        totals = self.sums(np.where(known, values, 0.0))
        return np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0), counts


def _gather(values: Floats, padded: Ints, pad: float) -> Floats:
    rest = np.full((values.shape[0], 1), pad)
    return np.asarray(np.concatenate([values, rest], axis=1)[:, padded])


def median(values: Floats) -> Floats:
    """Median over the last axis, NaN ignored; NaN where every value is NaN.

    One sort puts NaN last; numpy's own nanmedian goes row by row and is far slower here.
    """
    return median_in_place(np.array(values))


def median_in_place(values: Reals) -> Floats:
    """The same of values that may be sorted where they stand, which must be laid out row by row."""
    wide, shape = values.shape[-1], values.shape[:-1]
    if wide == 0 or values.size == 0:
        return np.full(shape, np.nan)
    values.sort(axis=-1)
    known = np.isfinite(values).view(np.uint8).sum(axis=-1, dtype=np.int32).ravel()
    row, ordered = np.arange(0, values.size, wide), values.reshape(-1)
    low, high = np.maximum((known - 1) // 2, 0), np.minimum(known // 2, wide - 1)
    middle = np.add(ordered[row + low], ordered[row + high], dtype=np.float64) / 2
    return np.where(known > 0, middle, np.nan).reshape(shape)


def quantile(values: Floats, share: float) -> Floats:
    """The value below which that share (0 .. 1) lies, over the last axis, as numpy's `nanquantile`
    tells it: between two by a straight line, NaN ignored; NaN where every value is NaN.

    numpy's own goes row by row as well.
    """
    wide = values.shape[-1]
    if wide == 0 or values.size == 0:
        return np.full(values.shape[:-1], np.nan)
    rows = np.sort(values, axis=-1).reshape(-1, wide)
    known = np.count_nonzero(~np.isnan(rows), axis=-1)
    place = share * np.maximum(known - 1, 0)
    low = np.floor(place).astype(np.int64)
    part, row = place - low, np.arange(len(rows))
    below, above = rows[row, low], rows[row, np.minimum(low + 1, wide - 1)]
    step = np.where(part > 0, above - below, 0.0)
    found = np.where(part < 0.5, below + step * part, above - step * (1.0 - part))
    found = np.where(part > 0, found, below)
    return np.where(known > 0, found, np.nan).reshape(values.shape[:-1])
