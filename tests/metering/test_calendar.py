"""The working calendar: the week, and its exceptions."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from metering.calendar import CalendarDay, DayKind, WorkCalendar

DAYS = st.dates(date(2000, 1, 1), date(2050, 12, 31))


@given(DAYS)
def test_without_exceptions_the_week_decides(day):
    assert WorkCalendar().is_working(day) == (day.isoweekday() <= 5)


@given(DAYS, st.sampled_from(DayKind), DAYS)
def test_an_exception_decides_for_its_day_alone(day, kind, other):
    calendar = WorkCalendar.of([CalendarDay(day, kind)])
    assert calendar.kind(day) is kind
    if other != day:
        assert calendar.kind(other) is WorkCalendar().kind(other)


def test_a_make_up_sunday_works_and_a_holiday_monday_rests():
    sunday, monday = date(2026, 2, 15), date(2026, 2, 16)
    calendar = WorkCalendar.of(
        [CalendarDay(sunday, DayKind.WORKING), CalendarDay(monday, DayKind.REST)]
    )
    assert calendar.is_working(sunday)
    assert not calendar.is_working(monday)
    assert not calendar.is_working(sunday - timedelta(days=1))
