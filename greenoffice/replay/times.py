"""Recorded times to UTC. A time that occurs twice or never is told apart, never guessed."""

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

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which rows have exactly one instant: their local time occurs, and once."""
        return ~(self.ambiguous | self.impossible)


def local_to_utc(naive_us: I64, zone: str) -> UtcTimes:
    """UTC of naive local times [us since 1970-01-01 00:00 of the wall clock].

    Ambiguous: the hour repeated when clocks go back. Impossible: the hour skipped when they
    go forward. Both keep an arbitrary `time_us` that must not be used.
    """
    unique, places = np.unique(naive_us, return_inverse=True)
    place = zone_of(zone)
    rows = [_convert(int(one), place) for one in unique]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return UtcTimes(
        table[places, 0], table[places, 1].astype(np.bool_), table[places, 2].astype(np.bool_)
    )


def already_utc(time_us: I64) -> UtcTimes:
    """Times that are UTC as recorded."""
    none = np.zeros(time_us.shape, dtype=np.bool_)
    return UtcTimes(time_us, none, none)


def _convert(naive_us: int, place: tzinfo) -> tuple[int, bool, bool]:
    wall = _NAIVE_EPOCH + timedelta(microseconds=naive_us)
    first = wall.replace(tzinfo=place, fold=0)
    second = wall.replace(tzinfo=place, fold=1)
    utc = to_us(first)
    if first.utcoffset() == second.utcoffset():
        return utc, False, False
    exists = first.astimezone(UTC).astimezone(place).replace(tzinfo=None) == wall
    return utc, exists, not exists
