"""Which runs are known for good ones under a detour: docs/cleaning.md, "The story", on runs that
lead.

A run leads to a later one if the register can have gone from the end of the one to the start of the
other, a few readings at either end left out of account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from recompute.rates import Value

FEW = 4
Way = Callable[[int, int], bool]
"""Whether the register can have gone from one reading to another, both by their places."""


@dataclass
class LeadingRuns:
    """The runs of a story, by the places of their first and last readings."""

    values: Sequence[Value]
    first: Sequence[int]
    last: Sequence[int]
    fits: Way
    turned: Way
    """The same, past the last digit."""
    _known: dict[tuple[int, int, bool], bool] = field(default_factory=dict)

    def left(self, track: int, run: int, *, turned: bool = False) -> int:
        """How often it counts that the run that a detour leaves leads to one under it. Where it is
        but a rest, the run before it may lead there in its place."""
        if self._leads(track, run):
            return self._times(run, track, run, self.fits)
        if turned and self._leads(track, run, turned=True):
            return self._times(run, track, run, self.turned)
        instead = track > 0 and self._still[track] and self._spare[run] > 0
        return int(instead and self._leads(track - 1, run))

    def entered(self, run: int, target: int, *, turned: bool = False) -> int:
        """How often it counts that a run under a detour leads to the run that it enters, or, where
        that is but a rest, to the run after it."""
        if self._leads(run, target):
            return self._times(run, run, target, self.fits)
        if turned and self._leads(run, target, turned=True):
            return self._times(run, run, target, self.turned)
        instead = self._still[target] and target + 1 < len(self.first) and self._spare[run] > 0
        return int(instead and self._leads(run, target + 1))

    def _times(self, under: int, run: int, later: int, can: Way) -> int:
        """Twice where the run under the detour is long and moves, and no reading is spared."""
        direct = can(self.last[run], self.first[later])
        return 2 if direct and self._spare[under] == FEW else 1

    def _leads(self, run: int, later: int, *, turned: bool = False) -> bool:
        name = (run, later, turned)
        if name not in self._known:
            can = self.turned if turned else self.fits
            self._known[name] = any(can(*way) for way in self._ways(run, later))
        return self._known[name]

    def _ways(self, run: int, later: int) -> Iterator[tuple[int, int]]:
        """From the end of a run to the start of the other, fewer of the one or of the other."""
        end, start = self.last[run], self.first[later]
        yield end, start
        for n in range(1, min(self._spare[run], self._spare[later]) + 1):
            yield end - n, start
            yield end, start + n
        if self._spare[later] and not self._still[run]:
            yield self._stood(run), start

    def _stood(self, run: int) -> int:
        """The first of the readings that stand still at the end of a run."""
        place = self.last[run]
        while place > self.first[run] and self.values[place - 1][1] == self.values[place][1]:
            place -= 1
        return place

    @cached_property
    def _still(self) -> list[bool]:
        """Whether a run stands still as a whole."""
        return [self._stood(run) == self.first[run] for run in range(len(self.first))]

    @cached_property
    def _spare(self) -> list[int]:
        """How many readings of a run need not be of its track: less than half; of one that stands
        still none, so it is 0 unless three readings or more move."""
        pairs = zip(self._still, self.first, self.last, strict=True)
        return [0 if still else min((last - first) // 2, FEW) for still, first, last in pairs]
