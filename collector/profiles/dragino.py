"""Dragino: sensors of climate, air and counts, each series with a layout of its own.

Source: the manufacturer's user manuals and decoders, whose names these are. Values that a sensor
repeats from its memory have the time that it gives them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import REGISTER, STATE, Field, Reader, by_port, fields
from collector.profiles.profile import Octets, Profile, no_measurement, not_known
from metering.reading import Kind

_RECORD = 11
_NO_PROBE = 0x7FFF
_DATA_PORT = 2

_BATTERY = (
    Field("BatV", 2, 0.001, "V", mask=0x3FFF),
    Field("Bat_status", 2, 1, "1", STATE, mask=0xC000, again=True),
)
_SHT = (Field("TempC_SHT", -2, 0.01, "C"), Field("Hum_SHT", 2, 0.1, "%", mask=0x0FFF))
_PROBE = Field("TempC_DS", -2, 0.01, "C", absent=_NO_PROBE)

_LHT65_PROBES: dict[int, Reader] = {
    1: fields(_PROBE),
    2: fields(replace(_PROBE, name="TempC_TMP117")),
    4: fields(Field("Exti_pin_level", 1, 1, "1", STATE), Field("Exti_status", 1, 1, "1", STATE)),
    5: fields(Field("ILL_lx", 2, 1, "lx")),
    6: fields(Field("ADC_V", 2, 0.001, "V")),
    7: fields(Field("Exit_count", 2, 1, "1", None)),
    8: fields(Field("Exit_count", 4, 1, "1", REGISTER)),
}
"""By what is plugged in."""
_PROBE_WITH_TIME = 9
_STORED = 0x80


def lht65(payload: bytes, port: int) -> list[Quantity | Problem]:
    """Climate and what is plugged in; records from memory where it was asked for them."""
    if not payload or len(payload) % _RECORD or port not in {_DATA_PORT, 3}:
        raise no_measurement("what a device says about itself", payload)
    if payload[6] & _STORED and len(payload) > _RECORD:
        return [
            one
            for start in range(0, len(payload), _RECORD)
            for one in _lht65_stored(payload[start : start + _RECORD])
        ]
    octets = Octets(payload)
    plugged = payload[6] & 0x0F
    if plugged == _PROBE_WITH_TIME:
        return [*_timed(fields(_PROBE, *_SHT)(octets), payload[7:11])]
    found: list[Quantity | Problem] = [*fields(*_BATTERY, *_SHT, Field("", 1))(octets)]
    if plugged in _LHT65_PROBES:
        found += _LHT65_PROBES[plugged](octets)
    elif plugged:
        found.append(not_known(payload, 6, "a type of value"))
    return found


def _lht65_stored(record: bytes) -> list[Quantity]:
    """A record of the memory: the probe, climate, what was plugged in, and when."""
    octets = Octets(record)
    plugged = record[6] & 0x0F
    first = Field("", 2) if plugged not in {1, 2, _PROBE_WITH_TIME} else _PROBE
    return _timed(fields(first, *_SHT)(octets), record[7:11])


def _timed(found: list[Quantity], seconds: bytes) -> list[Quantity]:
    """At a time of the device [s since 1970]; without one where its clock was never set."""
    when = int.from_bytes(seconds, "big") * 1_000_000
    return [replace(one, time_us=when or None) for one in found]


def _lht52(octets: Octets) -> list[Quantity]:
    found = fields(
        Field("TempC_SHT", -2, 0.01, "C"), Field("Hum_SHT", 2, 0.1, "%"), _PROBE, Field("", 1)
    )(octets)
    return _timed(found, octets.take(4))


def _switches(octets: Octets) -> list[Quantity]:
    return fields(
        Field("Digital_IStatus", 1, 1, "1", STATE, mask=0x02),
        Field("EXTI_Trigger", 1, 1, "1", STATE, mask=0x01, again=True),
        Field("Door_status", 1, 1, "1", STATE, mask=0x80, again=True),
    )(octets)


def _inner(octets: Octets) -> list[Quantity]:
    """A sensor of climate inside, or of light where there is no humidity."""
    first, humidity = octets.signed(2), octets.unsigned(2)
    if humidity == 0:
        return [Quantity("Illum", first, "lx", Kind.INSTANT)]
    return [
        Quantity("TempC_SHT", round(first * 0.1, 1), "C", Kind.INSTANT),
        Quantity("Hum_SHT", round(humidity * 0.1, 1), "%", Kind.INSTANT),
    ]


_LSN50_MODES: dict[int, Reader] = {
    0: _inner,
    1: fields(Field("Distance_cm", 2, 0.1), Field("Distance_signal_strength", 2, absent=0xFFFF)),
    3: fields(
        Field("TempC2", -2, 0.1, "C", absent=_NO_PROBE),
        Field("TempC3", -2, 0.1, "C", absent=_NO_PROBE),
    ),
    4: fields(Field("Weight", -2)),
    5: fields(Field("Count", 4, 1, "1", REGISTER)),
}


def lsn50(payload: bytes, port: int) -> list[Quantity | Problem]:
    """A node with analogue inputs and probes, by the working mode that byte 6 says."""
    if port != _DATA_PORT or len(payload) < _RECORD:
        raise no_measurement("what a device says about itself", payload)
    octets = Octets(payload)
    mode = payload[6] >> 2 & 0x1F
    if mode == 2:
        volts = (Field(f"ADC_CH{place}V", 2, 0.001, "V") for place in (0, 1, 4))
        battery = fields(Field("BatV", 1, 0.1, "V")) if len(payload) > _RECORD else fields()
        return [*fields(*volts)(octets), *_switches(octets), *_inner(octets), *battery(octets)]
    found: list[Quantity | Problem] = [
        *fields(
            Field("BatV", 2, 0.001, "V"),
            Field("TempC1", -2, 0.1, "C", absent=_NO_PROBE),
            Field("ADC_CH0V", 2, 0.001, "V"),
        )(octets),
        *_switches(octets),
    ]
    if mode not in _LSN50_MODES:
        return [*found, not_known(payload, 6, "a type of value")]
    return [*found, *_LSN50_MODES[mode](octets)]


_AIR = fields(
    Field("BatV", 2, 0.001, "V"),
    Field("temperature", -2, 0.1, "C"),
    Field("humidity", 2, 0.1, "%"),
    Field("air_pressure", 2, 10, "Pa"),
    Field("co2", 2, 1, "ppm"),
)


def _ports(table: dict[int, Reader]) -> Callable[[bytes, int], list[Quantity | Problem]]:
    def read(payload: bytes, port: int) -> list[Quantity | Problem]:
        return by_port(table, frozenset({3, 4, 5}), payload, port)

    return read


DRAGINO: dict[str, Profile] = {
    **dict.fromkeys(("dragino/lht65", "dragino/lht65n", "dragino/lht65s"), lht65),
    "dragino/lht52": _ports({2: _lht52}),
    **dict.fromkeys(
        ("dragino/lsn50", "dragino/lsn50v2", "dragino/lsn50v2-s31", "dragino/lsn50v2-d20"), lsn50
    ),
    "dragino/aqs01-l": _ports({2: _AIR}),
}
