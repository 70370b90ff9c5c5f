"""Findings: what wastes energy or measures wrongly, ranked by what it costs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import paging, sentences
from api.auth import Caller, Operator, Reader
from api.paging import Cursor, Limit
from api.params import Code, Json, example
from api.reach import Outside
from metering.errors import InvalidInput
from metering.finding import Finding, FindingState
from metering.items import category
from metering.localtime import iso

router = APIRouter(prefix="/v1", tags=["findings"])

FINDING_EXAMPLE = {
    "id": "f-3a91",
    "institution": "bureau",
    "node": "office-a",
    "meter": "office-a-ac",
    "item": "01B00",
    "pattern": "after_hours_plant",
    "start": "2026-11-10T14:00:00Z",
    "end": "2026-11-10T21:00:00Z",
    "evidence_hours": 7,
    "unit": "kWh",
    "waste": 134.4,
    "waste_low": 120.1,
    "waste_high": 148.9,
    "cost": "96.77",
    "currency": "CNY",
    "costs": [{"currency": "CNY", "value": "96.77"}],
    "kgco2": "72.1",
    "confidence": 0.97,
    "cause": "bms_override",
    "action": "restore_schedule",
    "sentence": {
        "en": "expected 12.0 kW for Tuesday 02:00 at 24 °C, measured 31.2 kW",
        "zh": "星期二 02:00、室外 24 °C应为 12.0 kW，实测 31.2 kW",
    },
    "state": "open",
}


class Note(BaseModel):
    """Why somebody sets a finding's state."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "Reset it"}})
    note: str = Field(default="", max_length=2000)


def may_see(caller: Caller, finding: Finding) -> bool:
    """Whether a finding lies in the caller's scope: its node and its meter."""
    reach = caller.reach
    return finding.node in reach.scope.nodes and (
        not finding.meter or finding.meter in reach.meters or reach.scope.whole
    )


def finding_of(caller: Caller, id: str) -> Finding:
    """The finding, if it lies in the scope."""
    found = caller.platform.findings.get(id)
    if not may_see(caller, found):
        fix = "list what your key reaches at /v1/findings"
        raise Outside("no such finding in your scope", field="finding", value=id, fix=fix)
    return found


def find(
    caller: Caller,
    *,
    state: str | None = None,
    pattern: str | None = None,
    after: str | None = None,
    limit: int = 100,
    under: str | None = None,
) -> list[Finding]:
    """Findings of the scope, or of what it holds of one node's subtree, costliest first."""
    scope = caller.reach.scope
    nodes = None if scope.whole else scope.nodes
    if under is not None:
        nodes = caller.reach.registry.subtree(under) & scope.nodes
    return caller.platform.findings.list(
        None if scope.whole else frozenset(caller.reach.institutions),
        nodes=nodes,
        state=state,
        pattern=pattern,
        after=after,
        limit=limit,
    )


def set_state(caller: Caller, id: str, state: FindingState, note: str) -> Finding:
    """Set what people say of a finding, and leave a trace."""
    institution = finding_of(caller, id).institution
    now_us = caller.platform.now_us()
    changed = caller.platform.findings.set_state(
        id, state, by=caller.key.name, note=note, now_us=now_us
    )
    caller.trace(f"finding.{state}", id, note, institution)
    return changed


def finding_json(caller: Caller, finding: Finding) -> Json:
    """A finding as listed."""
    zone = caller.reach.registry.zone(finding.node)
    return {
        "id": finding.id,
        "institution": finding.institution,
        "node": finding.node,
        "meter": finding.meter,
        "item": finding.item,
        "pattern": finding.pattern,
        "start": iso(finding.start_us),
        "end": iso(finding.end_us),
        "evidence_hours": len(finding.hours_us),
        "unit": category(finding.item).unit,
        "waste": finding.waste_kwh,
        "waste_low": finding.waste_low_kwh,
        "waste_high": finding.waste_high_kwh,
        "cost": None if finding.cost is None else str(finding.cost),
        "currency": finding.currency,
        "costs": [
            {"currency": currency, "value": str(amount)} for currency, amount in finding.costs
        ],
        "kgco2": None if finding.kgco2 is None else str(finding.kgco2),
        "confidence": finding.confidence,
        "cause": finding.cause,
        "action": finding.action,
        "sentence": {lang: sentences.sentence(finding, zone, lang) for lang in ("en", "zh")},
        "state": str(finding.state),
        "state_by": finding.state_by,
        "state_note": finding.state_note,
        "state_at": iso(finding.state_us) if finding.state_us else None,
        "found_at": iso(finding.found_us) if finding.found_us else None,
    }


def detail_json(caller: Caller, finding: Finding) -> Json:
    """A finding with its evidence."""
    lineage = f"/v1/energy/lineage?meter={finding.meter}&item={finding.item}&time="
    return {
        **finding_json(caller, finding),
        "expected": finding.expected,
        "measured": finding.measured,
        "baseline_version": finding.baseline_version,
        "detail": finding.detail,
        "evidence": [
            {"time": iso(hour), "lineage": lineage + iso(hour)} for hour in finding.hours_us
        ],
        "hourly": [
            {"time": iso(at), "expected": expected, "measured": measured}
            for at, expected, measured in finding.hourly
        ],
    }


@router.get("/findings", responses=example({"data": [FINDING_EXAMPLE], "next": None}))
def findings(
    request: Request,
    response: Response,
    caller: Reader,
    state: Annotated[FindingState | None, Query()] = None,
    pattern: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Json:
    """Findings of the scope, costliest first."""
    place = paging.decode(cursor, str)
    after = finding_of(caller, place[0]).id if place else None
    found = find(caller, state=state, pattern=pattern, after=after, limit=limit + 1)
    page = found[:limit]
    following = paging.encode([page[-1].id]) if len(found) > limit else None
    return paging.answer(request, response, [finding_json(caller, f) for f in page], following)


@router.get("/findings/{id}", responses=example(FINDING_EXAMPLE))
def finding(id: str, caller: Reader) -> Json:
    """One finding with its evidence hours, its expected and measured series, and lineage."""
    return detail_json(caller, finding_of(caller, id))


@router.post("/findings/{id}/acknowledge", responses=example(FINDING_EXAMPLE))
def acknowledge(id: str, body: Note, caller: Operator) -> Json:
    """Somebody looks after it."""
    return finding_json(caller, set_state(caller, id, FindingState.ACKNOWLEDGED, body.note))


@router.post("/findings/{id}/resolve", responses=example(FINDING_EXAMPLE))
def resolve(id: str, body: Note, caller: Operator) -> Json:
    """It has been put right."""
    return finding_json(caller, set_state(caller, id, FindingState.RESOLVED, body.note))


@router.post("/findings/{id}/expect", responses=example(FINDING_EXAMPLE))
def expect(id: str, body: Note, caller: Operator) -> Json:
    """It is as it should be; the note says why."""
    return finding_json(caller, expected(caller, id, body.note))


def expected(caller: Caller, id: str, note: str) -> Finding:
    """Mark a finding as expected; that needs a reason."""
    if not note.strip():
        raise InvalidInput(
            "a reason is needed", field="note", value=note, fix="say why this use is expected"
        )
    return set_state(caller, id, FindingState.EXPECTED, note)
