"""A gateway's events: an answer to a request is read, any other is only kept."""

from __future__ import annotations

from typing import Literal

import msgspec

from collector.decode.message import Decoded, Incoming, MessageLimits
from metering.delivery import ResendAnswer


class _Answered(msgspec.Struct, tag_field="event", tag="resend"):
    id: int
    result: Literal["sent", "not_kept"]


_DECODER = msgspec.json.Decoder(_Answered)


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """No readings, whatever it holds; the answer to a request where it is one."""
    if len(incoming.payload) > limits.payload_bytes:
        return Decoded()
    try:
        found = _DECODER.decode(incoming.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Decoded()
    return Decoded(resend=ResendAnswer(found.id, found.result == "sent"))
