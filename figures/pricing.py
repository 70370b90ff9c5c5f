"""From book rows to tallies: which tariff row prices how much of a row's energy.

    whole days        windows of each part, and stretches joined from day to day
    parts of a day    slots of each part, those over an edge cut where the windows say

Both add up to the same money, since the windows of a day are the sums that its slots have at
the edges of prices.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from figures.periods import Price, Tally
from figures.view import View
from ledger import slot_windows, windows_for
from metering.book import BookRow, Crossing, Part, PriceWindows, SeriesKey
from metering.localtime import MINUTE_US, day_bounds
from metering.quality import APPORTIONED, ESTIMATED, MISSING, WHOLE, Shares
from metering.quantity import ABSENT
from metering.tariff import TariffScope, windows_of

Wanted = Callable[[Part], bool]
Parts = list[tuple[Price, int]]


@dataclass(frozen=True, eq=False)
class Priced:
    """A part of a day with its windows under the prices of today's registry."""

    part: Part
    scope: TariffScope | None
    windows: PriceWindows
    prices: tuple[Price, ...]
    """(w,) the row of each window."""
    bounds: tuple[int, int]
    """Of the local day [us]."""
    minutes: int
    """Of the day by the clocks of what counts into the part."""

    def stretches(self) -> Iterable[tuple[Crossing, Parts]]:
        """Stretches over edges with the price of each piece."""
        for one in self.windows.crossings:
            prices = self.prices[one.window : one.window + len(one.parts)]
            yield one, list(zip(prices, one.parts, strict=True))


def priced(view: View, key: SeriesKey, row: BookRow, part: Part) -> Priced:
    """The part under the tariff it was booked for; under the one that prices the series where
    that does not hold any more, or was not known yet."""
    zone, day, book = view.zone(key), row.day, view.tariffs
    scope = part.scope
    if scope is None or not book.holds(scope, day):
        scope = view.scope_of(key, day, part.step_min)
    bounds = day_bounds(day, zone)
    if scope is None:
        windows = _windows(part, (0,), day, zone)
        nothing = (None,) * len(windows.offsets)
        return Priced(part, None, windows, nothing, bounds, minutes_of(day, zone))
    booked = None if part.windows is None else part.windows.offsets
    zone = own_zone(view, booked, book.edges(scope, day), day, zone)
    turns = windows_of(book.edges(scope, day), day, zone)
    starts = tuple(offset for offset, _ in turns)
    windows = _windows(part, starts, day, zone)
    prices = tuple(
        book.row_at(scope, day, turns[bisect_right(starts, offset) - 1][1])
        for offset in windows.offsets
    )
    return Priced(part, scope, windows, prices, bounds, minutes_of(day, zone))


def own_zone(
    view: View, booked: tuple[int, ...] | None, edges: tuple[int, ...], day: date, zone: str
) -> str:
    """The zone in whose prices a part was booked, by the offsets of its windows: a place may hold
    others whose clocks change on another day."""
    if booked is None or _starts(edges, day, zone) == booked:
        return zone
    for one in sorted({node.zone for node in view.registry.nodes.values() if node.zone}):
        if _starts(edges, day, one) == booked:
            return one
    return zone


def _starts(edges: tuple[int, ...], day: date, zone: str) -> tuple[int, ...]:
    return tuple(offset for offset, _ in windows_of(edges, day, zone))


def minutes_of(day: date, zone: str) -> int:
    """Minutes of a local day."""
    start, end = day_bounds(day, zone)
    return (end - start) // MINUTE_US


def _windows(part: Part, starts: tuple[int, ...], day: date, zone: str) -> PriceWindows:
    """The booked windows, if prices turn nowhere inside of them."""
    booked = part.windows
    if booked is not None and set(starts) <= set(booked.offsets):
        return booked
    return windows_for(part, starts, day, zone)


@dataclass
class DayTally:
    """Tallies a stretch of whole local days [start, end)."""

    view: View
    key: SeriesKey
    tally: Tally
    start_us: int
    end_us: int
    wanted: Wanted
    _joined: dict[object, tuple[Crossing, Parts]] = field(default_factory=dict)

    def add(self, row: BookRow) -> None:
        """Take in a day; a part of which nothing is known costs nothing known, which is not 0."""
        for part in row.parts:
            if self.wanted(part) and np.any(part.slots != ABSENT):
                self._part(priced(self.view, self.key, row, part))

    def _part(self, one: Priced) -> None:
        loose = one.windows.quantity.tolist()
        stand_in = one.windows.estimated.tolist()
        for crossing, parts in one.stretches():
            for place, (_, quantity) in enumerate(parts, start=crossing.window):
                loose[place] -= quantity
            name = (one.scope, crossing.name)
            self._joined.setdefault(name, (crossing, []))[1].extend(parts)
        for price, quantity, estimated in zip(one.prices, loose, stand_in, strict=True):
            self.tally.certain[price] += quantity - estimated
            self.tally.estimated[price] += estimated

    def done(self) -> Tally:
        """The tally, with stretches joined over midnights."""
        for crossing, parts in self._joined.values():
            inside = self.start_us <= crossing.first_us and crossing.last_us <= self.end_us
            self.tally.stretch(parts, held=crossing.measured or inside)
        self._joined = {}
        return self.tally


