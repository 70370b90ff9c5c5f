"""Runs of equal and of possible values: where the past of a register stops to matter."""

from __future__ import annotations

import numpy as np

from ledger.limits import FEW, book_factor
from ledger.meter import Service
from metering.quantity import I64
from metering.reading import F64, Flag, ReadingColumns

MARGIN = 3 * FEW
"""Readings within which a decision can look back or ahead, with room."""
SOUND = 2 * FEW
"""Possible steps in a row after which the past of a series no longer matters."""


def by_point(rows: ReadingColumns) -> dict[int, ReadingColumns]:
    """Rows, sorted by point and time, parted into those of each point."""
    if not len(rows):
        return {}
    points, firsts = np.unique(rows.point, return_index=True)
    ends = np.append(firsts[1:], len(rows)).tolist()
    return {
        int(point): rows.take(np.arange(first, end))
        for point, first, end in zip(points.tolist(), firsts.tolist(), ends, strict=True)
    }


def good(rows: ReadingColumns) -> tuple[I64, F64]:
    """(times [us], values) of the rows that are within their point's registered range."""
    good = (rows.flag & int(Flag.OUT_OF_RANGE)) == 0
    return rows.time_us[good], rows.value[good]


def run_start(values: F64) -> int:
    """Index at which the run of equal values at the end begins."""
    other = np.flatnonzero(values != values[-1]) if len(values) else np.zeros(0)
    return int(other[-1]) + 1 if other.size else 0


def run_length(values: F64) -> int:
    """How many values from the first on are equal to it."""
    other = np.flatnonzero(values != values[0]) if len(values) else np.zeros(0)
    return int(other[0]) if other.size else len(values)


def sound_from(service: Service, times: I64, values: F64) -> int | None:
    """First index that ends SOUND possible steps in a row: it is accepted whatever came
    before. None where there is none."""
    factor = float(book_factor(service.meter, service.installation.ratio))
    step = np.diff(np.rint(values * factor))
    possible = (step >= 0) & (step <= service.limits.cap(np.diff(times)))
    if len(possible) < SOUND:
        return None
    sums = np.concatenate(([0], np.cumsum(possible)))
    whole = np.flatnonzero(sums[SOUND:] - sums[:-SOUND] == SOUND)
    return int(whole[0]) + SOUND if whole.size else None


def closes(values: F64, before: F64) -> bool:
    """Whether runs of the last values before surely end here, with room to look ahead."""
    others = np.flatnonzero(np.isin(values, before))
    after_run = int(others[-1]) + 1 if others.size else 0
    return len(values) - after_run >= MARGIN
