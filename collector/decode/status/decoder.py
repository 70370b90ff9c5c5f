"""Reading a status: that it came shows that the gateway lives."""

from __future__ import annotations

from collector.decode.json_object import json_object
from collector.decode.message import Decoded, Incoming, Limits


def decode(incoming: Incoming, limits: Limits) -> Decoded:
    """No readings; Refusal where it is no JSON object."""
    json_object(incoming.payload, limits)
    return Decoded()
