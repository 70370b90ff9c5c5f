"""Fields of a Protocol Buffers message, as they stand in its bytes.

    key: number << 3 | wire type    0 varint    1 eight bytes    2 length and bytes    5 four bytes

After the encoding that Protocol Buffers publish; what a field means is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from collector.decode.message import Refusal

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_LONGEST = 10


def fields_of(octets: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field in order: a number for varints, else the bytes.

    Raises Refusal `bad_frame` where a field is cut or of an unknown wire type.
    """
    at = 0
    while at < len(octets):
        key, at = _varint(octets, at)
        kind = key & 7
        if kind == _VARINT:
            number, at = _varint(octets, at)
            yield key >> 3, number
            continue
        if kind == _BYTES:
            width, at = _varint(octets, at)
        elif kind in {_EIGHT, _FOUR}:
            width = 8 if kind == _EIGHT else 4
        else:
            raise _broken("a field of an unknown type", key)
        if width > len(octets) - at:
            raise _broken("ends within a field", key)
        yield key >> 3, octets[at : at + width]
        at += width


def _varint(octets: bytes, at: int) -> tuple[int, int]:
    found = 0
    for place in range(_LONGEST):
        if at + place >= len(octets):
            break
        octet = octets[at + place]
        found |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return found & 0xFFFFFFFFFFFFFFFF, at + place + 1
    raise _broken("a number without an end", at)


def _broken(message: str, value: int) -> Refusal:
    return Refusal("bad_frame", message, "field", value, "send a Sparkplug B payload")
