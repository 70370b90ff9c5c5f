"""Sums of a place over its categories."""

from __future__ import annotations

from decimal import Decimal

import pytest

from figures.indicators import REACTIVE, WATER, total_of
from figures.periods import Cost, Money
from figures.worth import Emission, Worth


def worth_of(amount: str | None, price: str | None) -> Worth:
    """A category with its carbon and its money."""
    carbon = Emission("kgco2", None if amount is None else Decimal(amount))
    if price is None:
        cost = Cost(unpriced=1, all_priced=False)
    else:
        value = Decimal(price)
        cost = Cost((Money("CNY", value, value, value, (10_000, 0, 0, 0)),), priced=1)
    return Worth(cost, carbon, carbon)


@pytest.mark.parametrize(
    ("other", "price", "carbon", "whole"),
    [
        (REACTIVE, None, "5", "7"),
        (REACTIVE, "2", "5", "9"),
        (WATER, None, "5", None),
        (WATER, "2", "5", "9"),
        ("04000", "2", None, "9"),
    ],
)
def test_neither_water_nor_reactive_energy_has_carbon(other, price, carbon, whole):
    """And reactive energy without a price leaves the sum of money whole."""
    found = total_of({"01000": worth_of("5", "7"), other: worth_of(None, price)})
    assert found.kgco2 == (None if carbon is None else Decimal(carbon))
    sole = found.cost.sole
    assert (None if sole is None else sole.amount) == (None if whole is None else Decimal(whole))
