"""What stands of a point, stored or on its way, and what loaded readings are beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from metering.ports import ReadingReader
from metering.quantity import I64
from metering.reading import F64, Flag, ReadingColumns


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
        self._waiting: dict[int, list[tuple[I64, F64]]] = {}
        for rows in waiting:
            self.add(rows)

    def add(self, rows: ReadingColumns) -> None:
        """Readings that are written from here on, or wait; later ones replace earlier ones."""
        for point in np.unique(rows.point).tolist():
            own = rows.point == point
            one = rows.time_us[own], rows.value[own]
            self._waiting.setdefault(point, []).append(one)

    def rows(self, point: int, first_us: int, last_us: int) -> StandingRows:
        """What stands from the first to the last time, both with it."""
        stored = self._readings.scan([point], first_us, last_us + 1)
        entered = stored.flag & Flag.ENTERED != 0
        parts = self._waiting.get(point, [])
        if not parts:
            return StandingRows(stored.time_us, stored.value, entered)
        by_hand = stored.time_us[entered]
        time_us = np.concatenate([stored.time_us, *(times for times, _ in parts)])
        value = np.concatenate([stored.value, *(values for _, values in parts)])
        # A person's value is the last of its time, whatever waits.
        hand = np.zeros(len(time_us), dtype=np.bool_)
        hand[: len(entered)] = entered
        inside = (time_us >= first_us) & (time_us <= last_us)
        inside &= hand | ~np.isin(time_us, by_hand)
        time_us, value, hand = time_us[inside], value[inside], hand[inside]
        order = np.argsort(time_us, kind="stable")
        last = np.ones(len(order), dtype=np.bool_)
        last[:-1] = time_us[order][1:] != time_us[order][:-1]
        kept = order[last]
        return StandingRows(time_us[kept], value[kept], hand[kept])
