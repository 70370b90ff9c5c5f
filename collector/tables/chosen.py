"""Rows of a table for which a condition holds."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from collector.tables.layout import layout_of
from collector.tables.options import HistoryForm
from collector.tables.table import FileTable, RawLine
from metering.errors import InvalidInput

_ROW = "row number"
"""A column beside those of the file, called as none of them is."""


def chosen_rows(table: FileTable, form: HistoryForm, where: str) -> FileTable:
    """The same table with the rows for which `where` holds, a condition of SQL in which each cell
    is a text under its heading, '' where it is empty. What stands above the first row of values
    stays. InvalidInput for a condition that cannot be worked out, and as of `layout_of`."""
    layout = layout_of(table, form)
    head = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        with file.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target)
            writer.writerow([_ROW, *layout.names])
            for count, (row, cells) in enumerate(table.lines()):
                if count < layout.heading_rows:
                    head = row
                else:
                    writer.writerow([row, *_filled(cells, len(layout.names))])
        try:
            rows = duckdb.connect().read_csv(str(file), header=True, all_varchar=True)
            number = f'CAST("{_ROW}" AS BIGINT)'
            found = rows.filter(where).project(f"{number} AS n").fetchnumpy()["n"]
        except duckdb.Error as error:
            raise InvalidInput(
                f"the condition cannot be worked out: {error}",
                field="where",
                value=where,
                fix="a condition of SQL on the headings of the file, whose cells are texts; "
                'numbers as CAST("value" AS DOUBLE)',
            ) from None
    held = np.zeros(int(max(found, default=head)) + 1, dtype=np.bool_)
    held[: head + 1] = True
    held[np.asarray(found, dtype=np.int64)] = True
    return replace(table, lines=partial(_only, table, held))


def _filled(cells: Sequence[object], width: int) -> list[str]:
    """As many texts as there are headings."""
    texts = ["" if one is None else str(one) for one in cells[:width]]
    return texts + [""] * (width - len(texts))


def _only(table: FileTable, held: NDArray[np.bool_]) -> Iterator[RawLine]:
    return ((row, cells) for row, cells in table.lines() if row < len(held) and held[row])
