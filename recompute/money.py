"""What energy costs, in exact fractions: docs/recompute.md, "RecomputedMoney"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import lcm

from metering.localtime import local_day
from recompute.curve import MEASURED, MISSING, WHOLE, CurveStretch, apportioned
from recompute.days import DayFigure, Days, StandIn
from recompute.facts import FileFacts, MeterLine, PriceLine
from recompute.prices import PricedWindow, Prices
from recompute.registers import per_canonical

Pieces = dict[PriceLine | None, int]
"""Book units by the row that prices them; None where none does."""


@dataclass(frozen=True)
class CurrencySum:
    """Money of one currency."""

    currency: str
    value: Fraction
    low: Fraction
    high: Fraction
    shares: tuple[int, ...]
    """By amount, of 10,000; what is missing is missing by time."""


@dataclass(frozen=True)
class RecomputedMoney:
    """What a period costs."""

    sums: tuple[CurrencySum, ...] = ()
    unpriced: int = 0
    """Book units without a price."""
    whole: bool = True
    """Whether all energy has a price."""

    @property
    def sole(self) -> CurrencySum | None:
        """The sum, where there is one that holds all the energy."""
        return self.sums[0] if len(self.sums) == 1 and self.whole else None


@dataclass
class MoneyTally:
    """Energy by what prices it, while it is being added up."""

    per: int
    """Book units in the unit that prices are per."""
    certain: Pieces = field(default_factory=lambda: defaultdict(int))
    apportioned: Pieces = field(default_factory=lambda: defaultdict(int))
    estimated: Pieces = field(default_factory=lambda: defaultdict(int))
    spread: list[Pieces] = field(default_factory=list)
    """Stretches over several prices."""

    def stretch(self, pieces: Pieces, *, held: bool) -> None:
        """A stretch over an edge of prices: by time over several of them; else certain where it is
        measured, or the period holds its windows whole."""
        if len({None if row is None else (row.currency, row.price) for row in pieces}) > 1:
            self.spread.append(pieces)
            return
        for row, amount in pieces.items():
            (self.certain if held else self.apportioned)[row] += amount

    def money(self, missing: int) -> RecomputedMoney:
        """What it costs; `missing` is the share of the time of which no energy is known."""
        groups = [self.certain, self.apportioned, self.estimated, *self.spread]
        rows = {row for group in groups for row in group if row is not None}
        sums = [self._sum(name, missing) for name in sorted({row.currency for row in rows})]
        spent = [one for one in sums if one.value or one.low or one.high]
        none = [group.get(None, 0) for group in groups]
        return RecomputedMoney(tuple(spent or sums), sum(none), not any(none))

    def _sum(self, currency: str, missing: int) -> CurrencySum:
        groups = (self.certain, self.apportioned, self.estimated)
        known = [self._worth(group, currency) for group in groups]
        value = sum(known, Fraction(0))
        low = high = value
        for pieces in self.spread:
            own, whole = self._worth(pieces, currency), sum(pieces.values())
            ends = [
                row.price * whole / self.per if row and row.currency == currency else Fraction(0)
                for row in pieces
            ]
            value, low, high = value + own, low + min(ends), high + max(ends)
        sizes = [self._size([group], currency) for group in groups]
        sizes[2] += self._size(self.spread, currency)
        return CurrencySum(currency, value, low, high, _shares(sizes, missing))

    def _worth(self, pieces: Pieces, currency: str) -> Fraction:
        found = [r.price * q for r, q in pieces.items() if r and r.currency == currency]
        return sum(found, Fraction(0)) / self.per

    def _size(self, groups: Iterable[Pieces], currency: str) -> Fraction:
        found = [
            abs(row.price * amount)
            for pieces in groups
            for row, amount in pieces.items()
            if row and row.currency == currency
        ]
        return sum(found, Fraction(0))


def _shares(sizes: Sequence[Fraction], missing: int) -> tuple[int, ...]:
    common = lcm(*(one.denominator for one in sizes))
    whole = [int(one * common) for one in sizes]
    known = WHOLE - missing
    parts = apportioned(known, whole) if any(whole) else (known, 0, 0)
    return (*parts, missing)


@dataclass
class DayPricing:
    """Prices days, and parts of days."""

    facts: FileFacts
    prices: Prices
    days: Days

    def over(
        self,
        found: Sequence[tuple[date, DayFigure]],
        item: str,
        bounds: tuple[int, int],
        missing: int,
        steps: range,
    ) -> RecomputedMoney:
        """Whole local days [bounds), of the meters whose steps are wanted."""
        tally = MoneyTally(per_canonical(item))
        stretches: dict[object, tuple[Pieces, bool]] = {}
        for day, one in found:
            for sign, code in one.counted:
                if self.facts.meters[code].step_min in steps:
                    self._day(tally, stretches, self.facts.meters[code], day, sign, bounds)
            for sign, stand_in in one.stand_ins:
                if stand_in.step_min in steps:
                    self._stand_in(tally, stand_in, sign)
        for pieces, held in stretches.values():
            tally.stretch(pieces, held=held)
        return tally.money(missing)

    def within(
        self, day: date, one: DayFigure, item: str, span: tuple[int, int], steps: range
    ) -> RecomputedMoney:
        """A part of a local day, made of whole slots: its sums alone. What lies between the
        bounds, and how well it is known, is told of days and months."""
        tally = MoneyTally(per_canonical(item))
        for sign, code in one.counted:
            meter = self.facts.meters[code]
            if meter.step_min in steps:
                self._slots(tally, meter, day, span, sign)
        for sign, stand_in in one.stand_ins:
            if stand_in.step_min in steps and span[0] <= stand_in.start < span[1]:
                self._stand_in(tally, stand_in, sign, whole_day=False)
        return tally.money(0)

    def _windows(self, meter: MeterLine, day: date) -> tuple[PricedWindow, ...]:
        zone = self.facts.zone(meter.node)
        return self.prices.windows(self.prices.scope(meter, day), day, zone)

    def _day(
        self,
        tally: MoneyTally,
        stretches: dict[object, tuple[Pieces, bool]],
        meter: MeterLine,
        day: date,
        sign: int,
        bounds: tuple[int, int],
    ) -> None:
        if self.days.of_meter(meter.code, day).total is None:
            return
        windows, curve = self._windows(meter, day), self.days.measured[meter.code].curve
        first, last = windows[0].start, windows[-1].end
        scope = self.prices.scope(meter, day)
        for window in windows:
            tally.certain[window.row] += sign * (curve.energy(window.start, window.end) or 0)
        for one in curve.over(first, last) if scope is not None else ():
            touched = [w for w in windows if w.start < one.end and w.end > one.start]
            if one.quality == MISSING or not one.energy or not self._crosses(one, touched):
                continue
            name = (meter.code, one.start, scope, sign)
            if name not in stretches:
                inside = self._edges(meter, one)
                held = one.quality == MEASURED or (
                    bounds[0] <= inside[0] and inside[1] <= bounds[1]
                )
                stretches[name] = (defaultdict(int), held)
            for window in touched:
                amount = sign * one.within(window.start, window.end)
                tally.certain[window.row] -= amount
                stretches[name][0][window.row] += amount

    def _crosses(self, one: CurveStretch, touched: Sequence[PricedWindow]) -> bool:
        return touched[0].start > one.start or touched[-1].end < one.end or len(touched) > 1

    def _edges(self, meter: MeterLine, one: CurveStretch) -> tuple[int, int]:
        """From the start of the first price window that a stretch touches to the end of the
        last."""
        zone = self.facts.zone(meter.node)
        opens = self._windows(meter, local_day(one.start, zone))
        closes = self._windows(meter, local_day(one.end - 1, zone))
        return (
            next(w.start for w in opens if w.start <= one.start < w.end),
            next(w.end for w in closes if w.start < one.end <= w.end),
        )

    def _slots(
        self, tally: MoneyTally, meter: MeterLine, day: date, span: tuple[int, int], sign: int
    ) -> None:
        curve = self.days.measured[meter.code].curve
        if curve.energy(*span) is None:
            return
        for window in self._windows(meter, day):
            start, end = max(window.start, span[0]), min(window.end, span[1])
            if start < end:
                tally.certain[window.row] += sign * (curve.energy(start, end) or 0)

    def _stand_in(
        self, tally: MoneyTally, one: StandIn, sign: int, *, whole_day: bool = True
    ) -> None:
        """Split by time over the windows that the slot lies in, rounded down from its start."""
        meter = self.facts.meters[one.meter]
        day = local_day(one.start, self.facts.zone(meter.node))
        for window in self._windows(meter, day):
            start, end = max(window.start, one.start), min(window.end, one.end)
            if start < end:
                length = one.end - one.start
                upto, before = (one.amount * (at - one.start) // length for at in (end, start))
                tally.estimated[window.row] += sign * (upto - before)
            elif whole_day:
                tally.estimated[window.row] += 0


def exact(value: Fraction) -> str:
    """The decimal of a fraction that has one: of prices and whole book units. A fraction that has
    none is given as numerator/denominator."""
    rest, digits = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        digits = max(digits, count)
    if rest != 1:
        return str(value)
    sign, whole = "-" if value < 0 else "", abs(value) * 10**digits
    text = str(int(whole)).rjust(digits + 1, "0")
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)
