"""Milesight's current transformers CT100 and CT300, and the meter CTH01.

total_current and current_chnN_total are ampere hours [Ah]; chN_sumkwh [kWh] comes from firmware
that counts energy at a voltage that was set. The CTH01 has four groups of three channels: a group's
total is `groupN_value`, where it is set to channels `groupN.chanM`; what ends with 1 is of the
first two groups, with 2 of the last two.

States: *_sensor_status and the CTH01's *_error 1: over range, 2: read failed; temperature_alarm 0:
released, 1: threshold; current_alarm.* 0: no, 1: yes; low_voltage_alarm.alarm_type 1: low voltage;
*_alarm.type of the CTH01 0: collection failed, 1: below range, 2: above range, 3: no data, 16..23:
a threshold released (even) or reached (odd).
"""

from __future__ import annotations

from collector.decode.quantity import Quantity
from collector.profiles.milesight.device import ANSWERS, DEVICE, SINGLE
from collector.profiles.milesight.frame import commands, profile
from collector.profiles.milesight.layout import Channels, Found, Reader, chosen, numbered, state
from collector.profiles.profile import Octets, Profile
from metering.reading import Kind

_ALARMS = (
    "{0}.current_threshold_alarm s8.0, {0}.current_threshold_alarm_release s8.1, "
    "{0}.current_over_range_alarm s8.2, {0}.current_over_range_alarm_release s8.3, +1"
)

_TEMPERATURE: Channels = {
    0x0967: (
        "temperature i16/10 C fffd>temperature_sensor_status:1 ffff>temperature_sensor_status:2"
    ),
    0x8967: "temperature i16/10 C, temperature_alarm s8",
}

_CT100: Channels = {
    **_TEMPERATURE,
    0x0397: "total_current u32/100 total",
    0x0498: "current u16/100 A ffff>current_sensor_status:2",
    0x8498: (
        "current_max u16/100 A, current_min u16/100 A, current u16/100 A, "
        + _ALARMS.format("current_alarm")
    ),
}

_CT300: Channels = {
    **_TEMPERATURE,
    **numbered("current_chn{n}_total u32/100 total", {0x0397: 1, 0x0597: 2, 0x0797: 3}),
    **numbered(
        "current_chn{n} u16/10 A ffff>current_chn{n}_sensor_status:2",
        {0x0499: 1, 0x0699: 2, 0x0899: 3},
    ),
    **numbered(
        "current_chn{n}_max u16/10 A, current_chn{n}_min u16/10 A, current_chn{n} u16/10 A, "
        + _ALARMS.format("current_chn{n}_alarm"),
        {0x8499: 1, 0x8699: 2, 0x8899: 3},
    ),
}

_ENERGY: Channels = {
    **numbered("ch{n}_sumkwh u32/100 kWh total", {0x1063: 1, 0x1163: 2, 0x1263: 3}),
    0x1375: "low_voltage_alarm.alarm_type s8",
    0xFFCE: "voltage u16/100 V",
    0xFECE: "voltage u16/100 V",
    0xFFCF: "power_factor u8/100",
    0xFECF: "power_factor u8/100",
    0xFFD0: "+1",
    0xFED0: "+1",
}
"""Of the second version. Voltage and power factor are those it was set to reckon with."""

_CT101 = profile(DEVICE, ANSWERS, _CT100, _ENERGY)
_CT303 = profile(DEVICE, ANSWERS, _CT300, _ENERGY)


