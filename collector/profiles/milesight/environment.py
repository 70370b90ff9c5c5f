"""Milesight's environment sensors EM300 to EM500, and the weather station WTS506.

Distance, depth and radar level [mm], pressure of the EM500-PP [kPa], of others [hPa], water and
pulse in the units that the meter counts, wind [m/s], rainfall [mm], electricity
[uS/cm].

States: *_error and *_sensor_status 1: read failed, 2: out of range (of the EM320-TH-V2 and the
EM410-RDL the raw value: 65533: no target, 65534: disabled, 65535: failed); position 0: normal, 1:
tilt; leakage_status, magnet_status, gpio 0: no, closed or low, 1: leak, open or high; liquid 0:
uncalibrated, 1: full, 2: critical, 255: failed; threshold_* 0: normal, 1: trigger; alarms 0:
released, 1: threshold, 2: mutation; gpio_type 1: gpio, 2: pulse.
"""

from __future__ import annotations

from collector.decode.quantity import Quantity
from collector.profiles.milesight.air import BATTERY, CLIMATE
from collector.profiles.milesight.device import ANSWERS, DEVICE
from collector.profiles.milesight.frame import profile
from collector.profiles.milesight.layout import US, Channels, Found, Reader, layout, state, timed
from collector.profiles.profile import Octets, Profile
from metering.reading import Kind

_TH = "temperature i16/10 C, humidity u8/2 %"
_TEMPERATURE: Channels = {0x0367: "temperature i16/10 C"}
_HOT: Channels = {0x8367: "temperature i16/10 C, temperature_alarm s8"}


def _em300(*channels: Channels) -> Profile:
    return profile(DEVICE, ANSWERS, BATTERY, CLIMATE, *channels)


def _em500(*channels: Channels) -> Profile:
    return profile(DEVICE, ANSWERS, BATTERY, *channels)


_LEAKAGE: Channels = {
    0x0500: "leakage_status s8",
    0x20CE: f"@, {_TH}, leakage_status s8",
}

_WATER = "water_conv u16/10, pulse_conv u16/10, water f32 total"
_GPIO: Channels = {
    0x0500: "gpio s8",
    0x05C8: "pulse u32 total",
    0x05E1: _WATER,
    0x8500: "gpio s8, gpio_alarm s8",
    0x06E1: _WATER,
    0x85E1: f"{_WATER}, water_alarm s8",
}

_READ_GPIO = layout("gpio s8")
_READ_PULSE = layout("+1, pulse u32 total")
_READ_WATER = layout(f"+1, {_WATER}")


def _past_pulses(octets: Octets) -> Found:
    """A record of fixed length whose mode says which of two fields holds."""
    return _past_input(octets, layout(_TH), 5, pulses=True)


def _past_water(octets: Octets) -> Found:
    return _past_input(octets, layout(f"{_TH}, alarm s8"), 9, pulses=False)


def _past_hall(octets: Octets) -> Found:
    return _past_input(octets, layout("+3, alarm s8"), 9, pulses=False)


def _past_input(octets: Octets, before: Reader, length: int, pulses: bool) -> Found:
    time_us = octets.unsigned(4) * US
    found = before(octets)
    mode = octets.unsigned(1)
    found.append(state("gpio_type", mode))
    field = Octets(octets.take(length), "little")
    if mode == 1:
        found += _READ_GPIO(field)
    elif mode == 2:
        found += (_READ_PULSE if pulses else _READ_WATER)(field)
    return timed(found, time_us)


def _tilt(octets: Octets) -> Found:
    """Three angles, each with a threshold in its lowest bit."""
    raws = [octets.signed(2) for _ in range(3)]
    return [
        *(
            Quantity(f"angle_{axis}", (raw >> 1) / 100, "deg", Kind.INSTANT)
            for axis, raw in zip("xyz", raws, strict=True)
        ),
        *(state(f"threshold_{axis}", raw & 1) for axis, raw in zip("xyz", raws, strict=True)),
    ]


