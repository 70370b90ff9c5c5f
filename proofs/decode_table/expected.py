"""What others made of a payload: the numbers that a decoder of ours must have too.

    thingsboard telemetry   {"telemetry": [{"ts", "values": {name: number}}]}
    wmbusmeters MQTT JSON   {"total_m3": number, ...}: the end of a name is its unit
    libmbus XML             DataRecord with Quantity, Unit and Value
    vendor or codec output  {name: number, "history": [{...}]}

What a network server or radio adds (signal, frame counters, ports), identities and times are no
quantities of the device. Written apart from the decoders, on purpose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from metering.units import UNITS

RADIO = re.compile(
    r"lora_.*|(channel_|lo?ra_?)?rssi|(lora_?)?snr|f_?cnt(_?up|_?down)?|f_?port|confirmed|adr|dr"
    r"|uplink_?id|channel(_index)?|rf_?chain|spreading_?factor|bandwidth|.*airtime|rssi_dbm"
    r"|frequency_offset|min_?time|max_?time",
    re.IGNORECASE,
)
NO_QUANTITY = re.compile(
    r"timestamp|ts|time|utc|unix_?time|id|serial|sn|dev_?eui|_|.*(date|datetime|_at)", re.IGNORECASE
)
ENDS = {
    **{"kwh": "kWh", "kw": "kW", "m3": "m3", "m3h": "m3/h", "c": "C", "v": "V", "a": "A"},
    **{"hz": "Hz", "kvarh": "kvarh", "kvar": "kvar", "kva": "kVA", "mj": "MJ", "gj": "GJ"},
    **{"s": "s", "min": "min", "h": "h", "d": "d", "rh": "%", "pct": "%", "l": "L"},
    **{"pa": "Pa", "bar": "bar", "ppm": "ppm", "lh": "L/h", "y": "y"},
}
"""Unit by the end of a name of wmbusmeters."""
XML_UNITS = {
    **{"m^3": "m3", "m^3/h": "m3/h", "Wh": "Wh", "J": "J", "W": "W", "deg C": "C", "°C": "C"},
    **{"K": "K", "s": "s", "bar": "bar", "V": "V", "A": "A", "kg": "kg", "Hz": "Hz"},
}
ROUNDED = 1e-8
"""Of a power of ten that was rounded to nine digits."""
NO_RECORD = ("Fabrication No", "Time point", "Error flags", "Manufacturer specific", "Access")
"""Beginnings of what libmbus calls records that are no quantities."""


@dataclass(frozen=True)
class Needed:
    """A number that must be among the readings."""

    name: str
    value: float
    unit: str | None = None
    """None where nobody says: any unit of the reading's own dimension will do."""
    shared: bool = False
    """Whether a reading may stand for it and another: one record told under two names."""


@dataclass(frozen=True)
class Expectation:
    """All that must be among the readings of one payload."""

    numbers: tuple[Needed, ...] = ()
    refused: bool = False
    """The other side could not read it either."""


def expectation(expected: Any, kind: str | None) -> Expectation | None:
    """What a row expects; None where it says nothing."""
    if expected is None:
        return None
    said = kind or ""
    if said.startswith("libmbus"):
        return _of_xml(str(expected))
    if said.startswith("thingsboard"):
        return Expectation(tuple(_of_telemetry(expected)))
    if said.startswith("wmbusmeters"):
        return Expectation(tuple(_of_wmbusmeters(expected)))
    return Expectation(tuple(_numbers(expected, "")))


def _of_telemetry(expected: Any) -> Iterator[Needed]:
    for device in expected if isinstance(expected, list) else [expected]:
        told = (device or {}).get("telemetry") or []
        for one in told if isinstance(told, list) else [told]:
            yield from _numbers(one.get("values", one), "")


def _of_wmbusmeters(expected: dict[str, Any]) -> Iterator[Needed]:
    for one in _numbers(expected, ""):
        ends = one.name.rpartition("_")[2]
        if not _is_absent(one.value):
            yield Needed(one.name, one.value, ENDS.get(ends), shared=True)


def _is_absent(value: float) -> bool:
    """Whether it is the lowest whole number of 16 or 32 bits, by which meters say that there is no
    value [EN 13757-3], in some power of ten, or told in kWh of MJ."""
    if value >= 0:
        return False
    powers = (math.log10(-value * part / low) for low in (2**15, 2**31) for part in (1.0, 3.6))
    return any(abs(power - round(power)) < ROUNDED for power in powers)


def _numbers(value: Any, name: str) -> Iterator[Needed]:
    """Every number and truth of a value, but for radio, identities and times."""
    if isinstance(value, bool | int | float):
        own = name.rpartition(".")[2]
        carrier = own == "frequency" and value > 1e6
        if not (carrier or RADIO.fullmatch(own) or NO_QUANTITY.fullmatch(own)):
            yield Needed(name, float(value))
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _numbers(below, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _numbers(below, f"{name}.{place}" if isinstance(below, dict) else name)


def _of_xml(text: str) -> Expectation:
    root = ET.fromstring(text.encode())  # noqa: S314 - recorded beside the payloads, by us
    if root.find(".//Error") is not None:
        return Expectation(refused=True)
    return Expectation(tuple(_of_records(root)))


def _of_records(root: ET.Element) -> Iterator[Needed]:
    for record in root.iter("DataRecord"):
        quantity = record.findtext("Quantity") or ""
        text, unit = record.findtext("Value") or "", (record.findtext("Unit") or "").strip()
        if quantity.startswith(NO_RECORD) or not re.fullmatch(r"-?\d+(\.\d+)?", text):
            continue
        known = XML_UNITS.get(unit)
        yield Needed(quantity, float(text), known if known in UNITS else None)
