"""Times as people read them."""

from __future__ import annotations

from api.page import formats
from metering.localtime import parse_instant


def test_an_hour_that_the_clock_shows_twice_bears_its_offset():
    zone = "Europe/Berlin"
    once, again = (parse_instant(f"2026-10-25T0{hour}:30:00Z") for hour in (0, 1))
    assert formats.minute(once, zone) == "2026-10-25 02:30 +02:00"
    assert formats.moment(again, zone) == "2026-10-25 02:30:00 +01:00"
    assert formats.minute(again + 3_600_000_000, zone) == "2026-10-25 03:30"


def test_an_hour_that_the_clock_leaves_out_changes_nothing():
    zone = "Europe/Berlin"
    assert formats.minute(parse_instant("2026-03-29T00:59:00Z"), zone) == "2026-03-29 01:59"
    assert formats.minute(parse_instant("2026-03-29T01:00:00Z"), zone) == "2026-03-29 03:00"


def test_a_clock_that_is_right_is_neither_ahead_nor_behind():
    told = [formats.offset(value) for value in (-49_000, 0, 49_000, -51_000, 90_300_000)]
    assert told == ["0.0 s", "0.0 s", "0.0 s", "-0.1 s", "+90.3 s"]
