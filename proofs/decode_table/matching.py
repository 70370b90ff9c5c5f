"""Whether all that is wanted is among the readings: each wanted number has one of its own.

Names differ from maker to maker, so values and units decide. One reading may stand for two wanted
numbers only where its value is telling (three digits or more, or a unit and neither 0 nor 1): a
zero is not proof of two zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from metering.units import UNITS
from proofs.decode_table.expected import Needed

CLOSE = 1e-6
"""Of the wanted value; what was rounded to two or more decimals may be half of the last off."""
TELLING = 100
YEAR_H = (365 * 24, 365.25 * 24)
"""Hours of a year, which some take for 365 days and others for a quarter more."""


def missing(wanted: Sequence[Needed], readings: Sequence[dict[str, Any]]) -> list[Needed]:
    """Those that no reading can stand for."""
    fits = [[n for n, one in enumerate(readings) if _equal(need, one)] for need in wanted]
    taken: dict[int, int] = {}
    return [
        need
        for place, need in enumerate(wanted)
        if not _assign(place, fits, taken, set()) and not (fits[place] and _may_share(need))
    ]


def _may_share(need: Needed) -> bool:
    return (
        need.shared
        or _digits(need.value) >= TELLING
        or (need.unit is not None and need.value not in (0, 1))
    )


def _assign(place: int, fits: list[list[int]], taken: dict[int, int], seen: set[int]) -> bool:
    """Kuhn's way of matching two sides: whoever holds a reading may have to take another."""
    for reading in fits[place]:
        if reading in seen:
            continue
        seen.add(reading)
        if reading not in taken or _assign(taken[reading], fits, taken, seen):
            taken[reading] = place
            return True
    return False


def _digits(value: float) -> int:
    """The significant digits of a value as a whole number: 2.30 has 23."""
    text = f"{abs(value):.9g}".partition("e")[0].replace(".", "").strip("0")
    return int(text or "0")


def _equal(wanted: Needed, reading: dict[str, Any]) -> bool:
    return any(_close(wanted.value, value) for value in _values(wanted, reading))


def _values(wanted: Needed, reading: dict[str, Any]) -> Iterator[float]:
    """The reading as it may have been said: in the wanted unit, else in any of its dimension."""
    value = float(reading["value"])
    own = UNITS.get(reading["unit"] or "")
    yield value
    if own is None:
        return
    canonical = value * float(own.factor) + float(own.offset)
    if wanted.unit == "y" and own.canonical == "h":
        yield from (canonical / hours for hours in YEAR_H)
    asked = UNITS.get(wanted.unit or "")
    heat = {"MJ": ("kWh", 1 / 3.6), "kWh": ("MJ", 3.6)}.get(own.canonical, (own.canonical, 1.0))
    for unit in [asked] if asked else UNITS.values():
        for name, factor in ((own.canonical, 1.0), heat):
            if unit.canonical == name:
                yield (canonical * factor - float(unit.offset)) / float(unit.factor)


def _close(wanted: float, value: float) -> bool:
    decimals = len(repr(wanted).partition(".")[2]) if "e" not in repr(wanted) else 0
    rounded = 0.51 * 10.0**-decimals if decimals >= 2 else 0.0
    return abs(wanted - value) <= max(CLOSE * abs(wanted), rounded, 1e-12)
