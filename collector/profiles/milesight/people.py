"""Milesight's people counters and occupancy sensors VS.

Counts since a reset are totals; of a period, a region or a moment they are values. Dwell and bed
times [s], distance [cm or mm], respiratory_rate [1/min]. A `timestamp` channel tells the time of
the counts beside it. region_N of the VS121 says whether somebody is there.

States: occupancy and region_N 0: vacant, 1: occupied; *_alarm and event.N.status 0: released, 1:
alarm or threshold, 3: high temperature, 4: high temperature released; calibration_status 0: failed,
1: success; power_status, illuminance, detection_status, target_status, alarm_type, region_N_type
and respiratory_status as numbered by the device.
"""

from __future__ import annotations

from collector.decode.quantity import Quantity
from collector.profiles.milesight.air import BATTERY
from collector.profiles.milesight.device import ANSWERS, DEVICE
from collector.profiles.milesight.frame import profile
from collector.profiles.milesight.layout import (
    Channels,
    Found,
    Reader,
    layout,
    record,
    state,
)
from collector.profiles.profile import Octets, Profile
from metering.reading import Kind

_HOT: Channels = {
    0x0367: "temperature i16/10 C",
    0x8367: "temperature i16/10 C, temperature_alarm s8",
}


def _counts(names: str, what: str) -> str:
    return ", ".join(f"{name} {what}" for name in names.split())


def _regions(name: str, first: int, last: int) -> str:
    return ", ".join(f"region_{n}{name} u8 1" for n in range(first, last + 1))


_LINES = {1: 0x03, 2: 0x06, 3: 0x09, 4: 0x0C}
_CHILDREN = 0x0E
"""So many channels above a line's stand those of its children."""


def _lines() -> dict[int, str]:
    """Totals in and out and periods of four lines, by channel."""
    found = {}
    for line, channel in _LINES.items():
        for who, above in (("", 0), ("child_", _CHILDREN)):
            name = f"line_{line}_{who}"
            found[channel + above] = f"{name}total_in u32 1 total"
            found[channel + above + 1] = f"{name}total_out u32 1 total"
            found[channel + above + 2] = f"{name}period_in u16 1, {name}period_out u16 1"
    return found


def _dwells(who: str) -> Reader:
    """Average and longest stay in a region that a byte names."""

    def read(octets: Octets) -> Found:
        region = octets.unsigned(1)
        return [
            Quantity(f"region_{region}_{who}{which}_dwell", octets.unsigned(2), None, Kind.INSTANT)
            for which in ("avg", "max")
        ]

    return read


def _dwelt(who: str) -> Reader:
    """One of the two, of a record of the past."""

    def read(octets: Octets) -> Found:
        region, value = octets.unsigned(1), octets.unsigned(2)
        return [Quantity(f"region_{region}_{who}_dwell", value, None, Kind.INSTANT)]

    return read


def _occlusion(octets: Octets) -> Found:
    octets.take(1)
    node, alarm = octets.unsigned(1), octets.unsigned(1)
    name = f"node_{node}" if node else "master"
    return [state(f"{name}_occlusion_alarm", alarm)]


_TYPE_OF_TOTAL, _TYPE_OF_PERIOD = 0xD2, 0xCC
_VS133: Channels = {
    **{
        channel << 8 | (_TYPE_OF_PERIOD if "period" in what else _TYPE_OF_TOTAL): what
        for channel, what in _lines().items()
    },
    0x0FE3: _regions("_count", 1, 4),
    0x1DE3: _regions("_child_count", 1, 4),
    0x10E4: _dwells(""),
    0x1EE4: _dwells("child_"),
    0x20CE: record(
        {
            **_lines(),
            0x0F: _regions("_count", 1, 4),
            0x1D: _regions("_child_count", 1, 4),
            0x10: _dwelt("avg"),
            0x20: _dwelt("max"),
            0x1E: _dwelt("child_avg"),
            0x3C: _dwelt("child_max"),
        }
    ),
    0x50FC: _occlusion,
}


