"""Milesight's probes TS, trackers AT, displays DS and field testers FT.

States: magnet 0: closed, 1: open; *_alarm 0: released, 1: threshold, 2: mutation, 8: mutation of
the second version; *_event and event_type of a record as numbered by the device; *_sensor_status 0:
read failed, 1: out of range (by some models read failed), 2: out of range; motion_status,
geofence_status, position, tamper_status, button_status and *_alarm.type of the TS600 as numbered by
the device.
"""

from __future__ import annotations

from collector.decode.quantity import Quantity
from collector.profiles.milesight.air import BATTERY
from collector.profiles.milesight.device import ANSWERS, DEVICE, SINGLE
from collector.profiles.milesight.frame import commands, profile
from collector.profiles.milesight.layout import (
    US,
    Channels,
    Found,
    Reader,
    chosen,
    layout,
    state,
    timed,
)
from collector.profiles.profile import Octets, Profile
from metering.reading import Kind

_TEMPERATURE = "temperature i16/10 C"
_HOT = f"{_TEMPERATURE}, temperature_alarm s8"

_TS101: Channels = {
    0x0367: _TEMPERATURE,
    0x8367: _HOT,
    0x93D7: f"{_TEMPERATURE}, temperature_mutation i16/100, temperature_alarm s8",
    0x20CE: f"@, {_TEMPERATURE}",
}

_TS201: Channels = {
    0x0367: _TEMPERATURE,
    0x8367: _HOT,
    0x9367: f"{_TEMPERATURE}, temperature_mutation i16/10, temperature_alarm s8",
    0xB367: "temperature_sensor_status s8",
    0xFFA0: "+9",
    0x20CE: f"@, event_type s8.0-3, read_status s8.4-7, +1, {_TEMPERATURE}",
}

_BOTH = 2
"""The sort of probe that measures humidity too."""


def _past_ts201(octets: Octets) -> Found:
    """Sort of probe, temperature, humidity where the probe has it, event."""
    time_us, sort = octets.unsigned(4) * US, octets.unsigned(1)
    temperature, humidity, event = octets.signed(2), octets.unsigned(1), octets.unsigned(1)
    found: Found = [
        state("sensor_type", sort),
        state("event", event),
        Quantity("temperature", temperature / 10, "C", Kind.INSTANT),
    ]
    if sort == _BOTH:
        found.append(Quantity("humidity", humidity / 2, "%", Kind.INSTANT))
    return timed(found, time_us)


_TS201_V2: Channels = {
    **_TS201,
    0x0468: "humidity u8/2 %",
    0x8468: "humidity u8/2 %, humidity_alarm s8",
    0x9468: "humidity u8/2 %, humidity_mutation u8/2, humidity_alarm s8",
    0xB468: "humidity_sensor_status s8",
    0x20CE: _past_ts201,
}

_EVENT_SORTS = {
    1: ("temperature", 1),
    2: ("temperature", 0),
    3: ("temperature", 2),
    4: ("temperature", None),
    5: ("magnet", 1),
    6: ("magnet", None),
}
"""By an event's code: what its value is, and the alarm that it tells."""


def _past_event(event: int, raw: bytes, ending: str) -> Found:
    """One channel of a record: two bytes of a temperature or of a magnet."""
    if event not in _EVENT_SORTS:
        return []
    sort, alarm = _EVENT_SORTS[event]
    name = sort + ending
    if sort == "magnet":
        found: Found = [state(name, int.from_bytes(raw, "little"))]
    else:
        value = int.from_bytes(raw, "little", signed=True) / 10
        found = [Quantity(name, value, "C", Kind.INSTANT)]
    return found if alarm is None else [*found, state(f"{name}_alarm", alarm)]


def _past_events(*endings: str) -> Reader:
    """A record of one or two channels, the first's event in the upper half of a byte."""

    def read(octets: Octets) -> Found:
        time_us, events = octets.unsigned(4) * US, octets.unsigned(1)
        raws = (octets.take(2), octets.take(2))
        found: Found = []
        for ending, event, raw in zip(endings, (events >> 4, events & 15), raws, strict=False):
            found += _past_event(event, raw, ending)
        return timed(found, time_us)

    return read


_ABSENT, _CLOSED, _OPEN, _OVER = -999, -1000, -1001, -1002


def _past_second(ending: str) -> Reader:
    """Humidity and temperature of a probe, each of which may stand for a magnet or for nothing."""

    def one(name: str, unit: str, raw: int, event: int) -> Found:
        if raw == _ABSENT:
            return []
        if raw in (_CLOSED, _OPEN):
            number = ending.removeprefix("_")
            return [
                state(f"magnet{ending}", int(raw == _OPEN)),
                state(f"{number}_event" if number else "event", event),
            ]
        value = (
            state(f"{name}{ending}_sensor_status", 2)
            if raw == _OVER
            else Quantity(f"{name}{ending}", raw / 10, unit, Kind.INSTANT)
        )
        return [value, state(f"{name}{ending}_event", event)]

    def read(octets: Octets) -> Found:
        time_us, events = octets.unsigned(4) * US, octets.unsigned(1)
        humidity, temperature = octets.signed(2), octets.signed(2)
        found = one("temperature", "C", temperature, events >> 4)
        return timed([*found, *one("humidity", "%", humidity, events & 15)], time_us)

    return read


def _ts300(ending: str, channel: int) -> Channels:
    """A probe's temperature and magnet; `channel` is its number on the wire."""
    name = f"temperature{ending}"
    return {
        channel << 8: f"magnet{ending} s8",
        channel << 8 | 0x67: f"{name} i16/10 C",
        (channel | 0x80) << 8 | 0x67: f"{name} i16/10 C, {name}_alarm s8",
        (channel | 0x90) << 8 | 0xD7: f"{name} i16/10 C, {name}_mutation i16/100, {name}_alarm s8",
    }


