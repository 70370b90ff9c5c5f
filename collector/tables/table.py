"""A table of a file: rows of raw cells that know where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

RawLine = tuple[int, Sequence[object]]
"""(number of its row in the file, from 1; what stands in its cells)."""


@dataclass(frozen=True)
class Cell:
    """A value with the place where it stands."""

    value: object
    """As the file has it: text, or what a workbook or Parquet typed it as; None where empty."""
    file: str
    row: int
    column: str
    """Its heading; its letter as in a spreadsheet where it has none."""


@dataclass(frozen=True)
class FileTable:
    """One table of a file; its rows can be read again and again."""

    file: str
    """What people know it by: `history.zip/2026.csv`, `meters.xlsx`, `meters.xlsx#Sheet2`."""
    name: str
    """Of the sheet, or of the file without its ending."""
    lines: Callable[[], Iterator[RawLine]]
    separated: bool = False
    """Whether it is text, in which a row that ends early has lost a separator."""
    of_several: bool = False
    """Whether the file has other sheets beside it."""
