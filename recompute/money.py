"""What energy costs, in exact fractions: docs/recompute.md, "Money"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from metering.localtime import MINUTE_US, day_bounds
from recompute.curve import ESTIMATED, MEASURED, MISSING
from recompute.days import DayFigure, DayPart, DividedDay, SeriesDays, StandIn
from recompute.facts import FileFacts, MeterLine
from recompute.prices import Prices
from recompute.registers import per_canonical
from recompute.sharing import DaySheet
from recompute.stretches import crossing, edges_of, split, windows_of
from recompute.tally import MoneyTally, Pieces, RecomputedMoney
from recompute.within import SlotPricing


@dataclass
class DayPricing:
    """Prices days, and parts of days."""

    facts: FileFacts
    prices: Prices
    days: SeriesDays

    @cached_property
    def slots(self) -> SlotPricing:
        """What prices periods within a day."""
        return SlotPricing(self.facts, self.prices, self.days)

    def over(
        self,
        found: Sequence[tuple[date, DayFigure]],
        item: str,
        bounds: tuple[int, int],
        missing: int,
        steps: frozenset[int],
    ) -> RecomputedMoney:
        """Whole local days [bounds), of the meters whose steps are wanted."""
        tally = MoneyTally(per_canonical(item))
        stretches: dict[object, tuple[Pieces, bool]] = {}
        for day, one in found:
            for sign, code in one.counted:
                if self.facts.meters[code].step_min in steps:
                    self._day(tally, stretches, self.facts.meters[code], day, sign, bounds)
            for sign, divided in one.divided:
                for part in divided.whole.parts:
                    if part.step_min in steps and any(x is not None for x in part.slots):
                        self._part(tally, stretches, (day, divided, part, sign), bounds)
            for sign, made in one.made:
                if made.part.step_min in steps and any(x is not None for x in made.part.slots):
                    sheet = self.slots.of_formula(day, made)
                    self._sheet(tally, stretches, sheet, (made.part.name[1], sign), bounds)
            for sign, stand_in in one.stand_ins:
                if stand_in.step_min in steps:
                    self._stand_in(tally, stand_in, sign)
        for pieces, held in stretches.values():
            tally.stretch(pieces, held=held)
        return tally.money(missing)

    def within(
        self,
        day: date,
        one: DayFigure,
        item: str,
        span: tuple[int, int],
        shares: Sequence[int],
        steps: frozenset[int],
        zone: str,
    ) -> RecomputedMoney:
        """A part of a local day, made of whole slots; `shares` are those of its energy."""
        tally = MoneyTally(per_canonical(item))
        start = day_bounds(day, zone)[0]
        for part in one.parts:
            if part.step_min in steps:
                length = part.step_min * MINUTE_US
                slots = range((span[0] - start) // length, -((start - span[1]) // length))
                self.slots.take(tally, day, one, part, slots, shares)
        return tally.money(shares[MISSING])

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
        windows = windows_of(self.facts, self.prices, meter, day)
        curve, scope = self.days.measured[meter.code].curve, self.prices.scope(meter, day)
        for window in windows:
            tally.certain[window.row] += sign * (curve.energy(window.start, window.end) or 0)
        if scope is None:
            return
        for one in curve.over(windows[0].start, windows[-1].end):
            if one.quality == ESTIMATED:
                for window in windows:
                    amount = sign * one.within(window.start, window.end)
                    tally.certain[window.row] -= amount
                    tally.estimated[window.row] += amount
            touched = crossing(one, windows)
            if not touched:
                continue
            first, last = edges_of(self.facts, self.prices, meter, one)
            measured, off = one.quality == MEASURED, (one.energy < 0) != (sign < 0)
            held = measured or (bounds[0] <= first and last <= bounds[1])
            name = (scope, first, last, measured, off)
            pieces, _ = stretches.setdefault(name, (defaultdict(int), held))
            for place in touched:
                window = windows[place]
                amount = sign * one.within(window.start, window.end)
                tally.certain[window.row] -= amount
                pieces[window.row] += amount

    def _part(
        self,
        tally: MoneyTally,
        stretches: dict[object, tuple[Pieces, bool]],
        told: tuple[date, DividedDay, DayPart, int],
        bounds: tuple[int, int],
    ) -> None:
        """A part of a shared place's day."""
        day, divided, part, sign = told
        sheet = self.slots.of_part(day, divided, part)
        self._sheet(tally, stretches, sheet, (part.name[1], sign), bounds)

    @staticmethod
    def _sheet(
        tally: MoneyTally,
        stretches: dict[object, tuple[Pieces, bool]],
        sheet: DaySheet,
        told: tuple[object, int],
        bounds: tuple[int, int],
    ) -> None:
        """What a sheet of a scope has, added or taken off."""
        scope, sign = told
        loose = sheet.held()
        for first, last, measured, window, parts, off in sheet.crossings:
            name = (scope, first, last, measured, off != (sign < 0))
            held = measured or (bounds[0] <= first and last <= bounds[1])
            pieces, _ = stretches.setdefault(name, (defaultdict(int), held))
            for w, amount in enumerate(parts, start=window):
                loose[w] -= amount
                pieces[sheet.rows[w]] += sign * amount
        for w, amount in loose.items():
            stood_in = sheet.stood_in.get(w, 0)
            tally.certain[sheet.rows[w]] += sign * (amount - stood_in)
            tally.estimated[sheet.rows[w]] += sign * stood_in

    def _stand_in(self, tally: MoneyTally, one: StandIn, sign: int) -> None:
        meter = self.facts.meters[one.meter]
        windows = windows_of(self.facts, self.prices, meter, one.day)
        for window in windows:
            tally.estimated[window.row] += 0
        for place, amount in split(one, windows):
            tally.estimated[windows[place].row] += sign * amount
