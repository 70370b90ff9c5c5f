"""Days of a part side by side, so that adding up costs one numpy call for many days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.windows import by_time, of_slots, opposite, united
from metering.book import BookRow, Crossing, Part, PriceWindows, SeriesKey
from metering.localtime import day_bounds
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING, WHOLE, Shares
from metering.quantity import ABSENT, I64, add, apportion, totals
from metering.resampling import all_missing, coarse, grouped, mean, summed
from metering.tariff import TariffScope


class Name(NamedTuple):
    """What makes parts one: their step, what prices them, and where its windows start."""

    step_min: int
    scope: TariffScope | None
    offsets: tuple[int, ...]

    @property
    def order(self) -> tuple[int, bool, TariffScope, tuple[int, ...]]:
        """Finest first, then by tariff."""
        none = TariffScope("", "", "")
        return (self.step_min, self.scope is not None, self.scope or none, self.offsets)


@dataclass(frozen=True, eq=False)
class Block:
    """D days of one part that hold equally many slots n, hours h and price windows w."""

    name: Name
    meters: int
    """How many meters count into the part."""
    slots: I64
    """(D, n) book units, ABSENT where nothing is known."""
    shares: Shares
    """(D, n, 4)"""
    hours: Shares
    """(D, h, 4)"""
    windows: I64
    """(D, w) book units"""
    estimated: I64
    """(D, w) of them"""
    crossings: tuple[tuple[Crossing, ...], ...]
    """(D,)"""
    days: Shares
    """(D, 4) of the whole row"""
    spill: I64
    """(D, 3) likewise"""
    provisional: NDArray[np.bool_]
    """(D,)"""
    booked: NDArray[np.bool_]
    """(D,) whether there is a row at all; the rest is missing."""

    @property
    def step_min(self) -> int:
        """Minutes of its slots."""
        return self.name.step_min

    @classmethod
    def of(
        cls,
        rows: Mapping[date, BookRow],
        days: Sequence[date],
        name: Name,
        shape: tuple[int, int],
        meters: int,
        zone: str,
    ) -> Block:
        """The part of that name from rows by day; `shape` is (slots, hours) of a day, or of a
        longer one that stands: a sum over zones has the longest day's.

        Days without a row, or without such a part, are missing. A part that was booked under
        other price edges gives its slots, split by time.
        """
        shape = _wide(rows, days, name.step_min, shape)
        found = [
            (i, row, part)
            for i, day in enumerate(days)
            if (row := rows.get(day)) is not None and (part := part_of(row, name)) is not None
        ]
        block = cls.missing(len(days), name, shape, meters)
        if not found:
            return block
        at, booked, parts = (list(column) for column in zip(*found, strict=True))
        if all((len(p.slots), len(p.hour_shares)) == shape for p in parts):
            block.slots[at] = np.array([part.slots for part in parts])
            block.shares[at] = np.array([part.shares for part in parts])
            block.hours[at] = np.array([part.hour_shares for part in parts])
        else:
            for i, part in zip(at, parts, strict=True):
                block.slots[i, : len(part.slots)] = part.slots
                block.shares[i, : len(part.slots)] = part.shares
                block.hours[i, : len(part.hour_shares)] = part.hour_shares
        block.days[at] = np.array([row.day_shares for row in booked])
        block.spill[at] = np.array([row.spill for row in booked])
        block.provisional[at] = [row.provisional for row in booked]
        block.booked[at] = True
        return block if name.scope is None else block._priced(at, parts, days, zone)

    def _priced(
        self, at: Sequence[int], parts: Sequence[Part], days: Sequence[date], zone: str
    ) -> Block:
        """With what the parts hold in each price window; those of no tariff have none."""
        crossings = list(self.crossings)
        for i, part in zip(at, parts, strict=True):
            windows = windows_for(part, self.name.offsets, days[i], zone)
            self.windows[i], self.estimated[i] = windows.quantity, windows.estimated
            crossings[i] = windows.crossings
        return replace(self, crossings=tuple(crossings))

    @classmethod
    def missing(cls, count: int, name: Name, shape: tuple[int, int], meters: int) -> Block:
        """Days of which nothing is known."""
        wide = len(name.offsets)
        return cls(
            name,
            meters,
            np.full((count, shape[0]), ABSENT, dtype=np.int64),
            all_missing(count, shape[0]),
            all_missing(count, shape[1]),
            np.zeros((count, wide), dtype=np.int64),
            np.zeros((count, wide), dtype=np.int64),
            ((),) * count,
            all_missing(count, 1)[:, 0],
            np.zeros((count, 3), dtype=np.int64),
            np.zeros(count, dtype=np.bool_),
            np.zeros(count, dtype=np.bool_),
        )

    def part(self, i: int) -> Part:
        """The part of day i."""
        windows = None
        if self.name.scope is not None:
            windows = PriceWindows(
                self.name.offsets, self.windows[i], self.estimated[i], self.crossings[i]
            )
        return Part(
            self.step_min,
            self.slots[i],
            self.shares[i],
            self.hours[i],
            self.name.scope,
            windows,
            self.meters,
        )

    def signed(self, sign: int) -> Block:
        """The block with its energy taken `sign` times."""
        if sign == 1:
            return self
        return replace(
            self,
            slots=np.where(self.slots == ABSENT, ABSENT, sign * self.slots),
            windows=sign * self.windows,
            estimated=sign * self.estimated,
            crossings=tuple(tuple(opposite(one) for one in day) for day in self.crossings),
        )

    def resampled(self, step_min: int) -> Block:
        """At a coarser step: energy summed, quality as the coarser period sees it."""
        if step_min == self.step_min:
            return self
        return replace(
            self,
            name=self.name._replace(step_min=step_min),
            slots=summed(self.slots, step_min, self.step_min),
            shares=coarse(self.shares, self.hours, self.days, self.step_min, step_min),
        )

    def of_row(self, whole: Block) -> Block:
        """The part with the day's quality taken from the whole row's."""
        return replace(
            self,
            days=whole.days,
            spill=whole.spill,
            provisional=whole.provisional,
            booked=whole.booked,
        )


def rows_of(
    blocks: Sequence[Block],
    key: SeriesKey,
    days: Sequence[date],
    *,
    rules: int = 1,
    registry: int = 0,
) -> list[BookRow]:
    """One book row for each booked day, of all its parts; `rules` and `registry` are the versions
    that the rows bear."""
    first = blocks[0]
    slots = np.concatenate([block.slots for block in blocks], axis=1)
    sums = totals(slots.ravel(), range(0, slots.size, slots.shape[1]))
    spills, provisional = first.spill.tolist(), first.provisional.tolist()
    return [
        BookRow(
            key,
            days[i],
            tuple(block.part(i) for block in blocks),
            sums[i],
            first.days[i],
            tuple(spills[i]),
            provisional=provisional[i],
            rules=rules,
            registry=registry,
        )
        for i in np.flatnonzero(first.booked).tolist()
    ]


def _wide(
    rows: Mapping[date, BookRow], days: Sequence[date], step_min: int, shape: tuple[int, int]
) -> tuple[int, int]:
    """The shape, or as long as the longest part of that step."""
    slots, hours = shape
    for day in days:
        row = rows.get(day)
        for part in row.parts if row is not None else ():
            if part.step_min == step_min:
                slots = max(slots, len(part.slots))
                hours = max(hours, len(part.hour_shares))
    return slots, hours


def part_of(row: BookRow, name: Name) -> Part | None:
    """The row's part of that step and tariff; one of the step alone where only one has it."""
    if len(row.parts) == 1:
        return row.parts[0] if row.parts[0].step_min == name.step_min else None
    same_step = [part for part in row.parts if part.step_min == name.step_min]
    for part in same_step:
        if part.scope == name.scope:
            return part
    return None


