"""What a gateway says of its own points.

{"name": "Roof", "model": "DTU-4", "points": [
  {"point": "E1.import", "name": "Main supply", "unit": "kWh", "kind": "register"}]}
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from collector.decode.json_object import json_object
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, name_shown, shown
from collector.decode.values import said_unit
from metering.joining import MOST_SEEN, Described
from metering.reading import Kind

_Text = Annotated[str, Meta(max_length=128)]


class _Point(msgspec.Struct):
    point: Annotated[str, Meta(min_length=1, max_length=128)]
    name: _Text = ""
    unit: Annotated[str, Meta(max_length=32)] = ""
    kind: Kind | None = None
    quantity: _Text = ""


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The points that it describes, each that is none as a problem. Raises Refusal: bad_utf8,
    bad_json, bad_message."""
    told = json_object(incoming.payload, limits)
    found = Decoded()
    points = told.get("points", [])
    if not isinstance(points, list) or len(points) > MOST_SEEN:
        fix = f'"points": [...], of at most {MOST_SEEN} objects'
        return Decoded.refused(
            Problem("bad_message", "no list of points", "points", shown(points), fix)
        )
    for index, one in enumerate(points):
        described = _described(one)
        if described is None:
            found.problems.append(_no_point(index, one))
        else:
            found.described.append(described)
    return found


def _described(one: object) -> Described | None:
    try:
        said = msgspec.convert(one, _Point)
    except (msgspec.ValidationError, UnicodeEncodeError):  # the latter of half a surrogate pair
        return None
    if not all(text.isprintable() for text in (said.point, said.name, said.quantity)):
        return None
    unit = said_unit(said.unit) or ""
    return Described(said.point, said.name, unit, said.kind, said.quantity)


def _no_point(index: int, one: object) -> Problem:
    kinds = ", ".join(Kind)
    return Problem(
        "bad_message",
        "not the description of a point",
        f"points[{index}]",
        shown(one),
        f"point as readings name it, name, unit and quantity as short texts, kind one of {kinds}",
        index,
        name_shown(one.get("point")) if isinstance(one, dict) else "",
    )
