"""Files of rows as people's programs write them; nothing here knows the reader."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import openpyxl
import xlsxwriter

Rows = Sequence[Sequence[Any]]


def delimited(
    rows: Rows, separator: str = ",", encoding: str = "utf-8", mark: bytes = b"", end: str = "\r\n"
) -> bytes:
    """Rows of texts with a separator, quoted where a field holds it; `mark` stands before."""
    return mark + end.join([*(_line(row, separator) for row in rows), ""]).encode(encoding)


def _line(row: Sequence[Any], separator: str) -> str:
    return separator.join(_field(str(one), separator) for one in row)


def _field(text: str, separator: str) -> str:
    if separator in text or '"' in text or "\n" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def workbook(
    rows: Rows, number_format: str = "", change: Callable[[Any, Any], None] | None = None
) -> bytes:
    """A workbook of one sheet; `number_format` of the dates in it; `change` is given the workbook
    and its sheet before it is saved."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    if number_format:
        for cells in sheet.iter_rows():
            for cell in cells:
                if isinstance(cell.value, datetime):
                    cell.number_format = number_format
    if change is not None:
        change(book, sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def worked_out(rows: Rows, formulas: Mapping[tuple[int, int], tuple[str, Any]]) -> bytes:
    """A workbook with formulas by (row, column) from 0, each with what it came to."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for y, row in enumerate(rows):
            for x, one in enumerate(row):
                if (y, x) in formulas:
                    formula, value = formulas[y, x]
                    sheet.write_formula(y, x, formula, None, value)
                else:
                    sheet.write(y, x, one)
    return file.getvalue()


def packed(files: Mapping[str, bytes]) -> bytes:
    """An archive of files by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def squeezed(data: bytes) -> bytes:
    """The same, packed alone."""
    return gzip.compress(data, mtime=0)


def parquet(query: str) -> bytes:
    """What a statement of DuckDB gives, as Parquet."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "table.parquet"
        duckdb.connect().sql(query).write_parquet(str(file))
        return file.read_bytes()
