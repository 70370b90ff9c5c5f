"""Elsys: one format for all its sensors, values each led by its type.

Source: the manufacturer's description of the payload and its reference decoder, whose names these
are.
"""

from __future__ import annotations

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.profile import Octets, Profile, no_measurement, scaled, unknown_type
from metering.reading import Kind

_Field = tuple[str, int, float, str | None, Kind | None]
"""Name, bytes (below 0: signed), factor, unit, kind; '' is a byte nobody needs."""

_INSTANT = Kind.INSTANT
_STATE = Kind.STATE
_COUNT = Kind.REGISTER

_FIELDS: dict[int, tuple[_Field, ...]] = {
    0x01: (("temperature", -2, 0.1, "C", _INSTANT),),
    0x02: (("humidity", 1, 1, "%", _INSTANT),),
    0x03: tuple((axis, -1, 1, None, _INSTANT) for axis in ("x", "y", "z")),
    0x04: (("light", 2, 1, "lx", _INSTANT),),
    0x05: (("motion", 1, 1, "1", None),),
    0x06: (("co2", 2, 1, "ppm", _INSTANT),),
    0x07: (("vdd", 2, 1, "mV", _INSTANT),),
    0x08: (("analog1", 2, 1, "mV", _INSTANT),),
    0x09: (("lat", -3, 0.0001, None, _INSTANT), ("long", -3, 0.0001, None, _INSTANT)),
    0x0A: (("pulse1", 2, 1, "1", None),),
    0x0B: (("pulseAbs", 4, 1, "1", _COUNT),),
    0x0C: (("externalTemperature", -2, 0.1, "C", _INSTANT),),
    0x0D: (("digital", 1, 1, "1", _STATE),),
    0x0E: (("distance", 2, 1, None, _INSTANT),),
    0x0F: (("accMotion", 1, 1, "1", None),),
    0x10: (
        ("irInternalTemperature", -2, 0.1, "C", _INSTANT),
        ("irExternalTemperature", -2, 0.1, "C", _INSTANT),
    ),
    0x11: (("occupancy", 1, 1, "1", _STATE),),
    0x12: (("waterleak", 1, 1, "1", _STATE),),
    0x14: (("pressure", 4, 0.1, "Pa", _INSTANT),),
    0x15: (("soundPeak", 1, 1, None, _INSTANT), ("soundAvg", 1, 1, None, _INSTANT)),
    0x16: (("pulse2", 2, 1, "1", None),),
    0x17: (("pulseAbs2", 4, 1, "1", _COUNT),),
    0x18: (("analog2", 2, 1, "mV", _INSTANT),),
    0x19: (("externalTemperature2", -2, 0.1, "C", _INSTANT),),
    0x1A: (("digital2", 1, 1, "1", _STATE),),
    0x1B: (("analogUv", -4, 1, None, _INSTANT),),
    0x1C: (("tvoc", 2, 1, None, _INSTANT),),
}
"""By type. The pressure is sent in thousandths of a hPa; x, y, z [1/63 g], distance [mm], sound
[dBA], analogUv [uV] and tvoc [ppb] are in units that the platform does not keep."""

_GRID = 0x13
_SETTINGS = 0x3E


def elsys(payload: bytes, port: int) -> list[Quantity | Problem]:  # noqa: ARG001
    """Everything up to a type that is not documented."""
    octets = Octets(payload)
    found: list[Quantity | Problem] = []
    times_seen: dict[int, int] = {}
    while len(octets):
        start = octets.at
        kind = octets.unsigned(1)
        if kind == _SETTINGS and not found:
            raise no_measurement(payload)
        if kind == _GRID:
            found += _grid(octets)
        elif kind in _FIELDS:
            times_seen[kind] = times_seen.get(kind, 0) + 1
            found += _values(octets, kind, times_seen[kind])
        else:
            found.append(unknown_type(payload, start))
            break
    return found


def _values(octets: Octets, kind: int, again: int) -> list[Quantity]:
    """The fields of one type. A second external thermometer and more of them send the same type
    again, told apart by their order."""
    ending = "" if again == 1 else f".{again}"
    return [
        Quantity(name + ending, scaled(_raw(octets, count), factor), unit, meaning)
        for name, count, factor, unit, meaning in _FIELDS[kind]
    ]


def _raw(octets: Octets, count: int) -> int:
    return octets.signed(-count) if count < 0 else octets.unsigned(count)


def _grid(octets: Octets) -> list[Quantity]:
    """64 fields of view of an infrared camera against a reference [C]: tenths above it."""
    reference = octets.unsigned(1)
    return [
        Quantity(f"grideye.{place}", scaled(reference + octets.unsigned(1) / 10, 1), "C", _INSTANT)
        for place in range(64)
    ]


_MODELS = (
    "elt", "elt-2", "elt-lite", "elt-ultrasonic", "elt-2-hp",
    "ers", "ers-lite", "ers-co2", "ers-co2-lite", "ers-eye", "ers-desk", "ers-sound", "ers-voc",
    "ers2", "ers2-lite", "ers2-co2", "ers2-co2-lite", "ers2-eye", "ers2-desk",
    "ers2-sound", "ers2-voc",
    "ems", "ems-lite", "ems-door", "ems-desk", "ems2", "emp", "esm5k", "ett", "eco",
)  # fmt: skip

ELSYS: dict[str, Profile] = {f"elsys/{model}": elsys for model in ("generic", *_MODELS)}
"""All models, and `elsys/generic` for those that come."""
