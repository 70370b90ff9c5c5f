"""The digest of a week: what was found and is not worth a morning."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.answers.findings import AccountAnswer, DigestAnswer
from api.auth import Reader
from api.params import Code, JsonBody, example
from api.routes.findings import FINDING_EXAMPLE, cases_json
from api.usecases.digests import AccountState, digest

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["findings"])

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
            "allowed": 12,
            "told": 12,
        }
    ],
    "data": [{**FINDING_EXAMPLE, "told": "digest"}],
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
    all lists, as they stand now, with the sums over all and what a year of those that run costs."""
    if node is not None:
        node = caller.reach.node(node).code
    found = digest(caller, week, node)
    return {
        "week": found.week,
        "first_day": found.first_day.isoformat(),
        "last_day": found.last_day.isoformat(),
        "count": found.count,
        "energy": [{"unit": unit, "value": value} for unit, value in found.sums.energy],
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
        "allowed": one.allowed,
        "told": one.told,
    }
