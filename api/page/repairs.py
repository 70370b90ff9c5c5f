"""What is to be mended, in the visitor's language, and what a change would move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from api.page import formats
from api.page.places import places
from api.page.setup import preview
from api.page.setup_fields import SetupFields, told_of
from api.page.visit import Visit
from api.repairs_said import next_step, sentence, title
from api.usecases.repairs import (
    Checked,
    CheckState,
    Mending,
    MendingDone,
    MendingKind,
    Recomputing,
    RecomputingAsked,
    Repair,
    RepairSeverity,
    RepairSubject,
    check_all,
    moved,
    recomputations,
    recomputing,
)
from api.usecases.setting_up import FieldProblem
from metering.access import Role
from metering.errors import InvalidFiles, InvalidInput
from metering.localtime import local_day
from metering.registry.things import thing_id
from texts import word

MOST_TOLD = 20
"""Repairs of one check that the page lists; all are counted."""
MOST_MOVED = 50
"""Meters that it lists of those that were computed again and have moved."""
ASKED = "v."
"""Before the name of a column that a person is asked for."""
WAYS = {
    "dead_letters": "/dead-letters",
    "unregistered_points": "/gateways",
    "gateway_clock": "/gateways",
    "quarantined": "/gateways",
    "incomplete": "/latest",
    "no_account": "/bills",
    "gateway_refused": "/gateways",
    "gateway_silent": "/gateways",
    "gateway_revoked": "/gateways",
    "gateway_held": "/gateways",
    "gateway_gaps": "/gateways",
    "gateway_never_heard": "/gateways",
    "gateway_without_points": "/gateways",
    "point_silent": "/latest",
    "unit_of_total": "/setup/points",
    "unit_by_area": "/setup/points",
    "total_smaller_than_parts": "/setup/meters",
    "register_resets": "/setup/points",
    "never_moves": "/setup/points",
    "no_register": "/setup/points",
    "no_meter": "/setup/meters",
    "no_outdoor_temperature": "/setup/points",
    "centre_without_ends": "/setup/meters",
}
"""Where more is told of what a check found."""
OF_ITS_GATEWAY = {"point_silent", "no_time"}
"""What is seen to at the gateway of a point."""
OF_ITS_REGISTER = {
    *("never_moves", "register_resets", "runs_backwards", "unit_by_area", "no_digits"),
    *("calibration_expired", "calibration_ends"),
}
"""What is seen to at the register of a meter, where it has one."""


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
        "registered": bool(visit.caller.reach.scope.nodes),
        "fine": _names(checked, CheckState.FINE, language),
        "not_checked": _names(checked, CheckState.NOT_CHECKED, language),
        "found": sum(len(one.found.repairs) for one in checked),
        "may_recompute": visit.caller.may(Role.OPERATE),
        "computed": [_computation(visit, one) for one in recomputations(visit.caller)],
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
        "rows": [
            _repair(visit, name, repair, which)
            for repair, which in zip(found[:MOST_TOLD], _which(found), strict=False)
        ],
    }


def _which(found: Iterable[Repair]) -> Iterator[int]:
    """Of each repair, how many of its code come before it."""
    seen: Counter[str] = Counter()
    for one in found:
        yield seen[one.code]
        seen[one.code] += 1


def _repair(visit: Visit, check: str, repair: Repair, which: int) -> dict[str, Any]:
    mending = repair.mending
    return {
        "name": _name(visit, repair),
        "code": repair.code,
        "way": way_of(visit, check, repair),
        "which": which,
        "text": sentence(check, repair, visit.language),
        "fix": next_step(check, repair, visit.language),
        "asks_at": "" if mending is None else _asks_at(visit, check, repair, which, mending.kind),
        "button": ""
        if mending is None or not _may(visit, mending.kind)
        else word("mending", mending.kind, visit.language),
    }


def _asks_at(visit: Visit, check: str, repair: Repair, which: int, kind: MendingKind) -> str:
    """Link to what shows a mending and asks for its reason first; '' where it is done at once."""
    if kind is MendingKind.END_KEY:
        return way_of(visit, check, repair)
    if kind is not MendingKind.ROW:
        return ""
    return f"/repairs/change?{urlencode({'check': check, 'code': repair.code, 'which': which})}"


def _may(visit: Visit, kind: MendingKind) -> bool:
    caller = visit.caller
    if kind is MendingKind.ROW:
        return caller.may(Role.ADMIN) and caller.reach.scope.whole
    if kind is MendingKind.END_KEY:
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


def way_of(visit: Visit, check: str, repair: Repair) -> str:
    """Link to the very thing: the page of a gateway or a key, else for whoever sets up the form of
    the place, the meter or the point; '' where there is none."""
    reach, subject = visit.caller.reach, repair.subject
    if subject is RepairSubject.GATEWAY and repair.code in reach.gateways:
        return f"/gateways/{repair.code}"
    if subject is RepairSubject.PLATFORM and repair.code.startswith("key "):
        return f"/keys/{repair.code.removeprefix('key ')}"
    point = str(repair.said.get("point", repair.code if subject is RepairSubject.POINT else ""))
    gateway, _, name = point.rpartition("/")
    if check in OF_ITS_GATEWAY and gateway in reach.gateways:
        return f"/gateways/{gateway}"
    if not (visit.caller.may(Role.ADMIN) and reach.scope.whole):
        return ""
    if subject is RepairSubject.POINT:
        return _form_of("points", gateway, name)
    if subject is RepairSubject.METER and check in OF_ITS_REGISTER:
        own = reach.registry.installations_of(repair.code)
        points = {one.point for one in own} & reach.points.keys()
        if len(points) == 1:
            found = reach.points[points.pop()]
            return _form_of("points", found.gateway, found.name)
    if subject is RepairSubject.METER:
        return _form_of("meters", repair.code)
    return _form_of("tree", repair.code) if subject is RepairSubject.PLACE else ""


def _form_of(stem: str, *key: str) -> str:
    """Link to the form of what is registered under a key."""
    return f"/setup/{stem}/row?row={thing_id(f'{stem}.csv', key)}"


@dataclass(frozen=True)
class ChangeShown:
    """A change of the registry that mends something, as the page shows it."""

    check: str
    code: str
    which: int
    mending: Mending
    values: Mapping[str, str]
    """Of what is asked."""
    done: MendingDone | None = None
    """What it would do; None before anything is said."""
    error: InvalidInput | InvalidFiles | None = None


def change(visit: Visit, shown: ChangeShown) -> dict[str, Any]:
    """What is asked first, and what changing the rows would move, before they are changed."""
    told = SetupFields(visit, shown.mending.file)
    problems = _problems(shown)
    proposal = shown.done.done.proposal if shown.done and shown.done.done else None
    return {
        "check": shown.check,
        "code": shown.code,
        "which": shown.which,
        "fields": [
            told.field(one, _value(shown, one), (-1, problems), fixed=False)
            | {"name": f"{ASKED}{one}"}
            for one in shown.mending.asks
        ],
        "elsewhere": [
            told_of(one, visit.language) for one in problems if one.column not in shown.mending.asks
        ],
        "said": [(f"{ASKED}{one}", value) for one, value in shown.values.items()],
        "lists": told.lists(),
        "preview": preview(visit, proposal) if proposal else None,
    }


def _value(shown: ChangeShown, column: str) -> str:
    return shown.values.get(column, shown.mending.rows[shown.mending.at or 0][column])


def _problems(shown: ChangeShown) -> list[FieldProblem]:
    if isinstance(shown.error, InvalidFiles):
        return [
            FieldProblem(-1, one.field, one.value, one.problem, one.fix)
            for one in shown.error.problems
        ]
    if shown.error is not None:
        one = shown.error
        return [FieldProblem(-1, one.field or "", str(one.value), one.message, one.fix or "")]
    return []


def progress(visit: Visit, asked: RecomputingAsked) -> dict[str, Any]:
    """How far a computation is, and what has moved since it was asked for."""
    now = recomputing(visit.caller, asked)
    found = moved(visit.caller, now)
    known = visit.caller.reach.registry.meters
    return {
        **_computation(visit, now),
        "reason": now.entry.reason if now.entry and visit.caller.may(Role.ADMIN) else "",
        "moved": [
            {
                "name": known[one.meter].name(visit.language),
                "days": one.days,
                "before": formats.amount(one.before, one.item),
                "after": formats.amount(one.after, one.item),
            }
            for one in found.meters[:MOST_MOVED]
        ],
        "moved_count": len(found.meters),
        "left_out": found.left_out + len(found.meters[MOST_MOVED:]),
    }


def _computation(visit: Visit, now: Recomputing) -> dict[str, Any]:
    asked, registry = now.asked, visit.caller.reach.registry
    of = {"node": asked.node} if asked.meter is None else {"meter": asked.meter}
    thing = registry.meters[asked.code] if asked.meter else registry.nodes[asked.code]
    days = {"first": asked.first.isoformat(), "last": asked.last.isoformat()}
    return {
        "name": thing.name(visit.language),
        **days,
        "link": f"/repairs/progress?{urlencode({**of, **days})}",
        "meters": len(now.meters),
        "days": now.days,
        "days_done": now.days_done,
        "waiting": now.waiting,
        "when": "" if now.entry is None else formats.minute(now.entry.at_us, visit.zone),
    }
