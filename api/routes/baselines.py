"""Baselines: which meters are checked for waste, by which version, and a person's reason for a new
one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import paging
from api.auth import Operator, Reader
from api.caller import Caller
from api.paging import Cursor, Limit
from api.params import Code, Json, example, local_date
from metering.baseline import (
    LEAST_DAYS,
    BaselineProgress,
    BaselineRequest,
    BaselineVersion,
    is_checked,
    open_requests,
)
from metering.errors import InvalidInput
from metering.localtime import iso, local_day
from metering.registry import Meter, NodeType

router = APIRouter(prefix="/v1", tags=["baselines"])

WHY = "the canteen has a new kitchen"
VERSION_EXAMPLE = {
    "version": "2-9f0c1d2e3a4b",
    "number": 2,
    "made_at": "2026-10-29T02:10:00Z",
    "judges_from": "2026-10-29",
    "fitted_from": "2026-10-01",
    "fitted_to": "2026-10-28",
    "history_days": 28,
    "resolution": "compact",
    "cvrmse": 0.0714,
    "reason": "28 days",
    "made_by": "",
    "revision": 812,
    "hours_left_out": 21,
    "settings": "1f0b7a6c5d4e",
}
EXAMPLE = {
    "meter": "office-a-ac",
    "node": "office-a",
    "site": "campus",
    "item": "01B00",
    "state": "checked",
    "history_days": 28,
    "checked_from": "2026-10-15",
    "versions": [VERSION_EXAMPLE],
    "request": None,
}
RESOLUTIONS = ("plain", "compact", "full")
"""By rung: 48, 72 or 192 kinds of hour of the week."""


class Ask(BaseModel):
    """Why a meter's baseline is made anew, and from which local day on its hours count."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={"example": {"reason": WHY, "from": "2026-10-01"}},
    )
    reason: str = Field(max_length=2_000)
    from_day: str = Field(alias="from", max_length=10)


def checked_meters(caller: Caller) -> list[Meter]:
    """Meters of the scope in which waste is looked for, by code."""
    return [meter for _, meter in sorted(caller.reach.meters.items()) if is_checked(meter.item)]


def baselines_json(caller: Caller, meters: Sequence[Meter]) -> list[Json]:
    """Each meter's state, versions and open request."""
    kept, codes = caller.platform.baselines, [meter.code for meter in meters]
    versions: dict[str, list[BaselineVersion]] = defaultdict(list)
    for version in kept.versions(codes, models=False):
        versions[version.meter].append(version)
    noted = {one.meter: one for one in kept.progress(codes)}
    asked = open_requests(kept.requests(codes), [v for own in versions.values() for v in own])
    return [
        _meter_json(caller, meter, versions[meter.code], noted.get(meter.code), asked)
        for meter in meters
    ]


def unchecked(caller: Caller) -> tuple[int, date | None]:
    """How many meters of the scope are not checked yet, and the first day on which one of them
    will be; None where that cannot be said."""
    rows = [one for one in baselines_json(caller, checked_meters(caller)) if not _done(one)]
    days = [date.fromisoformat(one["checked_from"]) for one in rows if one["checked_from"]]
    return len(rows), min(days, default=None)


def ask(caller: Caller, code: str, reason: str, from_day: date) -> BaselineRequest:
    """Ask for a version fitted on a meter's hours from a day on, and leave a trace."""
    meter = caller.reach.meter(code)
    registry = caller.reach.registry
    today = local_day(caller.platform.now_us(), registry.zone(meter.node))
    if not is_checked(meter.item):
        raise InvalidInput(
            "waste is not looked for in this item",
            field="meter",
            value=f"{code} ({meter.item})",
            fix="name a meter of electricity",
        )
    if not reason.strip():
        raise InvalidInput(
            "a reason is needed", field="reason", value=reason, fix="say what changed"
        )
    if from_day >= today:
        raise InvalidInput(
            "the day is not over yet",
            field="from",
            value=from_day.isoformat(),
            fix=f"name a day before {today.isoformat()}: the first on which the new use is normal",
        )
    now_us, institution = caller.platform.now_us(), registry.institution(meter.node)
    wanted = BaselineRequest(institution, code, from_day, reason.strip(), str(caller.actor), now_us)
    kept = caller.platform.baselines.ask(wanted)
    caller.trace("baseline.ask", f"{code} from {from_day.isoformat()}", reason.strip(), institution)
    return kept


