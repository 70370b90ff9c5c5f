"""Uplinks of LoRaWAN devices, however a network server wraps them: one way to quantities.

message ─▶ uplinks of its family ─▶ what each says:  1 its bytes, where the route names the model
                                                    2 what the server has decoded
                                                    3 its bytes, where the uplink names a model
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, unhexlify
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

# The module and not its names: its vendors' modules import this package in turn.
from collector import profiles
from collector.decode.decoded_object import named_values
from collector.decode.decoder import Decode, Decoder
from collector.decode.instant import of_any
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.quantity import Quantity, readings
from collector.decode.values import clock_of, not_measured, object_of
from metering.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Uplink:
    """What a device sent, out of the wrapping of its network server."""

    device: str
    """DevEUI in lower case; '' where nothing says it."""
    time_us: int | None
    """When the network server had it [us UTC]; None: it does not say."""
    port: int
    payload: bytes | None
    """None where it is not passed on, or has no bytes."""
    decoded: object = None
    """What the server's own decoder made of it; None where there is none."""
    names: tuple[str, ...] = ()
    """Texts that may name the device's model, the most telling first."""


_RUN_TOGETHER = re.compile(r"(\d{4})-(\d\d)-?(\d\d)([T ].*)", re.ASCII)

Uplinks = Callable[[Incoming, MessageLimits], Sequence[Uplink | Problem]]
"""The uplinks of a message, and problems in place of those that cannot be read; Refusal where it
is none, or measures nothing."""


@dataclass(frozen=True)
class Models:
    """Which profile reads the bytes of which device, as a route says."""

    every: profiles.Profile | None = None
    by_prefix: tuple[tuple[str, profiles.Profile], ...] = ()
    """By the beginning of a DevEUI, the longest first."""

    def of(self, device: str) -> profiles.Profile | None:
        """The profile of a device; None where the route does not say."""
        fitting = (one for prefix, one in self.by_prefix if device.startswith(prefix))
        return next(fitting, self.every)


NO_MODELS = Models()


def models_of(options: Mapping[str, str]) -> Models:
    """`device=vendor/model` for all, `devices=24e1:vendor/model,a817:vendor/model` by DevEUI;
    `vendor` is of models that are named without theirs.

    Raises InvalidInput, naming `options`, for others and for a model without a profile.
    """
    for name in options.keys() - {"vendor", "device", "devices"}:
        raise InvalidInput(
            "unknown option", field="options", value=name,
            fix="this decoder takes device=vendor/model and devices=PREFIX:vendor/model,...",
        )  # fmt: skip
    vendor = options.get("vendor", "")
    pairs = [one.partition(":") for one in options.get("devices", "").split(",") if one.strip()]
    found = [(prefix.strip().lower(), _profile(vendor, model)) for prefix, _, model in pairs]
    found.sort(key=lambda one: -len(one[0]))
    every = options.get("device")
    return Models(None if every is None else _profile(vendor, every), tuple(found))


def _profile(vendor: str, model: str) -> profiles.Profile:
    found = profiles.find_profile(f"{vendor} {model}") or profiles.find_profile(model)
    if found is None:
        raise InvalidInput(
            "no profile of this device", field="options", value=model.strip(),
            fix="name vendor/model as docs/devices.md lists them",
        )  # fmt: skip
    return found


def network_server(
    uplinks: Uplinks,
    topics: tuple[str, ...] = (),
    suits: Callable[[Mapping[str, Any]], bool] | None = None,
    aliases: tuple[str, ...] = (),
) -> Decoder:
    """A row of the table for a family of uplinks; `suits` is asked of the JSON object."""

    def configured(options: Mapping[str, str]) -> Decode:
        return partial(decode_uplinks, uplinks, models_of(options))

    return Decoder(
        partial(decode_uplinks, uplinks, NO_MODELS),
        topics,
        configured,
        None if suits is None else partial(_object_suits, suits),
        aliases,
    )


def decode_uplinks(
    uplinks: Uplinks, models: Models, incoming: Incoming, limits: MessageLimits
) -> Decoded:
    """The readings of a message's uplinks. Raises Refusal where there is only one and it is
    refused; of several each that is refused is a problem of its own."""
    given = uplinks(incoming, limits)
    if len(given) == 1 and isinstance(given[0], Uplink):
        return readings(_said(given[0], models), incoming, limits)
    found: list[Quantity | Problem] = []
    for one in given:
        try:
            found += [one] if isinstance(one, Problem) else _said(one, models)
        except Refusal as refusal:
            found.append(refusal.problem)
    return readings(found, incoming, limits)


