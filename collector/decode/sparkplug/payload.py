"""A Sparkplug B payload: its metrics, as the specification's message Payload defines them, and as
births named them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from collector.decode.message import Refusal
from collector.decode.sparkplug.births import NOBODY, Names
from collector.decode.sparkplug.wire import fields_of

_TIMESTAMP, _METRICS, _SEQ = 1, 2, 3
_UNIT = "engUnit"
SEQUENCE = "bdSeq"
"""The metric that numbers births and their deaths."""
_LARGEST = 2**53
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
    """0 where neither the message nor a birth says it."""
    is_historical: bool = False
    """Measured earlier, and sent now."""
    is_null: bool = False
    unit: str = ""
    """Of its property `engUnit`; '' without one."""
    value: float | bool | None = None
    """None where it has none, or one that is no number."""
    keeps_place: bool = False
    """By its alias alone and with a number: whatever a birth says of it, those behind it keep
    their places."""
    is_wide: bool = False
    """A whole number whose sign nobody told: of 32 or 64 bits, the highest set."""


@dataclass(slots=True)
class Payload:
    """A payload as it came."""

    metrics: list[Metric] = field(default_factory=list)
    """Those without a time of their own with the payload's; historical ones without."""
    seq: int | None = None
    """0 to 255."""

    @property
    def bd_seq(self) -> int | None:
        """The number of the birth that it is, or is the end of; None where it does not say."""
        value = next((one.value for one in self.metrics if one.name == SEQUENCE), None)
        return value if isinstance(value, int) and 0 <= value < _LARGEST else None


def payload_of(octets: bytes, most: int, names: Names = NOBODY) -> Payload:
    """What a payload holds, its metrics named as births did.

    Raises Refusal `bad_frame` for what is no such message, `bad_message` for more than `most`.
    """
    time_ms: int | None = None
    found = Payload()
    for number, value in fields_of(octets):
        if number == _TIMESTAMP and isinstance(value, int):
            time_ms = value
        elif number == _SEQ and isinstance(value, int):
            found.seq = value & 0xFF
        elif number == _METRICS and isinstance(value, bytes):
            if len(found.metrics) >= most:
                fix = "send them in several messages"
                raise Refusal(
                    "bad_message", f"more than {most} readings in a message", "metrics", "", fix
                )
            found.metrics.append(_metric(value, names))
    for one in found.metrics:
        if one.time_ms is None and not one.is_historical:
            one.time_ms = time_ms
    return found


def _metric(octets: bytes, names: Names) -> Metric:
    found, held = Metric(), dict[int, int | bytes]()
    for number, value in fields_of(octets):
        held[number] = value
    found.name = _text(held.get(1))
    found.alias, found.time_ms = _whole(held.get(2)), _whole(held.get(3))
    found.datatype = _whole(held.get(4)) or 0
    found.is_historical, found.is_null = bool(_whole(held.get(5))), bool(_whole(held.get(7)))
    properties = held.get(9)
    found.unit = _unit(properties) if isinstance(properties, bytes) else ""
    if not found.name:
        _set_value(found, held)
        found.keeps_place = found.value is not None
    named = names(found.name, found.alias)
    if named is not None:
        found.name, found.unit = named.name, found.unit or named.unit
        found.datatype = found.datatype or named.datatype
    _set_value(found, held)
    return found


def _set_value(metric: Metric, held: dict[int, int | bytes]) -> None:
    """The number that the fields hold, as of the metric's data type; None where there is none."""
    metric.value, metric.is_wide = None, False
    if metric.is_null or (metric.datatype and metric.datatype not in NUMBERS):
        return
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
