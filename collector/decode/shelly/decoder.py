"""Which generation a message of a Shelly is, and whose."""

from __future__ import annotations

from collector.decode.message import Decoded, Incoming, MessageLimits
from collector.decode.shelly import first, later
from collector.decode.values import json_of, measured, not_measured, object_of

_SILENT = ("online", "announce", "command", "info", "debug", "log")
"""Last words of topics on which a device tells of itself."""


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a message. Raises Refusal: not_a_measurement, bad_message, bad_json,
    bad_utf8."""
    topic = incoming.topic.removeprefix("shellies/")
    device, later_topic, component = topic.partition("/status/")
    if incoming.topic.startswith("shellies/") and topic.endswith("/status"):
        device, _, way = topic.removesuffix("/status").partition("/")
        told = json_of(incoming.payload, limits)
        found = later.of_components({way.replace("/", ".") or "status": told}, device, None)
    elif later_topic and later.is_component(component):
        status = json_of(incoming.payload, limits)
        found = later.of_components({component: status}, device, None)
    elif topic.endswith("/rpc") or incoming.payload.lstrip()[:1] == b"{":
        message = json_of(incoming.payload, limits)
        found = later.of_message(message, topic.removesuffix("/events/rpc"))
    elif topic.rpartition("/")[2] in _SILENT:
        raise not_measured("a device that tells of itself", topic.rpartition("/")[2])
    else:
        found = first.of_text(incoming, limits)
    last = topic.rpartition("/")[2]
    return measured(found, incoming, limits, "a status without values", last)


def suits(incoming: Incoming) -> bool:
    """Whether topic or payload are a Shelly's."""
    told = object_of(incoming.payload)
    component = incoming.topic.partition("/status/")[2]
    return bool(
        incoming.topic.startswith("shellies/")
        or (told and incoming.topic.endswith("/events/rpc"))
        or (str(told.get("method", "")).startswith("Notify") and "params" in told)
        or (":" in component and later.is_component(component) and told)
    )