def windows_for(part: Part, offsets: tuple[int, ...], day: date, zone: str) -> PriceWindows:
    """The part's windows, from its slots where it was booked under other edges."""
    if part.windows is not None and part.windows.offsets == offsets:
        return part.windows

    def measured(slot: int) -> bool:
        return bool(part.shares[slot, MEASURED] == WHOLE)

    return of_slots(part.slots, measured, part.step_min, offsets, day_bounds(day, zone))


def combined(blocks: Sequence[Block], weights: Sequence[int], meters: int) -> Block:
    """Sum of blocks of one name and shape; the quality is the mean by weight.

    A slot is ABSENT only where it is in all of them.
    """
    days = mean([b.days for b in blocks], weights)
    spill = sum((b.spill * w for b, w in zip(blocks, weights, strict=True)), np.int64(0))
    priced = [b.crossings for b in blocks if any(b.crossings)] or [blocks[0].crossings]
    per_day = zip(*priced, strict=True)
    return Block(
        blocks[0].name,
        meters,
        add([b.slots for b in blocks]),
        mean([b.shares for b in blocks], weights),
        mean([b.hours for b in blocks], weights),
        np.asarray(sum(b.windows for b in blocks), dtype=np.int64),
        np.asarray(sum(b.estimated for b in blocks), dtype=np.int64),
        tuple(united(one for day in found for one in day) for found in per_day),
        days,
        spills_of(days, np.asarray(spill, dtype=np.int64)),
        np.logical_or.reduce([b.provisional for b in blocks]),
        np.logical_or.reduce([b.booked for b in blocks]),
    )


