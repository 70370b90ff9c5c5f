"""The cells of a table as columns of plain numbers, 22 bytes a value: ten million of them fit.

A time is kept once, however many values have it; a reading names it by its place.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.tables.layout import TableLayout
from collector.tables.refused import RefusedCell
from collector.tables.table import Cell, FileTable
from collector.tables.values import ValueReader

WallTime = tuple[int, int | None]
"""(time on the wall, what it is from UTC or None) [us]."""


class TableRow(NamedTuple):
    """A row of values before they are read."""

    row: int
    """Its number in the file."""
    cells: Sequence[object]
    meter: str
    """Whose its values are; '' where the table has a column a meter."""
    unit: str
    """That the row says; '' for none."""
    trouble: str
    """Why nothing of it can be taken; '' for nothing."""


@dataclass
class Gathered:
    """What was read so far; the arrays have one entry a reading, in the order of the file."""

    series: dict[tuple[str, str], int] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    stamps: dict[WallTime, int] = field(default_factory=dict)
    """Each time once, with its place among them."""
    which: array[int] = field(default_factory=lambda: array("i"))
    stamp: array[int] = field(default_factory=lambda: array("i"))
    value: array[float] = field(default_factory=lambda: array("d"))
    place: array[int] = field(default_factory=lambda: array("h"))
    row: array[int] = field(default_factory=lambda: array("i"))
    missing: int = 0
    refused: list[RefusedCell] = field(default_factory=list)


@dataclass(frozen=True)
class _WholeRow:
    """What every row of plain numbers has alike."""

    which: array[int]
    place: array[int]
    factors: list[float] | None
    """None where all are 1."""


class Gatherer:
    """Reads rows into `found`.

    when: the time of a place of a row's cells; ValueError where it has none.
    """

    def __init__(
        self,
        table: FileTable,
        layout: TableLayout,
        reader: ValueReader,
        when: Callable[[Sequence[object], int], WallTime],
    ) -> None:
        self.found = Gathered()
        self._table, self._layout, self._reader, self._when = table, layout, reader, when
        self._wide = layout.shape == "wide"
        self._one_time = layout.time is not None and layout.shape != "days"
        nameless = layout.shape in ("times", "days")
        self._headings = {
            place: layout.called(place) if self._wide else "" if nameless else layout.names[place]
            for place in layout.values
        }
        self._whole: _WholeRow | None = None

    def take(self, one: TableRow) -> None:
        """Read the values of a row: each is stored, missing or refused."""
        places = self._layout.values
        stamp = self._stamp(one.cells, places[0]) if self._one_time else -1
        if self._wide and not one.trouble and not one.unit and self._take_whole(one, stamp):
            return
        for place in places:
            if not self._one_time:
                stamp = self._stamp(one.cells, place)
            self._take_cell(one, place, stamp)

    def _stamp(self, cells: Sequence[object], place: int) -> int | ValueError:
        try:
            time = self._when(cells, place)
        except ValueError as error:
            return error
        return self.found.stamps.setdefault(time, len(self.found.stamps))

    def _take_whole(self, one: TableRow, stamp: int | ValueError) -> bool:
        """Whether all values of a row are plain numbers of series that are known, and are taken."""
        places, found = self._layout.values, self.found
        if isinstance(stamp, ValueError) or len(one.cells) <= places[-1]:
            return False
        numbers = self._reader.plain([one.cells[place] for place in places])
        if numbers is None:
            return False
        alike = self._whole = self._whole or self._alike()
        if alike is None:
            return False
        if alike.factors is not None:
            numbers = [a * b for a, b in zip(numbers, alike.factors, strict=True)]
        found.which.extend(alike.which)
        found.place.extend(alike.place)
        found.stamp.extend(array("i", [stamp]) * len(places))
        found.value.extend(numbers)
        found.row.extend(array("i", [one.row]) * len(places))
        return True

    def _alike(self) -> _WholeRow | None:
        """None until a value of every series was read, and where units of one are at odds."""
        found, places = self.found, self._layout.values
        which = [found.series.get((self._headings[place], "")) for place in places]
        known = [one for one in which if one is not None]
        if len(known) < len(places):
            return None
        try:
            factors = [
                self._reader.factor(self._layout.units.get(place, ""), found.units[one])
                for place, one in zip(places, known, strict=True)
            ]
        except ValueError:
            return None
        plain = all(one == 1.0 for one in factors)
        return _WholeRow(array("i", known), array("h", places), None if plain else factors)

    def _take_cell(self, one: TableRow, place: int, stamp: int | ValueError) -> None:
        raw = one.cells[place] if place < len(one.cells) else None
        found = self.found
        try:
            value, beside = self._reader.read(raw)
            if math.isnan(value) and not one.trouble:
                found.missing += 1
                return
            if one.trouble:
                raise ValueError(one.trouble)
            if isinstance(stamp, ValueError):
                raise stamp
            which, factor = self._series(one, place, beside)
        except ValueError as error:
            cell = Cell(raw, self._table.file, one.row, self._layout.names[place])
            found.refused.append(RefusedCell(cell, str(error)))
            return
        found.which.append(which)
        found.stamp.append(stamp)
        found.value.append(value * factor)
        found.place.append(place)
        found.row.append(one.row)

    def _series(self, one: TableRow, place: int, beside: str) -> tuple[int, float]:
        """(the series of a value, what it is to be multiplied by); ValueError where the unit does
        not fit."""
        heading = self._headings[place]
        name = (heading, "") if self._wide else (one.meter, heading)
        unit = beside or one.unit or self._layout.units.get(place, "")
        which = self.found.series.get(name)
        if which is not None:
            return which, self._reader.factor(unit, self.found.units[which])
        wanted = self._reader.becomes(unit)
        factor = self._reader.factor(unit, wanted)
        self.found.units.append(wanted)
        return self.found.series.setdefault(name, len(self.found.series)), factor
