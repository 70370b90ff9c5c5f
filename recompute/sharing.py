"""What one of several has of a shared place: docs/recompute.md, "Parts of a shared place"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from recompute.curve import apportioned
from recompute.facts import PriceLine

Crossing = tuple[int, int, bool, int, tuple[int, ...], bool]
"""Start of the first price window it touches, end of the last, whether it is measured, the first of
the day's windows that it touches, book units in each from there on, whether they are taken off."""


@dataclass(frozen=True)
class PartOf:
    """Whose part of a figure is meant: weights in the order of codes, and which of them."""

    weights: tuple[int, ...]
    place: int

    def of(self, amount: int | None) -> int | None:
        """The part of an amount by largest remainder."""
        if amount is None:
            return None
        sign = -1 if amount < 0 else 1
        return sign * apportioned(abs(amount), self.weights)[self.place]

    def at_most(self, amount: int, left: int) -> int:
        """The own share of an amount, rounded down in size, of what is left in the same sign."""
        if amount * left <= 0:
            return 0
        own = min(abs(amount) * self.weights[self.place] // sum(self.weights), abs(left))
        return -own if amount < 0 else own


@dataclass
class DaySheet:
    """A part of a day, by slot and price window."""

    rows: tuple[PriceLine | None, ...] = (None,)
    """What prices each window."""
    pieces: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    """By slot, then by window, book units; a slot has every window that it lies in."""
    times: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    """Likewise the time of the slot that lies in each [us]."""
    crossings: list[Crossing] = field(default_factory=list)
    stood_in: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """By window, what is estimated."""
    gaps: set[int] = field(default_factory=set)
    """Windows that a gap over several rows touches."""

    def add(self, slot: int, window: int, amount: int, time: int = 0) -> None:
        """Energy of a slot in a window."""
        self.pieces[slot][window] = self.pieces[slot].get(window, 0) + amount
        self.times[slot][window] = max(time, self.times[slot].get(window, 0))

    def held(self) -> dict[int, int]:
        """What each window holds."""
        found: dict[int, int] = dict.fromkeys(range(len(self.rows)), 0)
        for pieces in self.pieces.values():
            for window, amount in pieces.items():
                found[window] += amount
        return found


def part_of(sheet: DaySheet, slots: Sequence[int | None], part: PartOf) -> DaySheet:
    """The sheet of a part, from that of the whole; `slots` are the whole's."""
    found = DaySheet(sheet.rows)
    for n, amount in enumerate(slots):
        own = part.of(amount)
        if own is None:
            continue
        windows = sorted(sheet.pieces[n])
        whole = [sheet.pieces[n][w] for w in windows]
        times = [sheet.times[n][w] for w in windows]
        for window, piece, time in zip(windows, _as(own, whole, times), times, strict=True):
            found.add(n, window, piece, time)
    left = found.held()
    for first, last, measured, window, parts, off in sheet.crossings:
        taken = []
        for w, amount in enumerate(parts, start=window):
            own = part.at_most(amount, left[w])
            left[w] -= own
            taken.append(own)
        found.crossings.append((first, last, measured, window, tuple(taken), off))
    for window, amount in sheet.stood_in.items():
        found.stood_in[window] = part.at_most(amount, left[window])
    return found


def _as(amount: int, whole: Sequence[int], times: Sequence[int]) -> list[int]:
    """An amount divided as a whole is, rounded down from the left; by time where the whole holds
    nothing, or energy of both signs."""
    alike = len({piece > 0 for piece in whole if piece}) == 1
    weights = [abs(piece) for piece in whole] if alike else list(times)
    edges = [0, *(abs(amount) * upto // sum(weights) for upto in accumulate(weights))]
    return [(b - a) * (-1 if amount < 0 else 1) for a, b in pairwise(edges)]
