"""Whether a measurement can answer a SELECT, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from api.influxql.engine.rows import FieldKind, Measurement, Tables
from api.influxql.engine.where import leaves
from api.influxql.language.tree import Aggregate, Column, Expression, Formula, Number, Select
from metering.errors import InvalidInput

_FITS = {
    FieldKind.AMOUNT: ("sum", "mean", "min", "max", "first", "last", "count"),
    FieldKind.LEVEL: ("mean", "min", "max", "first", "last", "count"),
    FieldKind.SHARE: ("mean", "min", "max", "first", "last", "count"),
    FieldKind.RATIO: ("mean",),
    FieldKind.TEXT: (),
}


@dataclass(frozen=True)
class Asked:
    """What of a measurement a statement asks."""

    whole: frozenset[str]
    """Fields of which sums, or means of shares, are asked: these may be read a whole bucket at
    a time."""
    fine: frozenset[str]
    """Fields of which anything else is asked."""
    labels: frozenset[str]
    aggregates: bool


def measurement(tables: Tables, name: str) -> Measurement:
    """The measurement of that name; InvalidInput names the others."""
    found = tables.get(name)
    if found is None:
        raise InvalidInput(
            "no such measurement",
            field="q",
            value=name,
            fix=f"one of: {', '.join(tables)}",
        )
    return found


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
    named = {column.name for column in columns}
    whole = {one.field for one in aggregates if is_whole(one.function, table.fields[one.field])}
    fine = {one.field for one in aggregates if not is_whole(one.function, table.fields[one.field])}
    return Asked(
        frozenset(whole),
        frozenset(fine | (named & table.fields.keys())),
        frozenset({*tags, *named} & table.labels.keys()),
        bool(aggregates),
    )


def is_whole(function: str, kind: FieldKind) -> bool:
    """Whether it may be told of all that lies between two bounds at once, instead of row by
    row: a sum, or the mean of shares."""
    return function == "sum" or (function == "mean" and kind in (FieldKind.SHARE, FieldKind.RATIO))


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


def _refused(problem: str, value: object, fix: str) -> InvalidInput:
    return InvalidInput(problem, field="q", value=value, fix=fix)
