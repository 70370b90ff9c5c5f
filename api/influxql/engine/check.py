"""Whether a measurement can answer a SELECT, before anything is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from api.influxql.engine.rows import FieldKind, Measurement, Tables
from api.influxql.engine.where import fields_in, leaves
from api.influxql.language.functions import COUNT_DISTINCT, PLAIN, SELECTORS, SEVERAL
from api.influxql.language.pattern import Pattern
from api.influxql.language.tree import (
    Aggregate,
    Column,
    Expression,
    Formula,
    Number,
    Select,
    Selected,
    Transform,
)
from metering.errors import InvalidInput

UNCHOSEN_TABLE, UNCHOSEN_FIELD = "measurement", "value"
"""What Grafana's editor writes before somebody has chosen: there is nothing of it, and no error."""
MOST_OF_ALL: Final = 100
"""Columns that `*` may stand for."""
_ROWS: Final = (
    *("mean", "min", "max", "first", "last", "count", "median", "mode", "spread", "stddev"),
    *("percentile", COUNT_DISTINCT, *SEVERAL),
)
_FITS = {
    FieldKind.AMOUNT: ("sum", *_ROWS),
    FieldKind.LEVEL: (*_ROWS, "integral"),
    FieldKind.SHARE: (*_ROWS, "integral"),
    FieldKind.RATIO: ("mean",),
    FieldKind.TEXT: (),
    FieldKind.DERIVED: ("sum", *_ROWS, "integral"),
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
    rowwise: bool = False
    """Whether fields of one row are looked at together: by a condition, or beside a selector."""
    selector: Aggregate | None = None
    """The one that chooses rows, where nothing else is told of them: their times count."""
    grids: bool = False
    """Whether whole columns can say it."""


def tables_of(statement: Select, tables: Tables) -> list[str]:
    """Names of the measurements that a statement is of. InvalidInput names those there are, where
    one is none."""
    found: list[str] = []
    for one in statement.chosen or (statement.measurement,):
        if isinstance(one, Pattern):
            found += [name for name in tables if one.matches(name)]
        elif one != UNCHOSEN_TABLE:
            measurement(tables, one)
            found.append(one)
    return list(dict.fromkeys(found))


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


def spelled(statement: Select, table: Measurement) -> Select:
    """The statement with each `*` written out, by name. InvalidInput where that is too much."""
    if not any(_is_every(column.expression) for column in statement.columns):
        return statement
    columns: list[Selected] = []
    for column in statement.columns:
        match column.expression:
            case Column("*", kind):
                tags = [tag for tag in (*table.tags, *table.labels) if tag != "under"]
                names = [] if kind == "tag" else list(table.fields)
                names += [] if kind == "field" else tags
                columns += [Selected(Column(name), name) for name in sorted(names)]
            case Aggregate(function, "*", argument):
                names = [name for name, one in table.fields.items() if function in _FITS[one]]
                columns += [
                    Selected(Aggregate(function, name, argument), f"{function}_{name}")
                    for name in sorted(names)
                ]
            case _:
                columns.append(column)
    if len(columns) > MOST_OF_ALL:
        raise _refused(f"* stands for more than {MOST_OF_ALL} columns", len(columns), "name them")
    return replace(statement, columns=tuple(columns))


def asked(statement: Select, table: Measurement) -> Asked:
    """InvalidInput for a field, tag or function that the measurement does not have."""
    expressions = [column.expression for column in statement.columns]
    found = [part for one in expressions for part in parts(one)]
    aggregates = [part for part in found if isinstance(part, Aggregate)]
    columns = [part for part in found if isinstance(part, Column)]
    _check_shape(statement, aggregates, columns)
    for one in aggregates:
        _check_aggregate(one, table)
    for column in columns:
        alone = all(isinstance(one, Column | Aggregate) for one in expressions)
        _check_column(column, table, alone=alone)
    compared = fields_in(statement.filter.tags)
    for name in compared:
        _check_compared(name, table)
    tags = [*statement.tags, *(leaf.tag for leaf in leaves(statement.filter.tags))]
    check_tags(tags, table)
    if "under" in statement.tags:
        raise _refused("nothing is grouped by all that it lies under", "under", 'GROUP BY "node"')
    named = {column.name for column in columns}
    rowwise = bool(compared or (aggregates and columns))
    known = [one for one in aggregates if one.field in table.fields]
    whole = {one.field for one in known if is_whole(one.function, table.fields[one.field])}
    fine = {one.field for one in known if not is_whole(one.function, table.fields[one.field])}
    fine |= (named | set(compared)) & table.fields.keys()
    selector = _selector(expressions, aggregates)
    timed = selector is not None and statement.interval_us is None
    counted = any(one.function == "count" for one in aggregates) and any(
        map(transforms, expressions)
    )
    return Asked(
        frozenset() if rowwise else frozenset(whole),
        frozenset(fine | whole) if rowwise else frozenset(fine),
        frozenset({*tags, *named} & table.labels.keys()),
        bool(aggregates),
        rowwise,
        selector,
        not (rowwise or timed or counted) and all(one.function in PLAIN for one in aggregates),
    )


def is_whole(function: str, kind: FieldKind | None) -> bool:
    """Whether it may be told of all that lies between two bounds at once, instead of row by
    row: a sum, or the mean of shares."""
    return function == "sum" or (function == "mean" and kind in (FieldKind.SHARE, FieldKind.RATIO))


def check_tags(tags: list[str], table: Measurement) -> None:
    """InvalidInput for a tag that the measurement does not have."""
    for tag in tags:
        if tag not in table.tags and tag not in table.labels:
            known = ", ".join((*table.tags, *table.labels))
            raise _refused("no such tag", tag, f"one of: {known}")


def parts(expression: Expression) -> Iterator[Expression]:
    """Fields, tags and aggregates in a formula."""
    match expression:
        case Formula(_, left, right, _):
            yield from parts(left)
            yield from parts(right)
        case Transform(of=of):
            yield from parts(of)
        case Number():
            return
        case _:
            yield expression


def aggregates(statement: Select) -> Iterator[Aggregate]:
    """All that a statement asks for."""
    for column in statement.columns:
        yield from (part for part in parts(column.expression) if isinstance(part, Aggregate))


def looks_back(expression: Expression) -> bool:
    """Whether the first bucket is told by the one before it."""
    match expression:
        case Formula(_, left, right, _):
            return looks_back(left) or looks_back(right)
        case Transform(function, Aggregate(), _):
            return function != "cumulative_sum"
    return False


def transforms(expression: Expression) -> bool:
    """Whether it tells of what lies between rows or buckets."""
    match expression:
        case Formula(_, left, right, _):
            return transforms(left) or transforms(right)
    return isinstance(expression, Transform)


def _is_every(expression: Expression) -> bool:
    return getattr(expression, "name", "") == "*" or getattr(expression, "field", "") == "*"


def _selector(expressions: list[Expression], aggregates: list[Aggregate]) -> Aggregate | None:
    """The selector that stands alone, or beside fields and tags of the row that it chooses."""
    if len(aggregates) != 1 or any(transforms(one) for one in expressions):
        return None
    return aggregates[0] if aggregates[0].function in SELECTORS | SEVERAL.keys() else None


def _check_shape(statement: Select, aggregates: list[Aggregate], columns: list[Column]) -> None:
    expressions = [column.expression for column in statement.columns]
    if not aggregates and not columns:
        raise _refused("a number alone is no column", statement.measurement, 'sum("value")')
    if aggregates and columns and _selector(expressions, aggregates) is None:
        raise _refused(
            "aggregates and plain fields cannot stand together",
            columns[0].name,
            f'mean("{columns[0].name}"), or no aggregate at all',
        )
    several = [one.function for one in aggregates if one.function in SEVERAL]
    if several and (len(aggregates) > 1 or any(isinstance(one, Formula) for one in expressions)):
        raise _refused("this function stands alone", several[0], "a SELECT of its own")
    if "distinct" in several and columns:
        raise _refused("this function stands alone", several[0], "a SELECT of its own")
    if not aggregates and statement.interval_us is not None:
        raise _refused("GROUP BY time() needs an aggregate", columns[0].name, 'mean("power")')
    apart = [one for one in expressions if transforms(one)]
    if apart and aggregates and statement.interval_us is None:
        raise _refused("this function needs GROUP BY time()", statement.columns[0].name, "time(1h)")
    if apart and columns and len(apart) < len(expressions):
        raise _refused("this function stands alone", statement.columns[0].name, "without fields")


def _check_aggregate(one: Aggregate, table: Measurement) -> None:
    kind = table.fields.get(one.field)
    if kind is None:
        if one.field == UNCHOSEN_FIELD:
            return
        raise _refused("no such field", one.field, f"one of: {', '.join(table.fields)}")
    if one.function not in _FITS[kind]:
        fitting = ", ".join(_FITS[kind]) or "no aggregate: select it as it is"
        raise _refused(f"{one.function} says nothing about this field", one.field, fitting)


def _check_compared(name: str, table: Measurement) -> None:
    if table.fields.get(name) in (None, FieldKind.TEXT, FieldKind.RATIO):
        known = [field for field, kind in table.fields.items() if kind not in _NOT_COMPARED]
        raise _refused("no field that a number is compared with", name, f"{', '.join(known)}")


_NOT_COMPARED: Final = (FieldKind.TEXT, FieldKind.RATIO)


def _check_column(column: Column, table: Measurement, *, alone: bool) -> None:
    if column.name in table.fields and column.kind != "tag":
        if table.fields[column.name] is FieldKind.RATIO:
            raise _refused("a ratio needs mean()", column.name, f'mean("{column.name}")')
        if not alone and table.fields[column.name] is FieldKind.TEXT:
            raise _refused("nothing is computed of a text", column.name, "select it as it is")
        return
    if not alone or column.name == "under" or column.kind == "field":
        raise _refused("no such field", column.name, f"one of: {', '.join(table.fields)}")
    check_tags([column.name], table)


def _refused(problem: str, value: object, fix: str) -> InvalidInput:
    return InvalidInput(problem, field="q", value=value, fix=fix)
