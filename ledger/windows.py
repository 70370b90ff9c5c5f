"""Energy between the edges of prices: of a meter from its curve, of a node from its parts.

    edges      |        |                 |
    readings  ·     ·      ·     ·     ·      ·
    stretches           └──┘           └──────┘     two that cross an edge

What passed in a stretch is known, where in it is not: the window's quantity takes its share by
time, and the stretch is kept beside it as a *crossing*, so that whoever prices it can say how
much less or more it may have cost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from ledger.curve import Curve
from metering.book import Crossing, PriceWindows
from metering.localtime import MINUTE_US, day_bounds, local_day
from metering.quality import ESTIMATED, MEASURED, MISSING
from metering.quantity import ABSENT, I64
from metering.tariff import TariffScope, windows_of
from metering.tariff_choice import TariffChoice


@dataclass(frozen=True)
class Pricing:
    """What prices a meter from day to day."""

    choice: TariffChoice
    meter: str
    zone: str

    def scope(self, day: date) -> TariffScope | None:
        """What prices the meter on a local day; None where no tariff holds."""
        return self.choice.of(self.meter, day)

    def scopes(self, days: Sequence[date]) -> list[TariffScope | None]:
        """The same of days in rising order."""
        if days and self.choice.epoch(days[0]) == self.choice.epoch(days[-1]):
            return [self.scope(days[0])] * len(days)
        return [self.scope(day) for day in days]

    def offsets(self, day: date) -> tuple[int, ...]:
        """Minutes since the day's start at which its windows start."""
        return offsets_of(self.choice, self.scope(day), day, self.zone)

    def window_at(self, time_us: int) -> tuple[int, int]:
        """(start, end) of the price window that holds an instant [us]."""
        day = local_day(time_us, self.zone)
        start, end = day_bounds(day, self.zone)
        edges = [start + offset * MINUTE_US for offset in self.offsets(day)] + [end]
        place = int(np.searchsorted(np.array(edges), time_us, side="right")) - 1
        return edges[place], edges[place + 1]


def offsets_of(
    choice: TariffChoice, scope: TariffScope | None, day: date, zone: str
) -> tuple[int, ...]:
    """Minutes since the local day's start at which the windows of a scope start; one window
    where there is no tariff."""
    if scope is None:
        return (0,)
    return tuple(offset for offset, _ in windows_of(choice.book.edges(scope, day), day, zone))


def of_days(
    curve: Curve, days: Sequence[date], until_us: Sequence[int], pricing: Pricing
) -> list[PriceWindows | None]:
    """The windows of each day, days rising; None for a day that no tariff prices.

    `until_us` is where each day's booked slots end: nothing is booked beyond.
    """
    priced = [n for n, day in enumerate(days) if pricing.scope(day) is not None]
    found: list[PriceWindows | None] = [None] * len(days)
    if not priced:
        return found
    offsets = [pricing.offsets(days[n]) for n in priced]
    bounds = [day_bounds(days[n], pricing.zone) for n in priced]
    starts = _flat(b[0] + np.array(o) * MINUTE_US for o, b in zip(offsets, bounds, strict=True))
    ends = _flat(
        np.append(b[0] + np.array(o[1:], dtype=np.int64) * MINUTE_US, b[1])
        for o, b in zip(offsets, bounds, strict=True)
    )
    until = np.repeat([until_us[n] for n in priced], [len(o) for o in offsets])
    bounds_us = np.minimum(starts, until), np.minimum(ends, until)
    quantity = curve.at(bounds_us[1]) - curve.at(bounds_us[0])
    entered = curve.estimated()
    stood_in = entered.at(bounds_us[1]) - entered.at(bounds_us[0])
    firsts = np.cumsum([0, *(len(o) for o in offsets)])
    crossings = _crossings(curve, starts, ends, until, firsts, pricing)
    for place, n in enumerate(priced):
        a, b = int(firsts[place]), int(firsts[place + 1])
        found[n] = PriceWindows(
            offsets[place],
            quantity[a:b],
            stood_in[a:b],
            tuple(sorted(crossings.get(place, ()))),
        )
    return found


def _flat(parts: Iterable[I64]) -> I64:
    return np.concatenate(list(parts)).astype(np.int64)


