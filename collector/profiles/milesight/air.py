"""Milesight's ambience sensors: AM100, AM300, and the gas detectors GS.

States: pir and pir_status 0: vacant, 1: trigger; buzzer_status and light_level as numbered by the
device; temperature_alarm of the AM300L 16..23 as its alarm_type; *_type of a history record 0:
invalid, 1: valid, 2: out of range, 3: collection failed; gas_status and alarm 0: normal or
released, 1: alarm; *_alarm.type of the GS601 0: collection failed, 1: below range, 2: above range,
16: released, 17: threshold, 32 and 33: interference. Not in units that the platform keeps: pressure
[hPa], tvoc [ug/m3 or index], pm [ug/m3], hcho and o3 [ppm or mg/m3], activity, infrared.
"""

from __future__ import annotations

from collector.decode.quantity import Quantity
from collector.profiles.milesight.device import ANSWERS, DEVICE, SINGLE
from collector.profiles.milesight.frame import commands, profile
from collector.profiles.milesight.layout import Channels, Found, Reader, chosen, state
from collector.profiles.profile import Octets, Profile, not_known
from metering.reading import Kind

BATTERY: Channels = {0x0175: "battery u8 %"}
CLIMATE: Channels = {0x0367: "temperature i16/10 C", 0x0468: "humidity u8/2 %"}

_TH = "@, temperature i16/10 C, humidity u8/2 %"
_CO2: Channels = {0x077D: "co2 u16 ppm"}
_PRESSURE: Channels = {0x0973: "pressure u16/10"}
_ACTIVITY: Channels = {
    0x056A: "activity u16",
    0x0665: "illumination u16 lx, infrared_and_visible u16, infrared u16",
}

_AM300: Channels = {
    0x0500: "pir s8",
    0x06CB: "light_level s8",
    **_CO2,
    0x087D: "tvoc u16/100",
    0x08E6: "tvoc u16",
    **_PRESSURE,
    0x0A7D: "hcho u16/100",
    0x0B7D: "pm2_5 u16",
    0x0C7D: "pm10 u16",
    0x0D7D: "o3 u16/100",
    0x0E01: "buzzer_status s8",
    0x0F7D: "hcho u16/1000",
}
_RECORD = (
    "@, temperature i16/10 C, humidity u16/2 %, pir s8, light_level s8, co2 u16 ppm, "
    "tvoc u16{tvoc}, pressure u16/10"
)
_DUST = ", pm2_5 u16, pm10 u16"


def _records(ending: str, first: int = 0x20) -> Channels:
    """Two channels of one record: the volatile compounds as an index [/100], and as they are."""
    return {
        first << 8 | 0xCE: _RECORD.format(tvoc="/100") + ending,
        first + 1 << 8 | 0xCE: _RECORD.format(tvoc="") + ending,
    }


def _am300(*endings: str, first: int = 0x20) -> Profile:
    records = _records("".join(endings), first)
    return profile(DEVICE, ANSWERS, BATTERY, CLIMATE, _AM300, records)


_AM307 = _am300()
_AM308 = _am300(_DUST)
_HCHO = _am300(_DUST, ", hcho u16/100")
_O3 = _am300(_DUST, ", o3 u16/100")
_HCHO_WELL = _am300(", pm2_5 u16, hcho u16/1000", first=0x22)

_AM102 = profile(DEVICE, ANSWERS, BATTERY, CLIMATE, {0xFF18: "+2", 0x20CE: _TH})
_AM103 = profile(
    DEVICE, ANSWERS, BATTERY, CLIMATE, _CO2, {0xFF18: "+2", 0x20CE: f"{_TH}, co2 u16 ppm"}
)
_AM107 = profile(
    DEVICE, ANSWERS, BATTERY, CLIMATE, _ACTIVITY, _CO2, _PRESSURE,
    {0xFF18: "+2", 0x087D: "tvoc u16"},
)  # fmt: skip

_VALIDITY = (
    "@, temperature_type s8, temperature i16/10 C, humidity_type s8, humidity u8/2 %, "
    "pir_type s8.6, pir_status s8.0-5, +1, pir_count u16"
)
_AM300L: Channels = {
    0x059F: "pir.pir_count s16.0-14, pir.pir_status s16.15, +2",
    0x0500: "pir.pir_status s8",
    0x06CB: "als_level s8",
    0x069D: "Lux u16 lx",
    **_CO2,
    0xB367: "temperature_collection_anomaly.type s8",
    0xB468: "humidity_collection_anomaly.type s8",
    0xB6CB: "illuminace_collection_anomaly.type s8",
    0xB69D: "Lux_collection_anomaly.type s8",
    0xB77D: "co2_collection_anomaly.type s8",
    0x8367: "temperature i16/10 C, temperature_alarm.alarm_type s8",
    0x869D: "Lux u16 lx, Lux_alarm.alarm_type s8",
    0x877D: "co2 u16 ppm, co2_alarm.alarm_type s8",
}


