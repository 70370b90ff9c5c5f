"""The arithmetic of bills: laws on random numbers, and the edges of the rules."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from figures.bills import exact
from metering.quantity import ABSENT

MONEY = st.decimals(-(10**9), 10**9, places=2)
VOLUME = st.decimals(0, 10**7, places=2)


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 6))
def test_rounding_is_half_up_away_from_zero_and_keeps_its_decimals(value, decimals):
    found = exact.rounded(Fraction(value), decimals)
    assert found == value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    assert found.as_tuple().exponent == -decimals
    assert exact.rounded(Fraction(-value), decimals) == -found


@given(
    VOLUME,
    st.fractions(0, 3, max_denominator=930),
    st.decimals(0, 100, places=4),
    st.integers(0, 6),
)
def test_a_part_of_a_time_is_rounded_once_and_its_quantity_comes_to_it(
    quantity, share, price, decimals
):
    told, amount = exact.part_of(quantity, share, price, decimals)
    assert amount == exact.rounded(Fraction(quantity) * share * Fraction(price), 2)
    many = -told.as_tuple().exponent
    assert many >= decimals
    assert abs(Fraction(told) - Fraction(quantity) * share) <= Fraction(1, 2 * 10**many)
    if many > decimals:
        assert exact.amount_of(told, price) == amount
        shorter = exact.rounded(Fraction(quantity) * share, many - 1)
        assert exact.amount_of(shorter, price) != amount


def test_all_of_a_time_keeps_the_billed_quantity():
    for decimals in (0, 2):
        told = exact.part_of(Decimal("630"), Fraction(1), Decimal("23.0"), decimals)
        assert told == (Decimal(630).quantize(Decimal(1).scaleb(-decimals)), Decimal("14490.00"))
    # a third at three times a half of a cent: no number of decimals comes to the half
    told = exact.part_of(Decimal(1), Fraction(1, 3), Decimal("0.015"), 2)
    assert told == (Decimal("0.33"), Decimal("0.01"))


@given(MONEY, st.decimals(0, 30, places=2))
def test_what_is_net_of_a_tax_and_the_tax_are_the_sum(gross, percent):
    net = exact.net_of(gross, percent)
    assert abs(Fraction(net) * (1 + Fraction(percent) / 100) - Fraction(gross)) < Fraction(1, 100)


@given(VOLUME, VOLUME)
def test_the_power_factor_is_the_nearest_hundredth(active, reactive):
    assume(active or reactive)
    found = exact.power_factor(active, reactive)
    true = float(active) / math.hypot(float(active), float(reactive))
    assert 0 <= found <= 100
    assert abs(found / 100 - true) <= 0.005 + 1e-12


def test_half_of_a_hundredth_goes_up_and_nothing_has_no_power_factor():
    """cos phi of 3 and 4 is 0.6 to the last digit; a little more Q falls only below 0.595."""
    assert exact.power_factor(Decimal(3), Decimal(4)) == 60
    q2 = 1 - Fraction(595, 1000) ** 2
    q = Decimal(math.isqrt(int(q2 * 10**24))).scaleb(-12)
    assert exact.power_factor(Decimal("0.595"), q) == 60
    assert exact.power_factor(Decimal("0.595"), q + Decimal("1e-9")) == 59
    assert exact.power_factor(Decimal(0), Decimal(0)) is None
    assert exact.power_factor(Decimal(0), Decimal(1)) == 0
    assert exact.power_factor(Decimal(1), Decimal(0)) == 100


@given(VOLUME, st.lists(VOLUME, max_size=6), st.sets(VOLUME.filter(bool), max_size=4))
def test_steps_hold_each_unit_once_however_a_year_is_cut_into_bills(before, bills, steps):
    above = [Decimal(0), *sorted(steps)]
    whole = exact.steps_of(before, sum(bills, Decimal(0)), above)
    parts, reached = [Decimal(0)] * len(above), before
    for one in bills:
        parts = [a + b for a, b in zip(parts, exact.steps_of(reached, one, above), strict=True)]
        reached += one
    assert parts == whole
    assert sum(whole) == sum(bills)
    assert min(whole) >= 0


@pytest.mark.parametrize(
    ("measured", "at_price", "dearer"),
    [("0", 240, 0), ("240", 240, 0), ("252", 240, 0), ("252.01", 252, "0.01"), ("260", 252, 8)],
)
def test_a_contract_is_paid_up_to_its_margin(measured, at_price, dearer):
    found = exact.contracted(Fraction(measured), Fraction(240), Fraction(21, 20))
    assert found == (Fraction(at_price), Fraction(dearer))
    assert exact.contracted(Fraction(measured), Fraction(240), None) == (240, 0)


@given(
    st.lists(st.integers(0, 10**9) | st.just(ABSENT), min_size=1, max_size=80),
    st.sampled_from([1, 3, 5, 15]),
)
def test_most_power_is_that_of_the_best_block_that_is_known(slots, step):
    size = 15 // step
    starts = range(0, len(slots) - size + 1, size)
    known = {s: slots[s : s + size] for s in starts if ABSENT not in slots[s : s + size]}
    found = exact.most_power(np.array(slots, dtype=np.int64), step, 15)
    if not known:
        assert found is None
        return
    place, amount = found
    assert amount == sum(known[place]) == max(map(sum, known.values()))
    assert place == min(s for s, own in known.items() if sum(own) == amount)


@pytest.mark.parametrize("step", [20, 30, 60, 1440])
def test_what_is_coarser_than_a_block_says_no_demand(step):
    assert exact.most_power(np.ones(96, dtype=np.int64), step, 15) is None
