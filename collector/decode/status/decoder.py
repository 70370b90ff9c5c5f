"""Reading a status: that it came shows that the gateway lives."""

from __future__ import annotations

from collector.decode.json_object import json_object
from collector.decode.message import Decoded, Incoming, MessageLimits


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """No readings; Refusal where it is no JSON object."""
    json_object(incoming.payload, limits)
    return Decoded()
