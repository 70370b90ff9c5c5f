"""Node figures from meter rows, by the plan, many days at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from ledger.blocks import Block, Name, combined, estimated, rows_of
from ledger.dividing import part_by_days, part_of_block
from ledger.periods import Clock, day_edges
from ledger.plan import Name as FigureName
from ledger.plan import Plan, PlannedFigure, Term
from ledger.windows import offsets_of
from metering.book import BookRow, Crossing, SeriesKey
from metering.localtime import MINUTE_US, day_bounds, slot_count
from metering.quantity import I64
from metering.registry import Registry
from metering.resampling import holds
from metering.tariff_choice import TariffChoice

Rows = Mapping[SeriesKey, Mapping[date, BookRow]]
"""Current rows by series and day."""


def affected(
    plan: Plan, meters: Iterable[str], touched: Iterable[FigureName] = ()
) -> list[PlannedFigure]:
    """Figures that one of the meters can change, through formulas too, or that are touched
    themselves, with all that is made of them; children before parents."""
    told = set(meters)
    changed = {("meter", code) for code in (*told, *plan.made_of(told))}
    names: set[FigureName] = set(touched)
    found = []
    for name, figure in plan.figures.items():
        terms = (*figure.totals, *figure.parts)
        if name in names or any(
            (t.kind, t.code) in changed
            or (t.kind == "node" and (t.code, t.item) in names)
            or any((key.kind, key.code) in changed for key in t.by)
            for t in terms
        ):
            names.add(name)
            found.append(figure)
    return found


def needed(plan: Plan, figures: Sequence[PlannedFigure]) -> list[SeriesKey]:
    """Series whose rows must be read to make the figures."""
    own = {(figure.node, figure.item) for figure in figures}
    terms = [term for figure in figures for term in (*figure.totals, *figure.parts)]
    made = {plan.key(t) for t in terms if t.kind == "meter" or (t.code, t.item) not in own}
    return sorted({*made, *(key for term in terms for key in term.by)})


def alike(zones: Iterable[str], days: Sequence[date], choice: TariffChoice) -> list[list[date]]:
    """The days grouped so that in each group all zones have days of equal length, and tariffs
    the same edges."""
    names = sorted(set(zones))
    groups: dict[tuple[object, ...], list[date]] = {}
    for day in days:
        counts = tuple(slot_count(day, zone, 15) for zone in names)
        plain = all(count == 96 for count in counts)
        own = (counts, choice.epoch(day), day.month, None if plain else day)
        groups.setdefault(own, []).append(day)
    return list(groups.values())


def node_rows(
    registry: Registry,
    plan: Plan,
    figures: Sequence[PlannedFigure],
    rows: Rows,
    days: Sequence[date],
    clock: Clock,
    choice: TariffChoice,
    rules: int = 1,
) -> list[BookRow]:
    """Rows of the figures on alike days, made by that version of the rules; days on which nothing
    is booked are left out."""
    sums = _Sums(registry, plan, rows, list(days), clock, choice)
    made: list[BookRow] = []
    for figure in figures:
        key = plan.key(Term("node", figure.node, figure.item))
        blocks = sums.make(figure)
        made += rows_of(blocks, key, sums.days, rules=rules, registry=registry.version)
    return made


@dataclass
class _Sums:
    registry: Registry
    plan: Plan
    rows: Rows
    days: list[date]
    clock: Clock
    choice: TariffChoice
    made: dict[FigureName, list[Block]] = field(default_factory=dict)
    _names: dict[str, Name] = field(default_factory=dict)
    _counted_names: dict[FigureName, dict[Name, int]] = field(default_factory=dict)

    def make(self, figure: PlannedFigure) -> list[Block]:
        """The figure's parts; remembered for the figures above."""
        counts = self._counts(figure)
        found = [
            replace(part, meters=counts.get(part.name, part.meters))
            for part in self._parts(figure.counted, figure)
        ]
        if figure.totals and len(found) == 1:
            found = [self._filled(found[0], figure)]
        self.made[figure.node, figure.item] = found
        return found

    def _parts(self, terms: Sequence[Term], figure: PlannedFigure) -> list[Block]:
        """Sums of the terms by name, each with the quality that the whole row has."""
        if not terms:
            return [self._nothing(figure)]
        by_name: dict[Name, list[tuple[Block, int]]] = {}
        wholes = []
        for term in terms:
            blocks = [block.signed(term.sign) for block in self._blocks(term)]
            wholes.append((blocks[0], sum(block.meters for block in blocks)))
            for block in blocks:
                by_name.setdefault(block.name, []).append((block, block.meters))
        parts = [_sum(found) for _, found in sorted(by_name.items(), key=lambda e: e[0].order)]
        if len(parts) == 1:
            return parts
        row = _sum([(_narrowed(block, (1, 1)), weight) for block, weight in wholes])
        return [part.of_row(row) for part in parts]

    def _nothing(self, figure: PlannedFigure) -> Block:
        name = Name(15, None, (0,))
        return Block.missing(len(self.days), name, self._shape(figure.node, 15), 1)

    def _filled(self, block: Block, figure: PlannedFigure) -> Block:
        """The total with its silent slots filled from parts that are as fine as it is."""
        blocks = [one.signed(term.sign) for term in figure.parts for one in self._blocks(term)]
        if not blocks or not all(holds(block.step_min, one.step_min) for one in blocks):
            return block
        alone = Name(block.step_min, None, (0,))
        parts = _sum(
            [(_unpriced(one.resampled(block.step_min), alone), one.meters) for one in blocks]
        )
        own, wide = block, max(parts.slots.shape[1], block.slots.shape[1])
        hours = max(parts.hours.shape[1], block.hours.shape[1])
        if any((b.slots.shape[1], b.hours.shape[1]) != (wide, hours) for b in (parts, block)):
            parts, block = (_padded(one, wide, hours) for one in (parts, block))
        zone = self.registry.zone(figure.node)
        start, end = day_bounds(self.days[0], zone)
        minutes = (end - start) // MINUTE_US
        filled = estimated(block, parts, self._expected(figure, block), minutes)
        return own if filled is block else filled

    def _blocks(self, term: Term) -> list[Block]:
        whole = self._whole(term)
        if term.division is None:
            return whole
        start, end = day_bounds(self.days[0], self.registry.zone(term.code))
        minutes = (end - start) // MINUTE_US
        if not term.by:
            return [part_of_block(block, term.division, minutes) for block in whole]
        shares = [term.division.on_a_day(self._counted(term.by, day)) for day in self.days]
        return [part_by_days(block, shares, minutes) for block in whole]

    def _counted(self, meters: Sequence[SeriesKey], day: date) -> list[int | None]:
        """What each counted on a day."""
        rows = [self.rows.get(key, {}).get(day) for key in meters]
        return [None if row is None else row.total for row in rows]

    def _whole(self, term: Term) -> list[Block]:
        if term.kind == "node" and (term.code, term.item) in self.made:
            return self.made[term.code, term.item]
        rows = self.rows.get(self.plan.key(term), {})
        if term.kind == "meter":
            node, counts = self.registry.meters[term.code].node, {self._name(term.code): 1}
        else:
            node = term.code
            counts = self._counts(self.plan.figure(term.code, term.item))
        zone = self.registry.zone(node)
        return [
            Block.of(rows, self.days, name, self._shape(node, name.step_min), meters, zone)
            for name, meters in sorted(counts.items(), key=lambda e: e[0].order)
        ]

    def _counts(self, figure: PlannedFigure) -> dict[Name, int]:
        """Meters that count into a figure, by the name of their parts."""
        place = figure.node, figure.item
        if place not in self._counted_names:
            names = Counter(map(self._name, figure.meters))
            self._counted_names[place] = dict(names) or {Name(15, None, (0,)): 1}
        return self._counted_names[place]

    def _name(self, meter: str) -> Name:
        if meter not in self._names:
            one, day = self.registry.meters[meter], self.days[0]
            scope = self.choice.of(meter, day)
            offsets = offsets_of(self.choice, scope, day, self.registry.zone(one.node))
            self._names[meter] = Name(one.step_min, scope, offsets)
        return self._names[meter]

    def _shape(self, node: str, step_min: int) -> tuple[int, int]:
        zone = self.registry.zone(node)
        starts, _ = day_edges(self.days[0], zone, step_min)
        return len(starts), slot_count(self.days[0], zone, 60)

    def _expected(self, figure: PlannedFigure, block: Block) -> I64:
        """(D, n) time of each slot that is due by now [us]."""
        zone, slots = self.registry.zone(figure.node), block.slots.shape[1]
        due = np.zeros((len(self.days), slots), dtype=np.int64)
        for i, day in enumerate(self.days):
            starts, ends = day_edges(day, zone, block.step_min)
            wide = min(len(starts), slots)
            due[i, :wide] = (np.minimum(ends, self.clock.as_of_us) - starts)[:wide]
        return np.maximum(due, 0)


