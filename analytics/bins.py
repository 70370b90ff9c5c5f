"""The hours of a site's clock: kinds of day, office hours, nights, and the bins of the model.

    192 bins = 7 weekdays x 24 h                 0 .. 167   Monday 00:00 is 0
             + 24 h of a weekday off           168 .. 191   public holidays
     72 bins = (working day, Saturday, rest day) x 24 h     rest day = Sunday or holiday
     48 bins = (working day, other day) x 24 h

A make-up working day (a Saturday worked for a holiday) takes the bins of a Wednesday: the
middle of the week stands neither after nor before a rest.

Nights, where waste is looked for, come from the calendar and the site's office hours, not
from each meter's own curve: an inferred schedule learns the very waste it should expose, and
needs more days than a new site has. Little is lost, since each hour has its own level in the
baseline: a building that opens early is judged against itself. Only which hours answer the
weather as running hours is read from the meter (`analytics.running`): by its own week once half a
year is known, before that by medians over working days and never in the night's core.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import repeat

import numpy as np

from analytics.groups import Bools, Ints
from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, day_bounds, day_number, days_between, local_day

FULL_BINS, COMPACT_BINS, NAIVE_BINS = 192, 72, 48
WEDNESDAY, SATURDAY, HOLIDAY = 2, 5, 7
COMPACT_OF = np.array([0, 0, 0, 0, 0, 1, 2, 2])
"""Weekday or HOLIDAY -> 0 working day, 1 Saturday, 2 rest day."""


@dataclass(frozen=True)
class OfficeHours:
    """When people usually work, local time [h]; nights leave `settle` hours on either side."""

    opens: int = 8
    closes: int = 18
    settle: int = 2


USUAL_HOURS = OfficeHours()


@dataclass(frozen=True)
class Working:
    """Office hours and the weekdays on which they hold, from a day on."""

    since: date = date.min
    hours: OfficeHours = USUAL_HOURS
    weekdays: frozenset[int] = frozenset(range(SATURDAY))
    """0 Monday to 6 Sunday; exceptions of the calendar come before them."""


Timetable = tuple[Working, ...]
"""Rising by day, the first from the earliest day there is."""
USUAL_WEEK: Timetable = (Working(),)


@dataclass(frozen=True)
class HourCalendar:
    """What the site's clock and calendar say of each hour; every array has shape (hours,)."""

    hour: Ints
    """Local hour of day, 0..23."""
    day: Ints
    """Local day, days since 1970-01-01."""
    weekday: Ints
    """0 Monday .. 6 Sunday, 7 for a weekday off; a make-up working day is a Wednesday, and so is
    a Saturday on which people always work."""
    opens: Ints
    """Local hour at which the office opens on that day."""
    closes: Ints
    office: OfficeHours
    """Office hours of the last day."""

    @classmethod
    def of(
        cls, hours_us: Ints, zone: str, calendar: WorkCalendar, week: Timetable = USUAL_WEEK
    ) -> "HourCalendar":
        """Read the clock at hour starts [us UTC], ascending."""
        if hours_us.size == 0:
            none = np.zeros(0, dtype=np.int64)
            return cls(none, none, none, none, none, week[-1].hours)
        first, last = local_day(int(hours_us[0]), zone), local_day(int(hours_us[-1]), zone)
        days = days_between(first, last + timedelta(days=1))
        starts = np.array([day_bounds(day, zone)[0] for day in days])
        place = np.searchsorted(starts, hours_us, side="right") - 1
        works = [_working(week, day) for day in days]
        kinds = np.array(list(map(_weekday, days, works, repeat(calendar))))
        numbers = np.array([day_number(day) for day in days])
        return cls(
            hour=_local_hours(hours_us, starts, place),
            day=numbers[place],
            weekday=kinds[place],
            opens=np.array([one.hours.opens for one in works])[place],
            closes=np.array([one.hours.closes for one in works])[place],
            office=_working(week, last).hours,
        )

    def since(self, first: int) -> "HourCalendar":
        """The same of the hours from a place on."""
        return HourCalendar(
            hour=self.hour[first:],
            day=self.day[first:],
            weekday=self.weekday[first:],
            opens=self.opens[first:],
            closes=self.closes[first:],
            office=self.office,
        )

    @property
    def working(self) -> Bools:
        """True on working days."""
        return self.weekday < SATURDAY

    @property
    def holiday(self) -> Bools:
        """True on weekdays off."""
        return np.asarray(self.weekday == HOLIDAY)

    @property
    def daytime(self) -> Bools:
        """True in office hours, of any day."""
        return (self.hour >= self.opens) & (self.hour < self.closes)

    @property
    def occupied(self) -> Bools:
        """True in office hours of working days."""
        return self.working & self.daytime

    @property
    def night(self) -> Bools:
        """True in the hours that no office uses, with its early and late ones left out."""
        return _rests(self.hour, self.opens, self.closes, self.office.settle)

    @property
    def duty_day(self) -> Ints:
        """The day an hour belongs to: a night and its morning belong to the day before.

        A working day begins when the office opens; another day begins as soon as the night is
        over, since on it nobody is expected before the opening.
        """
        begins = np.where(self.working, self.opens, self.opens - self.office.settle)
        return np.where(self.hour < begins, self.day - 1, self.day)

    def full_bins(self) -> Ints:
        """Bin of 192."""
        return self.weekday * 24 + self.hour

    def naive_bins(self) -> Ints:
        """Bin of 48."""
        return np.where(self.working, 0, 24) + self.hour


def _working(week: Timetable, day: date) -> Working:
    return next(one for one in reversed(week) if one.since <= day)


def _weekday(day: date, works: Working, calendar: WorkCalendar) -> int:
    weekday = day.weekday()
    usual = weekday in works.weekdays
    if calendar.is_working(day) if day in calendar.days else usual:
        return weekday if weekday < SATURDAY else WEDNESDAY
    return weekday if weekday >= SATURDAY else HOLIDAY


def _local_hours(hours_us: Ints, starts: Ints, place: Ints) -> Ints:
    """Hour of the local day, counted from the day's nearer midnight.

    So the hour that a clock change skips or repeats moves neither the morning's first hours
    nor the afternoon.
    """
    since = (hours_us - starts[place]) // HOUR_US
    until = -((hours_us - starts[place + 1]) // HOUR_US)  # begun hours: a change may be of half one
    return np.where(until <= 12, 24 - until, np.minimum(since, 11))


def of_working_days(running: Bools) -> Bools:
    """Running hours of the day, (meters, 24), as bins of working days: (meters, 192)."""
    result = np.zeros((running.shape[0], FULL_BINS // 24, 24), dtype=np.bool_)
    result[:, :SATURDAY] = running[:, None, :]
    return result.reshape(running.shape[0], FULL_BINS)


def night_hours(hour: Ints, office: OfficeHours) -> Bools:
    """True for hours of day that no office uses, with its early and late ones left out."""
    return _rests(hour, office.opens, office.closes, office.settle)


def _rests(hour: Ints, opens: Ints | int, closes: Ints | int, settle: int) -> Bools:
    return np.asarray((hour < opens - settle) | (hour >= closes + settle))