_TH_V2: Channels = {
    0x0367: (
        "temperature i16/10 C 8001>temperature_error:32769 8002>temperature_error:32770 "
        "8003>temperature_error:32771"
    ),
    0x0468: "humidity u8/2 % ff>humidity_error:255",
    0x049A: "humidity u16/10 % ffff>humidity_error:65535",
    0x056B: "trigger_type s8",
    0x059C: "storage_status s8",
    0x8367: "temperature_threshold_alarm.temperature i16/10 C, "
    "temperature_threshold_alarm.alarm_type s8",
    0x8468: "humidity_threshold_alarm.relative_humidity u8/2 %, "
    "humidity_threshold_alarm.alarm_type s8",
    0x849A: "humidity_threshold_alarm.relative_humidity i16/10 %, "
    "humidity_threshold_alarm.alarm_type s8",
    0x9367: "temperature_mutation_alarm.temperature i16/10 C, "
    "temperature_mutation_alarm.temperature_change i16/10, "
    "temperature_mutation_alarm.alarm_type s8",
    0x9468: "humidity_mutation_alarm.relative_humidity u8/2 %, "
    "humidity_mutation_alarm.relative_humidity_change u8/2, humidity_mutation_alarm.alarm_type s8",
    0x949A: "humidity_mutation_alarm.relative_humidity i16/10 %, "
    "humidity_mutation_alarm.relative_humidity_change i16/10, "
    "humidity_mutation_alarm.alarm_type s8",
    0xB367: "temperature_error s8, +1",
    0xB468: "humidity_error s8, +1",
    0xB49A: "humidity_error s8, +1",
    0x20CE: "@, temperature i16/10 C, humidity u16/10 % ffff>humidity_error:65535, record_type s8",
}

_EM400: Channels = {
    **_TEMPERATURE,
    **_HOT,
    0x0482: "distance u16",
    0x0500: "position s8",
    0x8482: "distance u16, distance_alarm s8",
}

_LOST = "fffd>{0}_sensor_status:65533 fffe>{0}_sensor_status:65534 ffff>{0}_sensor_status:65535"
_EM410: Channels = {
    **_TEMPERATURE,
    0x0482: "distance i16 " + _LOST.format("distance"),
    0x0500: "position s8",
    0x06C7: "radar_signal_rssi i16/100 dBm",
    0x8482: "distance i16, distance_alarm s8",
    0x9482: "distance i16, distance_mutation i16, distance_alarm s8",
    0xB482: f"distance i16 {_LOST.format('distance')}, distance_exception s8",
    0x20CE: (
        f"@, distance i16 {_LOST.format('distance')}, "
        "temperature i16/10 C fffe>temperature_sensor_status:65534 "
        "ffff>temperature_sensor_status:65535, distance_mutation i16, event s8"
    ),
}


def _faulty(name: str, what: str) -> str:
    return f"{name} {what} ffff>{name}_error:1 fffd>{name}_error:2"


_SOIL = ", ".join(
    _faulty(name, what)
    for name, what in (
        ("electricity", "u16"), ("temperature", "i16/10 C"), ("moisture", "u16/100 %"),
    )
)  # fmt: skip
_MUTATION: Channels = {
    0x83D7: "temperature i16/10 C, temperature_mutation i16/10, temperature_alarm s8"
}

_WTS506: Channels = {
    **_HOT,
    0x0584: "wind_direction i16/10",
    0x0673: "pressure u16/10",
    0x0792: "wind_speed u16/10",
    0x0877: "rainfall_total u16/100 total, rainfall_counter u8",
    0x08EC: "rainfall_total u32/100 total, rainfall_counter u8",
    0x8673: "pressure u16/10, pressure_alarm s8",
    0x8792: "wind_speed u16/10, wind_speed_alarm s8",
    0x88EC: "rainfall_total u32/100 total, rainfall_counter u8, rainfall_alarm s8",
    0x20CE: f"@, {_TH}, pressure u16/10, wind_direction i16/10, wind_speed u16/10, "
    "rainfall_total u16/100 total",
    0x21CE: f"@, {_TH}, pressure u16/10, wind_direction i16/10, wind_speed u16/10, "
    "rainfall_total u32/100 total",
}

