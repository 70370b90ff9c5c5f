"""Baselines: which meters are checked for waste, by which version, and a person's reason for a new
one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import paging
from api.answers.common import PageAnswer
from api.answers.findings import BaselineAnswer, RequestAnswer, VersionAnswer
from api.auth import Operator, Reader
from api.paging import Cursor, Limit
from api.params import Code, JsonBody, example
from api.ranges import local_date
from api.usecases.baselines import MeterBaselines, ask, baselines_of, checked_meters
from metering.baseline import LEAST_DAYS, BaselineRequest, BaselineVersion
from metering.localtime import iso

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["baselines"])

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


@router.get("/baselines", responses=example({"data": [EXAMPLE], "next": None}))
def baselines(
    request: Request,
    response: Response,
    caller: Reader,
    state: Annotated[Literal["checked", "not_checked"] | None, Query()] = None,
    node: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[BaselineAnswer]:
    """Meters of the scope in which waste is looked for, by code. One without a version is not
    checked: fewer than 14 days of its hours are known."""
    meters = checked_meters(caller)
    if node is not None:
        below = caller.reach.registry.subtree(caller.reach.node(node).code)
        meters = [meter for meter in meters if meter.node in below]
    place = paging.decode(cursor, str)
    if state is None:
        page, following = paging.cut(meters, lambda meter: (meter.code,), place, limit)
        rows = [_meter_json(one) for one in baselines_of(caller, page)]
        return paging.answer(request, response, rows, following)
    wanted = [one for one in baselines_of(caller, meters) if _state(one) == state]
    some, following = paging.cut(wanted, lambda one: (one.meter.code,), place, limit)
    return paging.answer(request, response, [_meter_json(one) for one in some], following)


@router.get("/baselines/{meter}", responses=example(EXAMPLE))
def baseline(meter: str, caller: Reader) -> BaselineAnswer:
    """One meter's state, versions and open request."""
    return _meter_json(baselines_of(caller, [caller.reach.meter(meter)])[0])


@router.post("/baselines/{meter}", status_code=202, responses={202: example(EXAMPLE)[200]})
def ask_for_baseline(meter: str, body: Ask, caller: Operator) -> BaselineAnswer:
    """Ask for a version fitted on the hours from a day on, with the reason.

    The look for waste makes it as soon as 14 days are known since that day; until then, and for
    all hours before, the version that stands goes on. Hours of open cases are not fitted: mark a
    case as expected where its use is normal now. A later request takes the place of an open one.
    """
    ask(caller, meter, body.reason, local_date(body.from_day, "from"))
    return _meter_json(baselines_of(caller, [caller.reach.meter(meter)])[0])


def _meter_json(one: MeterBaselines) -> BaselineAnswer:
    return {
        "meter": one.meter.code,
        "node": one.meter.node,
        "site": one.site,
        "item": one.meter.item,
        "state": _state(one),
        "history_days": one.history_days,
        "checked_from": _day(one.checked_from),
        "versions": [_version_json(version) for version in one.versions],
        "request": None if one.request is None else _request_json(one.request),
    }


def _state(one: MeterBaselines) -> str:
    return "checked" if one.checked else "not_checked"


def _version_json(version: BaselineVersion) -> VersionAnswer:
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


def _request_json(request: BaselineRequest) -> RequestAnswer:
    return {
        "from": request.from_day.isoformat(),
        "reason": request.reason,
        "asked_by": request.actor,
        "asked_at": iso(request.at_us),
        "made_not_before": (request.from_day + timedelta(days=LEAST_DAYS)).isoformat(),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
