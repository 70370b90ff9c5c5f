"""Tables of web pages as rows: what older systems call a workbook is often a page.

A page is read by its tags of tables alone, each of bounded length, so that a hostile one costs no
more than its size: all else in a cell is left out, and what stands outside of cells too.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from collector.tables.limits import check_rows, check_width
from collector.tables.table import FileTable, RawLine
from metering.errors import InvalidInput
from metering.tables import decode

_TABLE: Final = re.compile(r"<(/?)table\b[^<>]{0,2000}>", re.IGNORECASE)
_ROW: Final = re.compile(r"</?tr\b[^<>]{0,2000}>", re.IGNORECASE)
_CELL: Final = re.compile(r"<t[dh]\b", re.IGNORECASE)
_END: Final = re.compile(r"</t[dh]\b", re.IGNORECASE)
_OTHER: Final = re.compile(r"</?[a-z!][^<>]{0,2000}>", re.IGNORECASE)
_COLUMNS: Final = re.compile(r"""colspan\s*=\s*["']?(\d{1,9})""", re.IGNORECASE)
_ROWS: Final = re.compile(r"""rowspan\s*=\s*["']?(\d{1,9})""", re.IGNORECASE)
MOST_SPANNED: Final = 200
"""Rows or columns of a cell, so that a small page does not become a large table."""


def is_web_page(data: bytes) -> bool:
    """Whether a file begins as a page with tables does."""
    begin = data[:4096].lower()
    return any(mark in begin for mark in (b"<html", b"<!doctype html", b"<table"))


def web_tables(name: str, data: bytes, encoding: str) -> list[FileTable]:
    """The tables of a page; the cells of a table in a table are cells of the outer one. Of a single
    one the table has the file's name. Raises InvalidInput where there is none, AmbiguousFormat as
    `decode`."""
    text = decode(data, encoding, name)
    bounds = list(_bounds(text))
    if not bounds:
        raise InvalidInput(
            "a web page without a table",
            field="file",
            value=name,
            fix="open it, and save its table as XLSX or CSV",
        )
    alone = len(bounds) == 1
    return [
        FileTable(
            name if alone else f"{name}#{number}",
            PurePosixPath(name).stem if alone else str(number),
            partial(_lines, name, text[first:after]),
            of_several=not alone,
        )
        for number, (first, after) in enumerate(bounds, start=1)
    ]


def _bounds(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each outermost table goes."""
    depth, first = 0, 0
    for tag in _TABLE.finditer(text):
        if not tag[1]:
            first = tag.end() if depth == 0 else first
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield first, tag.start()
    if depth:
        yield first, len(text)


def _lines(name: str, text: str) -> Iterator[RawLine]:
    """A cell that spans columns or rows stands in the first of them, the others are empty."""
    row, covered = 0, dict[int, int]()
    for part in _ROW.split(text):
        cells, below = list[object](), dict[int, int]()
        for cell in _CELL.split(part)[1:]:
            attributes, _, content = cell.partition(">")
            cells += _under(covered, len(cells))
            place = len(cells)
            cells += [_shown(content), *[None] * (_span(_COLUMNS, attributes, name) - 1)]
            check_width(len(cells), row + 1, name)
            if deep := _span(_ROWS, attributes, name) - 1:
                below |= dict.fromkeys(range(place, len(cells)), deep)
        if cells:
            row += 1
            check_rows(row, name)
            yield row, [*cells, *_under(covered, len(cells))]
            covered = {one: rows - 1 for one, rows in covered.items() if rows > 1} | below


def _under(covered: Mapping[int, int], place: int) -> list[None]:
    """Empty cells for those from a place on that a cell above covers."""
    after = place
    while after in covered:
        after += 1
    return [None] * (after - place)


def _span(pattern: re.Pattern[str], attributes: str, name: str) -> int:
    found = pattern.search(attributes)
    count = int(found[1]) if found else 1
    if count > MOST_SPANNED:
        raise InvalidInput(
            f"a cell that spans more than {MOST_SPANNED} rows or columns",
            field="file",
            value=name,
            fix="open it, and save its table as XLSX or CSV",
        )
    return max(count, 1)


def _shown(content: str) -> str:
    """The text of a cell, without what stands behind its end."""
    text = _END.split(content, maxsplit=1)[0]
    return " ".join(html.unescape(_OTHER.sub(" ", text)).split())
