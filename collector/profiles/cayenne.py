"""Cayenne's Low Power Payload: values led by channel and type, of whoever makes the device.

Source: "Cayenne Low Power Payload" of myDevices, and the types of the IPSO objects that others have
added under the same rule (3200 is type 0). Names are those of the codec that network servers ship:
`temperature_1`, type and channel.
"""

from __future__ import annotations

from dataclasses import replace

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import REGISTER, STATE, Field, Reader, fields
from collector.profiles.profile import Octets, Profile, not_known

_TYPES: dict[int, Reader] = {
    0: fields(Field("digital_in", 1, 1, "1", STATE)),
    1: fields(Field("digital_out", 1, 1, "1", STATE)),
    2: fields(Field("analog_in", -2, 0.01)),
    3: fields(Field("analog_out", -2, 0.01)),
    100: fields(Field("generic_sensor", 4)),
    101: fields(Field("luminosity", 2, 1, "lx")),
    102: fields(Field("presence", 1, 1, "1", STATE)),
    103: fields(Field("temperature", -2, 0.1, "C")),
    104: fields(Field("relative_humidity", 1, 0.5, "%")),
    113: fields(*(Field(f"accelerometer.{axis}", -2, 0.001) for axis in "xyz")),
    115: fields(Field("barometric_pressure", 2, 10, "Pa")),
    116: fields(Field("voltage", 2, 0.01, "V")),
    117: fields(Field("current", 2, 0.001, "A")),
    118: fields(Field("frequency", 4, 1, "Hz")),
    120: fields(Field("percentage", 1, 1, "%")),
    121: fields(Field("altitude", -2)),
    125: fields(Field("concentration", 2, 1, "ppm")),
    128: fields(Field("power", 2, 1, "W")),
    130: fields(Field("distance", 4, 0.001)),
    131: fields(Field("energy", 4, 0.001, "kWh", REGISTER)),
    132: fields(Field("direction", 2, kind=None)),
    133: fields(Field("unix_time", 4, kind=STATE)),
    134: fields(*(Field(f"gyrometer.{axis}", -2, 0.01) for axis in "xyz")),
    135: fields(*(Field(f"colour.{part}", 1) for part in "rgb")),
    136: fields(
        Field("gps.latitude", -3, 0.0001), Field("gps.longitude", -3, 0.0001),
        Field("gps.altitude", -3, 0.01),
    ),
    142: fields(Field("switch", 1, 1, "1", STATE)),
}  # fmt: skip


def cayenne(payload: bytes, port: int) -> list[Quantity | Problem]:  # noqa: ARG001
    """Every value, up to a type that is not documented."""
    octets = Octets(payload)
    found: list[Quantity | Problem] = []
    while len(octets):
        start = octets.at
        channel, kind = octets.take(2)
        if kind not in _TYPES:
            found.append(not_known(payload, start, "a type of value"))
            break
        found += [_of_channel(one, channel) for one in _TYPES[kind](octets)]
    return found


def _of_channel(one: Quantity, channel: int) -> Quantity:
    """`temperature_1`; of parts, such as those of a place, `gps_1.latitude`."""
    name, dot, part = one.name.partition(".")
    return replace(one, name=f"{name}_{channel}{dot}{part}")


CAYENNE: dict[str, Profile] = {"cayenne/generic": cayenne, "cayenne/lpp": cayenne}
