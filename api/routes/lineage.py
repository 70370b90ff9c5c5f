"""Where a figure comes from: the meters that count into it, the readings at the edges of the
interval, and the messages that brought them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

import figures
from api.auth import Reader
from api.caller import Caller
from api.params import Code, Json, example, instant
from api.routes.energy import Step, period_json, series_json, series_of, zone_of_series
from api.routes.readings import READING_EXAMPLE, reading_json
from figures import Period, View
from metering.book import BookRow, SeriesKey
from metering.errors import NotFound
from metering.items import category
from metering.localtime import iso, local_day
from metering.reading import ReadingColumns
from metering.registry import Installation, Point

router = APIRouter(prefix="/v1", tags=["energy"])

MOST_METERS = 200
MOST_READINGS = 500
ROW_EXAMPLE = {"day": "2026-11-24", "revision": 57, "registry_version": 4, "rules_version": 1}


@dataclass(frozen=True, eq=False)
class Source:
    """One installation's readings around an interval: last before, those inside, first after."""

    point: Point
    installation: Installation
    readings: ReadingColumns


@dataclass(frozen=True, eq=False)
class MeterTrace:
    """A meter's value in the interval and the readings it rests on."""

    meter: str
    value: Period | None
    rows: tuple[BookRow, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, eq=False)
class Trace:
    """A figure with the meters below it."""

    key: SeriesKey
    zone: str
    value: Period
    rows: tuple[BookRow, ...]
    """The book rows that hold it, by day."""
    meters: tuple[MeterTrace, ...]
    left_out: int
    """Meters beyond `MOST_METERS`."""


def trace(caller: Caller, key: SeriesKey, time_us: int, step: Step) -> Trace:
    """Follow the value that holds an instant down to readings."""
    with caller.view() as view:
        zone = view.zone(key)
        value = figures.at(view, key, time_us, str(step))
        if value is None:
            raise NotFound(
                "nothing is booked there",
                field="time",
                value=iso(time_us, zone),
                fix="choose a time that /v1/energy lists for this series",
            )
        rows = _rows_of(view, key, value)
        codes = _meters_of(caller, view, key, value)
        traces = [
            _trace_meter(caller, view, code, time_us, value, step) for code in codes[:MOST_METERS]
        ]
    return Trace(key, zone, value, rows, tuple(traces), max(0, len(codes) - MOST_METERS))


def _meters_of(caller: Caller, view: View, key: SeriesKey, value: Period) -> list[str]:
    if key.kind == "meter":
        return [key.code]
    day = local_day(value.start_us, view.zone(key))
    return [meter for meter in view.meters(key, day) if meter in caller.reach.meters]


def _rows_of(view: View, key: SeriesKey, value: Period) -> tuple[BookRow, ...]:
    zone = view.zone(key)
    days = local_day(value.start_us, zone), local_day(value.end_us - 1, zone)
    return tuple(view.rows(key, *days).values())


def _trace_meter(
    caller: Caller, view: View, code: str, time_us: int, value: Period, step: Step
) -> MeterTrace:
    registry = view.registry
    meter = registry.meters[code]
    key = SeriesKey(registry.institution(meter.node), "meter", code, meter.item)
    own = figures.at(view, key, time_us, str(step))
    start_us, end_us = (own or value).start_us, (own or value).end_us
    day = local_day(start_us, view.zone(key))
    sources = tuple(
        Source(caller.reach.points[one.point], one, _around(caller, one.point, start_us, end_us))
        for one in registry.installations_of(code)
        if one.valid.holds(day) and one.point in caller.reach.points
    )
    return MeterTrace(code, own, _rows_of(view, key, own or value), sources)


def _around(caller: Caller, point: int, start_us: int, end_us: int) -> ReadingColumns:
    readings = caller.platform.readings
    before = readings.before([point], start_us + 1, 1)
    inside = readings.after([point], start_us + 1, MOST_READINGS)
    inside = inside.take(inside.time_us < end_us)
    return ReadingColumns.concat([before, inside, readings.after([point], end_us, 1)])


@router.get(
    "/energy/lineage",
    responses=example(
        {
            "series": {"institution": "b", "kind": "meter", "code": "m", "item": "01B00"},
            "start": "2026-11-24T10:00:00+08:00",
            "end": "2026-11-24T11:00:00+08:00",
            "value": "12.000000",
            "rows": [ROW_EXAMPLE],
            "meters": [
                {
                    "meter": "m",
                    "rows": [ROW_EXAMPLE],
                    "sources": [{"point": 12, "readings": [READING_EXAMPLE]}],
                }
            ],
        }
    ),
)
def lineage(
    caller: Reader,
    time: Annotated[str, Query(max_length=40, description="An instant inside the interval")],
    node: Code = None,
    meter: Code = None,
    item: Code = None,
    step: Annotated[Step, Query()] = Step.HOUR,
) -> Json:
    """A value down to its meters, the readings around it, and their raw messages."""
    key = series_of(caller, node, meter, item)
    zone = zone_of_series(caller.reach.registry, key)
    found = trace(caller, key, instant(time, "time", zone), step)
    unit = category(key.item).unit
    return {
        "series": series_json(key),
        "unit": unit,
        **period_json(found.value, zone, key.item),
        "rows": _rows_json(found.rows),
        "meters": [
            {
                "meter": one.meter,
                **({} if one.value is None else period_json(one.value, zone, key.item)),
                "rows": _rows_json(one.rows),
                "sources": [_source_json(source) for source in one.sources],
            }
            for one in found.meters
        ],
        "left_out": found.left_out,
    }


def _source_json(source: Source) -> Json:
    return {
        "point": source.point.id,
        "name": source.point.name,
        "gateway": source.point.gateway,
        "ratio": str(source.installation.ratio),
        "register_unit": source.installation.register_unit,
        "readings": [reading_json(source.readings, i) for i in range(len(source.readings))],
    }


def _rows_json(rows: tuple[BookRow, ...]) -> list[Json]:
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
