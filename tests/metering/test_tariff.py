"""Tariffs: one row prices an instant, by local day, month, kind of day and minute."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.localtime import slot_starts, to_us, zone_of
from metering.tariff import Tariff, TariffRow

ZONE = "Asia/Shanghai"
YEAR = frozenset(range(1, 13))


def row(period, start_min, end_min, **changes):
    plain = TariffRow(
        tariff="t",
        item="01000",
        months=YEAR,
        days="all",
        start_min=start_min,
        end_min=end_min,
        period=period,
        price=Decimal(start_min + 1),
    )
    return replace(plain, **changes)


def at(hour, minute=0, day=date(2026, 11, 24)):
    return to_us(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone_of(ZONE)))


def period(tariff, time_us, item="01000"):
    found = tariff.row_at(time_us, ZONE, item)
    return None if found is None else found.period


@st.composite
def partitions(draw):
    """Cuts of the day into consecutive rows that hold all of it."""
    cuts = sorted(draw(st.sets(st.integers(1, 1439), max_size=8)))
    edges = [0, *cuts, 1440]
    return [row(f"p{n}", a, b) for n, (a, b) in enumerate(pairwise(edges))]


@given(partitions(), st.integers(0, 1439), st.randoms(use_true_random=False))
def test_rows_that_share_out_the_day_price_every_minute_once(rows, minute, random):
    holding = [r.period for r in rows if r.start_min <= minute < r.end_min]
    random.shuffle(rows)
    tariff = Tariff.of(rows, "", WorkCalendar())
    assert [period(tariff, at(*divmod(minute, 60)))] == holding


@given(partitions())
def test_rows_at_is_row_at_for_every_slot(rows):
    tariff = Tariff.of(rows, "", WorkCalendar())
    starts = slot_starts(date(2026, 11, 24), ZONE, 60)
    expected = [tariff.row_at(int(start), ZONE, "01A00") for start in starts]
    assert tariff.rows_at(starts, ZONE, "01A00") == expected
    assert tariff.rows_at(np.array([], dtype=np.int64), ZONE, "01A00") == []


def test_a_boundary_belongs_to_the_row_that_starts_there():
    tariff = Tariff.of([row("valley", 0, 480), row("peak", 480, 1440)], "", WorkCalendar())
    assert period(tariff, at(8) - 1) == "valley"
    assert period(tariff, at(8)) == "peak"


def test_silence_is_none_and_not_free():
    tariff = Tariff.of([row("peak", 480, 1320)], "", WorkCalendar())
    assert period(tariff, at(3)) is None
    assert period(tariff, at(9), item="02000") is None


def test_days_follow_the_calendar():
    make_up = date(2026, 2, 15)
    rows = [row("work", 0, 1440, days="working"), row("rest", 0, 1440, days="rest")]
    plain = Tariff.of(rows, "", WorkCalendar())
    made_up = Tariff.of(rows, "", WorkCalendar.of([CalendarDay(make_up, DayKind.WORKING)]))
    assert period(plain, at(12, day=make_up)) == "rest"
    assert period(made_up, at(12, day=make_up)) == "work"


def test_validity_is_half_open_in_local_days():
    change = date(2026, 7, 1)
    rows = [row("old", 0, 1440, valid_to=change), row("new", 0, 1440, valid_from=change)]
    tariff = Tariff.of(rows, "", WorkCalendar())
    assert period(tariff, at(23, 59, change - timedelta(days=1))) == "old"
    assert period(tariff, at(0, 0, change)) == "new"


@pytest.mark.parametrize(("month", "expected"), [(7, "summer"), (12, "winter")])
def test_months_choose(month, expected):
    summer = frozenset({6, 7, 8})
    rows = [row("summer", 0, 1440, months=summer), row("winter", 0, 1440, months=YEAR - summer)]
    assert period(Tariff.of(rows, "", WorkCalendar()), at(1, day=date(2026, month, 1))) == expected


def test_an_institution_sees_its_own_rows_and_the_common_ones():
    rows = [row("own", 0, 720, institution="a"), row("common", 720, 1440)]
    assert [r.period for r in Tariff.of(rows, "a", WorkCalendar()).rows] == ["own", "common"]
    assert [r.period for r in Tariff.of(rows, "b", WorkCalendar()).rows] == ["common"]
