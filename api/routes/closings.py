"""Closed periods: said to hold by a person, and reopened by two.

POST /v1/closings                               close a month, quarter or year
GET  /v1/closings, /v1/closings/{name}          listed; one with what became of its days
POST /v1/closings/{name}/reopening              ask for it, with a reason
POST /v1/closings/{name}/reopening/confirmation another key confirms it
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.answers.closings import (
    ClosingAnswer,
    ClosingsAnswer,
    EditAnswer,
    SignedAnswer,
    SinceAnswer,
    SumAnswer,
    ToldClosingAnswer,
    WorthSinceAnswer,
)
from api.auth import Closer, Reader
from api.decimals import exact, plain
from api.params import Code, JsonBody, example, refuses
from api.usecases.closings import ask_to_reopen, close, listed, reopen, told
from metering import items
from metering.closing import Closing, Signed
from metering.localtime import iso
from reports import Aftermath, ClosedSum, DaySince, RegistryEdit, WorthSince, money_changes

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["closings"])

MOST_LISTED: Final = 5_000
"""Restatements of one answer; all are counted and summed."""
WHY: Final = "the meter of the north wing was out for two weeks"
CLOSING_EXAMPLE = {
    "closing": "c7",
    "institution": "bureau",
    "period": "2026-10",
    "state": "closed",
    "revision": 812,
    "registry_version": 7,
    "rules_version": 4,
    "factor_set": "5f1a22c09b7d4e10",
    "tariff_version": "c09b7d4e105f1a22",
    "lacking": [],
    "issues": {"2026-10": 1},
    "closed": {"at": "2026-11-05T01:20:00Z", "by": "energy office (k-3f)", "reason": ""},
    "asked": None,
    "reopened": None,
}
SINCE_EXAMPLE = {
    "kind": "node",
    "code": "office-a",
    "item": "01000",
    "day": "2026-10-15",
    "unit": "kWh",
    "old": "412.300200",
    "new": "415.300200",
    "change": "3.000000",
    "causes": ["reading"],
}
EDIT_EXAMPLE = {
    "kind": "tariff",
    "key": "tou 01000 months 1,2,3,4,5,6,7,8,9,10,11,12 all 08:00-22:00",
    "what": "changed",
    "old": {"period": "peak", "price": "0.98", "currency": "CNY"},
    "new": {"period": "peak", "price": "1.05", "currency": "CNY"},
    "registry_version": 8,
    "at": "2026-11-09T02:00:00Z",
    "by": "energy office (k-3f)",
    "reason": "the price list of October came late",
}
SUM_EXAMPLE = {
    "item": "01000",
    "unit": "kWh",
    "closed": {"value": "12412.300200", "money": {"CNY": "8461.3"}, "kgco2": "6660.4"},
    "present": {"value": "12415.300200", "money": {"CNY": "8463.2"}, "kgco2": "6662.0"},
}

FIGURE_EXAMPLE = {
    "code": "office-a",
    **SUM_EXAMPLE,
    "month": "2026-10",
    "money_change": {"CNY": "1.9"},
    "kgco2_change": "1.6",
    "restated": 1,
    "edits": [EDIT_EXAMPLE],
}


class PeriodToClose(BaseModel):
    """A period that is to hold."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"institution": "bureau", "period": "2026-10"}},
    )
    institution: str = Field(max_length=128)
    period: str = Field(max_length=10, description="YYYY-MM, YYYY-Q1 to YYYY-Q4, or YYYY")
    reason: str = Field("", max_length=2_000, description="Needed where an item is not complete")


