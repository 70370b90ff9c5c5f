"""Milesight's sockets and switches WS500, buttons WS100, and room sensors WS200 and WS300.

Sockets count energy in Wh, the WS513-V3 and WS515-V3 in hundred-thousandths of a kWh; current is in
mA, of the V3 in A; power_factor in hundredths. Sound levels of the WS302 [dB] are named by their
weights, L + A, C or Z + F, S or I, as the device is set.

States: switch_N, socket_status 0: off, 1: on; switch_N_change 0: no, 1: yes; button_event.status,
press and button_status 0: short, 1: long, 2: double; pir, daylight, occupancy, leakage_status,
magnet_status, tamper_status 0: vacant, dark, no leak, closed or installed, 1: trigger, bright,
occupied, leak, open or removed; *_sensor_status 1: over range, 2: read failed; *_error.type and
*_report.type as numbered by the device.
"""

from __future__ import annotations

from collector.decode.quantity import Quantity
from collector.profiles.milesight.air import BATTERY, CLIMATE
from collector.profiles.milesight.device import ANSWERS, DEVICE
from collector.profiles.milesight.frame import profile
from collector.profiles.milesight.layout import Channels, Found, Reader, UnknownCode, state
from collector.profiles.profile import Octets, Profile
from metering.reading import Kind


def _switches(count: int) -> str:
    """A byte with states in its lower half and changes in its upper."""
    numbers = range(1, count + 1)
    fields = [f"switch_{number} s8.{number - 1}" for number in numbers]
    fields += [f"switch_{number}_change s8.{number + 3}" for number in numbers]
    return ", ".join((*fields, "+1"))


_METER: Channels = {
    0x0374: "voltage u16/10 V",
    0x0480: "active_power u32 W",
    0x0581: "power_factor u8",
    0x0683: "power_consumption u32 Wh total",
    0x07C9: "current u16 mA",
}


def _switch(count: int, channel: int, *channels: Channels) -> Profile:
    return profile(DEVICE, ANSWERS, {channel: _switches(count)}, *channels)


def _ws500(count: int) -> Profile:
    """Older firmware tells its switches beside the device's own channels."""
    return _switch(count, 0xFF29, {0xFF2B: "function_key_event =1, +1"})


def _plain(count: int) -> Profile:
    return _switch(count, 0x0829, {0xFF29: _switches(count)})


def _metered(count: int) -> Profile:
    return _switch(count, 0x0829, {0xFF29: _switches(count)}, _METER)


_V4: Channels = {
    0x0374: "voltage u16 V",
    0x0480: "electric_power u32 W",
    0x0581: "power_factor u8",
    0x0683: "power_consumption u32 Wh total",
    0x07C9: "current_rating u16 mA",
    0x87C9: "overcurrent_alarm.current u16 mA, overcurrent_alarm.status s8",
    0x8829: "device_abnormal_alarm.status s8",
    0x89DF: "temperature_alarm.status s8",
    0xB374: "voltage_collect_error.type s8",
    0xB480: "electric_power_collect_error.type s8",
    0xB581: "power_factor_collect_error.type s8",
    0xB683: "power_consumption_collect_error.type s8",
    0xB7C9: "current_collect_error.type s8",
}


def _v4(count: int) -> Profile:
    return profile(DEVICE, ANSWERS, _V4, {0xFF29: _buttons(count), 0xFE29: _buttons(count)})


def _buttons(count: int) -> Reader:
    """States in the lower half of a byte; where its upper half has changes, by another name."""

    def read(octets: Octets) -> Found:
        bits = octets.unsigned(1)
        changed = bits >> 4 & 7
        name = "button_status_control.button_status" if changed else "button_status.button"
        found: Found = []
        for number in range(count):
            found.append(state(f"{name}{number + 1}", bits >> number & 1))
            if changed:
                found.append(state(f"{name}{number + 1}_change", changed >> number & 1))
        return found

    return read


