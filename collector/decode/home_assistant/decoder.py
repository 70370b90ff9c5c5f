"""Reading the state of an entity.

    homeassistant/sensor/office_energy/state  "1234.5"         the integration MQTT Statestream
    homeassistant/sensor/office/state  {"temperature": 21.5}   a device that was announced there
    {"entity_id": "sensor.office_energy", "state": "1234.5",
     "attributes": {"unit_of_measurement": "kWh"}}             a state object, or an event with one

The name is the entity's: sensor.office_energy. What announces an entity (discovery) describes
points, and is remembered for the values on its topic; attributes on topics of their own are no
measurements. [Home Assistant documentation: MQTT discovery, MQTT Statestream, MQTT Eventstream,
state objects]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from collector.decode.home_assistant.announced import announced
from collector.decode.home_assistant.entities import Entities, Entity, changes, entities
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem
from collector.decode.quantity import Quantity, readings
from collector.decode.values import (
    clock_of,
    json_of,
    leaves,
    measured,
    not_measured,
    object_of,
    said_unit,
    taken,
    text_of,
)
from metering.joining import MOST_SEEN
from metering.reading import Kind

_UNKNOWN = Entity(())
_NO_STATE = ("unavailable", "unknown", "none", "")


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a message. Raises Refusal: not_a_measurement, bad_message, bad_json,
    bad_utf8, bad_time."""
    told = _told(incoming, limits)
    entity = _state_object(told)
    if entity is not None:
        return readings(_of_entity(entity, incoming.zone), incoming, limits)
    *parts, last = incoming.topic.split("/")
    if last == "config" and len(parts) >= 3:
        described = list(islice(announced(incoming.topic, told), MOST_SEEN))
        remembered = list(changes(incoming.past, incoming.topic, described))
        return Decoded(described=described, remembered=remembered)
    known = entities(incoming.past, incoming.topic)
    if not (known or (last == "state" and len(parts) >= 2)):
        raise not_measured("an announcement or an attribute", incoming.topic)
    if isinstance(told, str) and told.lower() in _NO_STATE:
        raise not_measured("an entity without a state", told)
    values = _values(told, ".".join(_named_by(parts, last)), known)
    return measured(values, incoming, limits, "a word, not a value", told)


def _named_by(parts: list[str], last: str) -> list[str]:
    """The levels of a topic that name its values: the last two, but for `state`."""
    return parts[-2:] if last == "state" and parts else [*parts, last][-2:]


def _values(told: object, name: str, known: Entities) -> Iterator[Quantity | Problem | None]:
    """Every value of a message on a topic, as it was announced."""
    for path, value in leaves(told):
        if isinstance(value, str) and value.lower() in _NO_STATE:
            continue
        one = known.get(path, _UNKNOWN)
        yield taken(".".join((name, *path)), value, one.unit, one.kind, None)


def suits(incoming: Incoming) -> bool:
    """Whether the topic is under Home Assistant's own, or the payload has a state object."""
    told = object_of(incoming.payload)
    return incoming.topic.startswith("homeassistant/") or _state_object(told) is not None


def _told(incoming: Incoming, limits: MessageLimits) -> object:
    """What a message says; a word that is no JSON is a text."""
    if incoming.payload.lstrip()[:1] in (b"{", b"["):
        return json_of(incoming.payload, limits)
    return text_of(incoming.payload, limits).strip('"')


def _state_object(told: object) -> dict[str, Any] | None:
    """The state object of a message that is one, or of an event that tells of a new one."""
    if not isinstance(told, dict):
        return None
    event = told.get("event_data")
    if isinstance(event, dict):
        told = event.get("new_state")
    if isinstance(told, dict) and isinstance(told.get("entity_id"), str) and "state" in told:
        return told
    return None


def _of_entity(entity: dict[str, Any], zone: str) -> list[Quantity | Problem]:
    if isinstance(entity["state"], str) and entity["state"].lower() in _NO_STATE:
        raise not_measured("an entity without a state", entity["state"])
    attributes = entity.get("attributes")
    about = attributes if isinstance(attributes, dict) else {}
    times = [entity.get(name) for name in ("last_reported", "last_updated", "last_changed")]
    time_us = clock_of(next((one for one in times if one), None), zone, "last_updated")
    kind = Kind.REGISTER if about.get("state_class") == "total_increasing" else None
    unit = said_unit(about.get("unit_of_measurement"))
    one = taken(str(entity["entity_id"]), entity["state"], unit, kind, time_us)
    if one is None:
        raise not_measured("an entity without a state", entity["state"])
    return [one]
