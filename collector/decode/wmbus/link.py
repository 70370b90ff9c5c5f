"""The link layer of radio telegrams, and what stands between it and the data (EN 13757-4).

L C M2 A6 | CI ...      A: id 4, version, medium
format A: a CRC after the first 10 bytes and after each further 16; L counts none of them
format B: a CRC at the end, a second one where there are more than 126 bytes; L counts them
8C 8D 8E 8F   extended link layer: access, addresses, encryption by AES-CTR
90            authentication and fragmentation layer: the counter of security mode 7
"""

from __future__ import annotations

from dataclasses import dataclass

from collector.decode.mbus.compact import crc
from collector.decode.mbus.frame import BusMeter, maker_of
from collector.decode.mbus.octets import bad_frame
from collector.decode.mbus.security import Keys, counted, encrypted

_HEAD, _FIRST, _BLOCK, _CRC = 11, 10, 16, 2
_TRAILING = 2
_LONGEST_FIRST_B = 126
_SESSION, _ADDRESS = {0x8D, 0x8F}, {0x8E, 0x8F}
_LINKS = {0x8C, *_SESSION, *_ADDRESS}
_AUTHENTICATION = 0x90
_AES_CTR = 1
_REPEATED = 0x12
_COUNTER, _CONTROL, _KEY = 0x0800, 0x2000, 0x0200


@dataclass(frozen=True, slots=True)
class Telegram:
    """A radio telegram without checksums, up to its data."""

    meter: BusMeter
    address: bytes
    """Manufacturer, id, version and medium as sent, 8 bytes."""
    ci: int
    data: bytes
    """Behind the CI field, in clear as far as the link goes."""
    body: bytes
    """All of it, from its length byte on."""
    counter: bytes = b""
    """Of the telegram; empty where it names none."""


def body_of(octets: bytes) -> bytes:
    """A telegram from its length byte on, without checksums.

    One or two bytes behind it, as receivers add for the signal, are passed over. Raises Refusal
    `bad_frame` where its length or its checksums do not fit.
    """
    if len(octets) < _HEAD + 1:
        raise bad_frame("too short for a telegram", "length", len(octets))
    whole = octets[0] + 1
    if len(octets) >= _FIRST + _CRC and _fits(octets[:_FIRST], octets[_FIRST : _FIRST + _CRC]):
        return _without_checksums(octets, whole)
    if len(octets) < whole:
        raise bad_frame("the telegram is cut", "length", f"{octets[0]:02x}")
    if len(octets) > whole + _TRAILING:
        raise bad_frame("longer than it says", "length", f"{octets[0]:02x}")
    return _without_last_checksum(octets[:whole])


def _fits(octets: bytes, checksum: bytes) -> bool:
    return crc(octets) == int.from_bytes(checksum, "big")


def _without_checksums(octets: bytes, whole: int) -> bytes:
    """Format A."""
    found, at = octets[:_FIRST], _FIRST + _CRC
    while len(found) < whole:
        block = octets[at : at + min(_BLOCK, whole - len(found))]
        at += len(block) + _CRC
        if not block or not _fits(block, octets[at - _CRC : at]):
            raise bad_frame("the checksum of a block does not fit", "CRC", len(found))
        found += block
    return found


def _without_last_checksum(octets: bytes) -> bytes:
    """Format B, or one whose receiver took the checksums off."""
    first = octets[:_LONGEST_FIRST_B]
    if _fits(first[:-_CRC], first[-_CRC:]):
        rest = octets[_LONGEST_FIRST_B:]
        return first[:-_CRC] + rest[:-_CRC]
    return octets


def telegram_of(octets: bytes, keys: Keys) -> Telegram:
    """The telegram that the octets are. Raises Refusal: `bad_frame`, `encrypted`."""
    body = body_of(octets)
    address = body[2:10]
    maker = maker_of(int.from_bytes(address[:2], "little"))
    meter = BusMeter(address[5:1:-1].hex().upper(), maker, address[6], address[7])
    at, ci, counter = _HEAD, body[10], b""
    for _ in range(3):
        if ci in _LINKS:
            body, at, ci = _linked(body, at, ci, meter, keys)
        elif ci == _AUTHENTICATION:
            counter, at, ci = _authenticated(body, at)
        else:
            break
    return Telegram(meter, address, ci, body[at:], body, counter)


def _linked(body: bytes, at: int, ci: int, meter: BusMeter, keys: Keys) -> tuple[bytes, int, int]:
    """Body in clear, place behind the extended link layer, and the CI field there."""
    control = body[at] if at < len(body) else 0
    at += 10 if ci in _ADDRESS else 2
    if ci in _SESSION:
        session = body[at : at + 4]
        at += 4
        if len(body) < at + _CRC + 1:
            raise bad_frame("ends within its link layer", "length", len(body))
        clear = _unsealed(body, at, control, session, meter, keys)
        body, at = body[:at] + clear, at + _CRC
    if at >= len(body):
        raise bad_frame("ends within its link layer", "length", len(body))
    return body, at + 1, body[at]


def _unsealed(
    body: bytes, at: int, control: int, session: bytes, meter: BusMeter, keys: Keys
) -> bytes:
    """Checksum and data behind a session number, in clear."""
    rest = body[at:]
    if _sound(rest):
        return rest
    if session[3] >> 5 != _AES_CTR:
        raise bad_frame("the checksum of the data does not fit", "CRC", rest[:2].hex())
    key = keys.of_meter(meter.number)
    if key is None:
        raise encrypted("no key of this meter", meter.number)
    start = body[2:10] + bytes([control & ~_REPEATED]) + session + bytes(3)
    clear = counted(rest, key, start)
    if not _sound(clear):
        raise encrypted("the key does not fit", meter.number)
    return clear


def _sound(rest: bytes) -> bool:
    return crc(rest[_CRC:]) == int.from_bytes(rest[:_CRC], "little")


def _authenticated(body: bytes, at: int) -> tuple[bytes, int, int]:
    """Counter, place behind the authentication layer, and the CI field there."""
    end = at + 1 + (body[at] if at < len(body) else 0)
    if len(body) <= end or end < at + 3:
        raise bad_frame("ends within its authentication layer", "length", len(body))
    flags = int.from_bytes(body[at + 1 : at + 3], "little")
    place = at + 3 + (1 if flags & _CONTROL else 0) + (2 if flags & _KEY else 0)
    counter = body[place : place + 4] if flags & _COUNTER else b""
    return counter, end + 1, body[end]
