"""Blocks of one name and shape, one upon the other: many figures for the price of one.

    row      0   1   2   3   4   5        figures of two terms each, in columns
    holds    m1  m2  m3  m4  A   B
                                          A = m1 + m2     0  2      what lies in a column is
                                          B = m3 - m4     1 -3      added up in one go

Figures of equally many terms are made together. What comes out is what `blocks.combined` makes of
each of them alone, to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.blocks import Block, Name, spills_of, windows_for
from ledger.windows import opposite, united
from metering.book import BookRow, Crossing, Part, PriceWindows, SeriesKey
from metering.quality import MISSING, WHOLE, Shares
from metering.quantity import ABSENT, I64
from metering.resampling import shares_of

LIMIT = float(2**62)
"""Sums below it fit; what may be larger is added up with care, one by one."""
SLOTS_AT_ONCE = 1 << 18
"""Slots whose quality is weighed at once: some 8 MB."""
Shape = tuple[int, int, int]
"""(days, slots of a day, hours of a day)."""
Crossings = tuple[tuple[Crossing, ...], ...]


class StackPlace(NamedTuple):
    """Where a block lies: in which stack, and in which of its rows."""

    stack: Stack
    row: int


class Addends(NamedTuple):
    """A figure to be made: its terms' rows and signs, and how many meters count into it."""

    rows: Sequence[int]
    signs: Sequence[int]
    meters: int | None
    """As many as count into its terms together, where it is None."""


