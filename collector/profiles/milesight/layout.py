"""The notation in which channels of Milesight devices are written down.

A layout says what follows a channel's id, field after field; numbers are little-endian:

    temperature i16/10 C              a number: u8 i8 u16 i16 u24 u32 i32 f16 f32, divisor, unit
    power_consumption u32 Wh total    a count that only grows
    pir s8                            a state, as its code (s8 or s16)
    switch_1 s8.0                     bit 0 of the byte that comes, which stays to be read
    fan_status s16.3-4                bits 3 and 4 of two bytes that stay
    +2                                two bytes passed over
    reset_event =1                    a state that the channel itself tells
    @                                 the unix time [s] of all that follows
    current u16/100 A ffff>current_sensor_status:2
                                      the raw ffff is no current but a state, here with code 2
    wifi.#.rssi i8                    # is how often the channel stood in the frame before: 0, 1, ..

Fields are parted by commas. A state's code is the vendor's own: the number that its decoder turns
into a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import isfinite
from struct import unpack

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.profile import Octets
from metering.reading import Kind
from metering.units import UNITS

Found = list[Quantity | Problem]
Reader = Callable[[Octets], Found]
Channels = Mapping[int, str | Reader]
"""By the ids of a channel and its type, `0x0367`: a layout, or what reads it where none can."""

_SIZES = {"8": 1, "16": 2, "24": 3, "32": 4}
_FIELD = re.compile(
    r"(?P<name>[\w.#]+) "
    r"(?:=(?P<told>\d+)"
    r"|s(?P<width>8|16|32)(?:\.(?P<low>\d+)(?:-(?P<high>\d+))?)?"
    r"|(?P<type>[uif])(?P<bits>8|16|24|32)(?:/(?P<divisor>\d+))?(?P<rest>(?: \S+)*))"
)
_PASSED = re.compile(r"\+(\d+)")
_FAULT = re.compile(r"([0-9a-f]+)>([\w.]+):(\d+)")

US = 1_000_000


@dataclass(frozen=True, slots=True)
class _Number:
    name: str
    sort: str
    size: int
    divisor: int
    unit: str | None
    kind: Kind
    faults: Mapping[int, tuple[str, int]]

    def read(self, octets: Octets, time_us: int | None) -> Quantity | Problem:
        raw = octets.take(self.size)
        if (fault := self.faults.get(int.from_bytes(raw, "little"))) is not None:
            return state(*fault, time_us)
        value = _value(self.sort, raw) / self.divisor
        if not isfinite(value):
            return not_finite(self.name, raw)
        return Quantity(self.name, value, self.unit, self.kind, time_us)


@dataclass(frozen=True, slots=True)
class _Bits:
    name: str
    size: int
    low: int
    mask: int
    stays: bool

    def read(self, octets: Octets, time_us: int | None) -> Quantity:
        raw = octets.unsigned(self.size)
        if self.stays:
            octets.at -= self.size
        return state(self.name, raw >> self.low & self.mask, time_us)


@dataclass(frozen=True, slots=True)
class _Fixed:
    name: str
    code: int

    def read(self, octets: Octets, time_us: int | None) -> Quantity:  # noqa: ARG002
        return state(self.name, self.code, time_us)


_Step = _Number | _Bits | _Fixed | int | None
"""A field, so many bytes to pass over, or None for the time of what follows."""


def reader(what: str | Reader) -> Reader:
    """What reads a channel, of its layout or as it is."""
    return layout(what) if isinstance(what, str) else what


@cache
def layout(text: str) -> Reader:
    """What reads a layout, the same for models that share it. Raises ValueError for a text that is
    none."""
    steps = [_step(part.strip()) for part in text.split(",") if part]

    def read(octets: Octets) -> Found:
        found: Found = []
        time_us = None
        for step in steps:
            if step is None:
                time_us = octets.unsigned(4) * US
            elif isinstance(step, int):
                octets.take(step)
            else:
                found.append(step.read(octets, time_us))
        return found

    return read


class UnknownCode(Exception):
    """A code says what follows, and it is none that the model's description has."""


def chosen(name: str, layouts: Mapping[int, str]) -> Reader:
    """A state whose code says what follows it: nothing for a code without a layout."""
    readers = {code: layout(text) for code, text in layouts.items()}

    def read(octets: Octets) -> Found:
        code = octets.unsigned(1)
        follows = readers[code](octets) if code in readers else []
        return [state(name, code), *follows]

    return read


def record(layouts: Channels) -> Reader:
    """A record of the past: its unix time [s], a code, and what that code says."""
    readers = {code: reader(what) for code, what in layouts.items()}

    def read(octets: Octets) -> Found:
        time_us, code = octets.unsigned(4) * US, octets.unsigned(1)
        if code not in readers:
            raise UnknownCode
        return timed(readers[code](octets), time_us)

    return read


def timed(found: Found, time_us: int) -> Found:
    """What was found, each value without a time of its own at `time_us`."""
    return [
        replace(one, time_us=time_us) if isinstance(one, Quantity) and one.time_us is None else one
        for one in found
    ]


def not_finite(name: str, raw: bytes) -> Problem:
    """Why the bytes of a floating-point number are no value."""
    return Problem(
        "bad_value", "not a finite number", "value", raw.hex(),
        "send a number, or leave the value out", point=name,
    )  # fmt: skip


def state(name: str, code: int, time_us: int | None = None) -> Quantity:
    """A state by its code."""
    return Quantity(name, code, "1", Kind.STATE, time_us)


def numbered(text: str, channels: Mapping[int, int]) -> dict[int, str | Reader]:
    """One layout for several channels: `{n}` in it becomes the number that belongs to each."""
    return {channel: text.replace("{n}", str(number)) for channel, number in channels.items()}


def _step(text: str) -> _Step:
    if text == "@":
        return None
    if passed := _PASSED.fullmatch(text):
        return int(passed[1])
    field = _FIELD.fullmatch(text)
    if field is None:
        raise ValueError(f"layout = {text!r}: not a field; see the notation of this module")
    if field["told"]:
        return _Fixed(field["name"], int(field["told"]))
    if field["width"]:
        return _bits(field)
    return _number(field)


def _bits(field: re.Match[str]) -> _Bits:
    size = _SIZES[field["width"]]
    if field["low"] is None:
        return _Bits(field["name"], size, 0, (1 << 8 * size) - 1, stays=False)
    low = int(field["low"])
    count = int(field["high"] or low) - low + 1
    return _Bits(field["name"], size, low, (1 << count) - 1, stays=True)


def _number(field: re.Match[str]) -> _Number:
    unit, kind, faults = None, Kind.INSTANT, {}
    for word in field["rest"].split():
        if fault := _FAULT.fullmatch(word):
            faults[int(fault[1], 16)] = (fault[2], int(fault[3]))
        elif word == "total":
            kind = Kind.REGISTER
        elif word in UNITS:
            unit = word
        else:
            raise ValueError(f"layout = {field[0]!r}: {word} is no unit; see metering.units")
    return _Number(
        field["name"], field["type"], _SIZES[field["bits"]], int(field["divisor"] or 1), unit, kind,
        faults,
    )  # fmt: skip


def _value(sort: str, raw: bytes) -> float:
    if sort == "f":
        number: float
        (number,) = unpack("<e" if len(raw) == 2 else "<f", raw)
        return number
    return int.from_bytes(raw, "little", signed=sort == "i")
