"""Reading the state of a component of ESPHome.

    meter1/sensor/total_energy/state  "1234.567"
    device meter1, name sensor.total_energy

[ESPHome documentation: MQTT client component, topics of components]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from collector.decode.message import Decoded, Incoming, MessageLimits, Problem
from collector.decode.quantity import Quantity
from collector.decode.values import (
    json_of,
    leaves,
    measured,
    no_number,
    not_measured,
    number_of,
    state_of,
    taken,
    text_of,
)
from metering.reading import Kind

_COMPONENTS = (
    "sensor|binary_sensor|switch|number|light|climate|cover|fan|valve|water_heater|lock|button"
    "|text_sensor|text|select|event|update|alarm_control_panel"
)
_TOPIC = re.compile(
    rf"(?P<device>.+?)/(?P<component>{_COMPONENTS})/(?P<name>[^/]+)(?P<more>(/[^/]+)*)/state",
    re.DOTALL,
)
_LONGEST_TOPIC = 500
_STATES = frozenset({"binary_sensor", "switch", "lock", "valve"})


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The reading of a component's state. Raises Refusal: not_a_measurement, bad_message,
    bad_json, bad_utf8."""
    match = _state_topic(incoming.topic)
    if match is None:
        raise not_measured("no state of a component", incoming.topic)
    device, component = match["device"], match["component"]
    name = f"{component}.{match['name']}{match['more'].replace('/', '.')}"
    found: Iterable[Quantity | Problem | None]
    if incoming.payload.lstrip()[:1] == b"{":
        found = _of_object(incoming.payload, limits, name, device)
    else:
        found = [_of_text(text_of(incoming.payload, limits), component, name, device)]
    return measured(found, incoming, limits, "a state without values", name)


def suits(incoming: Incoming) -> bool:
    """Whether the topic is that of a component's state, and not under Home Assistant's own."""
    return not incoming.topic.startswith("homeassistant/") and bool(_state_topic(incoming.topic))


def _state_topic(topic: str) -> re.Match[str] | None:
    return _TOPIC.fullmatch(topic) if len(topic) <= _LONGEST_TOPIC else None


def _of_object(
    payload: bytes, limits: MessageLimits, name: str, device: str
) -> Iterator[Quantity | Problem | None]:
    return (
        taken(".".join((name, *path)), value, None, None, None, device)
        for path, value in leaves(json_of(payload, limits))
    )


def _of_text(text: str, component: str, name: str, device: str) -> Quantity | Problem:
    number, state = number_of(text), state_of(text)
    if number is not None:
        return Quantity(name, number, None, None, None, device)
    if state is not None and (component in _STATES or text.isupper()):
        return Quantity(name, state, None, Kind.STATE, None, device)
    if component in ("sensor", "number"):  # "nan" while a sensor gives nothing
        return no_number(f"{device}.{name}", text)
    raise not_measured("a word, not a value", text)