_LEAK = _em300(_LEAKAGE)
_EM400_PROFILE = _em500(_EM400)
_EM410_PROFILE = _em500(_EM410)
_EM320_TH_V2 = _em500(_TH_V2)

ENVIRONMENT: dict[str, Profile] = {
    "em300-th": _em300({0x20CE: f"@, {_TH}, +1"}),
    "em300-mcs": _em300(
        {0x0600: "magnet_status s8", 0x20CE: f"@, {_TH}, magnet_status s8"},
    ),
    "em300-mld": _em500({0x0500: "leakage_status s8", 0x20CE: "@, +3, leakage_status s8"}),
    "em300-sld": _LEAK,
    "em300-zld": _LEAK,
    "em300-sld-zld": _LEAK,
    "em300-di": _em300(_GPIO, {0x20CE: _past_pulses, 0x21CE: _past_water}),
    "em300-di-hall": _em500(_GPIO, {0x21CE: _past_hall}),
    "em300-cl": _em500(
        {
            0x03ED: "liquid s8",
            0x04EE: "calibration_result s8",
            0x83ED: "liquid s8, liquid_alarm s8",
        }
    ),
    "em310-tilt": _em500(
        {
            0x03CF: "angle_x i16/100 deg, angle_y i16/100 deg, angle_z i16/100 deg, "
            "threshold_x s8.0, threshold_y s8.1, threshold_z s8.2, +1"
        }
    ),
    "em310-udl": _em500({0x0382: "distance u16", 0x0400: "position s8"}),
    "em320-th": _em300({0x20CE: f"@, {_TH}"}),
    "em320-th-v2": _EM320_TH_V2,
    "em320-tilt": _em500({0x03D4: _tilt}),
    **dict.fromkeys(("em400-mud", "em400-tld", "em400-udl"), _EM400_PROFILE),
    **dict.fromkeys(("em410-rdl", "em411-rdl"), _EM410_PROFILE),
    "em500-co2": _em300(
        _MUTATION,
        {
            0x057D: "co2 u16 ppm",
            0x0673: "pressure u16/10",
            0x20CE: f"@, co2 u16 ppm, pressure u16/10, {_TH}",
        },
    ),
    "em500-lgt": _em500({0x0394: "illumination u32 lx", 0x20CE: "@, illumination u32 lx"}),
    "em500-pp": _em500({0x037B: "pressure i16 kPa", 0x20CE: "@, pressure i16 kPa"}),
    "em500-pt100": _em500(
        _TEMPERATURE, _MUTATION, {0xFF1B: "+5", 0x20CE: "@, temperature i16/10 C"}
    ),
    "em500-smtc": _em500(
        _MUTATION,
        {
            0x0367: _faulty("temperature", "i16/10 C"),
            0x0468: "moisture u8/2 %",
            0x04CA: _faulty("moisture", "u16/100 %"),
            0x057F: _faulty("electricity", "u16"),
            0x20CE: f"@, {_SOIL}",
        },
    ),
    "em500-swl": _em500(
        {
            0x0377: _faulty("depth", "u16"),
            0xFF1B: "+5",
            0x20CE: f"@, {_faulty('depth', 'u16')}",
        }
    ),
    "em500-udl": _em500(
        {
            0x0382: "distance u16",
            0x83E9: "distance u16/10, distance_mutation u16/10, distance_alarm s8",
            0x20CE: "@, distance u16",
        }
    ),
    "wts506": _em300(_WTS506),
}
