"""Writing a registry as the CSV files that read back as the same registry."""

from __future__ import annotations

from collections.abc import Iterable

from metering.registry.kinds import FILES, TABLES
from metering.registry.model import Registry
from metering.registry.rows import as_text
from metering.registry.written import plain_row
from metering.tables import csv_text

Record = dict[str, str]
"""One row of a file: what stands in each of its columns."""


def write_registry(registry: Registry) -> dict[str, str]:
    """{file name: text} of everything in the registry; files without rows are left out."""
    return {name: _text(name, rows) for name, rows in records(registry).items() if rows}


def records(registry: Registry) -> dict[str, list[Record]]:
    """The rows of each file by column, in the order in which they are written."""
    found: dict[str, list[Record]] = {}
    for name, (kind, *_) in FILES.items():
        rows = kind.rows(registry) if kind.rows else map(plain_row, kind.of(registry))
        columns = TABLES[name].columns
        found[name] = [{column: as_text(row.get(column)) for column in columns} for row in rows]
    return found


def _text(name: str, rows: Iterable[Record]) -> str:
    return csv_text([TABLES[name].columns, *(row.values() for row in rows)])
