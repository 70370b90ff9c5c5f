"""Where a figure comes from, told down to raw messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers.energy import (
    BookRowAnswer,
    LineageAnswer,
    MeterTraceAnswer,
    SourceAnswer,
)
from api.auth import Reader
from api.params import Code, example, written
from api.ranges import instant
from api.routes.energy import SHARES_EXAMPLE, period_json, series_json
from api.routes.readings import READING_EXAMPLE, reading_json
from api.usecases.energy import Step, series_of, zone_of_series
from api.usecases.lineage import MeterTrace, Source, trace
from metering.book import BookRow
from metering.items import category

router = APIRouter(prefix="/v1", tags=["energy"])

ROW_EXAMPLE = {"day": "2026-11-24", "revision": 57, "registry_version": 4, "rules_version": 1}
SPAN_EXAMPLE = {
    "start": "2026-11-24T10:00:00+08:00",
    "end": "2026-11-24T11:00:00+08:00",
    "value": "12.000000",
    "amount": 12000000,
    "shares": SHARES_EXAMPLE,
    "provisional": True,
}
SOURCE_EXAMPLE = {
    "point": 12,
    "name": "E1.import",
    "gateway": "campus/gw-1",
    "ratio": "40",
    "register_unit": "kWh",
    "readings": [READING_EXAMPLE],
}
LINEAGE_EXAMPLE = {
    "series": {"institution": "b", "kind": "meter", "code": "m", "item": "01B00"},
    "unit": "kWh",
    **SPAN_EXAMPLE,
    "rows": [ROW_EXAMPLE],
    "meters": [
        {"meter": "m", **SPAN_EXAMPLE, "rows": [ROW_EXAMPLE], "sources": [SOURCE_EXAMPLE]},
    ],
    "left_out": 0,
}


@router.get(
    "/energy/lineage",
    response_model=LineageAnswer,
    responses=example(LINEAGE_EXAMPLE),
)
def lineage(
    caller: Reader,
    time: Annotated[str, Query(max_length=40, description="An instant inside the interval")],
    node: Code = None,
    meter: Code = None,
    item: Code = None,
    step: Annotated[Step, Query()] = Step.HOUR,
) -> Response:
    """A value down to its meters, the readings around it, and their raw messages."""
    key = series_of(caller, node, meter, item)
    zone = zone_of_series(caller.reach.registry, key)
    found = trace(caller, key, instant(time, "time", zone), step)
    unit = category(key.item).unit
    answer: LineageAnswer = {
        "series": series_json(key),
        "unit": unit,
        **period_json(found.value, zone, key.item),
        "rows": _rows_json(found.rows),
        "meters": [_meter_json(one, zone, key.item) for one in found.meters],
        "left_out": found.left_out,
    }
    return written(answer)


def _meter_json(trace: MeterTrace, zone: str, item: str) -> MeterTraceAnswer:
    rows = _rows_json(trace.rows)
    sources = [_source_json(source) for source in trace.sources]
    if trace.value is None:
        return {"meter": trace.meter, "rows": rows, "sources": sources}
    value = period_json(trace.value, zone, item)
    return {"meter": trace.meter, **value, "rows": rows, "sources": sources}


def _source_json(source: Source) -> SourceAnswer:
    return {
        "point": source.point.id,
        "name": source.point.name,
        "gateway": source.point.gateway,
        "ratio": str(source.installation.ratio),
        "register_unit": source.installation.register_unit,
        "readings": [reading_json(source.readings, i) for i in range(len(source.readings))],
    }


def _rows_json(rows: tuple[BookRow, ...]) -> list[BookRowAnswer]:
    """What wrote each row: a revision of the books, under a version of the registry (0: from
    before rows named it) and of the booking rules."""
    return [
        {
            "day": row.day.isoformat(),
            "revision": row.revision,
            "registry_version": row.registry,
            "rules_version": row.rules,
        }
        for row in rows
    ]
