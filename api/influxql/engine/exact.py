"""Amounts that stay exact: float64 as long as it holds them, Python's integers beyond.

    energy   whole book units      float64 below 2**53
    money    numerators over one common denominator, whole numbers of any size

Both are divided once, at the end, so that every answer is the double nearest to the exact
decimal that the other faces show. NaN is not known; inf says that a sum must not be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import fsum, isnan, lcm, nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metering.quantity import ABSENT, I64

F64 = NDArray[np.float64]
Amounts = NDArray[Any]
"""(n,) float64, or objects: Python's integers with NaN and inf among them."""
LARGEST: Final = 2**53
"""Below it float64 holds every whole number, and adds them exactly."""


def objects(values: Iterable[Any]) -> Amounts:
    """Integers of any size as a column."""
    found = list(values)
    column = np.empty(len(found), dtype=object)
    column[:] = found
    return column


def whole(quantity: I64) -> Amounts:
    """Book units as a column; NaN where ABSENT."""
    known = quantity != ABSENT
    if np.abs(np.where(known, quantity, 0)).max(initial=0) < LARGEST:
        return np.where(known, quantity.astype(np.float64), nan)
    return objects(q if q != ABSENT else nan for q in quantity.tolist())


def of_decimals(values: Sequence[Decimal | float]) -> tuple[Amounts, int]:
    """(numerators, their common denominator); NaN and inf stay as they are."""
    ratios = [v.as_integer_ratio() if isinstance(v, Decimal) else None for v in values]
    scale = lcm(*(ratio[1] for ratio in ratios if ratio is not None))
    return objects(
        value if ratio is None else ratio[0] * (scale // ratio[1])
        for value, ratio in zip(values, ratios, strict=True)
    ), scale


def known(amounts: Amounts) -> NDArray[np.bool_]:
    """(n,) whether it is not NaN."""
    return np.asarray(amounts == amounts, dtype=np.bool_)  # noqa: PLR0124


def times(amounts: Amounts, factor: int) -> Amounts:
    """Each amount so many times."""
    if factor == 1:
        return amounts
    return objects(_int(one) * factor for one in amounts.tolist())


def sums(amounts: Amounts, place: I64, count: int) -> list[float | int]:
    """(count,) sums of known amounts, each exact, or the nearest double where amounts are not
    whole; amount n goes into place[n]."""
    if amounts.dtype != object:
        finite = amounts[np.isfinite(amounts)]
        if np.any(finite != np.floor(finite)):
            return _float_sums(amounts, place, count)
        if np.abs(finite).sum() < LARGEST:
            added: list[float | int] = np.bincount(place, amounts, minlength=count).tolist()
            return added
    found: list[float | int] = [0] * count
    for where, amount in zip(place.tolist(), amounts.tolist(), strict=True):
        found[where] += _int(amount)
    return found


def _float_sums(amounts: F64, place: I64, count: int) -> list[float | int]:
    parts: list[list[float]] = [[] for _ in range(count)]
    for where, amount in zip(place.tolist(), amounts.tolist(), strict=True):
        parts[where].append(amount)
    return [fsum(one) for one in parts]


def divided(tops: Sequence[float | int], bottoms: Sequence[int], digits: int | None = None) -> F64:
    """(n,) quotients, each the nearest double; NaN where the bottom is 0 or the top NaN.

    With `digits` it is the nearest double of the quotient rounded to so many decimals.
    """
    return np.array(
        [_quotient(a, b, digits) for a, b in zip(tops, bottoms, strict=True)], dtype=np.float64
    )


def _quotient(top: float | int, bottom: int, digits: int | None) -> float:
    exact = _int(top)
    if bottom == 0 or isnan(exact):
        return nan
    if digits is None or not isinstance(exact, int):
        return exact / bottom
    return float((Decimal(exact) / Decimal(bottom)).quantize(Decimal(1).scaleb(-digits)))


def _int(amount: float | int) -> float | int:
    """A whole float as the integer it stands for."""
    return int(amount) if isinstance(amount, float) and amount.is_integer() else amount
