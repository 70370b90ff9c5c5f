"""Which cells of a table are headings, times, meters and values.

    long                    wide                     times                         days
    time   meter  value     time    A     B          meter  10-01 0:00  0:15       date    0:00 1:00
    0:00   A      1         0:00    1     2          A      1           3          10-01   1    2
    0:15   A      3         0:15    3     4          B      2           4          10-02   3    4

Titles above the headings are passed over; two rows of headings, of which the upper one may be
merged, are read as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

from collector.tables.options import HistoryForm
from collector.tables.refused import REASON
from collector.tables.table import FileTable, RawLine
from metering.errors import InvalidInput
from metering.tables import (
    AmbiguousFormat,
    clock_of,
    is_missing,
    known_heading,
    known_unit,
    letter,
    time_form,
)

LOOKED_AT: Final = 40
"""Rows in which the headings must begin, and of which the contents of a column are told."""
_TITLES: Final = 20
_OPEN: Final = {")": "(", "）": "（", "]": "["}


@dataclass(frozen=True)
class TableLayout:
    """Where everything stands; places are counted from 0."""

    shape: str
    heading_rows: int
    """Rows before the first with values."""
    names: tuple[str, ...]
    """Headings as they stand in the file; letters of columns without."""
    time: int | None
    clock: int | None
    meter: int | None
    unit: int | None
    values: tuple[int, ...]
    units: dict[int, str] = field(default_factory=dict)
    """Of columns whose heading says one."""
    raw: tuple[object, ...] = ()
    """What stands in the headings, for those that are times."""

    def called(self, place: int) -> str:
        """The heading of a column, without the unit in brackets behind it."""
        name = self.names[place]
        if place not in self.units or name[-1] not in _OPEN:
            return name
        return name.rpartition(_OPEN[name[-1]])[0].strip()


def layout_of(table: FileTable, form: HistoryForm) -> TableLayout:
    """The layout of a table. Raises InvalidInput where there are no headings, or the times or the
    values are not to be found; AmbiguousFormat where two columns may be what is needed."""
    begin = list(islice(table.lines(), LOOKED_AT))
    place = _headings_at(begin, form, table)
    upper = list(begin[place][1])
    lower = _second(begin, place)
    names, raw = _joined(upper, lower)
    count = place + (1 if lower is None else 2)
    return _Columns(table, form, names, raw, begin[count:]).layout(count)


def _filled(cells: Sequence[object]) -> list[object]:
    return [one for one in cells if one is not None and str(one).strip()]


def _headings_at(begin: list[RawLine], form: HistoryForm, table: FileTable) -> int:
    wanted = [one for one in (form.time, form.meter, *form.values) if one]
    for place, (_, cells) in enumerate(begin[:_TITLES]):
        present = {str(one).strip() for one in cells} | {
            known_heading(str(one))[0] for one in cells
        }
        if wanted and all(one in present for one in wanted):
            return place
    usual = [place for place, (_, cells) in enumerate(begin[:_TITLES]) if len(_filled(cells)) > 1]
    if not usual:
        raise InvalidInput(
            "no row of headings",
            field="file",
            value=table.file,
            fix="a first row with the names of the columns: time, meter, value",
        )
    return usual[0]


def _second(begin: list[RawLine], place: int) -> Sequence[object] | None:
    """The next row where it holds words alone: units, or what merged headings are divided in."""
    if place + 1 >= len(begin):
        return None
    cells = _filled(begin[place + 1][1])
    words = [one for one in cells if isinstance(one, str) and not is_missing(one)]
    if (
        not words
        or len(words) != len(cells)
        or any(_is_number(one) or _is_time(one) for one in words)
    ):
        return None
    below = [one for _, cells in begin[place + 2 : place + 4] for one in _filled(cells)]
    return begin[place + 1][1] if any(_is_number(one) for one in below) else None


def _joined(
    upper: list[object], lower: Sequence[object] | None
) -> tuple[tuple[str, ...], tuple[object, ...]]:
    width = max(len(upper), len(lower or ()))
    raw: list[object] = [*upper, *[None] * (width - len(upper))]
    if lower is not None:
        before: object = None
        for place in range(width):
            before = raw[place] if _filled([raw[place]]) else before
            under = lower[place] if place < len(lower) and _filled([lower[place]]) else None
            unit = "" if under is None else known_unit(str(under))
            if unit:
                raw[place] = f"{'' if before is None else before}({under})"
            elif under is not None:
                raw[place] = under if before is None else f"{before} {under}"
    names = (
        letter(place) if one is None or not str(one).strip() else str(one).strip()
        for place, one in enumerate(raw)
    )
    return tuple(names), tuple(raw)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        digits = value.strip().replace(",", "").replace(".", "").lstrip("+-")
        return digits.isdecimal()
    return isinstance(value, int | float)


def _is_time(value: object) -> bool:
    if isinstance(value, str):
        try:
            time_form([value], "").read(value)
        except AmbiguousFormat:
            return True
        except ValueError:
            return False
        return True
    return isinstance(value, date | datetime)


def _is_clock(value: object) -> bool:
    if isinstance(value, str):
        try:
            clock_of(value)
        except ValueError:
            return False
        return True
    return isinstance(value, time | timedelta)


class _Columns:
    """The columns of a table, and what each may be."""

    def __init__(
        self,
        table: FileTable,
        form: HistoryForm,
        names: tuple[str, ...],
        raw: tuple[object, ...],
        below: list[RawLine],
    ) -> None:
        self.table, self.form, self.names, self.raw = table, form, names, raw
        told = [known_heading(name) for name in names]
        self.known = [word for word, _ in told]
        self.units = {place: unit for place, (_, unit) in enumerate(told) if unit}
        self.below = below
        self.rest = [
            place
            for place, one in enumerate(raw)
            if one is not None and str(one).strip() and names[place] != REASON
        ]

    def layout(self, heading_rows: int) -> TableLayout:
        """What the columns are, by what was said, what they are called, and what they hold."""
        form = self.form
        times = [p for p in self.rest if _is_time(self.raw[p])]
        clocks = [p for p in self.rest if self._hour(p)]
        shape = form.shape or self._shape(times, clocks)
        meter = self._named(form.meter, "meter", "point", "code")
        time_at = clock = None
        if shape == "times":
            values = times
            if meter is None:
                meter = next((p for p in self.rest if p not in times), None)
        else:
            time_at = self._time()
            clock = self._named("", "clock")
            values = clocks if shape == "days" else self._values(time_at, clock, meter, shape)
        if not values or (shape == "times" and meter is None):
            raise InvalidInput(
                "no column of values",
                field="value",
                value=self.table.file,
                fix=f"say which: {', '.join(self.names)}",
            )
        unit = self._named("", "unit")
        return TableLayout(
            *(shape, heading_rows, self.names, time_at, clock, meter, unit),
            values=tuple(values),
            units=self.units,
            raw=self.raw,
        )

    def _shape(self, times: list[int], clocks: list[int]) -> str:
        if len(times) > 1:
            return "times"
        if len(clocks) > 1 and len(clocks) + 3 >= len(self.rest):
            return "days"
        if self._named(self.form.meter, "meter", "point", "code") is not None:
            return "long"
        named = any(word == "value" for word in self.known)
        return "long" if named and not self.form.shape else "wide"

    def _hour(self, place: int) -> bool:
        """A heading that is a time of day; whole numbers are where all 24 or 25 of them stand."""
        return _is_clock(self.raw[place]) or self._numbered(place)

    def _numbered(self, place: int) -> bool:
        numbers = {str(self.raw[p]).strip() for p in self.rest}
        all_of = {str(n) for n in range(1, 24)}
        return all_of <= numbers and str(self.raw[place]).strip() in all_of | {"0", "24"}

    def _named(self, said: str, *words: str) -> int | None:
        """The column that was said, or that has one of our names. InvalidInput where what was said
        is not there, AmbiguousFormat where two columns have the name."""
        if said:
            found = [p for p in self.rest if said in (self.names[p], self.known[p])]
            if not found:
                raise InvalidInput(
                    f"no such column in {self.table.file}",
                    field="column",
                    value=said,
                    fix=f"use one of: {', '.join(self.names)}",
                )
            return found[0]
        for word in words:
            found = [p for p in self.rest if self.known[p] == word]
            if len(found) > 1:
                raise AmbiguousFormat(
                    f"two columns may be the {word}",
                    asks=words[0],
                    field=word,
                    value=", ".join(self.names[p] for p in found),
                    fix="say which",
                )
            if found:
                return found[0]
        return None

    def _time(self) -> int:
        named = self._named(self.form.time, "time", "date")
        if named is not None:
            return named
        found = [p for p in self.rest if self._holds_times(p)]
        if len(found) != 1:
            raise InvalidInput(
                "no column of times" if not found else "several columns may be the times",
                field="time",
                value=", ".join(self.names[p] for p in found),
                fix=f"say which: {', '.join(self.names)}",
            )
        return found[0]

    def _holds_times(self, place: int) -> bool:
        cells = [cells[place] for _, cells in self.below if place < len(cells)]
        filled = [one for one in _filled(cells) if not is_missing(str(one))]
        written = [one for one in filled if not _is_number(one)]
        return bool(written) and sum(map(_is_time, written)) * 2 > len(filled)

    def _values(self, time_at: int, clock: int | None, meter: int | None, shape: str) -> list[int]:
        if self.form.values:
            found = [self._named(one) for one in self.form.values]
            return [one for one in found if one is not None]
        taken = {time_at, clock, meter, self._named("", "unit")}
        rest = [p for p in self.rest if p not in taken]
        named = [p for p in rest if self.known[p] == "value"]
        return named if shape == "long" and named else rest
