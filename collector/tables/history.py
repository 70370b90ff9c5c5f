"""A table of people as readings: every value is stored, missing or refused, and counted once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.tables.gathering import Gathered, Gatherer, TableRow, WallTime
from collector.tables.heading_rows import is_number, is_time
from collector.tables.layout import TableLayout, layout_of
from collector.tables.loaded import LoadedHistory, Places, by_series
from collector.tables.local_times import UtcTimes, local_to_utc, told_by_order
from collector.tables.nem12 import is_nem12, read_nem12
from collector.tables.options import HistoryForm
from collector.tables.refused import RefusedCell
from collector.tables.table import Cell, FileTable
from collector.tables.values import ValueReader
from metering.quantity import I64
from metering.tables import (
    NumberForm,
    TimeForm,
    clock_of,
    is_missing,
    number_form,
    plain,
    time_form,
)

_EPOCH: Final = datetime(1970, 1, 1)
_DAY: Final = timedelta(days=1)
_US: Final = timedelta(microseconds=1)


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
    reader = ValueReader(_numbers(table, layout, form), form)
    gatherer = Gatherer(table, layout, reader, partial(_when, times, layout))
    for row in _rows(table, layout):
        gatherer.take(row)
    return _settled(gatherer.found, table, layout, form)


def _rows(table: FileTable, layout: TableLayout) -> Iterator[TableRow]:
    width = max(len(layout.names), 1)
    for count, (row, cells) in enumerate(table.lines()):
        if count < layout.heading_rows or not any(one not in (None, "") for one in cells):
            continue
        trouble = _out_of_line(table, cells, width)
        meter = "" if layout.meter is None else _name(_cell(cells, layout.meter))
        if layout.meter is not None and not meter:
            trouble = trouble or "no meter"
        said = "" if layout.unit is None else plain(str(_cell(cells, layout.unit) or ""))
        yield TableRow(row, cells, meter, said, trouble)


def _cell(cells: Sequence[object], place: int | None) -> object:
    """None to the right of the last."""
    return cells[place] if place is not None and place < len(cells) else None


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


def _times(
    table: FileTable, layout: TableLayout, form: HistoryForm
) -> dict[object, WallTime | None]:
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
    return {raw: _wall_time(raw, read) for raw in raws}


def _time_text(raw: object) -> str:
    """What a column's form is told by: texts, and numbers that a workbook did not mark as times."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw) if isinstance(raw, int | float | Decimal) else ""


def _wall_time(raw: object, form: TimeForm) -> WallTime | None:
    if isinstance(raw, datetime):
        return _in_us(raw.replace(tzinfo=None), raw.utcoffset())
    if isinstance(raw, date):
        return _in_us(datetime.combine(raw, time()), None)
    try:
        stamp = form.read(_time_text(raw))
    except (ValueError, OverflowError):
        return None
    return _in_us(stamp.wall, stamp.offset)


def _in_us(wall: datetime, offset: timedelta | None) -> WallTime:
    return (wall - _EPOCH) // _US, None if offset is None else offset // _US


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


def _when(
    times: Mapping[object, WallTime | None],
    layout: TableLayout,
    cells: Sequence[object],
    place: int,
) -> WallTime:
    """The time of a cell; ValueError where it has none."""
    raw = layout.raw[place] if layout.time is None else _cell(cells, layout.time)
    clock = layout.raw[place] if layout.shape == "days" else _cell(cells, layout.clock)
    found = times.get(raw)
    if found is None:
        absent = raw is None or is_missing(str(raw))
        raise ValueError("no time" if absent else f"not a time: {str(raw)[:40]}")
    if clock is None or (layout.shape != "days" and layout.clock is None):
        return found
    return found[0] + _clock(clock, layout) // _US, found[1]


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
    found: Gathered, table: FileTable, layout: TableLayout, form: HistoryForm
) -> LoadedHistory:
    """Instants of what was read; what has none is refused."""
    which = np.frombuffer(found.which, np.int32)
    stamp = np.frombuffer(found.stamp, np.int32)
    value, row = np.frombuffer(found.value, np.float64), np.frombuffer(found.row, np.int32)
    stamps = _Stamps(tuple(found.stamps), form)
    time_us, usable = stamps.time_us[stamp], stamps.usable[stamp]
    if stamps.ambiguous.any():
        for _, rows in by_series(which, len(found.series)):
            if stamps.ambiguous[stamp[rows]].any():
                time_us[rows], usable[rows] = stamps.by_order(stamp[rows])
    refused = list(found.refused)
    for at in np.flatnonzero(~usable).tolist():
        cell = Cell(float(value[at]), table.file, int(row[at]), layout.names[found.place[at]])
        refused.append(RefusedCell(cell, stamps.why(int(stamp[at]))))
    if not usable.all():
        which, time_us, value, row = which[usable], time_us[usable], value[usable], row[usable]
    return LoadedHistory(
        *(tuple(found.series), tuple(found.units), which, time_us, value, row, found.missing),
        tuple(sorted(refused, key=lambda one: one.cell.row)),
        layout.heading_rows,
    )


class _Stamps:
    """The times of a table, each once, as instants."""

    def __init__(self, told: Sequence[WallTime], form: HistoryForm) -> None:
        self._wall_us = np.array([wall for wall, _ in told], np.int64)
        shifted = self._wall_us - form.wall_shift_us
        offset = np.array([one or 0 for _, one in told], np.int64)
        naive = np.array([one is None for _, one in told], np.bool_)
        local = local_to_utc(shifted[naive], form.zone)
        self.time_us = shifted - offset - form.utc_shift_us
        self.time_us[naive] = local.time_us - form.utc_shift_us
        self.ambiguous, self._impossible = np.zeros_like(naive), np.zeros_like(naive)
        self.ambiguous[naive], self._impossible[naive] = local.ambiguous, local.impossible
        self._later_us = self.time_us.copy()
        self._later_us[naive] = local.later_us - form.utc_shift_us
        self._naive = naive

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which have one instant each."""
        return ~(self.ambiguous | self._impossible)

    def by_order(self, stamp: Places) -> tuple[I64, NDArray[np.bool_]]:
        """(instants, which of them are told) of the readings of a series, in the order of the
        file."""
        naive = self._naive[stamp]
        own = stamp[naive]
        times = UtcTimes(
            *(self.time_us[own], self.ambiguous[own], self._impossible[own], self._later_us[own])
        )
        told = told_by_order(np.zeros(len(own), np.int64), self._wall_us[own], times)
        time_us, usable = self.time_us[stamp], self.usable[stamp]
        time_us[naive], usable[naive] = told.time_us, told.usable
        return time_us, usable

    def why(self, stamp: int) -> str:
        """Why a time has no instant of its own."""
        wall = (_EPOCH + timedelta(microseconds=int(self._wall_us[stamp]))).isoformat(
            " ", "minutes"
        )
        why = "occurs twice" if self.ambiguous[stamp] else "does not exist"
        return f"local time {why}: {wall}"
