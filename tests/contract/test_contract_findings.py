"""Laws of a FindingStore."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from metering.errors import NotFound
from metering.finding import Finding, FindingState
from storage import Stores


def finding(id: str = "f1", **more: object) -> Finding:
    base = Finding(
        id=id,
        institution="office",
        node="tower",
        meter="E1",
        item="01B00",
        pattern="after_hours",
        start_us=10,
        end_us=99,
        hours_us=(10, 20),
        expected=None,
        measured=2**60,
        waste_kwh=12.5,
        waste_low_kwh=10.0,
        waste_high_kwh=15.0,
        cost=Decimal("9.8765432100"),
        currency="CNY",
        kgco2=Decimal("7.10"),
        confidence=0.9,
        baseline_version="b1",
        cause="bms_override",
        action="check_schedule",
        detail={"expected_kw": 1.5, "example_us": 2**53 + 1, "note": "室外"},
        hourly=((10, 1.5, 2.5), (20, None, 0.1)),
        found_us=5,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def ids(found: list[Finding]) -> list[str]:
    return [one.id for one in found]


def test_a_finding_comes_back_whole(stores: Stores) -> None:
    stores.findings.save([finding()])
    assert stores.findings.get("f1") == finding()
    bare = finding("f2", cost=None, kgco2=None, hours_us=(), hourly=(), detail={})
    stores.findings.save([bare])
    assert stores.findings.get("f2") == bare


def test_money_in_several_currencies_has_no_one_cost(stores: Stores) -> None:
    two = (("CNY", Decimal("9.8765432100")), ("EUR", Decimal("0.10")))
    stores.findings.save([finding("two", cost=None, currency="", costs=two), finding("one")])
    found = stores.findings.get("two")
    assert (found.cost, found.currency, found.costs) == (None, "", two)
    assert stores.findings.get("one").costs == (("CNY", Decimal("9.8765432100")),)
    assert ids(stores.findings.list(None)) == ["one", "two"]
    stores.findings.save([finding("two", cost=Decimal(3), currency="EUR")])
    assert stores.findings.get("two").costs == (("EUR", Decimal(3)),)


def test_a_single_sum_is_the_cost() -> None:
    assert finding(cost=Decimal(3), costs=()).costs == (("CNY", Decimal(3)),)
    assert finding(cost=None).costs == ()
    assert finding(cost=None, costs=(("EUR", Decimal(1)),)).costs == ()


def test_saving_again_keeps_what_people_said(stores: Stores) -> None:
    stores.findings.save([finding()])
    told = stores.findings.set_state(
        "f1", FindingState.EXPECTED, by="engineer", note="night shift", now_us=50
    )
    stores.findings.save([finding(waste_kwh=99.0, found_us=70)])
    assert stores.findings.get("f1") == replace(told, waste_kwh=99.0)
    assert told.state is FindingState.EXPECTED
    assert (told.state_by, told.state_note, told.state_us) == ("engineer", "night shift", 50)
    assert told.found_us == 5


def test_withdraw_takes_open_ones_of_the_institution_only(stores: Stores) -> None:
    stores.findings.save([finding(f"f{n}") for n in range(4)])
    stores.findings.save([finding("away", institution="hospital")])
    stores.findings.set_state("f1", FindingState.ACKNOWLEDGED, by="x", note="", now_us=1)
    stores.findings.withdraw("office", keep=["f2"])
    assert set(ids(stores.findings.list(None))) == {"f1", "f2", "away"}


def test_the_costliest_comes_first_in_pages(stores: Stores) -> None:
    stores.findings.save(
        [
            finding("unpriced", cost=None, waste_kwh=1e9),
            finding("nine", cost=Decimal("9")),
            finding("hundred", cost=Decimal("100")),
            finding("nine-larger", cost=Decimal("9"), waste_kwh=50.0),
            finding("free", cost=Decimal("0")),
            finding("also-nine", cost=Decimal("9")),
        ]
    )
    order = ["hundred", "nine-larger", "also-nine", "nine", "free", "unpriced"]
    assert ids(stores.findings.list(None)) == order
    paged, last = [], None
    while page := stores.findings.list(None, after=last, limit=2):
        paged += ids(page)
        last = page[-1].id
    assert paged == order


def test_lists_honour_the_scope_and_filters(stores: Stores) -> None:
    stores.findings.save(
        [
            finding("a"),
            finding("b", node="canteen", pattern="meter_gap"),
            finding("c", institution="hospital", node="ward"),
        ]
    )
    stores.findings.set_state("b", FindingState.RESOLVED, by="x", note="", now_us=1)
    listed = stores.findings.list
    assert ids(listed(frozenset({"office"}))) == ["a", "b"]
    assert ids(listed(frozenset())) == []
    assert ids(listed(None, nodes=frozenset({"ward", "canteen"}))) == ["b", "c"]
    assert ids(listed(frozenset({"office"}), nodes=frozenset({"ward"}))) == []
    assert ids(listed(None, nodes=frozenset())) == []
    assert ids(listed(None, state="open")) == ["a", "c"]
    assert ids(listed(None, state=FindingState.RESOLVED)) == ["b"]
    assert ids(listed(None, pattern="meter_gap")) == ["b"]


def test_an_unknown_finding_is_not_found(stores: Stores) -> None:
    with pytest.raises(NotFound):
        stores.findings.get("no")
    with pytest.raises(NotFound):
        stores.findings.list(None, after="no")
    with pytest.raises(NotFound):
        stores.findings.set_state("no", FindingState.OPEN, by="x", note="", now_us=1)
    assert stores.findings.list(None) == []


def test_equal_findings_come_in_the_order_of_code_points(stores: Stores) -> None:
    wanted = sorted(["B", "a", "Z", "ä", "e-1", "E1", "e1", "楼", "一号"])
    stores.findings.save([finding(id) for id in reversed(wanted)])
    assert ids(stores.findings.list(None)) == wanted
    pages = [stores.findings.list(None, after=id, limit=1) for id in wanted[:-1]]
    assert [ids(page) for page in pages] == [[id] for id in wanted[1:]]
