"""The life of a case: which state may follow which, and that events alone tell it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.case_life import (
    LONGEST_SNOOZE,
    TRANSITIONS,
    CaseAct,
    CaseDeed,
    CaseEvent,
    applied,
    event_of,
    is_snoozed,
    looked_at,
    snooze,
    worth_a_day,
)
from metering.errors import Conflict, GreenOfficeError, InvalidInput
from metering.finding import Case, CaseState, Changes, EvidenceHour, Finding, Relapse
from metering.localtime import HOUR_US, day_bounds
from metering.saving import Saving, SavingVerdict

ZONE = "Asia/Shanghai"
DAY_US = 24 * HOUR_US
DAY = date(2026, 11, 2)
START_US = day_bounds(DAY, ZONE)[0]
BY_HAND = [*[*CaseState][:5], CaseState.EXPECTED, CaseState.DISMISSED]
ALLOWED = """
               open  acknowledged  assigned  fixed  expected  dismissed
open            .         x           x        x       x          x
acknowledged    x         .           x        x       x          x
assigned        x         x           .        x       x          x
fixed           x         -           -        .       x          x
verified        x         -           -        -       -          -
expected        x         -           -        -       .          x
dismissed       x         -           -        -       x          .
closed          x         -           -        -       -          -
"""


def finding(days: int = 1, price: str | None = "2", waste_mwh: int = 10**6) -> Finding:
    """A kWh in one hour of each day."""
    costs = () if price is None else (("CNY", Decimal(price)),)
    hours = tuple(
        EvidenceHour(START_US + n * DAY_US, 0, waste_mwh, costs, None) for n in range(days)
    )
    return Finding(
        institution="office",
        node="tower",
        meter="E1",
        item="01B00",
        pattern="after_hours_plant",
        start_us=hours[0].start_us,
        end_us=START_US + days * DAY_US,
        hours_us=tuple(one.start_us for one in hours),
        expected=0,
        measured=days * waste_mwh,
        waste=days * waste_mwh / 10**6,
        waste_low=0.0,
        waste_high=2.0,
        cost=None if price is None else days * Decimal(price),
        currency="" if price is None else "CNY",
        kgco2=None,
        confidence=0.9,
        baseline_version="1-a",
        cause="bms_override",
        action="restore_schedule",
        hours=hours,
    )


OPENED = Case(finding(), number=7, opened_us=1)
SAVING = Saving(SavingVerdict.VERIFIED, DAY, DAY, 14, 1.0, 5.0, 4.0, 3.0, 5.0, 56.0, "28.00", "CNY")


def table() -> list[tuple[CaseState, CaseState, str]]:
    head, *rows = [line.split() for line in ALLOWED.strip().splitlines()]
    return [
        (CaseState(old), CaseState(new), said)
        for old, *cells in rows
        for new, said in zip(head, cells, strict=True)
    ]


@pytest.mark.parametrize(("old", "new", "said"), table())
def test_which_state_may_follow_which(old: CaseState, new: CaseState, said: str) -> None:
    case, deed = replace(OPENED, state=old), CaseDeed(CaseAct.STATE, str(new), "why")
    if said == "-":
        with pytest.raises(Conflict) as refused:
            event_of(case, deed, "x", 9)
        allowed = ", ".join(sorted(map(str, TRANSITIONS[old])))
        assert (refused.value.field, refused.value.value) == ("state", new)
        assert refused.value.fix == f"from here it may become: {allowed}"
        return
    event = event_of(case, deed, "x", 9)
    assert event is not None
    if said == ".":
        assert (event.act, event.comment, applied(case, event)) == (CaseAct.COMMENT, "why", case)
        return
    after = applied(case, event)
    assert (after.state, after.state_by, after.state_note, after.state_us) == (new, "x", "why", 9)
    assert (event.case, event.old, event.new) == (7, old, new)


@pytest.mark.parametrize("state", [CaseState.VERIFIED, CaseState.CLOSED])
@pytest.mark.parametrize("old", list(CaseState))
def test_nobody_gives_what_is_the_platforms(old: CaseState, state: CaseState) -> None:
    with pytest.raises(InvalidInput) as refused:
        event_of(replace(OPENED, state=old), CaseDeed(CaseAct.STATE, str(state)), "x", 9)
    assert (refused.value.field, refused.value.value) == ("state", state)
    assert refused.value.fix


def test_the_earlier_name_of_fixed_is_understood() -> None:
    assert CaseState("resolved") is CaseState.FIXED
    event = event_of(OPENED, CaseDeed(CaseAct.STATE, "resolved"), "x", 9)
    assert event is not None
    assert event.new == "fixed"
    with pytest.raises(ValueError, match="solved"):
        CaseState("solved")


def test_another_assignee_is_an_event_the_same_is_none() -> None:
    case = OPENED
    for name, wanted in (("Li", "assigned"), ("Wang", "assigned")):
        deed = CaseDeed(CaseAct.STATE, wanted, "", {"assignee": name})
        event = event_of(case, deed, "x", 9)
        assert event is not None
        case = applied(case, event)
        assert (case.state, case.assignee) == (CaseState.ASSIGNED, name)
        assert event_of(case, deed, "x", 9) is None
    back = event_of(case, CaseDeed(CaseAct.STATE, "open"), "x", 9)
    assert back is not None
    assert applied(case, back).assignee == ""


def test_put_off_until_a_local_day_begins() -> None:
    now_us = START_US + 10 * HOUR_US
    until = date(2026, 11, 9)
    event = event_of(OPENED, snooze(until, ZONE, "after the audit", now_us), "x", now_us)
    assert event is not None
    case = applied(OPENED, event)
    (wakes_us, _) = day_bounds(until, ZONE)
    assert is_snoozed(case, wakes_us - 1)
    assert not is_snoozed(case, wakes_us)
    assert case.snoozed_rate == worth_a_day(OPENED.evidence) == 2.0
    back = event_of(case, snooze(None, ZONE, "", now_us), "x", now_us)
    assert back is not None
    assert not is_snoozed(applied(case, back), now_us)
    assert event_of(OPENED, snooze(None, ZONE, "", now_us), "x", now_us) is None


@pytest.mark.parametrize("days", [-400_000, -1, 0, LONGEST_SNOOZE + 1])
def test_a_day_that_nobody_can_wait_for_is_refused(days: int) -> None:
    wanted = date.min if days < -1000 else date.fromordinal(DAY.toordinal() + days)
    for until in (wanted, date.max):
        with pytest.raises(InvalidInput) as refused:
            snooze(until, ZONE, "", START_US)
        assert (refused.value.field, refused.value.value) == ("until", until.isoformat())
    with pytest.raises(Conflict):
        event_of(
            replace(OPENED, state=CaseState.FIXED), CaseDeed(CaseAct.SNOOZE, "2026-12-01"), "x", 1
        )


def test_what_a_case_costs_a_day_is_that_of_its_last_week() -> None:
    assert worth_a_day(finding(1)) == 2.0
    assert worth_a_day(finding(30)) == 2.0
    assert worth_a_day(finding(30, price=None)) == 1.0
    assert worth_a_day(replace(finding(3, price=None), waste=0.0)) == 0.0


def deeds() -> st.SearchStrategy[CaseDeed]:
    states = st.sampled_from([str(one) for one in BY_HAND])
    return st.one_of(
        st.builds(
            lambda new, note, who: CaseDeed(CaseAct.STATE, new, note, {"assignee": who}),
            states,
            st.sampled_from(["", "why"]),
            st.sampled_from(["Li", "Wang"]),
        ),
        st.builds(lambda note: CaseDeed(CaseAct.COMMENT, "", note), st.sampled_from(["", "说明"])),
        st.builds(
            lambda until: CaseDeed(CaseAct.SNOOZE, until, "", {"until_us": 99} if until else {}),
            st.sampled_from(["", "2026-12-01"]),
        ),
    )


def looks() -> st.SearchStrategy[Changes]:
    verdicts = st.sampled_from(list(SavingVerdict))
    return st.one_of(
        st.builds(lambda days: Changes(grown={7: finding(days)}), st.integers(1, 9)),
        st.just(Changes(closed={7: "refuted"})),
        st.just(Changes(returned={7: Relapse(finding(2), START_US + DAY_US)})),
        st.builds(lambda one: Changes(savings={7: replace(SAVING, verdict=one)}), verdicts),
    )


@given(st.lists(st.one_of(deeds(), looks()), max_size=25))
def test_events_replayed_give_the_same_case(doings: list[CaseDeed | Changes]) -> None:
    case, events = OPENED, list[CaseEvent]()
    for at_us, one in enumerate(doings, 10):
        before = case
        if isinstance(one, Changes):
            case, done = looked_at(case, one, at_us)
            events += done
        else:
            try:
                event = event_of(case, one, "x", at_us)
            except GreenOfficeError:
                continue
            if event is not None:
                case = applied(case, event)
                events.append(event)
        assert case.state is before.state or events[-1].new == case.state
        assert not case.assignee or case.state is not CaseState.ACKNOWLEDGED
        assert case.stands or not case.snoozed_us
    assert reduce(applied, events, replace(OPENED, evidence=case.evidence)) == case
    assert [one.at_us for one in events] == sorted(one.at_us for one in events)


def test_what_was_measured_is_read_as_it_was_kept() -> None:
    assert Saving.of(SAVING.told()) == SAVING
