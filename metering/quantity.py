"""Integer quantities: sums that are checked, and shares that add up exactly.

Energy is booked in int64. Floats were measured to differ between engines in the 8th digit;
integers make month = sum of days true to the last digit, in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metering.errors import InvalidInput

I64 = NDArray[np.int64]

ABSENT: Final = int(np.iinfo(np.int64).min)
"""Stands in an int64 array where there is no value. Never zero, never summed."""

_LIMIT = float(2**62)


def total(values: I64) -> int | None:
    """Sum of the present values; None when none is present.

    Raises InvalidInput rather than wrap around int64.
    """
    present = values[values != ABSENT]
    if present.size == 0:
        return None
    if float(np.abs(present.astype(np.float64)).sum()) >= _LIMIT:
        raise InvalidInput("sum exceeds 64 bits", field="quantity", fix="check the meter's unit")
    return int(present.sum())


def totals(values: I64, firsts: Sequence[int]) -> list[int | None]:
    """`total` of each stretch that begins at one of the rising places and ends at the next."""
    known = values != ABSENT
    here = np.where(known, values, 0)
    if float(np.abs(here).max(initial=0)) * len(values) >= _LIMIT:
        return [total(stretch) for stretch in np.split(values, list(firsts)[1:])]
    sums = np.add.reduceat(here, firsts).tolist()
    some = np.logical_or.reduceat(known, firsts).tolist()
    return [one if any_known else None for one, any_known in zip(sums, some, strict=True)]


def add(columns: list[I64]) -> I64:
    """Slot by slot sum of equally long arrays; ABSENT only where all are absent."""
    summed = np.zeros(columns[0].shape, dtype=np.int64)
    present, most = np.zeros(summed.shape, dtype=np.bool_), 0.0
    for column in columns:
        known = column != ABSENT
        here = np.where(known, column, 0)
        summed += here
        present |= known
        most += float(np.abs(here).max(initial=0))
    if most >= _LIMIT and _largest(columns) >= _LIMIT:
        raise InvalidInput("sum exceeds 64 bits", field="quantity", fix="check the meters' units")
    return np.where(present, summed, ABSENT)


def _largest(columns: Sequence[I64]) -> float:
    """Largest sum of sizes in any slot, as a float: of what may not fit 64 bits."""
    sizes = (np.where(c == ABSENT, 0.0, np.abs(c.astype(np.float64))) for c in columns)
    return float(np.max(sum(sizes, np.zeros(columns[0].shape)), initial=0.0))


def divided(amounts: I64, weights: Sequence[int], place: int) -> I64:
    """What one of several has of each amount, by positive whole weights and largest remainder.

    Of any shape. The parts of all places add up to the amounts exactly; ties go to the earlier
    place. ABSENT stays ABSENT.
    """
    whole = sum(weights)
    exact: type = np.int64 if whole < 2**31 else object  # products of remainders must fit
    known = amounts != ABSENT
    here = np.where(known, amounts, 0)
    sizes: NDArray[Any] = np.abs(here).astype(exact)
    turns, rest = sizes // whole, sizes % whole
    pairs = [(rest * weight // whole, rest * weight % whole) for weight in weights]
    left = rest - sum(down for down, _ in pairs)
    own = pairs[place][1]
    before = sum(
        ((over > own) | ((over == own) & (n < place))).astype(np.int64)
        for n, (_, over) in enumerate(pairs)
    )
    part = turns * weights[place] + pairs[place][0] + (before < left)
    return np.where(known, np.sign(here) * part.astype(np.int64), ABSENT).astype(np.int64)


def apportion(amount: int, weights: NDArray[np.int64] | list[int]) -> I64:
    """Split `amount` by non-negative integer `weights`, exactly, by largest remainder.

    Returns int64 of the weights' length whose sum is `amount`. Ties go to the earlier place.
    All-zero weights split evenly. Hamilton's method on integers, so engine and order of
    evaluation cannot matter.
    """
    parts = [int(w) for w in weights]
    if not parts:
        raise InvalidInput(
            "nothing to apportion to", field="weights", value=[], fix="at least one weight"
        )
    if min(parts) < 0:
        raise InvalidInput(
            "negative weight", field="weights", value=min(parts), fix="weights of 0 or more"
        )
    if sum(parts) == 0:
        parts = [1] * len(parts)
    whole, sign = sum(parts), -1 if amount < 0 else 1
    shares = [divmod(abs(amount) * part, whole) for part in parts]
    left = abs(amount) - sum(share for share, _ in shares)
    by_remainder = sorted(range(len(parts)), key=lambda i: (-shares[i][1], i))
    taken = [share for share, _ in shares]
    for place in by_remainder[:left]:
        taken[place] += 1
    return np.array([sign * share for share in taken], dtype=np.int64)
