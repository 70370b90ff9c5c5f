"""Devices of the first generation: one plain text a topic.

    shellies/shellyem-B9E4F1/emeter/0/total  "123456.7"   [Wh]
    device shellyem-B9E4F1, name emeter.0.total

Energies of relays, lights and rollers, and `energy` of an emeter, are counted in watt-minutes
[Shelly Gen1 API reference, MQTT].
"""

from __future__ import annotations

from collector.decode.message import Incoming, MessageLimits, Problem
from collector.decode.quantity import Quantity
from collector.decode.values import no_number, not_measured, number_of, state_of, text_of
from metering.reading import Kind

_UNITS = {
    "power": "W",
    "reactive_power": "var",
    "voltage": "V",
    "current": "A",
    "pf": "1",
    "total": "Wh",
    "total_returned": "Wh",
    "temperature": "C",
    "temperature_f": "F",
    "ext_temperature": "C",
    "ext_temperature_f": "F",
    "humidity": "%",
    "ext_humidity": "%",
    "battery": "%",
    "lux": "lx",
    "pos": "%",
    "tilt": "deg",
    "concentration": "ppm",
}
_WATT_MINUTES = frozenset({"energy", "returned_energy"})
_REGISTERS = _WATT_MINUTES | {"total", "total_returned"}
_MINUTES = 60.0
"""Watt-minutes of a watt-hour."""


def of_text(incoming: Incoming, limits: MessageLimits) -> list[Quantity | Problem]:
    """The one quantity of a text. Raises Refusal: not_a_measurement where the topic is no value's
    or the text is a word, bad_message, bad_utf8."""
    _, _, rest = incoming.topic.partition("shellies/")
    device, _, way = rest.partition("/")
    text = text_of(incoming.payload, limits)
    if not way or way.endswith("/command") or way.endswith("/set"):
        raise not_measured("a device that tells of itself", text)
    name = way.replace("/", ".")
    number, state = number_of(text), state_of(text)
    if number is None and state is not None:
        return [Quantity(name, state, None, Kind.STATE, None, device)]
    parts = [part for part in way.split("/") if not part.isdigit()]
    last = parts[-1] if parts else ""
    if number is None:
        if last in _UNITS or last in _WATT_MINUTES:
            return [no_number(f"{device}.{name}", text)]
        raise not_measured("a word, not a value", text)
    if last in _WATT_MINUTES:
        return [Quantity(name, number / _MINUTES, "Wh", Kind.REGISTER, None, device)]
    kind = Kind.REGISTER if last in _REGISTERS else None
    return [Quantity(name, number, _UNITS.get(last), kind, None, device)]
