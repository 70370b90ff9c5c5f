"""Which stretch each interval reading speaks of, whatever the step of the books.

    stamps     |0   |5   |10  |15              length of the day: 5 minutes
    blocks     [    [    [    [    )           each begins on the grid of that length
    books      [              [                a slot sums the blocks that it holds

A reading bears the start of its interval, not its length. The length is told by the stamps of its
local day, so a day's figure depends on nothing else.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.periods import day_starts
from metering.localtime import HOUR_US, MINUTE_US
from metering.quantity import I64

SECOND_US: Final = 1_000_000
DAY_US: Final = 24 * HOUR_US
LENGTHS_US: Final = np.array(
    [n * SECOND_US for n in (1, 2, 5, 10, 15, 20, 30)]
    + [n * MINUTE_US for n in (1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60)],
    dtype=np.int64,
)
"""Lengths that divide an hour."""
JITTER = 10
"""A stretch is of a length when it lies within a tenth of it; a stamp may be off the grid by that
part of it, and by TOLERANCE_US at most."""
OFTEN = 10
"""A tenth of a day's stretches must be of a length."""
TOLERANCE_US: Final = 30 * SECOND_US
FEW = 4
"""Stretches that a day must show before they say that its intervals are longer than a step."""


NEGATIVE: Final = "negative"
"""What is told of readings below 0 where energy passes one way."""


class Placed(NamedTuple):
    """Intervals of readings, rising and never overlapping."""

    place: I64
    """(n,) places of the readings that are used."""
    start_us: I64
    end_us: I64
    whole: NDArray[np.bool_]
    """Whether a slot of the books holds the interval whole."""
    off_us: I64
    """Times of the readings that begin nowhere."""


def placed(time_us: I64, zone: str, step_min: int, entered: NDArray[np.bool_]) -> Placed:
    """Intervals of readings in rising time. Of two that speak of one interval the one nearer to
    its start is used, of equals the earlier; before all others one that a person entered."""
    firsts, ends = day_starts(time_us, zone)
    day = np.searchsorted(firsts, time_us + TOLERANCE_US, side="right") - 1
    length = _lengths(time_us, day, step_min * MINUTE_US)
    offset = time_us - firsts[day]
    start = firsts[day] + (offset + length // 2) // length * length
    off = np.abs(time_us - start)
    good = (off <= np.minimum(length // JITTER, TOLERANCE_US)) & (start < ends[day])
    order = np.lexsort((time_us, off, ~entered, start))
    order = order[good[order]]
    used = order[np.append(True, np.diff(start[order]) > 0)] if len(order) else order
    end = np.minimum(start + length, ends[day])
    whole = (step_min * MINUTE_US) % length == 0
    return Placed(used, start[used], end[used], whole[used], time_us[~good])


def _lengths(time_us: I64, day: I64, step_us: int) -> I64:
    """(n,) how long the intervals of each reading's day are."""
    found = np.full(len(time_us), step_us, dtype=np.int64)
    edges = np.flatnonzero(np.diff(day)) + 1
    for part in np.split(np.arange(len(time_us)), edges):
        found[part] = _length(np.diff(time_us[part]), step_us)
    return found


def _length(passed: I64, step_us: int) -> int:
    """The shortest length that a day's stretches show often; of a day with few of them none is
    known to be longer than the step."""
    near = np.abs(passed[:, np.newaxis] - LENGTHS_US) * JITTER <= LENGTHS_US
    often = near.sum(axis=0) * OFTEN >= max(1, len(passed))
    if not often.any():
        return step_us
    shortest = int(LENGTHS_US[int(np.argmax(often))])
    return shortest if len(passed) >= FEW else min(shortest, step_us)
