"""Weekends, public holidays, the working days that make up for them, and vacations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proofs.detect.generated.chance import DAYS, stream

Days = npt.NDArray[np.bool_]
PUBLIC, PLAIN, SCHOOL = range(3)
"""Rows of the calendars: long holidays with make-up days, single ones, the first and vacations."""
_LONG = ((0, 0, 1, 0), (20, 30, 7, 2), (93, 3, 3, 1), (120, 1, 5, 2), (155, 20, 3, 1))
_LATE = ((255, 15, 3, 1), (273, 1, 7, 2))
HOLIDAYS = (*_LONG, *_LATE)
"""Day of the year, days it may move by, days it lasts, weekend days worked for it."""
LONG_DAYS = 4
"""From so many days on a holiday is a long one."""


@dataclass(frozen=True, eq=False)
class Calendars:
    """Days of each calendar, (calendars, days)."""

    start: np.datetime64
    off: Days
    holidays: Days
    made_up: Days
    """Weekend days that are worked."""
    long: Days
    """Holidays of long runs."""
    weekday: npt.NDArray[np.int64]
    """Monday 0 to Sunday 6, (days,)."""


def made_calendars(seed: int) -> Calendars:
    """Two years from a first of January that the seed draws."""
    rng = stream(seed, "calendar")
    start = np.datetime64(f"{rng.integers(2012, 2024)}-01-01", "D")
    weekday = (start.astype(np.int64) + 3 + np.arange(DAYS)) % 7
    holidays, made_up = np.zeros((3, DAYS), bool), np.zeros((3, DAYS), bool)
    for year in (0, 365):
        for day, moves, lasts, worked in HOLIDAYS:
            first = year + day + int(rng.integers(0, moves + 1))
            holidays[PUBLIC, first : first + lasts] = True
            _make_up(made_up[PUBLIC], holidays[PUBLIC], weekday, first, worked)
        holidays[PLAIN, year + np.sort(rng.choice(365, 9, replace=False))] = True
    holidays[SCHOOL], made_up[SCHOOL] = holidays[PUBLIC], made_up[PUBLIC]
    made_up &= ~holidays
    off = ((weekday >= 5)[None] & ~made_up) | holidays
    off[SCHOOL] |= _vacations(rng)
    return Calendars(start, off, holidays, made_up, _long(holidays), weekday)


def _make_up(
    made_up: Days, holidays: Days, weekday: npt.NDArray[np.int64], first: int, worked: int
) -> None:
    """Mark the nearest weekend days around a holiday as worked."""
    free = [
        day
        for day in range(max(first - 9, 0), min(first + 16, DAYS))
        if weekday[day] >= 5 and not holidays[day]
    ]
    made_up[sorted(free, key=lambda day: abs(day - first - 3))[:worked]] = True


def _vacations(rng: np.random.Generator) -> Days:
    days = np.zeros(DAYS, bool)
    for year in (0, 365):
        winter, summer = year + 15 + rng.integers(0, 8), year + 185 + rng.integers(0, 8)
        days[winter : winter + 28] = True
        days[summer : summer + 50] = True
    return days


def _long(holidays: Days) -> Days:
    """Days of runs of at least `LONG_DAYS` holidays."""
    out = np.zeros_like(holidays)
    for row, days in zip(out, holidays, strict=True):
        edges = np.flatnonzero(np.diff(np.r_[False, days, False]))
        for first, end in edges.reshape(-1, 2):
            row[first:end] = end - first >= LONG_DAYS
    return out
