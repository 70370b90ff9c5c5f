"""Whether a measurement can answer a SELECT, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from api.influxql.rows import FieldKind, Measurement
from api.influxql.tree import Aggregate, Column, Expression, Formula, Number, Select
from api.influxql.where import leaves
from metering.errors import InvalidInput

_FITS = {
    FieldKind.AMOUNT: ("sum", "mean", "min", "max", "first", "last", "count"),
    FieldKind.LEVEL: ("mean", "min", "max", "first", "last", "count"),
    FieldKind.RATIO: ("mean",),
    FieldKind.TEXT: (),
}
_SHARES = ("measured", "apportioned", "estimated", "missing", "known")


@dataclass(frozen=True)
class Asked:
    """What of a measurement a statement asks."""

    fields: frozenset[str]
    labels: frozenset[str]
    aggregates: bool
    whole: bool
    """Only sums of amounts and means of shares: these may be read a whole day at a time."""


def asked(statement: Select, table: Measurement) -> Asked:
    """InvalidInput for a field, tag or function that the measurement does not have."""
    parts = [part for column in statement.columns for part in _parts(column.expression)]
    aggregates = [part for part in parts if isinstance(part, Aggregate)]
    columns = [part for part in parts if isinstance(part, Column)]
    if aggregates and columns:
        raise _refused(
            "aggregates and plain fields cannot stand together",
            columns[0].name,
            f'mean("{columns[0].name}"), or no aggregate at all',
        )
    if not aggregates and not columns:
        raise _refused("a number alone is no column", statement.measurement, 'sum("value")')
    if not aggregates and statement.interval_us is not None:
        raise _refused("GROUP BY time() needs an aggregate", columns[0].name, 'mean("power")')
    for one in aggregates:
        _check_aggregate(one, table)
    for column in columns:
        _check_column(column, table, alone=len(parts) == len(columns))
    tags = [*statement.tags, *(leaf.tag for leaf in leaves(statement.filter.tags))]
    check_tags(tags, table)
    if "under" in statement.tags:
        raise _refused("nothing is grouped by all that it lies under", "under", 'GROUP BY "node"')
    names = frozenset(part.field for part in aggregates) | {column.name for column in columns}
    labels = frozenset(tags) | names
    return Asked(
        names & table.fields.keys(),
        labels & table.labels.keys(),
        bool(aggregates),
        bool(aggregates) and all(_is_whole(one, table) for one in aggregates),
    )


def check_tags(tags: list[str], table: Measurement) -> None:
    """InvalidInput for a tag that the measurement does not have."""
    for tag in tags:
        if tag not in table.tags and tag not in table.labels:
            known = ", ".join((*table.tags, *table.labels))
            raise _refused("no such tag", tag, f"one of: {known}")


def _parts(expression: Expression) -> list[Expression]:
    if isinstance(expression, Formula):
        return [*_parts(expression.left), *_parts(expression.right)]
    return [] if isinstance(expression, Number) else [expression]


def _check_aggregate(one: Aggregate, table: Measurement) -> None:
    kind = table.fields.get(one.field)
    if kind is None:
        raise _refused("no such field", one.field, f"one of: {', '.join(table.fields)}")
    if one.function not in _FITS[kind]:
        fitting = ", ".join(_FITS[kind]) or "no aggregate: select it as it is"
        raise _refused(f"{one.function} says nothing about this field", one.field, fitting)


def _check_column(column: Column, table: Measurement, *, alone: bool) -> None:
    if column.name in table.fields:
        if table.fields[column.name] is FieldKind.RATIO:
            raise _refused("a ratio needs mean()", column.name, f'mean("{column.name}")')
        return
    if not alone or column.name == "under":
        raise _refused("no such field", column.name, f"one of: {', '.join(table.fields)}")
    check_tags([column.name], table)


def _is_whole(one: Aggregate, table: Measurement) -> bool:
    if one.function == "sum":
        return table.fields[one.field] is FieldKind.AMOUNT
    return one.function == "mean" and one.field in _SHARES


def _refused(problem: str, value: object, fix: str) -> InvalidInput:
    return InvalidInput(problem, field="q", value=value, fix=fix)
