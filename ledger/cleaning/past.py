"""What a series of readings, looked through once, says about all its days.

    readings   · · · · ─ ─ ─ · · · ·
    rises      largest of each UTC day ─▶ rates, the limit of each day
    doubtful   falls, and the few largest rises of a day ─▶ seen: those beyond the limit
    clusters   seen steps no further apart than a detour may last: each is a story of its own

A clean series leaves a few numbers a day. A change looks only through the days it touches; a limit
that moves judges the doubtful steps again, not the readings.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.cleaning.rates import DAY_US, F64, DayRises, RiseLimits, Strides, learned, own_limit
from ledger.cleaning.story import DETOUR_US
from ledger.limits import RegisterLimits
from metering.localtime import HOUR_US
from metering.quantity import I64

CELL_US = 4 * DETOUR_US
"""A cluster that lasts longer is cut, once in each cell of this length."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps between neighbouring readings that may need a decision."""

    before_us: I64
    at_us: I64
    rise: I64
    """[book units]; of a signed register its size, whichever way it goes."""

    @classmethod
    def none(cls) -> Steps:
        """No steps at all."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty)

    @classmethod
    def of(cls, time_us: I64, value: I64, rises: DayRises, limits: RegisterLimits) -> Steps:
        """Of raw readings: falls, what follows a fall, long steps, and rises beyond what the day
        shows often. All that a limit can forbid is among them."""
        registered = np.inf if limits.max_per_hour is None else limits.max_per_hour
        steps = Strides.of(time_us, value)
        kept, rise = doubtful(steps, rises, limits.step_us, registered, signed=limits.signed)
        return cls(time_us[kept], time_us[kept + 1], rise)

    @classmethod
    def of_intervals(
        cls, start_us: I64, end_us: I64, energy: I64, rises: DayRises, limits: RegisterLimits
    ) -> Steps:
        """Intervals with more energy than the day shows often: all that a limit can forbid."""
        size, day = np.abs(energy), end_us // DAY_US
        rate, own = size / (end_us - start_us) * HOUR_US, np.zeros(len(size))
        if len(rises.day):
            place = np.minimum(np.searchsorted(rises.day, day), len(rises.day) - 1)
            own = np.where(rises.day[place] == day, own_limit(rises.often)[place], 0)
        chosen = rate > 0.999 * own
        if limits.max_per_hour is not None:
            chosen |= rate > limits.max_per_hour
        kept = np.flatnonzero(chosen & (size != 0))
        return cls(start_us[kept], end_us[kept], size[kept])

    def take(self, mask: NDArray[np.bool_]) -> Steps:
        """The steps that an (n,) mask keeps."""
        return Steps(self.before_us[mask], self.at_us[mask], self.rise[mask])

    def part(self, first: int, end: int) -> Steps:
        """Steps first..end, the end not included; the arrays are views."""
        return Steps(self.before_us[first:end], self.at_us[first:end], self.rise[first:end])

    def seen(self, rates: RiseLimits) -> Steps:
        """Those that the meter cannot have made."""
        if not len(self.at_us):
            return self
        cap = rates.cap(self.at_us, self.at_us - self.before_us)
        return self.take((self.rise < 0) | (self.rise > cap))

    def within(self, start_us: int, end_us: int) -> Steps:
        """Those that touch [start, end]."""
        if not len(self.at_us):
            return self
        return self.take((self.at_us >= start_us) & (self.before_us <= end_us))

    def same(self, other: Steps) -> bool:
        """Whether both lie between the same instants, whatever they rise by."""
        return np.array_equal(self.before_us, other.before_us) and np.array_equal(
            self.at_us, other.at_us
        )

    @classmethod
    def joined(cls, parts: list[Steps]) -> Steps:
        """The steps of all parts, in their order; at least one part is needed."""
        full = [part for part in parts if len(part.at_us)]
        if len(full) < 2:
            return full[0] if full else parts[0]
        return cls(
            np.concatenate([p.before_us for p in full]),
            np.concatenate([p.at_us for p in full]),
            np.concatenate([p.rise for p in full]),
        )


def doubtful(
    steps: Strides,
    rises: DayRises,
    step_us: int | I64,
    registered: float | F64,
    *,
    signed: bool,
) -> tuple[I64, I64]:
    """(places, rises) of the strides that a limit can forbid; native step and registered limit
    (infinite where there is none) may be those of each stride."""
    rise, passed, day = steps.rise, steps.passed, steps.day
    if signed:
        rise = np.abs(rise)
        chosen = np.zeros(len(rise), dtype=np.bool_)
    else:
        chosen = (rise < 0) | steps.after_fall
    chosen |= passed > np.maximum(HOUR_US, step_us)
    if len(rises.day):
        place = np.minimum(np.searchsorted(rises.day, day), len(rises.day) - 1)
        known = rises.day[place] == day
        own, floor = own_limit(rises.often)[place], rises.cadence_us[place]
        if not known.all():
            own, floor = np.where(known, own, 0), np.where(known, floor, step_us)
        rate = rise / np.maximum(passed, floor) * HOUR_US
        chosen |= (rate > 0.999 * own) | (rate > registered)
    kept = np.flatnonzero(chosen & (rise != 0))
    return kept, rise[kept]


class Looked(NamedTuple):
    """What days of one register show, once looked through."""

    first_day: int
    """First and last UTC day, both included."""
    last_day: int
    rises: DayRises
    doubtful: Steps


@dataclass(frozen=True, eq=False)
class RegisterPast:
    """One register's series over whole UTC days."""

    limits: RegisterLimits
    first_day: int
    last_day: int
    rises: DayRises
    doubtful: Steps
    rates: RiseLimits
    seen: Steps

    @classmethod
    def only(cls, limits: RegisterLimits, looked: Looked) -> RegisterPast:
        """Of the days that were looked through."""
        return cls.of(limits, looked.first_day, looked.last_day, looked.rises, looked.doubtful)

    @classmethod
    def of(
        cls, limits: RegisterLimits, first_day: int, last_day: int, rises: DayRises, doubtful: Steps
    ) -> RegisterPast:
        """Days first..last, both included."""
        rates = learned(rises, limits, first_day, max(first_day, last_day))
        return cls(limits, first_day, last_day, rises, doubtful, rates, doubtful.seen(rates))

    def renewed(self, looked: Looked) -> RegisterPast:
        """With days that were looked through in place of its own."""
        rises = self.rises
        before = rises.between(self.first_day, looked.first_day - 1)
        after = rises.between(looked.last_day + 1, self.last_day)
        return RegisterPast.of(
            self.limits,
            min(self.first_day, looked.first_day),
            max(self.last_day, looked.last_day),
            DayRises.joined([before, looked.rises, after]),
            self._doubtful_with(looked),
        )

    def unchanged_by(self, looked: Looked) -> RegisterPast | None:
        """`renewed`, where that leaves every limit as it is and no step of these days is seen,
        before or afterwards; else None."""
        first, last = looked.first_day, looked.last_day
        if not self.first_day <= first <= last <= self.last_day:
            return None
        if len(self.seen.within(first * DAY_US, (last + 1) * DAY_US).at_us):
            return None
        mine = self.rises.between(first, last)
        if not mine.limits_alike(looked.rises, self.limits.max_per_hour):
            return None
        if len(looked.doubtful.seen(self.rates).at_us):
            return None
        rises, doubtful = self.rises.with_days(looked.rises), self._doubtful_with(looked)
        return replace(self, rises=rises, doubtful=doubtful)

    def is_clear(self, start_us: int, end_us: int) -> bool:
        """Whether no step is seen so near to [start, end] that it is told with what is there."""
        return not len(self.seen.within(start_us - DETOUR_US, end_us + DETOUR_US).at_us)

    def _doubtful_with(self, looked: Looked) -> Steps:
        mine = self.doubtful
        if not len(mine.at_us):
            return looked.doubtful
        start, end = looked.first_day * DAY_US, (looked.last_day + 1) * DAY_US
        before, after = mine.take(mine.at_us < start), mine.take(mine.at_us >= end)
        return Steps.joined([before, looked.doubtful, after])

    def groups(self, start_us: int, end_us: int) -> Iterator[Steps]:
        """Seen steps no further apart than a detour may last, those groups that touch
        [start, end]."""
        for group in _groups(self.seen):
            if group.at_us[-1] >= start_us and group.before_us[0] <= end_us:
                yield group

    def clusters(self, start_us: int, end_us: int) -> Iterator[Steps]:
        """Seen steps that are told together, those that touch [start, end]."""
        for group in self.groups(start_us, end_us):
            for part in _cut(group):
                if part.at_us[-1] >= start_us and part.before_us[0] <= end_us:
                    yield part


def _groups(seen: Steps) -> Iterator[Steps]:
    if not len(seen.at_us):
        return
    far = np.flatnonzero(seen.before_us[1:] - seen.at_us[:-1] > DETOUR_US) + 1
    yield from _split(seen, far)


def _split(steps: Steps, places: NDArray[np.intp]) -> Iterator[Steps]:
    edges = [0, *places.tolist(), len(steps.at_us)]
    for first, end in itertools.pairwise(edges):
        inside = np.zeros(len(steps.at_us), dtype=np.bool_)
        inside[first:end] = True
        yield steps.take(inside)


def _cut(group: Steps) -> Iterator[Steps]:
    """A group that lasts too long, cut in the longest clean stretch of each cell."""
    if group.at_us[-1] - group.before_us[0] <= CELL_US:
        yield group
        return
    opened, closed = group.at_us[:-1], group.before_us[1:]
    cell = opened // CELL_US
    places = []
    for one in np.unique(cell).tolist():
        own = np.flatnonzero(cell == one)
        longest = own[np.argmax((closed - opened)[own])]
        places.append(int(longest) + 1)
    yield from _split(group, np.array(sorted(places), dtype=np.intp))
