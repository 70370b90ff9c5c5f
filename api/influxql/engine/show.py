"""SHOW: the names that Grafana's variables and query editor ask for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from api.influxql.engine import where
from api.influxql.engine.check import UNCHOSEN_TABLE, check_tags, measurement
from api.influxql.engine.rows import FieldKind, Measurement, ScopedView, Series, Tables
from api.influxql.language.tree import Condition, Show

DATABASE = "greenoffice"
Table = tuple[str, list[str], list[list[object]]]
"""Name, columns and rows of one series of the answer."""


def run(statement: Show, view: ScopedView, tables: Tables) -> list[Table]:
    """The answer's series; empty ones are left out."""
    where.check_scope(statement.filter.tags, view.caller.reach)
    match statement.what:
        case "databases":
            found: list[Table] = [("databases", ["name"], [[DATABASE]])]
        case "policies":
            columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"]
            found = [("", columns, [["autogen", "0s", "168h0m0s", 1, True]])]
        case "measurements":
            names: list[list[object]] = [
                [name]
                for name, table in sorted(tables.items())
                if _named(statement, name) and _fits(statement, table, view)
            ]
            found = [("measurements", ["name"], names)]
        case "tag_keys":
            found = [
                (name, ["tagKey"], [[tag] for tag in sorted(_keys(statement, table, view))])
                for name, table in _tables(statement, tables)
                if _fits(statement, table, view)
            ]
        case "field_keys":
            found = [
                (name, ["fieldKey", "fieldType"], _fields(table))
                for name, table in _tables(statement, tables)
            ]
        case "tag_values":
            found = [
                (name, ["key", "value"], _values(statement, table, view))
                for name, table in _tables(statement, tables)
            ]
    first = statement.offset
    last = None if statement.limit is None else first + statement.limit
    return [(name, columns, rows[first:last]) for name, columns, rows in found if rows[first:last]]


def _named(statement: Show, name: str) -> bool:
    if statement.pattern is not None:
        return statement.pattern.matches(name) != statement.negated
    return not statement.keys or (name in statement.keys) != statement.negated


def _tables(statement: Show, tables: Tables) -> list[tuple[str, Measurement]]:
    """The measurements that are named, or all; InvalidInput for a name that is none."""
    if not statement.sources:
        return sorted(tables.items())
    found: dict[str, Measurement] = {}
    for one in statement.sources:
        if not isinstance(one, str):
            found |= {name: table for name, table in tables.items() if one.matches(name)}
        elif one != UNCHOSEN_TABLE:
            found[one] = measurement(tables, one)
    return sorted(found.items())


def _fits(statement: Show, table: Measurement, view: ScopedView) -> bool:
    """Whether a series of the measurement fits the condition, if there is one; of one that lacks
    the tags none does."""
    condition = statement.filter.tags
    if condition is None:
        return True
    known = {*table.tags, *table.labels}
    return all(leaf.tag in known for leaf in where.leaves(condition)) and bool(
        _fitting(condition, table, view)
    )


def _keys(statement: Show, table: Measurement, view: ScopedView) -> list[str]:
    """Tags of a measurement; with a condition those that a series which fits it has."""
    if statement.filter.tags is None:
        return [*table.tags, *table.labels]
    fitting = _fitting(statement.filter.tags, table, view)
    told = {tag for one in fitting for tag, value in one.tags.items() if value}
    return [tag for tag in table.tags if tag in told or tag == "under"] + [*table.labels]


def _fitting(condition: Condition | None, table: Measurement, view: ScopedView) -> list[Series]:
    return [one for one in table.series(view) if np.any(where.holds(condition, one, {}))]


def _fields(table: Measurement) -> list[list[object]]:
    return [
        [name, "string" if kind is FieldKind.TEXT else "float"]
        for name, kind in sorted(table.fields.items())
    ]


def _of_label(
    key: str,
    table: Measurement,
    condition: Condition | None,
    fitting: list[Series],
    view: ScopedView,
) -> list[str]:
    """Values of a label that the condition leaves, of any series."""
    found = list(table.labels[key](view))
    if all(leaf.tag != key for leaf in where.leaves(condition)):
        return found
    values = np.array(found, np.str_)
    kept = np.zeros(len(found), np.bool_)
    for series in fitting:
        kept |= where.holds(condition, series, {key: values})
    return [value for value, fits in zip(found, kept.tolist(), strict=True) if fits]


def _values(statement: Show, table: Measurement, view: ScopedView) -> list[list[object]]:
    """(key, value) in tree order, each once."""
    condition = statement.filter.tags
    known = [*table.tags, *table.labels]
    keys = [key for key in known if _named(statement, key)]
    if statement.sources and all(isinstance(one, str) for one in statement.sources):
        check_tags([leaf.tag for leaf in where.leaves(condition)], table)
        check_tags(list(statement.keys), table)
    elif not all(leaf.tag in known for leaf in where.leaves(condition)):
        return []
    fitting = _fitting(condition, table, view)
    pairs: list[list[object]] = []
    for key in keys:
        if key in table.labels:
            found: Iterable[str] = _of_label(key, table, condition, fitting, view)
        elif key == "under":
            found = (code for one in fitting for code in sorted(one.under))
        else:
            found = (one.tags.get(key, "") for one in fitting)
        pairs += [[key, value] for value in dict.fromkeys(found) if value]
    return pairs
