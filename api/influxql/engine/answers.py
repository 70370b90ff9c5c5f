"""Groups of rows to the series of an answer: its times and columns, and how they are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.influxql.engine import aggregate, exact
from api.influxql.engine.check import Asked, parts, transforms
from api.influxql.engine.formula import Frame, evaluate, plain, values_of
from api.influxql.engine.grid import check_cells
from api.influxql.engine.rows import FieldKind, Rows, Series
from api.influxql.language.functions import COUNT_DISTINCT, SEVERAL
from api.influxql.language.tree import Aggregate, Column, Expression, Select, Selected
from metering.quantity import I64

Told = list[float | str | None]


@dataclass(frozen=True)
class Answer:
    """One series of an answer."""

    name: str
    tags: dict[str, str]
    columns: list[str]
    times_us: list[int]
    values: list[Told]
    """One list a column, each as long as `times_us`."""
    series: tuple[Series, ...] = ()
    """Of which it is made, where it is told row by row."""
    currencies: tuple[str, ...] = ()
    """Of each column, where it is told row by row; '' where it has none."""


Table = tuple[list[int], list[NDArray[Any]]]


def of_rows(
    statement: Select, question: Asked, fields: dict[str, FieldKind], rows: list[Rows], bounds: I64
) -> Answer:
    """What is told of the rows of one group, tags apart; InvalidInput where money of several
    currencies would come together."""
    frame = _frame(statement, question, fields, rows, bounds)
    if question.selector is not None and question.selector.function in SEVERAL:
        times, columns = _several(statement, frame, question.selector)
    elif question.selector is not None and (question.rowwise or statement.interval_us is None):
        times, columns = _chosen(statement, frame, question.selector)
    elif question.aggregates:
        times, columns = _aggregated(statement, frame)
    else:
        times, columns = _listed(statement, frame)
    names = ["time", *(column.name for column in statement.columns)]
    series = tuple({id(one.series): one.series for one in rows}.values())
    currencies = tuple(_currency(column.expression, rows) for column in statement.columns)
    told = [told_of(column) for column in columns]
    return Answer(statement.measurement, {}, names, times, told, series, currencies)


def told_of(column: NDArray[Any]) -> Told:
    """Numbers, or texts, as they are told."""
    if column.dtype.kind == "U":
        return [str(text) for text in column]
    found: Told = column.tolist()
    for place in np.flatnonzero(~np.isfinite(column)).tolist():
        found[place] = None
    return found


def told_between(statement: Select) -> bool:
    """Whether all that is asked is told of what lies between rows: there a bucket without it has
    no row, as in InfluxDB."""
    return all(
        transforms(column.expression)
        or any(getattr(part, "function", "") == "integral" for part in parts(column.expression))
        for column in statement.columns
    )


def cut(statement: Select, answer: Answer) -> Answer:
    """In the order asked for, and no longer than its limit."""
    if not statement.descending and statement.limit is None and not statement.offset:
        return answer
    step = -1 if statement.descending else 1
    last = None if statement.limit is None else statement.offset + statement.limit
    own = slice(statement.offset, last)
    times = answer.times_us[::step][own]
    return replace(answer, times_us=times, values=[one[::step][own] for one in answer.values])


def joined(one: Answer | None, other: Answer | None, columns: Sequence[Selected]) -> Answer:
    """Two answers of one group side by side, by time; at least one there must be. What one has
    of a time that the other tells is null."""
    some = one or other
    assert some is not None
    times = sorted({at for answer in (one, other) if answer for at in answer.times_us})
    place = {at: n for n, at in enumerate(times)}
    by_name: dict[str, Told] = {column.name: [None] * len(times) for column in columns}
    for answer in (one, other):
        if answer is not None:
            rows = [place[at] for at in answer.times_us]
            for name, values in zip(answer.columns[1:], answer.values, strict=True):
                for row, value in zip(rows, values, strict=True):
                    by_name[name][row] = value
    return replace(some, columns=["time", *by_name], times_us=times, values=list(by_name.values()))


def _frame(
    statement: Select, question: Asked, fields: dict[str, FieldKind], rows: list[Rows], bounds: I64
) -> Frame:
    times = np.concatenate([one.time_us for one in rows])
    order = np.argsort(times, kind="stable")
    if question.aggregates:
        place = np.searchsorted(bounds, times[order], side="right") - 1
        if statement.interval_us is None:  # a SELECT within may tell of a bucket begun before
            place = np.zeros(len(order), np.int64)
        inside = (place >= 0) & (place < len(bounds) - 1)
        order, place = order[inside], place[inside]
        interval, rowwise = statement.interval_us, question.rowwise
        return Frame(rows, order, place, bounds, fields, interval, rowwise=rowwise)
    check_cells(len(times) * len(statement.columns))
    named = {getattr(column.expression, "name", "") for column in statement.columns}
    return Frame(rows, order, None, times[order], fields, mixed="currency" in named)


def _aggregated(statement: Select, frame: Frame) -> Table:
    """A number of each bucket, of all rows in it. What counts nothing is 0 in a bucket without
    rows, unless these are left out."""
    columns = _columns(statement, frame)
    times = _starts(statement, frame)
    known = _known(columns)
    if not known.any() and not _lacks_more(statement, frame):
        return [], [column[:0] for column in columns]
    if statement.fill == "null" and statement.interval_us is not None:
        columns = _columns(statement, replace(frame, zeros=True))
        known = _known(columns)
    if statement.fill == "none" or told_between(statement):
        return times[known].tolist(), [column[known] for column in columns]
    return times.tolist(), columns


def _columns(statement: Select, frame: Frame) -> list[NDArray[Any]]:
    return [evaluate(column.expression, frame) for column in statement.columns]


def _known(columns: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
    """(n,) whether a number is known in any column."""
    return np.asarray(np.stack([np.isfinite(column) for column in columns]).any(axis=0), np.bool_)


def _lacks_more(statement: Select, frame: Frame) -> bool:
    """Whether there are rows, too few of them for what is asked: one has no deviation, and nothing
    to be counted before it."""
    asked = [part for column in statement.columns for part in parts(column.expression)]
    return any(
        isinstance(one, Aggregate)
        and one.function in ("stddev", "count", COUNT_DISTINCT)
        and np.isfinite(values_of(one, frame).amounts.astype(np.float64)).any()
        for one in asked
    )


def _starts(statement: Select, frame: Frame) -> I64:
    """Of the buckets; of all time, where a statement sets no beginning, 1970 as in InfluxDB."""
    if statement.interval_us is None and statement.filter.start_us is None:
        return np.zeros(1, np.int64)
    return frame.bounds[:-1]


def _chosen(statement: Select, frame: Frame, selector: Aggregate) -> Table:
    """The row that a selector chooses of each bucket, with what else is asked of it."""
    assert frame.place is not None
    values = values_of(selector, frame)
    if not len(values.amounts):
        return [], [np.empty(0) for _ in statement.columns]
    found = aggregate.chosen(selector.function, values, frame.place, frame.count, selector.argument)
    there = found >= 0
    times = frame.times_us[found] if statement.interval_us is None else frame.bounds[:-1]
    columns = [_beside(column.expression, frame, found, there) for column in statement.columns]
    known = there & np.isfinite(values.amounts.astype(np.float64)[found]) if there.any() else there
    if statement.fill == "null" and statement.interval_us is not None and known.any():
        known = np.ones(len(found), np.bool_)
    return times[known].tolist(), [column[known] for column in columns]


def _beside(
    expression: Expression, frame: Frame, found: I64, there: NDArray[np.bool_]
) -> NDArray[Any]:
    """A column of a statement with a selector."""
    if not isinstance(expression, Column):
        return evaluate(expression, frame)
    column = plain(frame, expression.name)[found]
    return column if column.dtype.kind == "U" else np.where(there, column, np.nan)


def _several(statement: Select, frame: Frame, one: Aggregate) -> Table:
    """Rows that are chosen of each bucket; different values are told at its start."""
    assert frame.place is not None
    values = values_of(one, frame)
    found = aggregate.some(one.function, values, frame.place, frame.count, one.argument)
    numbers = exact.divided(
        values.amounts[found].tolist(), [values.scale] * len(found), values.digits
    )
    found = found[np.isfinite(numbers)]
    numbers = numbers[np.isfinite(numbers)]
    times = frame.times_us[found]
    if one.function == "distinct":
        times = _starts(statement, frame)[frame.place[found]]
    columns = [
        numbers
        if isinstance(column.expression, Aggregate)
        else _own(column.expression, frame)[found]
        for column in statement.columns
    ]
    return times.tolist(), columns


def _own(expression: Expression, frame: Frame) -> NDArray[Any]:
    assert isinstance(expression, Column)
    return plain(frame, expression.name)


def _listed(statement: Select, frame: Frame) -> Table:
    """Rows as they are, by time; of what lies between rows only what there is."""
    columns = _columns(statement, frame)
    if any(transforms(column.expression) for column in statement.columns):
        known = _known(columns)
        return frame.bounds[known].tolist(), [column[known] for column in columns]
    told = [one.dtype.kind == "U" or bool(np.isfinite(one).any()) for one in columns]
    fields = [
        any(getattr(part, "name", "") in frame.fields for part in parts(column.expression))
        for column in statement.columns
    ]
    if any(fields) and not any(a and b for a, b in zip(told, fields, strict=True)):
        return [], [column[:0] for column in columns]
    return frame.bounds.tolist(), columns


def _currency(expression: Expression, rows: Sequence[Rows]) -> str:
    """Of the money in a column; it is of one currency, else it would not have been told."""
    for part in parts(expression):
        name = getattr(part, "field", getattr(part, "name", ""))
        for one in rows:
            for values in (one.numbers.get(name), (one.sums or {}).get(name)):
                if values is not None and values.currency and exact.known(values.amounts).any():
                    return values.currency
    return ""