def each(
    value: object, read: Callable[[object], Uplink], limits: MessageLimits
) -> Sequence[Uplink | Problem]:
    """The uplink that a JSON value is, or those of a list, each by itself. Refusal where a value
    that stands alone is none, and for a list that is empty or too long."""
    if not isinstance(value, list):
        return [read(value)]
    if not 0 < len(value) <= limits.readings:
        raise Refusal(
            "bad_message", f"not 1 to {limits.readings} uplinks", "payload", len(value),
            "send them in several messages",
        )  # fmt: skip
    found: list[Uplink | Problem] = []
    for one in value:
        try:
            found.append(read(one))
        except Refusal as refusal:
            found.append(refusal.problem)
    return found


def _said(uplink: Uplink, models: Models) -> list[Quantity | Problem]:
    """What an uplink says; Refusal where it says nothing that can be read."""
    asked = models.of(uplink.device)
    found: list[Quantity | Problem] = []
    if asked is not None and uplink.payload:
        found = asked(uplink.payload, uplink.port)
    elif uplink.decoded is not None:
        found += named_values(uplink.decoded)
    has_values = any(isinstance(one, Quantity) for one in found)
    if not has_values and uplink.payload and asked is None:
        found = _profile_of(uplink)(uplink.payload, uplink.port)
    if not found:
        raise no_value(uplink.device)
    return [_placed(one, uplink) for one in found]


def _placed(one: Quantity | Problem, uplink: Uplink) -> Quantity | Problem:
    if isinstance(one, Problem):
        named = one.point and uplink.device
        return replace(one, point=f"{uplink.device}.{one.point}") if named else one
    time_us = uplink.time_us if one.time_us is None else one.time_us
    return replace(one, device=uplink.device, time_us=time_us)


def _profile_of(uplink: Uplink) -> profiles.Profile:
    for name in uplink.names:
        found = profiles.find_profile(name)
        if found is not None:
            return found
    raise Refusal(
        "unknown_device", "bytes of a device whose model nothing names", "devEUI", uplink.device,
        "say in the route's options device=vendor/model, or devices=PREFIX:vendor/model for some",
    )  # fmt: skip


def no_value(shown: object) -> Refusal:
    """An event of a network server, or an uplink of a device, that measures nothing; what tells
    which one it is. A route to journal_only would keep its measurements back too."""
    return not_measured(
        "an event of a network server that holds no value", shown,
        "nothing to do; switch off this kind of event where it is not wanted",
    )  # fmt: skip


def _object_suits(suits: Callable[[Mapping[str, Any]], bool], incoming: Incoming) -> bool:
    return suits(object_of(incoming.payload))


def first_text(texts: Iterable[object]) -> str:
    """The first that is a text with something in it; '' where none is."""
    return next((one for one in texts if isinstance(one, str) and one), "")


def server_time(times: Iterable[object], zone: str = "") -> int | None:
    """The first time that is there [us UTC]: RFC 3339 with an offset, to the nanosecond, or epoch
    milliseconds; in a zone also without an offset, and other counts since 1970. None where none
    is. Refusal, bad_time, where that first one is no time."""
    value = next((one for one in times if one not in (None, "")), None)
    if value is None:
        return None
    if zone:
        return clock_of(_mended(value), zone)
    try:
        return of_any(_mended(value))
    except InvalidInput as error:
        raise Refusal("bad_time", error.message, "time", value, error.fix or "") from None


def _mended(time: object) -> object:
    """A time whose hyphen before the day some gateways leave out, such as 2020-0327T12:39:05Z."""
    found = _RUN_TOGETHER.fullmatch(time) if isinstance(time, str) else None
    return time if found is None else f"{found[1]}-{found[2]}-{found[3]}{found[4]}"


def port_of(value: object) -> int:
    """The FPort, also where it is a text; 0 where there is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4:
        return int(value)
    return value if isinstance(value, int) and 0 <= value <= 255 else 0


def eui_of(value: object) -> str:
    """A DevEUI in lower case, without the marks that some write between its bytes; base64, as
    ChirpStack v3 can be told to write it, as hex."""
    text = value.strip() if isinstance(value, str) else ""
    if len(text) == 12 and text.endswith("="):
        return of_base64(text, "devEUI").hex()
    plain = text.replace(":", "").replace("-", "").lower()
    return plain if len(plain) == 16 else text.lower()


def of_base64(text: object, field: str) -> bytes:
    """Bytes of a base64 text, also without its padding; Refusal where it is none."""
    try:
        if not isinstance(text, str):
            raise ValueError
        return a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except (Error, ValueError):
        raise Refusal(
            "bad_message", "not base64", field, text, "pass the bytes on as base64"
        ) from None


def of_hex(text: object, field: str) -> bytes:
    """Bytes of a text of hexadecimal digits; Refusal where it is none."""
    try:
        if not isinstance(text, str):
            raise ValueError
        return unhexlify("".join(text.split()))
    except (Error, ValueError):
        raise Refusal(
            "bad_message", "not hexadecimal", field, text, "pass the bytes on as hexadecimal digits"
        ) from None
