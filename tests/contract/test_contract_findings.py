"""Laws of a FindingStore."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.alerting import opening_of
from metering.case_life import CaseAct, CaseDeed, applied
from metering.case_worth import order_of
from metering.day_mark import DayMark, place_of_mark
from metering.errors import NotFound
from metering.finding import (
    RELAPSES_WITHIN_US,
    BesideMeter,
    Case,
    CaseState,
    Changes,
    EvidenceHour,
    Finding,
    Relapse,
)
from metering.localtime import HOUR_US
from metering.saving import Saving, SavingVerdict
from storage import Stores

MONDAY, TUESDAY = date(2026, 7, 6), date(2026, 7, 7)


def finding(**more: object) -> Finding:
    base = Finding(
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
        waste=12.5,
        waste_low=10.0,
        waste_high=15.0,
        cost=Decimal("9.8765432100"),
        currency="CNY",
        kgco2=Decimal("7.10"),
        confidence=0.9,
        baseline_version="b1",
        cause="bms_override",
        action="check_schedule",
        detail={"expected": 1.5, "example_us": 2**53 + 1, "note": "室外"},
        hourly=((10, 1.5, 2.5), (20, None, 0.1)),
        hours=(
            EvidenceHour(10, 1, 2**60, (("CNY", Decimal("9.10")),), Decimal("7.10")),
            EvidenceHour(20, None, None),
        ),
        beside=(
            BesideMeter(
                "G1", "03000", (EvidenceHour(10, 9, 5, (), Decimal("-0.10")),), 0.25, "3-b2"
            ),
        ),
        revision=2**40,
        day=MONDAY,
        found_us=5,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def opened(name: str = "", **more: object) -> Case:
    return Case(finding(**more), opened_us=5, legacy_id=name)


def record(stores: Stores, *cases: Case) -> None:
    stores.findings.record(Changes(cases), now_us=7)


def names(found: list[Case]) -> list[str]:
    return [one.legacy_id for one in found]


def test_a_case_comes_back_whole(stores: Stores) -> None:
    record(stores, opened(), opened(cost=None, kgco2=None, hours=(), hourly=(), detail={}))
    assert stores.findings.get("1") == replace(opened(), number=1)
    bare = opened(cost=None, kgco2=None, hours=(), hourly=(), detail={})
    assert stores.findings.get("2") == replace(bare, number=2)
    assert stores.findings.history(1) == [finding()]


def test_a_case_answers_to_the_name_it_had_before_it_had_a_number(stores: Stores) -> None:
    record(stores, opened("0123456789abcdef"), opened("0123456789012345"), opened())
    assert stores.findings.get("0123456789abcdef").number == 1
    assert stores.findings.get("0123456789012345").number == 2
    for id in ("", "4", "9" * 30, "٣"):
        with pytest.raises(NotFound):
            stores.findings.get(id)


def test_money_in_several_currencies_has_no_one_cost(stores: Stores) -> None:
    two = (("CNY", Decimal("9.8765432100")), ("EUR", Decimal("0.10")))
    record(stores, opened("two", cost=None, currency="", costs=two), opened("one"))
    found = stores.findings.get("two").evidence
    assert (found.cost, found.currency, found.costs) == (None, "", two)
    assert stores.findings.get("one").evidence.costs == (("CNY", Decimal("9.8765432100")),)
    assert names(stores.findings.list(None)) == ["one", "two"]
    stores.findings.record(Changes(grown={1: finding(cost=Decimal(3), currency="EUR")}), now_us=7)
    assert stores.findings.get("two").evidence.costs == (("EUR", Decimal(3)),)


def test_a_single_sum_is_the_cost() -> None:
    assert finding(cost=Decimal(3), costs=()).costs == (("CNY", Decimal(3)),)
    assert finding(cost=None).costs == ()
    assert finding(cost=None, costs=(("EUR", Decimal(1)),)).costs == ()


def test_a_case_that_grows_keeps_its_number_and_a_finding_a_day(stores: Stores) -> None:
    record(stores, opened(), opened(meter="E2"))
    told = stores.findings.set_state(
        "1", CaseState.ACKNOWLEDGED, by="engineer", note="seen", now_us=50
    )
    later = [
        finding(waste=20.0, found_us=6),
        finding(waste=30.0, day=TUESDAY, found_us=70),
        finding(waste=40.0, day=TUESDAY, found_us=80),
    ]
    for one in later:
        stores.findings.record(Changes(grown={1: one}), now_us=one.found_us)
    assert stores.findings.history(1) == [later[0], later[2]]
    assert stores.findings.get("1") == replace(told, evidence=later[2])
    assert (told.state_by, told.state_note, told.state_us) == ("engineer", "seen", 50)
    assert told.opened_us == 5
    assert stores.findings.history(2) == [finding(meter="E2")]


def test_what_people_settled_meanwhile_neither_grows_nor_is_closed(stores: Stores) -> None:
    record(stores, opened(), opened())
    told = [
        stores.findings.set_state(id, state, by="x", note="", now_us=1)
        for id, state in (("1", CaseState.FIXED), ("2", CaseState.EXPECTED))
    ]
    changes = Changes(grown={1: finding(waste=9.0, day=TUESDAY)}, closed={2: "refuted"})
    stores.findings.record(changes, now_us=9)
    assert [stores.findings.get("1"), stores.findings.get("2")] == told
    assert stores.findings.history(1) == [finding()]


def test_the_platform_closes_with_a_cause_and_keeps_all(stores: Stores) -> None:
    record(stores, opened())
    stores.findings.record(Changes(closed={1: "refuted"}), now_us=9)
    case = stores.findings.get("1")
    assert (case.state, case.closed, case.state_by, case.state_us) == (
        CaseState.CLOSED,
        "refuted",
        "platform",
        9,
    )
    assert (case.evidence, stores.findings.history(1)) == (finding(), [finding()])
    again = stores.findings.set_state("1", CaseState.OPEN, by="x", note="", now_us=10)
    assert (again.state, again.closed) == (CaseState.OPEN, "")


def test_known_are_those_that_stand_or_teach_end_later_or_were_put_right_lately(
    stores: Stores,
) -> None:
    record(stores, *(opened(end_us=end) for end in (99, 99, 200, 200)), opened(institution="away"))
    stores.findings.record(Changes(closed={2: "refuted", 4: "refuted"}), now_us=9)
    stores.findings.set_state("3", CaseState.FIXED, by="x", note="", now_us=1)
    known = stores.findings.known
    assert [one.number for one in known("office", 99)] == [1, 3, 4]
    assert [one.number for one in known("office", 98)] == [1, 2, 3, 4]
    assert [one.number for one in known("office", 1 + RELAPSES_WITHIN_US - 1)] == [1, 3]
    assert [one.number for one in known("office", 1 + RELAPSES_WITHIN_US)] == [1]
    record(stores, opened(), opened())
    stores.findings.set_state("6", CaseState.EXPECTED, by="x", note="", now_us=1)
    stores.findings.set_state("7", CaseState.DISMISSED, by="x", note="", now_us=1)
    assert [one.number for one in known("office", 1 + RELAPSES_WITHIN_US)] == [1, 6, 7]


DAY_US = 24 * HOUR_US
NOW_US = 400 * DAY_US


def test_what_runs_is_ranked_by_its_year_and_what_has_ended_by_all_of_it(stores: Stores) -> None:
    """Of 100 in all: in the last 14 days 26 times as much a year, in 365 days as much."""
    spans = {"young": 10, "old": 365, "older": 390}
    running = [
        opened(name, start_us=NOW_US - days * DAY_US, end_us=NOW_US, cost=Decimal(100))
        for name, days in spans.items()
    ]
    over = opened("over", start_us=0, end_us=NOW_US - 14 * DAY_US, cost=Decimal(99))
    record(stores, *running, over, opened("sure", cost=Decimal(95), confidence=1.0))
    order = ["young", "sure", "old", "over", "older"]
    assert names(stores.findings.list(None, now_us=NOW_US)) == order


def test_money_comes_before_carbon_energy_and_faults(stores: Stores) -> None:
    record(
        stores,
        opened("over", waste=0.0, start_us=0, end_us=9 * DAY_US),
        opened("fault", waste=0.0, start_us=NOW_US - DAY_US, end_us=NOW_US),
        opened("longer", waste=0.0, start_us=NOW_US - 2 * DAY_US, end_us=NOW_US),
        opened("energy", cost=None, kgco2=None, waste=1e9),
        opened("carbon", cost=None, currency="", kgco2=Decimal("1e6")),
        opened("free", cost=Decimal(0)),
        opened("money", cost=Decimal(9)),
    )
    order = ["money", "free", "carbon", "energy", "longer", "fault", "over"]
    listed = stores.findings.list
    assert names(listed(None, now_us=NOW_US)) == order
    assert names(listed(None, wastes=True, now_us=NOW_US)) == order[:4]
    assert names(listed(None, wastes=False, now_us=NOW_US)) == order[4:]


CASES = st.builds(
    opened,
    start_us=st.integers(0, NOW_US),
    end_us=st.integers(NOW_US - 30 * DAY_US, NOW_US),
    waste=st.sampled_from((0.0, 0.1, 7.3)),
    cost=st.none() | st.decimals(0, 1000, places=3),
    kgco2=st.none() | st.decimals(0, 1000, places=3),
    confidence=st.floats(0.01, 1.0),
)


@given(st.lists(CASES, max_size=12), st.integers(1, 4), st.integers(0, 2 * NOW_US))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
def test_every_store_has_one_order_and_pages_keep_it(
    stores: Stores, drawn: list[Case], limit: int, now_us: int
) -> None:
    record(stores, *drawn)
    listed = stores.findings.list
    whole = listed(None, now_us=now_us, limit=10_000)
    assert whole == sorted(whole, key=lambda one: order_of(one, now_us))
    paged: list[Case] = []
    while page := listed(None, after=paged[-1].id if paged else None, limit=limit, now_us=now_us):
        paged += page
    assert paged == whole


def test_lists_honour_the_scope_and_filters(stores: Stores) -> None:
    record(
        stores,
        opened("a"),
        opened("b", node="canteen", pattern="meter_gap"),
        opened("c", institution="hospital", node="ward", start_us=50),
    )
    stores.findings.set_state("b", CaseState.FIXED, by="x", note="", now_us=1)
    listed = stores.findings.list
    assert names(listed(frozenset({"office"}))) == ["a", "b"]
    assert names(listed(frozenset())) == []
    assert names(listed(None, nodes=frozenset({"ward", "canteen"}))) == ["c", "b"]
    assert names(listed(frozenset({"office"}), nodes=frozenset({"ward"}))) == []
    assert names(listed(None, nodes=frozenset())) == []
    assert names(listed(None, state="open")) == ["a", "c"]
    assert names(listed(None, state=CaseState.FIXED)) == ["b"]
    assert names(listed(None, pattern="meter_gap")) == ["b"]
    assert names(listed(None, between_us=(0, 50))) == ["a", "b"]
    assert names(listed(None, between_us=(98, 200))) == ["a", "c", "b"]
    assert names(listed(None, between_us=(99, 200))) == []


def test_what_changed_since_an_instant_is_listed(stores: Stores) -> None:
    first, second = finding(), finding(meter="E2")
    stores.findings.record(
        Changes((Case(first, opened_us=50), Case(second, opened_us=70))), now_us=70
    )
    one, two = sorted(case.number for case in stores.findings.list(None))

    def changed(since_us: int) -> list[int]:
        return sorted(case.number for case in stores.findings.list(None, changed_us=since_us))

    assert changed(0) == changed(50) == [one, two]
    assert changed(51) == changed(70) == [two]
    assert changed(71) == []
    stores.findings.set_state(str(one), CaseState.FIXED, by="w", note="", now_us=90)
    assert changed(71) == changed(90) == [one]
    assert changed(91) == []


def test_an_unknown_case_is_not_found(stores: Stores) -> None:
    with pytest.raises(NotFound):
        stores.findings.get("no")
    with pytest.raises(NotFound):
        stores.findings.list(None, after="no")
    with pytest.raises(NotFound):
        stores.findings.set_state("no", CaseState.OPEN, by="x", note="", now_us=1)
    assert stores.findings.list(None) == []
    assert stores.findings.history(1) == []


def test_equal_cases_come_in_the_order_of_their_numbers(stores: Stores) -> None:
    record(stores, *(opened() for _ in range(12)))
    wanted = [str(n) for n in range(1, 13)]
    assert [one.id for one in stores.findings.list(None)] == wanted
    pages = [stores.findings.list(None, after=id, limit=1) for id in wanted[:-1]]
    assert [[one.id for one in page] for page in pages] == [[id] for id in wanted[1:]]


def test_what_is_done_with_a_case_is_kept_in_order(stores: Stores) -> None:
    record(stores, opened(), opened())
    act = stores.findings.act
    deeds = [
        (CaseDeed(CaseAct.STATE, "assigned", "look at it", {"assignee": "陈"}), "ann"),
        (CaseDeed(CaseAct.COMMENT, "", "valve ordered"), "chen"),
        (CaseDeed(CaseAct.SNOOZE, "2026-12-01", "", {"until_us": 500}), "chen"),
        (CaseDeed(CaseAct.STATE, "assigned", "", {"assignee": "陈"}), "chen"),
        (CaseDeed(CaseAct.STATE, "fixed", "done"), "chen"),
    ]
    told = [act("1", deed, by=by, now_us=10 + n) for n, (deed, by) in enumerate(deeds)]
    assert [(one.state, one.assignee, one.snoozed_us) for one in told] == [
        (CaseState.ASSIGNED, "陈", 0),
        (CaseState.ASSIGNED, "陈", 0),
        (CaseState.ASSIGNED, "陈", 500),
        (CaseState.ASSIGNED, "陈", 500),
        (CaseState.FIXED, "陈", 0),
    ]
    events = stores.findings.events(1)
    assert [(one.actor, str(one.act), one.old, one.new, one.comment) for one in events] == [
        ("ann", "state", "open", "assigned", "look at it"),
        ("chen", "comment", "", "", "valve ordered"),
        ("chen", "snooze", "", "2026-12-01", ""),
        ("chen", "state", "assigned", "fixed", "done"),
    ]
    assert stores.findings.events(2) == []
    assert stores.findings.get("1") == reduce(applied, events, replace(told[0], **AS_OPENED))


AS_OPENED: dict[str, Any] = {
    **{"state": CaseState.OPEN, "state_by": "", "state_note": "", "state_us": 0, "assignee": ""},
}


def test_what_is_put_off_is_told_apart_until_then(stores: Stores) -> None:
    record(stores, opened("a"), opened("b"))
    deed = CaseDeed(CaseAct.SNOOZE, "2026-12-01", "", {"until_us": 500})
    stores.findings.act("a", deed, by="x", now_us=1)
    listed = stores.findings.list
    assert names(listed(None, snoozed=True, now_us=499)) == ["a"]
    assert names(listed(None, snoozed=False, now_us=499)) == ["b"]
    assert names(listed(None, snoozed=False, now_us=500)) == ["a", "b"]
    stores.findings.set_state("a", CaseState.FIXED, by="x", note="", now_us=1)
    assert names(listed(None, snoozed=True, now_us=499)) == []


def test_what_is_put_off_comes_back_when_it_costs_half_as_much_again(stores: Stores) -> None:
    hours = tuple(EvidenceHour(at, 0, 10**7, (("CNY", Decimal(2)),)) for at in (10, 20))
    told = finding(hours=hours, hours_us=(10, 20), cost=Decimal(4))
    record(stores, Case(told, opened_us=5))
    deed = CaseDeed(CaseAct.SNOOZE, "2026-12-01", "", {"until_us": 10**9})
    stores.findings.act("1", deed, by="x", now_us=1)
    for cost, asleep in ((Decimal("2.99"), True), (Decimal("3.00"), False)):
        dearer = tuple(replace(one, costs=(("CNY", cost),)) for one in hours)
        grown = replace(told, hours=dearer, cost=2 * cost, day=TUESDAY)
        stores.findings.record(Changes(grown={1: grown}), now_us=9)
        assert (stores.findings.get("1").snoozed_us > 0) is asleep
    assert [(one.actor, one.new) for one in stores.findings.events(1)] == [
        ("x", "2026-12-01"),
        ("platform", ""),
    ]


def test_what_was_put_right_comes_back_or_is_verified(stores: Stores) -> None:
    record(stores, opened(), opened(), opened())
    for id in ("1", "2", "3"):
        stores.findings.set_state(id, CaseState.FIXED, by="x", note="", now_us=50)
    saving = Saving(
        SavingVerdict.VERIFIED, MONDAY, TUESDAY, 14, 1.0, 20.0, 18.0, 17.0, 19.0, 252.0, "9.5"
    )
    changes = Changes(
        returned={1: Relapse(finding(waste=50.0, day=TUESDAY), 70)},
        savings={2: saving, 3: replace(saving, verdict=SavingVerdict.NOT_YET)},
    )
    stores.findings.record(changes, now_us=80)
    stores.findings.record(Changes(savings=changes.savings), now_us=90)
    back, verified, waits = (stores.findings.get(id) for id in ("1", "2", "3"))
    assert (back.state, back.relapses, back.relapsed_us) == (CaseState.OPEN, 1, 70)
    assert back.evidence.waste == 50.0
    assert len(stores.findings.history(1)) == 2
    assert (verified.state, verified.saving) == (CaseState.VERIFIED, saving)
    assert (waits.state, waits.fixed_us) == (CaseState.FIXED, 50)
    assert [str(one.act) for one in stores.findings.events(3)] == ["state", "saving"]
    failed = replace(saving, verdict=SavingVerdict.DID_NOT_WORK)
    stores.findings.record(Changes(savings={3: failed}), now_us=99)
    again = stores.findings.get("3")
    assert (again.state, again.saving, again.state_by) == (CaseState.OPEN, failed, "platform")


def test_what_was_known_when_a_case_was_opened_is_kept(stores: Stores) -> None:
    """Its worth never changes, its place is that of the case."""
    record(stores, opened(), opened(institution="away"), opened(waste=0.0, cost=None))
    grown = finding(cost=Decimal(900), day=TUESDAY, node="annex")
    stores.findings.record(Changes(grown={1: grown}), now_us=50)
    found = {one.number: one for one in stores.findings.openings(frozenset({"office"}))}
    assert found == {
        1: replace(opening_of(opened(), 1), node="annex"),
        3: opening_of(opened(waste=0.0, cost=None), 3),
    }
    listed = stores.findings.list(None, numbers=frozenset({2, 3}))
    assert [one.number for one in listed] == [2, 3]


def mark(meter: str = "E1", measured: int = 90, **more: object) -> DayMark:
    base = DayMark(
        institution="office",
        node="tower",
        meter=meter,
        item="01B00",
        day=MONDAY,
        start_us=2**52,
        end_us=2**52 + 3 * HOUR_US,
        above=True,
        measured=measured,
        low=20,
        high=30,
        score=10 / 3,
        baseline_version="2-ab",
        revision=2**40,
        until_us=2**53,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def test_the_marks_of_a_site_are_those_of_its_last_look(stores: Stores) -> None:
    first, below = mark(), mark("E2", 5, above=False)
    stores.findings.mark("campus", [below, first])
    stores.findings.mark("yard", [mark("Y", 91, institution="school")])
    known = stores.findings.day_marks(None, now_us=0)
    assert [(one.meter, one.beyond) for one in known] == [("Y", 61), ("E1", 60), ("E2", 15)]
    assert known[1:] == [first, below]
    stores.findings.mark("campus", [replace(first, measured=2**60)])
    assert [one.measured for one in stores.findings.day_marks(None, now_us=0)] == [2**60, 91]
    stores.findings.mark("campus", [])
    assert [one.meter for one in stores.findings.day_marks(None, now_us=0)] == ["Y"]
    stores.findings.mark("campus", [mark("Y", 99)])
    assert [one.measured for one in stores.findings.day_marks(None, now_us=0)] == [99]


def test_marks_are_listed_by_scope_until_they_vanish(stores: Stores) -> None:
    own = [mark(f"E{n}", 90 - n // 2, node=f"n{n % 3}") for n in range(7)]
    stores.findings.mark("campus", [*own, mark("old", until_us=5), mark("F", institution="x")])
    office = frozenset({"office"})
    found = stores.findings.day_marks(office, now_us=5)
    assert found == sorted(own, key=place_of_mark)
    pages, after = [], None
    while page := stores.findings.day_marks(office, now_us=5, after=after, limit=2):
        pages += page
        after = place_of_mark(page[-1])
    assert pages == found
    some = stores.findings.day_marks(None, now_us=5, nodes=frozenset({"n1"}))
    assert {one.node for one in some} == {"n1"}
    assert stores.findings.day_marks(None, now_us=2**53) == []
