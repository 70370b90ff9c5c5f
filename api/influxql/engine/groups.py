"""Rows by the tags that a statement groups them by, and what must not come together in a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from api.influxql.engine import exact, where
from api.influxql.engine.check import Asked, aggregates
from api.influxql.engine.exact import F64
from api.influxql.engine.rows import FieldKind, Measurement, Rows, ScopedView, Series, Wanted
from api.influxql.language.tree import Select
from metering.errors import InvalidInput

Place = tuple[str | None, ...]
"""Values of the tags to group by; None for a label that a row does not have."""
Groups = dict[tuple[str, ...], list[Rows]]


def grouped(statement: Select, question: Asked, found: Iterator[Rows]) -> Groups:
    """Rows by the values of the tags to group by, those that do not fit left out."""
    groups: dict[Place, list[Rows]] = {}
    condition = statement.filter.tags
    compared = where.fields_in(condition)
    for rows in found:
        fields = {name: _numbers(rows, name) for name in compared}
        fits = where.holds(condition, rows.series, rows.labels, fields)
        kept = rows if fits is True else rows.of(np.broadcast_to(fits, len(rows.time_us)))
        for values, part in _split(statement.tags, question, kept):
            groups.setdefault(values, []).append(part)
    return _spread(groups)


def check_overlap(
    table: Measurement, statement: Select, view: ScopedView, series: list[Series], wanted: Wanted
) -> None:
    """InvalidInput where a sum would count the same energy twice."""
    if len(series) < 2:
        return
    for one in aggregates(statement):
        joins = one.function == "sum" or table.fields.get(one.field) is FieldKind.RATIO
        reason = table.overlap(series, one.field, view, wanted) if joins else ""
        if reason:
            raise InvalidInput(
                f"these series must not be added: {reason}",
                field="q",
                value=f'{one.function}("{one.field}")',
                fix=_apart(table),
            )


def _numbers(rows: Rows, name: str) -> F64:
    """(n,) a field of each row, as a double."""
    values = rows.numbers.get(name)
    if values is None:
        return np.full(len(rows.time_us), np.nan)
    return exact.divided(
        values.amounts.tolist(), [values.scale] * len(values.amounts), values.digits
    )


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


def _apart(table: Measurement) -> str:
    tags = [tag for tag in ("meter", "node", "item") if tag in table.tags]
    tags = tags[:1] if "meter" in tags else tags
    named = ", ".join(f'"{tag}"' for tag in tags)
    return f"choose one {' and '.join(tags)} in WHERE, or GROUP BY {named}"
