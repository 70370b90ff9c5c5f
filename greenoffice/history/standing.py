"""What stands of a point, stored or on its way, and what loaded readings are beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from metering.ports import ReadingReader
from metering.quantity import I64
from metering.reading import F64, Flag, ReadingColumns

TimedValues = tuple[I64, F64]
"""Times [us UTC] and the values at them."""


class WhatStands(IntEnum):
    """What a loaded reading is beside what stands."""

    NEW = 0
    SAME = 1
    OTHER = 2
    """Another value stands at its time."""
    ENTERED = 3
    """Another value stands, which a person entered or took back."""


@dataclass(frozen=True, eq=False)
class StandingRows:
    """What stands of one point, by rising time; all arrays (n,)."""

    time_us: I64
    value: F64
    entered: NDArray[np.bool_]

    def judge(self, time_us: I64, value: F64) -> I64:
        """(m,) a `WhatStands` for each reading; values are canonical and told apart exactly."""
        found = np.full(len(time_us), WhatStands.NEW, dtype=np.int64)
        if not len(self.time_us):
            return found
        at = np.searchsorted(self.time_us, time_us).clip(max=len(self.time_us) - 1)
        known = self.time_us[at] == time_us
        same = self.value[at] == value
        other = np.where(self.entered[at], np.int64(WhatStands.ENTERED), np.int64(WhatStands.OTHER))
        found[known] = np.where(same, np.int64(WhatStands.SAME), other)[known]
        return found


class StandingReadings:
    """Stored readings, and over them those that are in the journal and not taken in yet."""

    def __init__(self, readings: ReadingReader, waiting: Iterable[ReadingColumns] = ()) -> None:
        self._readings = readings
        self._waiting: dict[int, list[TimedValues]] = {}
        for rows in waiting:
            for point in np.unique(rows.point).tolist():
                own = rows.point == point
                self.add(point, rows.time_us[own], rows.value[own])

    def add(self, point: int, time_us: I64, value: F64) -> None:
        """Readings that are written from here on, or wait; later ones replace earlier ones."""
        self._waiting.setdefault(point, []).append((time_us, value))

    def rows(self, point: int, first_us: int, last_us: int) -> StandingRows:
        """What stands from the first to the last time, both with it."""
        stored = self._readings.scan([point], first_us, last_us + 1)
        entered = stored.flag & Flag.ENTERED != 0
        time_us, value = self._waiting_of(point, first_us, last_us)
        # A person's value is the last of its time, whatever waits.
        over = ~np.isin(time_us, stored.time_us[entered])
        time_us, value = time_us[over], value[over]
        if not len(time_us):
            return StandingRows(stored.time_us, stored.value, entered)
        under = ~np.isin(stored.time_us, time_us)
        both_us = np.concatenate([stored.time_us[under], time_us])
        both = np.concatenate([stored.value[under], value])
        hand = np.concatenate([entered[under], np.zeros(len(time_us), np.bool_)])
        order = np.argsort(both_us, kind="stable")
        return StandingRows(both_us[order], both[order], hand[order])

    def _waiting_of(self, point: int, first_us: int, last_us: int) -> TimedValues:
        """What waits in that time, by rising time."""
        parts = self._waiting.get(point)
        if parts is None:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        if len(parts) > 1:
            parts[:] = [_last_of_each(parts)]
        time_us, value = parts[0]
        inside = slice(*np.searchsorted(time_us, [first_us, last_us + 1]).tolist())
        return time_us[inside], value[inside]


def _last_of_each(parts: Sequence[TimedValues]) -> TimedValues:
    """Parts as one by rising time, with the last value of each time."""
    time_us = np.concatenate([times for times, _ in parts])
    value = np.concatenate([values for _, values in parts])
    order = np.argsort(time_us, kind="stable")
    time_us, value = time_us[order], value[order]
    last = np.append(time_us[1:] != time_us[:-1], True)
    return time_us[last], value[last]
