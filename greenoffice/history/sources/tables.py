"""Rows of another system as a table of people, so that they are loaded as one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from collector.tables import Cell, FileTable, LoadedHistory, RawLine, RefusedCell
from greenoffice.history.sources.series import SourceRows, SourceSeries
from metering.localtime import iso
from metering.quantity import I64
from metering.tables import is_missing, plain_number

_HEADINGS = ("time", "meter", "value", "unit")


def as_table(
    called: str, series: SourceSeries, rows: SourceRows, before: int
) -> tuple[FileTable, LoadedHistory]:
    """Rows of one series, of which `before` were read already, as a table with a row a value and
    what it is read as. None, NaN and words for missing are missing; what is no finite number is
    refused."""
    values, missing = np.full(len(rows.values), np.nan), 0
    refused: list[RefusedCell] = []
    for place, raw in enumerate(rows.values):
        try:
            values[place] = number = _number(raw)
            missing += math.isnan(number)
        except ValueError:
            cell = Cell(raw, called, before + place + 2, series.name)
            refused.append(RefusedCell(cell, f"not a number: {str(raw)[:40]}"))
    good = np.flatnonzero(~np.isnan(values))
    history = LoadedHistory(
        series=((series.name, ""),),
        units=(series.unit,),
        which=np.zeros(len(good), dtype=np.int64),
        time_us=rows.time_us[good],
        value=values[good],
        row=good + before + 2,
        missing=missing,
        refused=tuple(refused),
        heading_rows=1,
    )
    return FileTable(called, called, lambda: _lines(series, rows, before)), history


def _lines(series: SourceSeries, rows: SourceRows, before: int) -> Iterator[RawLine]:
    """As a table of people that can be loaded: the headings are its first row."""
    yield 1, _HEADINGS
    for place, (time_us, value) in enumerate(_pairs(rows.time_us, rows.values)):
        yield before + place + 2, (iso(time_us), series.name, value, series.unit)


def _pairs(time_us: I64, values: Sequence[object]) -> Iterator[tuple[int, object]]:
    return zip(time_us.tolist(), values, strict=True)


def _number(raw: object) -> float:
    """NaN where there is none. ValueError for what is no finite number."""
    if raw is None or (isinstance(raw, str) and is_missing(raw)):
        return math.nan
    if isinstance(raw, bool):
        raise ValueError(raw)
    number = float(plain_number(raw) if isinstance(raw, str) else raw)  # type: ignore[arg-type]
    if math.isinf(number):
        raise ValueError(raw)
    return number