def _ts300_v2(ending: str, channel: int) -> Channels:
    """The same of the second version, with humidity, and what its probe could not read."""
    found: dict[int, str | Reader] = {channel << 8: f"magnet{ending} s8"}
    for name, sort, unit in (("temperature", 0x67, "C"), ("humidity", 0x9A, "%")):
        value = f"{name}{ending} i16/10 {unit}"
        alarm = f"{name}{ending}_alarm"
        found |= {
            channel << 8 | sort: value,
            (channel | 0x80) << 8 | sort: f"{value}, {alarm} s8",
            (channel | 0x90) << 8
            | sort: f"{value}, {name}{ending}_mutation i16/10, {alarm} =8, +1",
            (channel | 0xB0) << 8 | sort: f"{name}{ending}_sensor_status s8",
        }
    name = f"temperature{ending}"
    found[(channel | 0x90) << 8 | 0xD7] = (
        f"{name} i16/10 C, {name}_mutation i16/100, {name}_alarm s8"
    )
    return found


_ANSWERS_OF_TIME: Channels = {0xFD6B: "+4", 0xFD6C: "+8", 0xFD6D: "+1", 0xFFA0: "+9"}


def _located(octets: Octets) -> Found:
    """Where it is, whether it moves and whether it is inside its fence."""
    found = _PLACE(octets)
    status = octets.unsigned(1)
    return [*found, state("motion_status", status & 15), state("geofence_status", status >> 4)]


_PLACE = layout("latitude i32/1000000 deg, longitude i32/1000000 deg")

_AT101: Channels = {
    0x0367: _TEMPERATURE,
    0x8367: _HOT,
    0x0488: _located,
    0x8488: _located,
    0x0500: "position s8",
    0x06D9: "wifi.#.group u8, +6, wifi.#.rssi i8 dBm, wifi.#.motion_status s8.0-3, "
    "motion_status s8.0-3, +1",
    0x0700: "tamper_status s8",
    0x20CE: "@, longitude i32/1000000 deg, latitude i32/1000000 deg",
}

_FT101: Channels = {
    0x03A1: "longitude i32/1000000 deg, latitude i32/1000000 deg",
    0x04A2: "rssi i16/10 dBm, snr i16/10",
    0x05A3: "sf u8",
    0x06A4: "tx_power i16/100 dBm",
}


def _text_block(octets: Octets) -> Found:
    """A text of a display's template: it shows it, and measures nothing."""
    octets.take(1)
    octets.take(octets.unsigned(1))
    return []


def _template(octets: Octets) -> Found:
    return [state("current_template_id", octets.unsigned(1) + 1)]


_DS3604: Channels = {
    0xFA01: "+2",
    0xFA02: "+2",
    0xFA03: "+2",
    0xFB01: _text_block,
    0xFF2E: "button_status s8",
    0xFF73: _template,
}

_THRESHOLDS = range(0x10, 0x18)


def _thresholds(name: str, value: str) -> Reader:
    return chosen(f"{name}_alarm.type", dict.fromkeys(_THRESHOLDS, value))


_TS600: Channels = {
    **SINGLE,
    0x01: "battery u8 %",
    0x03: "sensor_id.type s8, +8",
    0x04: "temperature i32/100 C",
    0x05: "humidity u16/10 %",
    0x06: "base_station_position.latitude i32/1000000 deg, "
    "base_station_position.longitude i32/1000000 deg",
    0x07: "airplane_mode_state s8",
    0x08: _thresholds("temperature", "temperature i32/100 C"),
    0x09: _thresholds("humidity", "humidity u16/10 %"),
    0x0A: "tilt_alarm.type s8",
    0x0B: "light_alarm.type s8",
    0x0C: "probe_connect_status s8",
    0x0D: "relative_surface_info.angle_x i16/100 deg, relative_surface_info.angle_y i16/100 deg, "
    "relative_surface_info.angle_z i16/100 deg",
    0x0E: "report_package_type s8",
    0x11: chosen("battery_alarm.type", {0x10: "battery u8 %"}),
    0x1A: "temperature_alarm_types s8",
    0x1B: "humidity_alarm_types s8",
    0x1C: "tilt_alarm_types s8",
    0x1D: "light_alarm_types s8",
}


def _probe(*channels: Channels) -> Profile:
    return profile(DEVICE, ANSWERS, BATTERY, *channels)


_TS600_PROFILE = commands(_TS600)

PROBES: dict[str, Profile] = {
    "at101": _probe(_AT101),
    "ds3604": _probe(_DS3604),
    "ft101": profile(_FT101),
    "ts101": _probe(_TS101),
    "ts201": _probe(_TS201),
    "ts201-v2": _probe(_TS201_V2),
    "ts301": _probe(
        _ts300("", 3), {0xB367: "temperature_sensor_status s8", 0x20CE: _past_events("")}
    ),
    "ts301-v2": _probe(_ts300_v2("", 3), _ANSWERS_OF_TIME, {0x20CE: _past_second("")}),
    "ts302": _probe(
        _ts300("_chn1", 3), _ts300("_chn2", 4), {0x20CE: _past_events("_chn1", "_chn2")}
    ),
    "ts302-v2": _probe(
        _ts300_v2("_chn1", 3), _ts300_v2("_chn2", 4), _ANSWERS_OF_TIME,
        {0x20CE: _past_second("_chn1"), 0x21CE: _past_second("_chn2")},
    ),
    "ts601": _TS600_PROFILE,
    "ts602": _TS600_PROFILE,
}  # fmt: skip
