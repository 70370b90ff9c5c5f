"""What a value information field means: name, unit and power of ten. The tables of EN 13757-3.

A row covers a run of codes that differ in their power of ten alone: `first`, the power of the
first code, how many codes. Units are those of `metering.units`, powers fitted to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from metering.reading import Kind


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value is."""

    name: str
    unit: str | None = None
    power: int = 0
    """value [unit] = number * 10**power * factor."""
    factor: float = 1.0
    kind: Kind | None = Kind.INSTANT
    unsigned: bool = False
    is_number: bool = True
    """False for dates, texts and what only sets a meter."""


_REGISTER = Kind.REGISTER
_JOULE_PER_HOUR = 1 / 3600
_CALORIE = 4.1868
_CUBIC_FOOT, _GALLON = 0.028316846592, 0.003785411784
_TIMES = ("s", "min", "h", "d")


def _run(first: int, count: int, meaning: Meaning) -> Iterator[tuple[int, Meaning]]:
    """`count` codes of rising powers of ten."""
    for step in range(count):
        yield first + step, replace(meaning, power=meaning.power + step)


def _times(
    first: int, name: str, kind: Kind = Kind.INSTANT, units: tuple[str, ...] = _TIMES
) -> Iterator[tuple[int, Meaning]]:
    """A code for each unit of time."""
    for step, unit in enumerate(units):
        yield first + step, Meaning(name, unit, kind=kind)


def _plain(first: int, *names: str) -> Iterator[tuple[int, Meaning]]:
    """Codes of plain numbers without a sign; '-' leaves one out."""
    for step, name in enumerate(names):
        if name != "-":
            yield first + step, Meaning(name, kind=None, unsigned=True)


def _unread(*codes: int) -> Iterator[tuple[int, Meaning]]:
    for code in codes:
        yield code, Meaning("", is_number=False)


PRIMARY: dict[int, Meaning] = dict(
    [
        *_run(0x00, 8, Meaning("energy", "kWh", -6, kind=_REGISTER)),
        *_run(0x08, 8, Meaning("energy", "MJ", -6, kind=_REGISTER)),
        *_run(0x10, 8, Meaning("volume", "m3", -6, kind=_REGISTER)),
        *_run(0x18, 8, Meaning("mass", "kg", -3, kind=_REGISTER)),
        *_times(0x20, "on_time", _REGISTER),
        *_times(0x24, "operating_time", _REGISTER),
        *_run(0x28, 8, Meaning("power", "kW", -6)),
        *_run(0x30, 8, Meaning("power", "kW", -3, _JOULE_PER_HOUR)),
        *_run(0x38, 8, Meaning("volume_flow", "m3/h", -6)),
        *_run(0x40, 8, Meaning("volume_flow", "m3/h", -7, 60.0)),
        *_run(0x48, 8, Meaning("volume_flow", "m3/h", -9, 3600.0)),
        *_run(0x50, 8, Meaning("mass_flow", "kg/h", -3)),
        *_run(0x58, 4, Meaning("flow_temperature", "C", -3)),
        *_run(0x5C, 4, Meaning("return_temperature", "C", -3)),
        *_run(0x60, 4, Meaning("temperature_difference", "C", -3)),
        *_run(0x64, 4, Meaning("external_temperature", "C", -3)),
        *_run(0x68, 4, Meaning("pressure", "bar", -3)),
        (0x6E, Meaning("heat_cost_allocation", "1", kind=_REGISTER)),
        *_times(0x70, "averaging_time"),
        *_times(0x74, "actuality_time"),
        *_plain(0x78, "fabrication_number", "identification", "bus_address"),
        *_unread(0x6C, 0x6D),
    ]
)
"""Codes of the VIF itself."""

FB: dict[int, Meaning] = dict(
    [
        *_run(0x00, 2, Meaning("energy", "MWh", -1, kind=_REGISTER)),
        *_run(0x02, 2, Meaning("reactive_energy", "kvarh", 0, kind=_REGISTER)),
        *_run(0x04, 2, Meaning("apparent_energy", "kVAh", 0, kind=_REGISTER)),
        *_run(0x08, 2, Meaning("energy", "GJ", -1, kind=_REGISTER)),
        *_run(0x0C, 4, Meaning("energy", "GJ", -4, _CALORIE, kind=_REGISTER)),
        *_run(0x10, 2, Meaning("volume", "m3", 2, kind=_REGISTER)),
        *_run(0x14, 4, Meaning("reactive_power", "kvar", -3)),
        *_run(0x18, 2, Meaning("mass", "t", 2, kind=_REGISTER)),
        *_run(0x1A, 2, Meaning("relative_humidity", "%", -1)),
        (0x20, Meaning("volume", "m3", 0, _CUBIC_FOOT, kind=_REGISTER)),
        (0x21, Meaning("volume", "m3", -1, _CUBIC_FOOT, kind=_REGISTER)),
        (0x22, Meaning("volume", "m3", -1, _GALLON, kind=_REGISTER)),
        (0x23, Meaning("volume", "m3", 0, _GALLON, kind=_REGISTER)),
        (0x24, Meaning("volume_flow", "m3/h", -3, _GALLON * 60)),
        (0x25, Meaning("volume_flow", "m3/h", 0, _GALLON * 60)),
        (0x26, Meaning("volume_flow", "m3/h", 0, _GALLON)),
        *_run(0x28, 2, Meaning("power", "MW", -1)),
        (0x2A, Meaning("phase_angle_voltages", "deg", -1)),
        (0x2B, Meaning("phase_angle", "deg", -1)),
        *_run(0x2C, 4, Meaning("frequency", "Hz", -3)),
        *_run(0x30, 2, Meaning("power", "MW", -1, 1 / 3.6)),
        *_run(0x34, 4, Meaning("apparent_power", "kVA", -3)),
        *_run(0x58, 4, Meaning("flow_temperature", "F", -3)),
        *_run(0x5C, 4, Meaning("return_temperature", "F", -3)),
        *_run(0x60, 4, Meaning("temperature_difference", "C", -3, 5 / 9)),
        *_run(0x64, 4, Meaning("external_temperature", "F", -3)),
        *_run(0x70, 4, Meaning("temperature_limit", "F", -3)),
        *_run(0x74, 4, Meaning("temperature_limit", "C", -3)),
        *_run(0x78, 8, Meaning("power_peaks", "kW", -6)),
    ]
)
"""Codes of the first VIFE behind FB."""

