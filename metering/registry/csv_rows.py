"""CSV files as lines of values: UTF-8 with or without a byte order mark, LF or CRLF."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from metering.registry.rows import Line, Problems, Sheet

MAX_BYTES = 32 << 20


def sheet_of(name: str, data: bytes | str, problems: Problems) -> Sheet | None:
    """The file's lines; None, and noted, where it is no CSV text at all."""
    text = _text(name, data, problems)
    if text is None:
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return Sheet(name, list(_lines(reader)))
    except csv.Error as error:
        fix = "close every quotation mark, and write one inside a quoted field twice"
        problems.add(name, reader.line_num, "", "", f"not CSV: {error}", fix)
        return None


def _lines(reader: Iterator[list[str]]) -> Iterator[Line]:
    """Each with the number at which it starts: a quoted field may hold line ends."""
    line = 0
    for fields in reader:
        start, line = line + 1, reader.line_num  # type: ignore[attr-defined]
        yield start, fields


def _text(name: str, data: bytes | str, problems: Problems) -> str | None:
    if len(data) > MAX_BYTES:
        fix = f"at most {MAX_BYTES >> 20} MiB: import in parts"
        problems.add(name, 0, "", f"{len(data)} bytes", "file too large", fix)
        return None
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad = data[error.start : error.start + 8]
        fix = "save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
        problems.add(name, line, "", bad, "not UTF-8", fix)
        return None
