"""Reading ChirpStack's events, versions 3 and 4: which one a message is, and its uplinks.

Source: ChirpStack's documentation, "Event types" of the integrations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.decode.message import Incoming, MessageLimits, Problem, Refusal
from collector.decode.uplink import (
    Uplink,
    each,
    eui_of,
    first_text,
    no_value,
    of_base64,
    of_hex,
    port_of,
    server_time,
)
from collector.decode.values import json_of

_OTHER_EVENTS = (
    *("margin", "downlinkId", "queueItemId", "fCntDown", "acknowledged", "level", "location"),
    *("integrationName", "devAddr"),
)
"""Fields of status, txack, ack, log, location and integration; the last is of a join where it is no
uplink."""

_UPLINK_EVENTS = frozenset({"up", "rx"})


def looks_like(message: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an event of ChirpStack."""
    info = message.get("deviceInfo")
    if isinstance(info, dict):
        return "devEui" in info
    eui = "devEUI" in message or "devEui" in message
    return eui and ("applicationID" in message or "deviceProfileID" in message)


def uplinks(incoming: Incoming, limits: MessageLimits) -> Sequence[Uplink | Problem]:
    """The uplink of an event, or those of a list; Refusal for other events."""
    _check_topic(incoming.topic)
    return each(json_of(incoming.payload, limits), _uplink, limits)


def _check_topic(topic: str) -> None:
    """On ChirpStack's own topics, and those of an HTTP integration, the last level says it."""
    levels = topic.split("/")
    if len(levels) > 1 and levels[-2] == "event" and levels[-1] not in _UPLINK_EVENTS:
        raise no_value(levels[-1])


def _uplink(event: object) -> Uplink:
    if not isinstance(event, dict):
        raise Refusal(
            "bad_message", "not an event of a network server", "payload", event,
            "send the JSON object of the event",
        )  # fmt: skip
    info = event.get("deviceInfo")
    about: dict[str, Any] = {**event, **(info if isinstance(info, dict) else {})}
    decoded = _decoded(event)
    payload = _payload(event)
    if payload is None and decoded is None:
        raise _no_uplink(event)
    return Uplink(
        eui_of(first_text(about.get(name) for name in ("devEui", "devEUI"))),
        server_time(_times(event)),
        port_of(event.get("fPort")),
        payload,
        decoded,
        tuple(_names(about)),
    )


def _payload(event: Mapping[str, Any]) -> bytes | None:
    """`data` is base64; exports of other servers in this form have `payload` in hexadecimal. What
    stands beside a decoded object need not be readable."""
    try:
        if event.get("data"):
            return of_base64(event["data"], "data")
        if isinstance(event.get("payload"), str):
            return of_hex(event["payload"], "payload")
    except Refusal:
        if _decoded(event) is None:
            raise
    return None


def _decoded(event: Mapping[str, Any]) -> object:
    """The decoded object; None where it is none, or an empty one."""
    text = event.get("objectJSON")
    if isinstance(text, str) and text:
        try:
            return json_of(text.encode("utf-8", "replace"), MessageLimits()) or None
        except Refusal:
            return None
    return event.get("object") or None


def _no_uplink(event: Mapping[str, Any]) -> Refusal:
    for field in _OTHER_EVENTS:
        if field in event and "fPort" not in event:
            return no_value(field)
    if "fPort" in event or "fCnt" in event:
        return no_value("fCnt")
    return Refusal(
        "bad_message", "neither data nor an object of a device", "data", event.get("data"),
        "send the uplink event of the network server",
    )  # fmt: skip


def _times(event: Mapping[str, Any]) -> Iterator[object]:
    """Of the server first, then of a gateway that heard it."""
    for name in ("time", "timestamp", "publishedAt"):
        yield event.get(name)
    received = event.get("rxInfo")
    for one in received if isinstance(received, list) else ():
        if isinstance(one, dict):
            yield from (one.get("nsTime"), one.get("time"), one.get("gwTime"))


def _names(about: Mapping[str, Any]) -> Iterator[str]:
    tags = about.get("tags")
    texts = [
        about.get("deviceProfileName"),
        about.get("sensorType"),
        *(tags.values() if isinstance(tags, dict) else ()),
        about.get("deviceName"),
    ]
    return (text for text in texts if isinstance(text, str))
