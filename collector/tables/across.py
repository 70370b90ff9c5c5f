"""A table with a column for each subject, as rows of which each says one thing.

    day          hall(kWh)   roof                subject    time         value   unit
    2026-10-01   100         7             ──▶   hall       2026-10-01   100     kWh
    2026-11-01   160                             roof       2026-10-01   7
                                                 hall       2026-11-01   160     kWh

An empty cell says nothing. Each cell is taken or refused for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from collector.tables.heading_rows import TableHeadings, headings_of
from collector.tables.layout import LOOKED_AT
from collector.tables.options import HistoryForm
from collector.tables.refused import REASON
from collector.tables.table import FileTable
from metering.errors import InvalidInput
from metering.tables import ROW_NUMBERS, bare_heading, is_missing, plain
from metering.tables.said_rows import Across, RowForm

_ANY = HistoryForm("UTC")


@dataclass(frozen=True)
class AcrossColumns:
    """Where everything stands in a table with a column for each subject."""

    heading_rows: int
    names: tuple[str, ...]
    """Headings as they stand in the file."""
    shared: Mapping[str, int]
    """Places of what is said of all of a row, by our word."""
    subjects: Mapping[int, tuple[str, str]]
    """(subject, unit or '') by the place of its column; no subject stands there twice."""
    left_out: tuple[str, ...]

    def cells(self, row: Sequence[object]) -> Iterator[tuple[str, list[object]]]:
        """(heading; subject, value, unit, and what is said of the row) of each filled cell."""
        shared = [row[place] if place < len(row) else None for place in self.shared.values()]
        for place, (subject, unit) in self.subjects.items():
            value = row[place] if place < len(row) else None
            if value is not None and not is_missing(str(value)):
                yield self.names[place], [subject, value, unit or None, *shared]


def across_of(table: FileTable, form: RowForm) -> AcrossColumns | None:
    """The columns of a table that has one for each subject; None where its rows name theirs, or its
    headings are not to be told. Raises InvalidInput where two have one heading."""
    if form.across is None:
        return None
    try:
        found = headings_of(list(islice(table.lines(), LOOKED_AT)), _ANY, table)
    except InvalidInput:
        return None
    words = [form.known(name)[0] if raw is not None else "" for name, raw in _named(found)]
    own = {form.across.subject, form.across.value}
    rest = [group for group in form.needed if not own.intersection(group)]
    if own.intersection(words) or not all(set(words).intersection(group) for group in rest):
        return None
    return _columns(found, form.across, words)


def _named(found: TableHeadings) -> Iterator[tuple[str, object]]:
    return zip(found.names, found.raw, strict=True)


def _columns(found: TableHeadings, across: Across, words: list[str]) -> AcrossColumns | None:
    free = [
        place
        for place, (name, raw) in enumerate(_named(found))
        if not words[place] and raw is not None and str(raw).strip() and name != REASON
    ]
    counts = [place for place in free if plain(found.names[place]).lower() in ROW_NUMBERS]
    told = {place: bare_heading(found.names[place]) for place in free if place not in counts}
    again = [name for name, n in Counter(found.names[place] for place in told).items() if n > 1]
    if again:
        raise InvalidInput(
            "two columns of values have the same heading",
            field="column",
            value=again[0],
            fix="give each of them a heading of its own",
        )
    alike = Counter(subject for subject, _ in told.values())
    subjects = {
        place: (subject if alike[subject] == 1 else found.names[place], unit)
        for place, (subject, unit) in told.items()
    }
    units = [place for place, word in enumerate(words) if word == across.unit]
    shared = {word: place for place, word in enumerate(words) if word and place not in units}
    left_out = tuple(found.names[place] for place in [*counts, *units])
    if not subjects:
        return None
    return AcrossColumns(found.rows, found.names, shared, subjects, left_out)
