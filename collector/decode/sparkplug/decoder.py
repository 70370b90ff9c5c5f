"""Births and data of Sparkplug B edge nodes as readings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from collector.decode.message import (
    Decoded,
    Incoming,
    MessageLimits,
    Problem,
    Refusal,
    name_shown,
    shown,
)
from collector.decode.quantity import LONGEST_POINT, Quantity, readings
from collector.decode.sparkplug.payload import BOOLEAN, NUMBERS, Metric, metrics_of
from metering.joining import MOST_SEEN, Described
from metering.reading import Kind
from metering.units import UNITS

NAMESPACE = "spBv1.0"
_BIRTHS = frozenset({"NBIRTH", "DBIRTH"})
_TOLD = _BIRTHS | {"NDATA", "DDATA"}
_SILENT = frozenset({"NDEATH", "DDEATH", "NCMD", "DCMD"})
_CONTROL = ("Node Control/", "Device Control/", "Node Info/", "Node Properties/")
_SEQUENCE = "bdSeq"
_LONGEST_MS = 2**53


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The numbers of a birth or of data; nothing of deaths and commands.

    Raises Refusal: `unknown_topic`, `bad_message`, `bad_frame`.
    """
    kind, device = _addressed(incoming.topic)
    if kind in _SILENT:
        return Decoded()
    if len(incoming.payload) > limits.payload_bytes:
        fix = "send smaller batches"
        text = f"longer than {limits.payload_bytes} bytes"
        raise Refusal("bad_message", text, "payload", len(incoming.payload), fix)
    metrics = metrics_of(incoming.payload, limits.readings)
    found = readings(_quantities(metrics, device), incoming, limits)
    if kind in _BIRTHS:
        found.described = list(islice(_described(metrics, device), MOST_SEEN))
    return found


def _described(metrics: list[Metric], device: str) -> Iterator[Described]:
    """What a birth names: numbers and booleans, also those that have no value yet."""
    for one in metrics:
        number = one.datatype in NUMBERS or one.value is not None
        name = f"{device}.{one.name}"
        if one.name and number and not _is_own(one) and len(name) <= LONGEST_POINT:
            flag = one.datatype == BOOLEAN
            unit = "1" if flag else one.unit if one.unit in UNITS else ""
            if name.isprintable():
                yield Described(name, unit=unit, kind=Kind.STATE if flag else None)


def _is_own(one: Metric) -> bool:
    """Whether it is of the node's own working."""
    return one.name == _SEQUENCE or one.name.startswith(_CONTROL)


def suits(incoming: Incoming) -> bool:
    """Whether the topic is of Sparkplug B."""
    return incoming.topic.startswith(f"{NAMESPACE}/")


def _addressed(topic: str) -> tuple[str, str]:
    """What kind of message it is, and whose: group/node or group/node/device."""
    parts = topic.split("/")
    if parts[0] != NAMESPACE or len(parts) not in {4, 5} or parts[2] not in _TOLD | _SILENT:
        fix = f"publish under {NAMESPACE}/GROUP/NBIRTH, DBIRTH, NDATA or DDATA/NODE"
        raise Refusal("unknown_topic", "not a topic of Sparkplug B", "topic", topic, fix)
    return parts[2], "/".join([parts[1], *parts[3:]])


def _quantities(metrics: list[Metric], device: str) -> Iterator[Quantity | Problem]:
    for one in metrics:
        if _is_own(one) or one.value is None:
            continue
        yield _wrong(one) or _quantity(one, device)


def _wrong(one: Metric) -> Problem | None:
    """Why a number cannot be taken; None where it can."""
    name = name_shown(one.name)
    if not one.name:
        fix = "let the node send names in data messages as well"
        alias = shown(one.alias)
        return Problem("unknown_alias", "a metric by its alias alone", "alias", alias, fix)
    if one.is_wide:
        return Problem(
            "bad_value", "a whole number whose data type the message leaves out", "value",
            shown(one.value), "let the node send the data type, or a floating-point number",
            point=name,
        )  # fmt: skip
    if (one.time_ms or 0) >= _LONGEST_MS:
        fix = "milliseconds since 1970, in UTC"
        time = shown(one.time_ms)
        return Problem("bad_time", "not an instant", "timestamp", time, fix, point=name)
    return None


def _quantity(one: Metric, device: str) -> Quantity:
    flag = isinstance(one.value, bool)
    unit = "1" if flag else one.unit if one.unit in UNITS else None
    time_us = one.time_ms * 1000 if one.time_ms else None
    value = float(one.value or 0)
    return Quantity(one.name, value, unit, Kind.STATE if flag else None, time_us, device)
