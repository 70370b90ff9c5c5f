"""Slots and shares of many days at a coarser step; the arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from metering.localtime import DAY_MIN
from metering.quality import MISSING, WHOLE, Shares, from_times
from metering.quantity import ABSENT, I64


def holds(step_min: int, fine_min: int) -> bool:
    """Whether periods of a step are made of whole ones of a finer step, or of the same; a day is
    of any."""
    return step_min >= DAY_MIN or step_min % fine_min == 0


def summed(slots: I64, step_min: int, fine_min: int) -> I64:
    """(D, m) sums of slots (D, n) [book units]; ABSENT where all of a sum's slots are."""
    size = slots.shape[1] if step_min >= DAY_MIN else step_min // fine_min
    present = slots != ABSENT
    sums = grouped(np.where(present, slots, 0)[..., None], size)[..., 0]
    counts = grouped(present.astype(np.int64)[..., None], size)[..., 0]
    return np.where(counts > 0, sums, ABSENT)


def coarse(shares: Shares, hours: Shares, days: Shares, fine_min: int, step_min: int) -> Shares:
    """(D, m, 4) quality at a coarser step, as the coarser period sees it."""
    if step_min == fine_min:
        return shares
    if step_min >= DAY_MIN:
        return days[:, None, :]
    if step_min == 60:
        return hours
    return shares_of(grouped(shares.astype(np.int64), step_min // fine_min))


def mean(shares: Sequence[Shares], weights: Sequence[int]) -> Shares:
    """Mean of equally shaped (..., 4) shares by integer weight."""
    weighted = np.zeros(shares[0].shape, dtype=np.int64)
    for one, weight in zip(shares, weights, strict=True):
        weighted += one if weight == 1 else one.astype(np.int64) * weight
    return shares_of(weighted)


def grouped(values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Sums of `size` neighbours along the second axis; the last group may be shorter."""
    starts = np.arange(0, values.shape[1], size)
    return np.asarray(np.add.reduceat(values, starts, axis=1), dtype=np.int64)


def shares_of(times: NDArray[np.int64]) -> Shares:
    """Shares (..., 4) from time spent in each class."""
    return from_times(times.reshape(-1, 4)).reshape(times.shape)


def all_missing(count: int, width: int) -> Shares:
    """(count, width, 4) of which nothing is known."""
    shares = np.zeros((count, width, 4), dtype=np.uint16)
    shares[..., MISSING] = WHOLE
    return shares
