"""Readings as columns: what was measured, when it says it was, and where it came from.

Identity is (point, time_us). Lineage is (segment, offset, index): the journal segment, the
message in it and the reading in the message. The order key (order_hi, order_lo) decides
which of two values for one identity stands: the higher one, whatever came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metering.quantity import I64

F64 = NDArray[np.float64]
I16 = NDArray[np.int16]


class Kind(StrEnum):
    """What a point's values mean."""

    REGISTER = "register"
    INTERVAL = "interval"
    MEAN = "mean"
    INSTANT = "instant"
    STATE = "state"


class Flag(IntEnum):
    """Bits of a reading's flag; 0 is good."""

    GOOD = 0
    OUT_OF_RANGE = 1
    ARRIVAL_TIME = 2
    ENTERED = 4
    """A person entered it."""
    WITHDRAWN = 8
    """A person took back what was entered; it is out of range too, so nothing uses it."""

    CLOCK_REPAIRED = 16
    """Its time is not the one that was reported: the clock of its gateway was wrong."""


ENTERED_ORDER = 2**62
"""Of what a person entered the order key begins here: above every gateway's, whose keys are
sessions or times of arrival."""


class Outcome(IntEnum):
    """What became of a reading that arrived."""

    NEW = 0
    DUPLICATE = 1
    CORRECTION = 2
    OUTDATED = 3


@dataclass(frozen=True, eq=False)
class ReadingColumns:
    """Readings side by side; all arrays have the same length n."""

    point: I64
    time_us: I64
    value: F64
    flag: I16
    order_hi: I64
    order_lo: I64
    segment: I64
    offset: I64
    index: I64

    def __len__(self) -> int:
        return int(self.point.shape[0])

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> ReadingColumns:
        """The chosen rows, in the order given."""
        return ReadingColumns(*(column[rows] for column in self._columns()))

    def part(self, first: int, end: int) -> ReadingColumns:
        """Rows first..end, the end not included; the arrays are views."""
        return ReadingColumns(
            self.point[first:end],
            self.time_us[first:end],
            self.value[first:end],
            self.flag[first:end],
            self.order_hi[first:end],
            self.order_lo[first:end],
            self.segment[first:end],
            self.offset[first:end],
            self.index[first:end],
        )

    def sorted(self) -> ReadingColumns:
        """By point, then time."""
        return self.take(np.lexsort((self.time_us, self.point)))

    @classmethod
    def empty(cls) -> ReadingColumns:
        """Columns of no rows."""
        return cls.of([])

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> ReadingColumns:
        """From rows of (point, time_us, value, flag, order_hi, order_lo, segment, offset, index).

        For tests and single readings; the fast path builds arrays.
        """
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(_DTYPES)
        return cls(*(np.array(c, dtype=t) for c, t in zip(columns, _DTYPES, strict=True)))

    @classmethod
    def concat(cls, parts: Sequence[ReadingColumns]) -> ReadingColumns:
        """One after the other; a single part with rows as it is."""
        full = [part for part in parts if len(part)]
        if len(full) < 2:
            return full[0] if full else cls.empty()
        columns = zip(*(part._columns() for part in full), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return (
            *(self.point, self.time_us, self.value, self.flag, self.order_hi, self.order_lo),
            *(self.segment, self.offset, self.index),
        )


_DTYPES: tuple[type, ...] = (
    np.int64,
    np.int64,
    np.float64,
    np.int16,
    np.int64,
    np.int64,
    np.int64,
    np.int64,
    np.int64,
)


@dataclass(frozen=True, order=True)
class Lineage:
    """Where a reading stands in the journal."""

    segment: int
    offset: int
    index: int = 0
