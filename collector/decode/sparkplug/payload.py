"""A Sparkplug B payload: its metrics, as the specification's message Payload defines them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from collector.decode.message import Refusal
from collector.decode.sparkplug.wire import fields_of

_TIMESTAMP, _METRICS = 1, 2
_UNIT = "engUnit"
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
"""Bits of signed data types."""
BOOLEAN = 11
_COUNTED = frozenset({1, 2, 3, 4, 5, 6, 7, 8})
NUMBERS = _COUNTED | {9, 10, BOOLEAN}
"""Data types that a number can be made of."""


@dataclass(slots=True)
class Metric:
    """A metric as it came."""

    name: str = ""
    alias: int | None = None
    time_ms: int | None = None
    """[ms UTC]"""
    datatype: int = 0
    """0 where the message leaves it out, as data messages do."""
    is_null: bool = False
    unit: str = ""
    """Of its property `engUnit`; '' without one."""
    value: float | bool | None = None
    """None where it has none, or one that is no number."""
    is_wide: bool = False
    """A whole number whose sign nobody told: of 32 or 64 bits, the highest set."""


def metrics_of(octets: bytes, most: int) -> list[Metric]:
    """The metrics of a payload, those without a time of their own with the payload's.

    Raises Refusal `bad_frame` for what is no such message, `bad_message` for more than `most`.
    """
    time_ms: int | None = None
    found = list[Metric]()
    for number, value in fields_of(octets):
        if number == _TIMESTAMP and isinstance(value, int):
            time_ms = value
        elif number == _METRICS and isinstance(value, bytes):
            if len(found) >= most:
                fix = "send them in several messages"
                raise Refusal(
                    "bad_message", f"more than {most} readings in a message", "metrics", "", fix
                )
            found.append(_metric(value))
    for one in found:
        one.time_ms = time_ms if one.time_ms is None else one.time_ms
    return found


def _metric(octets: bytes) -> Metric:
    found, held = Metric(), dict[int, int | bytes]()
    for number, value in fields_of(octets):
        held[number] = value
    found.name = _text(held.get(1))
    found.alias, found.time_ms = _whole(held.get(2)), _whole(held.get(3))
    found.datatype = _whole(held.get(4)) or 0
    found.is_null = bool(_whole(held.get(7)))
    properties = held.get(9)
    found.unit = _unit(properties) if isinstance(properties, bytes) else ""
    if not found.is_null and (not found.datatype or found.datatype in NUMBERS):
        _set_value(found, held)
    return found


def _set_value(metric: Metric, held: dict[int, int | bytes]) -> None:
    for number, read in _READ.items():
        value = held.get(number)
        if value is None:
            continue
        metric.value = read(value)
        bits = _SIGNED.get(metric.datatype)
        if number in _INTEGERS and isinstance(value, int):
            width = _INTEGERS[number]
            metric.value = value & ((1 << width) - 1)
            if bits is not None:
                metric.value = _signed(value, bits)
            elif not metric.datatype:
                metric.is_wide = bool(metric.value >> (width - 1))
        return


def _signed(value: int, bits: int) -> int:
    low = value & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def _real(pattern: str) -> Callable[[int | bytes], float | None]:
    width = struct.calcsize(pattern)

    def read(value: int | bytes) -> float | None:
        if not isinstance(value, bytes) or len(value) != width:
            return None
        found: float = struct.unpack(pattern, value)[0]
        return float(f"{found:.7g}") if width == 4 else found

    return read


def _flag(value: int | bytes) -> bool | None:
    return bool(value) if isinstance(value, int) else None


def _number(value: int | bytes) -> float | None:
    return value if isinstance(value, int) else None


_INTEGERS = {10: 32, 11: 64}
_READ: dict[int, Callable[[int | bytes], float | bool | None]] = {
    10: _number,
    11: _number,
    12: _real("<f"),
    13: _real("<d"),
    14: _flag,
}
"""Fields of a metric's value that are numbers."""


def _unit(octets: bytes) -> str:
    """The property `engUnit` of a property set."""
    keys, values = list[str](), list[bytes]()
    for number, value in fields_of(octets):
        if number == 1:
            keys.append(_text(value))
        elif number == 2 and isinstance(value, bytes):
            values.append(value)
    for key, held in zip(keys, values, strict=False):
        if key == _UNIT:
            return next((_text(one) for number, one in fields_of(held) if number == 8), "")
    return ""


def _text(value: int | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _whole(value: int | bytes | None) -> int | None:
    return value if isinstance(value, int) else None
