"""Reading the messages that LORIOT sends to an application.

Source: LORIOT's documentation of its application data format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from collector.decode.json_object import json_object
from collector.decode.message import Incoming, MessageLimits, Refusal
from collector.decode.uplink import (
    Uplink,
    eui_of,
    no_value,
    of_hex,
    port_of,
    server_time,
)

_UPLINKS = frozenset({"rx", "gw"})
"""`gw` is the same uplink again with all gateways that heard it, where that is switched on: equal
readings count once."""


def looks_like(message: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a message of LORIOT."""
    return isinstance(message.get("cmd"), str) and "EUI" in message


def uplinks(incoming: Incoming, limits: MessageLimits) -> Sequence[Uplink]:
    """The uplink of a message; Refusal for others, and for bytes that are still encrypted."""
    message = json_object(incoming.payload, limits)
    command = message.get("cmd")
    if not isinstance(command, str):
        raise Refusal(
            "bad_message", "no message of LORIOT", "cmd", command, "send its uplinks, cmd rx or gw"
        )
    if command not in _UPLINKS:
        raise no_value(command)
    if not message.get("data") and message.get("encdata"):
        raise Refusal(
            "bad_message", "the payload is encrypted", "encdata", message["encdata"],
            "give LORIOT the device's application session key, so that it decrypts",
        )  # fmt: skip
    data = message.get("data")
    return [
        Uplink(
            eui_of(message.get("EUI")),
            server_time((message.get("ts"),)),
            port_of(message.get("port")),
            of_hex(data, "data") if data else None,
            _decoded(message),
            tuple(text for text in (message.get("name"),) if isinstance(text, str)),
        )
    ]


def _decoded(message: Mapping[str, Any]) -> object:
    """What LORIOT's decoder gave: `decoded`, whose `data` it is where it says warnings too."""
    decoded = message.get("decoded")
    if isinstance(decoded, dict) and isinstance(decoded.get("data"), dict):
        return decoded["data"] or None
    return decoded or None
