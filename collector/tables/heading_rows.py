"""The rows of headings of a table, read as one: titles above them are passed over, and of several
rows the upper ones may be merged.

    hall             roof
    total   plant    total        ──▶   hall total(kWh)   hall plant(kWh)   roof total(MWh)
    kWh     kWh      MWh
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from collector.tables.options import HistoryForm
from collector.tables.table import FileTable, RawLine
from metering.errors import InvalidInput
from metering.tables import (
    AmbiguousFormat,
    clock_of,
    is_missing,
    known_heading,
    letter,
    time_form,
    unit_in_heading,
)

_TITLES: Final = 20
"""Rows among which the headings must begin."""
_DEEPEST: Final = 3
"""Rows of headings: places, what is measured there, units."""


@dataclass(frozen=True)
class TableHeadings:
    """Headings by column."""

    rows: int
    """Rows before the first with values."""
    names: tuple[str, ...]
    """As they stand in the file; letters of columns without."""
    raw: tuple[object, ...]
    """Likewise, as they are typed; None of columns without."""


def headings_of(begin: list[RawLine], form: HistoryForm, table: FileTable) -> TableHeadings:
    """The headings among the first rows of a table. Raises InvalidInput where there are none."""
    place = _headings_at(begin, form, table)
    names, raw = _joined(list(begin[place][1]), None)
    count = place + 1
    while count < place + _DEEPEST and (lower := _below_heading(begin, count)) is not None:
        names, raw = _joined(list(raw), lower)
        count += 1
    if len(begin) > count:
        _check_headings(table, raw, begin[count][1])
    return TableHeadings(count, names, raw)


def filled(cells: Sequence[object]) -> list[object]:
    """Those that hold something."""
    return [one for one in cells if one is not None and str(one).strip()]


def _headings_at(begin: list[RawLine], form: HistoryForm, table: FileTable) -> int:
    wanted = [one for one in (form.time, form.meter, *form.values) if one]
    for place, (_, cells) in enumerate(begin[:_TITLES]):
        present = {str(one).strip() for one in cells} | {
            known_heading(str(one))[0] for one in cells
        }
        if wanted and all(one in present for one in wanted):
            return place
    usual = [place for place, (_, cells) in enumerate(begin[:_TITLES]) if len(filled(cells)) > 1]
    if not usual:
        raise _no_headings(table)
    return next((place for place in usual if _names_times(begin[place][1])), usual[0])


def _no_headings(table: FileTable) -> InvalidInput:
    return InvalidInput(
        "no row of headings",
        field="file",
        value=table.file,
        fix="a first row with the names of the columns: time, meter, value",
    )


def _names_times(cells: Sequence[object]) -> bool:
    """Whether a row has a heading of times, and no time: of titles in pairs, such as a day of
    printing, each has its value beside it."""
    found = filled(cells)
    named = any(known_heading(str(one))[0] in ("time", "date") for one in found)
    return named and not any(map(is_time, found))


def _check_headings(table: FileTable, raw: Sequence[object], below: Sequence[object]) -> None:
    """Raises InvalidInput where the row of headings is a row of values like that below it: it would
    be lost."""
    pairs = list(zip(raw, below, strict=False))
    times = any(is_time(one) and is_time(other) for one, other in pairs)
    if times and any(is_value(one) and is_value(other) for one, other in pairs):
        raise _no_headings(table)


def _below_heading(begin: list[RawLine], place: int) -> Sequence[object] | None:
    """A row where it holds words alone: units, or what merged headings are divided in."""
    if place >= len(begin):
        return None
    cells = filled(begin[place][1])
    words = [one for one in cells if isinstance(one, str) and not is_missing(one)]
    if (
        not words
        or len(words) != len(cells)
        or any(is_number(one) or is_time(one) for one in words)
    ):
        return None
    below = [one for _, cells in begin[place + 1 : place + 4] for one in filled(cells)]
    return begin[place][1] if any(is_number(one) for one in below) else None


def _joined(
    upper: list[object], lower: Sequence[object] | None
) -> tuple[tuple[str, ...], tuple[object, ...]]:
    width = max(len(upper), len(lower or ()))
    raw: list[object] = [*upper, *[None] * (width - len(upper))]
    if lower is not None:
        before: object = None
        for place in range(width):
            before = raw[place] if filled([raw[place]]) else before
            under = lower[place] if place < len(lower) and filled([lower[place]]) else None
            unit = "" if under is None else unit_in_heading(str(under))
            if unit:
                raw[place] = f"{'' if before is None else before}({under})"
            elif under is not None:
                raw[place] = under if before is None else f"{before} {under}"
    names = (
        letter(place) if one is None or not str(one).strip() else str(one).strip()
        for place, one in enumerate(raw)
    )
    return tuple(names), tuple(raw)


def is_number(value: object) -> bool:
    """Whether a cell holds digits, whatever their signs; a compact day does too."""
    if isinstance(value, str):
        digits = value.strip().replace(",", "").replace(".", "").lstrip("+-")
        return digits.isdecimal()
    return isinstance(value, int | float)


def is_value(value: object) -> bool:
    """Whether a cell holds a number that is no time."""
    return is_number(value) and not is_time(value)


def is_time(value: object) -> bool:
    """Whether a cell holds a day or an instant, also one that may be two."""
    if isinstance(value, str):
        try:
            time_form([value], "").read(value)
        except AmbiguousFormat:
            return True
        except ValueError:
            return False
        return True
    return isinstance(value, date | datetime)


def is_clock(value: object) -> bool:
    """Whether a cell holds a time of day."""
    if isinstance(value, str):
        try:
            clock_of(value)
        except ValueError:
            return False
        return True
    return isinstance(value, time | timedelta)
