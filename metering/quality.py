"""Quality: four shares of expected time on every number.

    measured      between two good readings at the meter's own step
    apportioned   inside a gap between two good registers: total known, shape not
    estimated     from parts, a model or a neighbour
    missing       nothing is known

Shares are uint16 parts per 10,000 in that order and add to 10,000.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.uint16]

MEASURED, APPORTIONED, ESTIMATED, MISSING = range(4)
NAMES: Final = ("measured", "apportioned", "estimated", "missing")
WHOLE: Final = 10_000
_SAFE: Final = 2**49
"""Times 10,000 it still fits 64 bits."""


def all_of(which: int, count: int) -> Shares:
    """(count, 4) shares that are wholly `which`."""
    shares = np.zeros((count, 4), dtype=np.uint16)
    shares[:, which] = WHOLE
    return shares


def from_times(times: NDArray[np.int64]) -> Shares:
    """Shares from time spent in each class.

    `times` is (n, 4) non-negative [any unit]; rows of zeros become wholly missing. Rounded by
    largest remainder, so each row adds to 10,000. A row may add up to 2**59.
    """
    sums = times.sum(axis=1)
    # Most rows lie in one class as a whole: only the others have anything to round.
    pure = times == sums[:, np.newaxis]
    shares = np.where(pure, WHOLE, 0).astype(np.uint16)
    shares[sums == 0] = (0, 0, 0, WHOLE)
    mixed = np.flatnonzero(~(pure[:, 0] | pure[:, 1] | pure[:, 2] | pure[:, 3]))
    if len(mixed):
        shares[mixed] = _rounded(times[mixed], sums[mixed])
    return shares


def _rounded(times: NDArray[np.int64], sums: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, 4) shares by largest remainder; no row is all 0."""
    # One multiplication where it fits 64 bits, else digit by digit: energy as a weight is large.
    base, rounds = (WHOLE, 1) if sums.max(initial=0) < _SAFE else (10, 4)
    shares, rest = np.zeros_like(times), times
    for _ in range(rounds):
        digit, rest = np.divmod(rest * base, sums[:, np.newaxis])
        shares = shares * base + digit
    remainder = WHOLE - shares.sum(axis=1)
    order = np.argsort(-rest, axis=1, kind="stable")
    for place in range(3):
        rows = np.flatnonzero(remainder > place)
        shares[rows, order[rows, place]] += 1
    return shares


def mean(shares: list[Shares], weights: list[int] | None = None) -> Shares:
    """Mean of equally shaped (n, 4) shares, weighted by integers, exact to 1/10,000.

    Without weights, or where all of them are 0, each counts the same. Weights may add up to
    2**45.
    """
    used = weights if weights is not None and any(weights) else [1] * len(shares)
    weighted = sum(
        (s.astype(np.int64) * w for s, w in zip(shares, used, strict=True)),
        np.zeros(shares[0].shape, dtype=np.int64),
    )
    return from_times(weighted)


__all__ = [
    "APPORTIONED",
    "ESTIMATED",
    "MEASURED",
    "MISSING",
    "NAMES",
    "WHOLE",
    "Shares",
    "all_of",
    "from_times",
    "mean",
]
