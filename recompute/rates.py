"""What can pass of a register in a stretch of time: docs/cleaning.md, "The limit".

Everything is whole numbers and fractions of them; None is a limit that nobody knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import gcd

from metering.localtime import HOUR_US, day_of_number

DAY_US = 24 * HOUR_US
Value = tuple[int, int]
"""(time [us UTC], register [book units])."""


@dataclass(frozen=True)
class RisesOfDay:
    """What a day's rises say, all per hour and in whole book units."""

    largest: int
    often: int
    """The largest that the day shows often; 0 where it shows none."""
    often_less_a_lump: int
    """The same with one lump left out of account; the day's smallest where it has fewer."""
    cadence_us: int
    lump: int


@dataclass(frozen=True)
class DayLimit:
    """The limit of a day; per hour, in book units."""

    most: int | None
    halved_later: bool
    """Whether only half of it holds beyond the first hour: of a learned limit."""
    learned: int | None
    """The learned one, from which the pace comes."""
    cadence_us: int
    lump: int


@dataclass
class RegisterRates:
    """The limits of one register, by day as they are asked for."""

    values: Sequence[Value]
    """All its usable readings, in rising time."""
    step_us: int
    registered: int | None
    """Book units in an hour."""
    signed: bool = False
    """Whether a fall is a rise like any other."""
    _limits: dict[int, DayLimit] = field(default_factory=dict)
    _months: dict[int, tuple[int | None, bool]] = field(default_factory=dict)

    @cached_property
    def days(self) -> dict[int, RisesOfDay]:
        """What each day (since 1970, UTC) on which the register rose says."""
        stretches: dict[int, list[int]] = defaultdict(list)
        falls: dict[int, int] = defaultdict(int)
        for (before, low), (at, high) in zip(self.values, self.values[1:], strict=False):
            stretches[at // DAY_US].append(at - before)
            falls[at // DAY_US] += high < low and not self.signed
        cadence = {day: min(_median(found), self.step_us) for day, found in stretches.items()}
        rises: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for place in range(1, len(self.values)):
            at, high = self.values[place]
            before, low = self.values[place - 1]
            if place > 1 and low < self.values[place - 2][1] and not self.signed:
                before, low = self.values[place - 2]
            stretch = max(at - before, cadence[at // DAY_US])
            rise = abs(high - low) if self.signed else high - low
            if rise * HOUR_US >= stretch:
                rises[at // DAY_US].append((rise, stretch))
        often = 8 if self.signed else 4
        return {day: _day(found, falls[day], cadence[day], often) for day, found in rises.items()}

    def cap(self, end_us: int, stretch_us: int) -> Fraction | None:
        """The most that can pass in a stretch that ends then [book units]; None without limit."""
        limit = self._limit(end_us // DAY_US)
        if limit.most is None:
            return None
        return self._passes(limit, stretch_us, limit.most, halved=limit.halved_later)

    def per_hour(self, end_us: int) -> int | None:
        """The limit of the day of an instant [book units]; None where it is not known."""
        return self._limit(end_us // DAY_US).most

    def made_up(self, end_us: int, stretch_us: int) -> Fraction | None:
        """The same of what a register that stood wrong can have made up for: no faster than half
        the learned limit."""
        limit, cap = self._limit(end_us // DAY_US), self.cap(end_us, stretch_us)
        if limit.learned is None:
            return cap
        own = self._passes(limit, stretch_us, limit.learned // 2, halved=True)
        return own if cap is None else min(cap, own)

    def set_aside(self) -> list[int]:
        """Months (since 1970-01), from the first to the last reading, in which the registered limit
        does not hold."""
        if self.registered is None or not self.values:
            return []
        first, last = (_month(at // DAY_US) for at in (self.values[0][0], self.values[-1][0]))
        return [month for month in range(first, last + 1) if not self._of_month(month)[1]]

    def _passes(self, limit: DayLimit, stretch_us: int, most: int, *, halved: bool) -> Fraction:
        first_us = max(HOUR_US, self.step_us)
        stretch = max(stretch_us, limit.cadence_us)
        inside, beyond = min(stretch, first_us), max(stretch - first_us, 0)
        passed = 2 * inside * most + beyond * (most if halved else 2 * most)
        lump = min(2 * limit.lump * HOUR_US, 2 * most * first_us)
        return Fraction(passed + lump, 2 * HOUR_US) + 1

    def _limit(self, day: int) -> DayLimit:
        if day not in self._limits:
            learned, registered = self._of_month(_month(day))
            one = self.days.get(day)
            own = _above(one.often) if one is not None and one.often else 0
            if learned is not None:
                learned = max(learned, own)
            cadence, lump = (self.step_us, 0) if one is None else (one.cadence_us, one.lump)
            most = self.registered if registered else learned
            self._limits[day] = DayLimit(most, not registered, learned, cadence, lump)
        return self._limits[day]

    def _of_month(self, month: int) -> tuple[int | None, bool]:
        """(learned limit, whether the registered one holds)."""
        if month not in self._months:
            self._months[month] = self._learn(month)
        return self._months[month]

    def _learn(self, month: int) -> tuple[int | None, bool]:
        near = [one for day, one in self.days.items() if month - 2 <= _month(day) <= month]
        if len(near) < 3:
            near = [one for day, one in self.days.items() if month - 2 <= _month(day) <= month + 2]
        if len(near) < 3:
            return None, self.registered is not None
        learned = _above(4 * _median([one.largest for one in near]))
        if self.registered is None:
            return learned, False
        exceed = sum(one.often_less_a_lump > self.registered for one in near)
        return learned, 2 * exceed <= len(near)


@dataclass(frozen=True)
class IntervalEnergy:
    """What one interval says."""

    start: int
    end: int
    units: int
    """[book units]"""
    length: int
    """As the day's stamps tell it [us]."""


@dataclass
class IntervalRates(RegisterRates):
    """The limits of energies of intervals: each is a rise of the day on which it ends, and its
    length the cadence there."""

    energies: Sequence[IntervalEnergy] = ()

    @classmethod
    def of_intervals(
        cls,
        times_us: Sequence[int],
        energies: Sequence[IntervalEnergy],
        step_us: int,
        registered: int | None,
    ) -> IntervalRates:
        """From the stamps of all usable readings and the intervals among them, in rising time."""
        return cls([(at, 0) for at in times_us], step_us, registered, energies=energies)

    @cached_property
    def days(self) -> dict[int, RisesOfDay]:
        """What each day (since 1970, UTC) on which energy passed says."""
        rises: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for one in self.energies:
            passed = one.end - one.start
            if abs(one.units) * HOUR_US >= passed:
                rises[one.end // DAY_US].append((abs(one.units), passed))
        told = {
            day: _day(found, 0, min(found[0][1], self.step_us), 4) for day, found in rises.items()
        }
        return {day: replace(one, often=2 * one.often) for day, one in told.items()}


def _day(rises: list[tuple[int, int]], falls: int, cadence_us: int, often: int) -> RisesOfDay:
    nth = max(often, len(rises) // 4) + 2 * falls
    lump = gcd(*(rise for rise, _ in rises)) if len(rises) >= 4 else 0
    whole = sorted((rise * HOUR_US // stretch for rise, stretch in rises), reverse=True)
    less = sorted(((rise - lump) * HOUR_US // stretch for rise, stretch in rises), reverse=True)
    shown = whole[nth - 1] if len(rises) >= nth else 0
    return RisesOfDay(whole[0], shown, less[min(nth, len(rises)) - 1], cadence_us, lump)


def _median(numbers: list[int]) -> int:
    """The lower one of two."""
    return sorted(numbers)[(len(numbers) - 1) // 2]


def _above(number: int) -> int:
    """The next power of two above a number."""
    return 1 << number.bit_length()


def _month(day: int) -> int:
    date = day_of_number(day)
    return (date.year - 1970) * 12 + date.month - 1