FD: dict[int, Meaning] = dict(
    [
        *_run(0x00, 4, Meaning("credit", None, -3, kind=None)),
        *_run(0x04, 4, Meaning("debit", None, -3, kind=None)),
        *_plain(0x08, "transmission", "medium", "manufacturer", "parameter_set", "model"),
        *_plain(0x0D, "hardware_version", "firmware_version", "software_version"),
        *_plain(0x10, "customer_location", "customer", "access_code_user", "access_code_operator"),
        *_plain(0x14, "access_code_system", "access_code_developer", "-", "error_flags"),
        *_plain(0x18, "error_mask", "-", "digital_output", "digital_input", "baud_rate"),
        *_plain(0x1D, "response_delay", "retries", "remote_control"),
        *_plain(0x20, "first_storage", "last_storage", "storage_block"),
        *_times(0x24, "storage_interval"),
        *_plain(0x28, "storage_interval_months", "storage_interval_years", "operator_data"),
        *_times(0x2C, "since_readout"),
        *_times(0x31, "tariff_duration", units=("min", "h", "d")),
        *_times(0x34, "tariff_period"),
        *_plain(0x38, "tariff_period_months", "tariff_period_years"),
        *_plain(0x3A, "dimensionless", "data_container"),
        *_times(0x3C, "transmission_period"),
        *_run(0x40, 16, Meaning("voltage", "V", -9)),
        *_run(0x50, 16, Meaning("current", "A", -12)),
        *_plain(0x60, "resets", "cumulations", "control_signal", "day_of_week", "week"),
        *_plain(0x66, "parameter_state", "special_supplier_data"),
        *_times(0x68, "since_cumulation", units=("h", "d")),
        *_plain(0x6A, "since_cumulation_months", "since_cumulation_years"),
        *_times(0x6C, "battery_time", units=("h", "d")),
        *_plain(0x6E, "battery_time_months", "battery_time_years"),
        (0x71, Meaning("signal_level", "dBm")),
        *_plain(0x72, "daylight_saving", "listening_window"),
        (0x74, Meaning("battery_left", "d")),
        *_plain(0x75, "stops", "manufacturer_data"),
        *_unread(0x2B, 0x30, 0x65, 0x70),
    ]
)
"""Codes of the first VIFE behind FD."""

_LIMITS = {0x40: "below_limit", 0x48: "above_limit"}
_PER = (
    "second minute hour day week month year revolution input_pulse input_pulse_2 output_pulse "
    "output_pulse_2 litre m3 kg kelvin kwh gj kw kelvin_litre volt ampere"
)

SUFFIXES: dict[int, str] = {
    **{0x20 + step: f"per_{name}" for step, name in enumerate(_PER.split(" "))},
    0x36: "times_second",
    0x37: "times_second_per_volt",
    0x38: "times_second_per_ampere",
    0x3A: "uncorrected",
    0x3B: "forward",
    0x3C: "backward",
    0x3D: "other_units",
    0x3E: "base_conditions",
    0x3F: "obis",
    0x40: "lower_limit",
    0x48: "upper_limit",
    0x41: "below_limit_count",
    0x49: "above_limit_count",
    0x7E: "future",
}
"""What a further VIFE adds to a name."""

EXTENDED_SUFFIXES: dict[int, str] = {
    0x01: "l1",
    0x02: "l2",
    0x03: "l3",
    0x04: "neutral",
    0x05: "l1_l2",
    0x06: "l2_l3",
    0x07: "l3_l1",
    0x08: "q1",
    0x09: "q2",
    0x0A: "q3",
    0x0B: "q4",
    0x0C: "delta",
    0x0F: "alternative",
    0x10: "absolute",
    0x13: "to_meter",
    0x14: "from_meter",
}
"""What a VIFE behind FC adds to a name."""

EXCEEDED = {0x50 + step: step for step in range(16)}
"""Duration of an exceeded limit: bit 3 upper limit, bit 2 last instead of first, bits 1 and 0 the
unit of time."""
DURATIONS = {0x60 + step: step for step in range(8)}
"""Duration of the value: bit 2 last instead of first, bits 1 and 0 the unit of time."""
DATES = frozenset({0x39, 0x42, 0x43, 0x46, 0x47, 0x4A, 0x4B, 0x4E, 0x4F, 0x6A, 0x6B, 0x6E, 0x6F})
"""The data are a date of the value, not the value."""
PROFILES = {0x13: "inverse", 0x1E: Kind.REGISTER, 0x1F: "plain"}
"""The data are a row of values: a compact profile."""
NO_VALUE = frozenset(range(0x01, 0x20)) - set(PROFILES)
"""The record tells of an error instead of a value."""
MANUFACTURER, ANY, TEXT = 0x7F, 0x7E, 0x7C


def time_unit(code: int) -> str:
    """Unit of time of a code's two lowest bits."""
    return _TIMES[code & 3]
