"""Settlement runs: how well a period is known, and what was told otherwise since the run before."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers.closings import SettledItemAnswer, SettlementRunAnswer, SettlementRunsAnswer
from api.auth import Operator, Reader
from api.decimals import exact
from api.params import JsonBody, example, refuses, written
from api.usecases.settlements import runs_of, settle
from metering import items
from metering.localtime import iso
from metering.quality import NAMES, WHOLE
from metering.settlement import SettledItem, SettlementRun
from reports import as_table

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["closings"])

RUN_EXAMPLE = {
    "institution": "bureau",
    "period": "2026-10",
    "run": 2,
    "first": "2026-10-01",
    "through": "2026-10-31",
    "revision": 812,
    "registry_version": 7,
    "run_at": "2026-11-05T01:20:00Z",
    "run_by": "energy office (k-3f)",
    "items": [
        {
            "item": "01000",
            "unit": "kWh",
            "total": "12412.300200",
            "measured": "12300.300200",
            "apportioned": "112.000000",
            "estimated": "0.000000",
            "shares": {"measured": 0.98, "apportioned": 0.01, "estimated": 0.0, "missing": 0.01},
            "restated_net": "3.000000",
            "restated": "5.000000",
            "money": {"CNY": "8463.2"},
            "kgco2": "6662.0",
            "money_change": {"CNY": "1.9"},
            "kgco2_change": "1.6",
            "edits": [],
        }
    ],
}


class PeriodToSettle(BaseModel):
    """A period to look at."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"institution": "bureau", "period": "2026-10"}},
    )
    institution: str = Field(max_length=128)
    period: str = Field(max_length=10, description="YYYY-MM, YYYY-Q1 to YYYY-Q4, or YYYY")


@router.post(
    "/settlements",
    status_code=201,
    responses={201: example(RUN_EXAMPLE)[200], **refuses(409)},
)
def run(body: PeriodToSettle, caller: Operator) -> SettlementRunAnswer:
    """Look at the settled days of a period of an institution that the key reaches all of, and keep
    what is found: energy by its quality, shares of the time, money and carbon, and what the days of
    the run before come to otherwise, with the prices and factors that were edited. 409 where
    another run was made meanwhile."""
    return _run_json(settle(caller, body.institution, body.period))


@router.get(
    "/settlements",
    response_model=SettlementRunsAnswer,
    responses={
        200: {
            "description": "The runs",
            "content": {
                "application/json": {"example": {"data": [RUN_EXAMPLE]}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    },
)
def settlements(
    caller: Reader,
    institution: Annotated[str, Query(max_length=128)],
    period: Annotated[str | None, Query(max_length=10)] = None,
    format: Literal["json", "csv"] = "json",
) -> Response:
    """Settlement runs of an institution that the key reaches all of, oldest first; as CSV a line
    for each item."""
    found = runs_of(caller, institution, period)
    if format == "csv":
        return Response(as_table(found), media_type="text/csv; charset=utf-8")
    return written({"data": [_run_json(one) for one in found]})


def _run_json(one: SettlementRun) -> SettlementRunAnswer:
    return {
        "institution": one.institution,
        "period": one.period,
        "run": one.number,
        "first": one.first.isoformat(),
        "through": one.through.isoformat(),
        "revision": one.revision,
        "registry_version": one.registry_version,
        "run_at": iso(one.run_us),
        "run_by": one.run_by,
        "items": [_item_json(item) for item in one.items],
    }


def _item_json(one: SettledItem) -> SettledItemAnswer:
    return {
        "item": one.item,
        "unit": items.category(one.item).unit,
        "total": exact(one.amount, one.item),
        "measured": exact(one.measured, one.item),
        "apportioned": exact(one.apportioned, one.item),
        "estimated": exact(one.estimated, one.item),
        "shares": {name: share / WHOLE for name, share in zip(NAMES, one.shares, strict=True)},
        "restated_net": exact(one.restated_net, one.item),
        "restated": exact(one.restated, one.item),
        "money": dict(one.money),
        "kgco2": one.kgco2,
        "money_change": None if one.money_change is None else dict(one.money_change),
        "kgco2_change": one.kgco2_change,
        "edits": list(one.edits),
    }
