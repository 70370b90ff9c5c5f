"""Cases: what wastes energy or measures wrongly, ranked by what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import paging, sentences
from api.answers.common import PageAnswer
from api.answers.findings import (
    AmountAnswer,
    BesideAnswer,
    CaseAnswer,
    CaseDetailAnswer,
    CaseEventAnswer,
    RankAnswer,
    SavingAnswer,
    ToldAnswer,
    WasteAnswer,
)
from api.auth import Reader
from api.caller import Caller
from api.paging import Cursor, Limit
from api.params import Code, JsonBody, example
from api.usecases.alerts import told_of_each
from api.usecases.case_acts import events_of
from api.usecases.findings import CasesWanted, beside_in, case_of, find, parts_of, told
from metering.alerting import WhyTold
from metering.case_life import CaseEvent, is_snoozed
from metering.case_worth import rank_of
from metering.evidence import carbon_of, money_of
from metering.finding import BesideMeter, Case, CaseState, Finding, Sums
from metering.items import category
from metering.localtime import iso
from metering.saving import Saving
from metering.units import BOOK_UNITS
from texts import both

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["findings"])

FINDING_EXAMPLE = {
    "id": "17",
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
    "state": "acknowledged",
    "state_by": "energy office",
    "state_note": "The schedule is looked at",
    "state_at": "2026-11-11T01:30:00Z",
    "closed": "",
    "part_of": None,
    "found_at": "2026-11-11T00:10:00Z",
    "assignee": "",
    "snoozed_until": None,
    "relapses": 0,
    "saving": None,
    "rank": {"by": "cost", "unit": "CNY", "runs": True, "amount": 2522.93, "value": 2447.24},
    "told": "budget",
    "so_far": {
        "en": "since November 10, 134 kWh, CNY 96.8",
        "zh": "自11月10日起累计 134 kWh、96.8 元",
    },
}
TOLD_EXAMPLE = {
    "day": "2026-11-11",
    "found_at": "2026-11-11T00:10:00Z",
    "revision": 57,
    "baseline_version": "2-9f0c1d2e3a4b",
    **{
        name: FINDING_EXAMPLE[name]
        for name in (
            *("start", "end", "evidence_hours", "unit", "waste", "waste_low", "waste_high"),
            *("cost", "currency", "costs", "kgco2"),
        )
    },
}
DETAIL_EXAMPLE = {
    **FINDING_EXAMPLE,
    "expected": 84000000,
    "measured": 218400000,
    "book_unit": "mWh",
    "baseline_version": "2-9f0c1d2e3a4b",
    "detail": {"expected": 12.0, "measured": 31.2, "unit": "kW", "temperature_c": 24},
    "evidence": [
        {
            "time": "2026-11-10T14:00:00Z",
            "lineage": "/v1/energy/lineage?meter=office-a-ac&item=01B00&time=2026-11-10T14:00:00Z",
        }
    ],
    "hourly": [{"time": "2026-11-10T14:00:00Z", "expected": 12.0, "measured": 31.2}],
    "beside": [
        {
            "meter": "office-a-gas",
            "item": "03000",
            "unit": "m3",
            "evidence_hours": 240,
            "value": -31.5,
            "value_low": -58.0,
            "value_high": -5.0,
            "costs": [{"currency": "CNY", "value": "-110.25"}],
            "kgco2": "-68.1",
            "baseline_version": "4-1a2b3c4d5e6f",
            "lineage": "/v1/energy/lineage?meter=office-a-gas&item=03000&time=",
        }
    ],
    "net_costs": [{"currency": "CNY", "value": "90.15"}],
    "history": [TOLD_EXAMPLE],
    "life": [
        {
            "at": "2026-11-11T01:30:00Z",
            "by": "energy office",
            "act": "state",
            "old": "open",
            "new": "acknowledged",
            "comment": "The schedule is looked at",
            "assignee": "",
        }
    ],
}


class CaseKind(StrEnum):
    """What cases are about."""

    WASTE = "waste"
    FAULT = "fault"


def cases_json(caller: Caller, cases: Sequence[Case]) -> list[CaseAnswer]:
    """Cases as listed, each with what was found last."""
    outer = parts_of(caller, cases)
    told = told_of_each(caller, cases, caller.platform.now_us())
    return [_case_json(caller, one, outer.get(one.number), told[one.number]) for one in cases]


def case_json(caller: Caller, case: Case) -> CaseAnswer:
    """A case by itself, as listed."""
    return cases_json(caller, [case])[0]


def _case_json(caller: Caller, case: Case, part_of: int | None, why: WhyTold) -> CaseAnswer:
    finding, now_us = case.evidence, caller.platform.now_us()
    zone = caller.reach.registry.zone(finding.node)
    return {
        "id": case.id,
        "institution": finding.institution,
        "node": finding.node,
        "meter": finding.meter,
        "item": finding.item,
        "pattern": finding.pattern,
        **_worth_json(finding),
        "confidence": finding.confidence,
        "cause": finding.cause,
        "action": finding.action,
        "sentence": both(
            lambda language: sentences.sentence(finding, zone, language), ("en", "zh")
        ),
        "state": str(case.state),
        "state_by": case.state_by,
        "state_note": case.state_note,
        "state_at": iso(case.state_us) if case.state_us else None,
        "closed": case.closed,
        "part_of": None if part_of is None else str(part_of),
        "found_at": iso(case.opened_us) if case.opened_us else None,
        "assignee": case.assignee,
        "snoozed_until": iso(case.snoozed_us) if is_snoozed(case, now_us) else None,
        "relapses": case.relapses,
        "saving": None if case.saving is None else _saving_json(case.saving, finding.unit),
        "rank": _rank_json(case, now_us),
        "told": str(why),
        "so_far": both(
            lambda language: sentences.so_far(case, zone, language, now_us), ("en", "zh")
        ),
    }


def _rank_json(case: Case, now_us: int) -> RankAnswer:
    rank = rank_of(case, now_us)
    return {
        "by": rank.by.word,
        "unit": rank.unit,
        "runs": rank.runs,
        "amount": rank.amount,
        "value": rank.value,
    }


def _saving_json(saving: Saving, unit: str) -> SavingAnswer:
    """What putting it right saved, in the unit of the waste, a day and in all."""
    return {
        "verdict": str(saving.verdict),
        "first_day": saving.first_day.isoformat(),
        "last_day": saving.last_day.isoformat(),
        "days": saving.days,
        "known": saving.known,
        "unit": unit,
        "before": saving.before,
        "saved": saving.saved,
        "saved_low": saving.saved_low,
        "saved_high": saving.saved_high,
        "total": saving.total,
        "money": saving.money or None,
        "currency": saving.currency,
    }


def _worth_json(finding: Finding) -> WasteAnswer:
    """Span, waste, money and carbon of a finding."""
    return {
        "start": iso(finding.start_us),
        "end": iso(finding.end_us),
        "evidence_hours": len(finding.hours_us),
        "unit": category(finding.item).unit,
        "waste": finding.waste,
        "waste_low": finding.waste_low,
        "waste_high": finding.waste_high,
        "cost": None if finding.cost is None else str(finding.cost),
        "currency": finding.currency,
        "costs": _amounts_json(finding.costs),
        "kgco2": None if finding.kgco2 is None else str(finding.kgco2),
    }


def _amounts_json(sums: Sums) -> list[AmountAnswer]:
    return [{"currency": currency, "value": str(amount)} for currency, amount in sums]


def _beside_json(one: BesideMeter) -> BesideAnswer:
    """What another medium took meanwhile."""
    kgco2 = carbon_of(one.hours)
    return {
        "meter": one.meter,
        "item": one.item,
        "unit": one.unit,
        "evidence_hours": len(one.hours),
        "value": one.waste,
        "value_low": one.waste - one.half,
        "value_high": one.waste + one.half,
        "costs": _amounts_json(money_of(one.hours)),
        "kgco2": None if kgco2 is None else str(kgco2),
        "baseline_version": one.baseline_version,
        "lineage": f"/v1/energy/lineage?meter={one.meter}&item={one.item}&time=",
    }


def detail_json(caller: Caller, case: Case) -> CaseDetailAnswer:
    """A case with its evidence, and the findings by which it was told."""
    finding = case.evidence
    beside = beside_in(caller, finding)
    lineage = f"/v1/energy/lineage?meter={finding.meter}&item={finding.item}&time="
    return {
        **case_json(caller, case),
        "expected": finding.expected,
        "measured": finding.measured,
        "book_unit": BOOK_UNITS[finding.unit].name,
        "baseline_version": finding.baseline_version,
        "detail": finding.detail,
        "evidence": [
            {"time": iso(hour), "lineage": lineage + iso(hour)} for hour in finding.hours_us
        ],
        "hourly": [
            {"time": iso(at), "expected": expected, "measured": measured}
            for at, expected, measured in finding.hourly
        ],
        "beside": [_beside_json(one) for one in beside.meters],
        "net_costs": _amounts_json(beside.net),
        "history": [_told_json(one) for one in told(caller, case)],
        "life": [_event_json(one) for one in events_of(caller, case)],
    }


def _event_json(event: CaseEvent) -> CaseEventAnswer:
    """What somebody, or the platform, did with a case."""
    return {
        "at": iso(event.at_us),
        "by": event.actor,
        "act": str(event.act),
        "old": event.old,
        "new": event.new,
        "comment": event.comment,
        "assignee": str(event.detail.get("assignee", "")),
    }


def _told_json(finding: Finding) -> ToldAnswer:
    """One of the findings by which a case was told."""
    return {
        "day": finding.day.isoformat(),
        "found_at": iso(finding.found_us) if finding.found_us else None,
        "revision": finding.revision,
        "baseline_version": finding.baseline_version,
        **_worth_json(finding),
    }


@router.get("/findings", responses=example({"data": [FINDING_EXAMPLE], "next": None}))
def findings(
    request: Request,
    response: Response,
    caller: Reader,
    state: Annotated[CaseState | None, Query()] = None,
    pattern: Code = None,
    snoozed: Annotated[bool | None, Query(description="Only those put off now, or not")] = None,
    told: Annotated[
        bool | None, Query(description="Only those told at once, or those that wait for a digest")
    ] = None,
    kind: Annotated[
        CaseKind | None,
        Query(description="Waste alone, or what wastes nothing, as meter faults"),
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[CaseAnswer]:
    """Cases of the scope: what runs by what a year of it costs, what has ended by what it has cost,
    times the confidence; `rank` of each says so. What wastes nothing comes last."""
    place = paging.decode(cursor, str, int)
    after, now_us = (case_of(caller, place[0]).id, place[1]) if place else (None, None)
    now_us = caller.platform.now_us() if now_us is None else now_us
    wastes = None if kind is None else kind is CaseKind.WASTE
    wanted = CasesWanted(state, pattern, snoozed=snoozed, wastes=wastes, told=told)
    found = find(caller, wanted, after=after, limit=limit + 1, now_us=now_us)
    page = found[:limit]
    following = paging.encode([page[-1].id, now_us]) if len(found) > limit else None
    return paging.answer(request, response, cases_json(caller, page), following)


@router.get("/findings/{id}", responses=example(DETAIL_EXAMPLE))
def finding(id: str, caller: Reader) -> CaseDetailAnswer:
    """One case: its evidence hours, expected and measured, lineage, and all that was told of it."""
    return detail_json(caller, case_of(caller, id))
