"""Sensors of parking spaces: Bosch's, and Nwave's with its counters of cars.

Sources: Bosch's "Parking Lot Sensor, communication interface" and Nwave's description of the
payloads of its fourth generation.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from collector.decode.quantity import Quantity
from collector.profiles.layout import STATE, Field, Reader, by_port, fields
from collector.profiles.profile import Octets, Profile

_OCCUPIED = Field("occupied", 1, 1, "1", STATE, mask=0x01)

_BOSCH: dict[int, Reader] = {
    1: fields(_OCCUPIED),
    2: fields(_OCCUPIED, Field("temperature", -1, 1, "C")),
    3: fields(Field("", 16), _OCCUPIED),
}
"""A change, a heartbeat, and a start, which tells its state behind 16 bytes about itself."""


def _change(octets: Octets) -> list[Quantity]:
    """A new state, and how long the one before it was [min]: seven bits, coarser the longer it
    was; at most eleven hours."""
    found = fields(_OCCUPIED)(octets)
    code = octets.payload[octets.at - 1] >> 1
    if code < 90:
        minutes, doubt = code, 0
    elif code < 120:
        minutes, doubt = 90 + (code - 90) * 5, 4
    else:
        minutes, doubt = 240 + (code - 120) * 60, 59
    overflow = code == 127
    name = "previous_state_duration"
    found.append(Quantity(name, 660 if overflow else minutes))
    if not overflow:
        found.append(Quantity(f"{name}_error", doubt))
    return [*found, Quantity(f"{name}_overflow", overflow, "1", STATE)]


def _registered(octets: Octets) -> list[Quantity]:
    """Somebody's tag beside a change of state; its number is nothing that is measured."""
    return [*_change(octets), *fields(Field("tag_battery_voltage", 1, 0.1, "V"))(octets)]


_HEALTH = Field("hw_health_status", 1, 1, "1", STATE, mask=0x7F)

_NWAVE_SPACE: dict[int, Reader] = {
    1: _change,
    2: fields(
        _OCCUPIED,
        replace(_HEALTH, again=True),
        Field("battery_voltage", 1, 0.004, "V", offset=2.5),
        Field("temperature", -1, 0.5, "C", offset=10),
    ),
    3: fields(Field("", 4), _OCCUPIED),
    10: _registered,
}

_NWAVE_COUNTER: dict[int, Reader] = {
    1: fields(Field("counter_value", 2, 1, "1", None)),
    2: fields(
        _HEALTH,
        Field("battery_voltage", 1, 0.004, "V", offset=2.5),
        Field("battery_voltage_mean_24h", 1, 0.004, "V", offset=2.5),
    ),
}


_DEBUG = frozenset({6})

PARKING: dict[str, Profile] = {
    "bosch/parking-lot-sensor": partial(by_port, _BOSCH, frozenset[int]()),
    **dict.fromkeys(("nwave/g4-nps-fm", "nwave/g4-nps-sm"), partial(by_port, _NWAVE_SPACE, _DEBUG)),
    **dict.fromkeys(
        ("nwave/g4-ncc-fm", "nwave/g4-ncc-sm"), partial(by_port, _NWAVE_COUNTER, _DEBUG | {3})
    ),
}
