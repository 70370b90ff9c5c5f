"""The cumulative curve of a meter: what has passed up to each instant, in integers.

    C ▲              ╱  linear between neighbouring good readings
      │         ____╱
      │   ╱‾‾‾‾‾          energy of a slot = C(end) - C(start)
      └──┼────┼────┼──▶   so slots telescope: their sum is last - first, exactly

A segment is measured, apportioned, estimated (a person entered it) or missing; beyond both ends
everything is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING
from metering.quantity import I64

_SAFE_US = 3_000_000_000
"""Longest stretch whose square still fits into int64."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Knots and the segments between them."""

    time_us: I64
    """(n,) strictly rising."""
    total: I64
    """(n,) book units up to each knot, from an arbitrary zero."""
    quality: NDArray[np.int8]
    """(n - 1,) MEASURED, APPORTIONED, ESTIMATED or MISSING."""

    @classmethod
    def empty(cls) -> Curve:
        """A curve without anchors, on which nothing passes and nothing is known."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none.astype(np.int8))

    @classmethod
    def of(cls, time_us: I64, energy: I64, quality: NDArray[np.int8]) -> Curve:
        """From the energy of each segment; quality decides which of it counts."""
        total = np.zeros(len(time_us), dtype=np.int64)
        np.cumsum(energy, out=total[1:])
        return cls(time_us, total, quality)

    def at(self, instants_us: I64) -> I64:
        """C at each instant [book units]; constant beyond the ends."""
        return along(instants_us, self.time_us, self.total)

    def known(self, instants_us: I64) -> tuple[I64, I64, I64]:
        """Time spent in measured, in apportioned and in estimated segments up to each instant
        [us]."""
        none = np.zeros(len(instants_us), dtype=np.int64)
        if len(self.time_us) < 2:
            return none, none, none
        if bool((self.quality == MEASURED).all()):
            spent = np.clip(instants_us, self.time_us[0], self.time_us[-1]) - self.time_us[0]
            return spent, none, none
        inside, left = _place(instants_us, self.time_us)
        beyond, length = inside - self.time_us[left], np.diff(self.time_us)
        measured, apportioned = (
            self._spent(quality, length, left, beyond) for quality in (MEASURED, APPORTIONED)
        )
        if not bool((self.quality == ESTIMATED).any()):
            return measured, apportioned, none
        return measured, apportioned, self._spent(ESTIMATED, length, left, beyond)

    def _spent(self, quality: int, length: I64, left: I64, beyond: I64) -> I64:
        within = self.quality == quality
        spent = np.zeros(len(self.time_us), dtype=np.int64)
        np.cumsum(np.where(within, length, 0), out=spent[1:])
        return np.asarray(spent[left] + np.where(within[left], beyond, 0))

    def estimated(self) -> Curve:
        """What of it passed in the segments that are estimated."""
        energy = np.where(self.quality == ESTIMATED, np.diff(self.total), 0)
        return Curve.of(self.time_us, energy, self.quality)

    def gaps(self) -> tuple[I64, I64]:
        """(starts, ends) of the apportioned segments [us]."""
        wide = np.flatnonzero(self.quality == APPORTIONED)
        return self.time_us[wide], self.time_us[wide + 1]


def join(curves: Sequence[Curve]) -> Curve:
    """One curve after the other; between the end of one and the start of the next, nothing
    is known, unless they meet in one instant: then nothing is lost."""
    joined = Curve.empty()
    for curve in curves:
        joined = _append(joined, curve) if len(joined.time_us) else curve
    return joined


def _append(left: Curve, right: Curve) -> Curve:
    if not len(right.time_us):
        return left
    shifted = right.total - right.total[0] + left.total[-1]
    if left.time_us[-1] == right.time_us[0]:
        between, times, totals = np.zeros(0, dtype=np.int8), right.time_us[1:], shifted[1:]
    else:
        between, times, totals = np.array([MISSING], dtype=np.int8), right.time_us, shifted
    return Curve(
        np.concatenate((left.time_us, times)),
        np.concatenate((left.total, totals)),
        np.concatenate((left.quality, between, right.quality)),
    )


def along(instants: I64, knots: I64, values: I64) -> I64:
    """Integer linear interpolation, rounded down from the left knot; constant beyond the ends."""
    if not len(knots):
        return np.zeros(len(instants), dtype=np.int64)
    if len(knots) == 1:
        return np.full(len(instants), values[0], dtype=np.int64)
    inside = np.clip(instants, knots[0], knots[-1])
    left = np.searchsorted(knots, inside, side="right") - 1
    found = values[left]
    between = np.flatnonzero(knots[left] != inside)
    if len(between):
        left, inside = left[between], inside[between]
        low = knots[left]
        found[between] += share(
            values[left + 1] - values[left], inside - low, knots[left + 1] - low
        )
    return found


def _place(instants: I64, knots: I64) -> tuple[I64, I64]:
    """(instants drawn inside the knots, index of the knot to the left of each)."""
    inside = np.clip(instants, knots[0], knots[-1])
    left = np.searchsorted(knots, inside, side="right") - 1
    return inside, np.asarray(np.clip(left, 0, len(knots) - 2), dtype=np.int64)


def share(amount: I64, part: I64, whole: I64) -> I64:
    """floor(amount * part / whole) without overflow; 0 <= part <= whole."""
    if int(whole.max(initial=0)) > _SAFE_US:
        common = np.gcd(part, whole)
        part, whole = part // common, whole // common
    turns, rest = np.divmod(amount, whole)
    safe = whole <= _SAFE_US
    result = turns * part + np.where(safe, rest, 0) * part // whole
    for row in np.flatnonzero(~safe).tolist():
        result[row] += int(rest[row]) * int(part[row]) // int(whole[row])
    return np.asarray(result, dtype=np.int64)
