"""Days of meters and places: slots, hours, the day, and how well each is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

from metering.localtime import MINUTE_US, day_bounds
from recompute.curve import (
    APPORTIONED,
    ESTIMATED,
    MEASURED,
    MISSING,
    WHOLE,
    PassedCurve,
    apportioned,
    mean,
    of_times,
)
from recompute.facts import FileFacts, MeterLine, Scope, ShareLine
from recompute.formulas import RecomputedFormula
from recompute.prices import Prices
from recompute.registers import MeasuredMeter, slots_of
from recompute.sharing import PartOf
from recompute.tree import CountedTerm, Tree
from recompute.tree import Name as FigureName

Shares = tuple[int, ...]
"""measured, apportioned, estimated, missing, of 10,000."""
NOTHING: Shares = (0, 0, 0, WHOLE)
PartName = tuple[int, Scope | None, tuple[int, ...]]
"""Step, what prices it, and where its price windows start [us since the day's start]."""


@dataclass(frozen=True)
class DayPart:
    """What of a day has one step and one tariff."""

    name: PartName
    slots: tuple[int | None, ...]
    """Book units; None where nothing is known."""
    shares: tuple[Shares, ...]
    hours: tuple[Shares, ...]
    """A gap that lies inside an hour is measured in it."""
    meters: int = 1
    """How many count into it: its weight."""

    @property
    def step_min(self) -> int:
        """Minutes of a slot."""
        return self.name[0]


@dataclass(frozen=True)
class StandIn:
    """Energy of parts in a slot of which the total knows nothing; priced as the total is."""

    meter: str
    day: date
    place: int
    """Of the slot in the day; a place inside may have a longer one."""
    start: int
    end: int
    amount: int
    step_min: int


@dataclass(frozen=True)
class DividedDay:
    """A part of the day of a shared place's figure."""

    name: FigureName
    part: PartOf
    whole: DayFigure


@dataclass(frozen=True)
class MadeDay:
    """The day of a meter that is a formula of others."""

    meter: MeterLine
    part: DayPart


@dataclass(frozen=True)
class DayFigure:
    """A meter's or a place's figure on a local day."""

    parts: tuple[DayPart, ...]
    shares: Shares = NOTHING
    spill: tuple[int, int, int] = (0, 0, 0)
    """Of the apportioned share: gaps open to the day before, to the day after, to both."""
    counted: tuple[tuple[int, str], ...] = ()
    """(sign, meter) of what it is made of."""
    stand_ins: tuple[tuple[int, StandIn], ...] = ()
    divided: tuple[tuple[int, DividedDay], ...] = ()
    made: tuple[tuple[int, MadeDay], ...] = ()

    @property
    def total(self) -> int | None:
        """Book units; None where no slot knows anything."""
        known = [one for part in self.parts for one in part.slots if one is not None]
        return sum(known) if known else None

    @property
    def meters(self) -> int:
        """How many meters count into it."""
        return sum(part.meters for part in self.parts)


@dataclass
class SeriesDays:
    """Days of every series, each made once."""

    facts: FileFacts
    prices: Prices
    measured: dict[str, MeasuredMeter]
    institution: str
    _meters: dict[tuple[str, date], DayFigure] = field(default_factory=dict)
    _nodes: dict[tuple[FigureName, date], DayFigure] = field(default_factory=dict)
    _trees: dict[tuple[str, date], Tree] = field(default_factory=dict)

    def tree(self, day: date, institution: str | None = None) -> Tree:
        """What counts where on a day; of the file's institution, or of another one."""
        body = self.institution if institution is None else institution
        if (body, day) not in self._trees:
            self._trees[body, day] = Tree(self.facts, body, day, lambda one: self.tree(day, one))
        return self._trees[body, day]

    def of_meter(self, code: str, day: date) -> DayFigure:
        """A meter's day, read off its curve."""
        if (code, day) not in self._meters:
            meter = self.facts.meters[code]
            if self.facts.is_formula(code):
                self._meters[code, day] = self._formula_day(meter, day)
            else:
                self._meters[code, day] = self._meter_day(meter, self.measured[code].curve, day)
        return self._meters[code, day]

    def of_node(self, name: FigureName, day: date) -> DayFigure:
        """A place's figure of an item, made of what counts into it on the day."""
        if (name, day) not in self._nodes:
            self._nodes[name, day] = self._node_day(name, day)
        return self._nodes[name, day]

    def part_name(self, meter: MeterLine, day: date) -> PartName:
        """The part in which a meter is booked."""
        zone = self.facts.zone(meter.node)
        scope, start = self.prices.scope(meter, day), day_bounds(day, zone)[0]
        windows = self.prices.windows(scope, day, zone)
        return meter.step_min, scope, tuple(one.start - start for one in windows)

    def _meter_day(self, meter: MeterLine, curve: PassedCurve, day: date) -> DayFigure:
        zone = self.facts.zone(meter.node)
        first, last = day_bounds(day, zone)
        slots = slots_of(day, zone, meter.step_min)
        part = DayPart(
            self.part_name(meter, day),
            tuple(curve.energy(*slot) for slot in slots),
            tuple(of_times(curve.times(*slot, held=False)) for slot in slots),
            tuple(of_times(curve.times(*hour, held=True)) for hour in slots_of(day, zone, 60)),
        )
        shares = of_times(curve.times(first, last, held=True))
        spill = _spill(curve, first, last, shares[APPORTIONED])
        return DayFigure((part,), shares, spill, ((1, meter.code),))

    def _formula_day(self, meter: MeterLine, day: date) -> DayFigure:
        """What the meters say that it is made of; missing where no formula holds, or one of them
        is another institution's."""
        zone, name = self.facts.zone(meter.node), self.part_name(meter, day)
        slots, hours = (len(slots_of(day, zone, step)) for step in (meter.step_min, 60))
        formula = self.facts.formula(meter.code, day)
        codes = () if formula is None else formula.members
        body = self.facts.institution(meter.node, day)
        known = {c: self.facts.meters[c] for c in codes if c in self.measured}
        own = all(self.facts.institution(one.node, day) == body for one in known.values())
        if formula is None or len(known) < len(codes) or not own:
            return DayFigure((_blank(name, slots, hours),))
        members = {code: self.of_meter(code, day) for code in codes}
        made = made_of(formula, members, _blank(name, slots, hours))
        return replace(made, made=((1, MadeDay(meter, made.parts[0])),))

    def _node_day(self, name: FigureName, day: date) -> DayFigure:
        tree = self.tree(day, self.facts.institution(name[0], day))
        terms = tree.counted(name)
        if not terms:
            zone = self.facts.zone(name[0])
            wide = (len(slots_of(day, zone, step)) for step in (15, 60))
            return DayFigure((_blank((15, None, (0,)), *wide),))
        counts: dict[PartName, int] = {}
        for code in tree.meters(name):
            own = self.part_name(self.facts.meters[code], day)
            counts[own] = counts.get(own, 0) + 1
        made = _summed([(term.sign, self._of_term(term, day)) for term in terms])
        parts = tuple(replace(p, meters=counts.get(p.name, p.meters)) for p in made.parts)
        made = replace(made, parts=parts)
        if tree.totals(name) and len(parts) == 1:
            return self._filled(made, tree.parts(name), day, terms)
        return made

    def _of_term(self, term: CountedTerm, day: date) -> DayFigure:
        if term.meter:
            return self.of_meter(term.meter, day)
        whole = self.of_node(term.figure, day)
        if term.part is None:
            return whole
        part = self._share(term.part, day)
        return _unknown(whole) if part is None else _divided(whole, term.figure, part)

    def _share(self, share: ShareLine, day: date) -> PartOf | None:
        """The weights of a day; of meters what they count on it, or equal ones where that is
        nothing. None where one of them is not known."""
        if not share.meters:
            return PartOf(share.weights, share.place)
        known = [c for c in share.meters if c in self.measured]
        totals = [self.of_meter(code, day).total for code in known]
        if len(known) < share.count or None in totals:
            return None
        counted = tuple(max(0, total or 0) for total in totals)
        return PartOf(counted if any(counted) else (1,) * share.count, share.place)

    def _filled(
        self,
        whole: DayFigure,
        terms: Sequence[CountedTerm],
        day: date,
        totals: Sequence[CountedTerm],
    ) -> DayFigure:
        """Slots of which a total knows nothing, from parts that are as fine as it is."""
        total = whole.parts[0]
        within = [(term.sign, self._of_term(term, day)) for term in terms]
        blocks = [(sign, part, one) for sign, one in within for part in one.parts]
        if not blocks or not all(holds(total.step_min, part.step_min) for _, part, _ in blocks):
            return whole
        name = (total.step_min, None, (0,))
        inner = _part(
            name,
            [
                (sign, replace(_coarser(part, one, total.step_min), name=name))
                for sign, part, one in blocks
            ],
        )
        zone = self.facts.zone(self.facts.meters[totals[0].meter].node)
        slots = slots_of(day, zone, total.step_min)
        width = max(len(total.slots), len(inner.slots))
        wide = max(len(total.hours), len(inner.hours))
        total, inner = _padded(total, width, wide), _padded(inner, width, wide)
        filled = [n for n in range(width) if total.slots[n] is None and inner.slots[n] is not None]
        if not filled:
            return whole
        known = {n: WHOLE - inner.shares[n][MISSING] for n in filled}
        amounts, shares = list(total.slots), list(total.shares)
        for n in filled:
            amounts[n] = inner.slots[n]
            shares[n] = (0, 0, known[n], WHOLE - known[n])
        due = [(end - start) // 1_000_000 for start, end in slots] + [0] * (width - len(slots))
        step = total.step_min * MINUTE_US
        later = [slots[-1][1] + step * n for n in range(width - len(slots) + 1)]
        slots = [*slots, *pairwise(later)]
        size = max(1, 60 // total.step_min)
        hours = _moved(total.hours, known, due, size)
        stand_ins = tuple(
            (1, StandIn(totals[0].meter, day, n, *slots[n], inner.slots[n] or 0, total.step_min))
            for n in filled
        )
        return replace(
            whole,
            parts=(replace(total, slots=tuple(amounts), shares=tuple(shares), hours=hours),),
            shares=_moved((whole.shares,), known, due, len(due))[0],
            stand_ins=(*whole.stand_ins, *stand_ins),
        )


def _divided(whole: DayFigure, name: FigureName, part: PartOf) -> DayFigure:
    """A part of a day: energy by slots, quality as of the whole."""
    parts = tuple(replace(one, slots=tuple(map(part.of, one.slots))) for one in whole.parts)
    return DayFigure(
        parts, whole.shares, whole.spill, divided=((1, DividedDay(name, part, whole)),)
    )


def _unknown(whole: DayFigure) -> DayFigure:
    """A part of which the share is not known."""
    blank = (_blank(one.name, len(one.slots), len(one.hours)) for one in whole.parts)
    pairs = zip(whole.parts, blank, strict=True)
    return DayFigure(tuple(replace(none, meters=one.meters) for one, none in pairs))


def _moved(
    shares: Sequence[Shares], known: dict[int, int], due: Sequence[int], size: int
) -> tuple[Shares, ...]:
    """Shares of wider periods, with what was estimated inside taken from what was missing."""
    moved = []
    for place, one in enumerate(shares):
        first = min(place * size, max(len(due) - 1, 0) // size * size)
        inside = range(first, min(first + size, len(due)))
        time = sum(due[n] for n in inside)
        found = sum(known.get(n, 0) * due[n] for n in inside)
        part = min(found // time if time else 0, one[MISSING])
        moved.append((one[0], one[1], one[ESTIMATED] + part, one[MISSING] - part))
    return tuple(moved)


def made_of(formula: RecomputedFormula, members: dict[str, DayFigure], blank: DayPart) -> DayFigure:
    """The day of a formula: docs/recompute.md, "Formulas"."""
    found = {code: at_step(one.parts[0], one, blank.step_min) for code, one in members.items()}
    slots: list[int | None] = []
    shares: list[Shares] = []
    for n in range(len(blank.slots)):
        amounts = {code: own[n] for code, (own, _) in found.items()}
        sure = _least_sure([own[n] for _, own in found.values()])
        amount = None if sure[MISSING] else formula.value(amounts)
        slots.append(amount)
        shares.append(NOTHING if amount is None else sure)
    size = max(1, 60 // blank.step_min)
    groups = [shares[n : n + size] for n in range(0, len(shares), size)]
    if blank.step_min >= 1440:
        groups = [shares] * len(blank.hours)
    hours = [mean(group, [1] * len(group)) for group in groups]
    whole = mean(shares, [1] * len(shares))
    if formula.is_linear:
        inside = [[one.parts[0].hours[n] for one in members.values()] for n in range(len(hours))]
        pairs = zip(hours, inside, strict=True)
        hours = [hour if hour[MISSING] else _least_sure(own) for hour, own in pairs]
        if None not in slots:
            whole = _least_sure([one.shares for one in members.values()])
    spill = [sum(one.spill[n] for one in members.values()) for n in range(3)]
    gaps = whole[APPORTIONED]
    back, on, through = apportioned(gaps, spill) if gaps and any(spill) else (0, 0, 0)
    part = replace(blank, slots=tuple(slots), shares=tuple(shares), hours=tuple(hours))
    return DayFigure((part,), whole, (back, on, through))


def _least_sure(shares: Sequence[Shares]) -> Shares:
    """So much measured, or no worse than apportioned, or than estimated, as of whichever has
    least."""
    measured = min(one[MEASURED] for one in shares)
    apportioned_too = min(one[MEASURED] + one[APPORTIONED] for one in shares)
    known = min(WHOLE - one[MISSING] for one in shares)
    return (measured, apportioned_too - measured, known - apportioned_too, WHOLE - known)


def _spill(curve: PassedCurve, first: int, last: int, share: int) -> tuple[int, int, int]:
    """How the day's apportioned share divides among gaps that leave it."""
    if not share:
        return (0, 0, 0)
    times = [0, 0, 0]
    for one in curve.over(first, last):
        before, after = one.start < first, one.end > last
        if one.quality == APPORTIONED and (before or after):
            place = 2 if before and after else 0 if before else 1
            times[place] += min(one.end, last) - max(one.start, first)
    back, on, through = apportioned(share, times)
    return (back, on, through)


def _summed(found: Sequence[tuple[int, DayFigure]]) -> DayFigure:
    """Days of several terms as one: energy added, quality the mean by meters."""
    by_name: dict[PartName, list[tuple[int, DayPart]]] = {}
    for sign, day in found:
        for part in day.parts:
            by_name.setdefault(part.name, []).append((sign, part))
    weights = [day.meters for _, day in found]
    shares = mean([day.shares for _, day in found], weights)
    spill = [
        sum(day.spill[n] * weight for (_, day), weight in zip(found, weights, strict=True))
        for n in range(3)
    ]
    open_share = shares[APPORTIONED]
    back, on, through = apportioned(open_share, spill) if any(spill) and open_share else (0, 0, 0)
    return DayFigure(
        tuple(_part(name, by_name[name]) for name in sorted(by_name, key=_order)),
        shares,
        (back, on, through),
        tuple((sign * own, code) for sign, day in found for own, code in day.counted),
        tuple((sign * own, one) for sign, day in found for own, one in day.stand_ins),
        tuple((sign * own, one) for sign, day in found for own, one in day.divided),
        tuple((sign * own, one) for sign, day in found for own, one in day.made),
    )


def _order(name: PartName) -> tuple[int, bool, Scope, tuple[int, ...]]:
    return (name[0], name[1] is not None, name[1] or ("", "", ""), name[2])


def _part(name: PartName, found: Sequence[tuple[int, DayPart]]) -> DayPart:
    slots = max(len(part.slots) for _, part in found)
    hours = max(len(part.hours) for _, part in found)
    wide = [(sign, _padded(part, slots, hours)) for sign, part in found]
    weights = [part.meters for _, part in wide]
    return DayPart(
        name,
        tuple(added([_signed(sign, part.slots[n]) for sign, part in wide]) for n in range(slots)),
        tuple(mean([part.shares[n] for _, part in wide], weights) for n in range(slots)),
        tuple(mean([part.hours[n] for _, part in wide], weights) for n in range(hours)),
        sum(weights),
    )


def _signed(sign: int, amount: int | None) -> int | None:
    return None if amount is None else sign * amount


def added(amounts: Sequence[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [one for one in amounts if one is not None]
    return sum(known) if known else None


def _padded(part: DayPart, slots: int, hours: int) -> DayPart:
    """A shorter day beside longer ones: what it does not have is missing."""
    more, later = max(slots - len(part.slots), 0), max(hours - len(part.hours), 0)
    return replace(
        part,
        slots=(*part.slots, *([None] * more)),
        shares=(*part.shares, *([NOTHING] * more)),
        hours=(*part.hours, *([NOTHING] * later)),
    )


def _blank(name: PartName, slots: int, hours: int) -> DayPart:
    return DayPart(name, (None,) * slots, (NOTHING,) * slots, (NOTHING,) * hours)


def _coarser(part: DayPart, day: DayFigure, step_min: int) -> DayPart:
    """A part at a coarser step: energy added, quality as the coarser period sees it."""
    slots, shares = at_step(part, day, step_min)
    return replace(part, slots=tuple(slots), shares=tuple(shares))


def holds(step_min: int, fine_min: int) -> bool:
    """Whether a step is made of whole finer ones, or of the same; a day is of any."""
    return step_min >= 1440 or step_min % fine_min == 0


def at_step(part: DayPart, day: DayFigure, step_min: int) -> tuple[list[int | None], list[Shares]]:
    """(energy, quality) of a part at its own step or a coarser one."""
    if step_min == part.step_min:
        return list(part.slots), list(part.shares)
    size = len(part.slots) if step_min >= 1440 else step_min // part.step_min
    groups = [range(n, min(n + size, len(part.slots))) for n in range(0, len(part.slots), size)]
    slots = [added([part.slots[n] for n in group]) for group in groups]
    if step_min >= 1440:
        return slots, [day.shares]
    if step_min == 60:
        return slots, list(part.hours)
    return slots, [mean([part.shares[n] for n in group], [1] * len(group)) for group in groups]
