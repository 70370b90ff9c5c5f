"""What auditors ask for: register events, restatements, the hash of the books, the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import paging
from api.answers.common import PageAnswer
from api.answers.records import AuditAnswer, EventAnswer, HashAnswer, RestatementAnswer
from api.auth import Admin, Reader
from api.caller import Caller
from api.paging import Cursor, Limit
from api.params import Code, End, Start, example
from api.ranges import check_order, instant, local_date
from api.usecases.restatements import told_changes
from metering.access import AuditEntry
from metering.book import RegisterEvent, Restatement
from metering.localtime import HOUR_US, iso

router = APIRouter(prefix="/v1", tags=["records"])

EVENT_EXAMPLE = {
    "institution": "bureau",
    "meter": "office-a-ac",
    "kind": "gap",
    "start": "2026-11-10T14:00:00Z",
    "end": "2026-11-10T21:00:00Z",
    "cost": None,
    "limit": None,
    "value": None,
    "energy": 9120000,
}
RESTATEMENT_EXAMPLE = {
    "institution": "bureau",
    "serial": 3,
    "kind": "meter",
    "code": "office-a-ac",
    "item": "01B00",
    "day": "2026-11-10",
    "old_revision": 41,
    "new_revision": 57,
    "old_total": 412300200,
    "new_total": 412300900,
    "recorded": "2026-11-12T03:10:00Z",
    "cause": "correction",
    "given": True,
}
HASH_EXAMPLE = {
    "book_hash": "9f2c…",
    "worth_hash": "07aa…",
    "institution": "bureau",
    "before": "2026-11-01",
}
AUDIT_EXAMPLE = {
    "id": 12,
    "at": "2026-11-24T08:15:02Z",
    "actor": "auditor (k1)",
    "action": "refused",
    "subject": "GET /v1/nodes/office-b",
    "institution": "bureau",
    "detail": {},
    "reason": "no such node in your scope",
}


def institutions_of(caller: Caller, institution: str | None) -> list[str]:
    """The institution asked for, or all of the scope."""
    if institution is not None:
        return [caller.reach.institution(institution)]
    return list(caller.reach.institutions)


def _tells(caller: Caller, event: RegisterEvent) -> bool:
    """Whether an event lies in the scope: its meter does, all of its time."""
    meter = caller.reach.meters.get(event.meter)
    return meter is not None and caller.reach.reaches(meter.node, event.start_us, event.end_us)


@router.get("/register-events", responses=example({"data": [EVENT_EXAMPLE], "next": None}))
def register_events(
    request: Request,
    response: Response,
    caller: Reader,
    institution: Code = None,
    meter: Code = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[EventAnswer]:
    """What the ledger found on registers, the last 31 days by default."""
    if meter is not None:
        caller.reach.meter(meter)
    found = [
        event
        for one in institutions_of(caller, institution)
        for event in _events(caller, one, start, end)
        if meter in (None, event.meter) and _tells(caller, event)
    ]
    found.sort(key=_event_place)
    place = paging.decode(cursor, str, str, int, str)
    page, following = paging.cut(found, _event_place, place, limit)
    return paging.answer(request, response, [_event_json(event) for event in page], following)


def _event_place(event: RegisterEvent) -> tuple[str, str, int, str]:
    return event.institution, event.meter, event.start_us, event.kind


def _events(
    caller: Caller, institution: str, start: str | None, end: str | None
) -> list[RegisterEvent]:
    zone = caller.reach.registry.zone(institution)
    end_us = caller.platform.now_us() if end is None else instant(end, "end", zone)
    start_us = end_us - 31 * 24 * HOUR_US if start is None else instant(start, "start", zone)
    check_order(start, end, start_us < end_us)
    return caller.platform.books.events(institution, start_us, end_us)


def _event_json(event: RegisterEvent) -> EventAnswer:
    return {
        "institution": event.institution,
        "meter": event.meter,
        "kind": event.kind,
        "start": iso(event.start_us),
        "end": iso(event.end_us),
        "cost": event.cost,
        "limit": event.limit,
        "value": event.value,
        "energy": event.energy,
    }


@router.get("/restatements", responses=example({"data": [RESTATEMENT_EXAMPLE], "next": None}))
def restatements(
    request: Request,
    response: Response,
    caller: Reader,
    institution: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[RestatementAnswer]:
    """Net changes of settled days since they were told last, by institution, oldest first.

    `given` says whether an issue of a report or the feed gave the new value out. Until then
    another change takes its place, under a higher `serial`, and a change that is undone leaves
    nothing; where it is given out, it comes again under a higher `serial`.
    """
    wanted = institutions_of(caller, institution)
    place = paging.decode(cursor, str, int) or ["", 0]
    page: list[RestatementAnswer] = []
    following = None
    for one in (name for name in wanted if name >= place[0]):
        for serial, change in told_changes(caller, one, place[1] if one == place[0] else 0):
            if len(page) == limit:
                following = paging.encode([page[-1]["institution"], page[-1]["serial"]])
                return paging.answer(request, response, page, following)
            page.append(_change_json(serial, change))
    return paging.answer(request, response, page, following)


def _change_json(serial: int, change: Restatement) -> RestatementAnswer:
    return {
        "institution": change.key.institution,
        "serial": serial,
        "kind": change.key.kind,
        "code": change.key.code,
        "item": change.key.item,
        "day": change.day.isoformat(),
        "old_revision": change.old_revision,
        "new_revision": change.new_revision,
        "old_total": change.old_total,
        "new_total": change.new_total,
        "recorded": iso(change.recorded_us),
        "cause": change.cause,
        "given": change.given,
    }


@router.get(
    "/books/hash",
    responses=example(HASH_EXAMPLE),
)
def book_hash(
    caller: Reader,
    institution: Code = None,
    before: Annotated[
        str | None, Query(max_length=10, description="Local date, not included")
    ] = None,
) -> HashAnswer:
    """SHA-256 over the settled days of an institution, or of the whole platform: of their energy,
    and of what they hold by tariff and price window."""
    if institution is None and not caller.reach.scope.whole:
        caller.reach.node(caller.node)
        institution = caller.institution
    if institution is not None:
        caller.reach.node(institution)
    day = None if before is None else local_date(before, "before")
    energy, worth = caller.platform.books.hashes(day, institution)
    return {
        "book_hash": energy,
        "worth_hash": worth,
        "institution": institution,
        "before": before,
    }


@router.get("/audit", responses=example({"data": [AUDIT_EXAMPLE], "next": None}))
def audit(
    request: Request, response: Response, caller: Admin, limit: Limit = 100, cursor: Cursor = None
) -> PageAnswer[AuditAnswer]:
    """Who changed what, when and why, and what was refused; newest first."""
    place = paging.decode(cursor, int)
    reach = caller.reach
    found = caller.platform.access.entries(
        None if reach.scope.whole else _whole_institutions(caller),
        before_id=place[0] if place else None,
        limit=limit + 1,
    )
    page = found[:limit]
    following = paging.encode([page[-1].id]) if len(found) > limit else None
    return paging.answer(request, response, [_entry_json(entry) for entry in page], following)


def _whole_institutions(caller: Caller) -> frozenset[str]:
    """Institutions that lie in the scope with all they have: a building's key reads no log."""
    return frozenset(caller.reach.institutions) & caller.reach.scope.nodes


def _entry_json(entry: AuditEntry) -> AuditAnswer:
    return {
        "id": entry.id,
        "at": iso(entry.at_us),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "institution": entry.institution,
        "detail": entry.detail,
        "reason": entry.reason,
    }
