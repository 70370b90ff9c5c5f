"""Tallies: what is certain, what is not, and between which bounds its money lies."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import Cost, Money, PeriodCost, total
from figures.periods import Tally
from metering.tariff import TariffRow
from tests.figures.made import KWH, money, tariff_row

CHEAP, DEAR = tariff_row(0, 480, "0.25", "valley"), tariff_row(480, 1440, "1.00", "peak")
ALIKE = tariff_row(0, 480, "1.00", "flat")
PER_EUR = TariffRow("e", "01000", CHEAP.months, "all", 0, 1440, "p", Decimal("0.1"), "EUR")


def tally(**groups: dict[TariffRow | None, int]) -> Tally:
    """A tally with these kWh by group and row."""
    found = Tally(KWH)
    for group, parts in groups.items():
        getattr(found, group).update({row: kwh * KWH for row, kwh in parts.items()})
    return found


def test_money_is_energy_times_price_by_group_and_by_period():
    found = tally(certain={CHEAP: 4}, estimated={DEAR: 2}, apportioned={DEAR: 1}).cost()
    (one,) = found.money
    assert (one.low, one.amount, one.high) == (4, 4, 4)
    assert one.shares == (2_500, 2_500, 5_000, 0)
    assert found.periods == (
        PeriodCost("peak", 3 * KWH, Decimal(3), "CNY"),
        PeriodCost("valley", 4 * KWH, Decimal(1), "CNY"),
    )
    assert (found.priced, found.unpriced, found.all_priced) == (7 * KWH, 0, True)
    assert found.rows == (CHEAP, DEAR)
    assert found.sole is one


def test_rows_of_one_period_add_up_in_it_and_those_of_another_currency_do_not():
    """The peak of summer and the peak of winter are one peak."""
    dearer, abroad = replace(DEAR, price=Decimal(3)), replace(DEAR, currency="EUR")
    found = tally(certain={DEAR: 2, dearer: 5}, estimated={abroad: 11, dearer: 1}).cost()
    assert found.periods == (
        PeriodCost("peak", 8 * KWH, Decimal(20), "CNY"),
        PeriodCost("peak", 11 * KWH, Decimal(11), "EUR"),
    )
    assert sum(one.quantity for one in found.periods) == found.priced


@pytest.mark.parametrize("group", ["certain", "estimated", "apportioned"])
def test_energy_without_a_price_is_counted_in_whichever_group_it_stands(group):
    found = tally(**{group: {None: 3, CHEAP: 4}}).cost()
    assert (found.priced, found.unpriced, found.all_priced) == (4 * KWH, 3 * KWH, False)
    assert found.sole is None
    assert [one.amount for one in found.money] == [1]


def test_energy_without_a_price_that_comes_to_nothing_together_still_has_none():
    """What runs backwards in one group takes nothing off in another."""
    found = tally(certain={None: 3}, estimated={None: -3}).cost()
    assert (found.unpriced, found.all_priced, found.money) == (0, False, ())
    assert tally(certain={None: 0}).cost().all_priced


def test_a_stretch_is_certain_where_its_prices_are_equal_whatever_their_names():
    found = Tally(KWH)
    found.stretch([(ALIKE, KWH), (DEAR, KWH), (ALIKE, KWH)], held=True)
    assert (dict(found.certain), dict(found.apportioned)) == ({ALIKE: 2 * KWH, DEAR: KWH}, {})
    open_ended = Tally(KWH)
    open_ended.stretch([(ALIKE, KWH), (DEAR, KWH)], held=False)
    assert (dict(open_ended.certain), found.spread) == ({}, [])
    assert dict(open_ended.apportioned) == {ALIKE: KWH, DEAR: KWH}


@pytest.mark.parametrize(
    ("parts", "low", "amount", "high"),
    [
        ([(CHEAP, 1), (DEAR, 3)], "1.00", "3.25", "4.00"),
        ([(CHEAP, 1), (DEAR, 3), (CHEAP, 4)], "2.00", "4.25", "8.00"),
        ([(CHEAP, -1), (DEAR, -3)], "-4.00", "-3.25", "-1.00"),
        ([(DEAR, 3), (None, 1)], "0", "3", "4"),
    ],
)
def test_a_stretch_over_prices_costs_between_all_at_one_and_all_at_another(
    parts, low, amount, high
):
    found = Tally(KWH)
    found.stretch([(row, kwh * KWH) for row, kwh in parts], held=True)
    (one,) = found.cost().money
    assert (one.low, one.amount, one.high) == (Decimal(low), Decimal(amount), Decimal(high))
    assert one.shares == (0, 0, 10_000, 0)


def test_bounds_of_stretches_add_up_and_are_of_each_currency_alone():
    found = tally(certain={CHEAP: 8})
    for kwh in (1, 2):
        found.stretch([(DEAR, kwh * KWH), (PER_EUR, kwh * KWH)], held=True)
    cny, eur = found.cost().money
    assert (cny.currency, cny.low, cny.amount, cny.high) == ("CNY", 2, 5, 8)
    assert (eur.currency, eur.low, eur.amount) == ("EUR", 0, Decimal("0.3"))
    assert eur.high == Decimal("0.6")
    assert cny.shares == (4_000, 0, 6_000, 0)
    assert eur.shares == (0, 0, 10_000, 0)
    assert found.cost().sole is None


@pytest.mark.parametrize("currency", ["AUD", "EUR"])
def test_what_is_dear_in_one_currency_bounds_nothing_in_another(currency):
    abroad = replace(PER_EUR, price=Decimal(9), currency=currency)
    found = Tally(KWH)
    found.stretch([(DEAR, KWH), (abroad, KWH)], held=True)
    bounds = {one.currency: (one.low, one.high) for one in found.cost().money}
    assert bounds == {"CNY": (0, 2), currency: (0, 18)}


def test_a_currency_is_told_where_it_may_have_been_spent():
    found = tally(certain={CHEAP: 1})
    found.stretch([(CHEAP, 0), (PER_EUR, 0)], held=True)
    assert [one.currency for one in found.cost().money] == ["CNY"]
    turning = tally(certain={CHEAP: 1})
    turning.stretch([(CHEAP, KWH), (PER_EUR, 0)], held=True)
    assert [(one.currency, one.low, one.high) for one in turning.cost().money] == [
        ("CNY", Decimal("0.25"), Decimal("0.50")),
        ("EUR", 0, Decimal("0.1")),
    ]
    assert [one.amount for one in tally(certain={CHEAP: 0}).cost().money] == [0]


def test_shares_are_by_amount_and_by_size_not_by_sign():
    found = tally(certain={DEAR: 3}, apportioned={DEAR: -1}).cost(2_000)
    assert found.money[0].shares == (6_000, 2_000, 0, 2_000)
    nothing = tally(certain={DEAR: 0}).cost(4_000)
    assert nothing.money[0].shares == (6_000, 0, 0, 4_000)
    fine = tally(certain={DEAR: 1}, estimated={TariffRow(**vars(DEAR) | {"price": Decimal(2)}): 1})
    assert fine.cost().money[0].shares == (3_333, 0, 6_667, 0)


def test_whole_amounts_have_shares_as_well():
    """A price without digits after the point, and one of hundreds: weights are whole already."""
    coarse = TariffRow(**vars(DEAR) | {"price": Decimal("3E+2")})
    assert tally(certain={coarse: 3}, estimated={coarse: 1}).cost().money[0].shares == (
        7_500,
        0,
        2_500,
        0,
    )


def test_what_a_tally_takes_is_added_group_by_group():
    one, other = tally(certain={CHEAP: 1}, estimated={CHEAP: 2}), tally(apportioned={DEAR: 4})
    other.certain[CHEAP] += 8 * KWH
    other.stretch([(CHEAP, 1), (DEAR, 1)], held=True)
    one.take(other)
    assert dict(one.certain) == {CHEAP: 9 * KWH}
    assert dict(one.estimated) == {CHEAP: 2 * KWH}
    assert dict(one.apportioned) == {DEAR: 4 * KWH}
    assert len(one.spread) == 1


KILOWATTHOURS = st.integers(-50, 50)
ROWS = st.sampled_from([CHEAP, DEAR, ALIKE, PER_EUR, None])


@given(
    st.dictionaries(ROWS, KILOWATTHOURS),
    st.dictionaries(ROWS, KILOWATTHOURS),
    st.lists(st.lists(st.tuples(ROWS, st.integers(0, 9)), min_size=1), max_size=3),
    st.integers(0, 10_000),
)
def test_every_cost_keeps_its_laws(certain, estimated, stretches, missing):
    found = tally(certain=certain, estimated=estimated)
    for parts in stretches:
        found.stretch([(row, kwh * KWH) for row, kwh in parts], held=True)
    told = found.cost(missing)
    whole = sum([*certain.values(), *estimated.values()]) + sum(
        kwh for parts in stretches for _, kwh in parts
    )
    assert told.priced + told.unpriced == whole * KWH
    for one in told.money:
        assert one.low <= one.amount <= one.high
        assert (sum(one.shares), one.shares[3]) == (10_000, missing)
        own = [part.cost for part in told.periods if part.currency == one.currency]
        assert sum(own) == one.amount


def test_only_a_whole_sum_in_one_currency_is_the_sum():
    one, other = money("1", "1", "1"), money("2", "2", "2", currency="EUR")
    assert Cost((one,)).sole == one
    assert Cost((one,), all_priced=False).sole is None
    assert Cost((one, other)).sole is Cost().sole is None


def test_shares_of_a_sum_are_weighed_by_the_size_of_its_parts():
    parts = [
        Cost((money("1", "1", "1", (10_000, 0, 0, 0)),), priced=3, unpriced=1, all_priced=False),
        Cost((money("-3", "-3", "-3", (0, 0, 10_000, 0)),), priced=4, unpriced=2),
    ]
    found = total(parts)
    assert found.money == (
        Money("CNY", Decimal(-2), Decimal(-2), Decimal(-2), (2_500, 0, 7_500, 0)),
    )
    assert (found.priced, found.unpriced, found.all_priced) == (7, 3, False)
    nothing = [
        Cost((money("0", "0", "0", shares),)) for shares in ((0, 10_000, 0, 0), (0, 0, 0, 10_000))
    ]
    assert total(nothing).money[0].shares == (0, 5_000, 0, 5_000)
