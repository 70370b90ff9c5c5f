"""Tektelic: values led by channel and type, on FPort 10; the product line says what a channel is.

Source: the technical reference manuals of the product lines and the manufacturer's decoders, whose
names these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import log

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.layout import STATE, Field, Reader, fields, tagged
from collector.profiles.profile import Octets, Profile, no_measurement, unknown_message
from metering.reading import Kind

_DATA = 10
_SETTINGS = frozenset({5, 100, 101})

_DURATIONS: dict[int, Reader] = {
    0x10: fields(Field("duration_total", 2)),
    0x11: fields(Field("duration_min", 2)),
    0x12: fields(Field("duration_max", 2)),
    0x13: fields(Field("duration_sd", 2)),
    0x14: fields(Field("count", 2, 1, "1", None)),
    0x15: fields(Field("duration_max", 2)),
    0x16: fields(Field("duration_sd", 2)),
    0x17: fields(Field("count", 2, 1, "1", None)),
}
"""Of whatever channel [s], where a room sensor tells how long it was occupied."""

_ROOM: dict[int, Reader] = {
    0x00FF: fields(Field("battery_voltage", -2, 0.01, "V")),
    0x00BA: fields(Field("battery_voltage", 2, 0.001, "V")),
    0x00D3: fields(Field("rem_batt_capacity", 1, 1, "%")),
    0x00BD: fields(Field("rem_batt_days", 2)),
    0x0100: fields(Field("reed_state", 1, 1, "1", STATE)),
    0x0200: fields(Field("light_detected", 1, 1, "1", STATE)),
    0x0367: fields(Field("ambient_temperature", -2, 0.1, "C")),
    0x0468: fields(Field("relative_humidity", 1, 0.5, "%")),
    0x0502: fields(Field("acceleration_magnitude", -2, 0.001)),
    0x0771: fields(*(Field(f"Acceleration.{axis}", -2, 0.001) for axis in "xyz")),
    0x0804: fields(Field("reed_count", 2, 1, "1", None)),
    0x0900: fields(Field("moisture", 1, 1, "1", STATE)),
    0x0A00: fields(Field("motion_event_state", 1, 1, "1", STATE)),
    0x0B67: fields(Field("mcu_temperature", -2, 0.1, "C")),
    0x0BE4: fields(Field("co2_pressure_compensated", 2, 1, "ppm")),
    0x0C00: fields(Field("impact_alarm", 1, 1, "1", STATE)),
    0x0D04: fields(Field("motion_event_count", 2, 1, "1", None)),
    0x0E00: fields(Field("external_connector_state", 1, 1, "1", STATE)),
    0x0EE4: fields(Field("co2_raw", 2, 1, "ppm")),
    0x0F04: fields(Field("external_connector_count", 2, 1, "1", None)),
    0x1002: fields(Field("light_intensity", 1)),
    0x1102: fields(Field("external_connector_analog", -2, 0.001, "V")),
}


def _soil_probe(octets: Octets) -> list[Quantity]:
    """The frequency of a probe of moisture [kHz as sent], and the tension that its table gives:
    tenths from 0.1 at 1399 on, one more for each 5 below 1396; none where it is dry or wet."""
    frequency = octets.unsigned(2)
    found = [Quantity("input1_frequency", frequency, None, Kind.INSTANT)]
    if 1341 < frequency <= 1399:
        steps = 1 if frequency > 1396 else 2 + (1396 - frequency) // 5
        name = "input1_frequency_to_moisture"
        found.append(Quantity(name, steps / 10, None, Kind.INSTANT))
    return found


def _thermistor(octets: Octets) -> list[Quantity]:
    """The voltage at a thermistor U [mV] and its temperature -32.46 ln U + 236.36 [C]."""
    millivolts = octets.unsigned(2)
    found = [Quantity("input2_voltage", millivolts / 1000, "V", Kind.INSTANT)]
    if millivolts:
        warmth = round(-32.46 * log(millivolts) + 236.36, 1)
        found.append(Quantity("input2_voltage_to_temp", warmth, "C", Kind.INSTANT))
    return found


_SOIL: dict[int, Reader] = {
    0x00BA: fields(
        Field("battery_voltage", 1, 0.01, "V", offset=2.5, mask=0x7F),
        Field("eos_alert", 1, 1, "1", STATE, mask=0x80, again=True),
    ),
    0x00D3: _ROOM[0x00D3],
    0x00BD: _ROOM[0x00BD],
    0x0104: _soil_probe,
    0x0202: _thermistor,
    0x0302: fields(Field("input3_voltage", 2, 0.001, "V")),
    0x0367: fields(Field("input3_temperature", -2, 0.1, "C")),
    0x0402: fields(Field("input4_voltage", 2, 0.001, "V")),
    0x0467: fields(Field("input4_temperature", -2, 0.1, "C")),
    0x0504: fields(Field("watermark1_frequency", 2)),
    0x0604: fields(Field("watermark2_frequency", 2)),
    0x0965: fields(Field("light_intensity", 2, 1, "lx")),
    0x0900: fields(Field("light_detected", 1, 1, "1", STATE)),
    0x0A71: fields(*(Field(f"acceleration{axis}", -2, 0.001) for axis in "XYZ")),
    0x0A00: fields(Field("orientation_alarm", 1, 1, "1", STATE)),
    0x0B67: fields(Field("ambient_temperature", -2, 0.1, "C")),
    0x0B68: fields(Field("relative_humidity", 1, 0.5, "%")),
    0x0C67: _ROOM[0x0B67],
}

_METER = "energy_consumption_meter"

_OUTLET: dict[int, Reader] = {
    0x00FE: fields(
        Field(f"{_METER}.elapsed_time", 4), Field(f"{_METER}.energy_consumed", -4, 1, None, None)
    ),
    0x0000: fields(Field(f"{_METER}_status", 1, 1, "1", STATE)),
    0x0074: fields(Field("rms_voltage", 2, 0.1, "V", absent=0xFFFF)),
    0x0075: fields(Field("rms_current", 2, 0.1, absent=0xFFFF)),
    0x0076: fields(Field("line_frequency", 2, 0.1, "Hz", absent=0xFFFF)),
    0x0080: fields(Field("real_power", -2, 0.1, "W")),
    0x0180: fields(Field("apparent_power", 2, 0.1, "VA", absent=0xFFFF)),
    0x0280: fields(Field("reactive_power", 2, 0.1, "var", absent=0xFFFF)),
    0x0081: fields(Field("power_factor", 1, 0.01, "1", absent=0xFF)),
    0x0001: fields(Field("sensor_state.relay_closed", 1, 1, "1", STATE)),
}
"""What was consumed and the current carry no unit of their own: those of their points as registered
stand."""


def _read(line: Mapping[int, Reader], payload: bytes, port: int) -> list[Quantity | Problem]:
    """The values on FPort 10; Refusal for settings, and for other FPorts."""
    if port in _SETTINGS:
        raise no_measurement("the device's settings", payload)
    if port != _DATA:
        raise unknown_message(payload, port)
    return tagged(payload, 2, line, _DURATIONS if line is _ROOM else None)


_LINES: dict[str, Mapping[int, Reader]] = {
    **dict.fromkeys(("comfort", "vivid", "breeze", "kona-home-sensor", "smart-room-sensor"), _ROOM),
    **dict.fromkeys(("kiwi", "clover", "agriculture-sensor"), _SOIL),
    **dict.fromkeys(("aura", "flux", "ac-outlet-switch"), _OUTLET),
}

TEKTELIC: dict[str, Profile] = {
    f"tektelic/{model}": partial(_read, line) for model, line in _LINES.items()
}
