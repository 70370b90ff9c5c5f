"""What pushed data say: values by their OBIS codes, in the forms that meters send.

structure of an OBIS code, a value and, where known, its scaler and unit
a list of OBIS codes and values in turn
a list of objects (class, OBIS code, attribute, index) and then a value for each
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from collector.decode.dlms.axdr import Data

_OBIS = 6


@dataclass(frozen=True, slots=True)
class CosemValue:
    """A value of an object."""

    obis: bytes
    value: Data
    scaler: int | None = None
    """Power of ten; None where the push does not say it."""
    unit: int | None = None
    """Its code; None where the push does not say it."""

    @property
    def name(self) -> str:
        """`1-0:1.8.0`, with `.F` where F is not 255."""
        a, b, c, d, e, f = self.obis
        return f"{a}-{b}:{c}.{d}.{e}" + ("" if f == 255 else f".{f}")


def values_of(data: Data) -> Iterator[CosemValue]:
    """All values that have an OBIS code, in their order."""
    if not isinstance(data, list):
        return
    columns = _columns(data[0]) if data else []
    if columns:
        yield from _by_columns(columns, data[1:])
        return
    at = 0
    while at < len(data):
        one, value = data[at], data[at + 1] if at + 1 < len(data) else None
        if _is_obis(one) and at + 1 < len(data) and not _is_obis(value):
            scaler, unit = _scaled(data[at + 2] if at + 2 < len(data) else None)
            yield CosemValue(one, value, scaler, unit)
            at += 2 if scaler is None else 3
            continue
        yield from values_of(one)
        at += 1


def _is_obis(one: Data) -> TypeGuard[bytes]:
    return isinstance(one, bytes) and len(one) == _OBIS


def _scaled(one: Data) -> tuple[int | None, int | None]:
    """Scaler and unit of a structure of both."""
    if isinstance(one, list) and len(one) == 2:
        scaler, unit = one
        if type(scaler) is int and type(unit) is int and abs(scaler) <= 20:
            return scaler, unit
    return None, None


def _columns(one: Data) -> list[bytes]:
    """OBIS codes of a list of objects; empty where it is none."""
    found = list[bytes]()
    for part in one if isinstance(one, list) else []:
        if not isinstance(part, list) or len(part) != 4 or type(part[0]) is not int:
            return []
        if not isinstance(part[1], bytes) or len(part[1]) != _OBIS:
            return []
        found.append(part[1])
    return found


def _by_columns(columns: list[bytes], values: list[Data]) -> Iterator[CosemValue]:
    """A value for each object; the list may name itself as the first."""
    if len(columns) == len(values) + 1:
        columns = columns[1:]
    if len(columns) == len(values):
        for obis, value in zip(columns, values, strict=True):
            yield CosemValue(obis, value)
