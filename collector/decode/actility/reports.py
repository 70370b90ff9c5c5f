"""Reading the reports that ThingPark sends to an application.

Source: Actility's "LRC-AS tunnel interface" and the documentation of ThingPark's reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

_UPLINK = "DevEUI_uplink"


def looks_like(message: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a report of ThingPark."""
    return any(key.startswith("DevEUI_") for key in message)


def uplinks(incoming: Incoming, limits: MessageLimits) -> Sequence[Uplink]:
    """The uplink of a report; Refusal for other reports, and for bytes that are still encrypted."""
    message = json_object(incoming.payload, limits)
    report = message.get(_UPLINK)
    if not isinstance(report, dict):
        raise _no_uplink(message)
    if report.get("payloadEncryption") in (1, "1"):
        raise Refusal(
            "bad_message", "the payload is encrypted", "payloadEncryption", 1,
            "give ThingPark the device's application session key, so that it decrypts",
        )  # fmt: skip
    payload = report.get("payload_hex")
    return [
        Uplink(
            eui_of(report.get("DevEUI")),
            server_time((report.get("Time"),)),
            port_of(report.get("FPort")),
            of_hex(payload, "payload_hex") if payload else None,
            report["payload"] if isinstance(report.get("payload"), dict) else None,
            tuple(_names(report)),
        )
    ]


def _no_uplink(message: Mapping[str, Any]) -> Refusal:
    for name in message:
        if name.startswith("DevEUI_"):
            return no_value(name)
    return Refusal(
        "bad_message", "no report of ThingPark", _UPLINK, None,
        "send the uplink reports of the application server",
    )  # fmt: skip


def _names(report: Mapping[str, Any]) -> Iterator[str]:
    """The model as its driver names it, then as its owner does."""
    configured = report.get("DriverCfg")
    for part in ("mod", "app"):
        driver = configured.get(part) if isinstance(configured, dict) else None
        if isinstance(driver, dict):
            yield str(driver.get("mId", ""))
    customer = report.get("CustomerData")
    if isinstance(customer, dict):
        yield str(customer.get("name", ""))
