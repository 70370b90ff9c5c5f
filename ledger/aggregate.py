"""Node figures from meter rows, by the plan, many days at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from ledger.blocks import Block, combined, estimated
from ledger.periods import Clock, day_edges
from ledger.plan import Figure, Name, Plan, Term
from metering.book import BookRow, SeriesKey
from metering.localtime import slot_count
from metering.quantity import I64
from metering.registry import Registry

Rows = Mapping[SeriesKey, Mapping[date, BookRow]]
"""Current rows by series and day."""


def affected(plan: Plan, meters: Iterable[str]) -> list[Figure]:
    """Figures that one of the meters can change, children before parents."""
    changed = {("meter", code) for code in meters}
    names: set[Name] = set()
    found = []
    for name, figure in plan.figures.items():
        terms = (*figure.totals, *figure.parts)
        if any(
            (t.kind, t.code) in changed or (t.kind == "node" and (t.code, t.item) in names)
            for t in terms
        ):
            names.add(name)
            found.append(figure)
    return found


def needed(plan: Plan, figures: Sequence[Figure]) -> list[SeriesKey]:
    """Series whose rows must be read to make the figures."""
    own = {(figure.node, figure.item) for figure in figures}
    return sorted(
        {
            plan.key(term)
            for figure in figures
            for term in (*figure.totals, *figure.parts)
            if term.kind == "meter" or (term.code, term.item) not in own
        }
    )


def same_shape(zones: Iterable[str], days: Sequence[date]) -> list[list[date]]:
    """The days grouped so that in each group all zones have days of equal length."""
    names = sorted(set(zones))
    groups: dict[tuple[int, ...], list[date]] = {}
    for day in days:
        groups.setdefault(tuple(slot_count(day, zone, 15) for zone in names), []).append(day)
    return list(groups.values())


def node_rows(
    registry: Registry,
    plan: Plan,
    figures: Sequence[Figure],
    rows: Rows,
    days: Sequence[date],
    clock: Clock,
) -> list[BookRow]:
    """Rows of the figures on days of one shape; days on which nothing is booked are left out."""
    sums = _Sums(registry, plan, rows, list(days), clock)
    made: list[BookRow] = []
    for figure in figures:
        block = sums.make(figure)
        key = plan.key(Term("node", figure.node, figure.item))
        made += block.rows(key, sums.days)
    return made


def unmetered(total: BookRow, parts: Sequence[BookRow]) -> I64:
    """What a total holds beyond its parts, slot by slot (n,) [book units].

    Derived, never booked. ABSENT where the total or any part is; the parts have the total's
    step.
    """
    stacked = np.stack([total.slots, *(row.slots for row in parts)])
    absent = np.iinfo(np.int64).min
    known = (stacked != absent).all(axis=0)
    rest = np.where(known, stacked[0] - np.where(known, stacked[1:], 0).sum(axis=0), absent)
    return np.asarray(rest, dtype=np.int64)


@dataclass
class _Sums:
    registry: Registry
    plan: Plan
    rows: Rows
    days: list[date]
    clock: Clock
    made: dict[Name, Block] = field(default_factory=dict)

    def make(self, figure: Figure) -> Block:
        """The figure's block; remembered for the figures above."""
        if figure.totals:
            block = self._sum(figure.totals, figure)
            block = self._filled(block, figure)
        else:
            block = self._sum(figure.parts, figure)
        self.made[figure.node, figure.item] = block
        return block

    def _filled(self, block: Block, figure: Figure) -> Block:
        fitting = figure.parts and all(self._step(t) <= figure.step_min for t in figure.parts)
        if not fitting:
            return block
        parts = self._sum(figure.parts, figure)
        return estimated(block, parts, self._expected(figure, block.slots.shape[1]))

    def _sum(self, terms: Sequence[Term], figure: Figure) -> Block:
        slots, hours = self._shape(figure.node, figure.step_min)
        blocks = [self._block(term).resampled(figure.step_min).signed(term.sign) for term in terms]
        weights = [self._weight(term) for term in terms]
        if not blocks:
            return Block.missing(len(self.days), figure.step_min, slots, hours)
        return combined(_one_shape(blocks), weights)

    def _block(self, term: Term) -> Block:
        if term.kind == "node" and (term.code, term.item) in self.made:
            return self.made[term.code, term.item]
        step = self._step(term)
        node = term.code if term.kind == "node" else self.registry.meters[term.code].node
        slots, hours = self._shape(node, step)
        rows = self.rows.get(self.plan.key(term), {})
        wide = max((len(r.slots) for r in rows.values() if r.step_min == step), default=slots)
        return Block.of(rows, self.days, step, max(slots, wide), hours)

    def _shape(self, node: str, step_min: int) -> tuple[int, int]:
        zone = self.registry.zone(node)
        starts, _ = day_edges(self.days[0], zone, step_min)
        return len(starts), slot_count(self.days[0], zone, 60)

    def _step(self, term: Term) -> int:
        if term.kind == "meter":
            return self.registry.meters[term.code].step_min
        return self.plan.figures[term.code, term.item].step_min

    def _weight(self, term: Term) -> int:
        if term.kind == "meter":
            return 1
        return max(1, len(self.plan.figures[term.code, term.item].meters))

    def _expected(self, figure: Figure, slots: int) -> I64:
        """(D, n) time of each slot that is due by now [us]."""
        zone = self.registry.zone(figure.node)
        due = np.zeros((len(self.days), slots), dtype=np.int64)
        for i, day in enumerate(self.days):
            starts, ends = day_edges(day, zone, figure.step_min)
            wide = min(len(starts), slots)
            due[i, :wide] = (np.minimum(ends, self.clock.as_of_us) - starts)[:wide]
        return np.maximum(due, 0)


def _one_shape(blocks: Sequence[Block]) -> list[Block]:
    """Blocks of days of different length (sites in other zones), padded to the longest."""
    slots = max(b.slots.shape[1] for b in blocks)
    hours = max(b.hours.shape[1] for b in blocks)
    if all(b.slots.shape[1] == slots and b.hours.shape[1] == hours for b in blocks):
        return list(blocks)
    return [_padded(b, slots, hours) for b in blocks]


def _padded(block: Block, slots: int, hours: int) -> Block:
    wide = Block.missing(len(block.slots), block.step_min, slots, hours)
    wide.slots[:, : block.slots.shape[1]] = block.slots
    wide.shares[:, : block.shares.shape[1]] = block.shares
    wide.hours[:, : block.hours.shape[1]] = block.hours
    return Block(
        block.step_min,
        wide.slots,
        wide.shares,
        wide.hours,
        block.days,
        block.spill,
        block.provisional,
        block.booked,
    )
