"""Yobiiq: values led by channel and type, of meters, relays and detectors of smoke.

    message of a meter: 01 01 TIME | 02 03 TIME of the record | 03 04 VALUE | ...

What a value is its type says, but for the error code of the meter's bus, channel 0x0B. Where the
device says the time of its record, the values have that time.
Source: the manufacturer's decoders, whose names these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import REGISTER, STATE, Field, Reader, fields, tagged
from collector.profiles.profile import Octets, Profile, no_measurement, unknown_message
from metering.reading import Kind

_Table = Mapping[int, Reader]

_RECORD_TIME = "dataloggerTimestamp"
_DEVICE_TIME = "timestamp"
_BUS_ERROR: dict[int, Reader] = {0x0B0A: fields(Field("modbusErrorCode", 1, 1, "1", STATE))}


def _decimal(name: str, size: int) -> Reader:
    """A number written as two decimal digits a byte; none where they are no digits."""

    def read(octets: Octets) -> list[Quantity]:
        digits = octets.take(size).hex()
        return [Quantity(name, int(digits), None, Kind.STATE)] if digits.isdecimal() else []

    return read


def _version(name: str) -> Reader:
    """A version, as the number that its two bytes are with a point between them."""

    def read(octets: Octets) -> list[Quantity]:
        major, minor = octets.take(2)
        return [Quantity(name, float(f"{major}.{minor:02d}"), None, Kind.STATE)]

    return read


def _state(name: str) -> Reader:
    return fields(Field(name, 1, 1, "1", STATE))


def _rest(octets: Octets) -> list[Quantity]:
    """A text, which runs to the end."""
    octets.take(len(octets))
    return []


def _meter(phases: tuple[int, ...], of_all: str) -> dict[int, Reader]:
    """What a meter of these phases tells; its registers are `of_all`'s, its powers each phase's."""
    found: dict[int, Reader] = {
        0x00: fields(Field("index", 4, kind=None)),
        0x01: fields(Field(_DEVICE_TIME, 4)),
        0x03: fields(Field(_RECORD_TIME, 4)),
        0x23: fields(Field("frequency", -2, 0.01, "Hz")),
        0x24: fields(Field("totalSystemActivePower", 4, 1, "W")),
        0x25: fields(Field("totalSystemReactivePower", 4, 0.001, "kvar")),
        0x26: fields(Field("totalSystemApparentPower", 4, 0.001, "kVA")),
        0x2A: fields(Field("averagePower", -4, 1, "W")),
        0x2B: fields(Field("midYearOfCertification", 4, kind=STATE)),
        0xF0: _decimal("manufacturedYear", 2),
        0xF1: _version("firmwareVersion"),
        0xF2: _version("hardwareVersion"),
    }
    for number, register in enumerate(_registers(of_all)):
        found[0x04 + number] = fields(register)
    for phase in phases:
        found |= _phase(phase)
    if len(phases) > 1:
        found[0x0F] = fields(Field(f"current{of_all}", -4, 1, "mA"))
        found[0x13] = fields(Field(f"activePower{of_all}", -4, 1, "W"))
    return found


def _registers(of_all: str) -> list[Field]:
    return [
        Field(f"{energy}{way}{of_all}T{tariff}", 4, 1, unit, REGISTER)
        for energy, unit in (("activeEnergy", "Wh"), ("reactiveEnergy", "varh"))
        for way in ("Import", "Export")
        for tariff in (1, 2)
    ]


def _phase(number: int) -> dict[int, Reader]:
    """Types of phase 1; those of the next phases follow each by one."""
    told = (
        (0x0C, Field(f"voltageL{number}N", -4, 0.1, "V")),
        (0x10, Field(f"currentL{number}", -4, 1, "mA")),
        (0x14, Field(f"activePowerL{number}", -4, 1, "W")),
        (0x17, Field(f"reactivePowerL{number}", -4, 0.001, "kvar")),
        (0x1A, Field(f"apparentPowerL{number}", -4, 0.001, "kVA")),
        (0x1D, Field(f"powerFactorL{number}", -1, 0.01, "1")),
        (0x20, Field(f"phaseAngleL{number}", -2, 0.01)),
        (0x27, Field(f"maximumL{number}CurrentDemand", -4, 1, "mA")),
    )
    return {first + number - 1: fields(field) for first, field in told}


_ABOUT_METER: dict[int, Reader] = {
    0x00: _state("relayStatus"),
    0x09: _version("hardwareVersion"),
    0x0A: _version("firmwareVersion"),
    0x0B: _state("powerEvent"),
    0x0F: _state("deviceClass"),
    0x16: fields(Field("deviceSerialNumber", 4, kind=STATE)),
    0x1E: fields(Field("primaryCurrentTransformerRatio", 2, kind=STATE)),
    0x1F: fields(Field("secondaryCurrentTransformerRatio", 1, kind=STATE)),
    0x20: fields(Field("primaryVoltageTransformerRatio", 4, kind=STATE)),
    0x21: fields(Field("secondaryVoltageTransformerRatio", 2, kind=STATE)),
    0x28: _rest,
}
_SWITCHED: dict[int, Reader] = {0x01: _state("relayStatus"), 0x02: _state("digitalInputStatus")}
_LOGGED: dict[int, Reader] = {
    0x01: _state("relaySwitchingOffReason"),
    0x02: _state("relayEnableReason"),
    0x03: fields(Field("relaySwitchOffTime", 4, kind=STATE)),
    0x04: fields(Field("relayEnableTime", 4, kind=STATE)),
    0x05: fields(Field("currentWhenRelaySwitchingOff", 4)),
    0x06: fields(Field("voltageWhenRelaySwitchingOff", 4)),
    0x07: fields(Field("activePowerWhenRelaySwitchingOff", 4)),
    0x08: _state("resetAmountStatus"),
}

_CHANNELS: dict[int, Reader] = {
    0x97: fields(Field("channel1Counter", 4, 1, "1", None)),
    0x9A: fields(Field("channel2Counter", 4, 1, "1", None)),
    0xFE: fields(Field(_DEVICE_TIME, 4)),
}
_RELAY: dict[int, Reader] = {
    **_CHANNELS,
    0xFD: fields(Field(_RECORD_TIME, 4)),
    0x16: _state("lorawanWatchdogAlarm"),
    0x69: _state("internalCircuitTemperatureAlarm"),
    0x70: fields(Field("internalCircuitTemperatureNumberOfAlarms", 4, 1, "1", None)),
    0x71: fields(Field("internalCircuitTemperature", -2, 0.01, "C")),
    0x72: fields(Field("internalCircuitHumidity", 1, 1, "%")),
    0x95: _state("channel1State"),
    0x96: _state("channel1Control"),
    0x98: _state("channel2State"),
    0x99: _state("channel2Control"),
}
_RELAY_ALARM: dict[int, Reader] = {
    **_CHANNELS,
    0x00: _state("internalTemperatureAlarm"),
    0x01: _state("channel1State"),
    0x02: _state("channel2State"),
    0x03: _state("lorawanWatchdogAlarm"),
}
"""States of a channel: 0 off, 1 on, by itself; 2 off, 3 on, by hand."""

_ABOUT_SMOKE: dict[int, Reader] = {**_ABOUT_METER, 0x16: _decimal("deviceSerialNumber", 5)}
_SMOKE: dict[int, Reader] = {
    0x0175: fields(Field("batteryLevelInPercentage", 1, 1, "%")),
    0x020B: _state("powerEvent"),
    0x0300: _state("lowBatteryAlarm"),
    0x0400: _state("faultAlarm"),
    0x0500: _state("smokeAlarm"),
    0x0600: _state("interconnectAlarm"),
    0x0700: _state("testButtonPressed"),
}

_EM2101, _EM4301 = _meter((1,), "L1"), _meter((1, 2, 3), "L123")
_SETTINGS = {50: _ABOUT_METER, 11: _SWITCHED, 60: _LOGGED}

_MODELS: dict[str, dict[int, _Table]] = {
    "em2101": {**dict.fromkeys(range(1, 11), _EM2101), **_SETTINGS},
    "em4301": {**dict.fromkeys(range(1, 11), _EM4301), **_SETTINGS},
    "rm200": {**dict.fromkeys(range(1, 6), _RELAY), 11: _RELAY_ALARM},
    "sd1001": {8: _SMOKE, 50: _ABOUT_SMOKE},
}
"""By FPort the types that a model sends there."""

_SILENT = frozenset({50, 100})
"""FPorts of settings, which a model may not describe."""
_LIMITS = range(0x3C, 0x59)
"""Types of limits and delays after which a relay switches."""


def _read(tables: Mapping[int, _Table], payload: bytes, port: int) -> list[Quantity | Problem]:
    """The values of a message; Refusal for answers to commands, settings and unknown FPorts."""
    table = tables.get(port)
    if len(payload) == 1:
        raise no_measurement("an answer to a command", payload)
    if port in _SILENT and payload[1:2] and payload[1] in _LIMITS:
        raise no_measurement("the device's settings", payload)
    if table is None:
        raise (
            no_measurement("the device's settings", payload)
            if port in _SILENT
            else unknown_message(payload, port)
        )
    exact = table if table is _SMOKE else _BUS_ERROR
    found = tagged(payload, 2, exact, None if table is _SMOKE else table)
    return _timed(found)


def _timed(found: list[Quantity | Problem]) -> list[Quantity | Problem]:
    """The values at the time that the device gives them, which is no value itself."""
    times = {one.name: one.value for one in found if isinstance(one, Quantity)}
    seconds = times.get(_RECORD_TIME, times.get(_DEVICE_TIME))
    when = None if seconds is None else int(seconds) * 1_000_000
    return [
        replace(one, time_us=when) if isinstance(one, Quantity) else one
        for one in found
        if isinstance(one, Problem) or one.name not in {_RECORD_TIME, _DEVICE_TIME}
    ]


YOBIIQ: dict[str, Profile] = {
    f"yobiiq/{model}": partial(_read, tables) for model, tables in _MODELS.items()
}
