"""Columns of an answer: aggregates, plain fields and tags, and arithmetic on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.influxql.aggregate import aggregate
from api.influxql.rows import F64, Rows, Values
from api.influxql.tree import Aggregate, Column, Expression, Formula, Number
from metering.errors import InvalidInput
from metering.quantity import I64


def evaluate(
    expression: Expression, rows: list[Rows], order: I64, place: I64 | None, count: int
) -> NDArray[Any]:
    """(count,) numbers, or texts of a plain tag or text field; `order` sorts rows by time.

    `place` is the bucket of each sorted row where aggregates are asked for.
    """
    match expression:
        case Number(value):
            return np.full(count, value)
        case Aggregate(function, field) if place is not None:
            return aggregate(function, _merged(rows, field, order), place, count)
        case Column(name):
            return _column(rows, name, order)
        case Formula(operator, left, right, _):
            return _applied(
                operator,
                evaluate(left, rows, order, place, count),
                evaluate(right, rows, order, place, count),
            )
    raise InvalidInput("an aggregate has no place here", field="q", value=str(expression))


def _merged(rows: list[Rows], field: str, order: I64) -> Values:
    """One field of several series as one column; series that lack it are unknown in it."""
    ratio = any(one.numbers[field].over is not None for one in rows if field in one.numbers)
    amounts, over = [], []
    for one in rows:
        unknown = np.full(len(one.time_us), np.nan)
        values = one.numbers.get(field, Values(unknown))
        scaled = values.amounts if _alike(rows, field) else values.amounts / values.scale
        amounts.append(scaled)
        over.append(unknown if values.over is None else values.over)
    scale = next((one.numbers[field].scale for one in rows if field in one.numbers), 1.0)
    return Values(
        np.concatenate(amounts)[order],
        scale if _alike(rows, field) else 1.0,
        np.concatenate(over)[order] if ratio else None,
    )


def _alike(rows: list[Rows], field: str) -> bool:
    """Whether all series have the field in the same whole units, so that sums stay exact."""
    return len({one.numbers[field].scale for one in rows if field in one.numbers}) <= 1


def _column(rows: list[Rows], name: str, order: I64) -> NDArray[Any]:
    if any(name in one.numbers for one in rows):
        values = _merged(rows, name, order)
        return values.amounts / values.scale
    texts: list[str] = []
    for one in rows:
        if name in one.texts:
            texts += one.texts[name]
        elif name in one.labels:
            texts += one.labels[name].tolist()
        else:
            texts += [one.series.tags.get(name, "")] * len(one.time_us)
    return np.array(texts, dtype=np.str_)[order]


def _applied(operator: str, left: F64, right: F64) -> F64:
    """Unknown stays unknown; a division by zero has no value."""
    with np.errstate(all="ignore"):
        match operator:
            case "+":
                found = left + right
            case "-":
                found = left - right
            case "*":
                found = left * right
            case _:
                found = np.divide(left, right, out=np.full(len(left), np.nan), where=right != 0)
    return np.asarray(found, dtype=np.float64)
