"""Local days: they cover the time line without gap or overlap, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metering import localtime as lt
from metering.errors import InvalidInput

ZONES = st.sampled_from(
    [
        "UTC",
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/New_York",
        "America/Havana",  # springs forward at midnight
        "Asia/Kolkata",  # +05:30
        "Asia/Kathmandu",  # +05:45
        "Australia/Lord_Howe",  # changes by half an hour
        "+08:00",
        "-03:30",
    ]
)
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
INSTANTS = st.integers(
    lt.to_us(datetime(1990, 1, 2, tzinfo=UTC)), lt.to_us(datetime(2060, 1, 1, tzinfo=UTC))
)


@given(DAYS, ZONES)
@example(date(2026, 3, 8), "America/Havana")
@example(date(2012, 4, 1), "America/Havana")
def test_days_follow_each_other_without_gap_or_overlap(day, zone):
    start, end = lt.day_bounds(day, zone)
    assert start < end == lt.day_bounds(day + timedelta(days=1), zone)[0]


@given(INSTANTS, ZONES)
def test_an_instant_lies_in_its_local_day(time_us, zone):
    start, end = lt.day_bounds(lt.local_day(time_us, zone), zone)
    assert start <= time_us < end


@given(DAYS, ZONES)
@example(date(2026, 3, 29), "Europe/Berlin")
@example(date(2026, 10, 25), "Europe/Berlin")
@example(date(2026, 10, 4), "Australia/Lord_Howe")
def test_both_ends_of_a_day_carry_its_date(day, zone):
    start, end = lt.day_bounds(day, zone)
    assert lt.local_day(start, zone) == day == lt.local_day(end - 1, zone)
    assert lt.local_day(start - 1, zone) < day < lt.local_day(end, zone)


@given(DAYS, ZONES, st.sampled_from([15, 30, 60]))
def test_slots_fill_the_day(day, zone, step_min):
    starts = lt.slot_starts(day, zone, step_min)
    first, end = lt.day_bounds(day, zone)
    step = step_min * lt.MINUTE_US
    assert len(starts) == lt.slot_count(day, zone, step_min)
    assert starts[0] == first
    assert (np.diff(starts) == step).all()
    assert starts[-1] < end <= starts[-1] + step


@given(DAYS, ZONES)
def test_a_day_holds_92_to_100_quarter_hours(day, zone):
    assert lt.slot_count(day, zone, 15) in (92, 94, 96, 98, 100)


@pytest.mark.parametrize(
    ("day", "zone", "quarters"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 92),
        (date(2026, 10, 25), "Europe/Berlin", 100),
        (date(2026, 10, 4), "Australia/Lord_Howe", 94),
        (date(2026, 4, 5), "Australia/Lord_Howe", 98),
        (date(2026, 3, 29), "Asia/Shanghai", 96),
        (date(2026, 3, 8), "America/Havana", 92),
        (date(2026, 11, 1), "America/Havana", 100),
    ],
)
def test_quarter_hours_of_clock_change_days(day, zone, quarters):
    assert lt.slot_count(day, zone, 15) == quarters


def test_a_day_that_a_zone_left_out_is_empty():
    assert lt.slot_count(date(2011, 12, 30), "Pacific/Apia", 15) == 0
    assert lt.slot_count(date(2011, 12, 31), "Pacific/Apia", 15) == 96


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Asia/Shanghai", "2026-11-23T16:00:00Z"),
        ("Asia/Kolkata", "2026-11-23T18:30:00Z"),
        ("Asia/Kathmandu", "2026-11-23T18:15:00Z"),
        ("+08:00", "2026-11-23T16:00:00Z"),
        ("-0330", "2026-11-24T03:30:00Z"),
    ],
)
def test_midnight_in_zones_of_half_and_quarter_hours(zone, start):
    assert lt.iso(lt.day_bounds(date(2026, 11, 24), zone)[0]) == start


@given(INSTANTS, ZONES)
def test_an_instant_survives_its_text(time_us, zone):
    assert lt.parse_instant(lt.iso(time_us, zone)) == time_us


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-30T00:00:00Z"]
)
def test_an_instant_that_has_no_date_somewhere_is_refused(text):
    with pytest.raises(InvalidInput, match="not an instant"):
        lt.parse_instant(text)


@pytest.mark.parametrize("text", ["9999-12-28T23:59:59Z", "0001-01-04T00:00:00Z"])
def test_a_far_instant_has_a_date_everywhere(text):
    time_us = lt.parse_instant(text)
    for zone in ("Asia/Shanghai", "+14:00", "-14:00", "UTC"):
        assert lt.parse_instant(lt.iso(time_us, zone)) == time_us


@given(INSTANTS)
def test_an_instant_survives_as_datetime(time_us):
    assert lt.to_us(lt.from_us(time_us)) == time_us


@given(DAYS)
def test_day_numbers_count_days(day):
    assert lt.day_of_number(lt.day_number(day)) == day
    assert lt.day_number(day + timedelta(days=1)) == lt.day_number(day) + 1
    assert lt.day_number(date(1970, 1, 1)) == 0


@given(DAYS)
def test_months_meet(day):
    first, following = lt.month_start(day), lt.next_month(day)
    assert first <= day < following
    assert following.day == 1
    assert lt.previous_month(following) == first
    assert {d.month for d in lt.days_between(first, following - timedelta(days=1))} == {day.month}


@pytest.mark.parametrize("text", ["2016-12-31T23:59:60Z", "2017-01-01 07:59:60.25+08:00"])
def test_a_leap_second_is_the_start_of_the_next(text):
    assert lt.iso(lt.parse_instant(text)) == "2017-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["2016-12-31T23:59:60+08:00", "2016-12-31T12:00:60Z"])
def test_a_leap_second_elsewhere_is_none(text):
    with pytest.raises(InvalidInput, match="not an instant"):
        lt.parse_instant(text)


@pytest.mark.parametrize(
    "text", ["2026-11-24T08:15:00", "yesterday", "", None, "2026-13-01T00:00Z"]
)
def test_a_time_without_offset_or_sense_is_refused(text):
    with pytest.raises(InvalidInput) as refused:
        lt.parse_instant(text, field="sent")
    assert refused.value.field == "sent"
    assert refused.value.fix


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "+8"])
def test_an_unknown_zone_is_named(name):
    with pytest.raises(InvalidInput) as refused:
        lt.zone_of(name)
    assert refused.value.field == "zone"
    assert refused.value.value == name


@pytest.mark.parametrize("name", ["+99:00", "+24:00", "-25:10", "+08:60"])
def test_an_offset_beyond_a_day_is_refused(name):
    with pytest.raises(InvalidInput):
        lt.zone_of(name)