class ReasonToReopen(BaseModel):
    """Why a period is to be reopened."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": WHY}})
    reason: str = Field(max_length=2_000)


def closing_json(one: Closing) -> ClosingAnswer:
    """A closing as listed."""
    return {
        "closing": one.name,
        "institution": one.institution,
        "period": one.period,
        "state": str(one.state),
        "revision": one.revision,
        "registry_version": one.registry_version,
        "rules_version": one.rules_version,
        "factor_set": one.factor_set,
        "tariff_version": one.tariff_version,
        "lacking": list(one.lacking),
        "issues": dict(one.issues),
        "closed": _signed(one.closed),
        "asked": None if one.asked is None else _signed(one.asked),
        "reopened": None if one.reopened is None else _signed(one.reopened),
    }


@router.post(
    "/closings",
    status_code=201,
    responses={201: example(CLOSING_EXAMPLE)[200], **refuses(409)},
)
def close_period(body: PeriodToClose, caller: Closer) -> ClosingAnswer:
    """Close a month, quarter or year of an institution that the key reaches all of.

    It pins the revision of the books and the version of the registry, marks its days as told and
    keeps the issue of each month's report. Refused where it has not ended (422), while its days are
    not settled or readings of them are being booked (409), where an item is known for less than
    90 % of the time and no reason is given (422), and where it is closed (409).
    """
    return closing_json(close(caller, body.institution, body.period, body.reason))


@router.get("/closings", responses=example({"data": [CLOSING_EXAMPLE]}))
def closings(caller: Reader, institution: Code = None) -> ClosingsAnswer:
    """Closings of an institution, or of all that the key reaches something of, oldest first."""
    return {"data": [closing_json(one) for one in listed(caller, institution)]}


@router.get(
    "/closings/{name}",
    responses=example(
        {
            **CLOSING_EXAMPLE,
            "restated": 1,
            "restatements": [SINCE_EXAMPLE],
            "left_out": 0,
            "revalued": 1,
            "figures": [FIGURE_EXAMPLE],
            "figures_left_out": 0,
            "sums": [SUM_EXAMPLE],
        }
    ),
)
def closing(
    name: str,
    caller: Reader,
    limit: Annotated[int, Query(ge=0, le=MOST_LISTED)] = 500,
) -> ToldClosingAnswer:
    """A closing and what became of its days since: each day of each series that is told otherwise,
    with its causes; each figure (place, item, month) that is worth otherwise, with the prices and
    factors that were edited; and the sums of the institution as closed and as they stand now.

    The key must reach the whole institution. `restated` and `revalued` count all, `left_out` and
    `figures_left_out` those beyond `limit`.
    """
    found, since = told(caller, name)
    return _aftermath(found, since, limit)


@router.post("/closings/{name}/reopening", responses={**example(CLOSING_EXAMPLE), **refuses(409)})
def ask(name: str, body: ReasonToReopen, caller: Closer) -> ClosingAnswer:
    """Ask for a closing to be reopened, with a reason; a key of another name confirms it. 409
    where somebody asked before."""
    return closing_json(ask_to_reopen(caller, name, body.reason))


@router.post(
    "/closings/{name}/reopening/confirmation",
    responses={**example(CLOSING_EXAMPLE), **refuses(409)},
)
def confirm(name: str, caller: Closer) -> ClosingAnswer:
    """Reopen a closing that a key of another name asked for: its period may be closed again. What
    it pinned is kept and can be asked for. 403 for the key that asked and for any of its name, as
    a rotated one is; 409 where nobody did."""
    return closing_json(reopen(caller, name))


def _signed(one: Signed) -> SignedAnswer:
    return {"at": iso(one.at_us), "by": one.by, "reason": one.reason}


def _aftermath(one: Closing, found: Aftermath, limit: int) -> ToldClosingAnswer:
    return {
        **closing_json(one),
        "restated": len(found.restatements),
        "restatements": [_since(one) for one in found.restatements[:limit]],
        "left_out": max(0, len(found.restatements) - limit),
        "revalued": len(found.figures),
        "figures": [_figure(one) for one in found.figures[:limit]],
        "figures_left_out": max(0, len(found.figures) - limit),
        "sums": [
            {
                "item": one.item,
                "unit": items.category(one.item).unit,
                "closed": _sum(one.item, one.closed),
                "present": _sum(one.item, one.present),
            }
            for one in found.sums
        ],
    }


def _since(one: DaySince) -> SinceAnswer:
    old, new, item = one.old_total, one.new_total, one.key.item
    return {
        "kind": one.key.kind,
        "code": one.key.code,
        "item": item,
        "day": one.day.isoformat(),
        "unit": items.category(item).unit,
        "old": exact(old, item),
        "new": exact(new, item),
        "change": None if old is None or new is None else exact(new - old, item),
        "causes": list(one.causes),
    }


def _figure(one: WorthSince) -> WorthSinceAnswer:
    item, old, new = one.key.item, one.closed.kgco2, one.present.kgco2
    return {
        "code": one.key.code,
        "item": item,
        "unit": items.category(item).unit,
        "month": f"{one.first:%Y-%m}",
        "closed": _sum(item, one.closed),
        "present": _sum(item, one.present),
        "money_change": {name: plain(amount) for name, amount in money_changes(one).items()},
        "kgco2_change": None if old is None or new is None else plain(new - old),
        "restated": one.restated,
        "edits": [_edit(edit) for edit in one.edits],
    }


def _edit(one: RegistryEdit) -> EditAnswer:
    return {
        "kind": one.kind,
        "key": one.key,
        "what": one.what,
        "old": one.old,
        "new": one.new,
        "registry_version": one.version,
        "at": iso(one.at_us),
        "by": one.by,
        "reason": one.reason,
    }


def _sum(item: str, one: ClosedSum) -> SumAnswer:
    return {
        "value": exact(one.amount, item),
        "money": {currency: plain(amount) for currency, amount in one.money},
        "kgco2": None if one.kgco2 is None else plain(one.kgco2),
    }
