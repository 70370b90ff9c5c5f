"""Dirty marks: for each point, between which times the ledger has to look again."""

from __future__ import annotations

import numpy as np

from metering.book import DirtyMark
from metering.quantity import I64
from metering.reading import Flag, ReadingColumns

APART_US = 2 * 24 * 3_600_000_000
"""Readings of a point further apart get marks of their own: the days between stay clean."""


def dirty_marks(changed: ReadingColumns, corrects: ReadingColumns) -> list[DirtyMark]:
    """Marks of readings that were new, of those that replaced another value, and of either where
    their clock was repaired."""
    by_clock = [(rows.flag & Flag.CLOCK_REPAIRED) != 0 for rows in (changed, corrects)]
    repaired = [rows.take(own) for rows, own in zip((changed, corrects), by_clock, strict=True)]
    return [
        *_marks(changed.take(~by_clock[0]), "reading"),
        *_marks(corrects.take(~by_clock[1]), "correction"),
        *clock_marks(ReadingColumns.concat(repaired)),
    ]


def clock_marks(rows: ReadingColumns) -> list[DirtyMark]:
    """Marks of readings that are put at other times, or away from these."""
    return _marks(rows, "clock")


def _marks(rows: ReadingColumns, cause: str) -> list[DirtyMark]:
    ordered = rows.sorted()
    if not len(ordered):
        return []
    starts = _starts(ordered.point, ordered.time_us)
    ends = np.append(starts[1:], len(ordered)) - 1
    columns = (
        *(ordered.point[starts], ordered.time_us[starts], ordered.time_us[ends]),
        *(ordered.segment[ends], ordered.offset[ends]),
    )
    return [
        DirtyMark(point, start_us, end_us, cause, segment, offset)
        for point, start_us, end_us, segment, offset in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


def _starts(point: I64, time_us: I64) -> I64:
    new = (np.diff(point) != 0) | (np.diff(time_us) > APART_US)
    return np.append(0, np.flatnonzero(new) + 1).astype(np.int64)
