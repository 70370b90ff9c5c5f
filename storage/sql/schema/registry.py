"""Tables of the registry: one for each kind of facts, with a column for each field.

A row says which version of the registry recorded it and which one no longer had it, so the
registry can be read as it stood at any version. What a row refers to may have other rows by
now, so no foreign key can hold; `metering.registry.merge` refuses what dangles.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import Any, get_args, get_type_hints

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, Table
from sqlalchemy.types import TypeEngine

from metering.registry.kind import FactKind
from metering.registry.kinds import KINDS
from metering.validity import Validity
from storage.sql.schema.columns import (
    METADATA,
    gone,
    key,
    number,
    one_stands,
    recorded,
    since,
    text_column,
    until,
)
from storage.sql.types import WORDS, Exact

_TYPES: dict[type, TypeEngine[Any] | type[TypeEngine[Any]]] = {
    bool: Boolean,
    int: Integer,
    float: Float(53),
    Decimal: Exact,
    date: Date,
}
"""Of a field; texts, words of a list and sets are WORDS."""
_OTHERWISE = {
    ("gateway", "user"): WORDS,
    ("point", "id"): BigInteger,
    ("installation", "point"): BigInteger,
    ("tariff", "place"): Integer,
}
"""Columns that are no field, or wider than theirs."""


def type_of(hint: Any) -> tuple[Any, bool]:
    """What a field holds, and whether it may hold nothing."""
    parts = [one for one in get_args(hint) if one is not NoneType]
    return (parts[0], True) if NoneType in get_args(hint) else (hint, False)


def _column(kind: FactKind[Any], name: str, hint: Any, *, of_key: bool) -> Column[Any]:
    holds, empty = type_of(hint)
    of_type: Any = _OTHERWISE.get((kind.name, name)) or _TYPES.get(holds, WORDS)
    if of_key:
        return Column(name, of_type, primary_key=True, autoincrement=False)
    return Column(name, of_type, nullable=empty)


def _table_of(kind: FactKind[Any]) -> Table:
    hints = get_type_hints(kind.type)
    names = kind.stored_by or kind.by
    columns = [
        since() if name == "valid" else _column(kind, name, hints.get(name), of_key=True)
        for name in names
    ]
    for one in fields(kind.type):
        if hints[one.name] is Validity:
            columns += [until()] if one.name in names else [Column("valid_start", Date), until()]
        elif one.name not in names:
            columns.append(_column(kind, one.name, hints[one.name], of_key=False))
    return Table(kind.stored or kind.name, METADATA, *columns, recorded(), gone())


TABLE_OF: dict[str, Table] = {kind.name: _table_of(kind) for kind in KINDS}
"""By kind of facts."""
GATEWAY, POINT = TABLE_OF["gateway"], TABLE_OF["point"]
VERSIONED: tuple[Table, ...] = tuple(TABLE_OF.values())
"""Tables whose rows are never overwritten: a changed fact is a row more."""


def natural_key(table: Table) -> list[str]:
    """The key of the fact; with the version that recorded it, it is that of a row."""
    return [c.name for c in table.primary_key.columns if c.name != "recorded_version"]


for _table in VERSIONED:
    one_stands(_table, "stands", *natural_key(_table))
one_stands(POINT, "name_stands", "gateway", "name")

REGISTRY_STATE = Table(
    "registry_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    number("version"),
)
CREDENTIAL = Table(
    "credential",
    METADATA,
    key("user"),
    text_column("hash"),
    number("set_us"),
)
