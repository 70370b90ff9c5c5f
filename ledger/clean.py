"""Validation of one register: which readings stand, and what the steps between them mean.

    value   ┌ spike: leaves and comes back, dropped
      ▲     │    ╱ rollover: + 10**digits
      │  ╱╲ │  ╱│      ┌ reset or jump: a break, the energy across it is unknown
      │╱    ╲╱  │  ____│
      │         │╱     │╱    flat and then more than a step can hold: stuck, apportioned
      └────────────────────▶ time

Nothing here knows a model of the load; the register alone decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ledger.limits import FEW, RegisterLimits
from metering.quality import APPORTIONED, MEASURED, MISSING
from metering.quantity import I64

Span = tuple[str, int, int]
"""(kind, start_us, end_us) of something found on a register."""
Rested = Callable[[int, int], bool]
"""(start_us, length_us) of an open flat run -> whether the meter is known to rest so long."""


@dataclass
class Cleaned:
    """Good readings of one register and the segments between them."""

    time_us: I64
    """(n,) rising."""
    energy: I64
    """(n - 1,) book units that passed in each segment; 0 across a break."""
    quality: NDArray[np.int8]
    """(n - 1,) MEASURED, APPORTIONED or MISSING."""
    spans: list[Span] = field(default_factory=list)


def clean(
    time_us: I64,
    value: I64,
    limits: RegisterLimits,
    *,
    ended: bool = True,
    rested: Rested | None = None,
) -> Cleaned:
    """Settle one register's readings, given in rising time.

    `ended` says that no later reading exists, so a flat run at the end is open: where the
    meter has not `rested` as long before, the run is missing from its start.
    """
    walk = _Walk(time_us, value, limits)
    walk.run()
    kept = np.flatnonzero(walk.keep)
    at, now = time_us[kept], value[kept]
    energy = np.diff(now) + walk.turn[kept[1:]] * (limits.modulus or 0)
    passed = np.diff(at)
    quality = np.where(2 * passed > 3 * limits.step_us, APPORTIONED, MEASURED).astype(np.int8)
    quality[walk.stuck[kept[1:]]] = APPORTIONED
    broken = walk.broken[kept[1:]]
    energy[broken], quality[broken] = 0, MISSING
    settled = walk.settled[kept[1:]]
    spans = walk.spans + _gaps(at, passed, quality, settled, limits)
    cleaned = Cleaned(at, energy, quality, spans)
    if ended and rested is not None:
        _open_end(cleaned, limits, rested)
    cleaned.spans.sort(key=lambda span: (span[1], span[2], span[0]))
    return cleaned


def _gaps(
    at: I64,
    passed: I64,
    quality: NDArray[np.int8],
    settled: NDArray[np.bool_],
    limits: RegisterLimits,
) -> list[Span]:
    wide = (passed >= 2 * limits.step_us) & (quality == APPORTIONED) & ~settled
    return [("gap", int(at[i]), int(at[i + 1])) for i in np.flatnonzero(wide)]


def _open_end(cleaned: Cleaned, limits: RegisterLimits, rested: Rested) -> None:
    moved = np.flatnonzero((cleaned.energy != 0) | (cleaned.quality == MISSING))
    first = int(moved[-1]) + 1 if moved.size else 0
    if first >= len(cleaned.time_us):
        return
    start, end = int(cleaned.time_us[first]), int(cleaned.time_us[-1])
    if end - start < limits.flat_us or rested(start, end - start):
        return
    cleaned.quality[first:] = MISSING
    cleaned.spans = [s for s in cleaned.spans if not (s[0] == "gap" and s[1] >= start)]
    cleaned.spans.append(("stuck", start, end))


def longest_rest(cleaned: Cleaned) -> int:
    """Longest closed, genuine flat run [us]: readings that stand still and then go on by a
    step the register can make. 0 where there is none."""
    still = (cleaned.energy == 0) & (cleaned.quality != MISSING)
    if not still.any():
        return 0
    edges = np.diff(np.concatenate(([0], still.astype(np.int8), [0])))
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    closed = last < len(still)
    closed[closed] &= cleaned.quality[last[closed]] != MISSING
    lengths = cleaned.time_us[last[closed]] - cleaned.time_us[first[closed]]
    return int(lengths.max(initial=0))


class _Walk:
    """Goes from one doubtful step to the next; the clean stretches between cost nothing."""

    def __init__(self, time_us: I64, value: I64, limits: RegisterLimits) -> None:
        count = len(time_us)
        self.time, self.value, self.limits = time_us, value, limits
        self.keep = np.ones(count, dtype=np.bool_)
        self.turn = np.zeros(count, dtype=np.int64)
        self.broken = np.zeros(count, dtype=np.bool_)
        self.stuck = np.zeros(count, dtype=np.bool_)
        self.settled = np.zeros(count, dtype=np.bool_)
        self.spans: list[Span] = []

    def run(self) -> None:
        step = np.diff(self.value)
        doubtful = (step < 0) | (step > self.limits.cap(np.diff(self.time)))
        done = 0
        for position in np.flatnonzero(doubtful).tolist():
            if position >= done:
                done = self._settle(position, position + 1)

    def _settle(self, good: int, here: int) -> int:
        """Decide the step from the last good reading; returns the next accepted one."""
        for decide in (self._spike, self._past_spike, self._rollover, self._spike_at_turn):
            accepted = decide(good, here)
            if accepted is not None:
                return accepted
        self._break_or_stuck(good, here)
        return here

    def _spike(self, good: int, here: int) -> int | None:
        for back in range(here + 1, min(here + FEW, len(self.time) - 1) + 1):
            low, high = self.value[good], self.value[back]
            between = self.value[here:back]
            if self._plausible(good, back) and bool(((between < low) | (between > high)).all()):
                return self._drop(here, back)
        return None

    def _past_spike(self, good: int, here: int) -> int | None:
        """A rise that looked possible, but the register came back below it."""
        if self.value[here] >= self.value[good]:
            return None
        before = good
        for _ in range(FEW):
            if self.broken[before] or self.turn[before] or self.stuck[before]:
                return None
            before = self._previous(before)
            if before < 0:
                return None
            if self._plausible(before, here):
                return self._drop(before + 1, here)
        return None

    def _rollover(self, good: int, here: int) -> int | None:
        if not self._turns(good, here):
            return None
        self.turn[here] = 1
        self.spans.append(("rollover", int(self.time[good]), int(self.time[here])))
        return here

    def _spike_at_turn(self, good: int, here: int) -> int | None:
        for back in range(here + 1, min(here + FEW, len(self.time) - 1) + 1):
            between = self.value[here:back]
            inside = (between > self.value[back]) & (between < self.value[good])
            if self._turns(good, back) and bool(inside.all()):
                self._drop(here, back)
                return self._rollover(good, back)
        return None

    def _break_or_stuck(self, good: int, here: int) -> None:
        rise = int(self.value[here] - self.value[good])
        if rise < 0:
            self._break("reset", good, here)
            return
        first = self._flat_start(good)
        flat = int(self.time[good] - self.time[first])
        whole = int(self.time[here] - self.time[first])
        if flat < self.limits.flat_us or rise > self.limits.cap(whole):
            self._break("jump", good, here)
            return
        self.keep[first + 1 : here] = False
        self.stuck[here] = self.settled[here] = True
        self.spans.append(("stuck", int(self.time[first]), int(self.time[here])))

    def _break(self, kind: str, good: int, here: int) -> None:
        self.broken[here] = True
        self.spans.append((kind, int(self.time[good]), int(self.time[here])))

    def _drop(self, first: int, back: int) -> int:
        self.keep[first:back] = False
        self.settled[back] = True
        start = int(self.time[first])
        self.spans = [s for s in self.spans if s[0] != "spike" or s[1] < start]
        self.spans.append(("spike", start, int(self.time[back])))
        return back

    def _flat_start(self, good: int) -> int:
        first, before = good, good
        while before >= 0 and self.value[before] == self.value[good]:
            first = before
            if self.broken[before] or self.turn[before]:
                break
            before = self._previous(before)
        return first

    def _previous(self, index: int) -> int:
        index -= 1
        while index >= 0 and not self.keep[index]:
            index -= 1
        return index

    def _plausible(self, good: int, here: int) -> bool:
        rise = int(self.value[here] - self.value[good])
        return 0 <= rise <= float(self.limits.cap(int(self.time[here] - self.time[good])))

    def _turns(self, good: int, here: int) -> bool:
        modulus = self.limits.modulus
        rise = int(self.value[here] - self.value[good])
        if modulus is None or rise >= 0 or self.value[good] >= modulus:
            return False
        most = float(self.limits.cap(int(self.time[here] - self.time[good])))
        return 0 <= rise + modulus <= min(most, modulus // 10 if most == np.inf else most)
