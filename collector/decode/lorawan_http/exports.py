"""Reading uplinks that are written much like those of ChirpStack, by each vendor under names of its
own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
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

_EUI = ("deveui", "eui")
_TIME = ("time", "timestamp", "receivedat", "reporttime", "ts")
_PORT = ("fport", "port")
_BASE64 = ("data", "frmpayload", "payloadraw")
_HEX = ("payloadhex", "datahex", "payload")
_OBJECT = ("object", "decoded", "decodedpayload", "payloadfields")
_NAMES = ("devicemodel", "model", "deviceprofilename", "devicetype", "devicename", "name")
"""What a field is called, without capitals, hyphens and underscores."""

_OTHERS = ("applicationid", "deviceinfo", "cmd", "deveuiuplink")
"""Fields of families that say more of themselves."""


def looks_like(message: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an export of uplinks: a DevEUI, and bytes or an object."""
    fields = _plain(message)
    if _first(fields, _EUI) is None or _first(fields, _OTHERS) is not None:
        return False
    return _first(fields, _BASE64 + _HEX + _OBJECT) is not None


def uplinks(incoming: Incoming, limits: MessageLimits) -> Sequence[Uplink | Problem]:
    """The uplink of an export, or those of a list."""
    return each(json_of(incoming.payload, limits), partial(_uplink, incoming.zone), limits)


def _uplink(zone: str, value: object) -> Uplink:
    fields = _plain(value) if isinstance(value, dict) else {}
    device = eui_of(_first(fields, _EUI))
    if not device:
        raise Refusal(
            "bad_message", "no uplink of a device", "devEUI", None, "send the uplinks with devEUI"
        )
    decoded = _first(fields, _OBJECT)
    payload = _payload(fields)
    if payload is None and decoded is None:
        raise no_value(device)
    times = (fields.get(name) for name in _TIME)
    names = [text for text in (fields.get(name) for name in _NAMES) if isinstance(text, str)]
    return Uplink(
        device,
        server_time(times, zone),
        port_of(_first(fields, _PORT)),
        payload,
        decoded,
        tuple(names),
    )


def _payload(fields: Mapping[str, Any]) -> bytes | None:
    """Under its name for base64 or for hexadecimal."""
    in_base64 = first_text(fields.get(name) for name in _BASE64)
    if in_base64:
        return of_base64(in_base64, "data")
    in_hex = first_text(fields.get(name) for name in _HEX)
    return of_hex(in_hex, "payload") if in_hex else None


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower().replace("_", "").replace("-", ""): message[name] for name in message}


def _first(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    """What stands under the first of the names that is there and not empty."""
    return next((fields[name] for name in names if fields.get(name) not in (None, "", {})), None)
