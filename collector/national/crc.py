"""CRC-16 without reflection."""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Crc:
    """Parameters of the check."""

    polynomial: int = 0x1021
    initial: int = 0

    def of(self, data: bytes) -> int:
        """The check of bytes, 0 to 65535; that of the check appended, high byte first, is 0."""
        if self.polynomial == 0x1021:
            return crc_hqx(data, self.initial)
        table = _table(self.polynomial)
        value = self.initial
        for byte in data:
            value = (value << 8 & 0xFFFF) ^ table[value >> 8 ^ byte]
        return value


@lru_cache(maxsize=8)
def _table(polynomial: int) -> tuple[int, ...]:
    return tuple(_shifted(first << 8, polynomial) for first in range(256))


def _shifted(value: int, polynomial: int) -> int:
    for _ in range(8):
        value = (value << 1) ^ polynomial if value & 0x8000 else value << 1
    return value & 0xFFFF