@router.get("/baselines", responses=example({"data": [EXAMPLE], "next": None}))
def baselines(
    request: Request,
    response: Response,
    caller: Reader,
    state: Annotated[Literal["checked", "not_checked"] | None, Query()] = None,
    node: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Json:
    """Meters of the scope in which waste is looked for, by code. One without a version is not
    checked: fewer than 14 days of its hours are known."""
    meters = checked_meters(caller)
    if node is not None:
        below = caller.reach.registry.subtree(caller.reach.node(node).code)
        meters = [meter for meter in meters if meter.node in below]
    place = paging.decode(cursor, str)
    if state is None:
        page, following = paging.cut(meters, lambda meter: (meter.code,), place, limit)
        return paging.answer(request, response, baselines_json(caller, page), following)
    rows = [one for one in baselines_json(caller, meters) if one["state"] == state]
    some, following = paging.cut(rows, lambda row: (row["meter"],), place, limit)
    return paging.answer(request, response, some, following)


@router.get("/baselines/{meter}", responses=example(EXAMPLE))
def baseline(meter: str, caller: Reader) -> Json:
    """One meter's state, versions and open request."""
    return baselines_json(caller, [caller.reach.meter(meter)])[0]


@router.post("/baselines/{meter}", status_code=202, responses={202: example(EXAMPLE)[200]})
def ask_for_baseline(meter: str, body: Ask, caller: Operator) -> Json:
    """Ask for a version fitted on the hours from a day on, with the reason.

    The look for waste makes it as soon as 14 days are known since that day; until then, and for
    all hours before, the version that stands goes on. Hours of open cases are not fitted: mark a
    case as expected where its use is normal now. A later request takes the place of an open one.
    """
    ask(caller, meter, body.reason, local_date(body.from_day, "from"))
    return baselines_json(caller, [caller.reach.meter(meter)])[0]


def _done(row: Json) -> bool:
    return bool(row["state"] == "checked")


def _meter_json(
    caller: Caller,
    meter: Meter,
    versions: Sequence[BaselineVersion],
    noted: BaselineProgress | None,
    asked: dict[str, BaselineRequest],
) -> Json:
    days = 0 if noted is None else noted.days
    ready = noted.ready if noted is not None and noted.days else None
    request = asked.get(meter.code)
    return {
        "meter": meter.code,
        "node": meter.node,
        "site": _site(caller, meter),
        "item": meter.item,
        "state": "checked" if versions else "not_checked",
        "history_days": versions[-1].days if versions else days,
        "checked_from": _day(versions[0].day if versions else ready),
        "versions": [_version_json(one) for one in versions],
        "request": None if request is None else _request_json(request),
    }


def _site(caller: Caller, meter: Meter) -> str:
    """The site that the meter stands on; '' where there is none."""
    registry = caller.reach.registry
    places = [meter.node, *registry.ancestors(meter.node)]
    return next((one for one in places if registry.nodes[one].type is NodeType.SITE), "")


def _version_json(version: BaselineVersion) -> dict[str, Any]:
    return {
        "version": version.name,
        "number": version.number,
        "made_at": iso(version.made_us),
        "judges_from": version.day.isoformat(),
        "fitted_from": version.first_day.isoformat(),
        "fitted_to": version.last_day.isoformat(),
        "history_days": version.days,
        "resolution": RESOLUTIONS[version.rung],
        "cvrmse": version.error,
        "reason": version.reason,
        "made_by": version.actor,
        "revision": version.revision,
        "hours_left_out": version.left_out,
        "settings": version.settings,
    }


def _request_json(request: BaselineRequest) -> dict[str, Any]:
    return {
        "from": request.from_day.isoformat(),
        "reason": request.reason,
        "asked_by": request.actor,
        "asked_at": iso(request.at_us),
        "made_not_before": (request.from_day + timedelta(days=LEAST_DAYS)).isoformat(),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
