"""Reading a native payload piece by piece, to keep what is right and name what is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from collector.decode.instant import of_any, time_problem
from collector.decode.json_object import json_object
from collector.decode.message import Decoded, MessageLimits, Problem, Refusal, name_shown
from metering.errors import InvalidInput
from metering.reading import Kind

_KINDS = ", ".join(Kind)
_MESSAGE_FIELDS = frozenset({"readings", "time", "session", "seq", "sent"})
_READING_FIELDS = frozenset({"point", "value", "time", "kind", "unit"})


@dataclass(frozen=True)
class _Message:
    """What a message says of all its readings."""

    arrived_us: int
    limits: MessageLimits
    time_us: int | None
    unknown: list[str]


def salvage(payload: bytes, arrived_us: int, limits: MessageLimits) -> Decoded:
    """What can be taken of a payload that is not right throughout."""
    try:
        message = _message(payload, limits)
        found = Decoded()
        found.session, found.seq = _order(message)
        found.sent_us = _time(message, "sent")
        default = _time(message, "time")
        if default is not None:
            _check_time(message["time"], default, arrived_us, limits)
    except Refusal as refusal:
        return Decoded.refused(refusal.problem)
    whole = _Message(arrived_us, limits, default, sorted(set(message) - _MESSAGE_FIELDS))
    for index, reading in enumerate(message["readings"]):
        try:
            _take(found, index, reading, whole)
        except Refusal as refusal:
            found.problems.append(_placed(refusal.problem, index, reading))
    return found


def _message(payload: bytes, limits: MessageLimits) -> dict[str, Any]:
    message = json_object(payload, limits)
    readings = message.get("readings")
    if not isinstance(readings, list):
        raise Refusal(
            "bad_message",
            "no list of readings",
            "readings",
            readings,
            'send {"readings": [{"point": ..., "value": ...}]}',
        )
    if len(readings) > limits.readings:
        raise Refusal(
            "bad_message",
            "too many readings",
            "readings",
            len(readings),
            f"send at most {limits.readings} in one message",
        )
    return message


def _order(message: dict[str, Any]) -> tuple[int | None, int | None]:
    numbers = [message.get("session"), message.get("seq")]
    if numbers == [None, None]:
        return None, None
    for field, number in zip(("session", "seq"), numbers, strict=True):
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**50:
            raise Refusal(
                "bad_message",
                "session and seq are whole numbers below 2**50, both or neither",
                field,
                number,
                "count restarts in session, and messages since the restart in seq",
            )
    return numbers[0], numbers[1]


def _time(fields: dict[str, Any], field: str) -> int | None:
    value = fields.get(field)
    if value is None:
        return None
    try:
        return of_any(value)
    except InvalidInput as error:
        raise Refusal("bad_time", error.message, field, value, error.fix or "") from None


def _check_time(value: object, time_us: int, arrived_us: int, limits: MessageLimits) -> None:
    problem = time_problem(value, time_us, arrived_us, limits)
    if problem is not None:
        raise Refusal(problem.reason, problem.message, "time", value, problem.fix)


def _take(found: Decoded, index: int, reading: object, whole: _Message) -> None:
    if not isinstance(reading, dict):
        raise Refusal(
            "bad_message", "a reading is an object", "readings", reading, '{"point":.., "value":..}'
        )
    point, kind, unit = _point(reading), _kind(reading), _unit(reading)
    value, time_us = _value(reading), _time(reading, "time")
    if time_us is not None:
        _check_time(reading["time"], time_us, whole.arrived_us, whole.limits)
    elif whole.time_us is None:
        _refuse_misspelt_time(whole.unknown + sorted(set(reading) - _READING_FIELDS), reading)
    found.index.append(index)
    found.points.append(point)
    found.kinds.append(kind)
    found.units.append(unit)
    found.times.append(whole.time_us if time_us is None else time_us)
    found.values.append(value)


def _refuse_misspelt_time(unknown: list[str], reading: dict[str, Any]) -> None:
    """A field we do not know is harmless, except where it may be meant as the time."""
    if unknown:
        raise Refusal(
            "bad_message",
            "no time, but a field that is not in the schema",
            name_shown(unknown[0]),
            reading.get(unknown[0]),
            "name the field `time`, or leave it out so that the time of arrival stands in",
        )


def _point(reading: dict[str, Any]) -> str:
    point = reading.get("point")
    if isinstance(point, str) and 1 <= len(point) <= 128 and point.isprintable():
        return point
    raise Refusal(
        "bad_message", "no point name", "point", point, "1 to 128 printable characters as text"
    )


def _kind(reading: dict[str, Any]) -> Kind | None:
    kind = reading.get("kind")
    if kind is None:
        return None
    if isinstance(kind, str) and kind in set(Kind):
        return Kind(kind)
    raise Refusal("bad_kind", "unknown kind", "kind", kind, f"one of {_KINDS}, or leave it out")


def _unit(reading: dict[str, Any]) -> str | None:
    unit = reading.get("unit")
    if unit is None or (isinstance(unit, str) and len(unit) <= 32 and unit.isprintable()):
        return unit
    raise Refusal("bad_unit", "a unit is a short text", "unit", unit, 'such as "kWh"')


def _value(reading: dict[str, Any]) -> float:
    value = reading.get("value")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    said = "value" in reading
    raise Refusal(
        "bad_value",
        "not a finite number" if said else "no value",
        "value",
        value,
        "send a JSON number; leave the reading out where there is none",
    )


def _placed(problem: Problem, index: int, reading: object) -> Problem:
    point = reading.get("point") if isinstance(reading, dict) else None
    return Problem(
        problem.reason,
        problem.message,
        problem.field,
        problem.value,
        problem.fix,
        index,
        name_shown(point),
    )
