"""Registers of a Modbus bus that a Milesight controller passes on, by the code of their type.

What they mean and count is known to whoever set the controller up: they have no unit here.
"""

from __future__ import annotations

from math import isfinite
from struct import unpack

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.milesight.layout import (
    US,
    Found,
    Reader,
    UnknownCode,
    not_finite,
    state,
    timed,
)
from collector.profiles.profile import Octets
from metering.reading import Kind

_SIZES = {
    0: "u1", 1: "u1", 2: "u2", 3: "u2", 4: "u4", 5: "f4", 6: "u4", 7: "f4",
    8: "u2+2", 9: "u2+2", 10: "u2+2", 11: "u2+2", 12: "u8", 13: "f8", 14: "u8", 15: "f8",
}  # fmt: skip
"""Sort and bytes by code: coil and discrete, 16 bits, 32 bits, one half of 32 bits, 64 bits."""

_KEPT = {
    **dict.fromkeys((0, 1), "u1"),
    **dict.fromkeys((2, 3, 14, 15, 8, 9, 20, 21), "u2"),
    **dict.fromkeys((4, 5, 6, 7, 16, 17, 18, 19), "u4"),
    **dict.fromkeys((10, 11, 12, 13, 22, 23, 24, 25), "f4"),
    **dict.fromkeys((30, 31, 32, 33, 38, 39, 40, 41), "u8"),
    **dict.fromkeys((26, 27, 28, 29, 34, 35, 36, 37), "f8"),
}
"""By code of a register's type in records of the past: inputs and holding registers in each order
of bytes."""


_SHORT = (2, 3, 14, 15)
_WHOLE = 4
"""Registers of 16 bits that the first version keeps in four bytes, as it keeps those of 32."""


def channel(number: int, offset: int = 0) -> str:
    """A channel's name, and that of a further register that it reads."""
    return f"modbus_chn_{number}" + (f"_reg_{offset + 1}" if offset else "")


def register(octets: Octets, name: str, code: int, signed: bool = False) -> Quantity | Problem:
    """A register by its type; UnknownCode for a type that there is not."""
    sort = _SIZES.get(code)
    if sort is None:
        raise UnknownCode
    size, _, passed = sort.partition("+")
    found = _number(name, octets.take(int(size[1:])), size[0], signed, code < 2)
    octets.take(int(passed or 0))
    return found


def kept(octets: Octets, name: str, code: int, signed: bool, room: int) -> Quantity | Problem:
    """The same of a record of the past, where each stands in a room of so many bytes."""
    size = _KEPT.get(code)
    field = octets.take(room)
    if size is None or int(size[1:]) > room:
        raise UnknownCode
    return _number(name, field[: int(size[1:])], size[0], signed, code < 2)


def legacy(shift: int, alarm: bool = False) -> Reader:
    """Channel (less `shift`), type, value; of an alarm a byte more says which."""

    def read(octets: Octets) -> Found:
        name = channel(octets.unsigned(1) - shift)
        found: Found = [register(octets, name, octets.unsigned(1) & 7)]
        if alarm:
            found.append(state(f"{name}_alarm", octets.unsigned(1)))
        return found

    return read


def numbered(octets: Octets) -> Found:
    """Channel, a length, type with its sign, value."""
    name = channel(octets.unsigned(1) + 1)
    octets.take(1)
    kind = octets.unsigned(1)
    return [register(octets, name, kind & 0x7F, signed=bool(kind >> 7))]


def alarmed(octets: Octets) -> Found:
    """The same with an alarm in the channel's upper bits."""
    first = octets.unsigned(1)
    octets.take(1)
    kind = octets.unsigned(1)
    name = channel((first & 0x3F) + 1)
    return [
        state(f"{name}_alarm", first >> 6),
        register(octets, name, kind & 0x7F, signed=bool(kind >> 7)),
    ]


def failed(shift: int) -> Reader:
    """A channel that could not be read: its number less `shift`."""

    def read(octets: Octets) -> Found:
        return [state(f"{channel(octets.unsigned(1) - shift)}_alarm", 1)]

    return read


def second(octets: Octets) -> Found:
    """Of the second version: channel and alarm, then sign, further register and type."""
    first, kind = octets.unsigned(1), octets.unsigned(1)
    name = channel((first & 0x3F) + 1, kind >> 5 & 3)
    found: Found = [register(octets, name, kind & 0x1F, signed=bool(kind >> 7))]
    if first >> 6:
        found.append(state(f"{name}_alarm", first >> 6))
    return found


def past(octets: Octets) -> Found:
    """A record: time, channel, sign, type and whether it could be read, four bytes."""
    time_us, name, kind = (
        octets.unsigned(4) * US,
        channel(octets.unsigned(1) + 1),
        octets.unsigned(1),
    )
    if not kind >> 1 & 1:
        octets.take(4)
        return [state(f"{name}_alarm", 1, time_us)]
    code = kind >> 2 & 0x1F
    code = _WHOLE if code in _SHORT else code
    return timed([kept(octets, name, code, bool(kind >> 7), 4)], time_us)


def past_second(octets: Octets) -> Found:
    """The same of the second version: two registers of eight bytes each, and an alarm."""
    time_us, number, kind = octets.unsigned(4) * US, octets.unsigned(1) + 1, octets.unsigned(2)
    name, sort, signed = channel(number), kind >> 9 & 0x3F, bool(kind >> 15)
    if not kind >> 8 & 1:
        octets.take(16)
        return [state(f"{name}_alarm", 1, time_us)]
    found: Found = [kept(octets, name, sort, signed, 8)]
    if kind >> 6 & 3 == 2:
        found.append(kept(octets, channel(number, 1), sort, signed, 8))
    else:
        octets.take(8)
    return timed([*found, state(f"{name}_alarm", kind >> 4 & 3)], time_us)


def _number(name: str, raw: bytes, sort: str, signed: bool, bit: bool) -> Quantity | Problem:
    if bit:
        return state(name, raw[0])
    if sort == "f":
        (value,) = unpack("<f" if len(raw) == 4 else "<d", raw)
        if not isfinite(value):
            return not_finite(name, raw)
    else:
        value = int.from_bytes(raw, "little", signed=signed)
    return Quantity(name, value, None, Kind.INSTANT)
