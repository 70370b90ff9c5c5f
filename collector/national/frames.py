"""Bytes to frames, whatever pieces they come in, and frames to bytes. No socket, no clock.

What cannot be a frame is refused where that shows: at its first wrong marker, and at a length that
is too large, before anything of it has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.national.dialects import ByteOrder, Dialect, Marks, starts

_OTHER: dict[ByteOrder, ByteOrder] = {"little": "big", "big": "little"}


class NoFrame(Exception):
    """Why bytes are no frame, in a sentence. `too_long` where that is all that is wrong."""

    def __init__(self, why: str, *, too_long: bool = False) -> None:
        super().__init__(why)
        self.too_long = too_long


@dataclass(frozen=True)
class NationalFrame:
    """One frame as it came."""

    payload: bytes
    """As it is carried, encrypted where that is usual."""
    number: int
    """Its number (A) or type (B), which an answer has as well."""
    raw: bytes
    """All of it."""


@dataclass(frozen=True)
class Manner:
    """How a sender writes its frames, so that it is answered alike."""

    dialect: Dialect
    marks: Marks
    length_order: ByteOrder

    def frame(self, payload: bytes, number: int) -> bytes:
        """The bytes of a frame."""
        head = self.marks.head
        if self.dialect.crc is None:
            size = len(payload).to_bytes(4, self.length_order)
            return head + bytes((number & 0xFF,)) + size + payload
        body = number.to_bytes(4, self.length_order) + payload
        check = self.dialect.crc.of(body).to_bytes(2, self.length_order)
        size = len(body).to_bytes(4, self.length_order)
        return head + size + body + check + self.marks.tail


class FrameReader:
    """Reads frames of the first dialect that the bytes are of.

    most_bytes: how long a payload may be; may be changed.
    """

    def __init__(self, dialects: Sequence[Dialect], most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.manner: Manner | None = None
        """That of the latest frame; None before the first."""
        self._starts = starts(dialects)
        self._buffer = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether a part of a frame has come."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes as they come."""
        self._buffer += data

    def next(self) -> NationalFrame | None:
        """The next frame; None until more has come. Raises NoFrame; then nothing that follows can
        be read."""
        found = self._begun()
        if found is None:
            return None
        dialect, marks = found
        typed = dialect.crc is None
        at = len(marks.head) + typed
        if len(self._buffer) < at + 4:
            return None
        order, length = self._length(dialect, bytes(self._buffer[at : at + 4]))
        end = at + 4 + length + (0 if typed else 2 + len(marks.tail))
        if len(self._buffer) < end:
            return None
        raw = bytes(self._buffer[:end])
        del self._buffer[:end]
        self.manner = Manner(dialect, marks, order)
        if typed:
            return NationalFrame(raw[at + 4 :], raw[at - 1], raw)
        return self._checked(dialect, raw, at + 4, length, order)

    def _begun(self) -> tuple[Dialect, Marks] | None:
        """What the buffer begins with; None where too little has come to tell."""
        options = self._starts if self.manner is None else starts([self.manner.dialect])
        for dialect, marks in options:
            if self._buffer.startswith(marks.head):
                return dialect, marks
        have = bytes(self._buffer)
        if any(marks.head.startswith(have) for _, marks in options):
            return None
        raise NoFrame(f"no frame begins with {have[:8].hex(' ')}")

    def _length(self, dialect: Dialect, data: bytes) -> tuple[ByteOrder, int]:
        """In the order that the sender has used, or its dialect has, or in the other one where only
        that is possible."""
        least = 0 if dialect.crc is None else 4
        first = dialect.length_order if self.manner is None else self.manner.length_order
        orders = (first, _OTHER[first]) if self.manner is None else (first,)
        lengths = [(order, int.from_bytes(data, order)) for order in orders]
        for order, length in lengths:
            if least <= length <= self.most_bytes + least:
                return order, length
        length = lengths[0][1]
        if length < least:
            raise NoFrame(f"a length of {length}")
        raise NoFrame(f"a length of {length}, allowed are {self.most_bytes}", too_long=True)

    def _checked(
        self, dialect: Dialect, raw: bytes, at: int, length: int, order: ByteOrder
    ) -> NationalFrame:
        body, rest = raw[at : at + length], raw[at + length :]
        if rest[2:] not in {marks.tail for marks in dialect.marks}:
            raise NoFrame(f"no frame ends with {rest[2:].hex(' ')}")
        assert dialect.crc is not None
        told, computed = int.from_bytes(rest[:2], order), dialect.crc.of(body)
        if told != computed:
            raise NoFrame(f"the check says {told:04x}, the bytes {computed:04x}")
        return NationalFrame(body[4:], int.from_bytes(body[:4], order), raw)
