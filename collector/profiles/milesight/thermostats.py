"""Milesight's thermostats WT200 to WT400 and radiator valves WT100.

Positions and strokes are steps of the motor; openings [%].

States: modes, fan_status, plan_type, relays and results as numbered by the device (its vendor's
texts stand for these codes: heat, emergency heat, cool, auto = 0..3); system_status 0: off, 1: on;
*_sensor_status 1: read failed, 2: out of range; window_detection, freeze_protection and
tamper_status 0: normal, 1: open, triggered or uninstalled; *_alarm.type of the newer models 0:
collection failed, 1: below range, 2: above range, 3: no data, 16..23: a threshold released (even)
or reached (odd), 32: released, 33: triggered.
"""

from __future__ import annotations

from collector.decode.quantity import Quantity
from collector.profiles.milesight.air import BATTERY
from collector.profiles.milesight.device import ANSWERS, DEVICE, SINGLE
from collector.profiles.milesight.frame import commands, profile
from collector.profiles.milesight.layout import US, Channels, Found, chosen, state, timed
from collector.profiles.profile import Octets, Profile, not_known
from metering.reading import Kind

_WT101: Channels = {
    0x0367: "temperature i16/10 C",
    0x0467: "target_temperature i16/10 C",
    0x0592: "valve_opening u8 %",
    0x0600: "tamper_status s8",
    0x0700: "window_detection s8",
    0x08E5: "motor_calibration_result s8",
    0x0990: "motor_stroke u16",
    0x0A00: "freeze_protection s8",
    0x0B90: "motor_position u16",
    0xF933: "+7",
    0xF934: "+9",
}

_WT200: Channels = {
    0x0467: "target_temperature i16/10 C",
    0x088E: "system_status s8",
    0x0968: "humidity u8/2 %",
    0xB367: "temperature_sensor_status s8",
    0xB968: "humidity_sensor_status s8",
    0xFFCA: "+3",
    0xFFCB: "+3",
    0xFFC8: "+5",
    0xFFC9: "+6",
    0xFFF6: "+1",
}


_RELAYS = (
    "{0}.y1 s8.0, {0}.y2_gl s8.1, {0}.w1 s8.2, {0}.w2_aux s8.3, {0}.e s8.4, {0}.g s8.5, "
    "{0}.ob s8.6, +1"
)


def _past_wt201(octets: Octets) -> Found:
    """Modes and two temperatures [C] in eleven bits each: tenths above -100."""
    time_us, first, second = octets.unsigned(4) * US, octets.unsigned(2), octets.unsigned(2)
    found: Found = [
        state("fan_mode", first & 3),
        state("fan_status", first >> 2 & 3),
        state("system_status", first >> 4 & 1),
        _in_tenths("temperature", first),
        state("temperature_control_mode", second & 3),
        state("temperature_control_status", second >> 2 & 7),
        _in_tenths("target_temperature", second),
    ]
    return timed(found, time_us)


def _in_tenths(name: str, bits: int) -> Quantity:
    return Quantity(name, ((bits >> 5 & 0x7FF) - 1000) / 10, "C", Kind.INSTANT)


_WT201: Channels = {
    **_WT200,
    0x0367: "temperature i16/10 C",
    0x05E7: "temperature_control_mode s8.0-1, temperature_control_status s8.4-7, +1",
    0x06E8: "fan_mode s8.0-1, fan_status s8.2-3, +1",
    0x07BC: "plan_type s8.0-3, +1",
    0x0A6E: _RELAYS.format("wires_relay"),
    0x8367: "temperature i16/10 C, temperature_alarm s8",
    0x20CE: _past_wt201,
}

_WT201_V2: Channels = {
    **_WT200,
    0x0367: "ambient_temperature i16/10 C",
    0x05E7: "current_temperature_control_mode.mode s8.0-1, "
    "current_temperature_control_mode.status s8.4-7, +1",
    0x06E8: "fan_mode_setting.mode s8.0-1, fan_mode_setting.status s8.2-4, +1",
    0x07BC: "plan_type s8.0-3, +1",
    0x07E9: "curr_temperature_humidity_source s8",
    0x0A6E: _RELAYS.format("enabled_relay"),
    0x0B67: "target_temperature_2 i16/10 C",
    0x8367: "temperature i16/10 C, temperature_alarm s8",
    0x87E9: "source_alarm.source s8, source_alarm.alarm s8",
    0xF940: "target_temperature_range_alarm.#.temperature_control_mode s8, "
    "target_temperature_range_alarm.#.target_temperature i16/10 C, "
    "target_temperature_range_alarm.#.min i16/10 C, target_temperature_range_alarm.#.max i16/10 C",
    0x20CE: "@, system_status s16.0, fan_mode s16.1-2, fan_status s16.3-4, "
    "temperature_control_mode s16.5-6, temperature_control_status s16.7-10, +2, "
    "target_temperature i16/10 C, target_temperature_2 i16/10 C ffff>target_temperature_2_set:0, "
    "temperature i16/10 C, humidity u8/2 %",
}

_PANEL = (
    (0x01, "thermostat_status", 1, "1"),
    (0x02, "btn_lock_enable", 1, "1"),
    (0x03, "mode", 1, "1"),
    (0x04, "fan_speed", 1, "1"),
    (0x05, "temperature", 2, "C"),
    (0x06, "target_temperature", 2, "C"),
    (0x07, "card_mode", 1, "1"),
    (0x08, "control_mode", 1, "1"),
    (0x09, "server_temperature", 2, "C"),
)
"""Code, name, divisor, unit of what a WT300 panel says, and the order in which it says all."""

