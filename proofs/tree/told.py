"""A platform in memory that is told a tree of shared places bit by bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from metering.registry import SpaceEdge
from proofs.dated.told import ToldPlatform, valid
from proofs.dated.world import HOURS, Bit, DayNumbers
from proofs.tree.world import TreeWorld


@dataclass
class TreePlatform(ToldPlatform):
    """Who holds a place from a day on is told at once, all who have a share of it together."""

    world: TreeWorld

    def _push(self, bit: Bit) -> None:
        """Readings of a meter that falls silent end with the day before."""
        if bit.name in self.world.silent:
            last = self.world.silent[bit.name] * HOURS
            bit = replace(bit, hours=(bit.hours[0], min(bit.hours[1], last + (last > 0))))
        super()._push(bit)

    def edges(self, code: str) -> Iterator[SpaceEdge]:
        """The place's edges that are told: open until their end is told, or later ones."""
        chain = self.world.holds[code]
        told = [n for n in range(len(chain)) if self.bits_of(code, n) & self.known]
        for number in told:
            one = chain[number]
            ends = Bit("edge", code, number) in self.known or number < told[-1]
            dates = valid(one.dates if ends else DayNumbers(one.dates.start))
            for upper, share in one.shares.items():
                yield SpaceEdge(upper, code, share, dates)
