"""What of a table was not taken, as a file to mend and load again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collector.tables.table import Cell, FileTable
from metering.tables import csv_text

REASON = "reason"
"""Heading of the column that says why."""
SHOWN_AS: Final = "{0}, row {1}, {2} = {3}: {4}"
"""A refused value in a sentence: file, row, column, value, why."""


@dataclass(frozen=True)
class RefusedCell:
    """A value that was not taken, with why, in a sentence."""

    cell: Cell
    why: str

    def __str__(self) -> str:
        one = self.cell
        value = repr("" if one.value is None else str(one.value)[:60])
        return SHOWN_AS.format(one.file, one.row, one.column, value, self.why)


def refused_csv(table: FileTable, heading_rows: int, refused: Sequence[RefusedCell]) -> bytes:
    """The rows of a table that hold what was refused, under the same headings (its first
    `heading_rows` rows), with a last column that says why; CSV as a spreadsheet opens it,
    and runs nothing in it."""
    why: dict[int, dict[str, None]] = {}
    for one in refused:
        why.setdefault(one.cell.row, {})[f"{one.cell.column}: {one.why}"] = None
    rows: list[list[object]] = []
    for place, (row, cells) in enumerate(table.lines()):
        if place < heading_rows:
            rows.append([*cells, REASON if place == heading_rows - 1 else ""])
        elif row in why:
            rows.append([*cells, "; ".join(why[row])])
    return csv_text(rows, "\r\n").encode("utf-8-sig")
