"""Which registers are asked for together: those that follow each other without a gap.

Registers between those of a profile are never asked for: a meter may refuse a request whole for one
register that it has not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge.profile import ProfileRegister


@dataclass(frozen=True)
class ReadRequest:
    """One request: `count` words from `address` on, and the registers that are in it."""

    address: int
    count: int
    registers: tuple[ProfileRegister, ...]


def requests_for(registers: Iterable[ProfileRegister], most: int) -> list[ReadRequest]:
    """Requests of at most `most` words each that read all registers, by address; a register that
    lies in another's words is read by a request of its own."""
    together: list[list[ProfileRegister]] = []
    end = first = -1
    for one in sorted(registers, key=lambda register: (register.address, register.words)):
        if one.address != end or one.address + one.words - first > most:
            together.append([])
            first = one.address
        together[-1].append(one)
        end = one.address + one.words
    return [
        ReadRequest(group[0].address, sum(one.words for one in group), tuple(group))
        for group in together
    ]
