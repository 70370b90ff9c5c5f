"""Slots, hours and days of many meters, read off their cumulative curves in one go."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ledger.curve import Curve
from ledger.curves import Curves
from ledger.periods import Clock, day_edges
from ledger.windows import Pricing, of_days
from metering.book import BookRow, Part, PriceWindows, SeriesKey
from metering.localtime import DAY_MIN
from metering.quality import (
    APPORTIONED,
    ESTIMATED,
    MEASURED,
    MISSING,
    WHOLE,
    Shares,
    all_of,
    from_times,
)
from metering.quantity import ABSENT, I64, apportion, totals
from metering.tariff import TariffScope


class WantedDays(NamedTuple):
    """What the rows of some days are made for: local days of one zone, rising, at one step, with
    the versions of rules and registry that the rows bear."""

    days: tuple[date, ...]
    zone: str
    step_min: int
    clock: Clock
    rules: int = 1
    registry: int = 0


def book_many(
    keys: Sequence[SeriesKey], curves: Curves, pricings: Sequence[Pricing], wanted: WantedDays
) -> list[list[BookRow]]:
    """For each of m meters one row a day; what a meter gets depends on no other."""
    days, zone, clock = wanted.days, wanted.zone, wanted.clock
    grid, of_hours = grid_of(days, zone, wanted.step_min), grid_of(days, zone, 60)
    whole_days = grid_of(days, zone, DAY_MIN)
    energy, times = _booked(curves, grid, clock)
    gaps = [(place, curves.one(place)) for place in curves.with_gaps()]
    hours = _hours(curves, wanted, times)
    of_day = np.add.reduceat(times, grid.per_day[:-1], axis=1)
    for place, curve in gaps:
        _hold(hours[place], curve, of_hours, clock)
        _hold(of_day[place], curve, whole_days, clock)
    m = len(keys)
    shares = from_times(np.concatenate((times, hours, of_day), axis=1).reshape(-1, 4))
    shares = shares.reshape(m, -1, 4)
    n, h = times.shape[1], hours.shape[1]
    slot_shares, hour_shares, day_shares = np.split(shares, (n, n + h), axis=1)
    spills: dict[int, list[tuple[int, int, int]]] = {
        place: _spills(curve, whole_days.starts, whole_days.ends, day_shares[place])
        for place, curve in gaps
    }
    firsts = (np.arange(m)[:, np.newaxis] * n + np.array(grid.per_day[:-1])).ravel()
    sums = totals(energy.ravel(), firsts.tolist())
    slots = _by_day(slot_shares, grid.per_day), _by_day(hour_shares, of_hours.per_day)
    none = [(0, 0, 0)] * len(days)
    provisional = [not clock.is_settled(day, zone) for day in days]
    made = []
    for place, (key, pricing) in enumerate(zip(keys, pricings, strict=True)):
        scopes, windows = _priced(curves, place, pricing, grid, wanted)
        own = energy[place]
        of_slots, in_hours, whole = slots[0][place], slots[1][place], day_shares[place]
        spill = spills.get(place, none)
        rows = []
        for i, (a, b) in enumerate(itertools.pairwise(grid.per_day)):
            part = Part(wanted.step_min, own[a:b], of_slots[i], in_hours[i], scopes[i], windows[i])
            rows.append(
                BookRow(
                    key,
                    days[i],
                    (part,),
                    sums[place * len(days) + i],
                    whole[i],
                    spill[i],
                    provisional=provisional[i],
                    rules=wanted.rules,
                    registry=wanted.registry,
                )
            )
        made.append(rows)
    return made


def _priced(
    curves: Curves, place: int, pricing: Pricing, grid: DayGrid, wanted: WantedDays
) -> tuple[list[TariffScope | None], Sequence[PriceWindows | None]]:
    """What prices a meter on each day, and its energy between the edges of its prices."""
    days = wanted.days
    scopes = pricing.scopes(days)
    if all(scope is None for scope in scopes):
        return scopes, [None] * len(days)
    until = _booked_until(grid, wanted.clock)
    return scopes, of_days(curves.one(place), days, until, pricing)


def _by_day(shares: Shares, per_day: list[int]) -> list[list[Shares]]:
    """(m meters) the shares (m, n, 4) of each day; those of days that are measured throughout are
    the same array."""
    whole = np.logical_and.reduceat(shares[..., MEASURED] == WHOLE, per_day[:-1], axis=1)
    edges = list(itertools.pairwise(per_day))
    return [
        [
            _all_measured(b - a) if measured else own[a:b].copy()
            for measured, (a, b) in zip(told, edges, strict=True)
        ]
        for own, told in zip(shares, whole.tolist(), strict=True)
    ]


@lru_cache(maxsize=256)
def _all_measured(count: int) -> Shares:
    shares = all_of(MEASURED, count)
    shares.flags.writeable = False
    return shares


@dataclass(frozen=True, eq=False)
class DayGrid:
    """Periods of days side by side (n of them)."""

    starts: I64
    ends: I64
    per_day: list[int]
    """Place of each day's first period, and n."""
    instants: I64
    """All starts and ends, each once where the days follow each other."""

    def between(self, values: I64) -> I64:
        """(m, n) from what has passed by the instants: what passed in each period."""
        if values.shape[1] == len(self.starts) + 1:
            return np.diff(values, axis=1)
        return values[:, len(self.starts) :] - values[:, : len(self.starts)]


