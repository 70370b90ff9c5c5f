"""SHOW: the names that Grafana's variables and query editor ask for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from api.influxql.engine import where
from api.influxql.engine.check import check_tags, measurement
from api.influxql.engine.rows import FieldKind, Measurement, ScopedView, Tables
from api.influxql.language.tree import Show

DATABASE = "greenoffice"
Table = tuple[str, list[str], list[list[object]]]
"""Name, columns and rows of one series of the answer."""


def run(statement: Show, view: ScopedView, tables: Tables) -> list[Table]:
    """The answer's series; empty ones are left out."""
    match statement.what:
        case "databases":
            found: list[Table] = [("databases", ["name"], [[DATABASE]])]
        case "policies":
            columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"]
            found = [("", columns, [["autogen", "0s", "168h0m0s", 1, True]])]
        case "measurements":
            names: list[list[object]] = [[n] for n in tables if _named(statement, n)]
            found = [("measurements", ["name"], names)]
        case "tag_keys":
            found = [
                (name, ["tagKey"], [[tag] for tag in (*table.tags, *table.labels)])
                for name, table in _tables(statement, tables)
            ]
        case "field_keys":
            found = [
                (name, ["fieldKey", "fieldType"], _fields(t))
                for name, t in _tables(statement, tables)
            ]
        case "tag_values":
            found = [
                (name, ["key", "value"], _values(statement, table, view))
                for name, table in _tables(statement, tables)
            ]
    return [(name, columns, rows[: statement.limit]) for name, columns, rows in found if rows]


def _named(statement: Show, name: str) -> bool:
    if statement.pattern is not None:
        return statement.pattern.matches(name)
    return not statement.keys or name in statement.keys


def _tables(statement: Show, tables: Tables) -> list[tuple[str, Measurement]]:
    if statement.measurement is None:
        return list(tables.items())
    return [(statement.measurement, measurement(tables, statement.measurement))]


def _fields(table: Measurement) -> list[list[object]]:
    return [
        [name, "string" if kind is FieldKind.TEXT else "float"]
        for name, kind in table.fields.items()
    ]


def _values(statement: Show, table: Measurement, view: ScopedView) -> list[list[object]]:
    """(key, value) in tree order, each once."""
    condition = statement.filter.tags
    known = [*table.tags, *table.labels]
    keys = [key for key in known if _named(statement, key)]
    if statement.measurement is not None:
        check_tags([leaf.tag for leaf in where.leaves(condition)], table)
        check_tags(list(statement.keys), table)
    where.check_scope(condition, view.caller.reach)
    fitting = [s for s in table.series(view) if np.any(where.holds(condition, s, {}))]
    pairs: list[list[object]] = []
    for key in keys:
        if key in table.labels:
            found: Iterable[str] = table.labels[key](view)
        elif key == "under":
            found = (code for one in fitting for code in sorted(one.under))
        else:
            found = (one.tags.get(key, "") for one in fitting)
        pairs += [[key, value] for value in dict.fromkeys(found) if value]
    return pairs
