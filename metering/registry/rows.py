"""Rows of the registry's tables: every value with its file, line and column.

    a source's lines (number, [value, ...])      a CSV file, a sheet, a body over HTTP
      header     code     node   item
      line 3     main     site   01000     ──▶  Row.text("node") is "site" in line 3

A value that cannot be read is noted with file, line, value and fix, and something harmless
stands in, so that one look finds everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from metering.errors import FileProblem, InvalidInput
from metering.items import check_item
from metering.moment import INSTANT_FIX, BackwardsWindow, Moment, read_moment
from metering.registry.header import TableHeader, header_of
from metering.tables import (
    TwoReadings,
    known_word,
    letter,
    plain,
    plain_day,
    plain_number,
    transformer_ratio,
)
from metering.validity import Validity

E = TypeVar("E", bound=StrEnum)

MAX_ROWS = 200_000
YES_NO = ("yes", "no")
CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,400})?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class Table:
    """Which columns a table must and may have."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """The words that a column takes, where it takes no others."""
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """Words that usually stand in a column that takes others too."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns the table may have, the needed ones first."""
        return self.required + self.optional

    def words(self, column: str) -> tuple[str, ...]:
        """Those that a column takes or has usually; () where it has none such."""
        return self.closed.get(column, ()) or self.usual.get(column, ())

    def read(self, column: str, value: object) -> str:
        """What stands in a cell as the registry's files write it: our word for one of people, and
        an item's code without the name that may stand behind it."""
        text = as_text(value).strip()
        if column == "item":
            return plain(text).partition(" ")[0]
        return known_word(text, self.words(column)) if text else text


@dataclass
class Problems:
    """Everything found wrong so far."""

    found: list[FileProblem] = field(default_factory=list)

    def add(
        self,
        file: str,
        line: int,
        column: str,
        value: object,
        problem: str,
        fix: str,
        heading: str = "",
    ) -> None:
        """Note a problem; of a long value only the first 120 characters are kept. `heading` is
        what the file calls the column, where that is otherwise."""
        shown = str(value) if len(str(value)) <= 120 else str(value)[:119] + "…"
        self.found.append(FileProblem(file, line, column, shown, problem, fix, heading))


Line = tuple[int, Sequence[object]]
"""(its number in the source, its values in the order of the columns)."""


@dataclass(frozen=True)
class Sheet:
    """One table as a source gives it; the first line that holds anything names the columns."""

    table: str
    """Whose columns it has: one of `metering.registry.kinds.TABLES`."""
    lines: Iterable[Line]
    file: str = ""
    """What people know it by, such as `meters.xlsx`; the table's name where empty."""

    @property
    def label(self) -> str:
        """What people know the source by."""
        return self.file or self.table


@dataclass(frozen=True)
class Row:
    """One row of a source. Every reader notes what is wrong and returns a stand-in."""

    file: str
    line: int
    values: Mapping[str, str]
    problems: Problems = field(repr=False, compare=False)
    header: TableHeader = field(default=TableHeader(), repr=False, compare=False)

    def text(self, column: str) -> str:
        """The field without blanks around it; '' where it is empty or absent."""
        return self.values.get(column, "")

    def wrong(self, column: str, problem: str, fix: str) -> None:
        """Note a problem of this row at a column, with the text that stands there."""
        text, heading = self.text(column), self.header.called(column)
        self.problems.add(self.file, self.line, column, text, problem, fix, heading)

    def code(self, column: str) -> str:
        """A code; '' where it is none."""
        text = plain(self.text(column))
        if CODE.fullmatch(text) and text.strip("."):
            return text
        self.wrong(column, "not a code", "1 to 64 of A-Z a-z 0-9 . _ -, not dots alone")
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
        try:
            value = _number(text)
        except TwoReadings:
            self.wrong(column, "may be two numbers", "digits alone, such as 1200, or 1.2")
            return None
        if value is None:
            self.wrong(column, "not a number", "digits with a decimal point, such as 1.5")
        elif above is not None and value <= above:
            self.wrong(column, f"not above {above}", f"a number above {above}")
        elif least is not None and value < least:
            self.wrong(column, f"below {least}", f"a number from {least} on")
        else:
            return value
        return None

    def ratio(self, column: str) -> Decimal | None:
        """What is multiplied by, above 0: a number, or what stands on a transformer, such as
        `200/5`; None where the field is empty or wrong."""
        text = self.text(column)
        found = transformer_ratio(text)
        if found is None and ("/" in plain(text) or ":" in plain(text)):
            self.wrong(column, "not a ratio", "what values are multiplied by, such as 40 for 200/5")
            return None
        return self.number(column, above=0) if found is None else found

    def whole(self, column: str, least: int, most: int) -> int | None:
        """A whole number in bounds; None where the field is empty or wrong."""
        text = plain(self.text(column))
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
            return date.fromisoformat(text) if _DATE.fullmatch(text) else plain_day(text)
        except TwoReadings:
            self.wrong(column, "may be two days", "YYYY-MM-DD, such as 2026-01-31")
        except ValueError:
            self.wrong(column, "not a date", "YYYY-MM-DD, such as 2026-01-31")
        return None

    def minute(self, column: str, otherwise: int) -> int:
        """A time of day in minutes, 00:00 to 24:00; `otherwise` where it is none."""
        match = _TIME.fullmatch(plain(self.text(column)))
        minute = int(match[1]) * 60 + int(match[2]) if match else -1
        if not 0 <= minute <= 1440:
            self.wrong(column, "not a time of day", "HH:MM from 00:00 to 24:00")
            return otherwise
        return minute

    def validity(self) -> Validity:
        """valid_from (included) to valid_to (not included)."""
        start, end = self.day("valid_from"), self.day("valid_to")
        if start is not None and end is not None and start >= end:
            self.wrong("valid_to", "not after valid_from", "the first day it no longer holds")
            return Validity(start)
        return Validity(start, end)

    def moments(self) -> tuple[Validity, str, str]:
        """valid_from and valid_to, each a day, an instant or a window: the local days, and the
        texts of what is more than a day."""
        starts, ends = (self._dated(column) for column in ("valid_from", "valid_to"))
        start = starts.first_day if isinstance(starts, Moment) else starts
        end = ends.after_day if isinstance(ends, Moment) else ends
        if isinstance(starts, Moment) and isinstance(ends, Moment):
            backwards = ends.start_us < starts.end_us or ends.end_us <= starts.end_us
        else:
            backwards = start is not None and end is not None and start >= end
        if backwards:
            self.wrong("valid_to", "not after valid_from", "when it no longer holds")
            ends, end = None, None
        return (
            Validity(start, end),
            self.text("valid_from") if isinstance(starts, Moment) else "",
            self.text("valid_to") if isinstance(ends, Moment) else "",
        )

    def _dated(self, column: str) -> date | Moment | None:
        """A day, an instant or a window; None where the field is empty or wrong."""
        text = self.text(column)
        if "T" not in text:
            return self.day(column)
        try:
            return read_moment(text)
        except BackwardsWindow:
            fix = "the earlier instant first, then / and the later one"
            self.wrong(column, "the window ends before it begins", fix)
            return None
        except ValueError:
            self.wrong(column, "neither a day nor an instant", INSTANT_FIX)
            return None

    def choice(self, column: str, kinds: type[E]) -> E | None:
        """One of an enumeration; None where it is empty or unknown."""
        text = self.text(column)
        if text in set(kinds):
            return kinds(text)
        self.wrong(column, "unknown", f"one of {', '.join(map(self.header.word, kinds))}")
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
        words = ", ".join(self.header.word(one) for one in allowed if one)
        if "" in allowed:
            self.wrong(column, "unknown", f"one of {words}, or leave it empty")
        else:
            self.wrong(column, "unknown", f"one of {words}")
        return allowed[0]


