"""Dead letters: what could not be taken, with its reason, its place and its first bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

import numpy as np

from collector.decode import Problem
from collector.intake.classify import CONFLICT
from collector.intake.decoding import Received
from collector.intake.normalise import Columns, MessagesByNumber
from collector.journal.record import Record
from collector.topics import owner_of
from metering.errors import InvalidInput
from metering.intake import DeadLetter
from metering.quantity import I64

UNNAMED = "unknown_alias"
"""A metric of which nothing said yet what it is."""
MENDABLE = (
    "unknown_point",
    "bad_kind",
    "bad_unit",
    "unknown_topic",
    "foreign_topic",
    "bad_route",
    UNNAMED,
)
"""Reasons that a change of the registry or of the routes can remove, or what a gateway says
later."""

PREVIEW_BYTES = 512


def letters_of(messages: Iterable[Received]) -> list[DeadLetter]:
    """All problems of the messages as dead letters."""
    return [letter for message in messages if message.problems for letter in _letters(message)]


def with_problems(
    messages: MessagesByNumber,
    columns: Columns,
    outcome: I64,
    refused: Mapping[int, InvalidInput],
) -> I64:
    """Give conflicts, and rows the store refused, to their messages; return the outcomes
    with those rows negative."""
    outcome = outcome.copy()
    for row in np.flatnonzero(outcome == CONFLICT).tolist():
        _add(messages, columns, row, "conflicting", _CONFLICTING)
    for row, error in refused.items():
        outcome[row] = CONFLICT
        _add(messages, columns, row, "refused", error)
    return outcome


_CONFLICTING = InvalidInput(
    "another value of the same point and time came under the same order",
    field="value",
    fix="count seq up for every message, and session for every restart of the gateway",
)


def _add(
    messages: MessagesByNumber, columns: Columns, row: int, reason: str, error: InvalidInput
) -> None:
    message, place = messages[int(columns.message[row])], int(columns.place[row])
    found = message.found
    value, index, point = repr(found.values[place]), found.index[place], found.points[place]
    message.problems.append(
        Problem(reason, error.message, "value", value, error.fix or "", index, point)
    )


def lasting(message: Received) -> list[Problem]:
    """The message's problems, without those that its first delivery had already."""
    if not message.redelivered:
        return message.problems
    untimed = _untimed(message)
    return [p for p in message.problems if p.index not in untimed]


def _letters(message: Received) -> list[DeadLetter]:
    digest, untimed = _digest(message.record), _untimed(message)
    # Equal bytes without a time are readings of different times: each must replay.
    alone = f"{digest}@{message.segment}:{message.offset}"
    return [
        _letter(message, one, alone if _replays(one) and one.index in untimed else digest)
        for one in lasting(message)
    ]


def _digest(record: Record) -> str:
    """Of the bytes; and of the topic, where it is one of another grammar than ours: there it may
    say which point they are of."""
    said = b"" if owner_of(record.route) else b"\0" + record.route.encode()
    return sha256(record.payload + said).hexdigest()[:32]


def _replays(problem: Problem) -> bool:
    return problem.reason in MENDABLE


def _letter(message: Received, problem: Problem, digest: str) -> DeadLetter:
    record = message.record
    return DeadLetter(
        gateway=message.gateway,
        route=record.route,
        reason=problem.reason,
        message=problem.message,
        field=problem.field,
        value=problem.value,
        fix=problem.fix,
        segment=message.segment,
        offset=message.offset,
        index=problem.index,
        digest=digest,
        arrived_us=record.arrived_us,
        point=problem.point,
        read_by=message.read_by,
        preview=record.payload[:PREVIEW_BYTES],
    )


def _untimed(message: Received) -> frozenset[int]:
    found = message.found
    return frozenset(
        index for index, time in zip(found.index, found.times, strict=True) if time is None
    )