def _crossings(
    curve: Curve, starts: I64, ends: I64, until: I64, firsts: I64, pricing: Pricing
) -> dict[int, list[Crossing]]:
    """By day the stretches that lie on both sides of an edge."""
    if len(curve.time_us) < 2:
        return {}
    opened, closed = curve.time_us[:-1], curve.time_us[1:]
    edges = np.union1d(starts, ends)
    inside = np.searchsorted(edges, closed, "left") > np.searchsorted(edges, opened, "right")
    told = (curve.quality != MISSING) & (curve.quality != ESTIMATED)
    chosen = np.flatnonzero(inside & told & (np.diff(curve.total) != 0))
    found: dict[int, dict[tuple[int, int, bool, bool], Crossing]] = {}
    low = np.searchsorted(ends, opened[chosen], "right")
    high = np.searchsorted(starts, closed[chosen], "left")
    for segment, a, b in zip(chosen.tolist(), low.tolist(), high.tolist(), strict=True):
        if a >= b:
            continue
        start, end = int(opened[segment]), int(closed[segment])
        upper = np.minimum(np.minimum(ends[a:b], end), until[a:b])
        lower = np.minimum(np.maximum(starts[a:b], start), upper)
        parts = curve.at(upper) - curve.at(lower)
        first_us = int(starts[a]) if starts[a] <= start else pricing.window_at(start)[0]
        last_us = int(ends[b - 1]) if end <= ends[b - 1] else pricing.window_at(end - 1)[1]
        measured = bool(curve.quality[segment] == MEASURED)
        negative = bool(curve.total[segment + 1] < curve.total[segment])
        days = np.searchsorted(firsts, np.arange(a, b), "right") - 1
        for day in np.unique(days).tolist():
            own = days == day
            window = int(np.arange(a, b)[own][0] - firsts[day])
            passed = tuple(parts[own].tolist())
            one = Crossing(first_us, last_us, measured, window, passed, negative)
            _put(found.setdefault(day, {}), one)
    return {day: list(group.values()) for day, group in found.items()}


def _put(group: dict[tuple[int, int, bool, bool], Crossing], one: Crossing) -> None:
    other = group.get(one.name)
    if other is None:
        group[one.name] = one
    else:
        summed = tuple(a + b for a, b in zip(other.parts, one.parts, strict=True))
        group[one.name] = replace(one, parts=summed)


def united(crossings: Iterable[Crossing]) -> tuple[Crossing, ...]:
    """Crossings of several meters on one day, those that touch the same windows as one."""
    groups: dict[tuple[int, int], dict[tuple[int, int, bool, bool], Crossing]] = {}
    for one in crossings:
        _put(groups.setdefault((one.window, len(one.parts)), {}), one)
    return tuple(sorted(one for group in groups.values() for one in group.values()))


def opposite(one: Crossing) -> Crossing:
    """The crossing taken off instead of added."""
    return replace(one, parts=tuple(-part for part in one.parts), negative=not one.negative)


def by_time(amounts: I64, step_min: int, offsets: Sequence[int], minutes: int) -> I64:
    """(D, w) what slots (D, n) hold in each window of a day of so many minutes; a slot over an
    edge is split by time, rounded down from the left. ABSENT counts as nothing."""
    known = np.where(amounts == ABSENT, 0, amounts)
    if len(offsets) == 1:
        whole: I64 = known.sum(axis=1, keepdims=True)
        return whole
    found = np.zeros((len(amounts), len(offsets)), dtype=np.int64)
    for slot, pieces in slot_windows(amounts.shape[1], step_min, tuple(offsets), minutes):
        taken = np.zeros(len(amounts), dtype=np.int64)
        length, passed = sum(part for _, part in pieces), 0
        for window, part in pieces:
            passed += part
            upto = known[:, slot] * passed // length
            found[:, window] += upto - taken
            taken = upto
    return found


def slot_windows(
    slots: int, step_min: int, offsets: tuple[int, ...], minutes: int
) -> list[tuple[int, list[tuple[int, int]]]]:
    """Per slot of a day its windows, each with the minutes that it shares with the slot.

    What a place inside has of a longer day is past the end of this one, and in its last window."""
    edges, found = [*offsets, minutes], []
    for slot in range(slots):
        start, end = slot * step_min, min((slot + 1) * step_min, minutes)
        if start >= minutes:
            found.append((slot, [(len(offsets) - 1, step_min)]))
            continue
        if slot == slots - 1:
            end = minutes
        pieces, window = [], bisect_right(offsets, start) - 1
        while window < len(offsets) and edges[window] < end:
            shared = min(end, edges[window + 1]) - max(start, edges[window])
            if shared > 0:
                pieces.append((window, shared))
            window += 1
        found.append((slot, pieces))
    return found


def of_slots(
    amounts: I64,
    measured: Callable[[int], bool],
    step_min: int,
    offsets: tuple[int, ...],
    bounds: tuple[int, int],
) -> PriceWindows:
    """The windows of a day of which only the slots (n,) are known: each slot over an edge is a
    crossing. `measured` says so of a slot; `bounds` are the day's [us]."""
    minutes = (bounds[1] - bounds[0]) // MINUTE_US
    quantity = by_time(amounts[None, :], step_min, offsets, minutes)[0]
    edges = [bounds[0] + offset * MINUTE_US for offset in offsets] + [bounds[1]]
    crossings = []
    many = slot_windows(len(amounts), step_min, offsets, minutes) if len(offsets) > 1 else []
    for slot, pieces in many:
        if len(pieces) < 2 or amounts[slot] in (ABSENT, 0):
            continue
        alone = np.full_like(amounts, ABSENT)
        alone[slot] = amounts[slot]
        parts = by_time(alone[None, :], step_min, offsets, minutes)[0]
        first, last = pieces[0][0], pieces[-1][0]
        crossings.append(
            Crossing(
                edges[first],
                edges[last + 1],
                measured(slot),
                first,
                tuple(parts[first : last + 1].tolist()),
                bool(amounts[slot] < 0),
            )
        )
    return PriceWindows(offsets, quantity, np.zeros_like(quantity), united(crossings))
