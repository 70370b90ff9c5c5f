"""Many rows to one number a bucket. What is not known stays NaN, never 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from api.influxql.rows import F64, Values
from metering.quantity import I64

LEAST_KNOWN = 0.95
"""Of a bucket's rows: below it a ratio is not stated."""


def aggregate(function: str, values: Values, place: I64, count: int) -> F64:
    """(count,) numbers; rows lie in bucket `place`, sorted by time."""
    if values.over is not None:
        return np.asarray(_ratio(values.amounts, values.over, place, count) / values.scale)
    known = ~np.isnan(values.amounts)
    amounts, place = values.amounts[known], place[known]
    many = np.bincount(place, minlength=count)
    if function == "count":
        return np.where(many > 0, many.astype(np.float64), np.nan)
    if function in ("sum", "mean"):
        sums = np.bincount(place, weights=amounts, minlength=count)
        divisor = many if function == "mean" else np.ones(count)
        found = np.divide(sums, divisor, out=np.full(count, np.nan), where=many > 0)
    else:
        found = _one_of(function, amounts, place, count)
    return np.asarray(found / values.scale)


def _one_of(function: str, amounts: F64, place: I64, count: int) -> F64:
    found = np.full(count, np.nan)
    if function == "first":
        found[place[::-1]] = amounts[::-1]
    elif function == "last":
        found[place] = amounts
    elif function == "max":
        np.fmax.at(found, place, amounts)
    else:
        np.fmin.at(found, place, amounts)
    return found


def _ratio(above: F64, below: F64, place: I64, count: int) -> F64:
    """Sum over sum of the rows that know both; NaN where they are too few."""
    both = ~np.isnan(above) & ~np.isnan(below)
    expected = np.bincount(place, minlength=count)
    known = np.bincount(place[both], minlength=count)
    over = np.bincount(place[both], weights=above[both], minlength=count)
    under = np.bincount(place[both], weights=below[both], minlength=count)
    stated: NDArray[np.bool_] = (known >= LEAST_KNOWN * expected) & (under > 0)
    return np.asarray(np.divide(over, under, out=np.full(count, np.nan), where=stated))
