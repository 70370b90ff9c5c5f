"""A table of which each row says one thing, as plain texts by our words.

    account   reading date  quantity(kWh)  total           row 2: account 31-1, end 2026-11-01,
    31-1      2026/11/1     1,234.5        812.30    ──▶          quantity 1234.5, total 812.30

A row is taken whole or refused whole: a bill without one of its figures is another bill.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Final

from collector.tables.across import AcrossColumns, across_of
from collector.tables.refused import REASON, RefusedCell, refused_csv
from collector.tables.table import Cell, FileTable, RawLine
from metering.errors import InvalidInput
from metering.tables import (
    AmbiguousFormat,
    NumberForm,
    TimeForm,
    is_missing,
    known_unit,
    known_word,
    letter,
    number_form,
    plain,
    plain_month,
    time_form,
)
from metering.tables.bill_words import YUAN
from metering.tables.said_rows import (
    CellKind,
    PartForm,
    RowForm,
    RowRefused,
    RowWays,
    SaidRow,
    SaidTable,
)

MOST_RECORDS: Final = 5_000
MOST_TEXT: Final = 1_000
"""Characters of a cell."""
MOST_DECIMALS: Final = 9
_TITLES: Final = 20
_NUMBERS: Final = (CellKind.NUMBER, CellKind.MONEY)
_TIMES: Final = (CellKind.DAY, CellKind.MOMENT)


@dataclass(frozen=True)
class _RecordColumns:
    """Where everything stands."""

    heading_rows: int
    width: int
    at: Mapping[str, int]
    """Place of a column by our word."""
    names: Mapping[str, str]
    units: Mapping[str, str]
    left_out: tuple[str, ...]


def read_records(table: FileTable, form: RowForm, ways: RowWays) -> SaidTable:
    """All rows of a table under its headings; titles above them are passed over. Of a table with a
    column for each subject, where the form has them, each filled cell is a row; of one with a row
    for each part, all parts of a thing are one.

    Raises InvalidInput where a column that is needed is not there, or there are more than
    MOST_RECORDS rows; AmbiguousFormat where two columns say the same, or days or numbers may be
    read in two ways and nobody said which.
    """
    if (across := across_of(table, form)) is not None:
        return _read_across(table, across, form, ways)
    if form.parts is not None and _has_parts(table, form.parts):
        return form.parts.join(read_records(table, form.parts.form, ways))
    columns = _columns(table, form)
    reader = _RecordReader(table, columns, form, ways)
    found = (reader.row(row, cells) for row, cells in _below(table, columns))
    rows, refused = _bounded(table, found)
    return SaidTable(
        *(table.file, rows, refused, columns.names, columns.left_out),
        mendable=partial(_mendable, table, columns.heading_rows),
    )


def _has_parts(table: FileTable, parts: PartForm) -> bool:
    """Whether a column of a table names parts of things."""
    try:
        columns = _columns(table, parts.form)
    except InvalidInput:
        return False
    place = columns.at[parts.word]
    begin = (cells[place] for _, cells in islice(_below(table, columns), _TITLES) if cells[place:])
    texts = [str(one) for one in begin if one not in (None, "")]
    return any(map(parts.known, texts))


def _bounded(
    table: FileTable, found: Iterable[SaidRow | RowRefused]
) -> tuple[tuple[SaidRow, ...], tuple[RowRefused, ...]]:
    rows, refused = list[SaidRow](), list[RowRefused]()
    for one in found:
        if len(rows) + len(refused) >= MOST_RECORDS:
            raise InvalidInput(
                f"more than {MOST_RECORDS} rows",
                field="file",
                value=table.file,
                fix="load it in parts",
            )
        if isinstance(one, RowRefused):
            refused.append(one)
        else:
            rows.append(one)
    return tuple(rows), tuple(refused)


def _read_across(
    table: FileTable, across: AcrossColumns, form: RowForm, ways: RowWays
) -> SaidTable:
    assert form.across is not None, "columns of subjects are looked for where a form has them"
    own = (form.across.subject, form.across.value, form.across.unit)
    shown = [across.names[place] for place in across.subjects]
    names = {word: across.names[place] for word, place in across.shared.items()}
    at = {word: place for place, word in enumerate((*own, *across.shared))}
    headings = {**dict.fromkeys(own, ", ".join(shown[:3])), **names}
    columns = _RecordColumns(0, len(at), at, headings, {}, ())
    long = FileTable(table.file, table.name, partial(_long_lines, table, across))
    reader = _RecordReader(long, columns, form, ways)

    def each() -> Iterator[SaidRow | RowRefused]:
        for row, cells in _rows_across(table, across):
            if outside := _out_of_line(table, cells, len(across.names)):
                yield _refused(row, outside, "", _OUT_OF_LINE)
                continue
            for heading, said in across.cells(cells):
                found = reader.row(row, said)
                is_of_row = isinstance(found, RowRefused) and found.column in names.values()
                yield found if is_of_row else replace(found, column=heading)

    rows, refused = _bounded(table, each())
    return SaidTable(
        *(table.file, rows, refused, names, across.left_out),
        mendable=partial(_mendable, table, across.heading_rows),
    )


def _rows_across(table: FileTable, across: AcrossColumns) -> Iterator[RawLine]:
    for count, (row, cells) in enumerate(table.lines()):
        if count >= across.heading_rows and any(one not in (None, "") for one in cells):
            yield row, cells


def _long_lines(table: FileTable, across: AcrossColumns) -> Iterator[RawLine]:
    for row, cells in _rows_across(table, across):
        if not _out_of_line(table, cells, len(across.names)):
            for _, said in across.cells(cells):
                yield row, said


def _out_of_line(table: FileTable, cells: Sequence[object], width: int) -> str:
    """The letter of the first column of a row that lacks, or is too many; '' of a whole row."""
    more = any(one not in (None, "") for one in cells[width:])
    fewer = table.separated and len(cells) < width
    return letter(min(len(cells), width)) if more or fewer else ""


def _mendable(table: FileTable, heading_rows: int, refused: Sequence[RowRefused]) -> bytes:
    cells = [
        RefusedCell(Cell(one.value, table.file, one.row, one.column), f"{one.why} - {one.fix}")
        for one in refused
    ]
    return refused_csv(table, heading_rows, cells) if cells else b""


def _columns(table: FileTable, form: RowForm) -> _RecordColumns:
    """The row of headings is the first that has the words which are needed, else the one that has
    most words of ours."""
    begin = list(islice(table.lines(), _TITLES))
    told = [{form.known(str(one))[0] for one in cells if one} - {""} for _, cells in begin]
    best = max(range(len(begin)), key=lambda n: (len(told[n]), -n), default=0)
    for group in form.needed:
        if not told or not told[best].intersection(group):
            raise InvalidInput(
                f"no column says {' or '.join(group)}",
                field="column",
                value=table.file,
                fix="a first row with the names of the columns, as the documentation lists them",
            )
    headings = list(begin[best][1])
    at: dict[str, int] = {}
    names, units, left_out = dict[str, str](), dict[str, str](), list[str]()
    for place, one in enumerate(headings):
        shown = "" if one is None else str(one).strip()
        word, unit = form.known(shown) if shown else ("", "")
        if word in at:
            raise AmbiguousFormat(
                f"two columns may be the {word}",
                asks="column",
                field="column",
                value=f"{names[word]}, {shown}",
                fix="leave one of them out of the file",
            )
        if word:
            at[word], names[word] = place, shown
            units |= {word: unit} if unit else {}
        elif shown and shown != REASON:
            left_out.append(shown)
    return _RecordColumns(best + 1, len(headings), at, names, units, tuple(left_out))


def _below(table: FileTable, columns: _RecordColumns) -> Iterator[RawLine]:
    for count, (row, cells) in enumerate(table.lines()):
        if count >= columns.heading_rows and any(one not in (None, "") for one in cells):
            yield row, cells


class _RecordReader:
    """Reads the rows of one table: the form of each column is told by all of its cells."""

    def __init__(
        self, table: FileTable, columns: _RecordColumns, form: RowForm, ways: RowWays
    ) -> None:
        self._table, self._columns, self._kind = table, columns, form.kind
        texts: dict[str, set[str]] = {word: set() for word in columns.at}
        for _, cells in _below(table, columns):
            for word, place in columns.at.items():
                if place < len(cells) and (text := _text(cells[place])):
                    texts[word].add(text)
        numbers = [word for word in columns.at if form.kind(word) in _NUMBERS]
        said = (_bare(text) for word in numbers for text in sorted(texts[word]))
        heading = ", ".join(columns.names[word] for word in numbers[:3])
        self._number: NumberForm = number_form(said, heading, ways.decimal)
        self._times: dict[str, TimeForm] = {
            word: time_form(sorted(texts[word]), columns.names[word], ways.date)
            for word in columns.at
            if form.kind(word) in _TIMES
        }

    def row(self, row: int, cells: Sequence[object]) -> SaidRow | RowRefused:
        """What a row says, or the first cell of it that cannot be read."""
        columns = self._columns
        if outside := _out_of_line(self._table, cells, columns.width):
            return _refused(row, outside, "", _OUT_OF_LINE)
        said, units = dict[str, str](), dict(columns.units)
        for word, place in columns.at.items():
            raw = cells[place] if place < len(cells) else None
            if raw is None or (isinstance(raw, str) and is_missing(raw)):
                continue
            kind = self._kind(word)
            try:
                said[word], unit = self._cell(kind, word, raw)
            except (ValueError, OverflowError):
                return _refused(row, columns.names[word], str(raw)[:60], _wrong(kind))
            units |= {word: unit} if unit else {}
        return SaidRow(row, said, units)

    def _cell(self, kind: CellKind, word: str, raw: object) -> tuple[str, str]:
        """(plain text, unit beside it); ValueError for what is none of its kind."""
        if kind in _NUMBERS:
            return self._read_number(kind, raw)
        if kind in _TIMES:
            return _moment(kind, raw, self._times[word]), ""
        if kind is CellKind.MONTH:
            return plain_month(_name(raw)), ""
        text = _name(raw)
        if kind is CellKind.YES:
            found = known_word(text.lower(), ("yes", "no"))
            if found not in ("yes", "no"):
                raise ValueError(text)
            return found, ""
        if len(text) > MOST_TEXT:
            raise ValueError(text)
        return text, ""

    def _read_number(self, kind: CellKind, raw: object) -> tuple[str, str]:
        if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
            raise ValueError(raw)
        if not isinstance(raw, str):
            return _digits(raw), ""
        text, unit = self._number.read(_bare(raw))
        if kind is CellKind.MONEY or not unit:
            if unit and unit.lower() not in YUAN:
                raise ValueError(raw)
            return _digits(Decimal(text)), ""
        if not known_unit(unit):
            raise ValueError(raw)
        return _digits(Decimal(text)), known_unit(unit)


def _text(raw: object) -> str:
    """What a column's form is told by; '' for what a workbook or Parquet typed, and for missing."""
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        return f"{raw:.15g}" if isinstance(raw, float) else str(raw)
    return raw if isinstance(raw, str) and not is_missing(raw) else ""


