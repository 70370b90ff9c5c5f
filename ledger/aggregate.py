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
from ledger.stacks import Addends, Shape, Stack, StackPlace
from ledger.windows import offsets_of
from metering.book import BookRow, Crossing, SeriesKey
from metering.localtime import MINUTE_US, day_bounds, slot_count
from metering.quantity import I64
from metering.registry import Registry
from metering.resampling import holds
from metering.tariff import TariffScope
from metering.tariff_choice import TariffChoice

ROWS_AT_ONCE = 16_384
"""Rows that are held side by side: some 30 MB."""
Series = tuple[str, str, str, str | None]
"""(kind, code, item, institution of which it is where that is another one)."""
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
    made: dict[FigureName, list[BookRow]] = {(one.node, one.item): [] for one in figures}
    size = max(1, ROWS_AT_ONCE // max(1, len(rows)))
    for first in range(0, len(days), size):
        part = list(days[first : first + size])
        sums = Sums(registry, plan, rows, part, clock, choice)
        for name, own in sums.rows_of_all(figures, rules).items():
            made[name] += own
    return [row for own in made.values() for row in own]


@dataclass
class Sums:
    """Figures on alike days: those whose terms lie in one stack many at once, the others one by
    one. Both ways come to the same."""

    registry: Registry
    plan: Plan
    rows: Rows
    days: list[date]
    clock: Clock
    choice: TariffChoice
    made: dict[FigureName, list[Block]] = field(default_factory=dict)
    _places: dict[FigureName, StackPlace] = field(default_factory=dict)
    """Figures that were made many at once."""
    _read: dict[Series, StackPlace | None] = field(default_factory=dict)
    """Series that are read and not made; None of those that lie in no stack."""
    _stacks: dict[tuple[Name, Shape], Stack] = field(default_factory=dict)
    _names: list[Name] = field(default_factory=list)
    _numbers: dict[Name, int] = field(default_factory=dict)
    _named: dict[str, int] = field(default_factory=dict)
    """The number of each meter's name."""
    _offsets: dict[tuple[TariffScope | None, str], tuple[int, ...]] = field(default_factory=dict)
    _shapes: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    _counted_names: dict[FigureName, dict[Name, int]] = field(default_factory=dict)

    def rows_of_all(
        self, figures: Sequence[PlannedFigure], rules: int
    ) -> dict[FigureName, list[BookRow]]:
        """Rows of all the figures."""
        levels = _levels(figures)
        self._read_all(figures)
        found: dict[FigureName, list[BookRow]] = {}
        for level in levels:
            alone = []
            together: dict[tuple[Stack, int], list[tuple[PlannedFigure, Addends]]] = {}
            for figure in level:
                if (placed := self._placed(figure)) is None:
                    alone.append(figure)
                else:
                    stack, counted = placed
                    alike = (stack, len(counted.rows))
                    together.setdefault(alike, []).append((figure, counted))
            for (stack, _), some in together.items():
                found |= self._together(stack, some, rules)
            for figure in alone:
                found[figure.node, figure.item] = self.rows_of(figure, rules)
        return found

    def rows_of(self, figure: PlannedFigure, rules: int) -> list[BookRow]:
        """Rows of one figure, made by itself from what was made before."""
        return self._row(figure, self.make(figure), rules)

    def _row(self, figure: PlannedFigure, blocks: Sequence[Block], rules: int) -> list[BookRow]:
        key = self.plan.key(Term("node", figure.node, figure.item))
        return rows_of(blocks, key, self.days, rules=rules, registry=self.registry.version)

    def _together(
        self, stack: Stack, some: Sequence[tuple[PlannedFigure, Addends]], rules: int
    ) -> dict[FigureName, list[BookRow]]:
        """Figures of equally many terms in one stack."""
        found: dict[FigureName, list[BookRow]] = {}
        first, version = 0, self.registry.version
        for sums in stack.summed([counted for _, counted in some]):
            figures = [figure for figure, _ in some[first : first + sums.used]]
            first += sums.used
            keys = [self.plan.key(Term("node", one.node, one.item)) for one in figures]
            rows, places = sums.book_rows(keys, self.days, rules, version), stack.put_all(sums)
            for row, (figure, place) in enumerate(zip(figures, places, strict=True)):
                name = figure.node, figure.item
                if figure.totals and self._is_silent(figure, sums, row):
                    self.made[name] = [self._filled(sums.block(row), figure)]
                    found[name] = self._row(figure, self.made[name], rules)
                else:
                    self._places[name] = place
                    found[name] = rows[row]
        return found

    def _is_silent(self, figure: PlannedFigure, sums: Stack, row: int) -> bool:
        """Whether a total may say nothing in a slot, of its day or of theirs, of which its parts
        do."""
        silent = ~sums.known[row]
        rows: dict[Stack, list[int]] = {}
        for term in figure.parts:
            place = self._place(term)
            if place is None or place.stack.name.step_min != sums.name.step_min:
                return True
            rows.setdefault(place.stack, []).append(place.row)
        return any(
            one.shape[1] != sums.shape[1] or bool((one.heard(own) & silent).any())
            for one, own in rows.items()
        )

    def _placed(self, figure: PlannedFigure) -> tuple[Stack, Addends] | None:
        """A figure whose terms all lie in one stack, and surely fit 64 bits."""
        stack, rows = None, list[int]()
        for term in figure.counted:
            place = self._place(term)
            if place is None or (stack is not None and place.stack is not stack):
                return None
            stack = place.stack
            rows.append(place.row)
        if stack is None or not stack.fits(len(rows)):
            return None
        meters = self._counts(figure).get(stack.name)
        return stack, Addends(rows, [term.sign for term in figure.counted], meters)

    def _place(self, term: Term) -> StackPlace | None:
        """Where a term's only block lies; None where it has several, or is a part of a place."""
        if term.division is not None:
            return None
        name = term.code, term.item
        if term.kind == "node" and name in self._places:
            return self._places[name]
        if term.kind == "node" and name in self.made:
            if len(self.made[name]) > 1:
                return None
            self._places[name] = self._put(self.made[name][0])
            return self._places[name]
        return self._read.get(_series(term))

    def _put(self, block: Block) -> StackPlace:
        shape = len(block.slots), block.slots.shape[1], block.hours.shape[1]
        return self._stack(block.name, shape, 1).put(block)

    def _stack(self, name: Name, shape: Shape, room: int) -> Stack:
        if (name, shape) not in self._stacks:
            self._stacks[name, shape] = Stack.room(room, name, shape)
        return self._stacks[name, shape]

    def _read_all(self, figures: Sequence[PlannedFigure]) -> None:
        """The terms that are no figures of these, each name's side by side."""
        own = {(figure.node, figure.item) for figure in figures}
        alike: dict[tuple[Name, Shape], list[tuple[Term, str, int]]] = {}
        for figure in figures:
            for term in (*figure.totals, *figure.parts):
                made = term.kind == "node" and (term.code, term.item) in own
                if made or term.division is not None or (series := _series(term)) in self._read:
                    continue
                self._read[series] = None
                if len(names := self._counts_of(term)) == 1:
                    ((name, meters),) = names.items()
                    node = self._node(term)
                    shape = len(self.days), *self._shape(node, name.step_min)
                    found = term, self.registry.zone(node), meters
                    alike.setdefault((name, shape), []).append(found)
        for (name, shape), terms in alike.items():
            self._read_alike(name, shape, terms, len(figures))

    def _read_alike(
        self, name: Name, shape: Shape, terms: Sequence[tuple[Term, str, int]], more: int
    ) -> None:
        stack = self._stack(name, shape, len(terms) + more)
        given = [(self._rows_of(term), zone, meters) for term, zone, meters in terms]
        found = stack.read(given, self.days)
        for n, (rows, zone, meters) in enumerate(given):
            place = found.get(n)
            if place is None:  # of several parts, or as long as another place's days
                one = Block.of(rows, self.days, name, shape[1:], meters, zone)
                place = self._put(one)
            self._read[_series(terms[n][0])] = place

    def _rows_of(self, term: Term) -> Mapping[date, BookRow]:
        return self.rows.get(self.plan.key(term), {})

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
        name = term.code, term.item
        if term.kind == "node" and name in self.made:
            return self.made[name]
        if term.kind == "node" and name in self._places:
            place = self._places[name]
            self.made[name] = [place.stack.block(place.row)]
            return self.made[name]
        rows, node = self._rows_of(term), self._node(term)
        zone, counts = self.registry.zone(node), self._counts_of(term)
        return [
            Block.of(rows, self.days, name, self._shape(node, name.step_min), meters, zone)
            for name, meters in sorted(counts.items(), key=lambda e: e[0].order)
        ]

    def _node(self, term: Term) -> str:
        return self.registry.meters[term.code].node if term.kind == "meter" else term.code

    def _counts_of(self, term: Term) -> dict[Name, int]:
        """Meters that count into a term, by the name of their parts."""
        if term.kind == "meter":
            return {self._name(term.code): 1}
        return self._counts(self.plan.figure(term.code, term.item))

    def _counts(self, figure: PlannedFigure) -> dict[Name, int]:
        """Meters that count into a figure, by the name of their parts."""
        place = figure.node, figure.item
        if place not in self._counted_names:
            numbers = Counter(map(self._number, figure.meters))
            names = {self._names[number]: count for number, count in numbers.items()}
            self._counted_names[place] = names or {Name(15, None, (0,)): 1}
        return self._counted_names[place]

    def _name(self, meter: str) -> Name:
        return self._names[self._number(meter)]

    def _number(self, meter: str) -> int:
        """The number of a meter's name: that of a number is told sooner than that of a name."""
        if meter not in self._named:
            one, day = self.registry.meters[meter], self.days[0]
            scope, zone = self.choice.of(meter, day), self.registry.zone(one.node)
            if (scope, zone) not in self._offsets:
                self._offsets[scope, zone] = offsets_of(self.choice, scope, day, zone)
            name = Name(one.step_min, scope, self._offsets[scope, zone])
            number = self._numbers.setdefault(name, len(self._names))
            if number == len(self._names):
                self._names.append(name)
            self._named[meter] = number
        return self._named[meter]

    def _shape(self, node: str, step_min: int) -> tuple[int, int]:
        """(slots, hours) of a day there."""
        place = self.registry.zone(node), step_min
        if place not in self._shapes:
            starts, _ = day_edges(self.days[0], place[0], step_min)
            self._shapes[place] = len(starts), slot_count(self.days[0], place[0], 60)
        return self._shapes[place]

    def _expected(self, figure: PlannedFigure, block: Block) -> I64:
        """(D, n) time of each slot that is due by now [us]."""
        zone, slots = self.registry.zone(figure.node), block.slots.shape[1]
        due = np.zeros((len(self.days), slots), dtype=np.int64)
        for i, day in enumerate(self.days):
            starts, ends = day_edges(day, zone, block.step_min)
            wide = min(len(starts), slots)
            due[i, :wide] = (np.minimum(ends, self.clock.as_of_us) - starts)[:wide]
        return np.maximum(due, 0)


def _series(term: Term) -> Series:
    return term.kind, term.code, term.item, term.body


def _levels(figures: Sequence[PlannedFigure]) -> list[list[PlannedFigure]]:
    """The figures so that none counts one of its own level, or of a later one; in their order."""
    level: dict[FigureName, int] = {}
    found: list[list[PlannedFigure]] = []
    for figure in figures:
        below = [
            level[term.code, term.item]
            for term in (*figure.totals, *figure.parts)
            if term.kind == "node" and (term.code, term.item) in level
        ]
        own = level[figure.node, figure.item] = max(below, default=-1) + 1
        if own == len(found):
            found.append([])
        found[own].append(figure)
    return found


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
