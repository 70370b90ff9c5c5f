"""Curves of many meters side by side, read off at the same instants in one go.

curves    a ───·──·───·      b ─·────·──·      c ──·──·──·──
axis      |   a          |   b          |   c          |      each in a stretch of its own
instants   |  |  |  |      |  |  |  |     |  |  |  |          (m meters, n instants)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledger.curve import Curve, share
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING
from metering.quantity import I64


@dataclass(frozen=True, eq=False)
class Curves:
    """m curves of two knots or more, one after the other: k knots in all."""

    time_us: I64
    """(k,) strictly rising within each curve."""
    total: I64
    """(k,) book units."""
    quality: NDArray[np.int8]
    """(k,) of the segment that begins at each knot; MISSING at a curve's last one."""
    firsts: I64
    """(m + 1,) place of each curve's first knot, and k."""
    axis: I64
    """(k,) the times, shifted so that they rise throughout."""
    base_us: int
    span_us: int
    """What lies between the same instants of neighbouring curves on the axis."""

    @classmethod
    def of(cls, curves: Sequence[Curve]) -> Curves:
        """Side by side, one at least. One of fewer knots than two, of which nothing is known, is
        given those that lack."""
        full = [one if len(one.time_us) > 1 else _unknown(one) for one in curves]
        quality = [part for one in full for part in (one.quality, _END)]
        return cls.joined(
            np.concatenate([one.time_us for one in full]),
            np.concatenate([one.total for one in full]),
            np.concatenate(quality),
            np.cumsum([0, *(len(one.time_us) for one in full)]),
        )

    @classmethod
    def joined(cls, time_us: I64, total: I64, quality: NDArray[np.int8], firsts: I64) -> Curves:
        """Of knots that are side by side already."""
        base, span = int(time_us.min()) - 1, int(time_us.max() - time_us.min()) + 3
        lane = np.repeat(np.arange(len(firsts) - 1), np.diff(firsts))
        axis = time_us - base + lane * span
        return cls(time_us, total, quality, firsts, axis, base, span)

    def __len__(self) -> int:
        return len(self.firsts) - 1

    def at(self, instants_us: I64) -> I64:
        """(m, n) C of each curve at n instants [book units]; constant beyond the ends."""
        inside, left = self._place(instants_us)
        found = self.total[left]
        between = np.nonzero(self.time_us[left] != inside)
        if len(between[0]):
            place, low = left[between], self.time_us[left[between]]
            rise, length = self.total[place + 1] - self.total[place], self.time_us[place + 1] - low
            found[between] += share(rise, inside[between] - low, length)
        return found

    def known(self, instants_us: I64) -> tuple[I64, I64, I64]:
        """(m, n) each: time spent in measured, in apportioned and in estimated segments up to each
        instant [us], from a start of its own for every curve."""
        inside, left = self._place(instants_us)
        if self.all_measured:
            spent = inside - self.time_us[self.firsts[:-1], np.newaxis]
            return spent, np.zeros_like(spent), np.zeros_like(spent)
        beyond, quality = inside - self.time_us[left], self.quality[left]
        measured, apportioned, estimated = (
            self._spent(which)[left] + np.where(quality == which, beyond, 0)
            for which in (MEASURED, APPORTIONED, ESTIMATED)
        )
        return measured, apportioned, estimated

    @property
    def all_measured(self) -> bool:
        """Whether all segments are."""
        others = int(np.count_nonzero(self.quality != MEASURED))
        return others == len(self)

    def _spent(self, which: int) -> I64:
        """(k,) time in segments of a quality before each knot, of all curves so far."""
        length = np.zeros(len(self.time_us), dtype=np.int64)
        length[:-1] = np.where(self.quality[:-1] == which, np.diff(self.time_us), 0)
        spent = np.zeros(len(length), dtype=np.int64)
        np.cumsum(length[:-1], out=spent[1:])
        return spent

    def _place(self, instants_us: I64) -> tuple[I64, I64]:
        """(m, n) instants drawn inside each curve's ends, and the knots to the left of them."""
        first, last = self.time_us[self.firsts[:-1]], self.time_us[self.firsts[1:] - 1]
        inside = np.clip(instants_us, first[:, np.newaxis], last[:, np.newaxis])
        lanes = np.arange(len(self), dtype=np.int64)[:, np.newaxis] * self.span_us
        left = np.searchsorted(self.axis, inside - self.base_us + lanes, side="right") - 1
        return inside, left

    def one(self, place: int) -> Curve:
        """One of them by itself; the arrays are views."""
        first, end = int(self.firsts[place]), int(self.firsts[place + 1])
        return Curve(self.time_us[first:end], self.total[first:end], self.quality[first : end - 1])

    def with_gaps(self) -> list[int]:
        """Places of the curves that have an apportioned segment."""
        at = np.flatnonzero(self.quality == APPORTIONED)
        found: list[int] = np.unique(np.searchsorted(self.firsts, at, side="right") - 1).tolist()
        return found


_END = np.array([MISSING], dtype=np.int8)


def _unknown(curve: Curve) -> Curve:
    """Nothing passes and nothing is known on it: where it has a knot, from there on."""
    start = int(curve.time_us[0]) if len(curve.time_us) else 0
    total = int(curve.total[0]) if len(curve.total) else 0
    return Curve(np.array([start, start + 1]), np.array([total, total]), _END)
