"""A recorded table as people keep it, read whole: one column of values after the other."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from collector.tables import (
    FileTable,
    HistoryForm,
    LoadedHistory,
    RawLine,
    read_history,
    read_tables,
    refused_csv,
)
from greenoffice.replay.options import ReplayOptions, ValueColumn
from metering.errors import InvalidInput
from metering.tables import TextForm

_ROW = "row number"


@dataclass(frozen=True, eq=False)
class LoadedColumn:
    """One column of values of one table."""

    table: FileTable
    value: ValueColumn
    history: LoadedHistory

    @property
    def names(self) -> tuple[str, ...]:
        """Of the series, as their points are called."""
        return tuple(meter or "series" for meter, _ in self.history.series)

    def negative(self) -> set[tuple[str, str]]:
        """(series id, column) of those with a value below 0."""
        below = set(self.history.which[self.history.value < 0].tolist())
        return {(self.names[one], self.value.column) for one in below}


def loaded_columns(options: ReplayOptions) -> list[LoadedColumn]:
    """Every column of values of every table of the file. Raises NotFound, InvalidInput and
    AmbiguousFormat as reading tables does."""
    written = TextForm(options.encoding, options.separator)
    found = []
    for table in read_tables(options.file, form=written):
        chosen = _chosen(table, options.where) if options.where else table
        for value in options.values:
            history = read_history(chosen, _form(options, value))
            found.append(LoadedColumn(table, value, history))
    return found


def write_refused(columns: list[LoadedColumn], file: Path) -> Path | None:
    """Rows that hold what was refused, written beside the file; None where there are none."""
    data = b"".join(
        refused_csv(one.table, one.history.heading_rows, one.history.refused)
        for one in columns
        if one.history.refused
    )
    if not data:
        return None
    target = file.with_name(f"{file.stem}.refused.csv")
    target.write_bytes(data)
    return target


def _form(options: ReplayOptions, value: ValueColumn) -> HistoryForm:
    return HistoryForm(
        zone="UTC" if options.utc else options.offset or options.zone,
        shape="long",
        time=options.time,
        meter=options.id or "",
        values=(value.column,),
        date=options.date,
        decimal=options.decimal,
        unit=value.unit,
        label=options.label,
        interval_min=options.interval_min,
    )


def _chosen(table: FileTable, where: str) -> FileTable:
    """The rows of which a condition holds, and the heading before them."""
    lines = ((row, cells) for row, cells in table.lines() if any(map(str, cells)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        with file.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target)
            first, headings = next(lines, (0, []))
            writer.writerow([_ROW, *map(str, headings)])
            writer.writerows([row, *cells] for row, cells in lines)
        try:
            source = duckdb.connect().read_csv(str(file), header=True, all_varchar=True)
            chosen = source.filter(where).project(f'"{_ROW}"').fetchall()
        except duckdb.Error as error:
            raise InvalidInput(
                f"the condition cannot be worked out: {error}",
                field="where",
                value=where,
                fix="a condition of SQL on the columns of the file",
            ) from None
    rows = {first, *(int(one[0]) for one in chosen)}
    return replace(table, lines=partial(_only, table, frozenset(rows)))


def _only(table: FileTable, rows: frozenset[int]) -> Iterator[RawLine]:
    return ((row, cells) for row, cells in table.lines() if row in rows)
