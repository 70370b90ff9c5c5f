"""Today against last week up to the same minute: no more, no less, of either day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.page.charts import carpet, power
from figures import View, change, drawable, reached, so_far, up_to
from metering import quality
from metering.book import BookRow, Part, SeriesKey
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quantity import ABSENT, total
from metering.registry import Node, NodeType, Registry
from metering.tariff import TariffRow

DAY = date(2026, 11, 24)
ZONE = "Asia/Shanghai"
START_US = day_bounds(DAY, ZONE)[0]
SLOTS = np.arange(1, 97, dtype=np.int64) * 900
KEY = SeriesKey("b", "node", "n", "01000")


class Books:
    """Rows that stand still."""

    def __init__(self, *rows: BookRow) -> None:
        self._rows = rows

    def rows(self, keys, first, last):
        return [row for row in self._rows if row.key in keys and first <= row.day <= last]

    def revision(self, institution: str) -> int:
        return 1


def view(slots: np.ndarray, now_us: int, *more: Part) -> View:
    shares = quality.all_of(quality.MEASURED, len(slots))
    own = Part(15, slots, shares, shares[:24])
    row = BookRow(KEY, DAY, (own, *more), total(slots), shares[0])
    node = Node("n", NodeType.INSTITUTION, zone=ZONE)
    prices = TariffRow("t", "01000", frozenset(range(1, 13)), "all", 0, 1440, "p", Decimal(2))
    return View(Books(row), Registry(nodes={"n": node}, tariff=(prices,)), now_us)


def known(count: int) -> np.ndarray:
    return np.where(np.arange(96) < count, SLOTS, ABSENT)


def test_a_running_slot_counts_up_to_now_and_a_silent_one_up_to_its_last_value():
    now_us = START_US + 10 * 60 * MINUTE_US + 7 * MINUTE_US
    assert reached(view(known(41), now_us), KEY, DAY) == {15: 607 * MINUTE_US}
    assert reached(view(known(38), now_us), KEY, DAY) == {15: 570 * MINUTE_US}
    assert reached(view(known(0), now_us), KEY, DAY) == {}


def test_what_is_read_once_a_day_is_known_at_its_own_step():
    shares = quality.all_of(quality.MEASURED, 1)
    daily = Part(1440, np.array([ABSENT]), shares, shares)
    shown = view(known(8), START_US + 2 * HOUR_US, daily)
    assert reached(shown, KEY, DAY) == {15: 2 * HOUR_US}
    assert so_far(shown, KEY, DAY).complete


def until(slots: np.ndarray, passed: int):
    return up_to(view(slots, START_US + 24 * HOUR_US), KEY, DAY, {15: passed}).amount


def test_an_earlier_day_is_prorated_to_the_minute_and_the_running_one_is_not():
    assert until(SLOTS, 20 * MINUTE_US) == 900 + 600
    assert until(SLOTS, 30 * MINUTE_US) == 900 + 1800
    gap = np.where(np.arange(96) == 1, ABSENT, SLOTS)
    assert until(gap, 20 * MINUTE_US) == 900
    running = view(known(2), START_US + 20 * MINUTE_US)
    assert so_far(running, KEY, DAY).amount == 900 + 1800


@given(st.integers(0, 24 * 60 * MINUTE_US), st.integers(0, 24 * 60 * MINUTE_US))
def test_more_of_a_day_is_never_less_energy_and_the_whole_is_the_whole(a, b):
    first, last = sorted((a, b))
    sums = [until(SLOTS, one) or 0 for one in (first, last)]
    assert sums[0] <= sums[1]
    assert until(SLOTS, 24 * 60 * MINUTE_US) == total(SLOTS)


def test_a_change_is_of_what_is_known_on_both_sides():
    assert change(110, 100) == Decimal("0.100000")
    assert change(None, 100) is change(100, None) is change(100, 0) is None


def test_half_a_slot_is_no_mean_power():
    shown = view(known(5), START_US + 67 * MINUTE_US)
    energy = drawable(shown, KEY, DAY, DAY)
    _, values = power(energy, shown.now_us)
    assert [value is not None for value in values] == [True] * 4 + [False] * 92
    assert values[0] == round(900 / 1e6 * 4, 3)
    cells = carpet(energy, "kW", shown.now_us)["data"][0]["z"]
    assert [value is not None for value in cells[0]] == [True] + [False] * 23


def test_the_cards_compare_like_with_like(shared_world):
    """The seeded today ends at 10:30; its cost is priced slot by slot."""
    slots = shared_world.get(
        "/v1/energy?node=office-a&step=native&start=2026-11-17&end=2026-11-18"
    ).json()["data"][:42]
    before = sum(Decimal(slot["value"]) for slot in slots)
    from api.page import formats

    shown = f">{formats.number(before)} kWh</data></a> last Tuesday up to 10:30"
    assert f'value="{before}"{shown}' in page_of(shared_world)


def page_of(world) -> str:
    import re

    form = world.client.get("/signin").text
    token = re.search(r'name="token" value="([^"]+)"', form)[1]
    data = {"key": world.keys["bureau"], "token": token, "next": "/overview?node=office-a"}
    return world.client.post("/signin", data=data).text


@pytest.mark.parametrize(("value", "shown"), [(0.5, "0.50"), (12.34, "12.3"), (12345.6, "12,346")])
def test_numbers_keep_what_their_size_deserves(value, shown):
    from api.page import formats

    assert formats.number(value) == shown
