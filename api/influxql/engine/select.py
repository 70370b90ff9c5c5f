"""SELECT over the rows of one measurement: filter, group, put together, order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from api.influxql.engine import where
from api.influxql.engine.check import Asked, asked, measurement
from api.influxql.engine.formula import Frame, evaluate
from api.influxql.engine.grid import GridTable, NotAlike, aggregates, check_cells, too_many
from api.influxql.engine.rows import (
    F64,
    FieldKind,
    Grid,
    Measurement,
    Rows,
    ScopedView,
    Series,
    Tables,
    Wanted,
)
from api.influxql.engine.times import FIRST_US, clamped, edges
from api.influxql.language.tree import Select
from metering.errors import InvalidInput
from metering.quantity import I64

MOST_SERIES = 2_000
MOST_POINTS = 200_000
"""Values of an answer; what is null counts for none."""


@dataclass(frozen=True)
class Answer:
    """One series of an answer."""

    name: str
    tags: dict[str, str]
    columns: list[str]
    times_us: list[int]
    values: list[list[float | str | None]]
    """One list a column, each as long as `times_us`."""


def run(statement: Select, view: ScopedView, tables: Tables) -> list[Answer]:
    """The answer's series, sorted by tags; those without any value are left out."""
    table = measurement(tables, statement.measurement)
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
        question.whole,
        question.fine,
        question.labels,
        bounds,
        statement.interval_us is not None,
        not question.aggregates,
        question.aggregates and "currency" not in statement.tags,
    )
    try:
        answers = _answers(statement, table, view, chosen, wanted)
    except NotAlike:
        answers = _answers(statement, table, view, chosen, replace(wanted, grids=False))
    return sorted((a for a in answers if a.times_us), key=lambda a: tuple(a.tags.values()))


def _answers(
    statement: Select,
    table: Measurement,
    view: ScopedView,
    chosen: Sequence[Series],
    wanted: Wanted,
) -> list[Answer]:
    """NotAlike where what comes as grids does not fit together with the rest."""
    question = asked(statement, table)
    grids = GridTable(statement, table.fields, wanted.bounds)
    groups = _grouped(statement, question, _apart_from(grids, table.rows(view, chosen, wanted)))
    if grids.groups.keys() & groups.keys():
        raise NotAlike
    bounds = wanted.bounds
    if question.aggregates:
        buckets = (len(bounds) - 1) * len(statement.columns)
        check_cells((len(grids.groups) + len(groups)) * buckets)
    answers = _of_grids(statement, table, view, chosen, grids, wanted)
    for values, rows in groups.items():
        tags = dict(zip(statement.tags, values, strict=True))
        if question.aggregates:
            series = list({id(one.series): one.series for one in rows if len(one.time_us)}.values())
            _check_overlap(table, statement, view, series, wanted)
            found = _aggregated(statement, table, rows, bounds, wanted.start_us)
        else:
            found = _listed(statement, table, rows)
        answers.append(_cut(statement, Answer(statement.measurement, tags, *found)))
    held = sum(len(own) - own.count(None) for one in answers for own in one.values)
    if held > MOST_POINTS:
        raise too_many(MOST_POINTS, held)
    return answers


def _apart_from(grids: GridTable, found: Iterator[Rows | Grid]) -> Iterator[Rows]:
    """The rows; grids are put together as they come, so that no more than one is held."""
    for one in found:
        if isinstance(one, Grid):
            grids.take(one)
        else:
            yield one


def _of_grids(
    statement: Select,
    table: Measurement,
    view: ScopedView,
    chosen: Sequence[Series],
    grids: GridTable,
    wanted: Wanted,
) -> list[Answer]:
    if not grids.groups:
        return []
    order = {id(one): n for n, one in enumerate(chosen)}
    for own in grids.series:
        if len(own) > 1:
            series = [own[place] for place in sorted(own, key=order.__getitem__)]
            _check_overlap(table, statement, view, series, wanted)
    count = len(wanted.bounds) - 1
    columns = np.stack(grids.columns())
    known = np.asarray(np.isfinite(columns).any(axis=0), np.bool_)
    many: list[int] = np.count_nonzero(known, axis=1).tolist()
    told = [_told(column) for column in columns]
    labels = wanted.bounds[:-1] if statement.interval_us is not None else [wanted.start_us]
    times = np.asarray(labels).tolist()
    names = ["time", *(column.name for column in statement.columns)]
    answers = []
    for values, place in grids.groups.items():
        if not many[place]:
            continue
        found = [column[place] for column in told]
        at = times
        if statement.fill == "none" and many[place] < count:
            kept = np.flatnonzero(known[place]).tolist()
            at, found = [times[n] for n in kept], [[column[n] for n in kept] for column in found]
        tags = dict(zip(statement.tags, values, strict=True))
        answers.append(_cut(statement, Answer(statement.measurement, tags, names, at, found)))
    return answers


def _told(column: F64) -> list[list[float | str | None]]:
    """(groups, buckets) numbers as they are told."""
    found: list[list[float | str | None]] = column.tolist()
    for place in np.flatnonzero(~np.isfinite(column).all(axis=1)).tolist():
        found[place] = _nullable(column[place])
    return found


def _range(statement: Select, table: Measurement, view: ScopedView) -> tuple[int, int]:
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


def _chosen(statement: Select, table: Measurement, view: ScopedView) -> list[Series]:
    condition = statement.filter.tags
    found = where.kept(condition, table.series(view))
    if len(found) > MOST_SERIES:
        raise InvalidInput(
            f"more than {MOST_SERIES} series",
            field="q",
            value=len(found),
            fix="choose fewer by tags in WHERE, e.g. \"type\" = 'building'",
        )
    return found


