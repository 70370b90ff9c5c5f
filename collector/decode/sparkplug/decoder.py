"""Births and data of Sparkplug B edge nodes as readings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
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
from collector.decode.sparkplug.births import NOBODY, Birth, Named, ends, names, told
from collector.decode.sparkplug.payload import (
    BOOLEAN,
    NUMBERS,
    SEQUENCE,
    Metric,
    Payload,
    payload_of,
)
from metering.edge_node import NodeNews
from metering.joining import MOST_SEEN, Described
from metering.reading import Kind
from metering.units import UNITS

NAMESPACE = "spBv1.0"
_BIRTHS = frozenset({"NBIRTH", "DBIRTH"})
_DEATHS = frozenset({"NDEATH", "DDEATH"})
_COMMANDS = frozenset({"NCMD", "DCMD"})
_KINDS = _BIRTHS | _DEATHS | _COMMANDS | {"NDATA", "DDATA"}
_CONTROL = ("Node Control/", "Device Control/", "Node Info/", "Node Properties/")
_LONGEST_UNIT = 32
_LONGEST_MS = 2**53


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The numbers of a birth or of data, named by the births before; nothing of deaths and
    commands, but that a death ends a birth.

    Raises Refusal: `unknown_topic`, `bad_message`, `bad_frame`.
    """
    kind, node, device = _addressed(incoming.topic)
    if kind in _COMMANDS:
        return Decoded()
    if len(incoming.payload) > limits.payload_bytes:
        fix = "send smaller batches"
        text = f"longer than {limits.payload_bytes} bytes"
        raise Refusal("bad_message", text, "payload", len(incoming.payload), fix)
    if kind in _DEATHS:
        return _death(incoming, limits, kind, node, device)
    known = NOBODY if kind in _BIRTHS else names(incoming.past, node, device)
    payload = payload_of(incoming.payload, limits.readings, known)
    metrics = payload.metrics
    found = readings(_quantities(metrics, device or node), incoming, limits)
    found.node = _news(kind, node, device, payload)
    if kind in _BIRTHS:
        found.described = list(islice(_described(metrics, device or node), MOST_SEEN))
        found.remembered = [(device or node, told(_birth(payload)))]
    else:
        unnamed = any(one.reason == "unknown_alias" for one in found.problems)
        found.node = replace(found.node, unborn=not known.of_birth, unnamed=unnamed)
    return found


def _death(incoming: Incoming, limits: MessageLimits, kind: str, node: str, device: str) -> Decoded:
    payload = payload_of(incoming.payload, limits.readings)
    news = _news(kind, node, device, payload)
    over = kind == "DDEATH" or ends(incoming.past, node, news.bd_seq)
    return Decoded(remembered=[(device or node, b"")] if over else [], node=news)


def _news(kind: str, node: str, device: str, payload: Payload) -> NodeNews:
    seq = None if kind == "NDEATH" else payload.seq  # a will, written before it is known
    return NodeNews(node, kind, device.removeprefix(f"{node}/"), seq, payload.bd_seq)


def _birth(payload: Payload) -> Birth:
    """What is remembered of a birth."""
    named = [
        Named(one.name, one.alias, one.datatype, one.unit[:_LONGEST_UNIT])
        for one in payload.metrics
        if one.name
    ]
    return Birth(named, payload.bd_seq)


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
    return one.name == SEQUENCE or one.name.startswith(_CONTROL)


def suits(incoming: Incoming) -> bool:
    """Whether the topic is of Sparkplug B."""
    return incoming.topic.startswith(f"{NAMESPACE}/")


def _addressed(topic: str) -> tuple[str, str, str]:
    """Kind of message, node (group/node), and device (group/node/device) or ''."""
    parts = topic.split("/")
    if parts[0] != NAMESPACE or len(parts) not in {4, 5} or parts[2] not in _KINDS:
        fix = f"publish under {NAMESPACE}/GROUP/NBIRTH, DBIRTH, NDATA or DDATA/NODE"
        raise Refusal("unknown_topic", "not a topic of Sparkplug B", "topic", topic, fix)
    node = f"{parts[1]}/{parts[3]}"
    return parts[2], node, f"{node}/{parts[4]}" if len(parts) == 5 else ""


def _quantities(metrics: list[Metric], device: str) -> Iterator[Quantity | Problem | None]:
    for one in metrics:
        if _is_own(one) or one.value is None:
            if one.keeps_place:
                yield None
            continue
        yield _wrong(one) or _quantity(one, device)


def _wrong(one: Metric) -> Problem | None:
    """Why a number cannot be taken; None where it can."""
    name = name_shown(one.name)
    if not one.name:
        fix = "let the node send its birth again, or names in data messages as well"
        text, alias = "an alias that no birth names", shown(one.alias)
        return Problem("unknown_alias", text, "alias", alias, fix)
    if one.is_wide:
        return Problem(
            "bad_value", "a whole number whose data type the message leaves out", "value",
            shown(one.value), "let the node send the data type, or a floating-point number",
            point=name,
        )  # fmt: skip
    if one.is_historical and not one.time_ms:
        fix = "send the time at which it was measured with it"
        return Problem(
            "bad_time", "historical, and without a time", "timestamp", "", fix, point=name
        )
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
