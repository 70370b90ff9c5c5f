"""When a baseline is made, and why.

    no version yet      from 14 days of history on            `first`, begins anew
    books changed       more than half of the days it was     `books changed`, begins anew
                        fitted on say something else now
    a person's reason   from 14 days since the day named      the reason
    length of history   28, 92, 365 days                      `28 days` ...

Only frozen versions count: one that was made today is made again as long as the books under it
change, so that it does not matter in how many pieces a history came in that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from analytics.baseline import history_days
from analytics.bins import HourCalendar
from analytics.groups import Bools, Floats, Groups, Ints
from analytics.stored import Version
from metering.baseline import (
    BOOKS_CHANGED,
    FIRST,
    LEAST_DAYS,
    THRESHOLDS,
    BaselineRequest,
    BaselineVersion,
    threshold_reason,
)
from metering.localtime import day_number

LONGEST_DAYS = 400
"""A version is fitted on at most so many days."""
LEAST_COMPARED = 7
OTHER = 0.1
"""Days whose mean power moved by this share of itself say something else."""


@dataclass(frozen=True)
class Making:
    """A version that is due."""

    number: int
    reason: str
    anew: bool = False
    """Whether it also judges the hours before it."""
    since: int = 0
    """First day whose hours it may be fitted on, days since 1970-01-01; 0 for all."""
    actor: str = ""
    asked: int = 0


@dataclass(frozen=True, eq=False)
class Known:
    """Days of history of one meter."""

    days: Ints
    """Days since 1970-01-01, (days,)."""
    daily: Floats
    """Mean power of the trusted hours [kW], (days,); NaN where a day is no history."""

    def since(self, day: int) -> int:
        """How many days of history there are from a day on."""
        return int((np.isfinite(self.daily) & (self.days >= day)).sum())


def known_days(energy: Floats, clock: HourCalendar) -> list[Known]:
    """Days of history of each meter; `energy` [kWh/h] is (meters, hours), NaN where untrusted."""
    days, history = history_days(energy, clock)
    labels = np.searchsorted(days, clock.day).astype(np.int64)
    means, _ = Groups.of(labels, days.size).means(energy)
    daily = np.where(history, means, np.nan)
    return [Known(days, one) for one in daily]


def due(known: Known, last: Version | None, asked: BaselineRequest | None) -> Making | None:
    """The version of a meter that is due after its last frozen one; None where none is."""
    if last is None:
        return Making(1, FIRST, anew=True) if known.since(0) >= LEAST_DAYS else None
    number = last.facts.number + 1
    if _says_something_else(known, last):
        enough = known.since(0) >= LEAST_DAYS
        return Making(number, BOOKS_CHANGED, anew=True) if enough else None
    if asked is not None and known.since(day_number(asked.from_day)) >= LEAST_DAYS:
        since = day_number(asked.from_day)
        return Making(number, asked.reason, since=since, actor=asked.actor, asked=asked.number)
    since = _since(last)
    passed = [days for days in THRESHOLDS if last.facts.days < days <= known.since(since)]
    return Making(number, threshold_reason(passed[-1]), since=since) if passed else None


def may_be_due(last: BaselineVersion, today: date) -> bool:
    """Whether a length of history may have been reached that a shorter window does not show."""
    coming = [days for days in THRESHOLDS if last.days < days]
    return bool(coming) and last.days + (today - last.last_day).days > coming[0]


def _since(last: Version) -> int:
    """After a person's reason, what was before it is not learned again."""
    return day_number(last.facts.first_day) if last.facts.actor else 0


def _says_something_else(known: Known, last: Version) -> bool:
    then = np.full(known.days.size, np.nan)
    place = known.days - day_number(last.facts.first_day)
    inside = (place >= 0) & (place < last.daily.size)
    then[inside] = last.daily[place[inside]]
    both = np.isfinite(then) & np.isfinite(known.daily)
    moved = np.abs(known.daily - then) > OTHER * np.fmax(np.abs(then), np.abs(known.daily))
    return int(both.sum()) >= LEAST_COMPARED and int((moved & both).sum()) * 2 > int(both.sum())


def fitted_hours(clock: HourCalendar, since: int) -> Bools:
    """Hours from a day on, (hours,)."""
    return np.asarray(clock.day >= since)