def rows_of(table: Table, sheet: Sheet, problems: Problems) -> list[Row]:
    """All rows of a sheet; what is wrong with its lines as such is noted."""
    header: TableHeader | None = None
    rows: list[Row] = []
    homeless: set[int] = set()
    for number, values in sheet.lines:
        fields = [as_text(value).strip() for value in values]
        if not any(fields):
            continue
        if header is None:
            header = header_of(table.columns, fields)
            if not _good_header(table, sheet.label, header, number, problems):
                return []
        elif len(fields) != len(header.columns):
            fix = f"{len(header.columns)} fields as in the header; quote a field that holds a comma"
            shown = ",".join(map(as_text, values))
            problems.add(sheet.label, number, "", shown, f"{len(fields)} fields", fix)
        elif len(rows) == MAX_ROWS:
            fix = f"at most {MAX_ROWS} rows: import in parts"
            problems.add(sheet.label, number, "", "", "too many rows", fix)
            break
        else:
            cells = list(zip(header.columns, fields, strict=True))
            named = {one: table.read(one, text) for one, text in cells if one}
            rows.append(Row(sheet.label, number, named, problems, header))
            for place, (one, text) in enumerate(cells):
                if text and not one and place not in homeless:
                    homeless.add(place)  # the first of a column tells of all
                    _without_heading(sheet.label, number, place, text, problems)
    if header is None:
        problems.add(sheet.label, 1, "", "", "no header line", ",".join(table.columns))
    return rows


def _without_heading(file: str, line: int, place: int, text: str, problems: Problems) -> None:
    fix = "give its column a heading of this table, or delete it"
    problems.add(file, line, letter(place), text, "no heading above it", fix)


def _number(text: str) -> Decimal | None:
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    try:
        found = plain_number(text)
    except TwoReadings:
        raise
    except ValueError:
        return None
    return Decimal(found) if _NUMBER.fullmatch(found) else None


def as_text(value: object) -> str:
    """A value as a registry file writes it: '' for None, yes or no, plain digits, dates as
    YYYY-MM-DD, times as HH:MM. A sheet's 15.0 is 15, and its midnight of a day is the day."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format(value, "f")
        case float():
            return format(Decimal(repr(value)), "f").removesuffix(".0")
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case time():
            return value.strftime("%H:%M")
    return str(value)


def _good_header(
    table: Table, file: str, header: TableHeader, line: int, problems: Problems
) -> bool:
    before = len(problems.found)
    known = ", ".join(map(header.heading, table.columns))
    for column in table.required:
        if column not in header.columns:
            fix, heading = f"add it; columns are {known}", header.heading(column)
            problems.add(file, line, column, "", "column missing", fix, heading)
    for place, column in enumerate(header.columns):
        if column and column not in table.columns:
            fix = f"delete it; columns are {known}"
            problems.add(file, line, column, column, "unknown column", fix)
        elif column and column in header.columns[:place]:
            fix, heading = f"columns are {known}", header.called(column)
            problems.add(file, line, column, heading, "column twice", fix, heading)
    return len(problems.found) == before