def _sum(found: Sequence[tuple[Block, int]]) -> Block:
    """Blocks of one name as one, days of different length (sites in other zones) padded."""
    blocks, weights = [block for block, _ in found], [weight for _, weight in found]
    slots = max(b.slots.shape[1] for b in blocks)
    hours = max(b.hours.shape[1] for b in blocks)
    if not all(b.slots.shape[1] == slots and b.hours.shape[1] == hours for b in blocks):
        blocks = [_padded(b, slots, hours) for b in blocks]
    return combined(blocks, weights, sum(weights))


def _padded(block: Block, slots: int, hours: int) -> Block:
    wide = Block.missing(len(block.slots), block.name, (slots, hours), block.meters)
    wide.slots[:, : block.slots.shape[1]] = block.slots
    wide.shares[:, : block.shares.shape[1]] = block.shares
    wide.hours[:, : block.hours.shape[1]] = block.hours
    return replace(block, slots=wide.slots, shares=wide.shares, hours=wide.hours)


def _unpriced(block: Block, name: Name) -> Block:
    """The block without its tariff, under another name."""
    none = np.zeros((len(block.slots), 1), dtype=np.int64)
    empty: tuple[Crossing, ...] = ()
    return replace(
        block, name=name, windows=none, estimated=none, crossings=(empty,) * len(block.slots)
    )


def _narrowed(block: Block, shape: tuple[int, int]) -> Block:
    """What the block says of whole days, without its slots."""
    bare = Block.missing(len(block.slots), Name(1440, None, (0,)), shape, block.meters)
    return bare.of_row(block)
