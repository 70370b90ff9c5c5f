"""The oracle of `agree`: what every figure must be, in whole numbers and exact fractions.

    readings ─▶ passed(t): linear between two neighbours, rounded down from the left one
    energy of [a, b)       passed(b) - passed(a), in the integer unit of the books
    a node's               its total's, slots without any of it from its parts; else its parts'
    a formula              of its members in each slot, to the nearest unit; known where all are
    money                  of each stretch between readings the pieces between turns of price
    low, high              what lies on both sides of a turn, all at the least or most price

It is written from the documents (architecture, registry, glossary) and shares no line with the
platform: it imports the world, the standard library, and nothing else.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from proofs.agree_prices import Rate, covers, factor_on, turns
from proofs.agree_world import (
    FORMULA,
    FORMULAS,
    METERS,
    MINUTE_US,
    MOVES,
    PLACES,
    Done,
    FormulaInTurn,
    Sent,
    WorldMeter,
    above,
    day_of,
    holds_on,
    midnight,
    parent_of,
    zone_of,
)

PER_SENT = 1000
"""Book units [mWh, mL] in a sent one [Wh, L]."""
PER_CANONICAL = 1_000_000
"""Book units in a kWh or m3, which prices and factors are per."""
Span = tuple[int, int]
"""[start, end) in microseconds since the epoch."""


@dataclass
class Sum:
    """Money of one currency."""

    value: Fraction = Fraction(0)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.value + other.value, self.low + other.low, self.high + other.high)

    def beyond(self, parts: Sum) -> Sum:
        """What a total costs beyond its parts."""
        return Sum(self.value - parts.value, self.low - parts.high, self.high - parts.low)


Money = dict[str, Sum]


def added(parts: Iterable[Money]) -> Money:
    """Money by currency; currencies are never added."""
    found: dict[str, Sum] = defaultdict(Sum)
    for part in parts:
        for currency, one in part.items():
            found[currency] += one
    return dict(found)


@dataclass(frozen=True)
class OracleStretch:
    """What passed between two neighbouring readings."""

    start: int
    end: int
    amount: int
    """Book units."""
    by_time: bool = False
    """Whether it is of a formula and not measured: split by time, and bounds no money."""

    def passed(self, time_us: int) -> int:
        """Up to an instant, rounded down."""
        inside = min(max(time_us, self.start), self.end) - self.start
        return self.amount * inside // (self.end - self.start)

    def within(self, span: Span) -> int:
        """What passed in a span, whole book units, by time from the stretch's own beginning."""
        return self.passed(span[1]) - self.passed(span[0])


@dataclass(eq=False)
class OracleLine:
    """One meter's stretches, in rising time; where there is none, nothing is known."""

    meter: WorldMeter
    zone: str
    stretches: list[OracleStretch]

    @classmethod
    def of(cls, sent: Sent) -> OracleLine:
        """From what the meter sent."""
        step = sent.meter.step_min * MINUTE_US
        if sent.meter.kind == "interval":
            pairs = [(t, t + step, v) for t, v in zip(sent.times_us, sent.values, strict=True)]
        else:
            both = pairwise(zip(sent.times_us, sent.values, strict=True))
            pairs = [(a, b, w - v) for (a, v), (b, w) in both]
        return cls(sent.meter, sent.zone, [OracleStretch(a, b, v * PER_SENT) for a, b, v in pairs])

    @classmethod
    def made(cls, meter: WorldMeter, members: Mapping[str, OracleLine]) -> OracleLine:
        """Of a meter that is a formula of others: a stretch for each slot that all of them know."""
        zone, step = zone_of(meter.node), meter.step_min * MINUTE_US
        turns = [one for one in FORMULAS if one.meter == meter.code]
        lines = [members[code] for one in turns for code in named(one.done)]
        start = midnight(day_of(min(one.stretches[0].start for one in lines), zone), zone)
        stretches, end = [], max(one.stretches[-1].end for one in lines)
        while start < end:
            day = day_of(start, zone)
            after = midnight(_after(day), zone)
            for one in turns:
                if holds_on(one.valid_from, one.valid_to, day):
                    slots = ((t, t + step) for t in range(start, after, step))
                    found = (_slot_of(one, members, slot) for slot in slots)
                    stretches += [slot for slot in found if slot is not None]
            start = after
        return cls(meter, zone, stretches)

    def measured(self, span: Span) -> bool:
        """Whether all of a span that is known is: no gap reaches into it from outside."""
        step = self.meter.step_min * MINUTE_US
        return not any(
            one.by_time
            or (one.end - one.start > step and not (span[0] <= one.start and one.end <= span[1]))
            for one in self.over(span)
        )

    @cached_property
    def _starts(self) -> list[int]:
        return [one.start for one in self.stretches]

    @cached_property
    def _ends(self) -> list[int]:
        return [one.end for one in self.stretches]

    def over(self, span: Span) -> list[OracleStretch]:
        """Stretches that lie in the span at least in part."""
        first, last = bisect_right(self._ends, span[0]), bisect_left(self._starts, span[1])
        return self.stretches[first:last]

    def energy(self, span: Span) -> int | None:
        """Book units; None where nothing is known."""
        found = self.over(span)
        return sum(one.within(span) for one in found) if found else None

    def known(self, span: Span) -> bool:
        """Whether all of the span is."""
        found = self.over(span)
        return sum(min(s.end, span[1]) - max(s.start, span[0]) for s in found) == span[1] - span[0]

    def money(self, span: Span) -> Money:
        """What it costs, each stretch split by time at the turns of the price."""
        return added(self.priced(one, span) for one in self.over(span))

    def priced(self, stretch: OracleStretch, span: Span) -> Money:
        """A stretch's part in the span, at this meter's prices."""
        start, end = max(stretch.start, span[0]), min(stretch.end, span[1])
        by_rate: dict[Rate, int] = defaultdict(int)
        for piece, rate in self._pieces(start, end):
            by_rate[rate] += stretch.within(piece)
        whole = sum(by_rate.values())
        found: Money = {}
        for currency in {currency for currency, _ in by_rate}:
            rates = [price if name == currency else Fraction(0) for name, price in by_rate]
            value = sum((q * p for (c, p), q in by_rate.items() if c == currency), Fraction(0))
            both = sorted((whole * min(rates), whole * max(rates)))
            bounds = both if whole and not stretch.by_time else (value, value)
            found[currency] = Sum(*(one / PER_CANONICAL for one in (value, *bounds)))
        return found

    def _pieces(self, start: int, end: int) -> Iterator[tuple[Span, Rate]]:
        while start < end:
            day = day_of(start, self.zone)
            own = turns(self.meter, self.zone, day)
            after = midnight(_after(day), self.zone)
            place = bisect_right([time_us for time_us, _ in own], start) - 1
            until = own[place + 1][0] if place + 1 < len(own) else after
            yield (start, min(until, end)), own[place][1]
            start = until


