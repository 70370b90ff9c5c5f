"""Edges of figures: the last instant, the empty sum, the part that is not known."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import (
    Cost,
    HourPrice,
    Money,
    area_of,
    by_clock_hour,
    counted,
    less,
    mean_power,
    month_quality,
    persons_of,
    total,
    up_to,
)
from figures.periods import Tally
from figures.pricing import priced
from metering.localtime import DAY_MIN, HOUR_US, MINUTE_US
from metering.quantity import ABSENT
from metering.registry import Node, NodeType
from tests.figures.made import (
    DAY,
    KEY,
    KWH,
    START_US,
    ZONE,
    book_row,
    campus,
    case_of,
    hourly,
    money,
    part,
    role_energy,
    view_of,
)


@pytest.mark.parametrize(
    ("b", "c", "together"),
    [((10, 100), (20, 300), (30, 400)), ((10, 100), (None, None), (None, None))],
)
def test_a_place_is_as_large_as_its_buildings_where_each_is_known(b, c, together):
    """A part of the persons would make energy per person look larger."""
    nodes = [
        Node(code, NodeType.BUILDING, persons=persons, area_m2=area and Decimal(area))
        for code, (persons, area) in (("b", b), ("c", c))
    ]
    known = campus(*nodes)
    assert (persons_of(known, "o", DAY), area_of(known, "o", DAY)) == together
    assert persons_of(campus(), "o", DAY) is area_of(campus(), "o", DAY) is None


def test_a_period_is_over_at_its_last_instant():
    end_us = START_US + HOUR_US
    for until_us, quarters in ((end_us, 4), (end_us - 1, 3), (START_US, 0)):
        found = role_energy(until_us)
        ratio = found.ratio("utility_per_it", START_US, end_us)
        utility = found.sum_of("utility", START_US, end_us)
        expected = quarters * 3 * KWH // 4 or None
        assert (ratio.above, utility.amount) == (expected, expected)
        assert np.isfinite(found.power("it")).sum() == quarters
        assert np.isfinite(mean_power(hourly([KWH]), until_us)).sum() == quarters // 4


def test_mean_power_is_energy_over_the_length_of_its_period():
    found = role_energy(START_US + HOUR_US)
    assert found.power("utility").tolist() == [3.0] * 4
    assert mean_power(hourly([5 * KWH, -KWH]), 2**62).tolist() == [5.0, -1.0]
    assert np.isnan(mean_power(hourly([ABSENT]), 2**62)).all()


def test_each_day_has_the_hours_of_a_clock_and_each_period_stands_at_its_own():
    days, cells = by_clock_hour(hourly([n * KWH for n in range(48)]), 2**62)
    assert days == [DAY, DAY + timedelta(days=1)]
    assert cells.tolist() == [[float(n) for n in range(24)], [float(n) for n in range(24, 48)]]
    _, evening = by_clock_hour(hourly([7 * KWH], START_US + 23 * HOUR_US), 2**62)
    assert np.flatnonzero(np.isfinite(evening)).tolist() == [23]


def test_the_price_of_an_hour_is_shared_and_stays():
    """Places that ask for one hour are given one object."""
    price = HourPrice({"CNY": Fraction(1)}, True)
    with pytest.raises(FrozenInstanceError):
        price.priced = False  # type: ignore[misc]


def test_nothing_is_missing_of_a_tally_unless_it_is_said(fig):
    tally = Tally(KWH)
    tally.certain[fig.price("flat", 0, 1440, "0.5")] += 2 * KWH
    assert tally.cost() == tally.cost(0)
    (money,) = tally.cost().money
    assert (money.amount, money.shares) == (Decimal(1), (10_000, 0, 0, 0))
    assert tally.cost(2_500).money[0].shares == (7_500, 0, 0, 2_500)


def test_a_cost_of_nothing_changes_no_sum():
    some = Cost((money("1", "2", "3"),), priced=5, unpriced=7, all_priced=False)
    assert total([]) == Cost()
    assert total([some, Cost()]) == total([Cost(), some]) == some
    assert less(some, []) == less(some, [Cost()]) == some
    assert less(some, [some]).unpriced == 0


def test_a_total_less_its_parts_has_the_widest_bounds_and_the_rest_of_the_energy():
    whole = Cost((money("8", "10", "13"),), priced=20, unpriced=7, all_priced=False)
    inner = Cost((money("3", "4", "6"),), priced=5, unpriced=3, all_priced=False)
    found = less(whole, [inner])
    assert found.money == (money("2", "6", "10"),)
    assert (found.priced, found.unpriced) == (15, 4)


cents = st.integers(-10_000, 10_000).map(lambda n: Decimal(n).scaleb(-2))


@st.composite
def monies(draw) -> Money:
    low, amount, high = sorted(draw(st.lists(cents, min_size=3, max_size=3)))
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=3, max_size=3)))
    a, b, c = cuts
    return Money("CNY", amount, low, high, (a, b - a, c - b, 10_000 - c))


@given(st.lists(monies(), min_size=1, max_size=5))
def test_shares_of_a_sum_make_the_whole(parts):
    (found,) = total(Cost((one,)) for one in parts).money
    assert sum(found.shares) == 10_000
    assert min(found.shares) >= 0
    assert found.low <= found.amount <= found.high


@given(monies(), monies())
def test_what_is_left_of_a_total_lies_between_its_bounds(whole, inner):
    (found,) = less(Cost((whole,)), [Cost((inner,))]).money
    assert found.amount == whole.amount - inner.amount
    assert found.low <= found.amount <= found.high
    if (whole.low, whole.amount, whole.high) != (inner.low, inner.amount, inner.high):
        assert found.high - found.low == whole.high - whole.low + inner.high - inner.low


def test_a_part_that_no_tariff_prices_is_one_window_from_the_first_instant_of_its_day():
    own = part(15, range(96))
    row = book_row(own)
    found = priced(view_of(row), KEY, row, own)
    assert (found.scope, found.prices) == (None, (None,))
    assert found.windows.offsets == (0,)
    assert found.windows.quantity.tolist() == [sum(range(96))]


def test_what_is_read_once_a_day_is_not_expected_yet_and_what_is_read_oftener_is():
    quarters, silent = part(15, [KWH] * 96), part(DAY_MIN, [ABSENT])
    view = view_of(book_row(quarters, silent))
    assert up_to(view, KEY, DAY, {15: HOUR_US}).complete
    assert not up_to(view, KEY, DAY, {DAY_MIN: 24 * HOUR_US}).complete
    assert not up_to(view, KEY, DAY, {15: HOUR_US, DAY_MIN: 24 * HOUR_US}).complete
    assert not up_to(view_of(book_row(quarters)), KEY, DAY, {}).complete


def test_a_running_day_holds_its_known_slots_and_the_begun_one_by_time():
    slots = [1_000, ABSENT, 3_000, 4_000, *([9_000] * 92)]
    view = view_of(book_row(part(15, slots)))

    def amount(minutes: int) -> int | None:
        return up_to(view, KEY, DAY, {15: minutes * MINUTE_US}).amount

    assert [amount(n) for n in (15, 30, 45, 60)] == [1_000, 1_000, 4_000, 8_000]
    assert [amount(n) for n in (3, 20, 33, 50)] == [200, 1_000, 1_600, 4_000 + 4_000 // 3]


@pytest.mark.parametrize(
    ("wastes", "counts"),
    [((3, 1), (3, 0)), ((1, 3), (0, 3)), ((2, 2), (2, 0))],
)
def test_of_two_cases_of_one_meter_the_larger_counts_and_of_equal_ones_the_older(wastes, counts):
    told = counted([case_of(n, kwh) for n, kwh in enumerate(wastes, start=1)], lambda *_: ())
    assert tuple(one.counts.waste for one in told) == counts


@pytest.mark.parametrize("spill", [(0, 0, 0), (2_000, 2_000, 0)])
def test_a_gap_between_days_without_a_row_does_not_leave_the_period(spill):
    shares = np.array([6_000, 4_000, 0, 0], dtype=np.uint16)
    row = replace(book_row(part(15, [KWH] * 96)), day_shares=shares, spill=spill)
    days = [DAY + timedelta(days=n) for n in (-1, 0, 1)]
    found = month_quality({DAY: row}, days, ZONE, START_US + 7 * 24 * HOUR_US)
    assert found.tolist() == [3_333, 0, 0, 6_667]


def test_a_currency_of_one_side_alone_is_measured_and_negative_where_only_parts_have_it():
    whole, inner = Cost((money("1", "2", "3"),)), Cost((money("4", "5", "6", currency="EUR"),))
    cny, eur = less(whole, [inner]).money
    assert (cny.low, cny.amount, cny.high, cny.shares) == (1, 2, 3, (10_000, 0, 0, 0))
    assert (eur.low, eur.amount, eur.high, eur.shares) == (-6, -5, -4, (10_000, 0, 0, 0))


def test_a_rest_is_of_the_quality_of_its_whole():
    whole = Cost((money("1", "2", "3", (1_000, 2_000, 3_000, 4_000)),), priced=9, unpriced=4)
    inner = Cost((money("0", "1", "2", (0, 0, 0, 10_000)),), priced=2, unpriced=1, all_priced=False)
    found = less(whole, [inner])
    assert found.money[0].shares == (1_000, 2_000, 3_000, 4_000)
    assert (found.priced, found.unpriced, found.all_priced) == (7, 3, False)
    assert (found.periods, found.rows) == ((), ())
    assert less(whole, []).all_priced
    assert less(inner, []).all_priced is False
