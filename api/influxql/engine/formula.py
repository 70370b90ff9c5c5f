"""Columns of an answer: aggregates, plain fields and tags, and arithmetic on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.influxql.engine import exact
from api.influxql.engine.aggregate import aggregate
from api.influxql.engine.check import is_whole
from api.influxql.engine.exact import F64, Amounts
from api.influxql.engine.rows import FieldKind, Rows, Values
from api.influxql.language.tree import Aggregate, Column, Expression, Formula, Number
from metering.errors import InvalidInput
from metering.quantity import I64


@dataclass(frozen=True, eq=False)
class Frame:
    """Rows of one group, and how they lie."""

    rows: Sequence[Rows]
    order: I64
    """Sorts the rows by time."""
    place: I64 | None
    """The bucket of each sorted row, where aggregates are asked for."""
    count: int
    fields: Mapping[str, FieldKind]
    mixed: bool = False
    """Whether rows of several currencies stand side by side, each with its own."""


def evaluate(expression: Expression, frame: Frame) -> NDArray[Any]:
    """(count,) numbers, or texts of a plain tag or text field.

    Raises InvalidInput where money of several currencies would become one number.
    """
    match expression:
        case Number(value):
            return np.full(frame.count, value)
        case Aggregate(function, field) if frame.place is not None:
            whole = is_whole(function, frame.fields[field])
            values = _merged(frame, field, whole=whole, alike=function == "count")
            return aggregate(function, values, frame.place, frame.count)
        case Column(name):
            return _column(frame, name)
        case Formula(operator, left, right, _):
            return applied(operator, evaluate(left, frame), evaluate(right, frame))
    raise InvalidInput(
        "an aggregate has no place here",
        field="q",
        value=str(expression),
        fix="a field or a tag alone, or a SELECT of aggregates",
    )


def _merged(frame: Frame, field: str, *, whole: bool, alike: bool) -> Values:
    """One field of several series as one column; series that lack it are unknown in it."""
    found = [_own(one, field, whole=whole) for one in frame.rows]
    present = [values for values in found if values is not None]
    if not alike and not frame.mixed:
        _check_currencies(field, present)
    scale = lcm(*(values.scale for values in present))
    amounts = [
        np.full(len(one.time_us), np.nan)
        if values is None
        else exact.times(values.amounts, scale // values.scale)
        for one, values in zip(frame.rows, found, strict=True)
    ]
    weighs = any(values.weight is not None for values in present)
    weights = [_weight(one, values) for one, values in zip(frame.rows, found, strict=True)]
    return Values(
        np.concatenate(amounts)[frame.order],
        scale,
        np.concatenate(weights)[frame.order] if weighs else None,
        next((values.digits for values in present), None),
    )


def _own(one: Rows, field: str, *, whole: bool) -> Values | None:
    columns = one.sums if whole and one.sums is not None else one.numbers
    return columns.get(field)


def _weight(one: Rows, values: Values | None) -> Amounts:
    if values is None or values.weight is None:
        return np.ones(len(one.time_us))
    return values.weight


def _check_currencies(field: str, found: Sequence[Values]) -> None:
    """InvalidInput where more than one currency would stand in one column."""
    names = sorted(
        {one.currency for one in found if one.currency and exact.known(one.amounts).any()}
    )
    if len(names) > 1:
        raise InvalidInput(
            f"money in {' and '.join(names)} is never added",
            field="q",
            value=field,
            fix=f'GROUP BY "currency", or WHERE "currency" = \'{names[0]}\'',
        )


def _column(frame: Frame, name: str) -> NDArray[Any]:
    if any(name in one.numbers for one in frame.rows):
        values = _merged(frame, name, whole=False, alike=False)
        return exact.divided(
            values.amounts.tolist(), [values.scale] * len(values.amounts), values.digits
        )
    texts: list[str] = []
    for one in frame.rows:
        if name in one.texts:
            texts += one.texts[name]
        elif name in one.labels:
            texts += one.labels[name].tolist()
        else:
            texts += [one.series.tags.get(name, "")] * len(one.time_us)
    return np.array(texts, dtype=np.str_)[frame.order]


def applied(operator: str, left: F64, right: F64) -> F64:
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
                nothing = np.full(np.shape(left), np.nan)
                found = np.divide(left, right, out=nothing, where=right != 0)
    return np.asarray(found, dtype=np.float64)
