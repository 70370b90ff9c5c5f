"""What gateways said once of what they send later: names behind aliases, units, data types.

    journal      birth 1 . . data . . birth 2 . . data
    remembered   value 1 ─────────────▶ value 2 ──────▶

Each thing that is said lies at the place of its message, and holds from there on. So what a message
means depends on its place in the journal alone, whenever and however often it is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_VALUES = 8
"""Values under one key that are kept, the latest; that there were more stays as well."""
MOST_ENTRIES, MOST_BYTES = 10_000, 4 << 20
"""Of one gateway by one way in; of more the oldest that are superseded go, then the oldest."""
LONGEST_VALUE = 1 << 20
"""[bytes]"""
_LEFT = 7 / 8
"""Of the bound is left where it is passed, so that it is not looked for at each message."""


@dataclass(frozen=True)
class Remembered:
    """What a gateway said under a key, from one message on."""

    gateway: str
    key: str
    segment: int
    offset: int
    value: bytes
    """As the decoder wrote it; empty where what was said before holds no more."""

    @property
    def place(self) -> int:
        """In the journal: the order of what one writer wrote."""
        return self.segment << 32 | self.offset

    @property
    def identity(self) -> tuple[str, str, int, int]:
        """(gateway, key, segment, offset)"""
        return self.gateway, self.key, self.segment, self.offset


def beyond(entries: Iterable[Remembered]) -> list[Remembered]:
    """Entries of one gateway and one writer that are to go, being more than is kept. Under one key
    they go from the oldest on, so none of before is ever taken for one that went."""
    left = list(entries)
    count, size = len(left), sum(len(one.value) for one in left)
    gone: list[Remembered] = []
    if count <= MOST_ENTRIES and size <= MOST_BYTES:
        return gone
    latest = {one.key: one.place for one in sorted(left, key=_place)}
    for one in sorted(left, key=lambda one: (one.place == latest[one.key], one.place)):
        if count <= MOST_ENTRIES * _LEFT and size <= MOST_BYTES * _LEFT:
            break
        gone.append(one)
        count, size = count - 1, size - len(one.value)
    return gone


def _place(one: Remembered) -> int:
    return one.place
