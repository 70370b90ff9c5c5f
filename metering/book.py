"""Books: the numbers of record, one row per series and local day.

    row   series        day         parts                                        total
          office-a/01B00 2026-11-23 15 min  [1203400, 1187000, ...] mWh           412300200
                                    day     [96000000]
          part                      slots, their quality, and the day's energy between the
                                    edges of its prices

A row has a part for each step and tariff of what counts into it; a meter's row has one. A part
carries every slot the local day holds at its step, the quality of each slot and of each local
hour. A settled day is superseded by a new row with a higher revision; the running, provisional
day is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

import numpy as np

from metering.quality import MEASURED, WHOLE, Shares
from metering.quantity import ABSENT, I64, add
from metering.tariff import TariffScope

RULES_VERSION: Final = 4
"""Of the rules by which the ledger makes rows from readings; another number means that the same
readings may be booked otherwise."""


@dataclass(frozen=True, order=True)
class SeriesKey:
    """Natural key of a booked series: a meter's or a node's figure of one item."""

    institution: str
    kind: str
    """meter or node."""
    code: str
    item: str


@dataclass(frozen=True, order=True)
class Crossing:
    """Energy of stretches between two good readings that lie on both sides of an edge.

    How much of it passed before the edge is not known; it is split by time. Stretches that
    touch the same windows stand together, but never energy of different sign.
    """

    first_us: int
    """Start of the first price window it touches, which may lie on an earlier day."""
    last_us: int
    """End of the last one."""
    measured: bool
    """A stretch of the meter's own step; else a gap."""
    window: int
    """Place of the first window of this day that it touches."""
    parts: tuple[int, ...]
    """Book units in each window of this day from there on; all may be 0, where a little energy
    is rounded into another day."""
    negative: bool = False
    """Whether it is taken off, or runs backwards."""

    @property
    def name(self) -> tuple[int, int, bool, bool]:
        """What makes it the same crossing on the next day, or of another meter."""
        return (self.first_us, self.last_us, self.measured, self.negative)


@dataclass(frozen=True, eq=False)
class PriceWindows:
    """A part's energy between the edges of its prices (w windows side by side)."""

    offsets: tuple[int, ...]
    """(w) minutes since the local day's first instant at which each starts."""
    quantity: I64
    """(w,) book units; together the part's total."""
    estimated: I64
    """(w,) of it, what stands in for a silent total."""
    crossings: tuple[Crossing, ...] = ()

    def same(self, other: PriceWindows | None) -> bool:
        """Equal in everything."""
        return (
            other is not None
            and self.offsets == other.offsets
            and np.array_equal(self.quantity, other.quantity)
            and np.array_equal(self.estimated, other.estimated)
            and self.crossings == other.crossings
        )


@dataclass(frozen=True, eq=False)
class Part:
    """What of a row has one step and one tariff."""

    step_min: int
    slots: I64
    """(n,) book units [mWh, mL, kJ], ABSENT where nothing is known."""
    shares: Shares
    """(n, 4) quality of each slot."""
    hour_shares: Shares
    """(ceil(n * step / 60), 4): a gap that lies inside the hour counts as measured."""
    scope: TariffScope | None = None
    """What prices it; None where no tariff did when it was booked."""
    windows: PriceWindows | None = None
    """None where no tariff prices it."""
    meters: int = 1
    """How many meters count into it: the weight of its quality."""

    @property
    def order(self) -> tuple[int, bool, TariffScope]:
        """Finest first, then by tariff."""
        return (self.step_min, self.scope is not None, self.scope or TariffScope("", "", ""))

    def same(self, other: Part) -> bool:
        """Equal in everything."""
        windows = self.windows is other.windows is None or (
            self.windows is not None and self.windows.same(other.windows)
        )
        return windows and self.meters == other.meters and self.same_slots(other)

    def same_slots(self, other: Part) -> bool:
        """Equal in step, tariff, energy and quality."""
        return self.scope == other.scope and self.same_energy(other)

    def same_energy(self, other: Part) -> bool:
        """Equal in step, energy and quality, whatever prices it."""
        return (
            self.step_min == other.step_min
            and np.array_equal(self.slots, other.slots)
            and np.array_equal(self.shares, other.shares)
            and np.array_equal(self.hour_shares, other.hour_shares)
        )


