"""MClimate: the radiator valve Vicki.

    reason | target | temperature | humidity | position, range | battery, states | lock

Source: the manufacturer's description of the keep-alive message; names are its decoder's. An
answer to a command carries the keep-alive behind it.
"""

from __future__ import annotations

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import STATE, Field, fields
from collector.profiles.profile import Octets, Profile
from metering.reading import Kind

_KEEP_ALIVE = 9
_FIRST, _SECOND = 0x01, 0x81
"""Which of two sensors the valve has: 165 / 256 x - 40 [C], or (x - 28.33333) / 5.66666 [C]."""

_STATES = fields(
    Field("batteryVoltage", 1, 0.1, "V", mask=0xF0, offset=2),
    Field("openWindow", 1, 1, "1", STATE, mask=0x08, again=True),
    Field("highMotorConsumption", 1, 1, "1", STATE, mask=0x04, again=True),
    Field("lowMotorConsumption", 1, 1, "1", STATE, mask=0x02, again=True),
    Field("brokenSensor", 1, 1, "1", STATE, mask=0x01, again=True),
    Field("childLock", 1, 1, "1", STATE, mask=0x80),
)


def vicki(payload: bytes, port: int) -> list[Quantity | Problem]:  # noqa: ARG001
    """The keep-alive, also behind an answer; Refusal where it is cut."""
    answered = payload[:1] not in {bytes([_FIRST]), bytes([_SECOND])}
    octets = Octets(payload[-_KEEP_ALIVE:] if answered else payload)
    reason, target, warmth, humidity, position, reach, high = octets.take(7)
    celsius = (warmth - 28.33333) / 5.66666 if reason == _SECOND else warmth * 165 / 256 - 40
    told = (
        ("targetTemperature", target, "C"),
        ("sensorTemperature", celsius, "C"),
        ("relativeHumidity", humidity * 100 / 256, "%"),
        ("motorRange", (high & 0x0F) << 8 | reach, None),
        ("motorPosition", (high >> 4) << 8 | position, None),
    )
    found = [Quantity(name, round(value, 2), unit, Kind.INSTANT) for name, value, unit in told]
    return [*found, *_STATES(octets)]


MCLIMATE: dict[str, Profile] = {"mclimate/vicki": vicki}
