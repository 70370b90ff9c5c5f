"""Finding readings by JMESPath expressions.

    {"device": {"id": "A1"}, "list": [{"k": "E", "v": 1234.5, "u": "kWh", "at": 1795508100}]}
    readings=list   point=k   value=v   unit=u   time=at   device=device.id

An expression is asked of the reading first, and where that has nothing of the whole message.
Without `value` the readings are an object, or a list of them, whose fields are points with their
values.
[JMESPath specification, jmespath.org]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from collector.decode.decoder import Decode
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal, shown
from collector.decode.quantity import Quantity
from collector.decode.values import (
    clock_of,
    json_of,
    leaves,
    measured,
    no_number,
    number_of,
    said_unit,
    state_of,
    taken,
)
from collector.decode.zoned import in_zone, only
from metering.errors import InvalidInput

OPTIONS = ("readings", "point", "value", "unit", "time", "device", "zone")
LONGEST = 500
"""Characters of an expression."""


@dataclass(frozen=True)
class JsonMapping:
    """Where things stand; None where the route does not say."""

    readings: Any = None
    point: Any = None
    value: Any = None
    unit: Any = None
    time: Any = None
    device: Any = None


def decode(_incoming: Incoming, _limits: MessageLimits) -> Decoded:
    """Nothing: raises Refusal, bad_route, since without options nobody says where values stand."""
    raise Refusal(
        "bad_route", "the mapping is not told where values stand", "options", "",
        "give the route options, such as readings=data;point=name;value=value",
    )  # fmt: skip


def configured(options: Mapping[str, str]) -> Decode:
    """The decoder under a route's options. Raises InvalidInput for others, and for what is no
    expression."""
    only(options, OPTIONS)
    if not {"readings", "value"} & set(options):
        raise InvalidInput(
            "the mapping is not told where values stand",
            field="options",
            value=" ".join(options),
            fix="give the route options, such as readings=data;point=name;value=value",
        )
    told = {name: _compiled(name, text) for name, text in options.items() if name != "zone"}
    read = partial(_decode, JsonMapping(**told))
    return in_zone(read, options["zone"]) if "zone" in options else read


def _compiled(name: str, text: str) -> Any:
    try:
        if len(text) <= LONGEST:
            return jmespath.compile(text)
    except (JMESPathError, RecursionError):
        pass
    raise InvalidInput(
        "not a JMESPath expression of up to 500 characters",
        field="options",
        value=f"{name}={text}",
        fix="a way to a field, such as data[].value",
    )


def _decode(mapping: JsonMapping, incoming: Incoming, limits: MessageLimits) -> Decoded:
    whole = json_of(incoming.payload, limits)
    try:
        rows = mapping.readings.search(whole) if mapping.readings else whole
        found = _quantities(mapping, rows, whole, incoming.zone)
        without = "nothing where the mapping looks for readings"
        return measured(found, incoming, limits, without, whole)
    except (JMESPathError, RecursionError, OverflowError) as error:
        raise Refusal(
            "bad_message", "the mapping does not fit the message", "options",
            type(error).__name__, "look at both with greenoffice decode --option",
        ) from None  # fmt: skip


def _quantities(
    mapping: JsonMapping, rows: object, whole: object, zone: str
) -> Iterator[Quantity | Problem]:
    listed = rows if isinstance(rows, list) else [] if rows is None else [rows]
    for row in listed:
        try:
            yield from _of_row(mapping, row, whole, zone)
        except Refusal as refusal:
            yield refusal.problem


def _of_row(
    mapping: JsonMapping, row: object, whole: object, zone: str
) -> Iterator[Quantity | Problem]:
    def said(expression: Any) -> Any:
        if expression is None:
            return None
        found = expression.search(row)
        return expression.search(whole) if found is None and row is not whole else found

    device = said(mapping.device)
    owner = "" if device is None or isinstance(device, dict | list) else str(device)
    unit, time_us = said_unit(said(mapping.unit)), clock_of(said(mapping.time), zone)
    if mapping.value is None:
        for path, value in leaves(row):
            if isinstance(value, str) and number_of(value) is None and state_of(value) is None:
                continue  # the unit is the row's: what is a word beside its numbers is none of them
            one = taken(".".join(path), value, unit, None, time_us, owner)
            if one is not None:
                yield one
        return
    point, value = said(mapping.point), mapping.value.search(row)
    name = "value" if mapping.point is None else point
    if not isinstance(name, str | int) or isinstance(name, bool):
        yield Problem(
            "bad_message", "not a point's name", "point", shown(name), "name it with 1 to 128"
            " printable characters",
        )  # fmt: skip
        return
    yield taken(str(name), value, unit, None, time_us, owner) or no_number(str(name), value)
