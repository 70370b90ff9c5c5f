"""COSEM data: a type byte and what it says, nested (IEC 62056-62, A-XDR of IEC 61334-6)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

from collector.decode.mbus.octets import bad_frame, unsupported

Data = int | float | bool | bytes | str | list["Data"] | None
"""Numbers as numbers, octets as bytes, texts as text, arrays and structures as lists."""

_NULL, _ARRAY, _STRUCTURE, _BOOLEAN, _BITS = 0, 1, 2, 3, 4
_OCTETS, _VISIBLE, _UTF8, _BCD, _COMPACT = 9, 10, 12, 13, 19
_SIGNED = {5: 4, 15: 1, 16: 2, 20: 8}
_UNSIGNED = {6: 4, 17: 1, 18: 2, 21: 8, 22: 1}
_REAL = {23: ">f", 24: ">d"}
_TIMES = {25: 12, 26: 5, 27: 4}
_DEEPEST, _MOST = 12, 20_000


@dataclass(frozen=True)
class _Described:
    """A type as compact arrays describe it: what each of their elements is."""

    kind: int
    parts: tuple[_Described, ...] = ()
    """Of an array or a structure."""


@dataclass
class AxdrReader:
    """Reads data one after the other, within bounds of depth and number."""

    octets: bytes
    at: int = 0
    left: int = field(default=_MOST)
    """Data that may still come."""

    def take(self, count: int) -> bytes:
        """The next bytes; Refusal `bad_frame` where there are not so many."""
        if count > len(self.octets) - self.at:
            raise bad_frame("ends within a value", "byte", self.at)
        self.at += count
        return self.octets[self.at - count : self.at]

    def length(self) -> int:
        """A length: a byte, or 80 plus how many bytes have it."""
        first = self.take(1)[0]
        return first if first < 0x80 else int.from_bytes(self.take(first & 0x7F), "big")

    def read(self, depth: int = 0) -> Data:
        """The next datum. Raises Refusal: `bad_frame` where it is cut, too deep or one of too many,
        `unsupported` for a type that is not known."""
        self._count(depth)
        kind = self.take(1)[0]
        if kind in {_ARRAY, _STRUCTURE}:
            return [self.read(depth + 1) for _ in range(min(self.length(), self.left + 1))]
        if kind == _COMPACT:
            return self._compact(depth + 1)
        return self._plain(kind)

    def _count(self, depth: int) -> None:
        self.left -= 1
        if depth > _DEEPEST or self.left < 0:
            raise bad_frame("nested too deep, or too many values", "byte", self.at)

    def _compact(self, depth: int) -> list[Data]:
        """A compact array: the type of its elements once, then how many bytes they take, then the
        elements without types (IEC 62056-5-3, contents-description and array-contents)."""
        described = self._description(depth)
        end = self.length() + self.at
        if end > len(self.octets):
            raise bad_frame("ends within a compact array", "byte", self.at)
        found = list[Data]()
        while self.at < end:
            before = self.at
            found.append(self._as_described(described, depth))
            if self.at == before:
                raise bad_frame("elements of no length", "byte", self.at)
        if self.at > end:
            raise bad_frame("elements beyond a compact array", "byte", self.at)
        return found

    def _description(self, depth: int) -> _Described:
        self._count(depth)
        kind = self.take(1)[0]
        if kind == _ARRAY:
            count = int.from_bytes(self.take(2), "big")
            if count > self.left:
                raise bad_frame("too many values", "byte", self.at)
            return _Described(kind, (self._description(depth + 1),) * count)
        if kind == _STRUCTURE:
            parts = range(min(self.length(), self.left + 1))
            return _Described(kind, tuple(self._description(depth + 1) for _ in parts))
        return _Described(kind)

    def _as_described(self, one: _Described, depth: int) -> Data:
        self._count(depth)
        if one.kind in {_ARRAY, _STRUCTURE}:
            return [self._as_described(part, depth + 1) for part in one.parts]
        return self._plain(one.kind)

    def _plain(self, kind: int) -> Data:
        if kind == _NULL:
            return None
        if kind == _BOOLEAN:
            return self.take(1) != b"\x00"
        if kind in _SIGNED:
            return int.from_bytes(self.take(_SIGNED[kind]), "big", signed=True)
        if kind in _UNSIGNED:
            return int.from_bytes(self.take(_UNSIGNED[kind]), "big")
        if kind in _REAL:
            return self._real(_REAL[kind])
        if kind in _TIMES:
            return self.take(_TIMES[kind])
        if kind == _BITS:
            return self.take((self.length() + 7) // 8)
        if kind in {_OCTETS, _VISIBLE, _UTF8}:
            octets = self.take(self.length())
            return octets if kind == _OCTETS else octets.decode("utf-8", "replace")
        if kind == _BCD:
            return self.take(1)
        raise unsupported("a type of COSEM data that is not known", "type", kind)

    def _real(self, pattern: str) -> float | None:
        found: float = struct.unpack(pattern, self.take(struct.calcsize(pattern)))[0]
        if not math.isfinite(found):
            return None
        return float(f"{found:.7g}") if pattern == ">f" else found
