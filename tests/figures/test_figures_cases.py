"""Sums over findings."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from figures import CaseSums, sum_of_cases
from metering.finding import Case, CaseState, Finding

FOUND = Finding(
    institution="o",
    node="b",
    meter="m",
    item="01B00",
    pattern="after_hours_plant",
    start_us=0,
    end_us=1,
    hours_us=(0,),
    expected=0,
    measured=1,
    waste_kwh=2.5,
    waste_low_kwh=2.0,
    waste_high_kwh=3.0,
    cost=Decimal("2.60"),
    currency="CNY",
    kgco2=Decimal("1.5"),
    confidence=1.0,
    baseline_version="v",
    cause="bms_override",
    action="restore_schedule",
)


def cases(*found: Finding) -> list[Case]:
    return [Case(one, number) for number, one in enumerate(found, start=1)]


BOTH = (("CNY", Decimal("0.30")), ("EUR", Decimal(3)))


def test_each_currency_and_each_unit_has_its_own_sum() -> None:
    found = sum_of_cases(
        cases(
            FOUND,
            replace(FOUND, cost=Decimal(9), currency="EUR"),
            replace(FOUND, cost=None, costs=BOTH, kgco2=None),
            replace(FOUND, item="02000", cost=None, kgco2=None),
        )
    )
    assert found.money == (("CNY", Decimal("2.90")), ("EUR", Decimal(12)))
    assert found.energy == (("kWh", 7.5), ("m3", 2.5))
    assert found.kgco2 == 3
    assert (found.unpriced, found.uncovered) == (1, 2)


def test_a_meter_fault_is_in_no_sum_and_left_out_of_none() -> None:
    fault = replace(FOUND, waste_kwh=0.0, cost=None, kgco2=None)
    assert sum_of_cases(cases(fault)) == CaseSums((), None, (), 0, 0)
    assert sum_of_cases([]) == sum_of_cases(cases(fault))


@given(st.lists(st.floats(0.001, 1e9), max_size=9), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(wastes: list[float], chance: object) -> None:
    made = [
        replace(FOUND, waste_kwh=waste, cost=Decimal(repr(waste)), kgco2=Decimal(n) / 7)
        for n, waste in enumerate(wastes)
    ]
    told = cases(*made)
    wanted = sum_of_cases(told)
    chance.shuffle(told)  # type: ignore[attr-defined]
    assert sum_of_cases(told) == wanted


def test_what_readings_refuted_is_in_no_sum() -> None:
    (case,) = cases(FOUND)
    refuted = replace(case, number=2, state=CaseState.CLOSED, closed="refuted")
    assert sum_of_cases([case, refuted]) == sum_of_cases([case])
