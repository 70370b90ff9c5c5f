"""The data centre's ratios of energies, each with cover, category and boundary."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.answers.energy import DatacentreAnswer, DaysAnswer, RatioAnswer, RoleAnswer
from api.auth import Reader
from api.decimals import exact, plain
from api.params import Moment, example
from api.usecases.datacentre import UNIT_ITEM, days_asked, ratios_of
from figures import RATIOS, Ratio, RoleSum
from metering.quality import WHOLE

router = APIRouter(prefix="/v1", tags=["energy"])

RATIO_EXAMPLE = {
    "name": "utility_per_it",
    "value": "1.578947",
    "above": "30240.000000",
    "above_role": "utility",
    "below": "19152.000000",
    "below_role": "it",
    "cover": 0.9583,
    "category": 3,
    "boundary": "dc",
    "period": {"start": "2026-11-17", "end": "2026-11-24"},
}
DATACENTRE_EXAMPLE = {
    "node": "dc",
    "unit": "kWh",
    "zone": "Asia/Shanghai",
    "start": "2026-11-17",
    "end": "2026-11-24",
    "revision": 57,
    "registry_version": 12,
    "ratios": [RATIO_EXAMPLE],
    "roles": [{"role": "utility", "value": "31556.000000", "amount": 31556000000, "cover": 1.0}],
}


@router.get("/datacentre", responses=example(DATACENTRE_EXAMPLE))
def datacentre(
    caller: Reader,
    node: Annotated[str, Query(max_length=128)],
    start: Annotated[str | None, Query(max_length=10, description="First local date")] = None,
    end: Annotated[str | None, Query(max_length=10, description="Local date, not included")] = None,
    as_of: Moment = None,
) -> DatacentreAnswer:
    """Ratios and energies by role over local days [start, end); the last seven full days if no
    range is asked.

    A ratio is of energies over the time in which both are wholly known: `above` over `below`,
    exact, in `unit`. `cover` is that time as a fraction of the time asked; `value` is null where
    it is below 0.95. `category` says where the IT energy is measured (ISO/IEC 30134-2),
    `boundary` names the node whose meters with a role, there and below, are taken. Over less
    than twelve months `utility_per_it` is an interim ratio. The energy of a role is that of the
    time in which all its meters are known; `cover` says how much of it that is.
    """
    code = caller.reach.node(node).code
    first, last = days_asked(caller, code, start, end)
    told = ratios_of(caller, code, first, last, as_of)
    return {
        "node": code,
        "unit": "kWh",
        "zone": told.zone,
        **_period(first, last),
        "revision": told.revision,
        "registry_version": told.registry_version,
        "ratios": [_ratio_json(one, first, last) for one in told.ratios],
        "roles": [_role_json(one) for one in told.roles],
    }


def _period(first: date, last: date) -> DaysAnswer:
    return {"start": first.isoformat(), "end": (last + timedelta(days=1)).isoformat()}


def _ratio_json(ratio: Ratio, first: date, last: date) -> RatioAnswer:
    over, under = RATIOS[ratio.name]
    return {
        "name": ratio.name,
        "value": None if ratio.value is None else plain(ratio.value),
        "above": exact(ratio.above, UNIT_ITEM),
        "above_role": over,
        "below": exact(ratio.below, UNIT_ITEM),
        "below_role": under,
        "cover": ratio.cover / WHOLE,
        "category": ratio.category,
        "boundary": ratio.boundary,
        "period": _period(first, last),
    }


def _role_json(one: RoleSum) -> RoleAnswer:
    return {
        "role": one.role,
        "value": exact(one.amount, UNIT_ITEM),
        "amount": one.amount,
        "cover": one.cover / WHOLE,
    }