Place = tuple[str | None, ...]
"""Values of the tags to group by; None for a label that a row does not have."""
Groups = dict[tuple[str, ...], list[Rows]]


def _grouped(statement: Select, question: Asked, found: Iterator[Rows]) -> Groups:
    """Rows by the values of the tags to group by, those that do not fit left out."""
    groups: dict[Place, list[Rows]] = {}
    for rows in found:
        fits = where.holds(statement.filter.tags, rows.series, rows.labels)
        kept = rows if fits is True else rows.of(np.broadcast_to(fits, len(rows.time_us)))
        for values, part in _split(statement.tags, question, kept):
            groups.setdefault(values, []).append(part)
    return _spread(groups)


def _split(tags: Sequence[str], question: Asked, rows: Rows) -> Iterator[tuple[Place, Rows]]:
    said: dict[str, str | None] = {tag: rows.series.tags.get(tag, "") for tag in tags}
    said |= {tag: None for tag in tags if tag in question.labels}
    varying = [tag for tag in tags if tag in rows.labels]
    if not varying:
        yield tuple(said.values()), rows
        return
    columns = np.stack([rows.labels[tag] for tag in varying], axis=1)
    for labels in np.unique(columns, axis=0) if len(columns) else ():
        own = {**said, **dict(zip(varying, labels.tolist(), strict=True))}
        yield tuple(own[tag] for tag in tags), rows.of((columns == labels).all(axis=1))


def _spread(groups: dict[Place, list[Rows]]) -> Groups:
    """Rows without a label go to every group that has one, else to one of their own."""
    found: Groups = {}
    for place, rows in groups.items():
        if None not in place:
            found.setdefault(tuple(value or "" for value in place), []).extend(rows)
    for place, rows in groups.items():
        if None in place:
            fitting = [other for other in groups if None not in other and _alike(place, other)]
            for other in fitting or [place]:
                found.setdefault(tuple(value or "" for value in other), []).extend(rows)
    return found


def _alike(place: Place, other: Place) -> bool:
    return all(a is None or a == b for a, b in zip(place, other, strict=True))


def _check_overlap(
    table: Measurement, statement: Select, view: ScopedView, series: list[Series], wanted: Wanted
) -> None:
    """InvalidInput where a sum would count the same energy twice."""
    if len(series) < 2:
        return
    for one in aggregates(statement):
        joins = one.function == "sum" or table.fields[one.field] is FieldKind.RATIO
        reason = table.overlap(series, one.field, view, wanted) if joins else ""
        if reason:
            raise InvalidInput(
                f"these series must not be added: {reason}",
                field="q",
                value=f'{one.function}("{one.field}")',
                fix=_apart(table),
            )


def _apart(table: Measurement) -> str:
    tags = [tag for tag in ("meter", "node", "item") if tag in table.tags]
    tags = tags[:1] if "meter" in tags else tags
    named = ", ".join(f'"{tag}"' for tag in tags)
    return f"choose one {' and '.join(tags)} in WHERE, or GROUP BY {named}"


Table = tuple[list[str], list[int], list[list[float | str | None]]]


def _aggregated(
    statement: Select, table: Measurement, rows: list[Rows], bounds: I64, start_us: int
) -> Table:
    times = np.concatenate([one.time_us for one in rows])
    order = np.argsort(times, kind="stable")
    place = np.searchsorted(bounds, times[order], side="right") - 1
    frame = Frame(rows, order, place, len(bounds) - 1, table.fields)
    columns = [evaluate(column.expression, frame) for column in statement.columns]
    labels = bounds[:-1] if statement.interval_us is not None else np.array([start_us])
    known = np.isfinite(np.stack(columns)).any(axis=0)
    if not known.any():
        labels, columns = labels[:0], [column[:0] for column in columns]
    elif statement.fill == "none":
        labels, columns = labels[known], [column[known] for column in columns]
    names = ["time", *(column.name for column in statement.columns)]
    return names, labels.tolist(), [_nullable(column) for column in columns]


def _nullable(column: F64) -> list[float | str | None]:
    found: list[float | str | None] = column.tolist()
    for place in np.flatnonzero(~np.isfinite(column)).tolist():
        found[place] = None
    return found


def _listed(statement: Select, table: Measurement, rows: list[Rows]) -> Table:
    """Rows as they are, by time."""
    times = np.concatenate([one.time_us for one in rows])
    check_cells(len(times) * len(statement.columns))
    order = np.argsort(times, kind="stable")
    named = {getattr(column.expression, "name", "") for column in statement.columns}
    frame = Frame(rows, order, None, len(times), table.fields, "currency" in named)
    columns: list[list[float | str | None]] = []
    for column in statement.columns:
        found = evaluate(column.expression, frame)
        columns.append(
            [str(text) for text in found] if found.dtype.kind == "U" else _nullable(found)
        )
    names = ["time", *(column.name for column in statement.columns)]
    return names, times[order].tolist(), columns


def _cut(statement: Select, answer: Answer) -> Answer:
    """In the order asked for, and no longer than its limit."""
    if not statement.descending and statement.limit is None:
        return answer
    step = -1 if statement.descending else 1
    times = answer.times_us[::step][: statement.limit]
    values = [column[::step][: statement.limit] for column in answer.values]
    return Answer(answer.name, answer.tags, answer.columns, times, values)
