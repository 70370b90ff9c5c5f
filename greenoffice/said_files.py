"""Tables of bills and readings, in any kind of file that people have."""

from __future__ import annotations

from collector.tables import read_records, read_tables
from metering.tables import TextForm
from metering.tables.said_rows import RowForm, RowWays, SaidTable


def read_rows(name: str, data: bytes, form: RowForm, ways: RowWays) -> list[SaidTable]:
    """The tables of a file called `name` as their rows; those without anything in them left out.
    Raises InvalidInput and AmbiguousFormat as reading tables does."""
    text = TextForm(ways.encoding, ways.separator)
    tables = read_tables(name, data, text)
    filled = [one for one in tables if any(any(cells) for _, cells in one.lines())]
    return [read_records(one, form, ways) for one in filled]
