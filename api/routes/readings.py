"""Readings as reported, each with its place in the journal."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from api import paging
from api.answers.readings import (
    CountAnswer,
    PointHeadAnswer,
    PointReadingAnswer,
    ReadingAnswer,
    ReadingsAnswer,
)
from api.auth import Reader
from api.caller import Caller
from api.paging import Cursor, Limit
from api.params import Code, End, Start, example
from api.ranges import check_order, instant
from api.usecases.readings import clock_repairs, counts_by_gateway, zone_of_point
from metering.clock_repair import ClockRepair, reported_us
from metering.localtime import HOUR_US, iso
from metering.reading import Flag, ReadingColumns
from metering.registry import Point

router = APIRouter(prefix="/v1", tags=["readings"])

READING_EXAMPLE = {
    "time": "2026-11-24T08:15:00Z",
    "value": 10234.52,
    "flag": 0,
    "lineage": {"segment": 16777217, "offset": 2731, "index": 0},
    "message": "/v1/messages/16777217/2731",
}

READINGS_EXAMPLE = {
    "point": 12,
    "name": "E1.import",
    "gateway": "campus/gw-1",
    "unit": "kWh",
    "data": [{**READING_EXAMPLE, "reported": None}],
    "next": None,
}


def said_value(rows: ReadingColumns, i: int) -> float | None:
    """What was read; None of what was taken back, which is stored as 0."""
    return None if int(rows.flag[i]) & Flag.WITHDRAWN else float(rows.value[i])


def reading_json(rows: ReadingColumns, i: int) -> ReadingAnswer:
    """One reading with its lineage."""
    segment, offset = int(rows.segment[i]), int(rows.offset[i])
    return {
        "time": iso(int(rows.time_us[i])),
        "value": said_value(rows, i),
        "flag": int(rows.flag[i]),
        "lineage": {"segment": segment, "offset": offset, "index": int(rows.index[i])},
        "message": f"/v1/messages/{segment}/{offset}",
    }


@router.get("/readings/count", responses=example({"stored": 120_000, "gateways": {"s/g": 120_000}}))
def count(caller: Reader, gateway: Code = None) -> CountAnswer:
    """How many unique (point, time) are stored in the scope, in all and by gateway."""
    counts = counts_by_gateway(caller, gateway)
    return {"stored": counts.total(), "gateways": dict(counts)}


@router.get(
    "/points/{id}/readings",
    responses=example(READINGS_EXAMPLE),
)
def readings(
    id: int,
    request: Request,
    response: Response,
    caller: Reader,
    start: Start = None,
    end: End = None,
    limit: Limit = 500,
    cursor: Cursor = None,
) -> ReadingsAnswer:
    """Readings of a point with start <= time < end, oldest first; the last day by default.
    `reported` is the time that the gateway gave where its clock was repaired."""
    point = caller.reach.point(id)
    start_us, end_us = _range(caller, point, start, end)
    place = paging.decode(cursor, int)
    begin_us = max(start_us, place[0] + 1) if place else start_us
    rows = _rows(caller, point, begin_us, end_us, limit + 1)
    repairs = clock_repairs(caller, point, rows)
    page = [_point_reading_json(rows, i, repairs) for i in range(min(limit, len(rows)))]
    more = len(rows) > limit
    following = paging.encode([int(rows.time_us[limit - 1])]) if more else None
    head: PointHeadAnswer = {
        "point": id,
        "name": point.name,
        "gateway": point.gateway,
        "unit": point.unit,
    }
    return {**head, **paging.answer(request, response, page, following)}


def _point_reading_json(
    rows: ReadingColumns, i: int, repairs: Sequence[ClockRepair]
) -> PointReadingAnswer:
    moved = int(rows.flag[i]) & Flag.CLOCK_REPAIRED
    reported = iso(reported_us(repairs, int(rows.time_us[i]))) if moved else None
    return {**reading_json(rows, i), "reported": reported}


def _rows(caller: Caller, point: Point, start_us: int, end_us: int, most: int) -> ReadingColumns:
    """The first readings of [start, end), of the time in which the point is reached."""
    found, left = [ReadingColumns.empty()], most
    for first, last in caller.reach.point_spans(point):
        start, end = max(start_us, first), min(end_us, last)
        if left > 0 and start < end:
            rows = caller.platform.readings.after([point.id], start, left)
            found.append(rows.take(rows.time_us < end))
            left -= len(found[-1])
    return ReadingColumns.concat(found)


def _range(caller: Caller, point: Point, start: str | None, end: str | None) -> tuple[int, int]:
    zone = zone_of_point(caller, point)
    end_us = caller.platform.now_us() + HOUR_US if end is None else instant(end, "end", zone)
    start_us = end_us - 25 * HOUR_US if start is None else instant(start, "start", zone)
    check_order(start, end, start_us < end_us)
    return start_us, end_us
