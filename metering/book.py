"""Books: the numbers of record, one row per series and local day.

    row   series        day         slots (int64, one a step)      shares     total
          office-a/01B00 2026-11-23 [1203400, 1187000, ...] mWh    (n, 4)     412300200

A row carries every slot the local day holds at the series' step, the quality of each slot,
of each local hour and of the day, and the day's total. A settled day is superseded by a new
row with a higher revision; the running, provisional day is overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from metering.quality import Shares
from metering.quantity import I64


@dataclass(frozen=True, order=True)
class SeriesKey:
    """Natural key of a booked series: a meter's or a node's figure of one item."""

    institution: str
    kind: str
    """meter or node."""
    code: str
    item: str


@dataclass(frozen=True, eq=False)
class BookRow:
    """One series on one local day."""

    key: SeriesKey
    day: date
    step_min: int
    slots: I64
    """(n,) book units [mWh, mL, kJ], ABSENT where nothing is known."""
    shares: Shares
    """(n, 4) quality of each slot."""
    hour_shares: Shares
    """(ceil(n * step / 60), 4): a gap that lies inside the hour counts as measured."""
    total: int | None
    day_shares: Shares
    """(4,): a gap that lies inside the day counts as measured."""
    spill: tuple[int, int, int] = (0, 0, 0)
    """Of the day's apportioned share [1/10,000]: gaps open to the day before, to the day
    after, and through the whole day; what a month needs to know which gaps it holds."""
    provisional: bool = False
    revision: int = 0
    """The institution's revision that wrote it; set by the store."""

    def same_content(self, other: BookRow) -> bool:
        """Equal in everything that is booked, whatever the revision."""
        return (
            self.key == other.key
            and self.day == other.day
            and self.step_min == other.step_min
            and self.total == other.total
            and self.spill == other.spill
            and self.provisional == other.provisional
            and np.array_equal(self.slots, other.slots)
            and np.array_equal(self.shares, other.shares)
            and np.array_equal(self.hour_shares, other.hour_shares)
            and np.array_equal(self.day_shares, other.day_shares)
        )


BookPlace = tuple[int, int, int]
"""Where a row stands among an institution's changes: its revision, the store's own number of
its series, and its day as days since 1970-01-01. Compared as a tuple."""
BOOK_START: BookPlace = (0, 0, 0)


@dataclass(frozen=True)
class Restatement:
    """A settled day whose figure changed: from which total to which, when and why."""

    key: SeriesKey
    day: date
    old_revision: int
    new_revision: int
    old_total: int | None
    new_total: int | None
    recorded_us: int
    cause: str


@dataclass(frozen=True)
class DirtyMark:
    """Readings of a point changed between two times (both included); the ledger must look."""

    point: int
    start_us: int
    end_us: int
    cause: str = "reading"
    """reading, correction, registry or rollover of the local day."""
    segment: int = 0
    offset: int = 0
    id: int = 0


@dataclass(frozen=True)
class RegisterEvent:
    """What the ledger found on a register: gap, stuck, reset, spike, rollover or jump."""

    institution: str
    meter: str
    kind: str
    start_us: int
    end_us: int
