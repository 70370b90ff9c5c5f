"""Many rows to one number a bucket, or to some rows of it. What is not known stays NaN, never 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import floor, inf, isfinite, isinf, nan, sqrt
from typing import Final

import numpy as np

from api.influxql.engine import exact
from api.influxql.engine.exact import F64, Amounts
from api.influxql.engine.rows import Values
from api.influxql.language.functions import COUNT_DISTINCT
from metering.quantity import I64

Number = float | int
_WHOLE: Final[dict[str, Callable[[list[Number]], tuple[Number, int]]]] = {
    "median": lambda own: _median(sorted(own)),
    "mode": lambda own: (_mode(own), 1),
    "spread": lambda own: (max(own) - min(own), 1),
}
"""What is told of all amounts of a bucket, as what to divide by what."""


def aggregate(
    function: str, values: Values, place: I64, count: int, argument: float | None = None
) -> F64:
    """(count,) numbers; rows lie in bucket `place`, sorted by time."""
    known = exact.known(values.amounts)
    own, place = values.of(known), place[known]
    many = np.bincount(place, minlength=count).tolist()
    if function in ("count", COUNT_DISTINCT):
        told = [
            [one for one in part if isfinite(one)] for part in _parted(own.amounts, place, count)
        ]
        many = [len(set(part) if function == COUNT_DISTINCT else part) for part in told]
        return exact.divided(many, [1 if number else 0 for number in many])
    if function == "stddev":
        parted = _parted(own.amounts, place, count)
        return np.array([_deviation(part) for part in parted], np.float64) / own.scale
    if function in _WHOLE:
        told_of = [_told(function, one) for one in _parted(own.amounts, place, count)]
        tops, bottoms = [top for top, _ in told_of], [bottom for _, bottom in told_of]
    elif function == "mean":
        tops, bottoms = _mean(own, place, many)
    elif function == "sum":
        tops, bottoms = exact.sums(own.amounts, place, count), [1 if n else 0 for n in many]
    else:
        rows = chosen(function, own, place, count, argument)
        amounts = own.amounts.tolist()
        tops = [amounts[row] if row >= 0 else nan for row in rows.tolist()]
        bottoms = [1] * count
    return exact.divided(tops, [bottom * own.scale for bottom in bottoms], own.digits)


def chosen(
    function: str, values: Values, place: I64, count: int, argument: float | None = None
) -> I64:
    """(count,) the row that a selector takes of each bucket, of equal ones the first; -1 of a
    bucket in which nothing is known."""
    found = np.full(count, -1, np.int64)
    for bucket, rows in enumerate(_known_rows(values.amounts, place, count)):
        if rows:
            found[bucket] = _row(function, rows, values.amounts, argument)
    return found


def some(function: str, values: Values, place: I64, count: int, argument: float | None) -> I64:
    """(n,) the rows that `top`, `bottom` and `distinct` take of all buckets, by time."""
    amounts, found = values.amounts, list[int]()
    for rows in _known_rows(amounts, place, count):
        if function == "distinct":
            first = {amounts[row]: row for row in reversed(rows)}
            found += sorted(first.values())
        else:
            sign = -1 if function == "top" else 1
            best = sorted(rows, key=lambda row: (sign * amounts[row], row))
            found += sorted(best[: int(argument or 1)])
    return np.array(found, np.int64)


def integral(values: Values, times: I64, bounds: I64, unit_us: float) -> F64:
    """(buckets,) the area below the line through the known rows, by the unit [us]. Where the line
    passes a bound it is cut there; a bucket without an area has none."""
    known = exact.known(values.amounts)
    at, height = times[known], values.amounts[known].astype(np.float64) / values.scale
    found = np.full(len(bounds) - 1, nan)
    for (left, low), (right, high) in pairwise(zip(at.tolist(), height.tolist(), strict=True)):
        first, last = np.searchsorted(bounds, (left, right - 1), side="right") - 1
        for bucket in range(first, last + 1 if right > left else first):
            a, b = max(left, int(bounds[bucket])), min(right, int(bounds[bucket + 1]))
            ends = low + (high - low) * (np.array([a, b]) - left) / (right - left)
            area = ends.mean() * (b - a) / unit_us
            found[bucket] = area if np.isnan(found[bucket]) else found[bucket] + area
    return found


def _row(function: str, rows: list[int], amounts: Amounts, argument: float | None) -> int:
    match function:
        case "first":
            return rows[0]
        case "last":
            return rows[-1]
        case "min":
            return min(rows, key=lambda row: (amounts[row], row))
        case "max":
            return min(rows, key=lambda row: (-amounts[row], row))
    rank = floor(len(rows) * (argument or 0) / 100 + 0.5) - 1
    return sorted(rows, key=lambda row: (amounts[row], row))[rank] if rank >= 0 else -1


def _known_rows(amounts: Amounts, place: I64, count: int) -> list[list[int]]:
    """The rows of each bucket of which something is known."""
    known = np.flatnonzero(exact.known(amounts))
    cuts = np.searchsorted(place[known], np.arange(count + 1)).tolist()
    rows = known.tolist()
    return [rows[a:b] for a, b in pairwise(cuts)]


def _parted(amounts: Amounts, place: I64, count: int) -> list[list[Number]]:
    """The known amounts of each bucket."""
    cuts = np.searchsorted(place, np.arange(count + 1)).tolist()
    told = amounts.tolist()
    return [told[a:b] for a, b in pairwise(cuts)]


def _told(function: str, own: list[Number]) -> tuple[Number, int]:
    if not own:
        return nan, 0
    if not all(isfinite(one) for one in own):  # what must not be shown hides the whole
        return inf, 1
    return _WHOLE[function](own)


def _median(own: list[Number]) -> tuple[Number, int]:
    middle = len(own) // 2
    return (own[middle], 1) if len(own) % 2 else (own[middle - 1] + own[middle], 2)


def _mode(own: list[Number]) -> Number:
    """The one there is most often; of several the first."""
    many: dict[Number, int] = {}
    for one in own:
        many[one] = many.get(one, 0) + 1
    return max(many, key=lambda one: many[one])


def _deviation(own: Sequence[Number]) -> float:
    """Of a sample; NaN of fewer than two."""
    if len(own) < 2:
        return nan
    mean = sum(own) / len(own)
    return sqrt(sum((one - mean) ** 2 for one in own) / (len(own) - 1))


def _mean(own: Values, place: I64, many: list[int]) -> tuple[list[Number], list[int]]:
    """Sums with what to divide them by; where the weights are nothing, all weigh the same."""
    plain = exact.sums(own.amounts, place, len(many))
    if own.weight is None:
        return plain, many
    weights = exact.sums(own.weight, place, len(many))
    tops = exact.sums(_product(own.amounts, own.weight), place, len(many))
    chosen = [
        (top, int(weight)) if weight and not isinf(alone) else (alone, number)
        for top, weight, alone, number in zip(tops, weights, plain, many, strict=True)
    ]
    return [top for top, _ in chosen], [bottom for _, bottom in chosen]


def _product(amounts: Amounts, weight: Amounts) -> Amounts:
    """Amount by amount; what must not be shown weighs whatever it may."""
    with np.errstate(invalid="ignore"):
        found: Amounts = amounts * weight
    return np.where(exact.known(found), found, 0)
