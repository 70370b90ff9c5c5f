"""What a case counts among others, down to the last of its numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from figures import CaseSums, counted, sum_of_cases
from metering.finding import Case, CaseState, EvidenceHour
from metering.localtime import HOUR_US
from tests.figures.made import KWH, case_of

FRONT = {"inner": ("outer",)}


def outer(meter: str, _at: int) -> tuple[str, ...]:
    return FRONT.get(meter, ())


def case(
    number: int, meter: str, kwh: tuple[int, ...], *, price: str | None = "0.5", **more
) -> Case:
    """A case with so many kWh above nothing in its hours, a price and a kg a kWh."""
    hours = tuple(
        EvidenceHour(
            n * HOUR_US,
            0,
            one * KWH,
            () if price is None else (("CNY", one * Decimal(price)),),
            Decimal(one),
        )
        for n, one in enumerate(kwh)
    )
    whole = sum(kwh)
    plain = case_of(number, 0)
    found = replace(
        plain.evidence,
        meter=meter,
        hours=hours,
        hours_us=tuple(hour.start_us for hour in hours),
        waste=float(whole),
        waste_low=whole / 2,
        waste_high=whole * 2.0,
        costs=() if price is None else (("CNY", whole * Decimal(price)),),
        cost=None if price is None else whole * Decimal(price),
        currency="" if price is None else "CNY",
        kgco2=Decimal(whole),
    )
    return replace(plain, evidence=replace(found, **more), number=number)


def test_a_case_that_another_holds_whole_counts_nothing_of_anything():
    _, inner = counted([case(1, "outer", (5, 5)), case(2, "inner", (1, 2))], outer)
    told = inner.counts
    assert (told.waste, told.waste_low, told.waste_high) == (0.0, 0.0, 0.0)
    assert (told.cost, told.currency, told.costs, told.kgco2) == (None, "", (), None)
    assert inner.part_of == 1
    assert inner.case.evidence.waste == 3.0


@pytest.mark.parametrize("state", [CaseState.CLOSED, CaseState.DISMISSED])
def test_what_was_refuted_or_dismissed_counts_nothing_and_stands_in_no_part(state):
    refuted = replace(case(1, "outer", (5, 5)), state=state)
    told, inner = counted([refuted, case(2, "inner", (1, 2))], outer)
    assert (told.counts.waste, told.counts.waste_low, told.counts.waste_high) == (0.0, 0.0, 0.0)
    assert (told.counts.cost, told.counts.kgco2, told.part_of) == (None, None, None)
    assert (inner.counts, inner.part_of) == (inner.case.evidence, None)


def test_a_case_counts_the_hours_that_nobody_in_front_shows_more_of():
    whole, inner = counted([case(1, "outer", (5, 1, 5)), case(2, "inner", (1, 4, 5))], outer)
    assert (whole.counts.waste, inner.counts.waste) == (10.0, 4.0)
    assert (inner.counts.waste_low, inner.counts.waste_high) == (2.0, 8.0)
    assert (inner.counts.cost, inner.counts.currency) == (Decimal(2), "CNY")
    assert (inner.counts.costs, inner.counts.kgco2) == ((("CNY", Decimal(2)),), 4)
    assert (whole.counts.cost, whole.counts.kgco2) == (5, 10)


def test_of_equal_excess_the_outer_meter_counts():
    whole, inner = counted([case(1, "outer", (3,)), case(2, "inner", (3,))], outer)
    assert (whole.counts.waste, inner.counts.waste) == (3.0, 0.0)


def test_what_has_no_price_or_no_carbon_has_none_of_what_counts():
    cases = [case(1, "outer", (5, 1)), case(2, "inner", (1, 4), price=None, kgco2=None)]
    told = counted(cases, outer)[1].counts
    assert (told.waste, told.cost, told.costs, told.currency, told.kgco2) == (
        4.0,
        None,
        (),
        "",
        None,
    )


def test_money_in_several_currencies_has_a_sum_in_each_and_no_one_cost():
    hours = tuple(
        EvidenceHour(n * HOUR_US, 0, kwh * KWH, ((name, Decimal(kwh)),), Decimal(0))
        for n, (kwh, name) in enumerate(((1, "CNY"), (2, "EUR"), (4, "CNY"), (8, "CNY")))
    )
    mixed = case(2, "inner", (1, 2, 4, 8), cost=None, currency="", hours=hours)
    mixed = replace(
        mixed, evidence=replace(mixed.evidence, costs=(("CNY", Decimal(13)), ("EUR", Decimal(2))))
    )
    told = counted([case(1, "outer", (0, 0, 0, 9)), mixed], outer)[1].counts
    assert (told.costs, told.cost, told.currency) == (
        (("CNY", Decimal(5)), ("EUR", Decimal(2))),
        None,
        "",
    )


def test_an_hour_below_expectation_takes_nothing_from_what_is_in_front():
    """The hours that are left come to less than nothing: then nothing counts."""
    below = case(2, "inner", (5, -2))
    whole, inner = counted([case(1, "outer", (6, 0)), below], outer)
    assert whole.counts.waste == 6.0
    assert (inner.counts.waste, inner.counts.cost) == (0.0, None)
    idle = case(3, "apart", (1, -1))
    assert counted([case(1, "outer", (6, 0)), idle], outer)[1].part_of is None


@pytest.mark.parametrize(("first", "part_of"), [((9, 9, 0), 1), ((9, 0, 0), 2), ((9, 9, 9), 1)])
def test_a_case_is_part_of_the_one_that_shows_most_of_its_hours(first, part_of):
    """Each hour is shown by one case of the outer meter or by the other."""
    second = tuple(0 if one else 9 for one in first)
    cases = [case(1, "outer", first), case(2, "outer", second), case(3, "inner", (1, 1, 1))]
    assert counted(cases, outer)[2].part_of == part_of


def test_of_two_that_show_as_many_hours_the_older_is_the_whole():
    cases = [case(7, "outer", (9, 0)), case(4, "outer", (0, 9)), case(9, "inner", (1, 1))]
    assert counted(cases, outer)[2].part_of == 4
    assert counted(cases[::-1], outer)[0].part_of == 4


def test_a_sum_holds_what_is_known_and_counts_what_it_leaves_out():
    unpriced = case(1, "a", (3,), price=None, kgco2=None)
    generating = case(2, "b", (-2,))
    found = sum_of_cases([unpriced, generating, case(3, "c", (4,))], outer)
    assert found == CaseSums((("CNY", Decimal(2)),), Decimal(4), (("kWh", 7.0),), 1, 1)
    assert sum_of_cases([unpriced], outer).kgco2 is None