@dataclass(eq=False)
class Stack:
    """K blocks of D days, with n slots, h hours and w price windows each."""

    name: Name
    shape: Shape
    amounts: I64
    """(K, D, n) book units, 0 where nothing is known."""
    known: NDArray[np.bool_]
    """(K, D, n)"""
    shares: Shares
    """(K, D, n, 4)"""
    hours: Shares
    """(K, D, h, 4)"""
    windows: I64
    """(K, D, w)"""
    estimated: I64
    """(K, D, w)"""
    days: Shares
    """(K, D, 4)"""
    spill: I64
    """(K, D, 3)"""
    provisional: NDArray[np.bool_]
    """(K, D)"""
    booked: NDArray[np.bool_]
    """(K, D)"""
    meters: I64
    """(K,)"""
    crossings: dict[int, Crossings] = field(default_factory=dict)
    """Of the rows that have any."""
    used: int = 0
    most: float = 0.0
    """The largest amount of all, whatever its sign."""

    @classmethod
    def room(cls, count: int, name: Name, shape: Shape) -> Stack:
        """A stack for so many blocks, none of them there yet."""
        days, slots, hours = shape
        wide = len(name.offsets)

        def empty(kind: Any, *inside: int) -> Any:
            return np.empty((count, *inside), dtype=kind)

        return cls(
            name,
            shape,
            empty(np.int64, days, slots),
            empty(np.bool_, days, slots),
            empty(np.uint16, days, slots, 4),
            empty(np.uint16, days, hours, 4),
            empty(np.int64, days, wide),
            empty(np.int64, days, wide),
            empty(np.uint16, days, 4),
            empty(np.int64, days, 3),
            empty(np.bool_, days),
            empty(np.bool_, days),
            empty(np.int64),
        )

    def reserve(self, count: int) -> slice:
        """The next so many rows; there is room for as many as the stack was made for, and for
        more by making it anew."""
        first, self.used = self.used, self.used + count
        there = len(self.meters)
        wanted = max(self.used, 2 * there) if self.used > there else 0
        for name in _ARRAYS if wanted else ():
            old = getattr(self, name)
            new = np.empty((wanted, *old.shape[1:]), dtype=old.dtype)
            new[:first] = old[:first]
            setattr(self, name, new)
        return slice(first, self.used)

    def put(self, block: Block) -> StackPlace:
        """A block of the stack's name and shape upon the others."""
        own = self.reserve(1)
        row = own.start
        self.known[row] = block.slots != ABSENT
        self.amounts[row] = np.where(self.known[row], block.slots, 0)
        for name in _AS_THEY_ARE:
            getattr(self, name)[row] = getattr(block, name)
        self.meters[row] = block.meters
        if any(block.crossings):
            self.crossings[row] = block.crossings
        self._measure(own)
        return StackPlace(self, row)

    def put_all(self, other: Stack) -> list[StackPlace]:
        """All blocks of another stack of this name and shape."""
        own = self.reserve(other.used)
        for name in _ARRAYS:
            getattr(self, name)[own] = getattr(other, name)[: other.used]
        for row, crossings in other.crossings.items():
            self.crossings[own.start + row] = crossings
        self.most = max(self.most, other.most)
        return [StackPlace(self, row) for row in range(own.start, own.stop)]

    def _measure(self, rows: slice) -> None:
        self.most = max(self.most, float(np.abs(self.amounts[rows]).max(initial=0)))

    def slots(self, row: int) -> I64:
        """(D, n) book units of a block, ABSENT where nothing is known."""
        return np.where(self.known[row], self.amounts[row], ABSENT)

    def block(self, row: int) -> Block:
        """A block of the stack; its arrays are the stack's own."""
        inside: dict[str, Any] = {name: getattr(self, name)[row] for name in _AS_THEY_ARE}
        return Block(
            name=self.name,
            meters=int(self.meters[row]),
            slots=self.slots(row),
            crossings=self.crossings.get(row) or ((),) * self.shape[0],
            **inside,
        )

    def read(
        self,
        series: Sequence[tuple[Mapping[date, BookRow], str, int]],
        days: Sequence[date],
    ) -> dict[int, StackPlace]:
        """Blocks of series: (rows by day, time zone, meters) each; by their places among the
        series. Those whose rows are not all of one part of the stack's shape are left out."""
        count, slots, hours = self.shape
        found, at, rows, parts = list[int](), list[int](), list[BookRow](), list[Part]()
        for n, (by_day, _, _) in enumerate(series):
            there = [(i, row) for i, day in enumerate(days) if (row := by_day.get(day)) is not None]
            if all(_fits(row, self.name, slots, hours) for _, row in there):
                at += [len(found) * count + i for i, _ in there]
                rows += [row for _, row in there]
                parts += [row.parts[0] for _, row in there]
                found.append(n)
        own = self.reserve(len(found))
        self._blank(own)
        self.meters[own] = [series[n][2] for n in found]
        if rows:
            self._fill(own, at, rows, parts)
            if self.name.scope is not None:
                self._price(own, at, rows, parts, [series[n][1] for n in found])
        self._measure(own)
        return {n: StackPlace(self, own.start + k) for k, n in enumerate(found)}

    def _blank(self, rows: slice) -> None:
        """Nothing is known of any day."""
        names = ("amounts", "windows", "estimated", "spill", "shares", "hours", "days")
        for name in (*names, "known", "provisional", "booked"):
            getattr(self, name)[rows] = 0
        for name in ("shares", "hours", "days"):
            getattr(self, name)[rows][..., MISSING] = WHOLE

    def _fill(
        self, into: slice, at: list[int], rows: Sequence[BookRow], parts: Sequence[Part]
    ) -> None:
        """Put parts at their days, counted through from the first row on."""

        def put(name: str, values: Any) -> None:
            own = getattr(self, name)[into]
            flat = own.reshape(-1, *own.shape[2:])  # a view: rows side by side lie in one piece
            flat[at] = np.asarray(values).reshape(-1, *own.shape[2:])

        slots = np.concatenate([part.slots for part in parts])
        known = slots != ABSENT
        put("known", known)
        put("amounts", np.where(known, slots, 0))
        put("shares", np.concatenate([part.shares for part in parts]))
        put("hours", np.concatenate([part.hour_shares for part in parts]))
        put("days", np.concatenate([row.day_shares for row in rows]))
        put("spill", [row.spill for row in rows])
        put("provisional", [row.provisional for row in rows])
        put("booked", np.ones(len(rows), dtype=np.bool_))

    def _price(
        self,
        into: slice,
        at: Sequence[int],
        rows: Sequence[BookRow],
        parts: Sequence[Part],
        zones: Sequence[str],
    ) -> None:
        count = self.shape[0]
        for place, row, part in zip(at, rows, parts, strict=True):
            n, i = divmod(place, count)
            k = into.start + n
            held = windows_for(part, self.name.offsets, row.day, zones[n])
            self.windows[k, i], self.estimated[k, i] = held.quantity, held.estimated
            if held.crossings:
                days = list(self.crossings.get(k) or ((),) * count)
                days[i] = held.crossings
                self.crossings[k] = tuple(days)

    def summed(self, figures: Sequence[Addends]) -> list[Stack]:
        """Sums of blocks, in stacks of their own and in the order of the figures, all of which
        have equally many terms; the quality is the mean by weight."""
        days, slots, _ = self.shape
        size = max(1, SLOTS_AT_ONCE // max(1, days * slots))
        return [self._summed(figures[a : a + size]) for a in range(0, len(figures), size)]

    def _summed(self, figures: Sequence[Addends]) -> Stack:
        rows = np.array([one.rows for one in figures], dtype=np.int64)
        signs = np.array([one.signs for one in figures], dtype=np.int64)
        weights = self.meters[rows]
        plain = None if (signs == 1).all() else signs
        heavy = None if (weights == 1).all() else weights

        def of(name: str, factors: I64 | None) -> I64:
            return _added(getattr(self, name), rows, factors)

        own = [
            weights[n].sum() if one.meters is None else one.meters for n, one in enumerate(figures)
        ]
        quality = shares_of(of("days", heavy))
        found = Stack(
            self.name,
            self.shape,
            of("amounts", plain),
            of("known", None) > 0,
            shares_of(of("shares", heavy)),
            shares_of(of("hours", heavy)),
            of("windows", plain),
            of("estimated", plain),
            quality,
            _spills(quality, of("spill", heavy)),
            of("provisional", None) > 0,
            of("booked", None) > 0,
            np.array(own, dtype=np.int64),
            used=len(figures),
        )
        found._measure(slice(0, found.used))
        for n, one in enumerate(figures) if self.crossings else ():
            if crossings := self._united(one):
                found.crossings[n] = crossings
        return found

    def _united(self, one: Addends) -> Crossings | None:
        """The crossings of a figure's terms; None where they have none."""
        signed = [
            tuple(day if sign == 1 else tuple(map(opposite, day)) for day in self.crossings[row])
            for row, sign in zip(one.rows, one.signs, strict=True)
            if row in self.crossings
        ]
        if not signed:
            return None
        return tuple(united(c for day in days for c in day) for days in zip(*signed, strict=True))

    def fits(self, terms: int) -> bool:
        """Whether a sum of so many of its blocks, and of all slots of that, surely fits 64 bits."""
        days, slots, _ = self.shape
        return self.most * terms * days * slots < LIMIT

    def heard(self, rows: Sequence[int]) -> NDArray[np.bool_]:
        """(D, n) whether one of the blocks knows the slot."""
        return np.asarray(self.known[list(rows)].any(axis=0))

    def book_rows(
        self, keys: Sequence[SeriesKey], days: Sequence[date], rules: int, registry: int
    ) -> list[list[BookRow]]:
        """What `blocks.rows_of` makes of each block; the keys are those of the blocks."""
        slots = np.where(self.known, self.amounts, ABSENT)
        sums: list[list[int]] = self.amounts.sum(axis=2).tolist()
        some: list[list[bool]] = np.asarray(self.known.any(axis=2)).tolist()
        booked = self.booked.tolist()
        spills, provisional = self.spill.tolist(), self.provisional.tolist()
        meters = self.meters.tolist()
        return [
            [
                BookRow(
                    key,
                    day,
                    (self._part(k, i, slots[k, i], meters[k]),),
                    sums[k][i] if some[k][i] else None,
                    self.days[k, i],
                    tuple(spills[k][i]),
                    provisional=provisional[k][i],
                    rules=rules,
                    registry=registry,
                )
                for i, day in enumerate(days)
                if booked[k][i]
            ]
            for k, key in enumerate(keys)
        ]

    def _part(self, k: int, i: int, slots: I64, meters: int) -> Part:
        name, windows = self.name, None
        if name.scope is not None:
            held = self.crossings.get(k)
            windows = PriceWindows(
                name.offsets, self.windows[k, i], self.estimated[k, i], held[i] if held else ()
            )
        return Part(
            name.step_min,
            slots,
            self.shares[k, i],
            self.hours[k, i],
            name.scope,
            windows,
            meters,
        )


_AS_THEY_ARE = (
    *("shares", "hours", "windows", "estimated"),
    *("days", "spill", "provisional", "booked"),
)
_ARRAYS = ("amounts", "known", "meters", *_AS_THEY_ARE)


def _fits(row: BookRow, name: Name, slots: int, hours: int) -> bool:
    part = row.parts[0]
    return (
        len(row.parts) == 1
        and part.step_min == name.step_min
        and len(part.slots) == slots
        and len(part.hour_shares) == hours
    )


def _added(values: NDArray[Any], rows: I64, factors: I64 | None) -> I64:
    """(F, ...) sums of the rows (F, T) of values, each times its factor."""
    figures, terms = rows.shape
    found = np.zeros((figures, *values.shape[1:]), dtype=np.int64)
    inside = (1,) * (values.ndim - 1)
    if terms <= figures:
        for t in range(terms):
            part = values[rows[:, t]]
            if factors is not None:
                part = part * factors[:, t].reshape(-1, *inside)
            found += part
        return found
    size = max(1, SLOTS_AT_ONCE // max(1, found[0].size // 4))
    for f in range(figures):
        for a in range(0, terms, size):
            part = values[rows[f, a : a + size]]
            if factors is not None:
                part = part * factors[f, a : a + size].reshape(-1, *inside)
            found[f] += part.sum(axis=0, dtype=np.int64)
    return found


def _spills(days: Shares, weighted: I64) -> I64:
    """Spills (F, D, 3) of many figures."""
    flat = spills_of(days.reshape(-1, 4), weighted.reshape(-1, 3))
    return flat.reshape(weighted.shape)
