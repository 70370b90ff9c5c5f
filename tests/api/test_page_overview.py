"""Today against last week up to the same minute: no more, no less, of either day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.page.charts import finished, hourly_power, power
from api.page.so_far import passed_us, until
from metering import quality
from metering.book import BookRow, SeriesKey
from metering.localtime import MINUTE_US, day_bounds
from metering.quantity import ABSENT, total

DAY = date(2026, 11, 24)
ZONE = "Asia/Shanghai"
START_US = day_bounds(DAY, ZONE)[0]
SLOTS = np.arange(1, 97, dtype=np.int64) * 900


def row(slots: np.ndarray) -> BookRow:
    shares = quality.all_of(quality.MEASURED, len(slots))
    key = SeriesKey("b", "node", "n", "01000")
    return BookRow.of(key, DAY, 15, slots, shares, shares[:24], total(slots), shares[0])


def known(count: int) -> BookRow:
    return row(np.where(np.arange(96) < count, SLOTS, ABSENT))


def test_a_running_slot_counts_up_to_now_and_a_silent_one_up_to_its_last_value():
    now_us = START_US + 10 * 60 * MINUTE_US + 7 * MINUTE_US
    assert passed_us(known(41), ZONE, now_us) == 607 * MINUTE_US
    assert passed_us(known(38), ZONE, now_us) == 570 * MINUTE_US
    assert passed_us(known(0), ZONE, now_us) == 0
    assert passed_us(None, ZONE, now_us) == 0


def test_an_earlier_day_is_prorated_to_the_minute_and_the_running_one_is_not():
    passed = 20 * MINUTE_US
    assert until(SLOTS, 15, passed, prorate=False).tolist() == [900, 1800]
    assert until(SLOTS, 15, passed, prorate=True).tolist() == [900, 600]
    assert until(SLOTS, 15, 30 * MINUTE_US, prorate=True).tolist() == [900, 1800]
    gap = np.array([900, ABSENT], dtype=np.int64)
    assert until(gap, 15, passed, prorate=True).tolist() == [900, ABSENT]


@given(st.integers(0, 24 * 60 * MINUTE_US), st.integers(0, 24 * 60 * MINUTE_US))
def test_more_of_a_day_is_never_less_energy_and_the_whole_is_the_whole(a, b):
    first, last = sorted((a, b))
    sums = [total(until(SLOTS, 15, one, prorate=True)) or 0 for one in (first, last)]
    assert sums[0] <= sums[1]
    assert total(until(SLOTS, 15, 24 * 60 * MINUTE_US, prorate=True)) == total(SLOTS)


def test_half_a_slot_is_no_mean_power():
    now_us = START_US + 67 * MINUTE_US
    shown = known(5)
    assert np.count_nonzero(finished(shown, ZONE, now_us) != ABSENT) == 4
    _, values = power(shown, ZONE, now_us)
    assert values[4] is None
    assert hourly_power(shown, ZONE, now_us)[1] is None


def test_the_cards_compare_like_with_like(shared_world):
    """The seeded today ends at 10:30; its cost is priced slot by slot."""
    slots = shared_world.get(
        "/v1/energy?node=office-a&step=native&start=2026-11-17&end=2026-11-18"
    ).json()["data"][:42]
    before = sum(Decimal(slot["value"]) for slot in slots)
    from api.page import formats

    assert f"{formats.number(before)} kWh last Tuesday up to 10:30" in page_of(shared_world)


def page_of(world) -> str:
    import re

    form = world.client.get("/signin").text
    token = re.search(r'name="token" value="([^"]+)"', form)[1]
    data = {"key": world.keys["bureau"], "token": token, "next": "/?node=office-a"}
    return world.client.post("/signin", data=data).text


@pytest.mark.parametrize(("value", "shown"), [(0.5, "0.50"), (12.34, "12.3"), (12345.6, "12,346")])
def test_numbers_keep_what_their_size_deserves(value, shown):
    from api.page import formats

    assert formats.number(value) == shown
