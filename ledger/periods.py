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
from metering.book import BookRow, SeriesKey
from metering.localtime import (
    DAY_MIN,
    MINUTE_US,
    day_bounds,
    day_of_number,
    slot_starts,
)
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING, Shares, from_times
from metering.quantity import ABSENT, I64, apportion, total

DAY_US = DAY_MIN * MINUTE_US
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
    """(starts, ends) of the local days around the instants, rising [us]."""
    near = {int(n) + shift for n in np.unique(time_us // DAY_US) for shift in (-1, 0, 1)}
    edges = [day_edges(day_of_number(number), zone, DAY_MIN) for number in sorted(near)]
    return np.concatenate([e[0] for e in edges]), np.concatenate([e[1] for e in edges])


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


KNOWN = (MEASURED, APPORTIONED, ESTIMATED)


def book_days(
    key: SeriesKey,
    curve: Curve,
    days: Sequence[date],
    step_min: int,
    clock: Clock,
    pricing: Pricing,
) -> list[BookRow]:
    """One row a day, days rising; a pure function of the curve, the clock and the tariffs."""
    zone = pricing.zone
    if not days:
        return []
    slots, slot_ends, per_day = _edges(days, zone, step_min)
    hours, hour_ends, per_hour = _edges(days, zone, 60)
    firsts, lasts, _ = _edges(days, zone, DAY_MIN)
    energy = _energy(curve, slots, slot_ends, clock)
    slot_shares = from_times(_times(curve, slots, slot_ends, clock))
    hour_shares = from_times(_held(curve, hours, hour_ends, clock))
    day_shares = from_times(_held(curve, firsts, lasts, clock))
    spills = _spills(curve, firsts, lasts, day_shares)
    until = [
        _booked_until(slots[a:b], slot_ends[a:b], clock) for a, b in itertools.pairwise(per_day)
    ]
    windows = of_days(curve, days, until, pricing)
    rows = []
    for i, day in enumerate(days):
        a, b = per_day[i], per_day[i + 1]
        rows.append(
            BookRow.of(
                key,
                day,
                step_min,
                energy[a:b],
                slot_shares[a:b],
                hour_shares[per_hour[i] : per_hour[i + 1]],
                total(energy[a:b]),
                day_shares[i],
                spills[i],
                provisional=not clock.is_settled(day, zone),
                scope=pricing.scope(day),
                windows=windows[i],
            )
        )
    return rows


def _booked_until(starts: I64, ends: I64, clock: Clock) -> int:
    """End of the last slot that has begun; the first start where none has."""
    begun = int(np.searchsorted(starts, clock.as_of_us))
    return int(ends[begun - 1]) if begun else int(starts[0])


def _edges(days: Sequence[date], zone: str, step_min: int) -> tuple[I64, I64, list[int]]:
    parts = [day_edges(day, zone, step_min) for day in days]
    offsets = np.cumsum([0, *(len(starts) for starts, _ in parts)]).tolist()
    starts = np.concatenate([starts for starts, _ in parts])
    return starts, np.concatenate([ends for _, ends in parts]), offsets


def _energy(curve: Curve, starts: I64, ends: I64, clock: Clock) -> I64:
    known = np.sum([_spent(curve, quality, starts, ends) for quality in KNOWN], axis=0)
    passed = curve.at(ends) - curve.at(starts)
    return np.where((known > 0) & (starts < clock.as_of_us), passed, ABSENT)


def _spent(curve: Curve, quality: int, starts: I64, ends: I64) -> I64:
    return curve.time_of(quality, ends) - curve.time_of(quality, starts)


def _times(curve: Curve, starts: I64, ends: I64, clock: Clock) -> I64:
    """(n, 4) time in each class [us], of the time expected up to now."""
    ends = np.clip(ends, starts, np.maximum(starts, clock.as_of_us))
    times = np.zeros((len(starts), 4), dtype=np.int64)
    for quality in KNOWN:
        times[:, quality] = _spent(curve, quality, starts, ends)
    times[:, MISSING] = ends - starts - times.sum(axis=1)
    return times


def _held(curve: Curve, starts: I64, ends: I64, clock: Clock) -> I64:
    """As `_times`, but a gap that a period holds whole counts as measured there."""
    times = _times(curve, starts, ends, clock)
    opened, closed = curve.gaps()
    place = np.searchsorted(starts, opened, side="right") - 1
    inside = (place >= 0) & (closed <= ends[place]) & (closed <= clock.as_of_us)
    length = (closed - opened)[inside]
    np.add.at(times[:, MEASURED], place[inside], length)
    np.add.at(times[:, APPORTIONED], place[inside], -length)
    return times


def _spills(
    curve: Curve, firsts: I64, lasts: I64, day_shares: Shares
) -> list[tuple[int, int, int]]:
    """Of each day's apportioned share: gaps open to the day before, to the day after, and
    through the whole day."""
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
