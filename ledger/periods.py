"""When local days and the slots of the books begin and end, and when a day is settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from metering.localtime import (
    DAY_MIN,
    MINUTE_US,
    day_bounds,
    day_of_number,
    slot_starts,
)
from metering.quantity import I64

DAY_US = DAY_MIN * MINUTE_US
_NEAR_DAYS = 100
"""Instants no further apart have all days between them at hand."""
SETTLE_US = 20 * MINUTE_US
"""How long after its end a local day stays provisional: the reading that closes it is on its
way for one native step, and should not look like a restatement."""


@dataclass(frozen=True)
class Clock:
    """How far the day has come: `as_of_us` is now; a day settles `settle_us` after its end."""

    as_of_us: int
    settle_us: int = SETTLE_US

    def is_settled(self, day: date, zone: str) -> bool:
        """Whether the local day ended long enough ago for its row to be final."""
        return self.settled_us(day, zone) <= self.as_of_us

    def settled_us(self, day: date, zone: str) -> int:
        """The instant from which the local day's row is final [us]."""
        return day_bounds(day, zone)[1] + self.settle_us


@lru_cache(maxsize=8192)
def day_edges(day: date, zone: str, step_min: int) -> tuple[I64, I64]:
    """(starts, ends) of the local day's slots [us]; the last one may be shorter, and the
    daily step is the day itself."""
    starts = slot_starts(day, zone, step_min)
    end = day_bounds(day, zone)[1]
    ends = np.append(starts[1:], end) if step_min < DAY_MIN else np.array([end], dtype=np.int64)
    starts.flags.writeable = ends.flags.writeable = False
    return starts, ends


def day_starts(time_us: I64, zone: str) -> tuple[I64, I64]:
    """(starts, ends) of the local days around the instants, rising [us]; none around none."""
    if not len(time_us):
        return time_us, time_us
    day = time_us // DAY_US
    first, last = int(day.min()) - 1, int(day.max()) + 1
    if last - first <= _NEAR_DAYS:
        return _edges_of(tuple(range(first, last + 1)), zone)
    near = {number + shift for number in set(day.tolist()) for shift in (-1, 0, 1)}
    return _edges_of(tuple(sorted(near)), zone)


@lru_cache(maxsize=256)
def _edges_of(numbers: tuple[int, ...], zone: str) -> tuple[I64, I64]:
    edges = [day_edges(day_of_number(number), zone, DAY_MIN) for number in numbers]
    starts, ends = (np.concatenate(side) for side in zip(*edges, strict=True))
    starts.flags.writeable = ends.flags.writeable = False
    return starts, ends


def slot_ends(time_us: I64, zone: str, step_us: int) -> I64:
    """(n,) ends of the slots of the books that hold the instants [us]: steps from local midnight,
    the last one up to the day's end, and of the daily step the day itself."""
    if not len(time_us):
        return time_us
    starts, ends = day_starts(time_us, zone)
    place = np.searchsorted(starts, time_us, side="right") - 1
    first, last = starts[place], ends[place]
    if step_us >= DAY_US:
        return last
    return np.asarray(np.minimum(first + ((time_us - first) // step_us + 1) * step_us, last))
