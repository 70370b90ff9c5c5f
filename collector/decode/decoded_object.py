"""Values that a network server has decoded, taken by their names: numbers, booleans, and texts
that are a number, at any depth."""

from __future__ import annotations

import re
from collections.abc import Iterator

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.decode.values import leaves, no_number, number_of, taken

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


def named_values(value: object) -> Iterator[Quantity | Problem]:
    """Every number and boolean (as 1 and 0, a state) of a decoded JSON value, in its order, named
    by the way to it. Words are left out, but are a problem where the name promises a unit."""
    for path, found in leaves(value):
        name = ".".join(path)
        unit = unit_of(name)
        one: Quantity | Problem | None
        if isinstance(found, str) and number_of(found) is None:
            one = no_number(name, found) if unit and found.strip() else None
        else:
            one = taken(name, found, unit)
        if one is not None:
            yield one
