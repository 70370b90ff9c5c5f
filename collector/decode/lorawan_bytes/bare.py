"""Bare bytes: hexadecimal text or binary; the topic may name the device, the route its model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

from collector.decode.decoder import Decode, Decoder
from collector.decode.message import Incoming, MessageLimits, Refusal
from collector.decode.uplink import (
    NO_MODELS,
    Uplink,
    decode_uplinks,
    models_of,
    of_hex,
)
from metering.errors import InvalidInput

_HEX = re.compile(rb"\s*(?:0x)?((?:[0-9A-Fa-f]{2}\s*)+)", re.ASCII)
_EUI = re.compile(r"[0-9a-f]{16}", re.ASCII)
_PORT = "port"


def uplinks(port: int, incoming: Incoming, limits: MessageLimits) -> Sequence[Uplink]:
    """One uplink on that FPort; Refusal for none, or for more than a LoRaWAN device can send."""
    text = _HEX.fullmatch(incoming.payload[: 2 * limits.readings])
    payload = of_hex(text[1].decode(), "payload") if text else incoming.payload
    if not 0 < len(payload) <= _LONGEST:
        raise Refusal(
            "bad_message", f"not the 1 to {_LONGEST} bytes of an uplink", "payload", len(payload),
            "send each uplink as a message",
        )  # fmt: skip
    return [Uplink(_device(incoming.topic), None, port, payload)]


_LONGEST = 1000
"""An uplink holds 242 bytes at most; stored examples put several behind each other."""


def _device(topic: str) -> str:
    """The DevEUI among the topic's levels; '' where there is none."""
    levels = topic.lower().replace("eui-", "").split("/")
    return next((level for level in levels if _EUI.fullmatch(level)), "")


def _configured(options: Mapping[str, str]) -> Decode:
    models = models_of({name: options[name] for name in options if name != _PORT})
    return partial(decode_uplinks, partial(uplinks, _port(options.get(_PORT, "1"))), models)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < len(text) < 4 and int(text) < 256:
        return int(text)
    raise InvalidInput(
        "not an FPort", field="options", value=text, fix="port=1 to port=255, as the device sends"
    )


LORAWAN_BYTES = Decoder(
    partial(decode_uplinks, partial(uplinks, 1), NO_MODELS),
    configured=_configured,
    aliases=("milesight_lorawan_bytes", "ttn_codec_bytes"),
)