@dataclass(frozen=True, eq=False)
class BookRow:
    """One series on one local day."""

    key: SeriesKey
    day: date
    parts: tuple[Part, ...]
    """At least one, finest first."""
    total: int | None
    day_shares: Shares
    """(4,): a gap that lies inside the day counts as measured."""
    spill: tuple[int, int, int] = (0, 0, 0)
    """Of the day's apportioned share [1/10,000]: gaps open to the day before, to the day
    after, and through the whole day; what a month needs to know which gaps it holds."""
    provisional: bool = False
    revision: int = 0
    """The institution's revision that wrote it; set by the store."""
    rules: int = 1
    """Version of the booking rules that it was made by."""
    registry: int = 0
    """Version of the registry under which its content was first computed; 0 where nobody knows.
    A later version that comes to the same leaves it."""
    told: bool = False
    """Whether it is a value that was told; set by the store."""
    superseded_at: int | None = None
    """The revision that took its place, None while it stands; set by the store."""

    @classmethod
    def of(
        cls,
        key: SeriesKey,
        day: date,
        step_min: int,
        slots: I64,
        shares: Shares,
        hour_shares: Shares,
        total: int | None,
        day_shares: Shares,
        spill: tuple[int, int, int] = (0, 0, 0),
        *,
        provisional: bool = False,
        revision: int = 0,
        scope: TariffScope | None = None,
        windows: PriceWindows | None = None,
        meters: int = 1,
    ) -> BookRow:
        """A row of one part."""
        part = Part(step_min, slots, shares, hour_shares, scope, windows, meters)
        return cls(key, day, (part,), total, day_shares, spill, provisional, revision)

    def stored(self, revision: int, *, told: bool, superseded_at: int | None = None) -> BookRow:
        """The row as a store keeps it: written by that revision, and standing until another."""
        return BookRow(
            self.key,
            self.day,
            self.parts,
            self.total,
            self.day_shares,
            self.spill,
            self.provisional,
            revision,
            self.rules,
            self.registry,
            told,
            superseded_at,
        )

    @property
    def finest(self) -> Part:
        """The part of the finest step; the only one of a meter's row."""
        return self.parts[0]

    @property
    def complete(self) -> bool:
        """Settled, and measured in every slot: of a node, all that counts into it is in.

        A slot is looked at where a mean over a day and many meters would round what lacks away.
        """
        return not self.provisional and all(
            bool((part.shares[:, MEASURED] == WHOLE).all()) for part in self.parts
        )

    def same_energy(self, other: BookRow) -> bool:
        """Equal in what passed and how well it is known, whatever the tariffs."""
        return (
            self.key == other.key
            and self.day == other.day
            and self.total == other.total
            and self.spill == other.spill
            and self.provisional == other.provisional
            and np.array_equal(self.day_shares, other.day_shares)
            and _same_slots(self.parts, other.parts)
        )

    def same_content(self, other: BookRow) -> bool:
        """Equal in everything that is booked, whatever revision, rules and registry."""
        return (
            self.same_energy(other)
            and len(self.parts) == len(other.parts)
            and all(a.same(b) for a, b in zip(self.parts, other.parts, strict=True))
        )


StandingRows = Mapping[tuple[SeriesKey, date], BookRow | None]
"""What stands of series and days that were looked up; None where nothing does."""
NOTHING_READ: Final[StandingRows] = MappingProxyType({})


def _same_slots(parts: Sequence[Part], others: Sequence[Part]) -> bool:
    """Equal slots at every step, however tariffs divide them; quality too where none does."""
    if len(parts) == len(others) == 1:
        return parts[0].same_energy(others[0])
    left, right = by_step(parts), by_step(others)
    return left.keys() == right.keys() and all(
        np.array_equal(left[step], right[step]) for step in left
    )


def by_step(parts: Sequence[Part]) -> dict[int, I64]:
    """Slots of each step, however tariffs divide them; ABSENT ones at the end left out."""
    found: dict[int, I64] = {}
    for part in parts:
        known = np.flatnonzero(part.slots != ABSENT)
        slots = part.slots[: int(known[-1]) + 1] if known.size else part.slots[:0]
        found[part.step_min] = _added(found.get(part.step_min, slots[:0]), slots)
    return found


