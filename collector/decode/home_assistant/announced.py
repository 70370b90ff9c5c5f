"""Entities that devices announce to Home Assistant (MQTT discovery), as points they describe.

    homeassistant/sensor/office/energy/config   one entity
    homeassistant/device/office/config          all of a device, by name in `components`

    {"name": "Energy", "unit_of_measurement": "kWh", "device_class": "energy",
     "state_class": "total_increasing", "~": "homeassistant/sensor/office",
     "state_topic": "~/state", "value_template": "{{ value_json.energy }}"}

Names may be the short ones that the documentation lists. Where the values of an entity are told is
`state_topic` with the way that its template goes; a template that computes tells no way, and its
entity is passed over. [Home Assistant documentation: MQTT discovery, abbreviations]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from collector.decode.values import said_unit
from metering.joining import Described
from metering.reading import Kind

_SHORT = {
    "state_topic": "stat_t",
    "unit_of_measurement": "unit_of_meas",
    "device_class": "dev_cla",
    "state_class": "stat_cla",
    "value_template": "val_tpl",
    "components": "cmps",
    "platform": "p",
}
_MEASURING = frozenset({"sensor", "binary_sensor", "number", "switch"})
_STATES = frozenset({"binary_sensor", "switch"})
_KINDS = {"total_increasing": Kind.REGISTER, "measurement": Kind.INSTANT}
_TEMPLATE = re.compile(
    r"""\{\{-?\s*value_json((?:\.\w{1,64}|\[\s*(?:'[^'\]]{1,64}'|"[^"\]]{1,64}"|\d{1,4})\s*\]){1,12})"""
    r"""\s*(?:\|\s*(?:float|int|round)(?:\([^)]{0,20}\))?\s*){0,3}-?\}\}"""
)
_STEP = re.compile(r"""\.(\w+)|\[\s*['"]?([^'"\]]+?)['"]?\s*\]""")
_PLAIN = re.compile(r"(\{\{-?\s*value\s*(\|\s*(float|int)(\([^)]{0,20}\))?\s*)?-?\}\})?")
_LONGEST = 1_000


def announced(topic: str, told: object) -> Iterator[Described]:
    """The entities of a message on a topic of discovery that have values of their own; none where
    it takes its announcement back, or announces something that measures nothing."""
    if not isinstance(told, dict):
        return
    parts = _said(told, "components")
    if isinstance(parts, dict):
        for one in parts.values():
            if isinstance(one, dict):
                yield from _entity(str(_said(one, "platform")), {**_shared(told), **one})
    else:
        component = next((one for one in topic.split("/")[-4:-2] if one in _MEASURING), "")
        yield from _entity(component, told)


def _shared(told: dict[str, Any]) -> dict[str, Any]:
    """What stands once for all entities of a device."""
    names = ("~", "state_topic", _SHORT["state_topic"])
    return {name: told[name] for name in names if name in told}


def _entity(component: str, told: dict[str, Any]) -> Iterator[Described]:
    topic, path = _topic(told), _path(_said(told, "value_template"))
    if component not in _MEASURING or not topic or path is None:
        return
    is_state = component in _STATES
    state_class = str(_said(told, "state_class"))
    yield Described(
        "",
        name=_text(_said(told, "name")),
        unit="1" if is_state else said_unit(_said(told, "unit_of_measurement")) or "",
        kind=Kind.STATE if is_state else _KINDS.get(state_class),
        quantity=_text(_said(told, "device_class")),
        topic=topic,
        path=path,
    )


def _said(told: dict[str, Any], name: str) -> Any:
    return told.get(name, told.get(_SHORT.get(name, name)))


def _text(value: object) -> str:
    return value[:128] if isinstance(value, str) and value[:128].isprintable() else ""


def _topic(told: dict[str, Any]) -> str:
    """`state_topic`, with the base in the place of `~`; '' where there is none."""
    topic, base = _said(told, "state_topic"), told.get("~", "")
    if not isinstance(topic, str) or not isinstance(base, str):
        return ""
    if topic.startswith("~"):
        topic = base + topic[1:]
    elif topic.endswith("~"):
        topic = topic[:-1] + base
    return topic if len(topic) <= _LONGEST and not set(topic) & set("+#") else ""


def _path(template: object) -> tuple[str, ...] | None:
    """The way through the JSON that a template goes; () where the payload is the value, None where
    it does more than that."""
    text = template.strip() if isinstance(template, str) else ""
    if len(text) > _LONGEST:
        return None
    if _PLAIN.fullmatch(text):
        return ()
    found = _TEMPLATE.fullmatch(text)
    return None if found is None else tuple(a or b for a, b in _STEP.findall(found[1]))
