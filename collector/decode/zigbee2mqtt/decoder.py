"""Reading the state of a Zigbee device: one object, or one value a topic (`output: attribute`).

    zigbee2mqtt/meeting room/plug  {"power": 12.1, "energy": 3.14, "state": "ON", ...}
    device `meeting room/plug`, name power

What the bridge says of itself and of its devices is no measurement. [Zigbee2MQTT documentation:
MQTT topics and messages; names and units: exposes]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.quantity import Quantity
from collector.decode.values import (
    clock_of,
    json_of,
    leaves,
    measured,
    not_measured,
    object_of,
    taken,
    text_of,
)
from metering.reading import Kind

_UNITS = {
    **dict.fromkeys(("temperature", "device_temperature", "local_temperature"), "C"),
    **dict.fromkeys(("occupied_heating_setpoint", "current_heating_setpoint"), "C"),
    **dict.fromkeys(("occupied_cooling_setpoint", "soil_temperature"), "C"),
    **dict.fromkeys(("humidity", "soil_moisture", "battery", "position", "tilt"), "%"),
    **dict.fromkeys(("valve_position", "pi_heating_demand"), "%"),
    "pressure": "hPa",
    **dict.fromkeys(("illuminance", "illuminance_lux"), "lx"),
    **dict.fromkeys(("co2", "eco2"), "ppm"),
    **dict.fromkeys(("pm1", "pm25", "pm10"), "ug/m3"),
    **dict.fromkeys(("energy", "produced_energy", "energy_tier_1", "energy_tier_2"), "kWh"),
    **dict.fromkeys(("power", "power_phase_a", "power_phase_b", "power_phase_c"), "W"),
    **dict.fromkeys(("power_apparent", "apparent_power"), "VA"),
    **dict.fromkeys(("power_reactive", "reactive_power"), "var"),
    **dict.fromkeys(("current", "current_phase_a", "current_phase_b", "current_phase_c"), "A"),
    **dict.fromkeys(("voltage_phase_a", "voltage_phase_b", "voltage_phase_c"), "V"),
    "power_factor": "1",
    "ac_frequency": "Hz",
    "noise": "dB",
}
"""What devices expose under these names, whoever made them."""
_REGISTERS = frozenset({"energy", "produced_energy", "energy_tier_1", "energy_tier_2"})
_SKIPPED = frozenset(
    {"linkquality", "last_seen", "update", "update_available", "color", "device", "elapsed"}
)
_BRIDGE = frozenset(
    {"definition", "ieee_address", "coordinator", "commit", "exposes", "interviewing"}
)
_NO_STATE = re.compile(r"bridge(/.*)?|.*/(availability|set|get)(/.*)?", re.DOTALL)


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a message. Raises Refusal: not_a_measurement, bad_message, bad_json,
    bad_utf8, bad_time."""
    device = incoming.topic.removeprefix("zigbee2mqtt/")
    if _NO_STATE.fullmatch(device):
        raise not_measured("the bridge, or a command", device)
    told = _told(incoming, limits)
    if not isinstance(told, dict):
        device, _, name = device.rpartition("/")
        told = {name: told} if name else {}
    if _of_bridge(told):
        raise not_measured("a description of devices", sorted(told)[:8])
    time_us = clock_of(told.get("last_seen"), incoming.zone, "last_seen")
    found = _quantities(told, device, time_us)
    return measured(found, incoming, limits, "a state without values", sorted(told)[:8])


def suits(incoming: Incoming) -> bool:
    """Whether the topic is the bridge's, or the payload has what it adds to a device's state."""
    told = object_of(incoming.payload)
    return incoming.topic.startswith("zigbee2mqtt/") or "linkquality" in told or _of_bridge(told)


def _told(incoming: Incoming, limits: MessageLimits) -> object:
    """What a message says; a word that is no JSON is a text."""
    try:
        return json_of(incoming.payload, limits)
    except Refusal as refusal:
        if refusal.problem.reason != "bad_json" or incoming.payload.lstrip()[:1] in (b"{", b"["):
            raise
    return text_of(incoming.payload, limits)


def _of_bridge(told: Mapping[str, Any]) -> bool:
    """Whether an object is what the bridge says of itself, or of one of its devices or all."""
    inner = next(iter(told.values()), None)
    return bool(_BRIDGE & set(told)) or (isinstance(inner, dict) and bool(_BRIDGE & set(inner)))


def _quantities(
    told: Mapping[str, Any], device: str, time_us: int | None
) -> Iterator[Quantity | Problem]:
    for path, value in leaves(told):
        if _SKIPPED & set(path):
            continue
        name = ".".join(path)
        kind = Kind.REGISTER if name in _REGISTERS else None
        one = taken(name, value, _unit(path[-1], told), kind, time_us, device)
        if one is not None:
            yield one


def _unit(name: str, told: Mapping[str, Any]) -> str | None:
    """The unit of a name. A `voltage` is that of the mains where power or current stand beside it,
    and that of the battery, in millivolts, where a battery does."""
    if name == "voltage":
        if "battery" in told:
            return "mV"
        return "V" if {"power", "current", "energy"} & set(told) else None
    if name.endswith("temperature") and told.get("temperature_unit") == "fahrenheit":
        return "F"
    return _UNITS.get(name)