def of_slots(
    one: Priced, spans: Sequence[tuple[int, int]], shares: Shares, per_canonical: int
) -> list[Tally]:
    """A tally for each period of a day made of whole slots.

    `spans` are (first, last) slots of each period, last not included; `shares` (len(spans), 4)
    is the energy's quality in each.
    """
    pieces = _slot_pieces(one)
    found = []
    for (first, last), quality in zip(spans, shares.tolist(), strict=True):
        tally, own = Tally(per_canonical), pieces[first:last]
        loose, spread = _taken_apart(one, own)
        for parts in spread:
            tally.stretch(parts, held=True)
        _by_quality(tally, loose, quality, any(slot.in_gap for slot in own))
        found.append(tally)
    return found


def begun(one: Priced, slot: int, passed_us: int) -> Parts:
    """The first so many us of a slot, by time between the edges of prices; rounded down."""
    plan = slot_windows(len(one.part.slots), one.part.step_min, one.windows.offsets, one.minutes)
    own, found, left = _slot_pieces(one)[slot], [], passed_us
    for place, (window, length) in enumerate(plan[slot][1]):
        whole = own.parts[place][1]
        taken = min(left, length * MINUTE_US)
        found.append((one.prices[window], whole * taken // (length * MINUTE_US)))
        left -= taken
    return found


@dataclass
class _Slot:
    parts: Parts
    """What it has in each window it lies in."""
    in_gap: bool = False
    """Whether a gap over several prices touches its windows."""
    windows: tuple[int, ...] = ()
    """Those it lies in, in order."""


def _slot_pieces(one: Priced) -> list[_Slot]:
    slots, windows = one.part.slots.tolist(), one.windows
    passed = [0]
    for quantity in windows.quantity.tolist():
        passed.append(passed[-1] + quantity)
    gaps = {
        window
        for crossing, parts in one.stretches()
        if not crossing.measured and len({price for price, _ in parts}) > 1
        for window in range(crossing.window, crossing.window + len(parts))
    }
    before, found = 0, []
    plan = slot_windows(len(slots), one.part.step_min, windows.offsets, one.minutes)
    for (_, shared), quantity in zip(plan, slots, strict=True):
        if quantity == ABSENT:
            found.append(_Slot([]))
            continue
        inside = [window for window, _ in shared]
        edges = [before, *(passed[window] for window in inside[1:]), before + quantity]
        pieces = [b - a for a, b in itertools.pairwise(edges)]
        before += quantity
        parts = list(zip((one.prices[w] for w in inside), pieces, strict=True))
        in_gap = any(window in gaps for window in inside)
        found.append(_Slot(parts, in_gap, tuple(inside)))
    return found


def _taken_apart(one: Priced, slots: Sequence[_Slot]) -> tuple[dict[Price, int], list[Parts]]:
    """(certain by price, stretches over several prices) of slots side by side.

    Of a stretch that lies in the slots in part, its windows that end or begin at an edge inside
    of them hold at most what the slots have there. Where several meters count into the part,
    that may take in others' energy: the bounds are then wide, never too narrow.
    """
    held: dict[int, int] = defaultdict(int)
    for slot in slots:
        for place, window in enumerate(slot.windows):
            held[window] += slot.parts[place][1]
    spread = []
    for stretch in one.windows.crossings if len(held) > 1 else ():
        inside = [
            w for w in range(stretch.window, stretch.window + len(stretch.parts)) if w in held
        ]
        if len({_rate(one.prices[window]) for window in inside}) > 1:
            parts = []
            for window in inside:
                most = min(abs(held[window]), abs(stretch.parts[window - stretch.window]))
                taken = -most if held[window] < 0 else most
                held[window] -= taken
                parts.append((one.prices[window], taken))
            spread.append(parts)
    loose: dict[Price, int] = defaultdict(int)
    for window, quantity in held.items():
        loose[one.prices[window]] += quantity
    return loose, spread


def _rate(price: Price) -> tuple[object, ...]:
    return () if price is None else (price.currency, price.price)


def _by_quality(
    tally: Tally, loose: dict[Price, int], quality: Sequence[int], doubtful: bool
) -> None:
    """Divide what lies in one price by the energy's own quality."""
    known = WHOLE - quality[MISSING]
    for price, quantity in loose.items():
        apportioned = quantity * quality[APPORTIONED] // known if known else 0
        estimated = quantity * quality[ESTIMATED] // known if known else 0
        tally.certain[price] += quantity - apportioned - estimated
        tally.estimated[price] += estimated + (apportioned if doubtful else 0)
        tally.apportioned[price] += 0 if doubtful else apportioned
