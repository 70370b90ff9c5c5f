"""Numbers of data records (EN 13757-3, data types A to D and H)."""

from __future__ import annotations

import math
import struct

from collector.decode.mbus.record import DataRecord

_BCD = frozenset({9, 10, 11, 12, 14})
_INTEGER = frozenset({1, 2, 3, 4, 6, 7})
_REAL, _LVAR = 5, 13


def number_of(record: DataRecord, unsigned: bool = False) -> float | int | None:
    """The number of a record; None where it is text, holds none, or says that there is no value.

    Integers have a sign but for the codes of which the standard says otherwise (`unsigned`). The
    lowest integer, BCD with digits above 9 (but for a sign in front) and NaN say: not available.
    """
    coding, data = record.shape.coding, record.data
    if coding in _BCD:
        return _bcd(data)
    if coding in _INTEGER:
        return _integer(data, unsigned)
    if coding == _REAL:
        return _real(data)
    return _variable(data[0], data[1:]) if coding == _LVAR else None


def _variable(length: int, data: bytes) -> float | int | None:
    if 0xC0 <= length <= 0xC9:
        return _bcd(data)
    if 0xD0 <= length <= 0xD9:
        size = _bcd(data)
        return None if size is None else -size
    if 0xE0 <= length <= 0xEF and 0 < len(data) <= 8:
        return _integer(data, False)
    if length == 0xF8:
        real: float = struct.unpack("<d", data)[0]
        return real if math.isfinite(real) else None
    return None


def _bcd(data: bytes) -> int | None:
    digits = data[::-1].hex()
    sign = 1
    if digits[:1] == "f":
        sign, digits = -1, digits[1:]
    return sign * int(digits) if digits.isdecimal() else None


def _integer(data: bytes, unsigned: bool) -> int | None:
    found = int.from_bytes(data, "little", signed=not unsigned)
    return None if not unsigned and found == -(1 << (8 * len(data) - 1)) else found


def _real(data: bytes) -> float | None:
    real: float = struct.unpack("<f", data)[0]
    return float(f"{real:.7g}") if math.isfinite(real) else None
