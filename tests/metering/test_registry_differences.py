"""Laws of what differs between two registries, and of what reaches into the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.errors import InvalidInput
from metering.factor import Factor
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Point,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from metering.registry.differences import KINDS, changes
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge
from metering.registry.facts.power_factors import PowerFactorBand
from metering.registry.facts.tiers import Tier
from metering.registry.kinds import KINDS as OF_ALL
from metering.registry.merge import merged
from metering.registry.past import days_touched, into_past
from metering.registry.proposal import check_reason, propose
from metering.tariff import TariffRow

CUT, OCTOBER, NOVEMBER = date(2026, 3, 1), date(2026, 10, 1), date(2026, 11, 1)
PRICE = TariffRow("tou", "01000", frozenset(range(1, 13)), "all", 0, 1440, "flat", Decimal("1.05"))


def registry() -> Registry:
    """One of everything, for two institutions."""
    nodes = [
        Node("city", NodeType.CITY),
        Node("a", NodeType.INSTITUTION, zone="UTC", area_m2=Decimal(100)),
        Node("b", NodeType.INSTITUTION, zone="UTC"),
        Node("house", NodeType.BUILDING),
    ]
    meters = [Meter("m", "house", "01000", total=True), Meter("n", "house", "01B00")]
    meters.append(Meter("v", "house", "01A00"))
    wanted = Registry(
        nodes={node.code: node for node in nodes},
        space=(SpaceEdge("city", "a"), SpaceEdge("city", "b"), SpaceEdge("a", "house")),
        gateways={"a/gw": Gateway("a", "gw")},
        routes=(Route("a/gw", "tele/+/SENSOR", "native"),),
        meters={meter.code: meter for meter in meters},
        supply=(SupplyEdge("m", "n"),),
        formulas=(MeterFormula("v", "m - n"),),
        points={1: Point(1, "a/gw", "E", Kind.REGISTER, "kWh")},
        installations=(Installation("m", 1, Decimal(40)),),
        tariff=(PRICE,),
        factors=(Factor("01000", "kgco2", Decimal("0.5306"), "CN", Validity(), "notice", "V"),),
        calendar=WorkCalendar.of([CalendarDay(date(2026, 10, 1), DayKind.HOLIDAY)]),
    )
    return merged(Registry(), wanted)


def test_an_empty_registry_becomes_a_full_one_by_additions_alone() -> None:
    found = changes(Registry(), registry())
    assert {one.what for one in found} == {"added"}
    assert {one.kind for one in found} == EDITS.keys()
    assert [kind for kind in KINDS if kind in EDITS] == list(dict.fromkeys(c.kind for c in found))
    held = [kind.name for kind in OF_ALL if kind.held]
    assert held == list(EDITS), "others: test_registry_facts.py"
    assert {one.what for one in changes(registry(), Registry())} == {"gone"}
    assert len(changes(registry(), Registry())) == len(found)


def test_equal_registries_do_not_differ() -> None:
    assert changes(registry(), registry()) == []
    assert changes(registry(), merged(registry(), registry())) == []


EDITS = {
    "node": (replace(registry(), nodes={"a": replace(registry().nodes["a"], persons=9)}), "a"),
    "space": (
        Registry(space=(SpaceEdge("a", "house", valid=Validity(None, NOVEMBER)),)),
        "a house",
    ),
    "gateway": (Registry(gateways={"a/gw": Gateway("a", "gw", name_en="Cellar")}), "a/gw"),
    "route": (Registry(routes=(Route("a/gw", "tele/+/SENSOR", "status"),)), "a/gw tele/+/SENSOR"),
    "meter": (Registry(meters={"m": Meter("m", "house", "01000", step_min=60)}), "m"),
    "supply": (Registry(supply=(SupplyEdge("m", "n", Validity(None, CUT)),)), "m n"),
    "formula": (Registry(formulas=(MeterFormula("v", "m - 2 * n"),)), "v"),
    "point": (
        Registry(points={9: Point(9, "a/gw", "E", Kind.REGISTER, "kWh", high=5.0)}),
        "a/gw E",
    ),
    "installation": (
        Registry(points=registry().points, installations=(Installation("m", 1, Decimal(80)),)),
        "m a/gw E",
    ),
    "tariff": (
        Registry(tariff=(replace(PRICE, price=Decimal("2.05")),)),
        "tou 01000 months 1,2,3,4,5,6,7,8,9,10,11,12 all 00:00-24:00",
    ),
    "factor": (
        Registry(factors=(replace(registry().factors[0], value=Decimal("0.9999")),)),
        "01000 kgco2 CN",
    ),
    "calendar": (
        Registry(calendar=WorkCalendar.of([CalendarDay(date(2026, 10, 1), DayKind.REST)])),
        "2026-10-01",
    ),
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edited_fact_is_told_with_old_and_new_row(kind: str) -> None:
    wanted, key = EDITS[kind]
    (found,) = changes(registry(), merged(registry(), wanted))
    assert (found.kind, found.key, found.what) == (kind, key, "changed")
    assert found.fields
    assert found.old is not None
    assert found.new is not None
    assert {name: found.old[name] for name, _, _ in found.fields} != {
        name: found.new[name] for name, _, _ in found.fields
    }


def test_a_price_is_told_as_people_say_it() -> None:
    (found,) = changes(registry(), merged(registry(), EDITS["tariff"][0]))
    assert found.fields == (("price", "1.05", "2.05"),)
    assert str(found).endswith(": price '1.05' -> '2.05'")


def test_rows_of_a_set_that_only_change_places_are_told() -> None:
    halves = [
        replace(PRICE, start_min=0, end_min=720),
        replace(PRICE, start_min=720, price=Decimal(2)),
    ]
    old = merged(registry(), Registry(tariff=tuple(halves)))
    new = merged(old, Registry(tariff=tuple(halves[::-1])))
    (found,) = changes(old, new)
    assert found.fields == (("order", "00:00 12:00", "12:00 00:00"),)


def touched(wanted: Registry) -> list[Validity]:
    (found,) = changes(registry(), merged(registry(), wanted))
    return days_touched(found)


def test_where_only_an_end_moves_the_days_between_the_ends_are_touched() -> None:
    assert touched(EDITS["space"][0]) == [Validity(NOVEMBER)]
    assert touched(Registry(tariff=(replace(PRICE, valid=Validity(end=NOVEMBER)),))) == [
        Validity(NOVEMBER)
    ]


def test_names_and_limits_touch_no_day() -> None:
    assert touched(EDITS["gateway"][0]) == []
    assert touched(EDITS["route"][0]) == []
    assert touched(EDITS["point"][0]) == []
    assert touched(Registry(nodes={"house": Node("house", NodeType.BUILDING, "楼", "House")})) == []
    named = WorkCalendar.of([CalendarDay(date(2026, 10, 1), DayKind.HOLIDAY, "国庆")])
    assert touched(Registry(calendar=named)) == []


def past(wanted: Registry) -> list[tuple[str, date]]:
    after = merged(registry(), wanted)
    complete = {"a": [date(2026, 9, 1), OCTOBER], "b": [OCTOBER]}
    found = into_past(
        changes(registry(), after), registry(), after, lambda body: complete.get(body, [])
    )
    return [place for one in found for place in one.months]


ALL = [("a", date(2026, 9, 1)), ("a", OCTOBER), ("b", OCTOBER)]


@pytest.mark.parametrize(
    ("wanted", "months"),
    [
        (EDITS["tariff"][0], ALL),
        (EDITS["factor"][0], ALL),
        (EDITS["calendar"][0], [("a", OCTOBER), ("b", OCTOBER)]),
        (EDITS["node"][0], ALL[:2]),
        (EDITS["meter"][0], ALL[:2]),
        (EDITS["installation"][0], ALL[:2]),
        (EDITS["supply"][0], ALL[:2]),
        (EDITS["formula"][0], ALL[:2]),
        (EDITS["space"][0], []),
        (EDITS["gateway"][0], []),
        (EDITS["route"][0], []),
        (Registry(space=(SpaceEdge("a", "house", valid=Validity(None, OCTOBER)),)), [ALL[1]]),
        (Registry(tariff=(replace(PRICE, tariff="new", valid=Validity(NOVEMBER)),)), []),
        (Registry(tariff=(replace(PRICE, tariff="own", institution="b"),)), [("b", OCTOBER)]),
        (Registry(tariff=(replace(PRICE, tariff="own", node="city"),)), ALL),
        (Registry(tariff=(replace(PRICE, tariff="own", meter="n"),)), ALL[:2]),
        (
            Registry(tariff=(replace(PRICE, tariff="own", meter="n", months=frozenset({9})),)),
            ALL[:1],
        ),
        (Registry(meters={"k": Meter("k", "house", "01A00", valid=Validity(NOVEMBER))}), []),
        (Registry(nodes={"new": Node("new", NodeType.INSTITUTION)}), []),
    ],
)
def test_a_change_reaches_into_the_months_it_is_valid_in(
    wanted: Registry, months: list[tuple[str, date]]
) -> None:
    assert past(wanted) == months


BILLED = {
    "charge": Charge("p", "fee", Basis.MONTH, Decimal(20)),
    "tier": Tier("p", 1, Decimal(0), Decimal("0.5")),
    "power_factor": PowerFactorBand("0.90", "0.89", "0.80", Decimal(1)),
}


@pytest.mark.parametrize("kind", BILLED)
def test_what_bills_rest_on_concerns_those_alone_whose_accounts_have_it(kind: str) -> None:
    wanted = Registry(more={kind: (BILLED[kind],)})
    assert past(wanted) == []
    account = Account("1", "m", plan="p", power_factor="0.90", valid=Validity(NOVEMBER))
    assert past(replace(wanted, more={**wanted.more, "account": (account,)})) == ALL[:2]
    other = replace(account, plan="q", power_factor="0.85")
    assert past(replace(wanted, more={**wanted.more, "account": (other,)})) == []


def test_a_registry_without_books_has_no_complete_month() -> None:
    after = registry()
    assert into_past(changes(Registry(), after), Registry(), after, lambda _: []) == []


def test_a_complete_month_is_not_rewritten_without_a_reason() -> None:
    proposal = propose(registry(), EDITS["tariff"][0], lambda _: [OCTOBER])
    for empty in ("", "  "):
        with pytest.raises(InvalidInput, match=r"price '1.05' -> '2.05'.*a 2026-10") as refused:
            check_reason(proposal, empty)
        assert refused.value.field == "reason"
    assert check_reason(proposal, " the bill says so ") == "the bill says so"
    assert check_reason(propose(registry(), registry(), lambda _: [OCTOBER]), "") == ""
    with pytest.raises(InvalidInput, match="too long"):
        check_reason(proposal, "x" * 501)