def _am300l(ending: str) -> Profile:
    return profile(
        DEVICE, ANSWERS, BATTERY, CLIMATE, _AM300L,
        {
            0x20CE: f"{_VALIDITY}, als_level_type s8, als_level u16{ending}",
            0x21CE: f"{_VALIDITY}, Lux_type s8, Lux u16 lx{ending}",
        },
    )  # fmt: skip


_GS101: Channels = {
    0x058E: "gas_status s8",
    0x0601: "valve_status s8",
    0x0701: "relay_output_status s8",
    0x0890: "life_remain u32 s",
    0xFF3F: "alarm s8",
}


def _calibration(octets: Octets) -> Found:
    """Of one of two sensors: ammonia in hundredths of a ppm, hydrogen sulphide in thousandths."""
    name, divisor = {0: ("nh3", 100), 1: ("h2s", 1000)}.get(octets.unsigned(1), ("", 1))
    kind, value, result = octets.unsigned(1), octets.signed(2), octets.unsigned(1)
    if not name:
        return []
    result_of = f"{name}_calibration_result"
    return [
        state(f"{result_of}.type", kind),
        Quantity(f"{result_of}.calibration_value", value / divisor, None, Kind.INSTANT),
        state(f"{result_of}.result", result),
    ]


def _ppm(name: str, divisor: int) -> str:
    status = f"{name}_sensor_status"
    return f"{name} u16/{divisor} ppm fffe>{status}:65534 ffff>{status}:65535"


_GS301: Channels = {
    0x0267: "temperature i16/10 C",
    0x0368: "humidity u8/2 %",
    0x047D: _ppm("nh3", 100),
    0x057D: _ppm("h2s", 100),
    0x067D: _ppm("h2s", 1000),
    0x07EA: _calibration,
    0xFF7C: "+43",
}


def _gs524n(payload: bytes, port: int) -> Found:  # noqa: ARG001
    """A smoke detector with a frame of its own: six bytes whose sum is 0, modulo 256."""
    if len(payload) != 6 or sum(payload) % 256:
        return [not_known(payload, 0, "a type of value")]
    octets = Octets(payload)
    versions, what = octets.unsigned(1), octets.unsigned(1)
    battery, concentration, temperature = octets.unsigned(1), octets.unsigned(1), octets.signed(1)
    return [
        state("version", versions >> 4),
        state("protocol", versions & 0x0F),
        state("type", what >> 4),
        state("event", what & 0x0F),
        Quantity("battery", battery, "%", Kind.INSTANT),
        Quantity("concentration", concentration, "%", Kind.INSTANT),
        Quantity("temperature", temperature, "C", Kind.INSTANT),
    ]


def _alarmed(name: str, layout: str) -> Reader:
    return chosen(f"{name}_alarm.type", {0x10: layout, 0x11: layout})


_GS601: Channels = {
    **SINGLE,
    0x00: "battery u8 %",
    0x01: "vaping_index u8",
    0x02: _alarmed("vaping_index", "vaping_index u8"),
    0x03: "pm1_0 u16",
    0x04: _alarmed("pm1_0", "pm1_0 u16"),
    0x05: "pm2_5 u16",
    0x06: _alarmed("pm2_5", "pm2_5 u16"),
    0x07: "pm10 u16",
    0x08: _alarmed("pm10", "pm10 u16"),
    0x09: "temperature i16/10 C",
    0x0A: _alarmed("temperature", "temperature i16/10 C"),
    0x0B: "humidity u16/10 %",
    0x0C: "humidity_alarm.type s8",
    0x0D: "tvoc u16",
    0x0E: _alarmed("tvoc", "tvoc u16"),
    0x0F: "tamper_status s8",
    0x10: "tamper_status_alarm.type s8",
    0x11: "buzzer s8",
    0x12: "occupancy_status s8",
    **dict.fromkeys(range(32, 43), "+8"),
    0x2B: "pm_sensor_working_time u32",
}

AIR: dict[str, Profile] = {
    "am102": _AM102,
    "am102l": _AM102,
    "am103": _AM103,
    "am103l": _AM103,
    "am104": profile(DEVICE, ANSWERS, BATTERY, CLIMATE, _ACTIVITY, {0xFF18: "+2"}),
    "am107": _AM107,
    "am304l": _am300l(""),
    "am305l": _am300l(", co2_type s8, co2 u16 ppm"),
    "am307": _AM307,
    "am307l": _AM307,
    "am308": _AM308,
    "am308l": _AM308,
    "am319": _HCHO,
    "am319l": _HCHO,
    "am319-hcho": _HCHO,
    "am319-hcho-ir": _HCHO,
    "am319l-hcho-ir": _HCHO,
    "am319-hcho-well": _HCHO_WELL,
    "am319-o3": _O3,
    "am319l-o3": _O3,
    "gs101": profile(DEVICE, ANSWERS, _GS101),
    "gs301": profile(DEVICE, ANSWERS, BATTERY, _GS301),
    "gs524n": _gs524n,
    "gs601": commands(_GS601),
}
