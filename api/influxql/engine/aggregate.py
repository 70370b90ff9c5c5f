"""Many rows to one number a bucket. What is not known stays NaN, never 0."""

from __future__ import annotations

from collections.abc import Callable
from math import isinf, nan

import numpy as np

from api.influxql.engine import exact
from api.influxql.engine.exact import F64, Amounts
from api.influxql.engine.rows import Values
from metering.quantity import I64

Number = float | int
_CHOICES: dict[str, Callable[[Number, Number], Number]] = {
    "first": lambda old, _: old,
    "last": lambda _, new: new,
    "min": min,
    "max": max,
}


def aggregate(function: str, values: Values, place: I64, count: int) -> F64:
    """(count,) numbers; rows lie in bucket `place`, sorted by time."""
    known = exact.known(values.amounts)
    own, place = values.of(known), place[known]
    many = np.bincount(place, minlength=count).tolist()
    if function == "count":
        return exact.divided(many, [1 if number else 0 for number in many])
    if function == "mean":
        tops, bottoms = _mean(own, place, many)
    elif function == "sum":
        tops, bottoms = exact.sums(own.amounts, place, count), [1 if n else 0 for n in many]
    else:
        tops, bottoms = _one_of(function, own.amounts, place, count), [1] * count
    return exact.divided(tops, [bottom * own.scale for bottom in bottoms], own.digits)


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


def _one_of(function: str, amounts: Amounts, place: I64, count: int) -> list[Number]:
    found: list[Number] = [nan] * count
    choice = _CHOICES[function]
    for where, amount in zip(place.tolist(), amounts.tolist(), strict=True):
        old = found[where]
        found[where] = choice(old, amount) if old == old else amount  # noqa: PLR0124
    return found