def is_news(old: BookRow, new: BookRow) -> bool:
    """Whether two rows tell other energy: not where the same is only booked at other steps."""
    told = (old.total, old.spill, old.provisional, old.day_shares.tolist())
    if told != (new.total, new.spill, new.provisional, new.day_shares.tolist()):
        return True
    left, right = by_step(old.parts), by_step(new.parts)
    return left.keys() == right.keys() and not all(
        np.array_equal(left[step], right[step]) for step in left
    )


def _added(one: I64, other: I64) -> I64:
    wide = max(len(one), len(other))
    pairs = [
        np.pad(slots, (0, wide - len(slots)), constant_values=ABSENT) for slots in (one, other)
    ]
    return add(pairs) if wide else one


RULES_CAUSE = "rules"
"""Cause of a commit that books again because the rules are others."""

BookPlace = tuple[int, int, int]
"""Where a row stands among an institution's changes: its revision, the store's own number of
its series, and its day as days since 1970-01-01. Compared as a tuple."""
BOOK_START: BookPlace = (0, 0, 0)

FeedPlace = tuple[int, int, int, int]
"""Where a row stands among the changes of all institutions: the serial of the commit that wrote it,
its revision, the store's own number of its series, and its day as days since 1970-01-01. Compared
as a tuple; of one institution it rises as its `BookPlace` does."""
FEED_START: FeedPlace = (0, 0, 0, 0)
Change = tuple[int, int, int, int, int | None, bytes | None, bool]
"""A row that stands, as the feed of all institutions needs it: its `FeedPlace`, its total, the
quality of its day as four little-endian uint16 (None where it is wholly measured), and whether it
is told. A plain tuple: pages of them are written out, and nothing else."""


@dataclass(frozen=True)
class GivenDay:
    """A row of the books by what it is known by: what a reader is given right after."""

    key: SeriesKey
    day: date
    revision: int


@dataclass(frozen=True)
class Restatement:
    """The net change of a settled day since its value was told last: from which total to which,
    when and why."""

    key: SeriesKey
    day: date
    old_revision: int
    """Of the row that was told last."""
    new_revision: int
    old_total: int | None
    new_total: int | None
    recorded_us: int
    cause: str
    """Of every change since, in their order, with a comma between them."""
    given: bool = False
    """Whether the new value was given out too; until then another change takes its place."""


ASKED_CAUSE = "asked"
"""Somebody had days computed again."""
READING_CAUSES = ("reading", "correction", "clock", ASKED_CAUSE)
"""Causes of marks of readings."""


@dataclass(frozen=True)
class DirtyMark:
    """Readings of a point changed between two times (both included), or figures are made otherwise
    on these days; the ledger must look."""

    point: int
    start_us: int
    end_us: int
    cause: str = "reading"
    """reading, correction, clock (of a gateway), asked, rollover of the local day, or registry with
    the version that asks for it, such as `registry 12`."""
    segment: int = 0
    offset: int = 0
    id: int = 0
    figure: SeriesKey | None = None
    """No readings, but a node's figure is made otherwise, and all above it: then `point` is 0.
    Its item '' is every item; its code '' is no figure, only what the institution has no more."""

    def is_live(self, since_us: int) -> bool:
        """Whether it is of readings alone, and they reach no further back than that."""
        return self.figure is None and self.cause in READING_CAUSES and self.start_us >= since_us


@dataclass(frozen=True)
class RegisterEvent:
    """What the ledger found on a register: gap, stuck, reset, spike, rollover, jump, bridge,
    reversed, replaced, limit, negative or off_grid (`docs/cleaning.md`)."""

    institution: str
    meter: str
    kind: str
    start_us: int
    end_us: int
    cost: int | None = None
    """What the story pays for it."""
    limit: int | None = None
    """Most per hour that was held against it [book units]; None where none is known."""
    value: int | None = None
    """What the register said [book units]: the first reading that is left out, else the one that
    the event leads to."""
    energy: int | None = None
    """What is booked over it [book units]; None where that is unknown."""
