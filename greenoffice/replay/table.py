"""Reading a recorded table in chunks of columns.

Parquet is typed: its rows are selected and put in order by DuckDB. All else is read as tables of
people are, and what cannot be read is kept with its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from collector.tables import UtcTimes, already_utc, local_to_utc
from greenoffice.replay.loaded import LoadedColumn, loaded_columns
from greenoffice.replay.options import ReplayOptions
from metering.errors import InvalidInput
from metering.quantity import I64

CHUNK = 200_000


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rows of the table; every array has one entry a row."""

    identity: NDArray[np.object_]
    time_us: I64
    values: dict[str, NDArray[np.float64]]
    """NaN where the table has null."""
    no_time: NDArray[np.bool_]
    times: UtcTimes


class RecordedTable:
    """A file with one row a time and series."""

    def __init__(self, options: ReplayOptions) -> None:
        self.options = options
        self.columns: list[LoadedColumn] | None = None
        """Of a file that is no Parquet, all of it."""
        if options.file.suffix != ".parquet":
            self.columns = loaded_columns(options)
            return
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._source = _source(options.file)
        self._columns = self._describe()
        for name in self._used():
            if name not in self._columns:
                raise InvalidInput(
                    f"no such column in {options.file.name}",
                    field="column",
                    value=name,
                    fix=f"use one of: {', '.join(self._columns)}",
                )

    def identities(self) -> list[str]:
        """All series ids, sorted."""
        if self.columns is not None:
            return sorted({name for one in self.columns for name in one.names})
        rows = self._connection.execute(
            f"SELECT DISTINCT {self._id()} AS id FROM {self._source} {self._where()} ORDER BY id"
        ).fetchall()
        return [str(row[0]) for row in rows if row[0] is not None]

    def negative(self) -> set[tuple[str, str]]:
        """(series id, column) of those with a value below 0."""
        if self.columns is not None:
            return {found for one in self.columns for found in one.negative()}
        found = set()
        for value in self.options.values:
            rows = self._connection.execute(
                f"SELECT {self._id()} AS id FROM {self._source} {self._where()} "
                f'GROUP BY id HAVING min(TRY_CAST("{value.column}" AS DOUBLE)) < 0'
            ).fetchall()
            found |= {(str(row[0]), value.column) for row in rows if row[0] is not None}
        return found

    def rows(self) -> int:
        """How many rows the table has; of a file that is no Parquet, those with a value."""
        if self.columns is not None:
            return sum(len(one.history.value) for one in self.columns)
        found = self._connection.execute(
            f"SELECT count(*) FROM {self._source} {self._where()}"
        ).fetchone()
        return int(found[0]) if found else 0

    def chunks(self) -> Iterator[Chunk]:
        """All rows in time order, some at a time."""
        if self.columns is not None:
            yield from (chunk for one in self.columns for chunk in _loaded_chunks(one))
            return
        values = ", ".join(
            f'TRY_CAST("{v.column}" AS DOUBLE) AS v{n}' for n, v in enumerate(self.options.values)
        )
        cursor = self._connection.execute(
            f"SELECT {self._id()} AS id, epoch_us({self._time()}) AS t, {values} "
            f"FROM {self._source} {self._where()} ORDER BY t, id"
        )
        while rows := cursor.fetchmany(CHUNK):
            yield self._chunk(rows)

    def _chunk(self, rows: list[tuple[object, ...]]) -> Chunk:
        columns = list(zip(*rows, strict=True))
        no_time = np.array([t is None for t in columns[1]], dtype=np.bool_)
        recorded = np.array([t or 0 for t in columns[1]], dtype=np.int64)
        times = self._to_utc(recorded)
        return Chunk(
            np.array(columns[0], dtype=object),
            times.time_us - self.options.label_shift_us,
            {v.column: _floats(columns[2 + n]) for n, v in enumerate(self.options.values)},
            no_time,
            times,
        )

    def _to_utc(self, recorded: I64) -> UtcTimes:
        if self.options.utc or self._is_aware():
            return already_utc(recorded)
        return local_to_utc(recorded, self.options.offset or self.options.zone)

    def _is_aware(self) -> bool:
        return "TIME ZONE" in self._columns[self.options.time]

    def _id(self) -> str:
        return f'CAST("{self.options.id}" AS VARCHAR)' if self.options.id else "'series'"

    def _time(self) -> str:
        column, type_ = self.options.time, self._columns[self.options.time]
        return f'"{column}"' if type_.startswith("TIMESTAMP") else f'CAST("{column}" AS TIMESTAMP)'

    def _where(self) -> str:
        return f"WHERE {self.options.where}" if self.options.where else ""

    def _used(self) -> list[str]:
        ids = [self.options.id] if self.options.id else []
        return [self.options.time, *ids, *(v.column for v in self.options.values)]

    def _describe(self) -> dict[str, str]:
        try:
            rows = self._connection.execute(f"DESCRIBE SELECT * FROM {self._source}").fetchall()
        except duckdb.Error as refused:
            raise InvalidInput(
                f"the file cannot be read as a table: {refused}",
                field="file",
                value=str(self.options.file),
                fix="write the Parquet file anew, or give a CSV with a header line",
            ) from refused
        return {row[0]: row[1] for row in rows}


def _loaded_chunks(one: LoadedColumn) -> Iterator[Chunk]:
    order = np.argsort(one.history.time_us, kind="stable")
    names = np.array(one.names, dtype=object)
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        times = already_utc(one.history.time_us[rows])
        values = {one.value.column: one.history.value[rows]}
        no_time = np.zeros(len(rows), dtype=np.bool_)
        yield Chunk(names[one.history.which[rows]], times.time_us, values, no_time, times)


def _floats(column: tuple[object, ...]) -> NDArray[np.float64]:
    return np.array([np.nan if v is None else v for v in column], dtype=np.float64)


def _source(file: Path) -> str:
    if not file.is_file():
        raise InvalidInput(
            "no such file",
            field="file",
            value=str(file),
            fix="name an existing file: CSV, XLSX, Parquet or a ZIP of them",
        )
    quoted = str(file).replace("'", "''")
    return f"read_parquet('{quoted}')"
