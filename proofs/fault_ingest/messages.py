"""Messages of unique numbers, each reading of which has its message's number as its value: what a
message is, how a way words it, and the words of gateways that push JSON.

`U` has no time of its own and so tells a message that was taken twice; `T` has one, and tells which
message stands there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metering.localtime import MINUTE_US, iso

DAY_US: Final = 1440 * MINUTE_US
UNTIMED, TIMED = "U", "T"
LARGE_BYTES: Final = 10_000_000


@dataclass(frozen=True)
class NumberedMessage:
    """A message, and what must come of it."""

    seq: int
    payload: bytes
    times_us: tuple[int, ...] = ()
    """Of its good readings of `T`."""
    untimed: bool = False
    """Whether it has a good reading of `U`."""
    refused: bool = False
    """Whether all of it, or part, must become a dead letter."""

    @property
    def has_readings(self) -> bool:
        """Whether anything of it must be stored."""
        return self.untimed or bool(self.times_us)


MadeMessage = Callable[[int, int], NumberedMessage]
"""Of a number and a time [us]."""


@dataclass(frozen=True)
class WayWording:
    """How messages are worded by what sends over a way."""

    good: MadeMessage
    bare: MadeMessage
    """A reading with a time, and nothing else."""
    refused: MadeMessage
    """One that must become a dead letter."""
    kinds: Mapping[str, MadeMessage]
    """Messages of every wrong kind that it can send, by the name of the fault."""
    number: re.Pattern[bytes]
    """Finds the numbers of messages in what a dead letter keeps."""
    value: re.Pattern[bytes]
    """Finds the numbers that stand as values in the journal."""
    untimed: frozenset[str] = frozenset()
    """Its points whose readings tell, by their values alone, a message that was taken twice."""
    timed: frozenset[str] = frozenset()
    """Its points whose times tell which message stands there."""
    idle: frozenset[str] = frozenset()
    """Further points that say nothing of any message."""
    large: MadeMessage | None = None
    """One ten times as large as any may be."""


def good(seq: int, time_us: int) -> NumberedMessage:
    """A reading of each point."""
    return NumberedMessage(seq, _body(seq, _untimed(seq), _timed(seq, time_us)), (time_us,), True)


def bare(seq: int, time_us: int) -> NumberedMessage:
    """One reading that has a time."""
    return NumberedMessage(seq, _body(seq, _timed(seq, time_us)), (time_us,))


def _body(seq: int, *readings: dict[str, Any]) -> bytes:
    return json.dumps({"session": 1, "seq": seq, "readings": readings}).encode()


def _untimed(seq: int) -> dict[str, Any]:
    return {"point": UNTIMED, "unit": "C", "value": seq}


def _timed(seq: int, time_us: int, **other: Any) -> dict[str, Any]:
    return {"point": TIMED, "unit": "C", "time": iso(time_us), "value": seq, **other}


def _cut(seq: int, time_us: int) -> NumberedMessage:
    return NumberedMessage(seq, good(seq, time_us).payload[:-3], refused=True)


def _no_utf8(seq: int, time_us: int) -> NumberedMessage:
    payload = good(seq, time_us).payload[:-1] + b', "x": "\xff"}'
    return NumberedMessage(seq, payload, refused=True)


def _not_a_number(seq: int, time_us: int) -> NumberedMessage:
    return NumberedMessage(seq, _body(seq, _timed(seq, time_us, value=float("nan"))), refused=True)


def _beside(**other: Any) -> MadeMessage:
    """A good reading, and one that is not."""

    def made(seq: int, time_us: int) -> NumberedMessage:
        body = _body(seq, _untimed(seq), _timed(seq, time_us, **other))
        return NumberedMessage(seq, body, untimed=True, refused=True)

    return made


def _year_old(seq: int, time_us: int) -> NumberedMessage:
    return good(seq, time_us - 365 * DAY_US)


def _large(seq: int, time_us: int) -> NumberedMessage:
    payload = bare(seq, time_us).payload[:-1] + b', "x": "' + b"x" * LARGE_BYTES + b'"}'
    return NumberedMessage(seq, payload, refused=True)


PAYLOADS: Mapping[str, MadeMessage] = {
    "bad-json": _cut,
    "bad-utf8": _no_utf8,
    "nan": _not_a_number,
    "unknown-point": _beside(point="nobody"),
    "unknown-unit": _beside(unit="furlong"),
    "text-for-a-number": _beside(value="twelve"),
    "another-kind": _beside(kind="register"),
    "year-old": _year_old,
}
JSON: Final = WayWording(
    good,
    bare,
    _cut,
    PAYLOADS,
    number=re.compile(rb'"seq": ?(\d+)'),
    value=re.compile(rb'"value": (\d+)}'),
    untimed=frozenset({UNTIMED}),
    timed=frozenset({TIMED}),
    large=_large,
)
