"""The only clock. A data folder may run on a shifted time, for a simulated `now`."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class ShiftedClock:
    """Wall clock plus a constant offset [us]."""

    offset_us: int = 0

    def now_us(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1000 + self.offset_us

    @classmethod
    def showing(cls, now_us: int) -> ShiftedClock:
        """A clock that shows `now_us` at this moment and then goes on."""
        return cls(now_us - time.time_ns() // 1000)