@dataclass(frozen=True)
class OracleWorth:
    """What a node's figure of an item is over a span."""

    energy: int | None
    """Book units."""
    money: Money
    kgco2: Fraction | None


@dataclass(eq=False)
class Oracle:
    """Answers every question from what was sent."""

    lines: dict[str, OracleLine]
    _terms: dict[tuple[str, str, int], list[OracleTerm]] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Iterable[Sent]) -> Oracle:
        """An oracle of what the meters sent."""
        lines = {one.meter.code: OracleLine.of(one) for one in found}
        for meter in METERS:
            if meter.kind == FORMULA:
                lines[meter.code] = OracleLine.made(meter, lines)
        return cls(lines)

    def days(self, node: str, item: str, first: date, last: date) -> OracleWorth:
        """Over the local days first..last, both included, each by what was below it then."""
        zone = self._zone(node)
        days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
        by_day = [(d, _sum(term.energy(d) for term in self.terms(node, item, d))) for d in days]
        money = []
        for term, start, end in self._stayed(node, item, first, last):
            money.append(term.money((midnight(start, zone), midnight(_after(end), zone))))
        return OracleWorth(
            _sum(amount for _, amount in by_day), added(money), _carbon(item, by_day)
        )

    def _stayed(
        self, node: str, item: str, first: date, last: date
    ) -> Iterator[tuple[OracleTerm, date, date]]:
        """Terms of the local days first..last with the days, both included, for which they count
        on end: what moves elsewhere divides no stretch of theirs."""
        open: dict[tuple[str, ...], tuple[OracleTerm, date]] = {}
        for start, _ in _unmoved(first, last):
            here = {term.name: term for term in self.terms(node, item, start)}
            for name in [name for name in open if name not in here]:
                yield (*open.pop(name), date.fromordinal(start.toordinal() - 1))
            for name, term in here.items():
                open.setdefault(name, (term, start))
        for term, start in open.values():
            yield term, start, last

    def over(self, node: str, item: str, span: Span) -> int | None:
        """Book units of a node's figure between two instants of a day that no slot spans."""
        day = day_of(span[0], self._zone(node))
        return _sum(term.over(span) for term in self.terms(node, item, day))

    def terms(self, node: str, item: str, day: date) -> list[OracleTerm]:
        """What counts into a node's figure of an item on a local day."""
        place = (node, item, sum(move.day <= day for move in MOVES))
        if place not in self._terms:
            self._terms[place] = list(self._counted(node, item, day))
        return self._terms[place]

    def items(self, node: str) -> list[str]:
        """Items that a node has figures of, on whatever day."""
        days = (date.min, *(move.day for move in MOVES))
        below = {p.code for p in PLACES if any(node in above(p.code, day) for day in days)}
        found = {line.meter.item for line in self.lines.values() if line.meter.node in below}
        return sorted(found | {item[:3] + "00" for item in found} | {i[:2] + "000" for i in found})

    def _counted(self, node: str, item: str, day: date) -> Iterator[OracleTerm]:
        here = [line for line in self.lines.values() if line.meter.node == node]
        parts = [
            OracleTerm(line)
            for line in here
            if covers(item, line.meter.item) and not (line.meter.total and line.meter.item == item)
        ]
        for place in PLACES:
            if parent_of(place, day) == node:
                parts += self.terms(place.code, item, day)
        fed = {code for term in parts for code in self._fed_by(term.line.meter.code)}
        parts = [term for term in parts if term.line.meter.code not in fed]
        totals = [one for one in here if one.meter.total and one.meter.item == item]
        if totals:
            yield from (OracleTerm(one, tuple(term.line for term in parts)) for one in totals)
        else:
            yield from parts

    def _fed_by(self, source: str) -> set[str]:
        own = {line.meter.code for line in self.lines.values() if line.meter.fed_by == source}
        return own | {code for one in own for code in self._fed_by(one)}

    def _zone(self, node: str) -> str:
        return next(place.zone for place in PLACES if place.code == node)

    def ratio(self, upper: str, lower: str, first: date, last: date) -> Fraction:
        """One role's energy over another's, of the quarter hours in which both are known."""
        over, under = (self._of_role(role) for role in (upper, lower))
        zone = over.zone
        start, end = midnight(first, zone), midnight(_after(last), zone)
        step = 15 * MINUTE_US
        slots = [(t, t + step) for t in range(start, end, step)]
        both = [slot for slot in slots if over.known(slot) and under.known(slot)]
        assert 100 * len(both) >= 95 * len(slots), "the world must leave the ratio stated"
        return Fraction(
            sum(over.energy(slot) or 0 for slot in both),
            sum(under.energy(slot) or 0 for slot in both),
        )

    def _of_role(self, role: str) -> OracleLine:
        return next(line for line in self.lines.values() if line.meter.role == role)


