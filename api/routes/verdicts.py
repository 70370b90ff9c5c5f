"""Verdicts of days: whether a place used what it should have, fair to the weather."""

from __future__ import annotations

from math import isnan
from typing import Annotated

from fastapi import APIRouter, Query

from analytics import DayVerdict
from api.answers.verdicts import DayVerdictAnswer, VerdictsAnswer
from api.auth import Reader
from api.params import JsonBody, example
from api.routes.energy import HEAD_EXAMPLE, head_json
from api.usecases.energy import days_of, series_of
from api.usecases.verdicts import verdicts

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["findings"])

ENERGY_DIGITS, SHARE_DIGITS = 6, 4
VERDICTS_EXAMPLE = {
    **HEAD_EXAMPLE,
    "data": [
        {
            "day": "2026-11-23",
            "verdict": "above",
            "lack": None,
            "measured": 4690.2,
            "expected": 4215.7,
            "expected_low": 3990.1,
            "expected_high": 4441.3,
            "complete": 0.9896,
            "judged": 0.93,
            "meters": 4,
            "meters_judged": 3,
        }
    ],
}


@router.get("/verdicts", responses=example(VERDICTS_EXAMPLE))
def day_verdicts(
    caller: Reader,
    node: Annotated[str, Query(max_length=128)],
    start: Annotated[str | None, Query(max_length=10, description="First local date")] = None,
    end: Annotated[str | None, Query(max_length=10, description="Local date, not included")] = None,
) -> VerdictsAnswer:
    """Whether a place used the electricity that it should have, on the local days [start, end) that
    are over, 92 at most.

    What each hour should have been is said by the frozen baselines of the meters that the place is
    the sum of, at the weather that there was; `measured` and `expected` are over the same hours.
    `verdict` is `within`, `above` or `below` the interval from `expected_low` to `expected_high`;
    `not_checked` where `lack` says so: `nothing_booked`, `no_baseline`, `partly_judged` (less than
    half of the energy), `incomplete` (less than 0.9).
    """
    key = series_of(caller, node, None, None)
    head, found = verdicts(caller, key, days_of(caller, key, start, end))
    return {**head_json(head), "data": [_day_json(one) for one in found]}


def _day_json(one: DayVerdict) -> DayVerdictAnswer:

    def energy(value: float) -> float | None:
        known = one.meters_judged > 0 and not isnan(value)
        return round(value, ENERGY_DIGITS) if known else None

    return {
        "day": one.day.isoformat(),
        "verdict": str(one.verdict),
        "lack": None if one.lack is None else str(one.lack),
        "measured": energy(one.measured),
        "expected": energy(one.expected),
        "expected_low": energy(one.low),
        "expected_high": energy(one.high),
        "complete": round(one.complete, SHARE_DIGITS),
        "judged": round(one.judged, SHARE_DIGITS),
        "meters": one.meters,
        "meters_judged": one.meters_judged,
    }
