"""A table of people as readings: every value is stored, missing or refused, and counted once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from collector.tables.heading_rows import is_number, is_time
from collector.tables.layout import TableLayout, layout_of
from collector.tables.loaded import LoadedHistory
from collector.tables.local_times import UtcTimes, local_to_utc, told_by_order
from collector.tables.nem12 import is_nem12, read_nem12
from collector.tables.options import HistoryForm
from collector.tables.refused import RefusedCell
from collector.tables.table import Cell, FileTable
from collector.tables.values import ValueReader
from metering.quantity import I64
from metering.tables import (
    NumberForm,
    Stamp,
    TimeForm,
    clock_of,
    is_missing,
    number_form,
    plain,
    time_form,
)

_EPOCH: Final = datetime(1970, 1, 1)
_DAY: Final = timedelta(days=1)


class _RawReading(NamedTuple):
    """A value before it is read."""

    row: int
    place: int
    series: tuple[str, str]
    when: tuple[object, object]
    """(time or day, clock or None)."""
    value: object
    unit: str
    trouble: str = ""


@dataclass
class _Found:
    series: dict[tuple[str, str], int] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    which: list[int] = field(default_factory=list)
    wall_us: list[int] = field(default_factory=list)
    offset_us: list[int | None] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    place: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    missing: int = 0
    refused: list[RefusedCell] = field(default_factory=list)


def read_history(table: FileTable, form: HistoryForm) -> LoadedHistory:
    """All values of a table with their instants.

    Raises InvalidInput where the layout cannot be told, AmbiguousFormat where times or numbers may
    be read in two ways and nobody said which. A value that cannot be read, that has no time or no
    meter, or whose local time does not exist or occurs twice, is refused with its place.
    """
    if is_nem12(table):
        return read_nem12(table, form)
    layout = layout_of(table, form)
    times = _times(table, layout, form)
    numbers = _numbers(table, layout, form)
    found = _Found()
    reader = ValueReader(numbers, form)
    for one in _entries(table, layout):
        _take(one, times, reader, found, table, layout)
    return _settled(found, table, layout, form)


def _entries(table: FileTable, layout: TableLayout) -> Iterator[_RawReading]:
    width = max(len(layout.names), 1)
    for count, (row, cells) in enumerate(table.lines()):
        if count < layout.heading_rows or not any(one not in (None, "") for one in cells):
            continue
        trouble = _out_of_line(table, cells, width)
        get = _Getter(cells)
        meter = "" if layout.meter is None else _name(get(layout.meter))
        if layout.meter is not None and not meter:
            trouble = trouble or "no meter"
        said = "" if layout.unit is None else plain(str(get(layout.unit) or ""))
        for place in layout.values:
            when = (
                get(layout.time) if layout.time is not None else layout.raw[place],
                layout.raw[place] if layout.shape == "days" else get(layout.clock),
            )
            heading = "" if layout.shape in ("times", "days") else layout.names[place]
            series = (layout.called(place), "") if layout.shape == "wide" else (meter, heading)
            unit = said or layout.units.get(place, "")
            yield _RawReading(row, place, series, when, get(place), unit, trouble)


class _Getter:
    """Cells of a row; None to the right of the last."""

    def __init__(self, cells: Sequence[object]) -> None:
        self._cells = cells

    def __call__(self, place: int | None) -> object:
        return self._cells[place] if place is not None and place < len(self._cells) else None


def _out_of_line(table: FileTable, cells: Sequence[object], width: int) -> str:
    """A text with fields too many or too few has lost or won a separator somewhere."""
    more = len(cells) > width and any(one not in (None, "") for one in cells[width:])
    fewer = table.separated and len(cells) < width and not _is_note(cells)
    return "not as many fields as headings" if more or fewer else ""


def _is_note(cells: Sequence[object]) -> bool:
    """Whether a row is one sentence: nothing of it is a value, and none of its fields was lost."""
    if not cells or cells[0] in (None, "") or any(one not in (None, "") for one in cells[1:]):
        return False
    return not is_number(cells[0]) and not is_time(cells[0])


def _name(value: object) -> str:
    """Names stay as they are: zeros before them, and letters that look like exponents."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip()
    return "" if is_missing(text) else text


def _times(table: FileTable, layout: TableLayout, form: HistoryForm) -> dict[object, Stamp | None]:
    """Every distinct time of the table; None where it cannot be read."""
    if layout.time is None:
        raws: set[object] = {layout.raw[place] for place in layout.values}
        heading = layout.names[layout.values[0]]
    else:
        heading = layout.names[layout.time]
        at = layout.time
        raws = {
            cells[at]
            for count, (_, cells) in enumerate(table.lines())
            if count >= layout.heading_rows and at < len(cells)
        }
    texts = [text for raw in raws if (text := _time_text(raw)) and not is_missing(text)]
    read = time_form(sorted(texts), heading, form.date)
    return {raw: _stamp(raw, read) for raw in raws}


