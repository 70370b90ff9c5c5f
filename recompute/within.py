"""Money of intervals and hours: docs/recompute.md, "Within a day".

A day tells where its stretches over edges of prices lie, window by window. A period of the day
holds of each at most what it has itself in that window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from recompute.curve import APPORTIONED, ESTIMATED, MEASURED, MISSING, WHOLE
from recompute.days import DayFigure, DayPart, DividedDay, MadeDay, SeriesDays, StandIn
from recompute.facts import FileFacts, MeterLine
from recompute.prices import PricedWindow, Prices
from recompute.registers import slots_of
from recompute.sharing import DaySheet, part_of
from recompute.stretches import crossing, edges_of, split, windows_of
from recompute.tally import MoneyTally, Pieces

Name = tuple[int, int, bool, int, bool]
"""A crossing without its energy: stretches over the same windows are told together."""


@dataclass
class SlotPricing:
    """Prices periods of a day that are made of whole slots."""

    facts: FileFacts
    prices: Prices
    days: SeriesDays
    _sheets: dict[tuple[int, object], tuple[DayFigure, DaySheet]] = field(default_factory=dict)

    def take(
        self,
        tally: MoneyTally,
        day: date,
        one: DayFigure,
        part: DayPart,
        slots: range,
        shares: Sequence[int],
    ) -> None:
        """Add what some slots of a part hold; `shares` are those of the period's energy."""
        sheet = self._sheet(day, one, part)
        known = [n for n in slots if n < len(part.slots) and part.slots[n] is not None]
        held: dict[int, int] = defaultdict(int)
        for n in known:
            for window, amount in sheet.pieces[n].items():
                held[window] += amount
        for pieces in _spread(sheet, held) if len(held) > 1 else ():
            tally.stretch(pieces, held=True)
        in_gap = any(window in sheet.gaps for window in held)
        loose: Pieces = defaultdict(int)
        for window, amount in held.items():
            loose[sheet.rows[window]] += amount
        _by_quality(tally, loose, shares, in_gap=in_gap)

    def _sheet(self, day: date, one: DayFigure, part: DayPart) -> DaySheet:
        place = (id(one), part.name)
        if place not in self._sheets:
            self._sheets[place] = (one, self._made(day, one, part))
        return self._sheets[place][1]

    def of_part(self, day: date, one: DividedDay, part: DayPart) -> DaySheet:
        """What a part of a shared place's figure has, of one of the whole's own parts."""
        return part_of(self._sheet(day, one.whole, part), part.slots, one.part)

    def of_formula(self, day: date, one: MadeDay) -> DaySheet:
        """The day of a meter that is made of others: its slots by time, what is not measured
        standing in."""
        windows = windows_of(self.facts, self.prices, one.meter, day)
        sheet = DaySheet(tuple(window.row for window in windows))
        zone, found = self.facts.zone(one.meter.node), dict[Name, list[int]]()
        for n, (start, end) in enumerate(slots_of(day, zone, one.meter.step_min)):
            amount = one.part.slots[n]
            if amount is None:
                continue
            inside = _inside(windows, start, end)
            edges = [amount * (last - start) // (end - start) for _, _, last in inside]
            pieces = [after - before for before, after in pairwise([0, *edges])]
            for (w, first, last), piece in zip(inside, pieces, strict=True):
                sheet.add(n, w, piece, last - first)
                if one.part.shares[n][MEASURED] < WHOLE:
                    sheet.stood_in[w] += piece
            if one.part.shares[n][MEASURED] == WHOLE and len(inside) > 1 and amount:
                self._crossing(found, windows, inside, pieces)
        sheet.crossings = sorted((*name[:4], tuple(own), name[4]) for name, own in found.items())
        return sheet

    @staticmethod
    def _crossing(
        found: dict[Name, list[int]],
        windows: Sequence[PricedWindow],
        inside: Sequence[tuple[int, int, int]],
        pieces: Sequence[int],
    ) -> None:
        first, last = inside[0][0], inside[-1][0]
        bounds = windows[first].start, windows[last].end
        own = found.setdefault((*bounds, True, first, sum(pieces) < 0), [0] * len(pieces))
        for place, piece in enumerate(pieces):
            own[place] += piece

    def _made(self, day: date, one: DayFigure, part: DayPart) -> DaySheet:
        sheet, groups = DaySheet(), dict[Name, list[int]]()
        for sign, code in one.counted:
            meter = self.facts.meters[code]
            if self.days.part_name(meter, day) == part.name:
                self._meter(sheet, groups, meter, day, sign)
        for sign, stand_in in one.stand_ins:
            meter = self.facts.meters[stand_in.meter]
            if self.days.part_name(meter, day) == part.name:
                self._stand_in(sheet, stand_in, meter, day, sign)
        for sign, divided in one.divided:
            for own in divided.whole.parts:
                if own.name == part.name:
                    _take(sheet, groups, self.of_part(day, divided, own), sign)
        for sign, made in one.made:
            if made.part.name == part.name:
                _take(sheet, groups, self.of_formula(day, made), sign)
        found = [(*name[:4], tuple(parts), name[4]) for name, parts in groups.items()]
        sheet.crossings = sorted(found)
        for _, _, measured, window, amounts, _ in sheet.crossings:
            touched = range(window, window + len(amounts))
            if not measured and len({sheet.rows[w] for w in touched}) > 1:
                sheet.gaps.update(touched)
        return sheet

    def _meter(
        self,
        sheet: DaySheet,
        groups: dict[Name, list[int]],
        meter: MeterLine,
        day: date,
        sign: int,
    ) -> None:
        windows = windows_of(self.facts, self.prices, meter, day)
        curve, zone = self.days.measured[meter.code].curve, self.facts.zone(meter.node)
        sheet.rows = tuple(window.row for window in windows)
        for n, slot in enumerate(slots_of(day, zone, meter.step_min)):
            for w, start, end in _inside(windows, *slot):
                sheet.add(n, w, sign * (curve.energy(start, end) or 0), end - start)
        if self.prices.scope(meter, day) is None:
            return
        for one in curve.over(windows[0].start, windows[-1].end):
            if one.quality == ESTIMATED:
                for w, window in enumerate(windows):
                    sheet.stood_in[w] += sign * one.within(window.start, window.end)
            touched = crossing(one, windows)
            if not touched:
                continue
            first, last = edges_of(self.facts, self.prices, meter, one)
            negative = (one.energy < 0) != (sign < 0)
            name = (first, last, one.quality == MEASURED, touched[0], negative)
            parts = groups.setdefault(name, [0] * len(touched))
            if len(parts) != len(touched):
                raise AssertionError("stretches over the same windows touch the same ones")
            for place, w in enumerate(touched):
                parts[place] += sign * one.within(windows[w].start, windows[w].end)

    def _stand_in(
        self, sheet: DaySheet, one: StandIn, meter: MeterLine, day: date, sign: int
    ) -> None:
        windows = windows_of(self.facts, self.prices, meter, day)
        sheet.rows = tuple(window.row for window in windows)
        for w, amount in split(one, windows):
            sheet.add(one.place, w, sign * amount)
            sheet.stood_in[w] += sign * amount


def _take(sheet: DaySheet, groups: dict[Name, list[int]], own: DaySheet, sign: int) -> None:
    """Add what a part of a shared place has."""
    sheet.rows = own.rows
    for slot, pieces in own.pieces.items():
        for window, amount in pieces.items():
            sheet.add(slot, window, sign * amount, own.times[slot][window])
    for first, last, measured, window, parts, off in own.crossings:
        into = groups.setdefault(
            (first, last, measured, window, off != (sign < 0)), [0] * len(parts)
        )
        for place, amount in enumerate(parts):
            into[place] += sign * amount
    for window, amount in own.stood_in.items():
        sheet.stood_in[window] += sign * amount


def _inside(windows: Sequence[PricedWindow], start: int, end: int) -> list[tuple[int, int, int]]:
    """(window, start, end) of what a stretch of time has in each window that it lies in."""
    found = [(w, max(one.start, start), min(one.end, end)) for w, one in enumerate(windows)]
    return [(w, first, last) for w, first, last in found if first < last]


def _spread(sheet: DaySheet, held: dict[int, int]) -> list[Pieces]:
    """Stretches over several prices, each no larger than what is left of the period's energy in
    its windows; what they take is taken from there."""
    found = []
    for _, _, _, window, parts, _ in sheet.crossings:
        inside = [w for w in range(window, window + len(parts)) if w in held]
        rates = {
            None if r is None else (r.currency, r.price) for r in (sheet.rows[w] for w in inside)
        }
        if len(rates) > 1:
            pieces: Pieces = defaultdict(int)
            for w in inside:
                most = min(abs(held[w]), abs(parts[w - window]))
                taken = -most if held[w] < 0 else most
                held[w] -= taken
                pieces[sheet.rows[w]] += taken
            found.append(pieces)
    return found


def _by_quality(tally: MoneyTally, loose: Pieces, shares: Sequence[int], *, in_gap: bool) -> None:
    """What has one price, by the quality of the energy."""
    known = WHOLE - shares[MISSING]
    for row, amount in loose.items():
        gap = amount * shares[APPORTIONED] // known if known else 0
        stood_in = amount * shares[ESTIMATED] // known if known else 0
        tally.certain[row] += amount - gap - stood_in
        tally.estimated[row] += stood_in + (gap if in_gap else 0)
        tally.apportioned[row] += 0 if in_gap else gap
