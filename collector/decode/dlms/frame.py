"""What carries a push: HDLC frames, the wrapper of IP, or nothing.

    7E | A|S|length 2 | addresses | control | check 2 | E6 E7 00 | data | check 2 | 7E    HDLC
    00 01 | source 2 | destination 2 | length 2 | data                                  wrapper

IEC 62056-46 and -47. A push of several HDLC segments, or wrappers, comes as one message.
"""

from __future__ import annotations

from collector.decode.mbus.octets import bad_frame

_FLAG, _TYPE, _SEGMENTED = 0x7E, 0xA000, 0x0800
_WRAPPER, _WRAPPED = b"\x00\x01", 8
_MOST_ADDRESS = 4
_LLC = (b"\xe6\xe7\x00", b"\xe6\xe6\x00")


def data_of(octets: bytes) -> bytes:
    """The data that the octets carry.

    Raises Refusal `bad_frame` where a frame is cut, or its length or checksum does not fit.
    """
    if octets[:1] == bytes([_FLAG]):
        return _segments(octets)
    if octets[:2] == _WRAPPER and len(octets) >= _WRAPPED:
        return _unwrapped(octets)
    return _without_llc(octets)


def _unwrapped(octets: bytes) -> bytes:
    """The data of all wrappers, one behind the other."""
    found, at = list[bytes](), 0
    while at < len(octets):
        head = octets[at : at + _WRAPPED]
        length = int.from_bytes(head[6:8], "big")
        at += _WRAPPED + length
        if head[:2] != _WRAPPER or len(head) < _WRAPPED or at > len(octets):
            raise bad_frame("the length does not fit", "length", length)
        found.append(octets[at - length : at])
    return b"".join(found)


def _without_llc(data: bytes) -> bytes:
    return data[3:] if data[:3] in _LLC else data


def _segments(octets: bytes) -> bytes:
    """The data of all frames, one behind the other; flags between them may be one or two."""
    found, at, goes_on = list[bytes](), 0, False
    while at < len(octets):
        if octets[at] == _FLAG:
            at += 1
            continue
        size = int.from_bytes(octets[at : at + 2], "big")
        length = size & 0x07FF
        frame = octets[at : at + length]
        if size & 0xF000 != _TYPE or len(frame) < length or length < 9:
            raise bad_frame("not an HDLC frame, or cut", "frame", octets[at : at + 4].hex(" "))
        part = _information(frame)
        found.append(part if goes_on else _without_llc(part))
        goes_on = bool(size & _SEGMENTED)
        at += length
    return b"".join(found)


def _information(frame: bytes) -> bytes:
    """Behind format, two addresses, control and the header's checksum."""
    if not sound(frame):
        raise bad_frame("the checksum does not fit", "checksum", frame[-2:].hex(" "))
    at = 2
    for _ in range(2):
        for _ in range(_MOST_ADDRESS):
            at += 1
            if at >= len(frame) or frame[at - 1] & 1:
                break
    return frame[at + 3 : -2]


def sound(frame: bytes) -> bool:
    """Whether the last two bytes are the checksum of what stands before: CRC-16 of HDLC, polynomial
    1021 turned round, from FFFF, inverted, the lower byte first."""
    found = 0xFFFF
    for octet in frame[:-2]:
        found ^= octet
        for _ in range(8):
            found = found >> 1 ^ (0x8408 if found & 1 else 0)
    return found ^ 0xFFFF == int.from_bytes(frame[-2:], "little")
