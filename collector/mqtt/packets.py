"""Primitives of the wire: a cursor over one packet's bytes, and encoders."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from collector.mqtt.codes import Packet, ReasonCode


class BrokenPacket(Exception):
    """A packet that cannot be taken; who reads packets makes the end of a connection of it."""

    def __init__(self, reason: ReasonCode, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.user = ""
        """Whom a CONNECT that cannot be taken named, as far as it was read."""


def malformed(detail: str) -> BrokenPacket:
    """Against the form of packets: the connection ends."""
    return BrokenPacket(ReasonCode.MALFORMED, detail)


def protocol_error(detail: str) -> BrokenPacket:
    """Well formed, but not allowed here: the connection ends."""
    return BrokenPacket(ReasonCode.PROTOCOL_ERROR, detail)


def to_text(data: bytes, name: str) -> str:
    """A UTF-8 string of the wire: no surrogates, no U+0000 (MQTT 5, 1.5.4)."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise malformed(f"{name} is not UTF-8") from error
    if "\0" in text:
        raise malformed(f"{name} holds U+0000")
    return text


class Cursor:
    """Reads fields from a packet's body in order; raises BrokenPacket at its end."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data = data
        self.at = at
        self.end = end

    def take(self, count: int, name: str) -> bytes:
        """The next bytes; BrokenPacket where the packet ends before."""
        start = self.at
        if start + count > self.end:
            raise malformed(f"the packet ends within its {name}")
        self.at = start + count
        return self.data[start : self.at]

    def u8(self, name: str) -> int:
        """One byte, as a number."""
        return self.take(1, name)[0]

    def u16(self, name: str) -> int:
        """Two bytes, big endian."""
        return int.from_bytes(self.take(2, name))

    def binary(self, name: str) -> bytes:
        """Bytes whose number stands before them, in two bytes."""
        return self.take(self.u16(name), name)

    def text(self, name: str) -> str:
        """UTF-8 whose length stands before it; BrokenPacket where it is none."""
        return to_text(self.binary(name), name)

    def varint(self, name: str) -> int:
        """A number of one to four bytes, seven bits each; BrokenPacket where it is longer than it
        need be."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.u8(name)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if not byte and shift:
                    raise malformed(f"the {name} is longer than it need be")
                return value
        raise malformed(f"the {name} is longer than four bytes")

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.end - self.at, "rest")

    def expect_end(self, name: str) -> None:
        """BrokenPacket where anything is left."""
        if self.at != self.end:
            raise malformed(f"{name} has {self.end - self.at} bytes too many")


def encode_varint(value: int) -> bytes:
    """A variable byte integer (MQTT 5, 1.5.5), 0 to 268,435,455."""
    encoded = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        encoded.append(low | (0x80 if value else 0))
        if not value:
            return bytes(encoded)


def encode_binary(data: bytes) -> bytes:
    """Two bytes of length, then the data."""
    return len(data).to_bytes(2) + data


def encode_packet(header: int, body: bytes) -> bytes:
    """A whole packet: first byte, remaining length, body."""
    return bytes((header,)) + encode_varint(len(body)) + body


def encode_short(kind: Packet, packet_ids: Iterable[int]) -> bytes:
    """One packet of a kind, PUBREC or PUBCOMP, for each id, in order; success is the short form in
    all versions."""
    return b"".join(bytes((kind << 4, 2)) + one.to_bytes(2) for one in packet_ids)


def encode_pubacks(packet_ids: Iterable[int]) -> bytes:
    """One PUBACK for each id, in order; success is the short form in all versions."""
    words = [word for packet_id in packet_ids for word in (0x4002, packet_id)]
    return struct.pack(f">{len(words)}H", *words)
