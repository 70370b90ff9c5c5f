"""Readings of many registers side by side, so that what asks all of them the same asks once.

registers   a · · · · ·    b · · ·  · ·    c · · · · · ·
rows        a a a a a a a  b b b b  b b    c c c c c c c     one after the other
axis        └─ a stretch of its own for each: the times rise throughout ─┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledger.cleaning.rates import DAY_US, Strides
from ledger.meter import Service
from metering.quantity import I64

_APART = 1 << 20
"""Days that no two registers share, once they are told apart."""


@dataclass(frozen=True, eq=False)
class RegisterLanes:
    """Readings of m registers, all of them usable, two of each at least; n in all."""

    services: tuple[Service, ...]
    time_us: I64
    """(n,) rising within each register."""
    value: I64
    """(n,) book units, as counted."""
    firsts: I64
    """(m + 1,) place of each one's first reading, and n."""
    from_start: NDArray[np.bool_]
    """(m,) whether there is no reading before those that are here."""
    to_end: NDArray[np.bool_]
    """(m,) likewise after them."""
    axis: I64
    base_us: int
    span_us: int

    @classmethod
    def of(
        cls,
        services: Sequence[Service],
        time_us: I64,
        value: I64,
        firsts: I64,
        from_start: NDArray[np.bool_],
        to_end: NDArray[np.bool_],
    ) -> RegisterLanes:
        """Side by side; m may be 0."""
        if not len(time_us):
            return cls(tuple(services), time_us, value, firsts, from_start, to_end, time_us, 0, 1)
        base = int(time_us.min()) - 1
        span = int(time_us.max()) - base + 2
        lane = np.repeat(np.arange(len(services), dtype=np.int64), np.diff(firsts))
        axis = time_us - base + lane * span
        return cls(tuple(services), time_us, value, firsts, from_start, to_end, axis, base, span)

    def __len__(self) -> int:
        return len(self.services)

    def places(self, instants_us: I64 | int, side: str = "left") -> I64:
        """(m,) place of the first reading at or after an instant of each, or after it (`right`)."""
        inside = np.clip(np.asarray(instants_us) - self.base_us, 0, self.span_us - 1)
        wanted = inside + np.arange(len(self), dtype=np.int64) * self.span_us
        found: I64 = np.searchsorted(self.axis, wanted, side="right" if side == "right" else "left")
        return found

    def strides(self, first: I64, end: I64) -> tuple[I64, I64, Strides]:
        """From each reading to the next of a part [first, end) of each register: (o,) places of the
        readings they end on, (o,) whose they are, and the strides, whose days are told apart by
        `day_of`."""
        counts = np.maximum(end - first - 1, 0)
        whose = np.repeat(np.arange(len(self), dtype=np.int64), counts)
        begun = np.cumsum(counts) - counts
        at = np.arange(len(whose), dtype=np.int64) - begun[whose] + first[whose] + 1
        rise, passed = self.value[at] - self.value[at - 1], self.time_us[at] - self.time_us[at - 1]
        after_fall = np.zeros(len(rise), dtype=np.bool_)
        after_fall[1:] = (rise[:-1] < 0) & (whose[1:] == whose[:-1])
        day = self.time_us[at] // DAY_US + whose * _APART
        return at, whose, Strides(rise, passed, day, after_fall)


def day_of(apart: I64) -> tuple[I64, I64]:
    """(whose they are, the days) of days that are told apart."""
    whose = apart // _APART
    return whose, apart - whose * _APART
