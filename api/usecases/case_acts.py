"""What people do with cases of their scope; all of it leaves a trace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from analytics import Lesson, lesson_of
from api.caller import Caller
from api.usecases.findings import CasesWanted, case_of, find_all
from metering.case_life import LONGEST_NAME, CaseAct, CaseDeed, CaseEvent, snooze
from metering.errors import InvalidInput
from metering.finding import TEACHING, Case, CaseState
from metering.wording import worded


def events_of(caller: Caller, case: Case) -> list[CaseEvent]:
    """All that was done with a case, in order: of one in the scope."""
    return list(caller.platform.findings.events(case.number))


def learned(caller: Caller) -> list[Lesson]:
    """What people taught of meters in the scope, by meter, pattern and case. To reopen a case takes
    its lesson back."""
    registry = caller.reach.registry
    taught = [one for state in sorted(TEACHING) for one in find_all(caller, CasesWanted(state))]
    lessons = [lesson_of(one, registry.zone(one.evidence.node)) for one in taught]
    known = [one for one in lessons if one is not None]
    return sorted(known, key=lambda one: (one.meter, one.pattern, one.case))


def set_state(
    caller: Caller, id: str, state: CaseState, note: str, detail: Mapping[str, str] | None = None
) -> Case:
    """Set what people say of a case. What is not to be told again needs a reason. Raises Conflict
    or InvalidInput where the state may not follow that of the case."""
    note = worded(note, "note")
    case = case_of(caller, id)
    if state in TEACHING and not note:
        raise InvalidInput(
            "a reason is needed",
            field="note",
            value=note,
            fix="say why this use is expected, or why it is a false alarm",
        )
    deed = CaseDeed(CaseAct.STATE, str(state), note, detail or {})
    return _done(caller, case, deed, str(state))


def assign(caller: Caller, id: str, assignee: str, note: str) -> Case:
    """Say who is to put a case right: a name, of a key or of a person; as `set_state`."""
    name = worded(assignee, "assignee", LONGEST_NAME, line=True)
    if not name:
        raise InvalidInput(
            "nobody is named",
            field="assignee",
            value=assignee,
            fix="name who is to put it right; acknowledge it where that is nobody yet",
        )
    return set_state(caller, id, CaseState.ASSIGNED, note, {"assignee": name})


def comment(caller: Caller, id: str, said: str) -> Case:
    """Add a comment to a case, whatever its state."""
    words = worded(said, "comment")
    if not words:
        raise InvalidInput(
            "an empty comment", field="comment", value=said, fix="write what is to be known"
        )
    return _done(caller, case_of(caller, id), CaseDeed(CaseAct.COMMENT, "", words), "comment")


def put_off(caller: Caller, id: str, until: date | None, note: str) -> Case:
    """Take a case off the list of what is to be done, until a day of its site begins or until it
    costs half as much again a day; None puts it back."""
    case = case_of(caller, id)
    zone = caller.reach.registry.zone(case.evidence.node)
    deed = snooze(until, zone, worded(note, "note"), caller.platform.now_us())
    return _done(caller, case, deed, "snooze")


def _done(caller: Caller, case: Case, deed: CaseDeed, action: str) -> Case:
    platform = caller.platform
    changed = platform.findings.act(case.id, deed, by=caller.actor.name, now_us=platform.now_us())
    caller.trace(f"finding.{action}", case.id, deed.comment, case.evidence.institution)
    return changed