_PAIRS = tuple(f"{one}_to_{other}" for one in "abcd" for other in "abcd")


def _paths(first: int, count: int) -> str:
    return _counts(" ".join(_PAIRS[first : first + count]), "u16 1")


def _region_map(octets: Octets) -> Found:
    """How many are there, and in which of so many regions (most significant byte first)."""
    everyone, count = octets.unsigned(1), octets.unsigned(1)
    mask = int.from_bytes(octets.take(2), "big")
    return [
        Quantity("people_count_all", everyone, "1", Kind.INSTANT),
        Quantity("region_count", count, "1", Kind.INSTANT),
        *(state(f"region_{n + 1}", mask >> n & 1) for n in range(min(count, 16))),
    ]


_PEOPLE_TOTALS = _counts("people_total_in people_total_out", "u16 1 total")
_LINE = _counts("line_in line_out", "u16 1")
_DWELL_TIMES = "+1, dwell_time_avg u16, dwell_time_max u16"
_VS121: Channels = {
    0xFF01: "protocol_version s8",
    0x04C9: _region_map,
    0x05CC: _counts("people_in people_out", "i16 1"),
    0x06CD: "people_count_max u8 1",
    0x07D5: _regions("_count", 1, 8),
    0x08D5: _regions("_count", 9, 16),
    0x09DA: _paths(0, 4),
    0x0ADA: _paths(4, 4),
    0x0BDA: _paths(8, 4),
    0x0CDA: _paths(12, 4),
    0x0DCC: _PEOPLE_TOTALS,
    0x0EE4: _DWELL_TIMES,
    0x0F85: "timestamp u32",
    0x10F7: _LINE,
    0x20CE: record(
        {
            0x01: _region_map,
            0x02: _counts("people_in people_out", "u16 1"),
            0x03: "people_count_max u8 1",
            **{0x04 + n: _regions("_count", 4 * n + 1, 4 * n + 4) for n in range(4)},
            **{0x08 + n: _paths(2 * n, 2) for n in range(8)},
            0x10: _PEOPLE_TOTALS,
            0x11: _DWELL_TIMES,
            0x12: _LINE,
        }
    ),
}

_TOTALS = _counts("total_in total_out", "u16 1 total")
_PERIODS = _counts("period_in period_out", "u16 1")
_VS350: Channels = {
    **_HOT,
    0x04CC: _TOTALS,
    0x05CC: _PERIODS,
    0x0AEF: "timestamp u32",
    0x84CC: f"{_TOTALS}, total_count_alarm s8",
    0x85CC: f"{_PERIODS}, period_count_alarm s8",
    0x20CE: record({0: _PERIODS, 1: f"{_PERIODS}, {_TOTALS}"}),
    0x81EE: "current_sensitivity u8",
    0xFFCC: "power_status s8",
}


_VS360: Channels = {
    **_VS350,
    0x0175: "battery_main u8 %",
    0x0275: "battery_node u8 %",
    0x03F4: "event.#.type s8, event.#.status s8",
}

_TEN = range(1, 11)
_MASKED = ", ".join(
    (
        *(f"region_{n}_enable s16.{n - 1}" for n in _TEN), "+2",
        *(f"region_{n} s16.{n - 1}" for n in _TEN), "+2",
    )
)  # fmt: skip
_VS321: Channels = {
    0x0367: "temperature i16/10 C ffff>temperature_sensor_status:2",
    0x0468: "humidity u8/2 % ff>humidity_sensor_status:2",
    0x05FD: "people_total_counts u16 1",
    0x06FE: _MASKED,
    0x07FF: "illuminance_status s8",
    0x08F4: "+1, detection_status s8",
    0x0AEF: "timestamp u32",
    0x8367: "temperature i16/10 C, temperature_alarm s8",
    0x8468: "humidity u8/2 %, humidity_alarm s8",
    0x20CE: record({0: "people_total_counts u16 1", 1: _MASKED}),
}


