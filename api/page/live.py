"""What has just come in: the newest readings message by message, and the newest refusals."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.page import formats
from api.page.visit import Visit
from api.usecases.messages import dead_gateways
from api.usecases.readings import zone_of_point
from metering.errors import NotFound
from metering.intake import DeadLetter
from metering.reading import ReadingColumns
from metering.registry import Point
from texts import said, word

MESSAGES = 6
REFUSED = 3
LOOKED_AT = 400
"""Newest readings among which messages are looked for."""


def live(visit: Visit) -> dict[str, Any]:
    """Both lists, newest first."""
    rows = newest(visit, LOOKED_AT)
    letters = visit.caller.platform.intake.dead_letters(dead_gateways(visit.caller), limit=REFUSED)
    return {
        "readings": _messages(visit, rows),
        "refused": [_refusal(visit, letter) for letter in letters],
    }


def newest(visit: Visit, limit: int) -> ReadingColumns:
    """The latest reading of each point, the newest of these first."""
    reach = visit.caller.reach
    points = list(reach.points.values())
    if not points:
        return ReadingColumns.empty()
    rows = reach.latest(visit.caller.platform.readings, points)
    return rows.take(np.argsort(-rows.time_us, kind="stable")[:limit])


def _messages(visit: Visit, rows: ReadingColumns) -> list[dict[str, str]]:
    """Readings put together by the message that brought them, latest arrival first."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i in range(len(rows)):
        groups.setdefault((int(rows.segment[i]), int(rows.offset[i])), []).append(i)
    arrivals = {
        place: _arrival(visit, place, int(rows.time_us[members[0]]))
        for place, members in groups.items()
    }
    latest = sorted(groups, key=lambda place: arrivals[place], reverse=True)[:MESSAGES]
    now_us = visit.caller.platform.now_us()
    return [
        {
            "id": f"{segment}/{offset}",
            "when": formats.age((now_us - arrivals[segment, offset]) / 1e6, visit.text),
            "text": _text(visit, rows, groups[segment, offset]),
        }
        for segment, offset in latest
    ]


def _arrival(visit: Visit, place: tuple[int, int], otherwise: int) -> int:
    """When a message came in; kept, for a place in the journal never changes."""
    kept: dict[tuple[int, int], int] = visit.request.app.state.arrivals
    if place not in kept:
        if len(kept) > 50_000:
            kept.clear()
        try:
            kept[place] = visit.caller.platform.messages.record(*place).arrived_us
        except NotFound:
            kept[place] = otherwise
    return kept[place]


def _text(visit: Visit, rows: ReadingColumns, members: list[int]) -> str:
    points = visit.caller.reach.registry.points
    first = members[0]
    point = points[int(rows.point[first])]
    shown = f"{point.gateway} · {point.name} {formats.reading_of(rows, first, point.unit)}"
    if len(members) == 1:
        return shown
    more = visit.text("and %(count)d more") % {"count": len(members) - 1}
    return f"{shown} {more}"


def _refusal(visit: Visit, letter: DeadLetter) -> dict[str, Any]:
    seconds = (visit.caller.platform.now_us() - letter.arrived_us) / 1e6
    title = word("reason", letter.reason, visit.language)
    fix = said(letter.fix, visit.language)
    return {
        "id": f"{letter.id}/{letter.seen}",
        "when": formats.age(seconds, visit.text),
        "text": " · ".join((title, f"{letter.field} = {letter.value}", fix, letter.gateway)),
        "refused": True,
    }


def table(visit: Visit, limit: int) -> list[dict[str, Any]]:
    """The newest readings, one a line."""
    rows = newest(visit, limit)
    points = visit.caller.reach.registry.points
    return [_line(visit, points[int(rows.point[i])], rows, i) for i in range(len(rows))]


def _line(visit: Visit, point: Point, rows: ReadingColumns, i: int) -> dict[str, Any]:
    registry = visit.caller.reach.registry
    served = [registry.meters[one.meter] for one in registry.meters_of_point(point.id)]
    where = registry.nodes.get(point.node or "")
    place = "" if where is None else where.name(visit.language)
    return {
        "point": f"{point.gateway} {point.name}",
        "serves": ", ".join(meter.name(visit.language) for meter in served) or place,
        "value": formats.reading_of(rows, i, point.unit),
        "when": formats.moment(int(rows.time_us[i]), zone_of_point(visit.caller, point)),
        "segment": int(rows.segment[i]),
        "offset": int(rows.offset[i]),
    }
