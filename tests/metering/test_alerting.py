"""Which new cases are told at once, and which wait."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.alert_accounts import Accounts
from metering.alerting import (
    AlertAccount,
    AlertTerms,
    Opening,
    Sure,
    WhyTold,
    account_of,
    is_dear,
    opening_of,
    sure_of,
    told_of,
)
from metering.case_worth import YEAR_US, RankBy
from metering.finding import Case, CaseState
from metering.localtime import HOUR_US, day_bounds
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge
from metering.registry.facts.alert_budgets import AlertBudget
from metering.validity import ALWAYS, Validity
from tests.contract.test_contract_findings import finding

DAY_US = 24 * HOUR_US


def opening(number: int, day: int, a_year: float = 1.0, by: RankBy = RankBy.COST) -> Opening:
    return Opening(number, "i", "b", day * DAY_US, Sure(by, "CNY", a_year))


def terms(allowed: int, dear: float | None = None) -> AlertTerms:
    return AlertTerms(lambda _: allowed, lambda _: dear)


OPENINGS = st.lists(
    st.tuples(st.integers(0, 900), st.floats(0, 9), st.sampled_from([RankBy.COST, *list(RankBy)])),
    max_size=40,
).map(lambda drawn: [opening(n, *one) for n, one in enumerate(drawn, 1)])


@given(OPENINGS, st.integers(0, 5), st.none() | st.floats(0, 9), st.integers(0, 9), st.data())
def test_what_is_told_is_the_same_in_any_order_and_never_taken_back(
    drawn: list[Opening], allowed: int, dear: float | None, seed: int, data: st.DataObject
) -> None:
    whole = account_of(drawn, terms(allowed, dear))
    shuffled = random.Random(seed).sample(drawn, len(drawn))
    assert account_of(shuffled, terms(allowed, dear)).told == whole.told
    until = data.draw(st.integers(0, 900)) * DAY_US
    earlier = account_of([one for one in drawn if one.at_us <= until], terms(allowed, dear))
    assert earlier.told == {n: told for n, told in whole.told.items() if n in earlier.told}


@given(OPENINGS, st.integers(0, 5))
def test_the_account_tells_as_many_as_allowed_in_any_year(
    drawn: list[Opening], allowed: int
) -> None:
    told = account_of(drawn, terms(allowed)).told
    at = {one.number: one.at_us for one in drawn}
    budget = sorted(at[n] for n, why in told.items() if why is WhyTold.BUDGET)
    for first in budget:
        assert sum(first <= one < first + YEAR_US for one in budget) <= allowed
    assert {n for n, why in told.items() if why is WhyTold.FAULT} == {
        one.number for one in drawn if one.sure.by is RankBy.FAULT
    }
    assert sorted(told) == sorted(at)


def test_of_one_look_the_dearest_are_told_and_a_year_later_there_is_room_again() -> None:
    drawn = [opening(1, 0, 1.0), opening(2, 0, 3.0), opening(3, 0, 2.0), opening(4, 364, 1.0)]
    told = account_of([*drawn, opening(5, 365, 1.0)], terms(2)).told
    wait = WhyTold.DIGEST
    assert told == {1: wait, 2: WhyTold.BUDGET, 3: WhyTold.BUDGET, 4: wait, 5: WhyTold.BUDGET}


def test_dear_for_sure_is_dearer_than_nine_in_ten_or_from_an_amount_on() -> None:
    told = [Sure(RankBy.COST, "CNY", float(one)) for one in range(1, 11)]
    for amount, dear in ((9.0, False), (9.5, True), (10.5, True)):
        assert is_dear(Sure(RankBy.COST, "CNY", amount), told, None) is dear
    assert not is_dear(Sure(RankBy.COST, "EUR", 99.0), told, None)
    assert not is_dear(Sure(RankBy.CARBON, "kg", 99.0), told, None)
    assert not is_dear(Sure(RankBy.COST, "CNY", 99.0), [], None)
    assert is_dear(Sure(RankBy.COST, "CNY", 7.0), told, 7.0)
    assert not is_dear(Sure(RankBy.COST, "CNY", 6.9), [], 7.0)


def test_sure_is_the_lower_end_times_the_confidence() -> None:
    """9.87654321 over 14 days, 10 of 12.5, 0.9 sure; a fault costs nothing."""
    assert sure_of(finding(), 5).a_year == pytest.approx(9.87654321 * 365 / 14 * 0.8 * 0.9)
    assert sure_of(finding(waste_low=-1.0), 5).a_year == 0
    assert sure_of(finding(waste=0.0, cost=None), 5) == Sure(RankBy.FAULT, "h", 0.0)


def waiting(**more: object) -> tuple[Case, AlertAccount]:
    """A case that waits since there is no room, beside one that is as dear and was told."""
    case = replace(Case(finding(**more), number=2), opened_us=5)
    before = replace(opening_of(case, 1), at_us=4)
    return case, account_of([before, opening_of(case, 2)], terms(1))


def test_what_waits_is_told_once_it_is_dear_or_somebody_says_something() -> None:
    case, account = waiting()
    assert told_of(case, account, 9) is WhyTold.DIGEST
    grown = replace(case, evidence=replace(case.evidence, cost=Decimal(11)))
    assert told_of(grown, account, 9) is WhyTold.DEAR
    assert told_of(replace(case, state=CaseState.ACKNOWLEDGED), account, 9) is WhyTold.SAID
    assert told_of(replace(case, state_us=7), account, 9) is WhyTold.SAID


def test_what_is_over_costs_nothing_a_year_and_goes_on_waiting() -> None:
    case, account = waiting()
    grown = replace(case, evidence=replace(case.evidence, cost=Decimal(11)))
    last = grown.evidence.end_us + 14 * 86_400_000_000
    assert told_of(grown, account, last - 1) is WhyTold.DEAR
    assert told_of(grown, account, last) is WhyTold.DIGEST


def test_a_fault_never_waits() -> None:
    case, account = waiting(waste=0.0)
    assert told_of(case, account, 9) is WhyTold.FAULT


def campus(*budgets: AlertBudget, meters: tuple[Meter, ...] = ()) -> Registry:
    """i - s (a site) - b - f, and i - x beside the site."""
    kinds = {"i": NodeType.INSTITUTION, "s": NodeType.SITE, "x": NodeType.BUILDING}
    kinds |= {"b": NodeType.BUILDING, "f": NodeType.FLOOR}
    edges = (("i", "s"), ("s", "b"), ("b", "f"), ("i", "x"))
    return Registry(
        nodes={code: Node(code, kind, zone="Asia/Shanghai") for code, kind in kinds.items()},
        space=tuple(SpaceEdge(*edge) for edge in edges),
        meters={one.code: one for one in meters},
        more={"alert_budget": budgets},
    )


DAY = date(2026, 5, 1)


def test_a_site_and_a_place_with_a_budget_keep_accounts_and_rates_come_from_above() -> None:
    half = AlertBudget("i", Decimal("0.5"))
    meters = [Meter(f"m{n}", node, "01000") for n, node in enumerate("sbffxx")]
    late = replace(meters[2], code="late", valid=Validity(DAY))
    plain = Accounts(campus(meters=(*meters, late)), DAY)
    assert [plain.home(node) for node in "isbfx"] == ["i", "s", "s", "s", "i"]
    assert plain.home("gone") == "gone"
    assert (plain.allowed("s", DAY), plain.allowed("i", DAY)) == (5, 2)
    assert plain.allowed("s", DAY - timedelta(days=1)) == 4
    own = AlertBudget("b", Decimal(2), Decimal(5000), Validity(DAY))
    apart = Accounts(campus(half, own, meters=tuple(meters)), DAY)
    assert [apart.home(node) for node in "isbfx"] == ["i", "s", "b", "b", "i"]
    assert (apart.allowed("s", DAY), apart.allowed("b", DAY), apart.allowed("i", DAY)) == (0, 6, 1)
    assert apart.allowed("b", DAY - timedelta(days=1)) == 1
    begins = day_bounds(DAY, "Asia/Shanghai")[0]
    found = apart.terms("b")
    assert (found.allowed(begins - 1), found.allowed(begins)) == (1, 6)
    assert (found.dear(begins - 1), found.dear(begins)) == (None, 5000.0)


VALID = st.dates(date(2025, 1, 1), date(2025, 3, 1))


@given(st.lists(st.tuples(VALID, st.integers(0, 40) | st.none()), max_size=9), VALID)
def test_meters_are_counted_on_their_day(drawn: list[tuple[date, int | None]], day: date) -> None:
    valid = [
        Validity(start, None if days is None else start + timedelta(days=days))
        for start, days in drawn
    ]
    meters = [Meter(f"m{n}", "b", "01000", valid=one) for n, one in enumerate([ALWAYS, *valid])]
    counted = Accounts(campus(meters=tuple(meters)), DAY).meters("s", day)
    assert counted == sum(one.valid.holds(day) for one in meters)


def test_each_institution_of_a_place_has_its_own_account() -> None:
    accounts = Accounts(campus(meters=(Meter("m", "b", "01000"),)), DAY)
    drawn = [opening(1, 0), replace(opening(2, 1), institution="j"), opening(3, 2)]
    found = accounts.of(drawn)
    assert {key: dict(one.told) for key, one in found.items()} == {
        ("i", "s"): {1: WhyTold.BUDGET, 3: WhyTold.DIGEST},
        ("j", "s"): {2: WhyTold.BUDGET},
    }
