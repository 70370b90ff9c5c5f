"""Clocks that change by half an hour: each hour of every day still has a place among 24."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from analytics import HourCalendar
from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, day_bounds


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Europe/Berlin", "Asia/Kathmandu"])
def test_every_hour_of_a_year_has_its_place(zone: str) -> None:
    day, hours = date(2026, 1, 1), []
    while day.year == 2026:
        start, end = day_bounds(day, zone)
        hours.append(np.arange(start, end, HOUR_US))
        day += timedelta(days=1)
    clock = HourCalendar.of(np.concatenate(hours), zone, WorkCalendar())
    assert (clock.hour.min(), clock.hour.max()) == (0, 23)
    at = 0
    for own in hours:
        found = clock.hour[at : at + len(own)].tolist()
        at += len(own)
        assert found[:11] == list(range(11))
        assert found[-12:] == list(range(12, 24))
        assert found == sorted(found)