def _groups(name: str, count: int, what: str) -> Reader:
    """Groups of three channels; a byte says of each group whether its total or its channels
    come. `what`: size, divisor, unit; the value of all ones (-1) says that there is none."""
    size, divisor, unit = what.split()
    bits, signed = int(size[1:]), size[0] == "i"
    none = -1 if signed else (1 << bits) - 1
    kind = Kind.REGISTER if "energy" in name else Kind.INSTANT

    def value(octets: Octets, path: str) -> Found:
        raw = octets.signed(bits // 8) if signed else octets.unsigned(bits // 8)
        if raw == none:
            return [state(f"{name}.{path}_error", 2)]
        unit_of = None if unit == "-" else unit
        return [Quantity(f"{name}.{path}", raw / int(divisor), unit_of, kind)]

    def read(octets: Octets) -> Found:
        masks = octets.unsigned(1)
        found: Found = []
        for place in range(count):
            group = f"group{place + 1}"
            if not masks >> place & 1:
                found += value(octets, f"{group}_value")
            else:
                for channel in (1, 2, 3):
                    found += value(octets, f"{group}.chan{channel}")
        return found

    return read


def _pairs(command: int, name: str, what: str) -> Channels:
    """A quantity of the first two groups, and by the next command of the last two."""
    return {command: _groups(f"{name}1", 2, what), command + 1: _groups(f"{name}2", 2, what)}


def _row(name: str, count: int, what: str, none: str) -> str:
    return ", ".join(
        f"{name}.{number}.value {what} {none}>{name}.{number}.value_error:2"
        for number in range(count)
    )


_VALUED = (0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17)


def _alarmed(name: str, value: str, codes: tuple[int, ...]) -> Reader:
    return chosen(f"{name}_alarm.type", dict.fromkeys(codes, value))


def _of_channel(name: str, size: int, codes: tuple[int, ...]) -> Reader:
    """An alarm of one of several channels; the value it came with is told by the channel too."""

    def read(octets: Octets) -> Found:
        channel, code = octets.unsigned(1), octets.unsigned(1)
        octets.take(size if code in codes else 0)
        return [state(f"{name}_alarm.{channel}.type", code)]

    return read


_CTH01: Channels = {
    **SINGLE,
    0x01: "temperature i16/100 C",
    0x02: "voltage_three_phase_imbalcance u16/100 % ffff>voltage_three_phase_imbalcance_error:2",
    0x03: _row("thdi", 12, "u16/100 %", "ffff"),
    0x04: _row("thdv", 3, "u16/100 %", "ffff"),
    0x05: _row("current", 12, "u24/100 A", "ffffff"),
    0x06: _row("voltage", 3, "u16/100 V", "ffff"),
    0x07: _groups("power_factor", 4, "u8 100 -"),
    **_pairs(0x08, "active_power", "i32 1000 kW"),
    **_pairs(0x0A, "reactive_power", "i32 1000 kvar"),
    **_pairs(0x0C, "apparent_power", "i32 1000 kVA"),
    **_pairs(0x0E, "forward_active_energy", "u32 1000 kWh"),
    **_pairs(0x10, "reverse_active_energy", "u32 1000 kWh"),
    **_pairs(0x12, "forward_reactive_energy", "u32 1000 kvarh"),
    **_pairs(0x14, "reverse_reactive_energy", "u32 1000 kvarh"),
    **_pairs(0x16, "apparent_energy", "u32 1000 kVAh"),
    0x30: _alarmed("temperature", "+2", _VALUED),
    0x31: _of_channel("current", 3, (1, 2, 4, *_VALUED)),
    0x32: _of_channel("voltage", 2, (1, 2, 4, *_VALUED)),
    0x33: _of_channel("thdi", 2, (0x12, 0x13)),
    0x34: _of_channel("thdv", 2, (0x12, 0x13)),
    0x35: _alarmed("voltage_unbalance", "+2", (0x12, 0x13)),
    0x36: "power_loss_alarm =1",
    0x40: "history_type.type s8",
}

CURRENTS: dict[str, Profile] = {
    **dict.fromkeys(("ct101", "ct103", "ct105", "ct101-v2", "ct103-v2", "ct105-v2"), _CT101),
    **dict.fromkeys(("ct303", "ct305", "ct310", "ct303-v2", "ct305-v2", "ct310-v2"), _CT303),
    "ct101-ct103": _CT101,
    "cth01": commands(_CTH01),
}
