"""Small laws on reading columns that every reading store shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from metering.errors import InvalidInput
from metering.quantity import I64
from metering.reading import ReadingColumns

DAY_US: Final = 86_400_000_000
_MOST_RANGES = 8


def check_even(rows: ReadingColumns) -> None:
    """InvalidInput unless all columns are equally long and all values are numbers."""
    lengths = {name: len(column) for name, column in vars(rows).items()}
    if len(set(lengths.values())) > 1:
        raise InvalidInput(
            "columns of unequal length",
            field="readings",
            value=lengths,
            fix="give every column one entry per reading",
        )
    if not np.isfinite(rows.value).all():
        raise InvalidInput(
            "a value is not a finite number",
            field="value",
            value=float(rows.value[~np.isfinite(rows.value)][0]),
            fix="leave out what was not measured: missing is not a value",
        )


def last_of_each(rows: ReadingColumns) -> ReadingColumns:
    """One row per (point, time), the last one given; sorted by time, then point.

    Time first: that is how readings arrive, and a store that keeps statistics per block of
    rows then finds a range of time in few blocks.
    """
    order = np.lexsort((rows.point, rows.time_us))
    point, time_us = rows.point[order], rows.time_us[order]
    last = np.ones(len(rows), np.bool_)
    last[:-1] = (point[1:] != point[:-1]) | (time_us[1:] != time_us[:-1])
    return rows.take(order[last])


def newest_of_each(rows: ReadingColumns) -> ReadingColumns:
    """One row per point, the one with the highest time, of equals the last; sorted by point."""
    order = np.lexsort((rows.time_us, rows.point))
    point = rows.point[order]
    last = np.ones(len(rows), np.bool_)
    last[:-1] = point[1:] != point[:-1]
    return rows.take(order[last])


def time_ranges(time_us: I64) -> Iterator[tuple[int, int, I64]]:
    """(lowest, highest, rows) of clusters of times more than a day apart, at most eight.

    A batch of this minute's readings with one of last year in it becomes two narrow ranges
    instead of one that covers the year.
    """
    if not len(time_us):
        return
    order = np.argsort(time_us, kind="stable")
    times = time_us[order]
    gaps = np.diff(times)
    widest = np.argsort(-gaps, kind="stable")[: _MOST_RANGES - 1]
    cuts = np.sort(widest[gaps[widest] > DAY_US]) + 1
    for rows in np.split(order, cuts):
        yield int(time_us[rows[0]]), int(time_us[rows[-1]]), rows
