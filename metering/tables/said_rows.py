"""Rows of a table of which each says one thing: a bill, a reading.

heading ──▶ our word for it ──▶ cells as plain texts by word: numbers, days, names
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class CellKind(StrEnum):
    """How the cells of a column are read."""

    NAME = "name"
    """As it stands: codes and numbers of papers are never typed."""
    NUMBER = "number"
    """May have a unit beside it."""
    MONEY = "money"
    """A number; a sign of yuan beside it is left out."""
    DAY = "day"
    MONTH = "month"
    MOMENT = "moment"
    """A day, or a day with a time of day."""
    YES = "yes"


@dataclass(frozen=True)
class Across:
    """Our words for what a column for each subject says: whose it is, in its heading, its cells,
    and their unit."""

    subject: str
    value: str
    unit: str


@dataclass(frozen=True)
class RowForm:
    """What the rows of a table may say."""

    known: Callable[[str], tuple[str, str]]
    """(our word, unit in brackets behind it) of a heading; '' for one that means nothing here."""
    kind: Callable[[str], CellKind]
    needed: tuple[tuple[str, ...], ...]
    """Words that have to be there, one of each group."""
    across: Across | None = None
    """Where a table may have a column for each subject, instead of a row."""
    parts: PartForm | None = None
    """Where a table may have several rows for each thing."""


@dataclass(frozen=True)
class RowWays:
    """How a table is written; what is empty is detected."""

    date: str = ""
    decimal: str = ""
    encoding: str = ""
    separator: str = ""


@dataclass(frozen=True)
class RowRefused:
    """A row that was not taken: the cell, why, and what to do."""

    row: int
    column: str
    value: str
    why: str
    fix: str


@dataclass(frozen=True)
class SaidRow:
    """A row as plain texts: numbers with a point, days and moments as ISO 8601."""

    row: int
    """Where it stands in the file, from 1."""
    said: Mapping[str, str]
    """By our word; what is missing is left out."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Of numbers for which the file says one, by our word."""
    column: str = ""
    """Heading of what it says, where other columns of the row say something of their own."""


@dataclass(frozen=True)
class SaidTable:
    """A table as its rows."""

    file: str
    rows: tuple[SaidRow, ...]
    refused: tuple[RowRefused, ...]
    """Rows of which a cell cannot be read; none of them is among `rows`."""
    headings: Mapping[str, str]
    """As they stand in the file, by our word."""
    left_out: tuple[str, ...]
    """Headings that mean nothing here: their cells were not looked at."""
    mendable: Callable[[Sequence[RowRefused]], bytes]
    """Those rows of the file under its headings, with a column that says why, as CSV."""


@dataclass(frozen=True)
class PartForm:
    """What the rows of a table say of which several are one thing."""

    form: RowForm
    word: str
    """Ours for the column that says which part a row is."""
    known: Callable[[str], bool]
    """Whether a text names a part."""
    join: Callable[[SaidTable], SaidTable]
    """A row for each thing, of one for each part."""
