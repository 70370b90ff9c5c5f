"""What passed between two registers of one meter, where it is known although the curve of neither
says it.

    one register  ──a   t   b──     another ratio from t on: what it counted from a to b is split
                    ├───┴───┤       at t by time

    a window      ──a [   ] b──     all that passed from a to b, as one

    another meter ──a   t   b──     from a to t it passed for the one, from t to b for the other
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ledger.curve import Curve
from metering.quality import APPORTIONED, MISSING


class Turn(NamedTuple):
    """A change of register or ratio over which what passed can be known [us]."""

    start_us: int
    end_us: int
    """The same for an instant."""
    noted: bool
    """Whether final and first value were written down; else one register goes on."""


@dataclass(frozen=True)
class Passage:
    """From the last reading of the old register that stands to the first of the new one."""

    turn: Turn
    start_us: int
    end_us: int
    before: int = 0
    """Book units up to the change, at the old ratio."""
    after: int = 0
    refused: str = ""
    """`reset` or `jump` where one register cannot have gone from one to the other."""

    @property
    def known(self) -> bool:
        """Whether one register is known to have gone on."""
        return not self.turn.noted and not self.refused

    def part(self, *, first: bool) -> Passage | None:
        """Of a register that goes on under another meter: up to the change, or from there on; in
        a window that is at its middle. None where nothing is between."""
        middle = (self.turn.start_us + self.turn.end_us) // 2
        at = min(max(middle, self.start_us), self.end_us)
        before, after = replace(self, end_us=at, after=0), replace(self, start_us=at, before=0)
        part = before if first else after
        return part if part.start_us < part.end_us else None

    def between(self) -> Curve:
        """Of a register that goes on: split where the ratio changes, as one over a window."""
        at, energy = self.turn.start_us, [self.before, self.after]
        knots = [self.start_us, at, self.end_us]
        if at < self.turn.end_us or not self.start_us < at < self.end_us:
            knots, energy = [self.start_us, self.end_us], [sum(energy)]
        return _apportioned(knots, energy)


def merged(turn: Turn, left: Curve, right: Curve) -> tuple[Curve, Curve, Curve]:
    """(left, between, right) of registers whose final and first values stand at the ends of the
    window: all that passed from the last reading before it to the first one after it, as one."""
    final = bool(len(left.time_us)) and int(left.time_us[-1]) == turn.end_us
    first = bool(len(right.time_us)) and int(right.time_us[0]) == turn.start_us
    one, other = (_segment(left, -1) if final else None), (_segment(right, 0) if first else None)
    left, right = (_cut(left, last=True) if final else left), (_cut(right) if first else right)
    if one is None or other is None:
        return left, Curve.empty(), right
    knots = [int(left.time_us[-1]), int(right.time_us[0])]
    return left, _apportioned(knots, [one + other]), right


def _apportioned(knots: list[int], energy: list[int]) -> Curve:
    quality = np.full(len(energy), APPORTIONED, dtype=np.int8)
    return Curve.of(np.array(knots, dtype=np.int64), np.array(energy, dtype=np.int64), quality)


def _segment(curve: Curve, place: int) -> int | None:
    """Energy of the first or the last segment; None where it has none, or is missing."""
    if len(curve.time_us) < 2 or int(curve.quality[place]) == MISSING:
        return None
    return int(np.diff(curve.total)[place])


def _cut(curve: Curve, *, last: bool = False) -> Curve:
    """Without its first knot, or its last one."""
    if len(curve.time_us) < 2:
        return Curve.empty()
    part = slice(None, -1) if last else slice(1, None)
    return Curve(curve.time_us[part], curve.total[part], curve.quality[part])