_TEMPERATURE = "temperature i16/10 C fffd>temperature_{0}:{1} ffff>temperature_{0}:{2}"
_SOCKET: Channels = {
    **_METER,
    0x0870: "socket_status s8",
    0x0967: _TEMPERATURE.format("sensor_status", 1, 2),
    0x8967: "temperature i16/10 C, temperature_alarm s8",
    0x9967: "temperature i16/10 C, temperature_mutation i16/10, temperature_alarm =3",
}
_SOCKET_V3: Channels = {
    0x0374: "voltage u16 V",
    0x0480: "electric_power u32 W",
    0x0581: "power_factor u8",
    0x0683: "power_consumption u32/100000 kWh total",
    0x07C9: "current_rating u16/1000 A",
    0x0870: "socket_status.switch_status_1 s8.0, +1",
    0x0967: _TEMPERATURE.format("error", 2, 1),
    0x8967: "temperature_alarm.temperature i16/10 C, temperature_alarm.alarm_type s8",
    0x87C9: "overcurrent_alarm.current u16/1000 A, overcurrent_alarm.status s8",
    0x8829: "device_abnormal_alarm.status s8",
    0xB374: "voltage_collection_error_report.type s8",
    0xB480: "electric_power_collection_error_report.type s8",
    0xB581: "power_factor_collection_error_report.type s8",
    0xB683: "power_consumption_collection_error_report.type s8",
    0xB7C9: "current_collection_error_report.type s8",
}
_WALL_SOCKET: Channels = {**_METER, 0x0870: "socket_status s8.0, +1"}

_WS558: Channels = {
    **_METER,
    0x07C9: "total_current u16 mA",
    0x0831: ", ".join(("+1", *(f"switch_{n} s8.{n - 1}" for n in range(1, 9)), "+1")),
    0xFF26: "+1",
}

_FREQUENCY_WEIGHTS = "ZAC"
_TIME_WEIGHTS = "IFS"


def _sound(octets: Octets) -> Found:
    """Three levels [dB] under names that tell how they were weighted."""
    weights = octets.unsigned(1)
    frequency, time = weights & 3, weights >> 2 & 3
    if frequency > 2 or time > 2:
        raise UnknownCode
    over, fast = _FREQUENCY_WEIGHTS[frequency], _TIME_WEIGHTS[time]
    return [
        Quantity(name, octets.unsigned(2) / 10, None, Kind.INSTANT)
        for name in (f"L{over}{fast}", f"L{over}eq", f"L{over}{fast}max")
    ]


def _button(octets: Octets) -> Found:
    """A press of one of several buttons, with the command it sends to other devices."""
    number = octets.unsigned(1)
    octets.take(2)
    return [state(f"button_{number}", 1)]


_BUTTONS = profile(DEVICE, ANSWERS, BATTERY, {0xFF2E: "press s8", 0xFF34: _button})
_WS513 = profile(DEVICE, ANSWERS, _SOCKET)
_WS513_V3 = profile(DEVICE, ANSWERS, _SOCKET_V3)
_WS523 = profile(DEVICE, ANSWERS, _WALL_SOCKET)


def _room(channels: Channels) -> Profile:
    return profile(DEVICE, ANSWERS, BATTERY, channels)


SWITCHES: dict[str, Profile] = {
    "ws101": _room({0xFF2E: "button_event.status s8"}),
    "ws136": _BUTTONS,
    "ws156": _BUTTONS,
    "ws201": _room({0x0382: "distance u16", 0x04D6: "remaining u8 %"}),
    "ws202": _room({0x0300: "pir s8", 0x0400: "daylight s8"}),
    "ws203": _room(
        {
            **CLIMATE,
            0x0500: "occupancy s8",
            0x8367: "temperature i16/10 C, temperature_alarm s8",
            0x20CE: (
                "@, report_type s8.0-2, +1, occupancy s8, temperature i16/10 C, humidity u8/2 %"
            ),
        }
    ),
    "ws301": _room({0x0300: "magnet_status s8", 0x0400: "tamper_status s8"}),
    "ws302": _room({0x055B: _sound}),
    "ws303": _room({0x0300: "leakage_status s8"}),
    **{f"ws50{count}": _ws500(count) for count in (1, 2, 3)},
    **{f"ws50{count}-cn": _plain(count) for count in (1, 2, 3)},
    **{f"ws50{count}-v4": _v4(count) for count in (1, 2, 3)},
    "ws501-eu": _metered(1),
    "ws501-us": _metered(1),
    "ws502-eu": _metered(2),
    "ws513": _WS513,
    "ws515": _WS513,
    "ws513-v3": _WS513_V3,
    "ws515-v3": _WS513_V3,
    "ws523": _WS523,
    "ws525": _WS523,
    "ws558": profile(DEVICE, ANSWERS, _WS558),
}
