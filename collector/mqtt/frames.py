"""Cutting a stream of bytes into packets without copying it packet by packet.

Reads that begin at a packet's first byte are cut in place. What is left of an unfinished
packet waits in one growing buffer and is copied once, when the packet is whole: so the
work is linear in the bytes received, however they come in.
"""

from __future__ import annotations

from collections.abc import Iterator

from collector.mqtt.codes import ReasonCode
from collector.mqtt.packets import BrokenPacket, malformed


class Framer:
    """Finds packet boundaries. ``limit``: greatest remaining length taken [bytes]."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.data = b""
        """The bytes that the frames' positions point into."""
        self._at = 0
        self._waiting = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> None:
        """Take what was received; `frames` then gives the packets that became whole."""
        if self._at < len(self.data):
            self._keep(self._at, 0)
        if self._waiting:
            self._waiting += data
        else:
            self.data, self._at = data, 0

    def clear(self) -> None:
        """Forget everything received and not yet given out."""
        self.data, self._at = b"", 0
        self._waiting.clear()

    def frames(self) -> Iterator[tuple[int, int, int]]:
        """(first byte, start, end) of each whole packet's body in `data`.

        Stopping early is allowed: the next call goes on behind the last packet given.
        Raises BrokenPacket for a length that is malformed or above the limit.
        """
        if self._waiting:
            if len(self._waiting) < self._needed:
                return
            self.data, self._at = bytes(self._waiting), 0
            self._waiting.clear()
        data, size = self.data, len(self.data)
        while self._at < size:
            at = position = self._at
            length = shift = 0
            while True:
                position += 1
                if position >= size:
                    self._keep(at, position + 1 - at)
                    return
                byte = data[position]
                length |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 21:
                    raise malformed("the remaining length is longer than four bytes")
            if shift:
                self._check_length(length, shift)
            end = position + 1 + length
            if end > size:
                self._keep(at, end - at)
                return
            self._at = end
            yield data[at], position + 1, end

    def _check_length(self, length: int, shift: int) -> None:
        if length < 1 << shift:
            raise malformed("the remaining length is longer than it need be")
        if length > self.limit:
            detail = f"a packet of {length} bytes, allowed are {self.limit}"
            raise BrokenPacket(ReasonCode.PACKET_TOO_LARGE, detail)

    def _keep(self, at: int, needed: int) -> None:
        """Let the bytes from ``at`` on wait until ``needed`` of them are there."""
        self._waiting += self.data[at:]
        self._needed = needed
        self.data, self._at = b"", 0
