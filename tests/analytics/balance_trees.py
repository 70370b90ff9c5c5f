"""Daily energy of totals and their sub-meters, made of what happens in buildings: it knows nothing
of the rule that looks at it.

Each sub-meter has its size, its week, its weather and its own wandering; every meter reads wrongly
by its class, and the total also sees what no sub-meter does: losses, a load that runs always, and
one that follows the weather. Days are missing one by one and by the week.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.localtime import days_between

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def _holidays() -> list[CalendarDay]:
    """Spring Festival and National Day of three years, with two Sundays worked for each."""
    days = []
    for festival in (date(2025, 1, 28), date(2026, 2, 15), date(2027, 2, 5)):
        days += [CalendarDay(festival + timedelta(days=n), DayKind.REST) for n in range(8)]
    for year in (2025, 2026, 2027):
        days += [CalendarDay(date(year, 10, 1) + timedelta(days=n), DayKind.REST) for n in range(7)]
        days.append(CalendarDay(date(year, 10, 11), DayKind.WORKING))
    return days


CALENDAR = WorkCalendar.of(_holidays())


@dataclass(frozen=True, eq=False)
class Tree:
    """One total and its sub-meters, day by day [kWh]."""

    first: date
    total: Floats
    """(days,)."""
    parts: Floats
    """(parts, days)."""
    known: Bools
    """(1 + parts, days): the total first."""
    working: Bools

    @property
    def size(self) -> int:
        return int(self.total.size)

    def from_day(self, day: int, change: str, share: float, part: int = 0) -> Tree:
        """The tree with something that moves `share` of the total from a day on: `load` that no
        sub-meter sees, a `part` that reads less, or a `total` that reads more."""
        since = np.arange(self.size) >= day
        parts, total = self.parts.copy(), self.total.copy()
        if change == "load":
            total += since * share * float(np.median(self.total[day - 30 : day]))
        elif change == "total":
            total *= np.where(since, 1 + share, 1.0)
        else:
            own = np.median(parts[part, day - 30 : day]) / np.median(total[day - 30 : day])
            parts[part] *= np.where(since, 1 - share / own, 1.0)
        return replace(self, total=total, parts=parts)

    def share_of(self, part: int, day: int) -> float:
        """What a sub-meter counts of the total before a day."""
        span = slice(day - 30, day)
        return float(np.median(self.parts[part, span]) / np.median(self.total[span]))


def grown(seed: int, days: int = 400, first: date = date(2026, 1, 1)) -> Tree:
    """A tree of a seed."""
    rng = np.random.default_rng([2718, seed])
    calendar = days_between(first, first + timedelta(days=days - 1))
    working = np.array([CALENDAR.is_working(day) for day in calendar])
    number = np.array([day.timetuple().tm_yday for day in calendar])
    warm = 14.0 - 15.0 * np.cos(2 * np.pi * (number - 20) / 365.25) + _wander(rng, days, 0.8, 3.0)
    need = np.maximum(warm - 23.0, 0.0) + 0.7 * np.maximum(10.0 - warm, 0.0)
    count = int(rng.integers(2, 9))
    true = np.stack([_load(rng, working, need) for _ in range(count)])
    seen = true * (1 + rng.normal(0, 0.004, count))[:, None]
    seen *= 1 + rng.normal(0, 0.002, seen.shape)
    whole = true.sum(axis=0)
    unseen = _unseen(rng, whole, working, need)
    total = (whole + unseen) * (1 + rng.normal(0, 0.004)) * (1 + rng.normal(0, 0.002, days))
    return Tree(first, total, seen, _known(rng, count + 1, days), working)


def _load(rng: np.random.Generator, working: Bools, need: Floats) -> Floats:
    """A sub-meter's load: its size, what is left on days of rest, its weather, its wandering."""
    size, rest = rng.uniform(50, 900), rng.uniform(0.15, 0.9)
    weather = rng.choice([0.0, 0.0, rng.uniform(0.02, 0.09)])
    week = np.where(working, 1.0, rest)
    drifting = 1 + _wander(rng, working.size, 0.93, rng.uniform(0.03, 0.12))
    daily = 1 + rng.normal(0, rng.uniform(0.02, 0.06), working.size)
    return np.maximum(size * week * (1 + weather * need) * drifting * daily, 0.0)


def _unseen(rng: np.random.Generator, whole: Floats, working: Bools, need: Floats) -> Floats:
    """What no sub-meter sees: losses by share, a load that runs always, one with the weather."""
    middle = float(np.median(whole))
    losses = whole * rng.uniform(0.005, 0.025)
    always = middle * rng.choice([0.0, rng.uniform(0.0, 0.1)])
    weather = middle * rng.choice([0.0, rng.uniform(0.0, 0.004)]) * need
    people = middle * rng.choice([0.0, rng.uniform(0.0, 0.05)]) * np.where(working, 1.0, 0.3)
    wandering = 1 + _wander(rng, working.size, 0.8, 0.05)
    return losses + (always + weather + people) * wandering


def _wander(rng: np.random.Generator, days: int, memory: float, size: float) -> Floats:
    """What comes and goes over days, with a standard deviation of `size`."""
    steps = rng.normal(0, size * np.sqrt(1 - memory**2), days)
    level, found = rng.normal(0, size), np.zeros(days)
    for day in range(days):
        level = memory * level + steps[day]
        found[day] = level
    return found


def _known(rng: np.random.Generator, meters: int, days: int) -> Bools:
    """One day of each hundred is missing of each meter, and a week of one in three."""
    known = rng.random((meters, days)) >= 0.01 / meters
    for meter in range(meters):
        if rng.random() < 0.3:
            first = int(rng.integers(0, days))
            known[meter, first : first + int(rng.integers(2, 10))] = False
    return known
