"""The registry as rows of its tables and back.

`rows_of` gives each table's rows by natural key, so that a change of the registry is the
difference of two such dicts; `registry_of` is its inverse, at any version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import date
from enum import StrEnum
from functools import cache
from itertools import groupby
from typing import Any, get_origin, get_type_hints

from sqlalchemy import Connection, Table, and_, or_, select

from metering.registry import Registry, Validity
from metering.registry.kind import FactKind
from metering.registry.kind import registry_of as registry_of_facts
from metering.registry.kinds import KINDS, TARIFF
from metering.registry.merge import ordered
from metering.tariff import TariffRow
from metering.tariff_sets import set_key
from storage.sql.engine import Row
from storage.sql.schema import TABLE_OF, natural_key, type_of

Rows = dict[tuple[Any, ...], Row]


def rows_of(registry: Registry) -> dict[str, Rows]:
    """Rows by natural key, by table name."""
    lists = {kind.name: [_row(kind, fact) for fact in kind.of(registry)] for kind in KINDS}
    lists[TARIFF.name] = _tariff_rows(registry.tariff)
    return {
        table.name: {_key(table, row): row for row in lists[name]}
        for name, table in TABLE_OF.items()
    }


def registry_of(con: Connection, version: int) -> Registry:
    """The registry as it stood at a version, in the order of its keys."""
    facts = {
        kind.name: [_fact(kind, row) for row in _all(con, TABLE_OF[kind.name], version)]
        for kind in KINDS
    }
    return ordered(registry_of_facts(version, KINDS, facts))


def _all(con: Connection, table: Table, version: int) -> list[Row]:
    """In an order that keeps the rows of a tariff as they were; engines order text differently,
    so the rest is put in order afterwards."""
    facts = [c for c in table.columns if c.name not in ("recorded_version", "gone_version")]
    stood = and_(
        table.c.recorded_version <= version,
        or_(table.c.gone_version.is_(None), table.c.gone_version > version),
    )
    found = con.execute(select(*facts).where(stood).order_by(*table.primary_key.columns))
    return [dict(row._mapping) for row in found]


def _key(table: Table, row: Row) -> tuple[Any, ...]:
    values = [row[name] for name in natural_key(table)]
    return tuple(date.min if value is None else value for value in values)


def _row(kind: FactKind[Any], fact: object) -> Row:
    """A column for each field; texts for words of a list and for sets."""
    row: Row = {}
    for name, value in vars(fact).items():
        if isinstance(value, Validity):
            row |= {"valid_start": value.start, "valid_end": value.end}
        elif isinstance(value, StrEnum):
            row[name] = str(value)
        elif isinstance(value, frozenset):
            row[name] = ",".join(map(str, sorted(value)))
        else:
            row[name] = value
    named = (name for name in kind.by if name not in row and name != "valid")
    return row | {name: getattr(fact, name) for name in named}


def _fact(kind: FactKind[Any], row: Row) -> Any:
    """The fact of a row; what is no field of it is left out."""
    values: dict[str, Any] = {}
    for name, read in _readers(kind.name).items():
        if read is None:
            values[name] = row[name]
        elif name == "valid":
            values[name] = Validity(row["valid_start"], row["valid_end"])
        else:
            values[name] = read(row[name])
    return kind.type(**values)


@cache
def _readers(name: str) -> dict[str, Callable[[Any], Any] | None]:
    """How each field of a kind is read; None where it is stored as it is."""
    (kind,) = (one for one in KINDS if one.name == name)
    hints = get_type_hints(kind.type)
    return {one.name: _reader(hints[one.name]) for one in fields(kind.type)}


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    holds, _ = type_of(hint)
    if holds is Validity:
        return Validity
    if get_origin(holds) is frozenset:
        return lambda text: frozenset(int(one) for one in text.split(",") if one)
    return holds if isinstance(holds, type) and issubclass(holds, StrEnum) else None


def _tariff_rows(tariff: Iterable[TariffRow]) -> list[Row]:
    """Numbered inside each set, because the first fitting row of a tariff holds."""
    in_sets = sorted(tariff, key=set_key)
    return [
        {**_row(TARIFF, row), "place": place}
        for _, group in groupby(in_sets, key=set_key)
        for place, row in enumerate(group)
    ]
