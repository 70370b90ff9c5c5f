"""Reading what a person stated. The platform wrote it itself: it is taken whole or not at all."""

from __future__ import annotations

from math import isfinite, nan
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from collector.decode.instant import of_text, time_problem
from collector.decode.json_object import json_object
from collector.decode.message import Decoded, Incoming, MessageLimits, Refusal
from metering.errors import InvalidInput
from metering.statement import Statement, StatementKind, day_of

_LONGEST = 200
"""Of what the parser says is wrong, which repeats names of fields whole."""
Text = Annotated[str, Meta(min_length=1, max_length=128)]


class StatedReading(msgspec.Struct, forbid_unknown_fields=True):
    """A value of a point at a time; null takes back what was entered there."""

    point: Text
    time: str
    value: float | None
    unit: Annotated[str, Meta(max_length=32)] | None = None


class StatedPart(msgspec.Struct, forbid_unknown_fields=True):
    """What was stated, apart from its readings."""

    id: Text
    kind: StatementKind
    subject: Text
    first: str
    after: str
    said: dict[str, Any]
    of: str = ""


class EnteredMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A statement with the readings that it comes to, also none."""

    statement: StatedPart
    readings: Annotated[list[StatedReading], Meta(max_length=10_000)]


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a statement, and the statement; Refusal where anything of it is wrong."""
    message = _message(json_object(incoming.payload, limits))
    found = Decoded()
    for index, one in enumerate(message.readings):
        if one.value is not None and not isfinite(one.value):
            raise Refusal("bad_value", "not a finite number", "value", one.value, "enter it again")
        found.index.append(index)
        found.points.append(one.point)
        found.kinds.append(None)
        found.units.append(one.unit)
        found.times.append(_time(one.time, incoming.arrived_us, limits))
        found.values.append(nan if one.value is None else one.value)
    found.statement = _statement(message.statement)
    return found


def _message(fields: dict[str, Any]) -> EnteredMessage:
    try:
        return msgspec.convert(fields, EnteredMessage)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise _wrong(str(error)[:_LONGEST], fields.get("statement")) from None


def _statement(stated: StatedPart) -> Statement:
    try:
        days = day_of(stated.first, "first"), day_of(stated.after, "after")
    except InvalidInput as error:
        raise _wrong(error.message, error.value) from None
    if not stated.id.isprintable() or not days[0] < days[1]:
        raise _wrong("no id, or no days", stated.id)
    return Statement(stated.id, stated.kind, stated.subject, *days, stated.said, stated.of)


def _time(text: str, arrived_us: int, limits: MessageLimits) -> int:
    try:
        found = of_text(text)
    except InvalidInput as error:
        raise Refusal("bad_time", error.message, "time", text, error.fix or "") from None
    problem = time_problem(text, found, arrived_us, limits)
    if problem is not None:
        raise Refusal(problem.reason, problem.message, "time", text, problem.fix)
    return found


def _wrong(why: str, value: object) -> Refusal:
    return Refusal(
        "bad_message",
        f"not a statement: {why}",
        "statement",
        value,
        "enter it over POST /v1/entries, or with greenoffice enter",
    )
