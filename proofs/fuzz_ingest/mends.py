"""Checksums and lengths made right again, so that a mutation comes past them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

_MBUS_START, _MBUS_STOP, _MBUS_HEAD = 0x68, 0x16, 4


def _mbus(payload: bytes) -> bytes:
    """A long frame of the wired M-Bus: 68 L L 68 | data | sum | 16."""
    octets = _bytes_of(payload)
    if len(octets) < 9 or octets[0] != _MBUS_START or len(octets) - 6 > 0xFF:
        return payload
    data = octets[_MBUS_HEAD:-2]
    length = len(data)
    head = bytes((_MBUS_START, length, length, _MBUS_START))
    return head + data + bytes((sum(data) & 0xFF, _MBUS_STOP))


def _dlms(payload: bytes) -> bytes:
    """The wrapper of IP: 00 01 | source | destination | length | data; and one HDLC frame."""
    octets = _bytes_of(payload)
    if octets[:2] == b"\x00\x01" and 8 <= len(octets) < 0x1_0000:
        return octets[:6] + (len(octets) - 8).to_bytes(2, "big") + octets[8:]
    if octets[:1] == b"\x7e" == octets[-1:] and 12 < len(octets) < 0x800:
        frame = (0xA000 | len(octets) - 2).to_bytes(2, "big") + octets[3:-3]
        return b"\x7e" + frame + _hdlc_check(frame).to_bytes(2, "little") + b"\x7e"
    return payload


def _hdlc_check(data: bytes) -> int:
    """CRC-16 of HDLC (IEC 62056-46), bit by bit."""
    found = 0xFFFF
    for octet in data:
        found ^= octet
        for _ in range(8):
            found = found >> 1 ^ (0x8408 if found & 1 else 0)
    return found ^ 0xFFFF


def _bytes_of(payload: bytes) -> bytes:
    try:
        return bytes.fromhex(payload.decode("ascii"))
    except ValueError:
        return payload


MENDS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"mbus": _mbus, "dlms": _dlms}
"""By decoder."""
