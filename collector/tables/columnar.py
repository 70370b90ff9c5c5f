"""Parquet files as rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import duckdb

from collector.tables.limits import check_rows, check_width
from collector.tables.table import FileTable, RawLine
from metering.errors import InvalidInput

_AT_ONCE = 50_000


def parquet_table(name: str, data: bytes) -> FileTable:
    """The table of a Parquet file; its first row are the names of its columns, and instants are
    texts in UTC with their offset."""
    return FileTable(name, PurePosixPath(name).stem, partial(_lines, name, data))


def _lines(name: str, data: bytes) -> Iterator[RawLine]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.parquet"
        file.write_bytes(data)
        try:
            yield from _rows(name, file)
        except duckdb.Error as error:
            raise InvalidInput(
                f"not a Parquet file that can be read: {error}",
                field="file",
                value=name,
                fix="write it anew",
            ) from None


def _rows(name: str, file: Path) -> Iterator[RawLine]:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    read = "FROM read_parquet(?)"
    columns = connection.execute(f"DESCRIBE SELECT * {read}", [str(file)]).fetchall()
    check_width(len(columns), 1, name)
    yield 1, [str(one[0]) for one in columns]
    shown = ", ".join(_shown(str(one[0]), str(one[1])) for one in columns)
    connection.execute(f"SELECT {shown} {read}", [str(file)])
    row = 1
    while rows := connection.fetchmany(_AT_ONCE):
        for values in rows:
            row += 1
            check_rows(row, name)
            yield row, values


def _shown(column: str, kind: str) -> str:
    quoted = '"' + column.replace('"', '""') + '"'
    return f"CAST({quoted} AS VARCHAR)" if "TIME ZONE" in kind else quoted
