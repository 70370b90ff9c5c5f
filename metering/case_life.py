"""The life of a case after it was found: what may be done with it, and what became of it.

    open ── acknowledged ── assigned        stands, and grows
      │          by people
      ├──▶ fixed ──▶ verified               by the measured saving, never by hand
      ├──▶ expected, dismissed              what is alike is not told again
      └──▶ closed                           by the platform, with a cause
    back to open                            by people, or when it comes back

Whatever is done is an event that is kept for ever, and the events alone give the case its state:
`applied`, one after the other, to the case as it was opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final

from metering.errors import Conflict, InvalidInput
from metering.evidence import hours_of
from metering.finding import STANDING, Case, CaseState, Changes, Finding
from metering.localtime import HOUR_US, day_bounds, local_day
from metering.saving import Saving, SavingVerdict
from metering.units import BOOK_UNITS

PLATFORM: Final = "platform"
"""Who acts where no person does."""
LONGEST_COMMENT: Final = 2_000
LONGEST_NAME: Final = 100
LONGEST_SNOOZE: Final = 366
"""Days."""
RISEN: Final = 1.5
"""A case that was put off comes back when it costs so many times as much a day."""
WEEK_US: Final = 7 * 24 * HOUR_US

_O, _A, _S = CaseState.OPEN, CaseState.ACKNOWLEDGED, CaseState.ASSIGNED
_F, _E, _D = CaseState.FIXED, CaseState.EXPECTED, CaseState.DISMISSED
TRANSITIONS: Final[Mapping[CaseState, frozenset[CaseState]]] = {
    _O: frozenset({_A, _S, _F, _E, _D}),
    _A: frozenset({_O, _S, _F, _E, _D}),
    _S: frozenset({_O, _A, _S, _F, _E, _D}),
    _F: frozenset({_O, _E, _D}),
    CaseState.VERIFIED: frozenset({_O}),
    _E: frozenset({_O, _D}),
    _D: frozenset({_O, _E}),
    CaseState.CLOSED: frozenset({_O}),
}
"""State -> those that people may give a case then."""


class CaseAct(StrEnum):
    """What is done with a case."""

    STATE = "state"
    COMMENT = "comment"
    SNOOZE = "snooze"
    SAVING = "saving"


@dataclass(frozen=True)
class CaseDeed:
    """What somebody wants to do with a case."""

    act: CaseAct
    new: str = ""
    """The state, the day until which it is put off ('' for no longer), or the verdict."""
    comment: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """`assignee` of a state; `until_us` of a snooze; `cause`, `relapsed_us` or what was measured,
    where the platform acts."""


@dataclass(frozen=True)
class CaseEvent:
    """What was done with a case, by whom and when; never changed."""

    case: int
    at_us: int
    actor: str
    act: CaseAct
    old: str
    new: str
    comment: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


def event_of(case: Case, deed: CaseDeed, by: str, now_us: int) -> CaseEvent | None:
    """The event of a person's deed; None where it changes nothing and says nothing.

    To say once more what a case is adds a comment. Raises Conflict where the state may not follow
    that of the case, or where a case that does not stand is put off, and InvalidInput where the
    state is the platform's to give.
    """
    if deed.act is CaseAct.STATE:
        return _state_event(case, deed, by, now_us)
    if deed.act is CaseAct.SNOOZE:
        return _snooze_event(case, deed, by, now_us)
    return _comment_event(case, deed, by, now_us)


def _state_event(case: Case, deed: CaseDeed, by: str, now_us: int) -> CaseEvent | None:
    wanted = CaseState(deed.new)
    _check_by_hand(wanted)
    other = deed.detail.get("assignee", case.assignee) != case.assignee
    if wanted is case.state and not other:
        return _comment_event(case, deed, by, now_us)
    if wanted not in TRANSITIONS[case.state]:
        allowed = ", ".join(sorted(map(str, TRANSITIONS[case.state])))
        raise Conflict(
            f"a case that is {case.state} cannot become {wanted}",
            field="state",
            value=str(wanted),
            fix=f"from here it may become: {allowed}",
        )
    return _event(case, replace(deed, new=str(wanted)), by, now_us)


def _check_by_hand(wanted: CaseState) -> None:
    if wanted is CaseState.VERIFIED:
        raise InvalidInput(
            "nobody says that a case is verified: the measured saving does",
            field="state",
            value=str(wanted),
            fix="say that it is fixed; what that saved is measured from 14 days after on",
        )
    if wanted is CaseState.CLOSED:
        raise InvalidInput(
            "only the platform closes a case, when readings refute it",
            field="state",
            value=str(wanted),
            fix="acknowledged, assigned, fixed, expected or dismissed",
        )


def _snooze_event(case: Case, deed: CaseDeed, by: str, now_us: int) -> CaseEvent | None:
    if not case.stands:
        raise Conflict(
            f"a case that is {case.state} is on no list to be put off",
            field="state",
            value=str(case.state),
            fix="reopen it first",
        )
    if not deed.new:
        return _event(case, deed, by, now_us) if case.snoozed_us else None
    detail = {**deed.detail, "rate": worth_a_day(case.evidence)}
    return _event(case, replace(deed, detail=detail), by, now_us)


def _comment_event(case: Case, deed: CaseDeed, by: str, now_us: int) -> CaseEvent | None:
    if not deed.comment:
        return None
    return _event(case, CaseDeed(CaseAct.COMMENT, "", deed.comment), by, now_us)


def _event(case: Case, deed: CaseDeed, by: str, now_us: int) -> CaseEvent:
    old = {
        CaseAct.STATE: str(case.state),
        CaseAct.SAVING: "" if case.saving is None else str(case.saving.verdict),
    }.get(deed.act, "")
    return CaseEvent(case.number, now_us, by, deed.act, old, deed.new, deed.comment, deed.detail)


def applied(case: Case, event: CaseEvent) -> Case:
    """The case after an event of its own."""
    if event.act is CaseAct.STATE:
        return _in_state(case, event)
    if event.act is CaseAct.SNOOZE:
        return replace(
            case,
            snoozed_us=int(event.detail.get("until_us", 0)),
            snoozed_rate=float(event.detail.get("rate", 0.0)),
        )
    if event.act is CaseAct.SAVING:
        return replace(case, saving=Saving.of(event.detail))
    return case


def _in_state(case: Case, event: CaseEvent) -> Case:
    after, detail = CaseState(event.new), event.detail
    found = replace(
        case,
        state=after,
        state_by=event.actor,
        state_note=event.comment,
        state_us=event.at_us,
        closed=str(detail.get("cause", "")),
    )
    if after is CaseState.ASSIGNED:
        found = replace(found, assignee=str(detail.get("assignee", "")))
    elif after in STANDING:
        found = replace(found, assignee="")
    else:
        found = replace(found, snoozed_us=0, snoozed_rate=0.0)
    if after is CaseState.FIXED:
        found = replace(found, fixed_us=event.at_us, saving=None)
    if "verdict" in detail:
        found = replace(found, saving=Saving.of(detail))
    if "relapsed_us" in detail:
        since_us = int(detail["relapsed_us"])
        found = replace(found, relapses=case.relapses + 1, relapsed_us=since_us)
    return found


def looked_at(case: Case, changes: Changes, now_us: int) -> tuple[Case, list[CaseEvent]]:
    """What a look makes of a known case, and the events of that. What people did meanwhile stands:
    only a case that stands grows or is closed, only one that was put right comes back."""
    deeds: list[CaseDeed] = []
    grown, back = changes.grown.get(case.number), changes.returned.get(case.number)
    if case.stands:
        if grown is not None:
            case = replace(case, evidence=grown)
            deeds += [CaseDeed(CaseAct.SNOOZE)] if _has_risen(case) else []
        if case.number in changes.closed:
            cause = changes.closed[case.number]
            deeds.append(CaseDeed(CaseAct.STATE, CaseState.CLOSED, "", {"cause": cause}))
    elif back is not None and case.fixed_us:
        case = replace(case, evidence=back.evidence)
        detail = {"relapsed_us": back.since_us}
        deeds.append(CaseDeed(CaseAct.STATE, CaseState.OPEN, "", detail))
    elif case.state is CaseState.FIXED and case.number in changes.savings:
        deeds += _of_saving(case, changes.savings[case.number])
    events = []
    for deed in deeds:
        events.append(_event(case, deed, PLATFORM, now_us))
        case = applied(case, events[-1])
    return case, events


_SAID_BY_SAVING = {
    SavingVerdict.VERIFIED: CaseState.VERIFIED,
    SavingVerdict.DID_NOT_WORK: CaseState.OPEN,
}


def _of_saving(case: Case, saving: Saving) -> list[CaseDeed]:
    """A saving that cannot be told yet is told once, not each day anew."""
    state = _SAID_BY_SAVING.get(saving.verdict)
    if state is not None:
        return [CaseDeed(CaseAct.STATE, state, "", saving.told())]
    if case.saving is not None and case.saving.verdict is saving.verdict:
        return []
    return [CaseDeed(CaseAct.SAVING, str(saving.verdict), "", saving.told())]


def is_snoozed(case: Case, now_us: int) -> bool:
    """Whether it is put off, and on no list of what is to be done."""
    return case.stands and case.snoozed_us > now_us


def _has_risen(case: Case) -> bool:
    return bool(case.snoozed_us) and worth_a_day(case.evidence) >= RISEN * case.snoozed_rate


def worth_a_day(finding: Finding) -> float:
    """What the last seven days of a finding cost a day; energy [`unit`] where it has no one
    price. 0 for a meter fault."""
    since_us = max(finding.start_us, finding.end_us - WEEK_US)
    days = max(1.0, (finding.end_us - since_us) / (24 * HOUR_US))
    hours = [one for one in hours_of(finding) if one.start_us >= since_us]
    if finding.cost is not None:
        return sum(float(amount) for one in hours for _, amount in one.costs) / days
    if finding.waste <= 0:
        return 0.0
    return sum(one.waste for one in hours) / BOOK_UNITS[finding.unit].per_canonical / days


def snooze(until: date | None, zone: str, comment: str, now_us: int) -> CaseDeed:
    """Put a case off until a local day begins; None takes that back. InvalidInput for a day that
    is not to come, or more than a year ahead."""
    if until is None:
        return CaseDeed(CaseAct.SNOOZE, "", comment)
    if not 0 < (until - local_day(now_us, zone)).days <= LONGEST_SNOOZE:
        raise InvalidInput(
            "not a day within a year from tomorrow on",
            field="until",
            value=until.isoformat(),
            fix="name a later day, at most a year ahead",
        )
    detail = {"until_us": day_bounds(until, zone)[0]}
    return CaseDeed(CaseAct.SNOOZE, until.isoformat(), comment, detail)
