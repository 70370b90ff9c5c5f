"""SELECT over the rows of one measurement: filter, group, put together, order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.influxql import where
from api.influxql.check import Asked, asked
from api.influxql.formula import evaluate
from api.influxql.measurements import measurement
from api.influxql.rows import F64, Measurement, Rows, Series, Values, View, Wanted
from api.influxql.times import FIRST_US, clamped, edges
from api.influxql.tree import Aggregate, Select
from metering.errors import InvalidInput
from metering.quantity import I64

MOST_SERIES = 2_000
MOST_POINTS = 200_000


@dataclass(frozen=True)
class Answer:
    """One series of an answer."""

    name: str
    tags: dict[str, str]
    columns: list[str]
    times_us: list[int]
    values: list[list[float | str | None]]
    """One list a column, each as long as `times_us`."""


def run(statement: Select, view: View) -> list[Answer]:
    """The answer's series, sorted by tags; those without any value are left out."""
    table = measurement(statement.measurement)
    question = asked(statement, table)
    where.check_scope(statement.filter.tags, view.caller.reach)
    start_us, end_us = _range(statement, table, view)
    if start_us >= end_us:
        return []
    chosen = _chosen(statement, table, view)
    bounds = np.array([start_us, end_us], dtype=np.int64)
    if statement.interval_us is not None:
        bounds = edges(start_us, end_us, statement.interval_us, statement.zone)
    wanted = Wanted(
        start_us,
        end_us,
        question.fields,
        question.labels,
        np.clip(bounds, start_us, end_us),
        question.whole,
    )
    groups = _grouped(statement, question, table.rows(view, chosen, wanted))
    if len(groups) * (len(bounds) - 1) * len(statement.columns) > MOST_POINTS:
        raise _too_many(len(groups) * (len(bounds) - 1))
    answers = []
    for values, rows in groups.items():
        tags = dict(zip(statement.tags, values, strict=True))
        if question.aggregates:
            _check_overlap(table, statement, rows)
            found = _aggregated(statement, rows, bounds, start_us)
        else:
            found = _listed(statement, rows)
        answers.append(_cut(statement, Answer(statement.measurement, tags, *found)))
    return sorted((a for a in answers if a.times_us), key=lambda a: tuple(a.tags.values()))


def _range(statement: Select, table: Measurement, view: View) -> tuple[int, int]:
    start, end = statement.filter.start_us, statement.filter.end_us
    if start is None and table.needs_start:
        raise InvalidInput(
            "this needs a range of time",
            field="time",
            fix="add WHERE time >= now() - 7d, or $timeFilter in Grafana",
        )
    return clamped(FIRST_US if start is None else start), clamped(
        view.now_us + 1 if end is None else end
    )


def _chosen(statement: Select, table: Measurement, view: View) -> list[Series]:
    condition = statement.filter.tags
    found = [s for s in table.series(view) if np.any(where.holds(condition, s, {}))]
    if len(found) > MOST_SERIES:
        raise InvalidInput(
            f"more than {MOST_SERIES} series",
            field="q",
            value=len(found),
            fix="choose fewer by tags in WHERE, e.g. \"type\" = 'building'",
        )
    return found


Groups = dict[tuple[str, ...], list[Rows]]


def _grouped(statement: Select, question: Asked, found: Iterator[Rows]) -> Groups:
    """Rows by the values of the tags to group by, those that do not fit left out."""
    groups: Groups = {}
    for rows in found:
        fits = where.holds(statement.filter.tags, rows.series, rows.labels)
        kept = rows if fits is True else _take(rows, np.broadcast_to(fits, len(rows.time_us)))
        for values, part in _split(statement.tags, question, kept):
            groups.setdefault(values, []).append(part)
    return groups


