"""Intervals that repeat one value for longer than is usual: docs/cleaning.md, "Intervals that stand
still"."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import gcd
from typing import NamedTuple

from recompute.rates import DAY_US

MEMORY_US = 28 * DAY_US
HABIT = 4
FINE = 32


class EqualRun(NamedTuple):
    """Intervals side by side of equal energy."""

    start: int
    second: int
    end: int
    units: int


def repeats(intervals: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """(start of the second interval, end, energy) of the runs that are told stuck, of (start, end,
    energy) in rising time."""
    starts = [start for start, _, _ in intervals]
    found = []
    for run in _runs(intervals):
        if run.units == 0 or run.end - run.start <= DAY_US:
            continue
        first = bisect_left(starts, run.start - MEMORY_US)
        before = intervals[first : bisect_left(starts, run.start)]
        usual = [one.end - one.start for one in _runs(before) if one.units != 0]
        lump = gcd(*(units for _, _, units in before))
        if abs(run.units) < FINE * lump:
            continue
        if before and run.end - run.start > HABIT * max(usual, default=0):
            found.append((run.second, run.end, run.units))
    return found


def _runs(intervals: Sequence[tuple[int, int, int]]) -> list[EqualRun]:
    runs: list[EqualRun] = []
    for start, end, units in intervals:
        if runs and runs[-1].units == units and runs[-1].end == start:
            runs[-1] = runs[-1]._replace(end=end)
        else:
            runs.append(EqualRun(start, end, end, units))
    return runs