@lru_cache(maxsize=256)
def grid_of(days: tuple[date, ...], zone: str, step_min: int) -> DayGrid:
    """The slots of some local days."""
    parts = [day_edges(day, zone, step_min) for day in days]
    starts = np.concatenate([starts for starts, _ in parts])
    ends = np.concatenate([ends for _, ends in parts])
    instants = np.concatenate((starts, ends))
    if np.array_equal(starts[1:], ends[:-1]):
        instants = np.append(starts, ends[-1])
    per_day = np.cumsum([0, *(len(starts) for starts, _ in parts)]).tolist()
    starts.flags.writeable = ends.flags.writeable = instants.flags.writeable = False
    return DayGrid(starts, ends, per_day, instants)


def _booked_until(grid: DayGrid, clock: Clock) -> list[int]:
    """By day the end of the last slot that has begun; its start where none has."""
    found = []
    for a, b in itertools.pairwise(grid.per_day):
        begun = int(np.searchsorted(grid.starts[a:b], clock.as_of_us))
        found.append(int(grid.ends[a + begun - 1] if begun else grid.starts[a]))
    return found


def _booked(curves: Curves, grid: DayGrid, clock: Clock) -> tuple[I64, I64]:
    """(m, n) energy of each slot, and (m, n, 4) time in each class [us], of the time expected by
    now."""
    measured, apportioned, estimated = map(grid.between, curves.known(grid.instants))
    passed = grid.between(curves.at(grid.instants))
    known = (measured + apportioned + estimated > 0) & (grid.starts < clock.as_of_us)
    energy = np.where(known, passed, ABSENT)
    if grid.ends[-1] <= clock.as_of_us:
        return energy, _classes(grid.ends - grid.starts, measured, apportioned, estimated)
    return energy, _times(curves, grid, clock)


def _times(curves: Curves, grid: DayGrid, clock: Clock) -> I64:
    """(m, n, 4) time in each class [us], of the time expected by now."""
    starts = grid.starts
    ends = np.clip(grid.ends, starts, np.maximum(starts, clock.as_of_us))
    pairs = zip(curves.known(ends), curves.known(starts), strict=True)
    return _classes(ends - starts, *(upto - since for upto, since in pairs))


def _classes(length: I64, measured: I64, apportioned: I64, estimated: I64) -> I64:
    times = np.zeros((*measured.shape, 4), dtype=np.int64)
    times[..., MEASURED], times[..., APPORTIONED] = measured, apportioned
    times[..., ESTIMATED] = estimated
    times[..., MISSING] = length - measured - apportioned - estimated
    return times


def _hours(curves: Curves, wanted: WantedDays, times: I64) -> I64:
    """(m, h, 4) time in each class of each hour of the days; from the `times` of slots where these
    make up hours."""
    grid, step_min = grid_of(wanted.days, wanted.zone, 60), wanted.step_min
    if step_min == 60:
        return times.copy()
    if 60 % step_min == 0:
        slots = grid_of(wanted.days, wanted.zone, step_min)
        found: I64 = np.add.reduceat(times, np.searchsorted(slots.starts, grid.starts), axis=1)
        return found
    return _times(curves, grid, wanted.clock)


def _hold(times: I64, curve: Curve, grid: DayGrid, clock: Clock) -> None:
    """Count a gap that a period holds whole as measured there."""
    opened, closed = curve.gaps()
    if not len(opened):
        return
    starts, ends = grid.starts, grid.ends
    place = np.searchsorted(starts, opened, side="right") - 1
    inside = (place >= 0) & (closed <= ends[place]) & (closed <= clock.as_of_us)
    length = (closed - opened)[inside]
    np.add.at(times[:, MEASURED], place[inside], length)
    np.add.at(times[:, APPORTIONED], place[inside], -length)


def _spills(
    curve: Curve, firsts: I64, lasts: I64, day_shares: Shares
) -> list[tuple[int, int, int]]:
    """Of each day's apportioned share: gaps open to the day before, to the day after, and
    through the whole day."""
    if not day_shares[:, APPORTIONED].any():
        return [(0, 0, 0)] * len(firsts)
    opened, closed = curve.gaps()
    spills = []
    for first, last, share in zip(
        firsts.tolist(), lasts.tolist(), day_shares[:, APPORTIONED].tolist(), strict=True
    ):
        if not share:
            spills.append((0, 0, 0))
            continue
        here = (opened < last) & (closed > first)
        start, end = np.maximum(opened[here], first), np.minimum(closed[here], last)
        before, after = opened[here] < first, closed[here] > last
        length = end - start
        parts = [
            int(length[before & ~after].sum()),
            int(length[after & ~before].sum()),
            int(length[before & after].sum()),
        ]
        back, on, through = apportion(share, parts).tolist()
        spills.append((back, on, through))
    return spills
