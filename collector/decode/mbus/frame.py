"""Frames of the wired bus, and the meter that a header names.

68 L L 68 | C A CI | user data | checksum 16        EN 13757-2, format class FT 1.2
long header (CI 72): id 4, manufacturer 2, version, medium, access, status, configuration 2
short header (CI 7A): access, status, configuration 2
"""

from __future__ import annotations

from dataclasses import dataclass

from collector.decode.mbus.octets import bad_frame

_START, _STOP = 0x68, 0x16
LONG_HEADER, SHORT_HEADER = 12, 4


@dataclass(frozen=True, slots=True)
class BusMeter:
    """Who sent an answer, as its header says."""

    number: str
    """Eight digits; an id that is no BCD as hexadecimal."""
    maker: str = ""
    """Three letters of EN 62056-21; '' where the format has none."""
    version: int = 0
    medium: int = 0

    @property
    def name(self) -> str:
        """The device in names of points: `KAM-12345678`."""
        return f"{self.maker}-{self.number}" if self.maker else self.number


@dataclass(frozen=True, slots=True)
class LongFrame:
    """What a slave answered."""

    control: int
    ci: int
    """What the user data are."""
    data: bytes
    """User data behind the CI field."""


def frame_of(octets: bytes) -> LongFrame:
    """The long frame that the octets are; filling bytes around it are passed over.

    Raises Refusal `bad_frame` where start, lengths, checksum or stop do not fit.
    """
    begin = 0
    while octets[begin : begin + 1] in (b"\x2f", b"\xff", b"\xe5"):
        begin += 1
    octets = octets[begin:]
    if len(octets) < 9 or octets[0] != _START or octets[3] != _START:
        raise bad_frame("not a long frame", "start", octets[:4].hex(" "))
    length = octets[1]
    if length != octets[2] or length < 3:
        raise bad_frame("the two lengths do not fit", "length", octets[1:3].hex(" "))
    if len(octets) < length + 6 or octets[length + 5] != _STOP:
        raise bad_frame("cut, or no stop where it should end", "length", length)
    body = octets[4 : length + 4]
    if sum(body) & 0xFF != octets[length + 4]:
        raise bad_frame("the checksum does not fit", "checksum", f"{octets[length + 4]:02x}")
    return LongFrame(body[0], body[2], body[3:])


def maker_of(code: int) -> str:
    """The three letters of a manufacturer's code: 5 bits each, from `@` on (EN 13757-3)."""
    return "".join(chr(64 + (code >> shift & 31)) for shift in (10, 5, 0))


def meter_of(header: bytes) -> BusMeter:
    """The meter of a header's first 8 bytes: id, manufacturer, version, medium."""
    number = header[3::-1].hex().upper()
    return BusMeter(number, maker_of(int.from_bytes(header[4:6], "little")), header[6], header[7])
