"""Days on which nobody is expected, of places whose data name none: weekends and public holidays.

Holidays follow from rules, not from a list: federal holidays of the United States and bank holidays
of England, as they are observed when they fall on a weekend. One-off holidays are not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.bool_]
SATURDAY, SUNDAY = 5, 6
JUNETEENTH_SINCE = 2021


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth such weekday (Monday 0) of a month; -1 is the last."""
    if nth < 0:
        following = date(year + month // 12, month % 12 + 1, 1)
        return following - timedelta(days=(following.weekday() - weekday - 1) % 7 + 1)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def easter_sunday(year: int) -> date:
    """Of the Gregorian calendar: the Sunday after the full moon of the church's tables."""
    golden = year % 19
    century = year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    # The tables know no moon of 30 days in late golden years, hence the two days that move.
    moon = epact - (epact > 28 or (epact == 28 and golden > 10))
    full = date(year, 3, 21) + timedelta(days=moon)
    return full + timedelta(days=6 - full.weekday() or 7)


def united_states(year: int) -> Iterator[date]:
    """Federal holidays that begin in a year, on the days on which offices close for them."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    for day in fixed:
        yield day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))
    for month, weekday, nth in (
        (1, 0, 3),
        (2, 0, 3),
        (5, 0, -1),
        (9, 0, 1),
        (10, 0, 2),
        (11, 3, 4),
    ):
        yield nth_weekday(year, month, weekday, nth)


def england(year: int) -> Iterator[date]:
    """Bank holidays of a year, with the substitutes of those that fall on a weekend."""
    yield _weekday_after(date(year, 1, 1), set())
    # Whoever falls on a weekday keeps it, and the other's substitute goes around it.
    christmas = sorted(
        (date(year, 12, 25), date(year, 12, 26)), key=lambda day: day.weekday() >= SATURDAY
    )
    taken: set[date] = set()
    for day in christmas:
        taken.add(_weekday_after(day, taken))
    yield from sorted(taken)
    sunday = easter_sunday(year)
    yield from (sunday - timedelta(days=2), sunday + timedelta(days=1))
    for month, nth in ((5, 1), (5, -1), (8, -1)):
        yield nth_weekday(year, month, 0, nth)


def _weekday_after(day: date, taken: set[date]) -> date:
    """The day itself, or the next that is neither of a weekend nor taken."""
    while day.weekday() >= SATURDAY or day in taken:
        day += timedelta(days=1)
    return day


def off_and_holidays(
    start: np.datetime64, days: int, holidays: Iterable[date]
) -> tuple[Days, Days]:
    """(weekends and holidays, holidays alone), each (days,), from the day of `start` on."""
    dates = np.arange(start.astype("datetime64[D]"), days)
    festive = np.isin(dates, np.array(sorted(holidays), dtype="datetime64[D]"))
    weekday = (dates.astype(np.int64) + 3) % 7
    return festive | (weekday >= SATURDAY), festive


def of_years(rule: Callable[[int], Iterator[date]], first: int, last: int) -> set[date]:
    """Holidays by a rule from year `first` to `last`; the next New Year may be kept in the last."""
    return {day for year in range(first, last + 2) for day in rule(year)}
