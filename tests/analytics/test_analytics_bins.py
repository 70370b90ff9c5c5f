"""The site's clock: local hours, kinds of day, nights and bins."""

from datetime import date

import numpy as np

from analytics.bins import (
    COMPACT_BINS,
    FULL_BINS,
    HOLIDAY,
    NAIVE_BINS,
    USUAL_WEEK,
    WEDNESDAY,
    HourCalendar,
    OfficeHours,
    Timetable,
    Working,
)
from analytics.fitting import BIN_OF, Rung
from analytics.layout import Layout
from analytics.running import running_hours
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.localtime import day_number, days_between, slot_starts

PLAIN = WorkCalendar()


def clock_of(
    first: date,
    last: date,
    zone: str,
    calendar: WorkCalendar = PLAIN,
    week: Timetable = USUAL_WEEK,
) -> HourCalendar:
    starts = [slot_starts(day, zone, 60) for day in days_between(first, last)]
    return HourCalendar.of(np.concatenate(starts), zone, calendar, week)


def test_plain_days_count_24_local_hours() -> None:
    for zone in ("Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns", "+05:30"):
        clock = clock_of(date(2026, 11, 23), date(2026, 11, 24), zone)
        assert clock.hour.tolist() == [*range(24), *range(24)]
        assert clock.weekday.tolist() == [0] * 24 + [1] * 24


def test_clock_change_days_keep_morning_and_evening_at_their_hours() -> None:
    spring = clock_of(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    autumn = clock_of(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin")
    assert spring.hour.size == 23
    assert autumn.hour.size == 25
    for clock in (spring, autumn):
        assert clock.hour[0] == 0
        assert clock.hour[-12:].tolist() == list(range(12, 24))


def test_exceptions_of_the_calendar() -> None:
    calendar = WorkCalendar.of(
        [
            CalendarDay(date(2026, 10, 1), DayKind.REST),
            CalendarDay(date(2026, 10, 10), DayKind.WORKING),
        ]
    )
    holiday = clock_of(date(2026, 10, 1), date(2026, 10, 1), "Asia/Shanghai", calendar)
    make_up = clock_of(date(2026, 10, 10), date(2026, 10, 10), "Asia/Shanghai", calendar)
    assert set(holiday.weekday.tolist()) == {HOLIDAY}
    assert not holiday.working.any()
    assert set(make_up.weekday.tolist()) == {WEDNESDAY}
    assert make_up.working.all()


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday = date(2026, 11, 20)
    clock = clock_of(friday, date(2026, 11, 23), "Asia/Shanghai")
    owner = (clock.duty_day - day_number(friday)).reshape(4, 24)
    assert owner[0].tolist() == [-1] * 8 + [0] * 16
    assert owner[1].tolist() == [0] * 6 + [1] * 18, "on a Saturday nobody is expected at 07:00"
    assert owner[3].tolist() == [2] * 8 + [3] * 16
    assert clock.night.reshape(4, 24)[0].tolist() == [True] * 6 + [False] * 14 + [True] * 4


def test_bins_are_nested_and_within_range() -> None:
    clock = clock_of(date(2026, 9, 1), date(2026, 11, 23), "Asia/Shanghai")
    full = clock.full_bins()
    counts = {Rung.NAIVE: NAIVE_BINS, Rung.COMPACT: COMPACT_BINS, Rung.FULL: FULL_BINS}
    for rung, count in counts.items():
        assert sorted(set(BIN_OF[rung].tolist())) == list(range(count))
        for one in set(full.tolist()):
            assert BIN_OF[rung][one] % 24 == one % 24


def test_running_hours_come_from_medians_and_never_from_the_night() -> None:
    clock = clock_of(date(2026, 11, 2), date(2026, 11, 29), "Asia/Shanghai")
    plant = np.where((clock.hour >= 7) & (clock.hour < 19) & clock.working, 90.0, 5.0)
    always = np.full(plant.size, 50.0)
    wasteful = np.where(clock.working & (clock.day % 3 == 0), 90.0, plant)
    energy = np.array([plant, wasteful, always, always * np.nan])
    rows = running_hours(Layout.of(clock.full_bins()).laid(energy), clock.office)
    assert np.flatnonzero(rows[0]).tolist() == list(range(7, 19))
    assert rows[1].tolist() == rows[0].tolist()
    assert np.flatnonzero(rows[2]).tolist() == list(range(8, 18))
    assert rows[3].tolist() == rows[2].tolist()


def test_no_hours_no_clock() -> None:
    assert HourCalendar.of(np.zeros(0, dtype=np.int64), "UTC", PLAIN).hour.size == 0


def test_a_week_of_its_own_moves_nights_and_days_of_rest_from_its_day_on() -> None:
    monday = date(2026, 11, 2)
    early = Working(date(2026, 11, 4), OfficeHours(7, 16), frozenset({0, 2, 3, 4, 5}))
    clock = clock_of(monday, date(2026, 11, 9), "Asia/Shanghai", week=(Working(), early))
    daytime, night = clock.daytime.reshape(8, 24), clock.night.reshape(8, 24)
    assert np.flatnonzero(daytime[1]).tolist() == list(range(8, 18))
    assert np.flatnonzero(daytime[2]).tolist() == list(range(7, 16))
    assert np.flatnonzero(night[2]).tolist() == [*range(5), *range(18, 24)]
    assert clock.working.reshape(8, 24)[:, 12].tolist() == [True] * 6 + [False, True]
    assert clock.weekday.reshape(8, 24)[5, 0] == WEDNESDAY, "a Saturday on which people work"
    tuesday = date(2026, 11, 10)
    never = Working(weekdays=frozenset({0, 2, 3, 4, 5}))
    later = clock_of(tuesday, tuesday, "Asia/Shanghai", week=(never,))
    assert set(later.weekday.tolist()) == {HOLIDAY}, "a Tuesday on which nobody does"
    assert clock.office == OfficeHours(7, 16)


def test_the_calendar_comes_before_the_week() -> None:
    saturday, sunday = date(2026, 11, 7), date(2026, 11, 8)
    calendar = WorkCalendar.of(
        [CalendarDay(saturday, DayKind.HOLIDAY), CalendarDay(sunday, DayKind.WORKING)]
    )
    week = (Working(weekdays=frozenset(range(6))),)
    clock = clock_of(saturday, sunday, "Asia/Shanghai", calendar, week)
    assert clock.working.tolist() == [False] * 24 + [True] * 24


def test_a_house_that_never_closes_has_no_night() -> None:
    week = (Working(hours=OfficeHours(0, 24)),)
    clock = clock_of(date(2026, 11, 2), date(2026, 11, 8), "Asia/Shanghai", week=week)
    assert not clock.night.any()
    assert (clock.duty_day == clock.day).all()
