"""Sums over findings."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from figures import CaseSums, counted, sum_of_cases
from metering.finding import Case, CaseState, EvidenceHour, Finding

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
    waste=2.5,
    waste_low=2.0,
    waste_high=3.0,
    cost=Decimal("2.60"),
    currency="CNY",
    kgco2=Decimal("1.5"),
    confidence=1.0,
    baseline_version="v",
    cause="bms_override",
    action="restore_schedule",
)


def cases(*found: Finding) -> list[Case]:
    """Cases of hours of their own."""
    return [
        Case(replace(one, hours_us=(number,), hours=()), number)
        for number, one in enumerate(found, start=1)
    ]


def total(told: list[Case]) -> CaseSums:
    return sum_of_cases(told, lambda _meter, _at: ())


BOTH = (("CNY", Decimal("0.30")), ("EUR", Decimal(3)))


def test_each_currency_and_each_unit_has_its_own_sum() -> None:
    found = total(
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
    fault = replace(FOUND, waste=0.0, cost=None, kgco2=None)
    assert total(cases(fault)) == CaseSums((), None, (), 0, 0)
    assert total([]) == total(cases(fault))


@given(st.lists(st.floats(0.001, 1e9), max_size=9), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(wastes: list[float], chance: object) -> None:
    made = [
        replace(FOUND, waste=waste, cost=Decimal(repr(waste)), kgco2=Decimal(n) / 7)
        for n, waste in enumerate(wastes)
    ]
    told = cases(*made)
    wanted = total(told)
    chance.shuffle(told)  # type: ignore[attr-defined]
    assert total(told) == wanted


def test_what_readings_refuted_is_in_no_sum() -> None:
    (case,) = cases(FOUND)
    refuted = replace(case, number=2, state=CaseState.CLOSED, closed="refuted")
    assert total([case, refuted]) == total([case])


PER_KWH = Decimal("0.5")
FRONT = {"ac": ("sub", "main"), "light": ("sub", "main"), "sub": ("main",)}


def shown(number: int, meter: str, excess: dict[int, int], item: str = "01000") -> Case:
    """A case of so many kWh in each of its hours."""
    hours = tuple(
        EvidenceHour(at, 0, kwh * 10**6, (("CNY", kwh * PER_KWH),), Decimal(kwh))
        for at, kwh in excess.items()
    )
    whole = sum(excess.values())
    found = replace(
        FOUND,
        meter=meter,
        item=item,
        hours=hours,
        hours_us=tuple(excess),
        waste=float(whole),
        waste_low=whole * 0.5,
        waste_high=whole * 1.5,
        cost=whole * PER_KWH,
        kgco2=Decimal(whole),
    )
    return Case(found, number)


def outer(meter: str, _at: int) -> tuple[str, ...]:
    return FRONT.get(meter, ())


def test_a_total_and_its_sub_meter_that_ran_on_one_holiday_are_not_added() -> None:
    """In each hour the larger of the total and of what is behind it counts."""
    main = shown(5, "main", {1: 10, 2: 10, 3: 10})
    plant = shown(7, "ac", {2: 8, 3: 12, 4: 6})
    found = sum_of_cases([main, plant], outer)
    assert found.energy == (("kWh", 10.0 + 10 + 12 + 6),)
    assert found.money == (("CNY", 38 * PER_KWH),)
    assert found.kgco2 == 38
    one, two = counted([main, plant], outer)
    assert (one.part_of, two.part_of) == (None, 5)
    assert (one.counts.waste, two.counts.waste) == (20.0, 18.0)
    assert (one.counts.cost, two.counts.cost) == (20 * PER_KWH, 18 * PER_KWH)
    assert (two.counts.waste_low, two.counts.waste_high) == (9.0, 27.0)
    assert (one.case, two.case) == (main, plant)


def test_the_sub_meters_together_may_be_more_than_what_is_in_front() -> None:
    tree = [
        shown(1, "main", {1: 20, 2: 20}),
        shown(2, "sub", {1: 10, 2: 30}),
        shown(3, "ac", {1: 7, 2: 9}),
        shown(4, "light", {1: 6, 2: 9}),
    ]
    assert sum_of_cases(tree, outer).energy == (("kWh", 20.0 + 30),)
    assert sum_of_cases(tree[1:], outer).energy == (("kWh", 13.0 + 30),)
    assert [one.part_of for one in counted(tree, outer)] == [None, 1, 2, 2]
    without = [tree[0], *tree[2:]]
    assert [one.part_of for one in counted(without, outer)] == [None, 1, 1]
    assert sum_of_cases(without, outer).energy == (("kWh", 20.0 + 20),)


def test_two_cases_of_one_meter_tell_an_hour_once() -> None:
    told = [shown(1, "ac", {1: 5, 2: 5}), shown(2, "ac", {2: 6, 3: 1})]
    assert sum_of_cases(told, outer).energy == (("kWh", 12.0),)
    assert [one.part_of for one in counted(told, outer)] == [None, None]


def test_a_refuted_case_hides_none_behind_it() -> None:
    main = replace(shown(1, "main", {1: 10}), state=CaseState.CLOSED)
    plant = shown(2, "ac", {1: 4})
    assert sum_of_cases([main, plant], outer).energy == (("kWh", 4.0),)
    assert counted([main, plant], outer)[1].part_of is None


TREE = st.dictionaries(
    st.sampled_from(["main", "sub", "ac", "light", "apart"]),
    st.dictionaries(st.integers(0, 3), st.integers(1, 50), min_size=1),
)


@given(TREE)
def test_nothing_counts_more_than_it_shows_and_a_branch_no_less_than_its_largest(
    tree: dict[str, dict[int, int]],
) -> None:
    told = [shown(n, meter, hours) for n, (meter, hours) in enumerate(tree.items(), start=1)]
    found = counted(told, outer)
    assert all(0 <= one.counts.waste <= one.case.evidence.waste for one in found)
    for at in range(4):
        one = {meter: hours.get(at, 0) for meter, hours in tree.items()}
        inner = one.get("ac", 0) + one.get("light", 0)
        branch = max(one.get("main", 0), one.get("sub", 0), inner) + one.get("apart", 0)
        hour = [
            shown(c.number, c.evidence.meter, {at: one[c.evidence.meter]})
            for c in told
            if one[c.evidence.meter]
        ]
        assert sum(c.counts.waste for c in counted(hour, outer)) == branch
    sums = sum_of_cases(told, outer)
    assert sum(amount for _, amount in sums.energy) == sum(c.counts.waste for c in found)
    assert sum_of_cases(told[::-1], outer) == sums