_PANEL_ALL = 0x0F


def _wt301(payload: bytes, port: int) -> Found:  # noqa: ARG001
    """A frame of a head, command, length, code and values, with a check byte at its end."""
    octets = Octets(payload)
    octets.take(4)
    code = octets.unsigned(1)
    fields = [field for field in _PANEL if code in (field[0], _PANEL_ALL)]
    if not fields:
        return [not_known(payload, 4, "a type of value")]
    return [
        Quantity(
            name, octets.unsigned(1) / divisor, unit, Kind.INSTANT if unit == "C" else Kind.STATE
        )
        for _, name, divisor, unit in fields
    ]


_THRESHOLDS = range(0x10, 0x18)
_FINE = "temperature i16/100 C"
_ALARM_FINE = chosen("temperature_alarm.type", dict.fromkeys(_THRESHOLDS, _FINE))

_WT303: Channels = {
    **SINGLE,
    0x01: _FINE,
    0x02: "humidity u16/10 %",
    0x03: "target_temperature i16/100 C",
    0x04: "data_source s8",
    0x05: "temperature_control_info.status s8.0-3, temperature_control_info.mode s8.4-7, +1",
    0x06: "temperature_control_valve_status s8",
    0x07: "fan_control_info.status s8.0-3, fan_control_info.mode s8.4-7, +1",
    0x08: "execution_plan_id s8",
    0x09: _ALARM_FINE,
    0x0A: "humidity_alarm.type s8",
    0x0B: "target_temperature_alarm.type s8",
    0x10: "relay_status.low_status s32.0, relay_status.mid_status s32.1, "
    "relay_status.high_status s32.2, relay_status.valve_1_status s32.3, "
    "relay_status.valve_2_status s32.4, +4",
}

_WT304_ALARMS = (*_THRESHOLDS, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33)
_WT304: Channels = {
    **_WT303,
    0x09: chosen("temperature_alarm.type", dict.fromkeys(_WT304_ALARMS, _FINE)),
}

_WT401: Channels = {
    **SINGLE,
    0x00: "battery u8 %",
    0x01: _FINE,
    0x02: "humidity u16/10 %",
    0x03: "temperature_mode s8",
    0x04: "fan_mode s8",
    0x05: "execution_plan_id s8",
    0x06: "target_temperature1 i16/100 C",
    0x07: "target_temperature2 i16/100 C",
    0x08: "pir_status s8",
    0x09: "ble_event.type s8",
    0x0A: "power_bus_event.type s8",
    0x0B: "temperature_alarm.type s8",
    0x0C: "humidity_alarm.type s8",
    0x0D: "key_event.type s8",
    0x0F: "battery_event.type s8",
}

_VALVE = f"{_FINE}, valve_opening_degree u8 %"
_AWAY = f"auto_away_report.state s8, {_FINE}, "
_TARGET = "target_temperature i16/100 C"
_TARGET_VALVE = "target_valve_opening_degree u8 %"


_WT102: Channels = {
    **SINGLE,
    0x00: "battery u8 %",
    0x01: _FINE,
    0x02: "motor_total_stroke u16",
    0x03: "motor_position u16",
    0x04: "valve_opening_degree u8 %",
    0x05: "motor_calibration_result_report.status s8",
    0x06: _TARGET,
    0x07: _TARGET_VALVE,
    0x08: "battery u8 %",
    0x09: chosen("temperature_alarm.type", dict.fromkeys(range(0x10, 0x14), _FINE)),
    0x0A: chosen("anti_freeze_protection_alarm.type", {0x20: _VALVE, 0x21: _VALVE}),
    0x0B: chosen(
        "mandatory_heating_alarm.type",
        dict.fromkeys((0x20, 0x21), f"{_VALVE}, battery u8 %"),
    ),
    0x0C: chosen(
        "auto_away_report.event_type",
        {
            **dict.fromkeys((0x20, 0x21), _AWAY + _TARGET),
            **dict.fromkeys((0x22, 0x23), _AWAY + _TARGET_VALVE),
        },
    ),
    0x0D: chosen(
        "window_opening_alarm.type",
        dict.fromkeys((0x20, 0x21), f"window_opening_alarm.state s8, {_FINE}"),
    ),
    0x0E: chosen(
        "periodic_reporting.report_type",
        {
            0: f"{_TARGET_VALVE}, battery u8 %",
            1: f"{_VALVE}, {_TARGET}, battery u8 %",
            2: f"{_VALVE}, {_TARGET_VALVE}, battery u8 %",
            3: f"{_VALVE}, {_TARGET}, {_TARGET_VALVE}, battery u8 %",
        },
    ),
}

_V2 = profile(DEVICE, ANSWERS, _WT201_V2, {0xFF0F: "lorawan_class.type s8"})

THERMOSTATS: dict[str, Profile] = {
    "wt101": profile(DEVICE, ANSWERS, BATTERY, _WT101),
    "wt102": commands(_WT102),
    "wt201": profile(DEVICE, ANSWERS, _WT201),
    "wt201-v2": _V2,
    "wt211": _V2,
    "wt301": _wt301,
    "wt302": _wt301,
    "wt303": commands(_WT303),
    "wt304": commands(_WT304),
    "wt401": commands(_WT401),
}