def _time_text(raw: object) -> str:
    """What a column's form is told by: texts, and numbers that a workbook did not mark as times."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw) if isinstance(raw, int | float | Decimal) else ""


def _stamp(raw: object, form: TimeForm) -> Stamp | None:
    if isinstance(raw, datetime):
        return Stamp(raw.replace(tzinfo=None), raw.utcoffset())
    if isinstance(raw, date):
        return Stamp(datetime.combine(raw, time()), dated=True)
    try:
        return form.read(_time_text(raw))
    except (ValueError, OverflowError):
        return None


def _numbers(table: FileTable, layout: TableLayout, form: HistoryForm) -> NumberForm:
    """One form for all values of a table: nobody changes the decimal sign within a file."""
    heading = ", ".join(layout.names[place] for place in layout.values[:3])
    return number_form(_value_texts(table, layout), heading, form.decimal)


def _value_texts(table: FileTable, layout: TableLayout) -> Iterable[str]:
    for count, (_, cells) in enumerate(table.lines()):
        if count >= layout.heading_rows and not _out_of_line(table, cells, len(layout.names)):
            for place in layout.values:
                if place < len(cells) and isinstance(one := cells[place], str):
                    yield one


def _take(
    one: _RawReading,
    times: dict[object, Stamp | None],
    reader: ValueReader,
    found: _Found,
    table: FileTable,
    layout: TableLayout,
) -> None:
    try:
        value, beside = reader.read(one.value)
        if math.isnan(value) and not one.trouble:
            found.missing += 1
            return
        if one.trouble:
            raise ValueError(one.trouble)
        wall_us, offset_us = _instant(one.when, times, layout)
        unit = beside or one.unit
        which = found.series.get(one.series)
        wanted = found.units[which] if which is not None else reader.becomes(unit)
        factor = reader.factor(unit, wanted)
    except ValueError as error:
        cell = Cell(one.value, table.file, one.row, layout.names[one.place])
        found.refused.append(RefusedCell(cell, str(error)))
        return
    if which is None:
        which = found.series[one.series] = len(found.units)
        found.units.append(wanted)
    found.which.append(which)
    found.wall_us.append(wall_us)
    found.offset_us.append(offset_us)
    found.value.append(value * factor)
    found.place.append(one.place)
    found.row.append(one.row)


def _instant(
    when: tuple[object, object], times: dict[object, Stamp | None], layout: TableLayout
) -> tuple[int, int | None]:
    """(time on the wall, what it is from UTC or None) [us]."""
    raw, clock = when
    stamp = times.get(raw)
    if stamp is None:
        absent = raw is None or is_missing(str(raw))
        raise ValueError("no time" if absent else f"not a time: {str(raw)[:40]}")
    wall = stamp.wall
    if clock is not None and (layout.shape == "days" or layout.clock is not None):
        wall += _clock(clock, layout)
    offset = None if stamp.offset is None else stamp.offset // timedelta(microseconds=1)
    return (wall - _EPOCH) // timedelta(microseconds=1), offset


def _clock(raw: object, layout: TableLayout) -> timedelta:
    if isinstance(raw, time):
        return timedelta(hours=raw.hour, minutes=raw.minute, seconds=raw.second)
    if isinstance(raw, timedelta) and timedelta() <= raw <= _DAY:
        return raw
    text = _time_text(raw)
    if text.strip().isdecimal() and int(text) <= 24:
        # The hours 1 to 24 are counted, the hours 0 to 23 are labelled by their start.
        counted = layout.shape == "days" and not any(
            str(layout.raw[place]).strip() == "0" for place in layout.values
        )
        return timedelta(hours=int(text) - counted)
    try:
        return clock_of(text)
    except ValueError:
        raise ValueError(f"not a time of day: {text[:20]}") from None


def _settled(
    found: _Found, table: FileTable, layout: TableLayout, form: HistoryForm
) -> LoadedHistory:
    """Instants of what was read; what has none is refused."""
    which = np.array(found.which, dtype=np.int64)
    wall = np.array(found.wall_us, dtype=np.int64) - form.wall_shift_us
    aware = np.array([one is not None for one in found.offset_us], dtype=np.bool_)
    offsets = np.array([one or 0 for one in found.offset_us], dtype=np.int64)
    naive = np.flatnonzero(~aware)
    told = local_to_utc(wall[naive], form.zone)
    told = told_by_order(which[naive], wall[naive], told)
    time_us = wall - offsets
    time_us[naive] = told.time_us
    good = np.ones(len(which), dtype=np.bool_)
    good[naive] = told.usable
    refused = [*found.refused, *_without_instant(found, naive, told, table, layout)]
    return LoadedHistory(
        tuple(found.series),
        tuple(found.units),
        which[good],
        time_us[good] - form.utc_shift_us,
        np.array(found.value, dtype=np.float64)[good],
        np.array(found.row, dtype=np.int64)[good],
        found.missing,
        tuple(sorted(refused, key=lambda one: one.cell.row)),
        layout.heading_rows,
    )


def _without_instant(
    found: _Found, naive: I64, told: UtcTimes, table: FileTable, layout: TableLayout
) -> Iterator[RefusedCell]:
    for place in np.flatnonzero(~told.usable):
        at = int(naive[place])
        column = layout.names[found.place[at]]
        cell = Cell(found.value[at], table.file, found.row[at], column)
        wall = (_EPOCH + timedelta(microseconds=found.wall_us[at])).isoformat(" ", "minutes")
        why = "occurs twice" if told.ambiguous[place] else "does not exist"
        yield RefusedCell(cell, f"local time {why}: {wall}")
