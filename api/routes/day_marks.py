"""Marks of the day: what was unusual today and the day before, and is no case."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api import paging, sentences
from api.answers.common import PageAnswer
from api.answers.findings import DayMarkAnswer
from api.auth import Reader
from api.caller import Caller
from api.paging import Cursor, Limit
from api.params import Code, JsonBody, example
from api.usecases.day_marks import day_marks
from metering.day_mark import DayMark, place_of_mark
from metering.localtime import iso
from metering.units import BOOK_UNITS
from texts import both

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["findings"])

MARK_EXAMPLE = {
    "institution": "bureau",
    "node": "office-a",
    "meter": "office-a-ac",
    "item": "01B00",
    "day": "2026-11-24",
    "start": "2026-11-24T06:00:00Z",
    "end": "2026-11-24T09:00:00Z",
    "side": "above",
    "unit": "kWh",
    "measured": 69.0,
    "usual_low": 23.0,
    "usual_high": 31.0,
    "beyond": 38.0,
    "score": 9.4,
    "baseline_version": "2-9f0c1d2e3a4b",
    "vanishes_at": "2026-11-25T16:00:00Z",
    "sentence": {
        "en": "Tuesday 14:00 to 17:00: 69.0 kWh, "
        "38.0 kWh more than in the last 60 days (23.0 to 31.0)",
        "zh": "星期二 14:00至17:00：69.0 kWh，比近60天同类时段（23.0至31.0）多 38.0 kWh",
    },
}


@router.get("/marks", responses=example({"data": [MARK_EXAMPLE], "next": None}))
def marks(
    request: Request,
    response: Response,
    caller: Reader,
    node: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[DayMarkAnswer]:
    """Hours of today and of the day before in which meters of the scope, or of a node's subtree,
    were far outside of what such hours were in 60 days; what is farthest beyond comes first. They
    are no cases, and vanish when the day after theirs is over."""
    if node is not None:
        node = caller.reach.node(node).code
    place = paging.decode(cursor, int, str, int)
    after = (place[0], place[1], place[2]) if place else None
    found = day_marks(caller, node, after=after, limit=limit + 1)
    page = found[:limit]
    following = paging.encode(list(place_of_mark(page[-1]))) if len(found) > limit else None
    return paging.answer(request, response, [_mark_json(caller, one) for one in page], following)


def _mark_json(caller: Caller, mark: DayMark) -> DayMarkAnswer:
    """A mark with its energy in the unit of its item."""
    zone, unit = caller.reach.registry.zone(mark.node), BOOK_UNITS[mark.unit]
    return {
        "institution": mark.institution,
        "node": mark.node,
        "meter": mark.meter,
        "item": mark.item,
        "day": mark.day.isoformat(),
        "start": iso(mark.start_us),
        "end": iso(mark.end_us),
        "side": "above" if mark.above else "below",
        "unit": mark.unit,
        "measured": mark.measured / unit.per_canonical,
        "usual_low": mark.low / unit.per_canonical,
        "usual_high": mark.high / unit.per_canonical,
        "beyond": mark.beyond / unit.per_canonical,
        "score": mark.score,
        "baseline_version": mark.baseline_version,
        "vanishes_at": iso(mark.until_us),
        "sentence": both(lambda language: sentences.of_mark(mark, zone, language), ("en", "zh")),
    }
