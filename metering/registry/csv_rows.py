"""CSV tables of the registry: rows with their place, and problems collected, not raised.

UTF-8 with or without a byte order mark, LF or CRLF, one header line. A field that cannot be
read is noted with file, line, value and fix, and something harmless stands in, so that one
look at the files finds everything that is wrong with them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from metering.errors import FileProblem, InvalidInput
from metering.items import check_item
from metering.registry.model import Validity

E = TypeVar("E", bound=StrEnum)

MAX_BYTES = 32 << 20
MAX_ROWS = 200_000
CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,400})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class Table:
    """Which columns a file must and may have."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns the file may have, the needed ones first."""
        return self.required + self.optional


@dataclass
class Problems:
    """Everything found wrong so far."""

    found: list[FileProblem] = field(default_factory=list)

    def add(self, file: str, line: int, column: str, value: object, problem: str, fix: str) -> None:
        """Note a problem; of a long value only the first 120 characters are kept."""
        shown = str(value) if len(str(value)) <= 120 else str(value)[:119] + "…"
        self.found.append(FileProblem(file, line, column, shown, problem, fix))


@dataclass(frozen=True)
class Row:
    """One row of a file. Every reader notes what is wrong and returns a stand-in."""

    file: str
    line: int
    values: Mapping[str, str]
    problems: Problems = field(repr=False, compare=False)

    def text(self, column: str) -> str:
        """The field without blanks around it; '' where it is empty or absent."""
        return self.values.get(column, "")

    def wrong(self, column: str, problem: str, fix: str) -> None:
        """Note a problem of this row at a column, with the text that stands there."""
        self.problems.add(self.file, self.line, column, self.text(column), problem, fix)

    def code(self, column: str) -> str:
        """A code; '' where it is none."""
        text = self.text(column)
        if CODE.fullmatch(text):
            return text
        self.wrong(column, "not a code", "1 to 64 of A-Z a-z 0-9 . _ -")
        return ""

    def named(self, column: str, longest: int = 200) -> str:
        """Free text for people."""
        text = self.text(column)
        if len(text) > longest or not text.isprintable():
            self.wrong(column, "too long or not printable", f"at most {longest} characters")
            return ""
        return text

    def number(
        self, column: str, *, above: int | None = None, least: int | None = None
    ) -> Decimal | None:
        """A decimal number; None where the field is empty or wrong."""
        text = self.text(column)
        if not text:
            return None
        value = Decimal(text) if _NUMBER.fullmatch(text) else None
        if value is None:
            self.wrong(column, "not a number", "digits with a decimal point, such as 1.5")
        elif above is not None and value <= above:
            self.wrong(column, f"not above {above}", f"a number above {above}")
        elif least is not None and value < least:
            self.wrong(column, f"below {least}", f"a number from {least} on")
        else:
            return value
        return None

    def whole(self, column: str, least: int, most: int) -> int | None:
        """A whole number in bounds; None where the field is empty or wrong."""
        text = self.text(column)
        if not text:
            return None
        if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) and least <= int(text) <= most:
            return int(text)
        self.wrong(column, "not a whole number in range", f"{least} to {most}")
        return None

    def day(self, column: str) -> date | None:
        """A date; None where the field is empty or wrong."""
        text = self.text(column)
        if not text:
            return None
        try:
            if not _DATE.fullmatch(text):
                raise ValueError(text)
            return date.fromisoformat(text)
        except ValueError:
            self.wrong(column, "not a date", "YYYY-MM-DD, such as 2026-01-31")
            return None

    def validity(self) -> Validity:
        """valid_from (included) to valid_to (not included)."""
        start, end = self.day("valid_from"), self.day("valid_to")
        if start is not None and end is not None and start >= end:
            self.wrong("valid_to", "not after valid_from", "the first day it no longer holds")
            return Validity(start)
        return Validity(start, end)

    def choice(self, column: str, kinds: type[E]) -> E | None:
        """One of an enumeration; None where it is empty or unknown."""
        text = self.text(column)
        if text in set(kinds):
            return kinds(text)
        self.wrong(column, "unknown", f"one of {', '.join(kinds)}")
        return None

    def item(self) -> str:
        """An item code; that of electricity where it is none."""
        try:
            return check_item(self.text("item"))
        except InvalidInput as error:
            self.wrong("item", error.message, error.fix or "")
            return "01000"

    def one_of(self, column: str, allowed: tuple[str, ...]) -> str:
        """One of some words; the first of them where it is another."""
        if self.text(column) in allowed:
            return self.text(column)
        self.wrong(column, "unknown", f"one of {', '.join(word or '(empty)' for word in allowed)}")
        return allowed[0]


def read_table(table: Table, data: bytes | str, problems: Problems) -> list[Row]:
    """All rows of a file; what is wrong with the file as a whole is noted."""
    text = _text(table, data, problems)
    if text is None:
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return list(_rows(table, reader, problems))
    except csv.Error as error:
        fix = "close every quotation mark, and write one inside a quoted field twice"
        problems.add(table.name, reader.line_num, "", "", f"not CSV: {error}", fix)
        return []


def _text(table: Table, data: bytes | str, problems: Problems) -> str | None:
    if len(data) > MAX_BYTES:
        fix = f"at most {MAX_BYTES >> 20} MiB: import in parts"
        problems.add(table.name, 0, "", f"{len(data)} bytes", "file too large", fix)
        return None
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad = data[error.start : error.start + 8]
        fix = "save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
        problems.add(table.name, line, "", bad, "not UTF-8", fix)
        return None


def _rows(table: Table, reader: Iterator[list[str]], problems: Problems) -> Iterator[Row]:
    header: list[str] | None = None
    line = taken = 0
    for fields in reader:
        start, line = line + 1, reader.line_num  # type: ignore[attr-defined]
        stripped = [one.strip() for one in fields]
        if not any(stripped):
            continue
        if header is None:
            header = stripped
            if not _good_header(table, header, start, problems):
                return
        elif len(fields) != len(header):
            fix = f"{len(header)} fields as in the header; quote a field that holds a comma"
            problems.add(table.name, start, "", ",".join(fields), f"{len(fields)} fields", fix)
        elif taken == MAX_ROWS:
            fix = f"at most {MAX_ROWS} rows: import in parts"
            problems.add(table.name, start, "", "", "too many rows", fix)
            return
        else:
            taken += 1
            yield Row(table.name, start, dict(zip(header, stripped, strict=True)), problems)
    if header is None:
        problems.add(table.name, 1, "", "", "no header line", ",".join(table.columns))


def _good_header(table: Table, header: list[str], line: int, problems: Problems) -> bool:
    before = len(problems.found)
    for column in table.required:
        if column not in header:
            fix = f"add it; columns are {','.join(table.columns)}"
            problems.add(table.name, line, column, "", "column missing", fix)
    for place, column in enumerate(header):
        fix = f"columns are {','.join(table.columns)}"
        if column not in table.columns:
            problems.add(table.name, line, column, column, "unknown column", fix)
        elif column in header[:place]:
            problems.add(table.name, line, column, column, "column twice", fix)
    return len(problems.found) == before