def _split(
    tags: Sequence[str], question: Asked, rows: Rows
) -> Iterator[tuple[tuple[str, ...], Rows]]:
    varying = [tag for tag in tags if tag in question.labels]
    if not varying:
        yield tuple(rows.series.tags.get(tag, "") for tag in tags), rows
        return
    columns = np.stack([rows.labels[tag] for tag in varying], axis=1)
    for labels in np.unique(columns, axis=0) if len(columns) else ():
        said = {**rows.series.tags, **dict(zip(varying, labels.tolist(), strict=True))}
        yield (
            tuple(said.get(tag, "") for tag in tags),
            _take(rows, (columns == labels).all(axis=1)),
        )


def _take(rows: Rows, mask: NDArray[np.bool_]) -> Rows:
    numbers = {
        name: Values(v.amounts[mask], v.scale, None if v.over is None else v.over[mask])
        for name, v in rows.numbers.items()
    }
    texts = {
        name: [text for text, kept in zip(column, mask, strict=True) if kept]
        for name, column in rows.texts.items()
    }
    labels = {name: column[mask] for name, column in rows.labels.items()}
    return Rows(rows.series, rows.time_us[mask], numbers, texts, labels)


def _check_overlap(table: Measurement, statement: Select, rows: list[Rows]) -> None:
    """InvalidInput where a sum would count the same energy twice."""
    series = list({id(one.series): one.series for one in rows if len(one.time_us)}.values())
    if len(series) < 2:
        return
    for one in _aggregates(statement):
        reason = table.overlap(series, one.field) if one.function == "sum" else ""
        if reason:
            raise InvalidInput(
                f"these series must not be added: {reason}",
                field="q",
                value=f'sum("{one.field}")',
                fix='choose one node and item in WHERE, or GROUP BY "node", "item"',
            )


def _aggregates(statement: Select) -> Iterator[Aggregate]:
    for column in statement.columns:
        waiting = [column.expression]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Aggregate):
                yield part
            waiting += [getattr(part, side) for side in ("left", "right") if hasattr(part, side)]


Table = tuple[list[str], list[int], list[list[float | str | None]]]


def _aggregated(statement: Select, rows: list[Rows], bounds: I64, start_us: int) -> Table:
    times = np.concatenate([one.time_us for one in rows])
    order = np.argsort(times, kind="stable")
    place = np.searchsorted(bounds, times[order], side="right") - 1
    columns = [
        evaluate(column.expression, rows, order, place, len(bounds) - 1)
        for column in statement.columns
    ]
    labels = bounds[:-1] if statement.interval_us is not None else np.array([start_us])
    known = np.isfinite(np.stack(columns)).any(axis=0)
    if not known.any():
        labels, columns = labels[:0], [column[:0] for column in columns]
    elif statement.fill == "none":
        labels, columns = labels[known], [column[known] for column in columns]
    names = ["time", *(column.name for column in statement.columns)]
    return names, labels.tolist(), [_nullable(column) for column in columns]


def _nullable(column: F64) -> list[float | str | None]:
    return [value if np.isfinite(value) else None for value in column.tolist()]


def _listed(statement: Select, rows: list[Rows]) -> Table:
    """Rows as they are, by time."""
    times = np.concatenate([one.time_us for one in rows])
    if len(times) * len(statement.columns) > MOST_POINTS:
        raise _too_many(len(times))
    order = np.argsort(times, kind="stable")
    columns: list[list[float | str | None]] = []
    for column in statement.columns:
        found = evaluate(column.expression, rows, order, None, len(times))
        columns.append(
            [str(text) for text in found] if found.dtype.kind == "U" else _nullable(found)
        )
    names = ["time", *(column.name for column in statement.columns)]
    return names, times[order].tolist(), columns


def _cut(statement: Select, answer: Answer) -> Answer:
    """In the order asked for, and no longer than its limit."""
    step = -1 if statement.descending else 1
    times = answer.times_us[::step][: statement.limit]
    values = [column[::step][: statement.limit] for column in answer.values]
    return Answer(answer.name, answer.tags, answer.columns, times, values)


def _too_many(count: int) -> InvalidInput:
    return InvalidInput(
        f"more than {MOST_POINTS} values in one answer",
        field="time",
        value=f"{count} times",
        fix="a wider GROUP BY time(...), fewer series, or a shorter range",
    )
