"""The digest of a week, what was found and is not worth a morning; and how much is."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.answers.findings import AccountAnswer, BudgetAnswer, DigestAnswer
from api.auth import Admin, Reader
from api.params import WRITTEN, Code, JsonBody, example, refuses
from api.routes.findings import FINDING_EXAMPLE, cases_json
from api.usecases.alert_budgets import set_budget
from api.usecases.digests import AccountState, digest
from metering.registry.facts.alert_budgets import MOST
from metering.registry.proposal import MAX_REASON

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["findings"])

ENERGY_DIGITS = 6
"""Decimals of a sum of energies: books count no finer."""
DIGEST_EXAMPLE = {
    "week": "2026-W46",
    "first_day": "2026-11-09",
    "last_day": "2026-11-15",
    "count": 1,
    "energy": [{"unit": "kWh", "value": 134.4}],
    "costs": [{"currency": "CNY", "value": "96.77"}],
    "kgco2": "72.1",
    "a_year": [{"currency": "CNY", "value": "2522.93"}],
    "accounts": [
        {
            "institution": "bureau",
            "node": "campus",
            "meters": 12,
            "per_meter_year": "1",
            "dear_a_year": None,
            "allowed": 12,
            "told": 12,
        }
    ],
    "data": [{**FINDING_EXAMPLE, "told": "digest"}],
}


PerMeterYear = Annotated[Decimal, Field(ge=0, le=MOST, max_digits=7, decimal_places=4), WRITTEN]
DearAYear = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=2), WRITTEN]


class BudgetWish(BaseModel):
    """How many new cases a place is told of at once, from today on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"per_meter_year": 0.5, "dear_a_year": 5000, "reason": ""}},
    )
    per_meter_year: PerMeterYear
    dear_a_year: DearAYear | None = None
    reason: str = Field(default="", max_length=MAX_REASON)


BUDGET_EXAMPLE = {
    "node": "campus",
    "per_meter_year": "0.5",
    "dear_a_year": "5000",
    "from": "2026-11-24",
    "to": None,
}


@router.post("/nodes/{code}/alert-budget", responses={**example(BUDGET_EXAMPLE), **refuses(409)})
def set_alert_budget(code: str, body: BudgetWish, caller: Admin) -> BudgetAnswer:
    """Set what a place of the scope, and all below it that has no budget of its own, is told of at
    once from today on; what was decided on earlier days stays so."""
    made = set_budget(caller, code, body.per_meter_year, body.dear_a_year, body.reason)
    end = made.valid.end
    return {
        "node": made.node,
        "per_meter_year": str(made.per_meter_year),
        "dear_a_year": None if made.dear_a_year is None else str(made.dear_a_year),
        "from": made.valid.first.isoformat(),
        "to": None if end is None else end.isoformat(),
    }


@router.get("/digest", responses=example(DIGEST_EXAMPLE))
def digest_of_week(
    caller: Reader,
    week: Annotated[
        str | None,
        Query(max_length=10, description="Such as 2026-W48; the present one where none is named"),
    ] = None,
    node: Code = None,
) -> DigestAnswer:
    """Cases that were found in a week beyond the budget of their place: up to 200 in the order of
    all lists, as they stand now, with the sums over all, and what it costs a year to ignore those
    that run."""
    if node is not None:
        node = caller.reach.node(node).code
    found = digest(caller, week, node)
    return {
        "week": found.week,
        "first_day": found.first_day.isoformat(),
        "last_day": found.last_day.isoformat(),
        "count": found.count,
        "energy": [
            {"unit": unit, "value": round(value, ENERGY_DIGITS)}
            for unit, value in found.sums.energy
        ],
        "costs": [{"currency": name, "value": str(one)} for name, one in found.sums.money],
        "kgco2": None if found.sums.kgco2 is None else str(found.sums.kgco2),
        "a_year": [{"currency": name, "value": str(one)} for name, one in found.a_year],
        "accounts": [_account_json(one) for one in found.accounts],
        "data": cases_json(caller, found.cases),
    }


def _account_json(one: AccountState) -> AccountAnswer:
    """What a place was told of in a year."""
    return {
        "institution": one.institution,
        "node": one.place,
        "meters": one.meters,
        "per_meter_year": str(one.per_meter_year),
        "dear_a_year": None if one.dear_a_year is None else str(one.dear_a_year),
        "allowed": one.allowed,
        "told": one.told,
    }
