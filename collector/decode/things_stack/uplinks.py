"""Reading the messages of The Things Stack: version 3, and version 2 of The Things Network.

Source: "Data formats" of The Things Stack's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collector.decode.json_object import json_object
from collector.decode.message import Incoming, MessageLimits, Refusal
from collector.decode.uplink import (
    Uplink,
    eui_of,
    first_text,
    no_value,
    of_base64,
    port_of,
    server_time,
)

_OTHER_MESSAGES = (
    *("join_accept", "downlink_ack", "downlink_nack", "downlink_sent", "downlink_failed"),
    *("downlink_queued", "downlink_queue_invalidated", "location_solved", "service_data"),
    "uplink_normalized",
)
"""Messages that measure nothing; the last says an uplink a second time, in another form."""


def looks_like(message: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a message of The Things Stack or of its forerunner."""
    return "end_device_ids" in message or {"hardware_serial", "dev_id"} <= message.keys()


def uplinks(incoming: Incoming, limits: MessageLimits) -> Sequence[Uplink]:
    """The uplink of a message; Refusal for other messages."""
    message = json_object(incoming.payload, limits)
    if message.get("simulated") is True:
        raise no_value("simulated")
    if isinstance(message.get("uplink_message"), dict):
        return [_version_3(message, message["uplink_message"])]
    for field in _OTHER_MESSAGES:
        if field in message:
            raise no_value(field)
    if "hardware_serial" in message:
        return [_version_2(message)]
    raise Refusal(
        "bad_message", "no uplink of The Things Stack", "uplink_message", None,
        "send the uplink messages of the application",
    )  # fmt: skip


def _version_3(message: Mapping[str, Any], uplink: Mapping[str, Any]) -> Uplink:
    ids = message.get("end_device_ids")
    about: Mapping[str, Any] = ids if isinstance(ids, dict) else {}
    return Uplink(
        eui_of(first_text((about.get("dev_eui"), about.get("device_id")))),
        server_time((uplink.get("received_at"), message.get("received_at"))),
        port_of(uplink.get("f_port")),
        _bytes(uplink, "frm_payload"),
        uplink.get("decoded_payload") or None,
        tuple(_names(uplink, about)),
    )


def _version_2(message: Mapping[str, Any]) -> Uplink:
    metadata = message.get("metadata")
    when = metadata.get("time") if isinstance(metadata, dict) else None
    return Uplink(
        eui_of(message.get("hardware_serial")),
        server_time((when,)),
        port_of(message.get("port")),
        _bytes(message, "payload_raw"),
        message.get("payload_fields") or None,
        tuple(text for text in (message.get("dev_id"),) if isinstance(text, str)),
    )


def _bytes(uplink: Mapping[str, Any], field: str) -> bytes | None:
    return of_base64(uplink[field], field) if uplink.get(field) else None


def _names(uplink: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[str]:
    """The model as the device repository names it, then what its owner calls the device."""
    version = uplink.get("version_ids")
    if isinstance(version, dict):
        yield f"{version.get('brand_id', '')}/{version.get('model_id', '')}"
    attributes = uplink.get("attributes")
    texts = list(attributes.values()) if isinstance(attributes, dict) else []
    for text in (*texts, about.get("device_id")):
        if isinstance(text, str):
            yield text
