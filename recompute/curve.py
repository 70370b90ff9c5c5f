"""What passed up to each instant: whole book units, linear between neighbours that stand.

A stretch is measured, apportioned, estimated (a person entered it) or missing; before the first and
after the last one everything is missing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

MEASURED, APPORTIONED, ESTIMATED, MISSING = range(4)
NAMES = ("measured", "apportioned", "estimated", "missing")
WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class CurveStretch:
    """Between two neighbouring readings that stand."""

    start: int
    end: int
    energy: int
    """Book units; 0 where it is missing."""
    quality: int

    def passed(self, time_us: int) -> int:
        """Up to an instant inside, rounded down."""
        return self.energy * (time_us - self.start) // (self.end - self.start)

    def within(self, start: int, end: int) -> int:
        """What passed from the later of the starts to the earlier of the ends."""
        first, last = max(start, self.start), min(end, self.end)
        return self.passed(last) - self.passed(first) if first < last else 0


@dataclass(frozen=True)
class PassedCurve:
    """Stretches side by side, each beginning where the last one ends."""

    stretches: tuple[CurveStretch, ...] = ()

    @cached_property
    def _starts(self) -> list[int]:
        return [one.start for one in self.stretches]

    def over(self, start: int, end: int) -> Iterator[CurveStretch]:
        """Those that share time with [start, end)."""
        place = max(bisect_right(self._starts, start) - 1, 0)
        for one in self.stretches[place:]:
            if one.start >= end:
                return
            if one.end > start:
                yield one

    def energy(self, start: int, end: int) -> int | None:
        """What passed in [start, end); None where nothing of it is known."""
        known = [one for one in self.over(start, end) if one.quality != MISSING]
        return sum(one.within(start, end) for one in known) if known else None

    def times(self, start: int, end: int, *, held: bool) -> list[int]:
        """Time in each class [us]. With `held` a gap that lies wholly inside is measured."""
        times = [0, 0, 0, 0]
        for one in self.over(start, end):
            inside = one.quality == APPORTIONED and start <= one.start and one.end <= end
            quality = MEASURED if held and inside else one.quality
            times[quality] += min(one.end, end) - max(one.start, start)
        times[MISSING] = end - start - times[MEASURED] - times[APPORTIONED] - times[ESTIMATED]
        return times


def joined(curves: Sequence[PassedCurve]) -> PassedCurve:
    """Registers of one meter one after the other: nothing is known from the end of one to the
    start of the next, unless they meet in one instant."""
    found: list[CurveStretch] = []
    for curve in curves:
        if found and curve.stretches and curve.stretches[0].start > found[-1].end:
            found.append(CurveStretch(found[-1].end, curve.stretches[0].start, 0, MISSING))
        found += curve.stretches
    return PassedCurve(tuple(found))


def of_times(times: Sequence[int]) -> tuple[int, ...]:
    """Shares of 10,000 by largest remainder, the earlier class first where two are equal; wholly
    missing where there is no time."""
    if not any(times):
        return (0, 0, 0, WHOLE)
    return apportioned(WHOLE, times)


def apportioned(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """An amount of 0 or more split by weights, exactly; evenly where all are 0."""
    used = weights if any(weights) else [1] * len(weights)
    whole = sum(used)
    parts = [amount * one // whole for one in used]
    rests = sorted(range(len(used)), key=lambda n: (-(amount * used[n] % whole), n))
    for place in rests[: amount - sum(parts)]:
        parts[place] += 1
    return tuple(parts)


def mean(shares: Sequence[Sequence[int]], weights: Sequence[int]) -> tuple[int, ...]:
    """The mean of shares by weight."""
    pairs = list(zip(shares, weights, strict=True))
    return of_times([sum(one[n] * weight for one, weight in pairs) for n in range(4)])


def side_by_side(knots: Sequence[tuple[int, int, int, int]]) -> PassedCurve:
    """Stretches (start, end, energy, quality) in rising time; missing between them."""
    found: list[CurveStretch] = []
    for start, end, energy, quality in knots:
        if found and found[-1].end < start:
            found.append(CurveStretch(found[-1].end, start, 0, MISSING))
        found.append(CurveStretch(start, end, energy, quality))
    return PassedCurve(tuple(found))
