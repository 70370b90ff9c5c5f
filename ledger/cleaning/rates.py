"""How fast a register may run on a day: as registered, else learned from its raw readings alone.

    day      1   2   3   4 ...              largest rise per hour of each UTC day
    month  ──┴───┴───┴───┴──▶ median ─▶ next power of two above four times it

A learned limit is a power of two, so it seldom moves, and it is a function of the readings of
three months (five where three hold too few days), whatever order they came in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ledger.limits import RegisterLimits
from metering.localtime import HOUR_US
from metering.quantity import I64

DAY_US = 24 * HOUR_US
OFTEN, SHARE = 4, 4
"""A rise that a day shows so many times, and in so great a share of its rises (a quarter), is the
meter's own, not a fault."""
OFTEN_BOTH_WAYS = 8
"""The same of a signed register: each fault shows twice in it, out and back."""
FALL = 2
"""How many of its largest rises a day loses by each fall: readings that go up and down are no
load, but each of their falls had a rise before it."""
ENOUGH_DAYS = 3
MONTHS_BEFORE, MONTHS_AFTER = 2, 2
_LARGEST = int(np.iinfo(np.int64).max)
_ZERO = np.zeros(1, dtype=np.int64)
F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Strides:
    """From each reading to the next, of one register or of several side by side."""

    rise: I64
    """(n,) [book units]"""
    passed: I64
    """(n,) [us]"""
    day: I64
    """(n,) the UTC day each ends on; of several registers a number that tells theirs apart, and
    rises."""
    after_fall: NDArray[np.bool_]
    """(n,) whether the register fell on the stride before."""

    @classmethod
    def of(cls, time_us: I64, value: I64) -> Strides:
        """Of one register's readings in rising time."""
        rise = np.diff(value)
        after_fall = np.zeros(len(rise), dtype=np.bool_)
        after_fall[1:] = rise[:-1] < 0
        return cls(rise, np.diff(time_us), time_us[1:] // DAY_US, after_fall)


@dataclass(frozen=True, eq=False)
class DayRises:
    """The largest rises of each UTC day on which the register rose [book units per hour]."""

    day: I64
    """(d,) days since 1970, rising."""
    largest: I64
    """(d,)"""
    often: I64
    """(d,) the largest that the day shows often; 0 where it has fewer than OFTEN rises."""
    least: I64
    """(d,) the same beyond one lump, but the smallest where the day has fewer."""
    cadence_us: I64
    """(d,) the usual stretch between its readings, a native step at most."""
    lump: I64
    """(d,) [book units] what all its rises are multiples of; 0 where it has fewer than OFTEN."""

    @classmethod
    def of(cls, time_us: I64, value: I64, step_us: int, *, signed: bool = False) -> DayRises:
        """From raw readings in rising time; a rise belongs to the day it ends on.

        It is counted from the higher of the two readings before, so that a reading which comes
        back from a dip is no rise. Of a signed register a fall is a rise like any other.
        """
        return cls.of_steps(Strides.of(time_us, value), step_us, signed=signed)

    @classmethod
    def of_steps(cls, steps: Strides, step_us: int | I64, *, signed: bool = False) -> DayRises:
        """The same of registers side by side, whose days are told apart; the native step may be
        that of each stride."""
        rise, passed, day = steps.rise, steps.passed, steps.day
        cadence = np.minimum(_usual(day, passed), step_us)
        if signed:
            size, hours = np.abs(rise), np.maximum(passed, cadence) / HOUR_US
            up, none = size >= hours, np.zeros(0, dtype=np.int64)
            return cls._ranked(day[up], size[up], hours[up], cadence[up], none, OFTEN_BOTH_WAYS)
        falls, back = rise < 0, steps.after_fall
        if back.any():
            at = np.flatnonzero(back)
            rise, passed = rise.copy(), passed.copy()
            rise[at], passed[at] = rise[at] + steps.rise[at - 1], passed[at] + steps.passed[at - 1]
        hours = np.maximum(passed, cadence) / HOUR_US
        up = rise >= hours
        return cls._ranked(day[up], rise[up], hours[up], cadence[up], day[falls])

    @classmethod
    def of_intervals(cls, end_us: I64, energy: I64, length_us: I64, step_us: int) -> DayRises:
        """From energies of intervals in rising time; each belongs to the day it ends on, and its
        length is the cadence there. Twice what a day shows often is its own: no reading after it
        says whether a larger one was wrong."""
        day, size, hours = end_us // DAY_US, np.abs(energy), length_us / HOUR_US
        up, none = size >= hours, np.zeros(0, dtype=np.int64)
        cadence = np.minimum(length_us, step_us)
        found = cls._ranked(day[up], size[up], hours[up], cadence[up], none)
        return replace(found, often=2 * found.often)

    @classmethod
    def _ranked(
        cls, day: I64, rise: I64, hours: F64, cadence: I64, fell: I64, often: int = OFTEN
    ) -> DayRises:
        if not len(day):
            none = np.zeros(0, dtype=np.int64)
            return cls(none, none, none, none, none, none)
        firsts, counts = _days(day)
        days = day[firsts]
        nth = np.maximum(often, counts // SHARE)
        if len(fell):
            falls = np.searchsorted(fell, days, side="right") - np.searchsorted(fell, days)
            nth += FALL * falls
        place = counts - np.minimum(nth, counts)  # the n-th largest
        rate = _rate(rise, hours)
        lump = np.where(counts >= OFTEN, np.gcd.reduceat(rise, firsts), 0)
        least = _at_rank(_rate(rise - np.repeat(lump, counts), hours), firsts, counts, place)
        shown = np.where(counts >= nth, _at_rank(rate, firsts, counts, place), 0)
        largest = np.maximum.reduceat(rate, firsts)
        return cls(days, largest, shown, least, cadence[firsts], lump)

    def on(self, day: I64, kept: NDArray[np.bool_]) -> DayRises:
        """Those that an (n,) mask keeps, as of other days."""
        return replace(self, day=day)._part(kept)

    def part(self, first: int, end: int) -> DayRises:
        """Days at places first..end, the end not included; the arrays are views."""
        return self._part(slice(first, end))

    def between(self, first: int, last: int) -> DayRises:
        """From a day to another, both included."""
        start, end = self.day.searchsorted((first, last + 1)).tolist()
        return self._part(slice(start, end))

    def limits_alike(self, other: DayRises, registered: int | None) -> bool:
        """Whether in its place the other one leaves every limit as it is. A learned limit is the
        power of two above a median, so it is the same where the largest rises have the same power;
        of the lesser ones counts whether they exceed the registered limit."""
        return self._limiting(registered) == other._limiting(registered)

    def _limiting(self, registered: int | None) -> list[list[int]]:
        """Of each day what its limits and those of its months are made of: few days are compared,
        for which lists are quicker than arrays."""
        most = _LARGEST if registered is None else registered
        return [
            *(self.day.tolist(), self.cadence_us.tolist(), self.lump.tolist()),
            [(4 * rise).bit_length() for rise in self.largest.tolist()],
            [rise.bit_length() for rise in self.often.tolist()],
            [rise > most for rise in self.least.tolist()],
        ]

    def with_days(self, other: DayRises) -> DayRises:
        """With days of another one, which it has all, in their place."""
        if not len(other.day):
            return self
        first = int(self.day.searchsorted(other.day[0]))
        columns = []
        for mine, its in zip(self._columns(), other._columns(), strict=True):
            column = mine.copy()
            column[first : first + len(its)] = its
            columns.append(column)
        return DayRises(*columns)

    def since(self, day: int) -> DayRises:
        """From a day on."""
        return self._part(slice(int(self.day.searchsorted(day)), None))

    def _part(self, chosen: slice | NDArray[np.bool_]) -> DayRises:
        return DayRises(*(column[chosen] for column in self._columns()))

    def _columns(self) -> tuple[I64, ...]:
        return (self.day, self.largest, self.often, self.least, self.cadence_us, self.lump)

    @classmethod
    def joined(cls, parts: list[DayRises]) -> DayRises:
        """Days one after the other, rising."""
        full = [part for part in parts if len(part.day)]
        if len(full) < 2:
            return full[0] if full else parts[0]
        columns = zip(*(part._columns() for part in full), strict=True)
        return cls(*(np.concatenate(column) for column in columns))


def _days(day: I64) -> tuple[I64, I64]:
    """(places of the first, counts) of each day's rows; at least one row."""
    firsts = np.concatenate((_ZERO, (day[1:] != day[:-1]).nonzero()[0] + 1))
    return firsts, np.diff(np.concatenate((firsts, (len(day),))))


def _at_rank(values: I64, firsts: I64, counts: I64, place: I64) -> I64:
    """(d,) of each day's values the one at that place in rising order."""
    most = int(counts.max())
    if len(firsts) * most > 4 * len(values) + 1024:
        ends = (firsts + counts).tolist()
        parts = zip(firsts.tolist(), ends, place.tolist(), strict=True)
        return np.array([np.sort(values[a:b])[n] for a, b, n in parts], dtype=np.int64)
    if most * len(firsts) == len(values):
        table = values.reshape(len(firsts), most)
    else:
        table = np.full((len(firsts), most), _LARGEST, dtype=np.int64)
        table[np.arange(most) < counts[:, np.newaxis]] = values
    return np.asarray(np.sort(table, axis=1)[np.arange(len(firsts)), place])


def _rate(rise: I64, hours: F64) -> I64:
    return np.minimum(rise / hours, 2.0**55).astype(np.int64)


def _usual(day: I64, passed: I64) -> I64:
    """(n,) the lower median of the day's stretches, for each of them."""
    if not len(day) or bool((passed == passed[0]).all()):
        return passed
    firsts, counts = _days(day)
    return np.repeat(_at_rank(passed, firsts, counts, (counts - 1) // 2), counts)


@dataclass(frozen=True, eq=False)
class RiseLimits:
    """The limit of each UTC day."""

    step_us: int
    first_day: int
    short: F64
    """(d,) most in an hour [book units]; infinite where nothing is known."""
    long: F64
    """(d,) the same for what goes on beyond an hour."""
    pace: F64
    """(d,) half the learned limit, the registered one or not: what a register makes up for over a
    bridge runs no faster. Infinite where nothing is learned."""
    floor_us: I64
    """(d,) the shortest stretch that is looked at: the day's cadence, a native step at most."""
    lump: F64
    """(d,) what the day's rises are multiples of: a coarse register ticks in lumps."""
    set_aside: tuple[int, ...] = ()
    """Months (since 1970-01) in which most days exceed the registered limit."""

    @classmethod
    def fixed(cls, limits: RegisterLimits) -> RiseLimits:
        """The registered limit on every day."""
        most = np.array([np.inf if limits.max_per_hour is None else float(limits.max_per_hour)])
        floor = np.array([limits.step_us], dtype=np.int64)
        return cls(limits.step_us, 0, most, most, np.array([np.inf]), floor, np.zeros(1))

    def same(self, other: RiseLimits) -> bool:
        """Whether the days that both know have equal limits."""
        first = max(self.first_day, other.first_day)
        last = min(self.first_day + len(self.short), other.first_day + len(other.short))
        mine, its = (slice(first - r.first_day, last - r.first_day) for r in (self, other))
        return np.array_equal(self.short[mine], other.short[its]) and np.array_equal(
            self.pace[mine], other.pace[its]
        )

    def cap(self, end_us: I64 | int, stretch_us: I64 | int) -> F64:
        """Most that can pass in a stretch that ends then [book units].

        At the limit through the stretch, of which a cadence counts at least, and one lump more; a
        lump is no more than what can pass in an hour, or in a longer native step.
        """
        place = np.clip(np.asarray(end_us) // DAY_US - self.first_day, 0, len(self.short) - 1)
        short, long = self.short[place], self.long[place]
        stretch = np.maximum(stretch_us, self.floor_us[place]).astype(np.float64)
        near = np.minimum(stretch, self._near_us)
        with np.errstate(invalid="ignore"):
            beyond = np.where(stretch > near, (stretch - near) * long, 0.0)
        lump = np.minimum(self.lump[place], short * self._near_us / HOUR_US)
        return np.asarray((near * short + beyond) / HOUR_US + lump + 1.0)

    def per_hour(self, end_us: int) -> float:
        """The limit of the day of an instant [book units]; infinite where none is known."""
        return float(self.short[self._place(end_us)])

    def most(self, end_us: int, stretch_us: int) -> float:
        """`cap` of one stretch, the same to the last bit."""
        place = self._place(end_us)
        return self._most(place, stretch_us, float(self.short[place]), float(self.long[place]))

    def made_up(self, end_us: int, stretch_us: int) -> float:
        """Most that a register that stood wrong can have to make up for [book units]."""
        place = self._place(end_us)
        pace = float(self.pace[place])
        return min(self.most(end_us, stretch_us), self._most(place, stretch_us, pace, pace / 2))

    @property
    def _near_us(self) -> float:
        return float(max(HOUR_US, self.step_us))

    def _place(self, end_us: int) -> int:
        return min(max(end_us // DAY_US - self.first_day, 0), len(self.short) - 1)

    def _most(self, place: int, stretch_us: int, short: float, long: float) -> float:
        stretch = float(max(stretch_us, int(self.floor_us[place])))
        near = min(stretch, self._near_us)
        beyond = (stretch - near) * long if stretch > near else 0.0
        lump = min(float(self.lump[place]), short * self._near_us / HOUR_US)
        return (near * short + beyond) / HOUR_US + lump + 1.0


def learned(rises: DayRises, limits: RegisterLimits, first_day: int, last_day: int) -> RiseLimits:
    """The limits of the days first..last; `rises` holds the months around that count."""
    days = np.arange(first_day, last_day + 1, dtype=np.int64)
    of_day, rise_months = _month(days), _month(rises.day)
    months = range(int(of_day[0]), int(of_day[-1]) + 1)
    place = of_day - months[0]
    found = [_of_month(month, rises, rise_months, limits.max_per_hour) for month in months]
    short = np.array([f[0] for f in found])[place]
    registered = np.array([f[1] for f in found], dtype=np.bool_)[place]
    own = _own(rises, days)
    pace = np.maximum(np.array([f[2] for f in found])[place], own) / 2
    floor = np.full(len(days), limits.step_us, dtype=np.int64)
    lump, (at, known) = np.zeros(len(days)), _places(rises, days)
    floor[at], lump[at] = rises.cadence_us[known], rises.lump[known]
    short = np.where(registered, short, np.maximum(short, own))
    long = np.where(registered, short, short / 2)
    aside = [
        month
        for month, f in zip(months, found, strict=True)
        if limits.max_per_hour is not None and not f[1]
    ]
    return RiseLimits(limits.step_us, first_day, short, long, pace, floor, lump, tuple(aside))


def _of_month(
    month: int, rises: DayRises, rise_months: I64, registered: int | None
) -> tuple[float, bool, float]:
    """(limit per hour, whether it is the registered one, the learned one)."""
    first, last, later = rise_months.searchsorted(
        (month - MONTHS_BEFORE, month + 1, month + MONTHS_AFTER + 1)
    ).tolist()
    near = slice(first, later if last - first < ENOUGH_DAYS else last)
    count, found = near.stop - near.start, np.inf
    if count >= ENOUGH_DAYS:
        median = int(np.sort(rises.largest[near])[(count - 1) // 2])
        found = float(1 << (4 * median).bit_length())
    if registered is not None:
        exceeded = int((rises.least[near] > registered).sum())
        if count < ENOUGH_DAYS or 2 * exceeded <= count:
            return float(registered), True, found
    return found, False, found


def own_limit(often: I64) -> F64:
    """The next power of two above what a day shows often; 0 where that is nothing."""
    return np.where(often > 0, np.ldexp(1.0, _power(often)), 0.0)


def _power(values: I64) -> NDArray[np.int32]:
    """Of positive integers how many bits they have; 0 of 0."""
    power = np.frexp(values.astype(np.float64))[1]
    # Beyond 53 bits a float may round up to the next power.
    over = values < np.int64(1) << np.maximum(power - 1, 0).astype(np.int64)
    return np.asarray(np.where(over & (power > 0), power - 1, power), dtype=np.int32)


def _own(rises: DayRises, days: I64) -> F64:
    """(d,) the limit that each day has by what it shows often."""
    found, (at, known) = np.zeros(len(days)), _places(rises, days)
    found[at] = own_limit(rises.often[known])
    return found


def _places(rises: DayRises, days: I64) -> tuple[I64, I64]:
    """Places in `days` of those that have rises, and the places of their rises."""
    place = np.searchsorted(days, rises.day)
    known = np.flatnonzero(place < len(days))
    known = known[days[place[known]] == rises.day[known]]
    return place[known], known


@lru_cache(maxsize=65536)
def month_start(day: int, months: int = 0) -> int:
    """First day of the month so many months after that of a day (days since 1970)."""
    month = _month(np.array([day], dtype=np.int64)) + months
    return int(month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)[0])


def _month(days: I64) -> I64:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