def _regions_used(octets: Octets) -> Found:
    count, mask = octets.unsigned(1), octets.unsigned(4)
    return [state(f"region_{n + 1}_occupancy", mask >> n & 1) for n in range(min(count, 32))]


def _regions_free(octets: Octets) -> Found:
    """Older firmware says 1 where nobody is."""
    return [state(f"region_{n}_occupancy", int(octets.unsigned(1) != 1)) for n in range(1, 5)]


_REGION_ALARMS = (3, 6, 7)
_ALARM = "{0}alarm_id u16, {0}alarm_type s8, {0}alarm_status s8, +1"


def _alarm(before: str, name: str) -> Reader:
    """An alarm; its last byte names a region where the sort of alarm has one."""
    head = layout(before + _ALARM.format(name))

    def read(octets: Octets) -> Found:
        found = head(octets)
        region = octets.payload[octets.at - 1]
        kinds = [one for one in found if isinstance(one, Quantity) and "alarm_type" in one.name]
        if kinds[0].value in _REGION_ALARMS:
            found.append(Quantity(f"{name}region_id", region, "1", Kind.STATE, kinds[0].time_us))
        return found

    return read


_USE = "detection_status s8, target_status s8, use_time_now {0} s, use_time_today {0} s"
_OUT = "region_{0}_out_of_bed_time {1}"
_VS373: Channels = {
    0x03F8: _USE.format("u16"),
    0x04F9: _regions_free,
    0x05FA: ", ".join(_OUT.format(n, "u16") for n in range(1, 5)),
    0x06FB: _alarm("", "events.#."),
    0x07B0: _USE.format("u24"),
    0x08B1: "respiratory_status s8, respiratory_rate u16/100",
    0x09B2: ", ".join(f"region_{n}_type s8" for n in range(1, 7)),
    0x0AB3: _regions_used,
    0x0BB4: ", ".join(_OUT.format(n, "u24") for n in range(1, 4)),
    0x0CB4: ", ".join(_OUT.format(n, "u24") for n in range(4, 7)),
    0x20CE: _alarm("@, ", ""),
}

_VS132: Channels = {
    0xFF01: "protocol_version s8",
    0x03D2: "total_counter_in u32 1 total",
    0x04D2: "total_counter_out u32 1 total",
    0x05CC: _counts("periodic_counter_in periodic_counter_out", "u16 1"),
}

_COUNTER = profile(DEVICE, ANSWERS, _VS133)
_DESK = profile(DEVICE, ANSWERS, BATTERY, {0x0300: "occupancy s8"})

PEOPLE: dict[str, Profile] = {
    "vs121": profile(DEVICE, ANSWERS, _VS121),
    "vs132": profile(DEVICE, ANSWERS, _VS132),
    "vs133": _COUNTER,
    "vs135": _COUNTER,
    "vs321": profile(DEVICE, ANSWERS, BATTERY, _VS321),
    "vs330": profile(
        DEVICE, ANSWERS, BATTERY,
        {0x0282: "distance u16", 0x038E: "occupancy s8", 0x048E: "calibration_status s8"},
    ),
    **dict.fromkeys(("vs340", "vs341", "vs34x"), _DESK),
    "vs350": profile(DEVICE, ANSWERS, BATTERY, _VS350, {0xFFAC: "+5", 0xFFAD: "+1"}),
    "vs351": profile(DEVICE, ANSWERS, BATTERY, _VS350),
    "vs360": profile(DEVICE, ANSWERS, _VS360),
    "vs370": profile(
        DEVICE, ANSWERS, BATTERY, {0x0300: "occupancy s8", 0x0400: "illuminance s8"}
    ),
    "vs373": profile(DEVICE, ANSWERS, _VS373, {0xFF0B: "device_status s8"}),
}  # fmt: skip
