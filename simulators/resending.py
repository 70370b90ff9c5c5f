"""What a gateway can send again: the last messages that it sent, and its answer to who asks."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from metering.errors import InvalidInput
from metering.localtime import parse_instant
from simulators.message import Publication

KEPT = 2_000
"""Messages that a gateway has room for."""


@dataclass
class KeptMessages:
    """A gateway's memory of what it sent; of more than it has room for the oldest go."""

    _sent: deque[Publication] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, message: Publication) -> None:
        """Remember a message that was sent."""
        self._sent.append(message)

    def asked(self, command: bytes) -> tuple[list[Publication], bytes | None]:
        """(messages to be sent again, the answer) to a command; no answer to what is no request."""
        try:
            told = json.loads(command)
            wanted, id = _wanted(told), int(told["id"])
        except (ValueError, TypeError, KeyError, InvalidInput):
            return [], None
        found = [message for message in self._sent if wanted(message)]
        result = "sent" if found else "not_kept"
        return found, json.dumps({"event": "resend", "id": id, "result": result}).encode()


def _wanted(told: dict[str, Any]) -> Callable[[Publication], bool]:
    """Which messages a request is for; ValueError for another command."""
    if told["command"] != "resend":
        raise ValueError
    if "seq" in told:
        session, (first, last) = told["session"], told["seq"]
        return lambda message: _is_numbered(message, session, first, last)
    start, until = parse_instant(told["from"]), parse_instant(told["until"])
    return lambda message: any(start <= one.time_us < until for one in message.entries)


def _is_numbered(message: Publication, session: int, first: int, last: int) -> bool:
    try:
        said = json.loads(message.payload)
        return bool(said["session"] == session and first <= said["seq"] <= last)
    except (ValueError, TypeError, KeyError):  # it went wrong, and has no number
        return False