@dataclass(frozen=True, eq=False)
class OracleTerm:
    """A meter that counts; a total's silent slots are its parts'."""

    line: OracleLine
    parts: tuple[OracleLine, ...] = ()
    _over: dict[Span, int | None] = field(default_factory=dict)
    _money: dict[Span, Money] = field(default_factory=dict)
    """What was asked before: nodes above ask the same."""

    @property
    def name(self) -> tuple[str, ...]:
        """The same for terms of one meter with the same parts."""
        return (self.line.meter.code, *(part.meter.code for part in self.parts))

    def energy(self, day: date) -> int | None:
        """Book units of a local day."""
        zone = self.line.zone
        return self.over((midnight(day, zone), midnight(_after(day), zone)))

    def over(self, span: Span) -> int | None:
        """Book units between two instants, of which none lies in a slot that is stood in for."""
        if span not in self._over:
            standing = (one.amount for one in self._stand_ins(span))
            self._over[span] = _sum([self.line.energy(span), *standing])
        return self._over[span]

    def money(self, span: Span) -> Money:
        """What stands in is priced as the total is, slot by slot."""
        if span not in self._money:
            standing = (self.line.priced(one, span) for one in self._stand_ins(span))
            self._money[span] = added([self.line.money(span), *standing])
        return self._money[span]

    def _stand_ins(self, span: Span) -> Iterator[OracleStretch]:
        if not self.parts:
            return
        step = self.line.meter.step_min * MINUTE_US
        for start in range(span[0], span[1], step):
            slot = (start, start + step)
            if not self.line.over(slot):
                amount = _sum(part.energy(slot) for part in self.parts)
                if amount is not None:
                    yield OracleStretch(*slot, amount)


def named(done: Done) -> set[str]:
    """The meters that a formula names."""
    if isinstance(done, str):
        return set() if done[0].isdigit() else {done}
    return named(done[1]) | named(done[2])


def worked_out(done: Done, amounts: Mapping[str, int]) -> Fraction:
    """What comes of a formula."""
    if isinstance(done, str):
        return Fraction(done) if done[0].isdigit() else Fraction(amounts[done])
    left, right = (worked_out(one, amounts) for one in done[1:])
    if done[0] == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[done[0]]


def _slot_of(
    formula: FormulaInTurn, members: Mapping[str, OracleLine], slot: Span
) -> OracleStretch | None:
    """A slot of a formula; None where a member lacks any of it."""
    lines = {code: members[code] for code in sorted(named(formula.done))}
    if not all(line.known(slot) for line in lines.values()):
        return None
    amounts = {code: line.energy(slot) or 0 for code, line in lines.items()}
    amount = round(worked_out(formula.done, amounts))
    sure = all(line.measured(slot) for line in lines.values())
    return OracleStretch(*slot, amount, by_time=not sure)


def _unmoved(first: date, last: date) -> list[tuple[date, date]]:
    """The days in runs, both ends included, in which nothing moves."""
    turns = sorted({first, *(move.day for move in MOVES if first < move.day <= last)})
    ends = [*(date.fromordinal(turn.toordinal() - 1) for turn in turns[1:]), last]
    return list(zip(turns, ends, strict=True))


def _after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _sum(parts: Iterable[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _carbon(item: str, by_day: Sequence[tuple[date, int | None]]) -> Fraction | None:
    known = [(day, amount) for day, amount in by_day if amount is not None]
    factors = [(factor_on(item, day), amount) for day, amount in known]
    if not known or any(factor is None for factor, _ in factors):
        return None
    return sum((f * amount for f, amount in factors if f is not None), Fraction(0)) / PER_CANONICAL
