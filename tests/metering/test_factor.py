"""Factors: the narrowest item that holds on the day, the newest of equals."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.factor import Bases, Carbon, Coal, Factor, factor_by, factor_on
from metering.validity import Validity

DAY = date(2026, 11, 24)


def factor(value, item="01000", quantity="kgco2", **more):
    return Factor(item=item, quantity=quantity, value=Decimal(value), **more)


@given(st.permutations([("01000", 1), ("01B00", 2), ("01B10", 3), ("02000", 4)]))
def test_the_narrowest_item_wins_in_any_order(rows):
    factors = [factor(value, item) for item, value in rows]
    for item, value in [("01A00", 1), ("01B20", 2), ("01B10", 3), ("01B1A", 3), ("02000", 4)]:
        assert factor_on(factors, "kgco2", item, DAY).value == value


@given(st.integers(-400, 400))
def test_a_factor_holds_from_its_first_day_until_before_its_last(days):
    first, end = DAY, DAY + timedelta(days=365)
    day = DAY + timedelta(days=days)
    found = factor_on([factor(1, valid=Validity(first, end))], "kgco2", "01000", day)
    assert (found is not None) == (first <= day < end)


def test_of_two_that_hold_the_newer_wins():
    factors = [
        factor(1, valid=Validity(date(2025, 1, 1))),
        factor(2, valid=Validity(date(2026, 1, 1))),
    ]
    assert factor_on(factors, "kgco2", "01000", DAY).value == 2
    assert factor_on(reversed(factors), "kgco2", "01000", DAY).value == 2


def test_no_factor_is_none_and_not_zero():
    assert factor_on([factor(1)], "kgce", "01000", DAY) is None
    assert factor_on([factor(1)], "kgco2", "03000", DAY) is None


def test_only_what_was_seen_in_an_official_text_is_verified():
    assert factor(1, grade="V").verified
    assert not factor(1, grade="S").verified
    assert not factor(1, grade="M").verified
    assert not factor(1).verified


def by(factors, quantity, item, **bases):
    found = factor_by(factors, quantity, item, DAY, Bases(**bases))
    return None if found is None else found.value


def test_each_basis_has_factors_of_its_own():
    known = [
        Factor("01000", quantity, Decimal(n))
        for n, quantity in enumerate(("kgce", "kgce_equal", "kgco2", "kgco2_market"), start=1)
    ]
    assert (by(known, "kgce", "01A00"), by(known, "kgce", "01A00", coal=Coal.EQUAL)) == (1, 2)
    assert (by(known, "kgco2", "01A00"), by(known, "kgco2", "01A00", carbon=Carbon.MARKET)) == (
        *(3, 4),
    )
    assert by(known, "kgce", "01A00", carbon=Carbon.MARKET) == 1
    assert by(known, "kgco2", "01A00", coal=Coal.EQUAL) == 3


@pytest.mark.parametrize(("item", "value"), [("03000", 1), ("01000", None), ("04000", None)])
def test_without_a_factor_of_the_basis_a_fuel_has_the_usual_one_and_what_is_made_has_none(
    item, value
):
    known = [Factor(item, "kgce", Decimal(1)), Factor(item, "kgco2", Decimal(1))]
    assert by(known, "kgce", item, coal=Coal.EQUAL) == value
    assert by(known, "kgco2", item, carbon=Carbon.MARKET) == value
    own = [*known, Factor(item, "kgce_equal", Decimal(2))]
    assert by(own, "kgce", item, coal=Coal.EQUAL) == 2
    assert by(own, "kgce", item) == 1
