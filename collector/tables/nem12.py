"""NEM12, the interval data of Australia's market: the first field of a record tells what it is.

    100,NEM12,...                                  the file begins
    200,NMI,-,-,suffix,-,-,unit,30,...             a channel, and the minutes of an interval
    300,20261001,v1,...,v48,A,...                  a day of it, with its quality
    400,1,20,S14,...                               qualities of a part of the day, after V
    500,...                                        what the register shows: passed over
    900                                            the file ends

Times are those of the market, UTC+10 all year, whatever zone was said; the first interval begins
at midnight. A is actual, E estimated, F and S substituted, N is no value. Source: AEMO, Meter Data
File Format Specification NEM12 and NEM13.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from collector.tables.loaded import LoadedHistory
from collector.tables.options import HistoryForm
from collector.tables.refused import RefusedCell
from collector.tables.table import Cell, FileTable
from collector.tables.values import ValueReader
from metering.errors import InvalidInput
from metering.localtime import DAY_MIN, HOUR_US, MINUTE_US
from metering.tables import NumberForm, known_unit, letter, plain_day

MARKET_US: Final = 10 * HOUR_US
QUALITIES: Final = frozenset("AEFNSV")
LENGTHS: Final = frozenset({"5", "15", "30"})
_FIRST: Final = 2
"""Place of a day's first value."""


@dataclass
class _Day:
    """A record 300, until it is known which qualities its parts have."""

    row: int
    cells: Sequence[object]
    start_us: int
    quality: list[str]


@dataclass
class _Nem12:
    """What was read so far."""

    table: FileTable
    reader: ValueReader
    series: dict[tuple[str, str], int] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    readings: list[tuple[int, int, float, int, str]] = field(default_factory=list)
    """(series, time, value, row, quality)."""
    missing: int = 0
    refused: list[RefusedCell] = field(default_factory=list)
    channel: tuple[str, str, str] | None = None
    """(NMI, suffix, unit)."""
    length_min: int = 0
    day: _Day | None = None
    ended: bool = False


def is_nem12(table: FileTable) -> bool:
    """Whether a table's first row is that of the format."""
    first = next(iter(table.lines()), None)
    return first is not None and [str(one).strip() for one in first[1][:2]] == ["100", "NEM12"]


def read_nem12(table: FileTable, form: HistoryForm) -> LoadedHistory:
    """All intervals of a file, series by (NMI, suffix). Raises InvalidInput for a file without its
    last record: it was cut. Days with too few or too many values, and values without a quality,
    are refused."""
    found = _Nem12(table, ValueReader(NumberForm(), form))
    for row, cells in table.lines():
        _record(found, row, [str(one or "").strip() for one in cells])
    if not found.ended:
        raise InvalidInput(
            "the file ends without its record 900",
            field="file",
            value=table.file,
            fix="ask for it again: it was cut",
        )
    columns = list(zip(*found.readings, strict=True)) or [(), (), (), (), ()]
    which, time_us, value, rows, quality = columns
    return LoadedHistory(
        tuple(found.series),
        tuple(found.units),
        np.array(which, dtype=np.int64),
        np.array(time_us, dtype=np.int64),
        np.array(value, dtype=np.float64),
        np.array(rows, dtype=np.int64),
        found.missing,
        tuple(found.refused),
        1,
        tuple(map(str, quality)),
    )


def _record(found: _Nem12, row: int, cells: list[str]) -> None:
    kind = cells[0] if cells else ""
    if kind == "400":
        _part(found, row, cells)
        return
    _take_day(found)
    if kind == "200":
        _channel(found, row, cells)
    elif kind == "300":
        _begin_day(found, row, cells)
    elif kind == "900":
        found.ended = True
    elif kind not in ("", "100", "500"):
        _refuse(found, row, 0, kind, "not a record of the format")


def _channel(found: _Nem12, row: int, cells: list[str]) -> None:
    found.channel = None
    if len(cells) < 9 or not cells[1]:
        _refuse(found, row, 1, "", "a channel without its meter")
    elif cells[8] not in LENGTHS:
        _refuse(found, row, 8, cells[8], "not 5, 15 or 30 minutes")
    else:
        found.channel = (cells[1], cells[4], cells[7])
        found.length_min = int(cells[8])


def _begin_day(found: _Nem12, row: int, cells: list[str]) -> None:
    if found.channel is None:
        _refuse(found, row, 1, cells[1] if len(cells) > 1 else "", "a day without its channel")
        return
    count = DAY_MIN // found.length_min
    at = _FIRST + count
    quality = cells[at][:1] if len(cells) > at else ""
    if quality not in QUALITIES:
        why = f"not {count} values and their quality"
        _refuse(found, row, at, cells[at] if len(cells) > at else "", why)
        return
    try:
        day = datetime.combine(plain_day(cells[1]), datetime.min.time())
    except ValueError:
        _refuse(found, row, 1, cells[1], "not a time")
        return
    start_us = (day - datetime(1970, 1, 1)) // timedelta(microseconds=1) - MARKET_US
    found.day = _Day(row, cells[_FIRST:at], start_us, [quality] * count)


def _part(found: _Nem12, row: int, cells: list[str]) -> None:
    """Qualities of some intervals of the day before, counted from 1, both included."""
    day = found.day
    bounds = cells[1:3]
    if day is None or len(cells) < 4 or not all(one.isdecimal() for one in bounds):
        _refuse(found, row, 1, ",".join(bounds), "not a part of a day")
        return
    first, last = (int(one) for one in bounds)
    if not 1 <= first <= last <= len(day.quality) or cells[3][:1] not in QUALITIES - {"V"}:
        _refuse(found, row, 1, ",".join(cells[1:4]), "not a part of a day")
        return
    day.quality[first - 1 : last] = [cells[3][:1]] * (last - first + 1)


def _take_day(found: _Nem12) -> None:
    day, found.day = found.day, None
    if day is None or found.channel is None:
        return
    for place, (text, quality) in enumerate(zip(day.cells, day.quality, strict=True)):
        if quality == "N":
            found.missing += 1
            continue
        try:
            _take_value(found, day, place, text, quality)
        except ValueError as error:
            _refuse(found, day.row, _FIRST + place, text, str(error))


def _take_value(found: _Nem12, day: _Day, place: int, text: object, quality: str) -> None:
    assert found.channel is not None, "a day is taken while its channel stands"
    meter, suffix, unit = found.channel
    value, _ = found.reader.read(text)
    if math.isnan(value):
        found.missing += 1
        return
    if quality == "V":
        raise ValueError("no quality")
    key = (meter, suffix)
    which = found.series.get(key)
    wanted = found.units[which] if which is not None else found.reader.becomes(known_unit(unit))
    factor = found.reader.factor(unit, wanted)
    if which is None:
        which = found.series[key] = len(found.units)
        found.units.append(wanted)
    time_us = day.start_us + place * found.length_min * MINUTE_US
    found.readings.append((which, time_us, value * factor, day.row, quality))


def _refuse(found: _Nem12, row: int, place: int, value: object, why: str) -> None:
    cell = Cell(value, found.table.file, row, letter(place))
    found.refused.append(RefusedCell(cell, why))
