"""Reading a part of a loaded table. The platform wrote it itself; only its times and values come
from others."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import Annotated

import msgspec
from msgspec import Meta

from collector.decode.instant import time_problem
from collector.decode.json_object import json_object
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from metering.localtime import iso

_LONGEST = 200
"""Of what the parser says is wrong."""
_FAR_US = 2**55
"""Beyond it calendars end."""
_FIX = "load the file with greenoffice history load"


class LoadedMessage(msgspec.Struct, forbid_unknown_fields=True):
    """Readings of one point, side by side."""

    file: Annotated[str, Meta(max_length=1024)]
    point: Annotated[str, Meta(min_length=1, max_length=128)]
    unit: Annotated[str, Meta(max_length=32)] | None
    times_us: Annotated[list[int], Meta(max_length=10_000)]
    values: Annotated[list[float], Meta(max_length=10_000)]


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a part; a reading whose time or value cannot be is a problem of its own.
    Refusal where the payload is none of ours."""
    message = _message(incoming.payload, limits)
    if _all_good(message, incoming.arrived_us, limits):
        found = Decoded(times=list(message.times_us), values=message.values)
        found.index = list(range(len(found.values)))
        return _of_one_point(found, message)
    found = Decoded()
    both = zip(message.times_us, message.values, strict=True)
    for index, (time_us, value) in enumerate(both):
        problem = _problem(time_us, value, incoming.arrived_us, limits)
        if problem is not None:
            found.problems.append(replace(problem, index=index, point=message.point))
            continue
        found.index.append(index)
        found.times.append(time_us)
        found.values.append(value)
    return _of_one_point(found, message)


def _all_good(message: LoadedMessage, arrived_us: int, limits: MessageLimits) -> bool:
    """Whether nothing stands against any reading, told without a look at each."""
    times = message.times_us or [arrived_us]
    return (
        limits.oldest_us <= min(times)
        and max(times) <= arrived_us + limits.ahead_us
        and all(map(isfinite, message.values))
    )


def _of_one_point(found: Decoded, message: LoadedMessage) -> Decoded:
    count = len(found.index)
    found.points = [message.point] * count
    found.kinds = [None] * count
    found.units = [message.unit] * count
    return found


def _message(payload: bytes, limits: MessageLimits) -> LoadedMessage:
    try:
        found = msgspec.json.decode(payload, type=LoadedMessage)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)[:_LONGEST], "payload") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        json_object(payload, limits)
        raise _wrong("not JSON", "payload") from None
    if len(payload) > limits.payload_bytes or len(found.times_us) != len(found.values):
        raise _wrong("not as many values as times, or too many", len(found.values))
    return found


def _wrong(why: str, value: object) -> Refusal:
    return Refusal("bad_message", f"not a part of a table: {why}", "payload", value, _FIX)


def _problem(time_us: int, value: float, arrived_us: int, limits: MessageLimits) -> Problem | None:
    if not isfinite(value):
        return Problem(
            "bad_value",
            "not a finite number",
            field="value",
            value=repr(value),
            fix="mend the file",
        )
    if limits.oldest_us <= time_us <= arrived_us + limits.ahead_us:
        return None
    if abs(time_us) > _FAR_US:
        return Problem(
            "bad_time", "not an instant", field="time", value=str(time_us), fix="mend the file"
        )
    return time_problem(iso(time_us), time_us, arrived_us, limits)
