"""Energy per m2 of places, and beside it how irregularly each keeps its hours."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers.energy import IntensityAnswer, IntensityOfPlace
from api.auth import Reader
from api.decimals import exact, plain
from api.params import Code, JsonBody, Moment, example, written
from api.routes.energy import HEAD_EXAMPLE, SHARES_EXAMPLE, head_json, shares_json
from api.usecases.energy import days_of, series_of
from api.usecases.intensity import Intensity, intensities
from texts import both

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["energy"])

INTENSITY_EXAMPLE = {
    **HEAD_EXAMPLE,
    "data": [
        {
            "node": "office-a",
            "node_name": {"en": "Office A", "zh": "甲办公楼"},
            "area_m2": "12500",
            "energy": "41671.100000",
            "shares": SHARES_EXAMPLE,
            "per_m2": "3.333688",
            "irregularity": "0.041207",
            "irregularity_days": 28,
            "base_load": [
                *("18.204100", "18.310500", "18.266800", "18.295300", "18.251700"),
                *("12.118400", "12.094600"),
            ],
        }
    ],
    "left_out": 0,
}


@router.get(
    "/energy/intensity", response_model=IntensityAnswer, responses=example(INTENSITY_EXAMPLE)
)
def energy_intensity(
    caller: Reader,
    node: Annotated[str, Query(max_length=128)],
    item: Code = None,
    start: Annotated[str | None, Query(max_length=10, description="First local date")] = None,
    end: Annotated[str | None, Query(max_length=10, description="Local date, not included")] = None,
    as_of: Moment = None,
) -> Response:
    """Energy per m2 of a node and of the places right below it over the local days [start, end), 92
    at most, beside the index of schedule irregularity.

    `irregularity`, 0 to 1, is the part of a day's energy that is used at other hours than usual:
    the mean over `irregularity_days` days that are wholly measured by the hour, working days and
    days of rest each against their own median; null where fewer than five of a kind are known.
    `base_load` has, of Monday to Sunday, the median of the mean of each day's three least hours,
    per hour; null where fewer than three of these days are known.
    """
    key = series_of(caller, node, None, item)
    head, found = intensities(caller, key, days_of(caller, key, start, end), as_of)
    answer: IntensityAnswer = {
        **head_json(head),
        "data": [_place_json(one, key.item) for one in found.places],
        "left_out": found.left_out,
    }
    return written(answer)


def _place_json(one: Intensity, item: str) -> IntensityOfPlace:
    index = one.irregularity
    return {
        "node": one.place.code,
        "node_name": both(one.place.name),
        "area_m2": None if one.area_m2 is None else plain(one.area_m2),
        "energy": exact(one.period.amount, item),
        "shares": shares_json(one.period.shares.tolist()),
        "per_m2": None if one.per_m2 is None else plain(one.per_m2),
        "irregularity": None if index.value is None else plain(index.value),
        "irregularity_days": index.days,
        "base_load": [None if base is None else plain(base) for base in one.base_loads],
    }
