"""What people do with cases: say what they are, comment on them, put them off."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from analytics import Lesson
from api import paging
from api.answers.common import PageAnswer
from api.answers.findings import CaseAnswer, LessonAnswer
from api.auth import Operator, Reader
from api.paging import Cursor, Limit
from api.params import Code, JsonBody, example
from api.ranges import local_date
from api.routes.findings import FINDING_EXAMPLE, case_json
from api.usecases.case_acts import assign, comment, learned, put_off, set_state
from metering.case_life import LONGEST_COMMENT, LONGEST_NAME
from metering.finding import CaseState
from metering.localtime import iso

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["findings"])
ANSWER = example(FINDING_EXAMPLE)


LESSON_EXAMPLE = {
    "case": "17",
    "state": "expected",
    "institution": "bureau",
    "node": "office-a",
    "meter": "office-a-ac",
    "pattern": "after_hours_plant",
    "hours": [0, 1, 2, 22, 23],
    "weekend_hours": [],
    "up_to": 24.0,
    "unit": "kWh",
    "by": "energy office",
    "since": "2026-11-11T01:30:00Z",
    "reason": "the archive is dried at night",
}


class Note(BaseModel):
    """Why somebody sets a case's state."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "Reset it"}})
    note: str = Field(default="", max_length=LONGEST_COMMENT)


class Assignment(Note):
    """Who is to put a case right."""

    model_config = ConfigDict(json_schema_extra={"example": {"assignee": "Chen", "note": ""}})
    assignee: str = Field(max_length=LONGEST_NAME)


class CaseComment(BaseModel):
    """What is to be known of a case."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"comment": "The valve is ordered"}}
    )
    comment: str = Field(max_length=LONGEST_COMMENT)


class Snooze(Note):
    """Until which day a case is put off; null for no longer."""

    model_config = ConfigDict(json_schema_extra={"example": {"until": "2026-12-01", "note": ""}})
    until: str | None = Field(max_length=10)


@router.get("/learned", responses=example({"data": [LESSON_EXAMPLE], "next": None}))
def lessons(
    request: Request,
    response: Response,
    caller: Reader,
    meter: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[LessonAnswer]:
    """What is not told again, because people called a case expected or dismissed; reopening the
    case takes it back."""
    if meter is not None:
        meter = caller.reach.meter(meter).code
    found = [one for one in learned(caller) if meter in (None, one.meter)]
    place = paging.decode(cursor, str, str, str)
    page, following = paging.cut(found, _place_of, place, limit)
    return paging.answer(request, response, [_lesson_json(one) for one in page], following)


def _place_of(lesson: Lesson) -> tuple[str, str, str]:
    return lesson.meter, lesson.pattern, f"{lesson.case:020d}"


def _lesson_json(lesson: Lesson) -> LessonAnswer:
    hours, weekend = (
        None if lesson.any_hour else sorted(hour for day, hour in lesson.kinds if day is one)
        for one in (False, True)
    )
    return {
        "case": str(lesson.case),
        "state": str(lesson.state),
        "institution": lesson.institution,
        "node": lesson.node,
        "meter": lesson.meter,
        "pattern": lesson.pattern,
        "hours": hours,
        "weekend_hours": weekend,
        "up_to": lesson.up_to,
        "unit": lesson.unit,
        "by": lesson.by,
        "since": iso(lesson.since_us),
        "reason": lesson.reason,
    }


@router.post("/findings/{id}/acknowledge", responses=ANSWER)
def acknowledge(id: str, body: Note, caller: Operator) -> CaseAnswer:
    """Somebody looks after it."""
    return case_json(caller, set_state(caller, id, CaseState.ACKNOWLEDGED, body.note))


@router.post("/findings/{id}/assign", responses=ANSWER)
def assign_case(id: str, body: Assignment, caller: Operator) -> CaseAnswer:
    """Somebody named, a person or a key, is to put it right."""
    return case_json(caller, assign(caller, id, body.assignee, body.note))


@router.post("/findings/{id}/fix", responses=ANSWER)
def fix(id: str, body: Note, caller: Operator) -> CaseAnswer:
    """It has been put right; from 14 days after on, what that saved is measured."""
    return case_json(caller, set_state(caller, id, CaseState.FIXED, body.note))


@router.post("/findings/{id}/resolve", responses=ANSWER, deprecated=True)
def resolve(id: str, body: Note, caller: Operator) -> CaseAnswer:
    """The earlier name of `fix`."""
    return fix(id, body, caller)


@router.post("/findings/{id}/expect", responses=ANSWER)
def expect(id: str, body: Note, caller: Operator) -> CaseAnswer:
    """It is as it should be; the note says why. What is alike and not larger is not told again."""
    return case_json(caller, set_state(caller, id, CaseState.EXPECTED, body.note))


@router.post("/findings/{id}/dismiss", responses=ANSWER)
def dismiss(id: str, body: Note, caller: Operator) -> CaseAnswer:
    """A false alarm, no waste; the note says why. Its meter's pattern is told from a larger size
    on."""
    return case_json(caller, set_state(caller, id, CaseState.DISMISSED, body.note))


@router.post("/findings/{id}/reopen", responses=ANSWER)
def reopen(id: str, body: Note, caller: Operator) -> CaseAnswer:
    """It is open again; what it taught is taken back."""
    return case_json(caller, set_state(caller, id, CaseState.OPEN, body.note))


@router.post("/findings/{id}/comment", responses=ANSWER)
def comment_on(id: str, body: CaseComment, caller: Operator) -> CaseAnswer:
    """Say something of it, whatever its state; `life` of the case has all of them."""
    return case_json(caller, comment(caller, id, body.comment))


@router.post("/findings/{id}/snooze", responses=ANSWER)
def snooze_case(id: str, body: Snooze, caller: Operator) -> CaseAnswer:
    """Put it off until a local day begins, at most a year; it is back earlier when it costs half as
    much again a day."""
    until = None if body.until is None else local_date(body.until, "until")
    return case_json(caller, put_off(caller, id, until, body.note))
