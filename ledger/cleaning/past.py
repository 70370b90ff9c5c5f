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
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledger.cleaning.rates import DAY_US, DayRises, RiseLimits, learned, own_limit
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
        rise, passed = np.diff(value), np.diff(time_us)
        if limits.signed:
            rise = np.abs(rise)
        chosen = rise < 0
        chosen[1:] |= rise[:-1] < 0
        chosen |= passed > max(HOUR_US, limits.step_us)
        day = time_us[1:] // DAY_US
        if len(rises.day):
            place = np.minimum(np.searchsorted(rises.day, day), len(rises.day) - 1)
            known = rises.day[place] == day
            own, floor = own_limit(rises.often)[place], rises.cadence_us[place]
            if not known.all():
                own, floor = np.where(known, own, 0), np.where(known, floor, limits.step_us)
            rate = rise / np.maximum(passed, floor) * HOUR_US
            chosen |= rate > 0.999 * own
            if limits.max_per_hour is not None:
                chosen |= rate > limits.max_per_hour
        chosen &= rise != 0
        kept = np.flatnonzero(chosen)
        return cls(time_us[kept], time_us[kept + 1], rise[kept])

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
    def of(
        cls, limits: RegisterLimits, first_day: int, last_day: int, rises: DayRises, doubtful: Steps
    ) -> RegisterPast:
        """Days first..last, both included."""
        rates = learned(rises, limits, first_day, max(first_day, last_day))
        return cls(limits, first_day, last_day, rises, doubtful, rates, doubtful.seen(rates))

    @property
    def start_us(self) -> int:
        """Start of the first day [us UTC]."""
        return self.first_day * DAY_US

    @property
    def end_us(self) -> int:
        """End of the last day [us UTC], not included."""
        return (self.last_day + 1) * DAY_US

    def renewed(self, other: RegisterPast) -> RegisterPast:
        """With the days of another one in place of its own."""
        start, end = other.start_us, other.end_us
        mine, rises = self.doubtful, self.rises
        doubtful = Steps.joined(
            [mine.take(mine.at_us < start), other.doubtful, mine.take(mine.at_us >= end)]
        )
        before = rises.between(self.first_day, other.first_day - 1)
        after = rises.between(other.last_day + 1, self.last_day)
        return RegisterPast.of(
            self.limits,
            min(self.first_day, other.first_day),
            max(self.last_day, other.last_day),
            DayRises.joined([before, other.rises, after]),
            doubtful,
        )

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
