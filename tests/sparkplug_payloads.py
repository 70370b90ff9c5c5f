"""Payloads of Sparkplug B, put together by hand."""

from __future__ import annotations

import struct


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def part(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def real(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def born(name: str, alias: int, datatype: int, *parts: bytes, unit: str = "") -> bytes:
    """A metric of a birth."""
    properties = part(9, part(1, b"engUnit") + part(2, whole(1, 12) + part(8, unit.encode())))
    body = part(1, name.encode()) + whole(2, alias) + whole(4, datatype)
    return part(2, body + b"".join(parts) + (properties if unit else b""))


def by_alias(alias: int, *parts: bytes) -> bytes:
    """A metric of data."""
    return part(2, whole(2, alias) + b"".join(parts))


def numbered(bd_seq: int) -> bytes:
    """The metric that numbers births and deaths."""
    return part(2, part(1, b"bdSeq") + whole(4, 8) + whole(11, bd_seq))


def payload(*metrics: bytes, seq: int | None = None, time_ms: int | None = None) -> bytes:
    found = b"" if time_ms is None else whole(1, time_ms)
    return found + b"".join(metrics) + (b"" if seq is None else whole(3, seq))
