"""Workbooks (XLSX) as rows: the visible sheets, values as a spreadsheet shows them.

What a formula comes to is what was stored beside it. One of which nothing was stored, since no
spreadsheet ever worked it out, is told as its own text, which is no value.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl

from collector.tables.limits import MOST_BLANK_ROWS, check_rows, check_width
from collector.tables.table import FileTable, RawLine
from metering.errors import InvalidInput

_PADDED = re.compile(r"0{2,40}")
"""A format that shows a number with zeros before it: then it is an identifier."""
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError),
    *(AttributeError, IndexError, EOFError, OSError, OverflowError),
)
"""What a workbook that is not whole makes the library raise."""


def workbook_tables(name: str, data: bytes, archive: zipfile.ZipFile) -> list[FileTable]:
    """Its visible sheets that hold anything; of a single one the table has the file's name.
    Raises InvalidInput for what is damaged, or has a document type in one of its parts."""
    _check_parts(name, archive)
    try:
        opened = cache(partial(_opened, data))  # once, not for each sheet
        book = opened(values=True)
        sheets = [one.title for one in book.worksheets if one.sheet_state == "visible"]
    except _BROKEN as error:
        raise _damaged(name, error) from None
    formulas = any(_has_formulas(archive, part) for part in archive.namelist())
    blank: dict[str, int] = {}
    lines = {one: partial(_lines, name, opened, one, blank, formulas=formulas) for one in sheets}
    filled = [one for one in sheets if _holds_anything(lines[one])] or sheets[:1]
    return [
        FileTable(
            name if len(filled) == 1 else f"{name}#{sheet}",
            sheet,
            lines[sheet],
            of_several=len(filled) > 1,
        )
        for sheet in filled
    ]


def _holds_anything(lines: Callable[[], Iterator[RawLine]]) -> bool:
    return any(cell is not None for _, cells in lines() for cell in cells)


def _opened(data: bytes, *, values: bool) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that do not matter here
        return openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=values, keep_links=False
        )


def _damaged(name: str, error: Exception) -> InvalidInput:
    return InvalidInput(
        f"a damaged workbook: {type(error).__name__}",
        field="file",
        value=name,
        fix="open it, and save it anew as XLSX",
    )


def _check_parts(name: str, archive: zipfile.ZipFile) -> None:
    """A document type has no place in a workbook: it is how a small one becomes a large one."""
    for part in archive.infolist():
        if part.filename.endswith((".xml", ".rels")):
            try:
                has_type = _has_document_type(archive, part)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
                raise _damaged(name, error) from None
            if has_type:
                raise InvalidInput(
                    "it has a document type, which is not taken",
                    field="file",
                    value=name,
                    fix="save it anew as XLSX",
                )


def _has_document_type(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Looked for everywhere, since comments of any length may stand before it; in text it would
    be written `&lt;!`. Zeros are left out for UTF-16."""
    with archive.open(part) as file:
        before = b""
        while block := file.read(1 << 20):
            seen = before + block.replace(b"\0", b"").lower()
            if b"<!doctype" in seen:
                return True
            before = seen[-8:]
    return False


def _has_formulas(archive: zipfile.ZipFile, part: str) -> bool:
    if not part.startswith("xl/worksheets/"):
        return False
    with archive.open(part) as file:
        before = b""
        while block := file.read(1 << 20):
            if b"<f>" in (seen := before + block) or b"<f " in seen:
                return True
            before = block[-2:]
    return False


def _lines(
    name: str, opened: Callable[..., Any], sheet: str, blank: dict[str, int], *, formulas: bool
) -> Iterator[RawLine]:
    """Lines of a sheet. `blank` counts the blank rows of each sheet: a row says its own number, so
    that a small file can claim any number of them."""
    blank[sheet] = 0
    try:
        shown = opened(values=True)[sheet]
        shown.reset_dimensions()
        written: Iterator[Sequence[Any]] = iter(())
        if formulas:
            raw = opened(values=False)[sheet]
            raw.reset_dimensions()
            written = raw.iter_rows()
        for row, cells in enumerate(shown.iter_rows(), start=1):
            check_rows(row, name)
            check_width(len(cells), row, name)
            if not cells:
                blank[sheet] += 1
                _check_blank(sum(blank.values()), row, name)
            values = [_value(cell) for cell in cells]
            yield row, _with_formulas(values, next(written)) if formulas else values
    except _BROKEN as error:
        raise _damaged(name, error) from None


def _check_blank(rows: int, row: int, name: str) -> None:
    if rows > MOST_BLANK_ROWS:
        raise InvalidInput(
            f"more than {MOST_BLANK_ROWS} blank rows, up to row {row}",
            field="file",
            value=name,
            fix="delete what stands far below the table",
        )


def _value(cell: Any) -> object:
    value = cell.value
    if isinstance(value, datetime):  # kept as a fraction of a day, which is no whole second
        return (value + timedelta(milliseconds=500)).replace(microsecond=0)
    if type(value) is int and _PADDED.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return value


def _with_formulas(values: list[object], written: Sequence[Any]) -> list[object]:
    for place, cell in enumerate(written):
        if place < len(values) and values[place] is None and cell.data_type == "f":
            values[place] = cell.value if isinstance(cell.value, str) else "="
    return values
