"""SELECT over the rows of measurements: filter, group, put together, order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from api.influxql.engine import where
from api.influxql.engine.answers import Answer, cut, joined, of_rows, told_between, told_of
from api.influxql.engine.check import (
    Asked,
    asked,
    looks_back,
    measurement,
    spelled,
    tables_of,
)
from api.influxql.engine.grid import GridTable, NotAlike, check_cells, too_many
from api.influxql.engine.groups import check_overlap, grouped
from api.influxql.engine.nested import AnswerTable, narrowed
from api.influxql.engine.rows import Grid, Measurement, Rows, ScopedView, Series, Tables, Wanted
from api.influxql.engine.times import FIRST_US, clamped, edges
from api.influxql.language.tree import Select
from metering.errors import InvalidInput

MOST_SERIES = 2_000
MOST_POINTS = 200_000
"""Values of an answer; what is null counts for none."""


def run(statement: Select, view: ScopedView, tables: Tables, *, grids: bool = True) -> list[Answer]:
    """The answer's series, by measurement and sorted by tags; those without any value are left
    out. Without `grids` all is told row by row, with the series and currencies it is made of."""
    found: list[Answer] = []
    names, refused = tables_of(statement, tables), list[InvalidInput]()
    for name in sorted(names):
        one = replace(statement, measurement=name, chosen=())
        if statement.inner is not None:
            one = replace(one, inner=replace(statement.inner, measurement=name, chosen=()))
        try:
            found += _answer(one, view, tables, grids=grids)
        except InvalidInput as lacking:  # one of several may lack what is asked for
            refused.append(lacking)
    if refused and len(refused) == len(names):
        raise refused[0]
    first = statement.series_offset
    last = None if statement.series_limit is None else first + statement.series_limit
    return found[first:last]


def _answer(statement: Select, view: ScopedView, tables: Tables, *, grids: bool) -> list[Answer]:
    """Of one measurement."""
    if statement.inner is None:
        table = measurement(tables, statement.measurement)
    else:
        inner = run(narrowed(statement), view, tables, grids=False)
        table = AnswerTable(statement.inner, inner, tables)
    statement = spelled(statement, table)
    question = asked(statement, table)
    where.check_scope(statement.filter.tags, view.caller.reach)
    back = [n for n, one in enumerate(statement.columns) if looks_back(one.expression)]
    if not back or len(back) == len(statement.columns):
        found = _told(statement, question, table, view, grids=grids, longer=bool(back))
    else:
        found = _in_parts(statement, table, view, back, grids=grids)
    told = [cut(statement, one) for one in found if one.times_us]
    return sorted((one for one in told if one.times_us), key=_place)


def _place(answer: Answer) -> list[str]:
    """Values of the tags by name, as InfluxDB orders series."""
    return [value for _, value in sorted(answer.tags.items())]


def _in_parts(
    statement: Select, table: Measurement, view: ScopedView, back: Sequence[int], *, grids: bool
) -> list[Answer]:
    """Columns that look back a bucket by themselves: the others are of the range alone."""
    rest = [n for n in range(len(statement.columns)) if n not in back]
    apart: list[dict[tuple[str, ...], Answer]] = []
    for own in (back, rest):
        part = replace(statement, columns=tuple(statement.columns[n] for n in own))
        question = asked(part, table)
        found = _told(part, question, table, view, grids=grids, longer=own is back)
        apart.append({tuple(one.tags.values()): one for one in found if one.times_us})
    one, other = apart
    names = list(dict.fromkeys([*one, *other]))
    return [joined(one.get(name), other.get(name), statement.columns) for name in names]


def _told(
    statement: Select,
    question: Asked,
    table: Measurement,
    view: ScopedView,
    *,
    grids: bool,
    longer: bool,
) -> list[Answer]:
    """`longer` reads a bucket more, before the first, and does not tell it."""
    start_us, end_us = _range(statement, table, view)
    if start_us >= end_us:
        return []
    first_us = start_us
    bounds = np.array([start_us, end_us], dtype=np.int64)
    if statement.interval_us is not None:
        interval, offset = statement.interval_us, statement.offset_us
        bounds = edges(start_us, end_us, interval, statement.zone, offset)
        first_us = int(bounds[0])
        if longer:
            start_us = clamped(start_us - interval)
            bounds = edges(start_us, end_us, interval, statement.zone, offset)
    wanted = Wanted(
        start_us,
        end_us,
        question.whole,
        question.fine,
        question.labels,
        bounds,
        statement.interval_us is not None,
        not question.aggregates or question.rowwise,
        grids and question.grids and question.aggregates and "currency" not in statement.tags,
    )
    chosen = _chosen(statement, table, view)
    try:
        answers = _answers(statement, question, table, view, chosen, wanted)
    except NotAlike:
        wanted = replace(wanted, grids=False)
        answers = _answers(statement, question, table, view, chosen, wanted)
    return [_from(one, first_us) for one in answers] if longer else answers


def _from(answer: Answer, first_us: int) -> Answer:
    """Without what stands before an instant."""
    first = sum(at < first_us for at in answer.times_us)
    values = [column[first:] for column in answer.values]
    return replace(answer, times_us=answer.times_us[first:], values=values)


def _answers(
    statement: Select,
    question: Asked,
    table: Measurement,
    view: ScopedView,
    chosen: Sequence[Series],
    wanted: Wanted,
) -> list[Answer]:
    """NotAlike where what comes as grids does not fit together with the rest."""
    grids = GridTable(statement, table.fields, wanted.bounds)
    groups = grouped(statement, question, _apart_from(grids, table.rows(view, chosen, wanted)))
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
            check_overlap(table, statement, view, series, wanted)
        found = of_rows(statement, question, dict(table.fields), rows, bounds)
        answers.append(replace(found, tags=tags))
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
            check_overlap(table, statement, view, series, wanted)
    count = len(wanted.bounds) - 1
    columns = np.stack(grids.columns())
    known = np.asarray(np.isfinite(columns).any(axis=0), np.bool_)
    there = known.any(axis=1)
    leaves_out = statement.fill == "none" or told_between(statement)
    if statement.interval_us is not None and statement.fill == "null":
        columns = np.stack(grids.columns(zeros=True))
        known = np.asarray(np.isfinite(columns).any(axis=0), np.bool_)
    many: list[int] = np.where(there, np.count_nonzero(known, axis=1), 0).tolist()
    told = [[told_of(row) for row in column] for column in columns]
    times = wanted.bounds[:-1].tolist()
    if statement.interval_us is None and statement.filter.start_us is None:
        times = [0]
    names = ["time", *(column.name for column in statement.columns)]
    answers = []
    for values, place in grids.groups.items():
        if not many[place]:
            continue
        found = [column[place] for column in told]
        at = times
        if leaves_out and many[place] < count:
            kept = np.flatnonzero(known[place]).tolist()
            at, found = [times[n] for n in kept], [[column[n] for n in kept] for column in found]
        tags = dict(zip(statement.tags, values, strict=True))
        answers.append(Answer(statement.measurement, tags, names, at, found))
    return answers


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
