"""What became of tables of bills and readings."""

from __future__ import annotations

from typing_extensions import TypedDict


class RefusedRowAnswer(TypedDict):
    """Why a row was not taken: the first cell that cannot be, and what to do."""

    column: str
    value: str
    problem: str
    fix: str


class StatedRowAnswer(TypedDict):
    """What became of a row of a file; `id` is that of the entry or bill that stands."""

    row: int
    fate: str
    subject: str
    about: str
    value: str
    id: str
    refused: RefusedRowAnswer | None


class StatedTableAnswer(TypedDict):
    """What became of a table; `rows` are the first of those that are no duplicates, `left_out`
    the columns that mean nothing here, `mend` the refused rows as CSV, to be mended and sent."""

    file: str
    counts: dict[str, int]
    rows: list[StatedRowAnswer]
    left_out: list[str]
    mend: str


class StatedTablesAnswer(TypedDict):
    """What became of a file, or would."""

    dry_run: bool
    counts: dict[str, int]
    tables: list[StatedTableAnswer]
