"""Slots, hours and days of a meter, read off its cumulative curve."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from ledger.curve import Curve
from ledger.windows import Pricing, of_days
from metering.book import BookRow, Part, PriceWindows, SeriesKey
from metering.localtime import (
    DAY_MIN,
    MINUTE_US,
    day_bounds,
    day_of_number,
    slot_starts,
)
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

DAY_US = DAY_MIN * MINUTE_US
_NEAR_DAYS = 100
"""Instants no further apart have all days between them at hand."""
SETTLE_US = 20 * MINUTE_US
"""How long after its end a local day stays provisional: the reading that closes it is on its
way for one native step, and should not look like a restatement."""


@dataclass(frozen=True)
class Clock:
    """How far the day has come: `as_of_us` is now; a day settles `settle_us` after its end."""

    as_of_us: int
    settle_us: int = SETTLE_US

    def is_settled(self, day: date, zone: str) -> bool:
        """Whether the local day ended long enough ago for its row to be final."""
        return day_bounds(day, zone)[1] + self.settle_us <= self.as_of_us


@lru_cache(maxsize=8192)
def day_edges(day: date, zone: str, step_min: int) -> tuple[I64, I64]:
    """(starts, ends) of the local day's slots [us]; the last one may be shorter, and the
    daily step is the day itself."""
    starts = slot_starts(day, zone, step_min)
    end = day_bounds(day, zone)[1]
    ends = np.append(starts[1:], end) if step_min < DAY_MIN else np.array([end], dtype=np.int64)
    starts.flags.writeable = ends.flags.writeable = False
    return starts, ends


def day_starts(time_us: I64, zone: str) -> tuple[I64, I64]:
    """(starts, ends) of the local days around the instants, rising [us]; none around none."""
    if not len(time_us):
        return time_us, time_us
    day = time_us // DAY_US
    first, last = int(day.min()) - 1, int(day.max()) + 1
    if last - first <= _NEAR_DAYS:
        return _edges_of(tuple(range(first, last + 1)), zone)
    near = {number + shift for number in set(day.tolist()) for shift in (-1, 0, 1)}
    return _edges_of(tuple(sorted(near)), zone)


@lru_cache(maxsize=256)
def _edges_of(numbers: tuple[int, ...], zone: str) -> tuple[I64, I64]:
    edges = [day_edges(day_of_number(number), zone, DAY_MIN) for number in numbers]
    starts, ends = (np.concatenate(side) for side in zip(*edges, strict=True))
    starts.flags.writeable = ends.flags.writeable = False
    return starts, ends


def slot_ends(time_us: I64, zone: str, step_us: int) -> I64:
    """(n,) ends of the slots of the books that hold the instants [us]: steps from local midnight,
    the last one up to the day's end, and of the daily step the day itself."""
    if not len(time_us):
        return time_us
    starts, ends = day_starts(time_us, zone)
    place = np.searchsorted(starts, time_us, side="right") - 1
    first, last = starts[place], ends[place]
    if step_us >= DAY_US:
        return last
    return np.asarray(np.minimum(first + ((time_us - first) // step_us + 1) * step_us, last))


def book_days(
    key: SeriesKey,
    curve: Curve,
    days: Sequence[date],
    step_min: int,
    clock: Clock,
    pricing: Pricing,
    *,
    rules: int = 1,
    registry: int = 0,
) -> list[BookRow]:
    """One row a day, days rising; a pure function of the curve, the clock and the tariffs. `rules`
    and `registry` are the versions that the rows bear."""
    zone = pricing.zone
    if not days:
        return []
    grid, whole_days = _grid(tuple(days), zone, step_min), _grid(tuple(days), zone, DAY_MIN)
    energy, times = _booked(curve, grid, clock)
    hours, per_hour = _hours(curve, days, zone, step_min, times, clock)
    of_day = np.add.reduceat(times, grid.per_day[:-1], axis=0)
    _hold(of_day, curve, whole_days, clock)
    shares, n, m = from_times(np.concatenate((times, hours, of_day))), len(times), len(hours)
    slot_shares, hour_shares, day_shares = shares[:n], shares[n : n + m], shares[n + m :]
    spills = _spills(curve, whole_days.starts, whole_days.ends, day_shares)
    scopes = pricing.scopes(days)
    windows: Sequence[PriceWindows | None] = [None] * len(days)
    if any(scope is not None for scope in scopes):
        windows = of_days(curve, days, _booked_until(grid, clock), pricing)
    sums, per_day = totals(energy, grid.per_day[:-1]), grid.per_day
    of_slots, of_hours = _by_day(slot_shares, per_day), _by_day(hour_shares, per_hour)
    return [
        BookRow(
            key,
            day,
            (
                Part(
                    step_min,
                    energy[per_day[i] : per_day[i + 1]],
                    of_slots[i],
                    of_hours[i],
                    scopes[i],
                    windows[i],
                ),
            ),
            sums[i],
            day_shares[i],
            spills[i],
            provisional=not clock.is_settled(day, zone),
            rules=rules,
            registry=registry,
        )
        for i, day in enumerate(days)
    ]


def _by_day(shares: Shares, per_day: list[int]) -> list[Shares]:
    """The shares of each day; those of days that are measured throughout are the same array."""
    measured = np.logical_and.reduceat(shares[:, MEASURED] == WHOLE, per_day[:-1]).tolist()
    return [
        _all_measured(b - a) if whole else shares[a:b].copy()
        for whole, (a, b) in zip(measured, itertools.pairwise(per_day), strict=True)
    ]


@lru_cache(maxsize=256)
def _all_measured(count: int) -> Shares:
    shares = all_of(MEASURED, count)
    shares.flags.writeable = False
    return shares


@dataclass(frozen=True, eq=False)
class _Grid:
    """Periods of days side by side (n of them)."""

    starts: I64
    ends: I64
    per_day: list[int]
    """Place of each day's first period, and n."""
    instants: I64
    """All starts and ends, each once where the days follow each other."""

    def between(self, values: I64) -> I64:
        """(n,) from what has passed by the instants: what passed in each period."""
        if len(values) == len(self.starts) + 1:
            return np.diff(values)
        return values[len(self.starts) :] - values[: len(self.starts)]


@lru_cache(maxsize=256)
def _grid(days: tuple[date, ...], zone: str, step_min: int) -> _Grid:
    parts = [day_edges(day, zone, step_min) for day in days]
    starts = np.concatenate([starts for starts, _ in parts])
    ends = np.concatenate([ends for _, ends in parts])
    instants = np.concatenate((starts, ends))
    if np.array_equal(starts[1:], ends[:-1]):
        instants = np.append(starts, ends[-1])
    per_day = np.cumsum([0, *(len(starts) for starts, _ in parts)]).tolist()
    starts.flags.writeable = ends.flags.writeable = instants.flags.writeable = False
    return _Grid(starts, ends, per_day, instants)


def _booked_until(grid: _Grid, clock: Clock) -> list[int]:
    """By day the end of the last slot that has begun; its start where none has."""
    found = []
    for a, b in itertools.pairwise(grid.per_day):
        begun = int(np.searchsorted(grid.starts[a:b], clock.as_of_us))
        found.append(int(grid.ends[a + begun - 1] if begun else grid.starts[a]))
    return found


def _booked(curve: Curve, grid: _Grid, clock: Clock) -> tuple[I64, I64]:
    """Energy of each slot, and (n, 4) time in each class [us], of the time expected by now."""
    measured, apportioned, estimated = map(grid.between, curve.known(grid.instants))
    passed = grid.between(curve.at(grid.instants))
    known = (measured + apportioned + estimated > 0) & (grid.starts < clock.as_of_us)
    energy = np.where(known, passed, ABSENT)
    if grid.ends[-1] <= clock.as_of_us:
        return energy, _classes(grid.ends - grid.starts, measured, apportioned, estimated)
    return energy, _times(curve, grid, clock)


def _times(curve: Curve, grid: _Grid, clock: Clock) -> I64:
    """(n, 4) time in each class [us], of the time expected by now."""
    starts = grid.starts
    ends = np.clip(grid.ends, starts, np.maximum(starts, clock.as_of_us))
    pairs = zip(curve.known(ends), curve.known(starts), strict=True)
    return _classes(ends - starts, *(upto - since for upto, since in pairs))


def _classes(length: I64, measured: I64, apportioned: I64, estimated: I64) -> I64:
    times = np.zeros((len(length), 4), dtype=np.int64)
    times[:, MEASURED], times[:, APPORTIONED] = measured, apportioned
    times[:, ESTIMATED] = estimated
    times[:, MISSING] = length - measured - apportioned - estimated
    return times


def _hours(
    curve: Curve, days: Sequence[date], zone: str, step_min: int, times: I64, clock: Clock
) -> tuple[I64, list[int]]:
    """(n, 4) time in each class of each hour of the days, and the place of each day's first one;
    from the `times` of slots where these make up hours."""
    grid = _grid(tuple(days), zone, 60)
    if step_min == 60:
        found = times.copy()
    elif 60 % step_min == 0:
        slots = _grid(tuple(days), zone, step_min)
        found = np.add.reduceat(times, np.searchsorted(slots.starts, grid.starts), axis=0)
    else:
        found = _times(curve, grid, clock)
    _hold(found, curve, grid, clock)
    return found, grid.per_day


def _hold(times: I64, curve: Curve, grid: _Grid, clock: Clock) -> None:
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