def estimated(whole: Block, parts: Block, expected: I64, minutes: int) -> Block:
    """A total whose silent slots are filled from its parts, and marked estimated.

    `expected` is (D, n): the time of each slot that is due by now [us]; `minutes` the length
    of a day.
    """
    filled = (whole.slots == ABSENT) & (parts.slots != ABSENT)
    if not filled.any():
        return whole
    known = WHOLE - parts.shares[..., MISSING].astype(np.int64)
    shares = whole.shares.copy()
    shares[filled] = 0
    shares[..., ESTIMATED][filled] = known[filled]
    shares[..., MISSING][filled] = WHOLE - known[filled]
    gained = np.where(filled, known, 0)
    stand_in = np.where(filled, parts.slots, ABSENT)
    by_window = by_time(stand_in, whole.step_min, whole.name.offsets, minutes)
    return replace(
        whole,
        slots=np.where(filled, parts.slots, whole.slots),
        shares=shares,
        hours=_moved(whole.hours, gained, expected, whole.step_min),
        windows=whole.windows + by_window,
        estimated=whole.estimated + by_window,
        days=_moved(whole.days[:, None, :], gained, expected, whole.step_min)[:, 0],
        provisional=whole.provisional | parts.provisional,
        booked=whole.booked | parts.booked,
    )


def _moved(shares: Shares, gained: I64, expected: I64, step_min: int) -> Shares:
    """Shares of wider periods, with what was estimated inside taken from what was missing."""
    periods = shares.shape[1]
    size = gained.shape[1] if periods == 1 else max(1, 60 // step_min)
    seconds = expected // 1_000_000
    due = grouped((seconds)[..., None], size)[..., 0]
    found = grouped((gained * seconds)[..., None], size)[..., 0]
    part = np.where(due > 0, found // np.maximum(due, 1), 0)
    result = shares.astype(np.int64)
    if part.shape[1] != periods:
        part = np.repeat(part, periods, axis=1)[:, :periods]
    part = np.minimum(part, result[..., MISSING])
    result[..., MISSING] -= part
    result[..., ESTIMATED] += part
    return result.astype(np.uint16)


def spills_of(days: Shares, weighted: I64) -> I64:
    """(D, 3) of each day's apportioned share what is of gaps that leave the day, by weight."""
    spill = np.zeros_like(weighted)
    for i in np.flatnonzero(days[:, APPORTIONED]).tolist():
        if weighted[i].any():
            spill[i] = apportion(int(days[i, APPORTIONED]), weighted[i])
    return spill
