"""Days of a series side by side, so that adding up costs one numpy call for many days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from metering.book import BookRow, SeriesKey
from metering.localtime import DAY_MIN
from metering.quality import APPORTIONED, ESTIMATED, MISSING, WHOLE, Shares, from_times
from metering.quantity import ABSENT, I64, add, apportion, total


@dataclass(frozen=True, eq=False)
class Block:
    """D days of one series that hold equally many slots n and hours h."""

    step_min: int
    slots: I64
    """(D, n) book units, ABSENT where nothing is known."""
    shares: Shares
    """(D, n, 4)"""
    hours: Shares
    """(D, h, 4)"""
    days: Shares
    """(D, 4)"""
    spill: I64
    """(D, 3)"""
    provisional: NDArray[np.bool_]
    """(D,)"""
    booked: NDArray[np.bool_]
    """(D,) whether there is a row at all; the rest is missing."""

    @classmethod
    def of(
        cls,
        rows: Mapping[date, BookRow],
        days: Sequence[date],
        step_min: int,
        slots: int,
        hours: int,
    ) -> Block:
        """From rows by day; days without a row, or with one of another shape, are missing."""
        block = cls.missing(len(days), step_min, slots, hours)
        for i, day in enumerate(days):
            row = rows.get(day)
            if row is None or row.step_min != step_min or len(row.slots) > slots:
                continue
            block.slots[i, : len(row.slots)] = row.slots
            block.shares[i, : len(row.slots)] = row.shares
            block.hours[i, : len(row.hour_shares)] = row.hour_shares[:hours]
            block.days[i] = row.day_shares
            block.spill[i] = row.spill
            block.provisional[i] = row.provisional
            block.booked[i] = True
        return block

    @classmethod
    def missing(cls, count: int, step_min: int, slots: int, hours: int) -> Block:
        """Days of which nothing is known."""
        return cls(
            step_min,
            np.full((count, slots), ABSENT, dtype=np.int64),
            _all_missing(count, slots),
            _all_missing(count, hours),
            _all_missing(count, 1)[:, 0],
            np.zeros((count, 3), dtype=np.int64),
            np.zeros(count, dtype=np.bool_),
            np.zeros(count, dtype=np.bool_),
        )

    def rows(self, key: SeriesKey, days: Sequence[date]) -> list[BookRow]:
        """One book row for each booked day."""
        return [
            BookRow(
                key,
                days[i],
                self.step_min,
                self.slots[i],
                self.shares[i],
                self.hours[i],
                total(self.slots[i]),
                self.days[i],
                (int(self.spill[i, 0]), int(self.spill[i, 1]), int(self.spill[i, 2])),
                provisional=bool(self.provisional[i]),
            )
            for i in np.flatnonzero(self.booked).tolist()
        ]

    def signed(self, sign: int) -> Block:
        """The block with its energy taken `sign` times."""
        if sign == 1:
            return self
        return replace(self, slots=np.where(self.slots == ABSENT, ABSENT, sign * self.slots))

    def resampled(self, step_min: int) -> Block:
        """At a coarser step: energy summed, quality as the coarser period sees it."""
        if step_min == self.step_min:
            return self
        return replace(
            self,
            step_min=step_min,
            slots=_summed(self.slots, step_min, self.step_min),
            shares=self._coarse_shares(step_min),
        )

    def _coarse_shares(self, step_min: int) -> Shares:
        if step_min >= DAY_MIN:
            return self.days[:, None, :]
        if step_min == 60:
            return self.hours
        weighted = _grouped(self.shares.astype(np.int64), step_min // self.step_min)
        return _shares(weighted)


def combined(blocks: Sequence[Block], weights: Sequence[int]) -> Block:
    """Sum of blocks of one shape; the quality is the mean by weight.

    A slot is ABSENT only where it is in all of them.
    """
    days = _mean([b.days for b in blocks], weights)
    spill = sum((b.spill * w for b, w in zip(blocks, weights, strict=True)), np.int64(0))
    return Block(
        blocks[0].step_min,
        add([b.slots for b in blocks]),
        _mean([b.shares for b in blocks], weights),
        _mean([b.hours for b in blocks], weights),
        days,
        _spills(days, np.asarray(spill, dtype=np.int64)),
        np.logical_or.reduce([b.provisional for b in blocks]),
        np.logical_or.reduce([b.booked for b in blocks]),
    )


def estimated(whole: Block, parts: Block, expected: I64) -> Block:
    """A total whose silent slots are filled from its parts, and marked estimated.

    `expected` is (D, n): the time of each slot that is due by now [us].
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
    return replace(
        whole,
        slots=np.where(filled, parts.slots, whole.slots),
        shares=shares,
        hours=_moved(whole.hours, gained, expected, whole.step_min),
        days=_moved(whole.days[:, None, :], gained, expected, whole.step_min)[:, 0],
        provisional=whole.provisional | parts.provisional,
        booked=whole.booked | parts.booked,
    )


def _moved(shares: Shares, gained: I64, expected: I64, step_min: int) -> Shares:
    """Shares of wider periods, with what was estimated inside taken from what was missing."""
    periods = shares.shape[1]
    size = gained.shape[1] if periods == 1 else max(1, 60 // step_min)
    seconds = expected // 1_000_000
    due = _grouped((seconds)[..., None], size)[..., 0]
    found = _grouped((gained * seconds)[..., None], size)[..., 0]
    part = np.where(due > 0, found // np.maximum(due, 1), 0)
    result = shares.astype(np.int64)
    if part.shape[1] != periods:
        part = np.repeat(part, periods, axis=1)[:, :periods]
    part = np.minimum(part, result[..., MISSING])
    result[..., MISSING] -= part
    result[..., ESTIMATED] += part
    return result.astype(np.uint16)


def _grouped(values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Sums of `size` neighbours along the second axis; the last group may be shorter."""
    starts = np.arange(0, values.shape[1], size)
    return np.asarray(np.add.reduceat(values, starts, axis=1), dtype=np.int64)


def _summed(slots: I64, step_min: int, fine_min: int) -> I64:
    size = slots.shape[1] if step_min >= DAY_MIN else step_min // fine_min
    present = slots != ABSENT
    sums = _grouped(np.where(present, slots, 0)[..., None], size)[..., 0]
    counts = _grouped(present.astype(np.int64)[..., None], size)[..., 0]
    return np.where(counts > 0, sums, ABSENT)


def _mean(shares: Sequence[Shares], weights: Sequence[int]) -> Shares:
    weighted = sum(
        (s.astype(np.int64) * w for s, w in zip(shares, weights, strict=True)), np.int64(0)
    )
    return _shares(np.asarray(weighted, dtype=np.int64))


def _shares(times: NDArray[np.int64]) -> Shares:
    return from_times(times.reshape(-1, 4)).reshape(times.shape)


def _spills(days: Shares, weighted: I64) -> I64:
    spill = np.zeros_like(weighted)
    for i in np.flatnonzero(days[:, APPORTIONED]).tolist():
        if weighted[i].any():
            spill[i] = apportion(int(days[i, APPORTIONED]), weighted[i])
    return spill


def _all_missing(count: int, width: int) -> Shares:
    shares = np.zeros((count, width, 4), dtype=np.uint16)
    shares[..., MISSING] = WHOLE
    return shares
