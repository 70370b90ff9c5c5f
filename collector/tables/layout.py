"""Which cells of a table are headings, times, meters and values.

    long                    wide                     times                         days
    time   meter  value     time    A     B          meter  10-01 0:00  0:15       date    0:00 1:00
    0:00   A      1         0:00    1     2          A      1           3          10-01   1    2
    0:15   A      3         0:15    3     4          B      2           4          10-02   3    4

Titles above the headings are passed over; two rows of headings, of which the upper one may be
merged, are read as one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from collector.tables.heading_rows import filled, headings_of, is_clock, is_number, is_time
from collector.tables.options import HistoryForm
from collector.tables.refused import REASON
from collector.tables.table import FileTable, RawLine
from metering.errors import InvalidInput
from metering.tables import (
    ROW_NUMBERS,
    AmbiguousFormat,
    is_missing,
    known_heading,
    plain,
    scaled_unit,
)
from metering.units import UNITS

LOOKED_AT: Final = 40
"""Rows in which the headings must begin, and of which the contents of a column are told."""
_UNIT_BEHIND: Final = re.compile(r".*[\s/_,-]([^\s/_,-]{2,8})")
_OF_HISTORIES: Final = frozenset({"kWh", "kvarh", "MJ", "m3", "kW"})
"""What a unit without brackets may be of: others may be a part of a name."""
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
    whole: frozenset[int] = frozenset()
    """Columns that nothing but their unit tells apart from others."""

    def called(self, place: int) -> str:
        """The heading of a column, without the unit in brackets behind it."""
        name = self.names[place]
        if place not in self.units or name[-1] not in _OPEN or place in self.whole:
            return name
        return name.rpartition(_OPEN[name[-1]])[0].strip()


def layout_of(table: FileTable, form: HistoryForm) -> TableLayout:
    """The layout of a table. Raises InvalidInput where there are no headings, or the times or the
    values are not to be found; AmbiguousFormat where two columns may be what is needed."""
    begin = list(islice(table.lines(), LOOKED_AT))
    try:
        found = headings_of(begin, form, table)
        return _Columns(table, form, found.names, found.raw, begin[found.rows :]).layout(found.rows)
    except InvalidInput as error:
        if not table.of_several or isinstance(error, AmbiguousFormat):
            raise
        raise InvalidInput(
            error.message,
            field="file",
            value=table.file,
            fix="hide or delete a sheet that is no such table, or name the one that is: FILE#SHEET",
        ) from None


def _unit_behind(name: str) -> str:
    """The unit that ends a heading without brackets, such as `Hall MWh`; the name keeps it."""
    found = _UNIT_BEHIND.fullmatch(plain(name))
    unit = "" if found is None else scaled_unit(found[1])[1]
    return found[1] if found and unit and UNITS[unit].canonical in _OF_HISTORIES else ""


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
        self.known = [word if not unit or word == "value" else "" for word, unit in told]
        units = [unit or _unit_behind(name) for name, unit in told]
        self.units = {place: unit for place, unit in enumerate(units) if unit}
        self.below = below
        self.rest = [
            place
            for place, one in enumerate(raw)
            if one is not None and str(one).strip() and names[place] != REASON
        ]
        self.rest = [place for place in self.rest if not self._counts(place)]

    def layout(self, heading_rows: int) -> TableLayout:
        """What the columns are, by what was said, what they are called, and what they hold."""
        form = self.form
        times = [p for p in self.rest if is_time(self.raw[p])]
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
        found = TableLayout(
            *(shape, heading_rows, self.names, time_at, clock, meter, unit),
            values=tuple(values),
            units=self.units,
            raw=self.raw,
        )
        if shape in ("times", "days"):
            return found
        self._check_apart(values)
        alike = Counter(found.called(place) for place in values)
        whole = frozenset(place for place in values if alike[found.called(place)] > 1)
        return replace(found, whole=whole)

    def _check_apart(self, values: list[int]) -> None:
        """Raises InvalidInput where two columns of values have one heading: which is which series
        cannot be told."""
        count = Counter(self.names[place] for place in values)
        again = [name for name, times in count.items() if times > 1]
        if again:
            raise InvalidInput(
                "two columns of values have the same heading",
                field="column",
                value=again[0],
                fix="give each of them a heading of its own",
            )

    def _counts(self, place: int) -> bool:
        """Whether a column counts the rows, by its heading and by what it holds."""
        if plain(self.names[place]).lower() not in ROW_NUMBERS:
            return False
        cells = [cells[place] for _, cells in self.below if place < len(cells)]
        numbers = [str(one).strip() for one in filled(cells)]
        return bool(numbers) and numbers == [str(n + 1) for n in range(len(numbers))]

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
        return is_clock(self.raw[place]) or self._numbered(place)

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
        present = [one for one in filled(cells) if not is_missing(str(one))]
        written = [one for one in present if not is_number(one)]
        return bool(written) and sum(map(is_time, written)) * 2 > len(present)

    def _values(self, time_at: int, clock: int | None, meter: int | None, shape: str) -> list[int]:
        if self.form.values:
            found = [self._named(one) for one in self.form.values]
            return [one for one in found if one is not None]
        taken = {time_at, clock, meter, self._named("", "unit")}
        rest = [p for p in self.rest if p not in taken]
        named = [p for p in rest if self.known[p] == "value"]
        return named if shape == "long" and named else rest