def _bare(text: str) -> str:
    return plain(text).lstrip("¥").strip()


def _digits(value: float | Decimal) -> str:
    """All digits without an exponent: of what a spreadsheet holds the fifteen that it has, to nine
    decimals."""
    exact = Decimal(value)
    if isinstance(value, float) and exact.is_finite():
        exact = round(Decimal(f"{value:.15g}"), MOST_DECIMALS).normalize()
    tail = exact.as_tuple().exponent
    if not exact.is_finite() or abs(exact) >= 10**15 or int(tail) < -MOST_DECIMALS:
        raise ValueError(value)
    return f"{exact:f}"


def _name(raw: object) -> str:
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    if isinstance(raw, date | time):
        return raw.isoformat()
    return str(raw).strip()


def _moment(kind: CellKind, raw: object, form: TimeForm) -> str:
    """ISO 8601: a day, or a local time on the wall with its offset where one is written."""
    if isinstance(raw, datetime):
        wall, offset, dated = raw.replace(tzinfo=None), raw.utcoffset(), raw.time() == time()
    elif isinstance(raw, date):
        return raw.isoformat()
    else:
        stamp = form.read(_text(raw))
        wall, offset, dated = stamp.wall, stamp.offset, stamp.dated
    if dated or (kind is CellKind.DAY and wall.time() == time()):
        return wall.date().isoformat()
    if kind is CellKind.DAY:
        raise ValueError(raw)
    shown = wall.isoformat(timespec="seconds")
    if offset is None:
        return shown
    minutes = int(offset.total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{shown}{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _refused(row: int, column: str, value: str, error: InvalidInput) -> RowRefused:
    return RowRefused(row, column, value, error.message, error.fix or "")


_OUT_OF_LINE: Final = InvalidInput(
    "not as many fields as headings",
    field="row",
    value="",
    fix="take out the separator that is too many in this row, or add the one that lacks",
)


def _wrong(kind: CellKind) -> InvalidInput:
    """Why a cell is none of its kind."""
    if kind is CellKind.MONEY:
        return InvalidInput(
            "not a sum of money", field="cell", value="", fix="a number such as 1234.50"
        )
    if kind is CellKind.NUMBER:
        return InvalidInput("not a number", field="cell", value="", fix="a number such as 1234.5")
    if kind is CellKind.MONTH:
        return InvalidInput("not a month", field="cell", value="", fix="YYYY-MM, e.g. 2026-10")
    if kind is CellKind.YES:
        return InvalidInput("neither yes nor no", field="cell", value="", fix="yes or no")
    if kind in _TIMES:
        return InvalidInput(
            "not a date or time",
            field="cell",
            value="",
            fix="such as 2026-10-01, or 2026-10-01 08:15",
        )
    return InvalidInput("longer than a cell may be", field="cell", value="", fix="say it in fewer")
