"""Recorded times to UTC. A time that occurs twice or never is told apart, never guessed.

autumn   01:00 02:00 02:00 03:00     two of them: the first is the earlier, in rows that ascend
spring   01:00 (02:00) 03:00         02:00 does not exist
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from metering.localtime import to_us, zone_of
from metering.quantity import I64

_NAIVE_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class UtcTimes:
    """Converted times and what could not be converted; all arrays have one length."""

    time_us: I64
    ambiguous: NDArray[np.bool_]
    impossible: NDArray[np.bool_]
    later_us: I64
    """Of ambiguous times the second instant; `time_us` of all others."""

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which rows have exactly one instant: their local time occurs, and once."""
        return ~(self.ambiguous | self.impossible)


def local_to_utc(naive_us: I64, zone: str) -> UtcTimes:
    """UTC of naive local times [us since 1970-01-01 00:00 of the wall clock].

    Ambiguous: the hour repeated when clocks go back; `time_us` is the earlier instant. Impossible:
    the hour skipped when they go forward; its `time_us` must not be used.
    """
    unique, places = np.unique(naive_us, return_inverse=True)
    place = zone_of(zone)
    rows = [_convert(int(one), place) for one in unique]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)[places]
    return UtcTimes(
        table[:, 0], table[:, 1].astype(np.bool_), table[:, 2].astype(np.bool_), table[:, 3]
    )


def told_by_order(series: I64, naive_us: I64, times: UtcTimes) -> UtcTimes:
    """The same, with the repeated hour told by the order of the rows of each series.

    It is told where the rows of a series ascend, or descend, but for the one step back of the
    clock; each of the ambiguous times then stands there twice. Rows in another order, and a time
    that stands there once, stay ambiguous.
    """
    time_us, ambiguous = times.time_us.copy(), times.ambiguous.copy()
    for one in np.unique(series[times.ambiguous]):
        rows = np.flatnonzero((series == one) & ~times.impossible)
        walls = naive_us[rows]
        if len(walls) > 1 and walls[0] > walls[-1]:
            rows, walls = rows[::-1], walls[::-1]
        doubled = times.ambiguous[rows]
        steps_back = np.flatnonzero(np.diff(walls) <= 0) + 1
        if not doubled[steps_back].all() or not doubled[steps_back - 1].all():
            continue
        for night in _nights(rows[doubled], naive_us):
            half, odd = divmod(len(night), 2)
            first, second = night[:half], night[half:]
            if odd or not (naive_us[first] == naive_us[second]).all():
                continue
            if (np.diff(naive_us[first]) > 0).all():
                time_us[second] = times.later_us[second]
                ambiguous[night] = False
    return UtcTimes(time_us, ambiguous, times.impossible, times.later_us)


def _nights(rows: I64, naive_us: I64) -> list[I64]:
    """Rows of a repeated hour, apart from those of another night."""
    apart = np.flatnonzero(np.abs(np.diff(naive_us[rows])) > 86_400_000_000) + 1
    return np.split(rows, apart)


def _convert(naive_us: int, place: tzinfo) -> tuple[int, bool, bool, int]:
    wall = _NAIVE_EPOCH + timedelta(microseconds=naive_us)
    first = wall.replace(tzinfo=place, fold=0)
    second = wall.replace(tzinfo=place, fold=1)
    utc = to_us(first)
    if first.utcoffset() == second.utcoffset():
        return utc, False, False, utc
    exists = first.astimezone(UTC).astimezone(place).replace(tzinfo=None) == wall
    return utc, exists, not exists, to_us(second)
