"""Where a figure comes from: the meters that count into it, the readings at the edges of the
interval, and the messages that brought them."""

from __future__ import annotations

from dataclasses import dataclass

import figures
from api.caller import Caller
from api.usecases.energy import Step
from figures import Period, View
from metering.book import BookRow, SeriesKey
from metering.errors import NotFound
from metering.localtime import iso, local_day
from metering.reading import ReadingColumns
from metering.registry import Installation, Point

MOST_METERS = 200
MOST_READINGS = 500


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
