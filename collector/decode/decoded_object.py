"""Values that a network server has decoded, taken by their names: numbers, booleans, and texts
that are a number, at any depth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from collector.decode.quantity import Quantity
from metering.reading import Kind

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?", re.ASCII)
_DEEPEST = 16

UNITS: dict[str, str] = {
    "temperature": "C",
    "temp": "C",
    "humidity": "%",
    "co2": "ppm",
    "illuminance": "lx",
    "kwh": "kWh",
    "wh": "Wh",
    "kw": "kW",
    "watt": "W",
    "kvarh": "kvarh",
    "kvar": "kvar",
    "kva": "kVA",
    "volt": "V",
    "mv": "mV",
    "ma": "mA",
    "amp": "A",
    "ampere": "A",
    "hz": "Hz",
    "m3": "m3",
    "litre": "L",
    "liter": "L",
    "lux": "lx",
    "ppm": "ppm",
    "kpa": "kPa",
    "celsius": "C",
    "degc": "C",
    "percent": "%",
}
"""The last word of a name, and the unit that it promises. What is sent in more than one unit
(pressure, voltage, battery, energy without its unit, and mwh, by which either may be meant) is
not here."""


def unit_of(name: str) -> str | None:
    """The unit that the last word of a name promises, such as `air_temperature`, `total_kWh` or
    `externalTemperature2`; None for others."""
    word = re.split(r"_|(?<=[a-jl-z\d])(?=[A-Z])", name.rpartition(".")[2])
    while len(word) > 1 and word[-1].isdigit():
        word.pop()
    last = word[-1].lower()
    return UNITS.get(last) or UNITS.get(last.rstrip("0123456789"))


def named_values(value: Any, name: str = "", depth: int = 0) -> Iterator[Quantity]:
    """Every number and boolean (as 1 and 0, a state) of a decoded JSON value, in its order, named
    by the way to it. What lies deeper than 16 levels, and texts, are left out."""
    if isinstance(value, dict | list) and depth <= _DEEPEST:
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in entries:
            yield from named_values(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, bool):
        yield Quantity(name, float(value), None, Kind.STATE)
    elif _is_number(value):
        yield Quantity(name, float(value), unit_of(name))


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) < 40 and _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float) and abs(value) < 1e300
