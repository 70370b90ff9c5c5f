"""What is to be mended, in the visitor's language, and what a change would move."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from api.page.places import places
from api.page.visit import Visit
from api.repairs_said import next_step, sentence, title
from api.usecases.repairs import (
    Checked,
    CheckState,
    MendingDone,
    MendingKind,
    RecomputingAsked,
    Repair,
    RepairSeverity,
    RepairSubject,
    check_all,
    recomputing,
)
from metering.access import Role
from metering.localtime import local_day
from texts import word

MOST_TOLD = 20
"""Repairs of one check that the page lists; all are counted."""
WAYS = {
    "dead_letters": "/dead-letters",
    "unregistered_points": "/gateways",
    "gateway_clock": "/gateways",
    "quarantined": "/gateways",
    "incomplete": "/latest",
    "no_account": "/bills",
}
"""Where more is told of what a check found."""


def repairs(visit: Visit) -> dict[str, Any]:
    """Checks by what is at stake; those that are fine or were not checked by name alone."""
    checked = check_all(visit.caller)
    language = visit.language
    return {
        "groups": [
            (word("repair_severity", severity, language), str(severity), rows)
            for severity in RepairSeverity
            if (rows := [_check(visit, one) for one in checked if _is_told(one, severity)])
        ],
        "fine": _names(checked, CheckState.FINE, language),
        "not_checked": _names(checked, CheckState.NOT_CHECKED, language),
        "found": sum(len(one.found.repairs) for one in checked),
        "may_recompute": visit.caller.may(Role.OPERATE),
        "places": places(visit),
        "today": _today(visit).isoformat(),
        "month": (_today(visit) - timedelta(days=28)).isoformat(),
    }


def _is_told(one: Checked, severity: RepairSeverity) -> bool:
    return bool(one.found.repairs) and one.check.severity is severity


def _names(checked: list[Checked], state: CheckState, language: str) -> list[str]:
    return [title(one.check.name, language) for one in checked if one.found.state is state]


def _today(visit: Visit) -> date:
    return local_day(visit.caller.platform.now_us(), visit.zone)


def _check(visit: Visit, one: Checked) -> dict[str, Any]:
    name, found = one.check.name, one.found.repairs
    return {
        "check": name,
        "title": title(name, visit.language),
        "way": WAYS.get(name, ""),
        "count": len(found),
        "more": max(0, len(found) - MOST_TOLD),
        "rows": [_repair(visit, name, repair) for repair in found[:MOST_TOLD]],
    }


def _repair(visit: Visit, check: str, repair: Repair) -> dict[str, Any]:
    mending = repair.mending
    return {
        "name": _name(visit, repair),
        "code": repair.code,
        "text": sentence(check, repair, visit.language),
        "fix": next_step(check, repair, visit.language),
        "is_row": mending is not None and mending.kind is MendingKind.ROW,
        "button": ""
        if mending is None or not _may(visit, mending.kind)
        else word("mending", mending.kind, visit.language),
    }


def _may(visit: Visit, kind: MendingKind) -> bool:
    caller = visit.caller
    if kind is MendingKind.ROW:
        return caller.may(Role.ADMIN) and caller.reach.scope.whole
    return caller.may(Role.ADMIN if kind is MendingKind.APPROVE else Role.OPERATE)


def _name(visit: Visit, repair: Repair) -> str:
    """What people call it; its code where it has no name."""
    registry, language = visit.caller.reach.registry, visit.language
    if repair.subject is RepairSubject.PLACE and repair.code in registry.nodes:
        return registry.nodes[repair.code].name(language)
    if repair.subject is RepairSubject.METER and repair.code in registry.meters:
        return registry.meters[repair.code].name(language)
    if repair.subject is RepairSubject.GATEWAY and repair.code in registry.gateways:
        return registry.gateways[repair.code].name(language)
    return str(repair.said.get("name", repair.code))


def change(shown: MendingDone, check: str, code: str) -> dict[str, Any]:
    """What changing a row would move, before it is changed."""
    proposal = shown.done.proposal if shown.done else None
    changes = proposal.changes if proposal else ()
    return {
        "check": check,
        "code": code,
        "columns": [
            (column, (one.old or {}).get(column, ""), value)
            for one in changes
            for column, value in (one.new or {}).items()
            if (one.old or {}).get(column, "") != value
        ],
        "months": sorted(
            {
                f"{first:%Y-%m}"
                for one in (proposal.past if proposal else ())
                for _, first in one.months
            }
        ),
    }


def progress(visit: Visit, asked: RecomputingAsked) -> dict[str, Any]:
    """How far a computation is."""
    now = recomputing(visit.caller, asked)
    return {
        "node": asked.code,
        "first": asked.first.isoformat(),
        "last": asked.last.isoformat(),
        "meters": now.meters,
        "waiting": now.waiting,
    }
