"""Elsys: one format for all its sensors, values each led by their type.

Source: the manufacturer's description of the payload and its reference decoder, whose names these
are.
"""

from __future__ import annotations

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import REGISTER, STATE, Field, Reader, fields, tagged
from collector.profiles.profile import Octets, Profile, no_measurement, scaled
from metering.reading import Kind

_SETTINGS = 0x3E


def _grid(octets: Octets) -> list[Quantity]:
    """64 fields of view of an infrared camera against a reference [C]: tenths above it."""
    reference = octets.unsigned(1)
    return [
        Quantity(f"grideye.{place}", scaled(10 * reference + above, 0.1), "C", Kind.INSTANT)
        for place, above in enumerate(octets.take(64))
    ]


_TYPES: dict[int, Reader] = {
    0x01: fields(Field("temperature", -2, 0.1, "C")),
    0x02: fields(Field("humidity", 1, 1, "%")),
    0x03: fields(Field("x", -1), Field("y", -1), Field("z", -1)),
    0x04: fields(Field("light", 2, 1, "lx")),
    0x05: fields(Field("motion", 1, 1, "1", None)),
    0x06: fields(Field("co2", 2, 1, "ppm")),
    0x07: fields(Field("vdd", 2, 1, "mV")),
    0x08: fields(Field("analog1", 2, 1, "mV")),
    0x09: fields(Field("lat", -3, 0.0001), Field("long", -3, 0.0001)),
    0x0A: fields(Field("pulse1", 2, 1, "1", None)),
    0x0B: fields(Field("pulseAbs", 4, 1, "1", REGISTER)),
    0x0C: fields(Field("externalTemperature", -2, 0.1, "C")),
    0x0D: fields(Field("digital", 1, 1, "1", STATE)),
    0x0E: fields(Field("distance", 2)),
    0x0F: fields(Field("accMotion", 1, 1, "1", None)),
    0x10: fields(
        Field("irInternalTemperature", -2, 0.1, "C"), Field("irExternalTemperature", -2, 0.1, "C")
    ),
    0x11: fields(Field("occupancy", 1, 1, "1", STATE)),
    0x12: fields(Field("waterleak", 1, 1, "1", STATE)),
    0x13: _grid,
    0x14: fields(Field("pressure", 4, 0.1, "Pa")),
    0x15: fields(Field("soundPeak", 1), Field("soundAvg", 1)),
    0x16: fields(Field("pulse2", 2, 1, "1", None)),
    0x17: fields(Field("pulseAbs2", 4, 1, "1", REGISTER)),
    0x18: fields(Field("analog2", 2, 1, "mV")),
    0x19: fields(Field("externalTemperature2", -2, 0.1, "C")),
    0x1A: fields(Field("digital2", 1, 1, "1", STATE)),
    0x1B: fields(Field("analogUv", -4)),
    0x1C: fields(Field("tvoc", 2)),
}
"""The pressure is sent in thousandths of a hPa. x, y, z [1/63 g], distance [mm], sound [dBA],
analogUv [uV] and tvoc [ppb] are in units that the platform does not keep."""


def elsys(payload: bytes, port: int) -> list[Quantity | Problem]:  # noqa: ARG001
    """Everything up to a type that is not documented, on whatever FPort."""
    if payload[:1] == bytes([_SETTINGS]):
        raise no_measurement("the device's settings", payload)
    return tagged(payload, 1, _TYPES)


_MODELS = (
    "elt", "elt-2", "elt-lite", "elt-ultrasonic", "elt-2-hp",
    "ers", "ers-lite", "ers-co2", "ers-co2-lite", "ers-eye", "ers-desk", "ers-sound", "ers-voc",
    "ers2", "ers2-lite", "ers2-co2", "ers2-co2-lite", "ers2-eye", "ers2-desk",
    "ers2-sound", "ers2-voc",
    "ems", "ems-lite", "ems-door", "ems-desk", "ems2", "emp", "esm5k", "ett", "eco",
)  # fmt: skip

ELSYS: dict[str, Profile] = {f"elsys/{model}": elsys for model in ("generic", *_MODELS)}
"""All models, and `elsys/generic` for those that come."""
