"""Degree days: what of heating and cooling the weather asks for."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.bills.weather import degree_days

MEANS = st.lists(st.integers(-400, 450).map(lambda tenths: tenths / 10), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("means", "asked"),
    [
        ([18.0], "0.0"),
        ([26.0], "0.0"),
        ([22.3, 19.0], "0.0"),
        ([17.0], "1.0"),
        ([27.5], "1.5"),
        ([-5.0, 30.0, 20.0], "27.0"),
    ],
)
def test_only_days_that_are_cold_or_hot_ask_for_any(means: list[float], asked: str) -> None:
    assert degree_days(means) == Decimal(asked)


@given(MEANS, MEANS)
def test_days_add_up(one: list[float], other: list[float]) -> None:
    apart = [degree_days(days) for days in (one, other)]
    assert None not in apart
    assert degree_days(one + other) == sum(filter(None, apart))


@given(MEANS, st.integers(0, 59))
def test_a_day_that_is_not_known_leaves_all_unknown(means: list[float], at: int) -> None:
    assert degree_days([*means[:at], math.nan, *means[at:]]) is None


def test_of_no_days_nothing_is_known() -> None:
    assert degree_days([]) is None
