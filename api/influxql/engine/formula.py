"""Columns of an answer: aggregates, plain fields and tags, and arithmetic on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.influxql.engine import exact
from api.influxql.engine.aggregate import aggregate, integral
from api.influxql.engine.check import is_whole
from api.influxql.engine.exact import F64, Amounts
from api.influxql.engine.rows import FieldKind, Rows, Values
from api.influxql.engine.transform import RAW_UNIT_US, transformed
from api.influxql.language.functions import COUNT_DISTINCT
from api.influxql.language.tree import Aggregate, Column, Expression, Formula, Number, Transform
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
    bounds: I64
    """(count + 1,) of the buckets; of rows as they are (count,) their times."""
    fields: Mapping[str, FieldKind]
    interval_us: int | None = None
    mixed: bool = False
    """Whether rows of several currencies stand side by side, each with its own."""
    rowwise: bool = False
    """Whether all fields of a row are taken from the row itself."""
    zeros: bool = False
    """Whether nothing counts as 0."""

    @property
    def count(self) -> int:
        """How many numbers a column has."""
        return len(self.bounds) - (1 if self.place is not None else 0)

    @property
    def times_us(self) -> I64:
        """Of the rows, sorted."""
        return np.concatenate([one.time_us for one in self.rows])[self.order]


def evaluate(expression: Expression, frame: Frame) -> NDArray[Any]:
    """(count,) numbers, or texts of a plain tag or text field.

    Raises InvalidInput where money of several currencies would become one number.
    """
    match expression:
        case Number(value):
            return np.full(frame.count, value)
        case Aggregate() if frame.place is not None:
            return _aggregated(expression, frame, frame.place)
        case Transform(function, of, argument):
            numbers, interval = evaluate(of, frame), frame.interval_us
            return transformed(function, numbers, frame.bounds[: frame.count], argument, interval)
        case Column(name):
            return plain(frame, name)
        case Formula(operator, left, right, _):
            return applied(operator, evaluate(left, frame), evaluate(right, frame))
    raise InvalidInput(
        "an aggregate has no place here",
        field="q",
        value=str(expression),
        fix="a field or a tag alone, or a SELECT of aggregates",
    )


def _aggregated(one: Aggregate, frame: Frame, place: I64) -> F64:
    values = values_of(one, frame)
    if one.function == "integral":
        unit = one.argument or RAW_UNIT_US
        return integral(values, frame.times_us, frame.bounds, unit)
    found = aggregate(one.function, values, place, frame.count, one.argument)
    counts = one.function in ("count", COUNT_DISTINCT)
    return with_zeros(found) if counts and frame.zeros else found


def with_zeros(counts: F64) -> F64:
    """Counts with 0 where there is none, unless there is none anywhere."""
    return np.nan_to_num(counts) if np.isfinite(counts).any() else counts


def values_of(one: Aggregate, frame: Frame) -> Values:
    """The rows of all series that an aggregate is of, sorted by time; InvalidInput where money of
    several currencies would come together."""
    whole = not frame.rowwise and is_whole(one.function, frame.fields.get(one.field))
    counts = one.function in ("count", COUNT_DISTINCT)
    return _merged(frame, one.field, whole=whole, alike=counts)


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


def plain(frame: Frame, name: str) -> NDArray[Any]:
    """(rows,) a field or tag of each row, sorted by time."""
    if any(name in one.numbers for one in frame.rows):
        values = _merged(frame, name, whole=False, alike=False)
        return exact.divided(
            values.amounts.tolist(), [values.scale] * len(values.amounts), values.digits
        )
    if frame.fields.get(name, FieldKind.TEXT) is not FieldKind.TEXT:
        return np.full(len(frame.order), np.nan)
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
            case "%":
                nothing = np.full(np.shape(left), np.nan)
                found = np.fmod(left, right, out=nothing, where=right != 0)
            case _:
                nothing = np.full(np.shape(left), np.nan)
                found = np.divide(left, right, out=nothing, where=right != 0)
    return np.asarray(found, dtype=np.float64)
