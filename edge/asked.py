"""What the platform asks an edge for on its `commands`: to send something again."""

from __future__ import annotations

import json

from edge.spool import Spool
from metering.errors import InvalidInput
from metering.localtime import parse_instant

_SQLITE_MOST = 2**63 - 1


def obeyed(spool: Spool, command: bytes) -> bytes | None:
    """The answer to a command, once it is done: what is asked for waits to be sent again. None to
    what is no command, or one that is not known."""
    try:
        told = json.loads(command)
        if told["command"] != "resend":
            return None
        id = int(told["id"])
        found = _again(spool, told)
    except (ValueError, TypeError, KeyError, InvalidInput, RecursionError, OverflowError):
        return None
    result = "sent" if found else "not_kept"
    return json.dumps({"event": "resend", "id": id, "result": result}).encode()


def _again(spool: Spool, told: dict[str, object]) -> int:
    if "seq" in told:
        first, last = (int(str(one)) for one in list(told["seq"]))  # type: ignore[call-overload]
        session = int(str(told["session"]))
        if max(session, first, last) > _SQLITE_MOST:
            raise ValueError
        return spool.again_by_number(session, first, last)
    start_us, until_us = parse_instant(str(told["from"])), parse_instant(str(told["until"]))
    return spool.again_by_time(start_us, until_us)
