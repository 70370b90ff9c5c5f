"""What every decoder returns: readings as columns, and what could not be taken.

A decoder is pure: bytes and the time of arrival in, `Decoded` out. It never raises for bad
input: one bad reading becomes a `Problem` with its place while the others go on, and a
message that cannot be read at all one problem at place -1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from metering.errors import shorten
from metering.reading import Kind

MINUTE_US = 60_000_000
YEAR_2000_US = 946_684_800_000_000


@dataclass(frozen=True)
class Problem:
    """Why a reading (or, at index -1, a message) could not be taken, and how to put it right."""

    reason: str
    message: str
    field: str = ""
    value: str = ""
    fix: str = ""
    index: int = -1
    point: str = ""


@dataclass(frozen=True)
class Limits:
    """What a message may be at most."""

    payload_bytes: int = 1 << 20
    readings: int = 10_000
    ahead_us: int = 10 * MINUTE_US
    """How far a reading's time may lie after its arrival."""
    oldest_us: int = YEAR_2000_US


@dataclass(slots=True)
class Decoded:
    """The readings of one message side by side, with their places in it."""

    index: list[int] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    kinds: list[Kind | None] = field(default_factory=list)
    units: list[str | None] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    """[us UTC]; None where the message gives none: the time of arrival stands in."""
    values: list[float] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    session: int | None = None
    seq: int | None = None
    sent_us: int | None = None

    @classmethod
    def refused(cls, problem: Problem) -> Decoded:
        """A message of which nothing can be taken."""
        return cls(problems=[problem])


Decoder = Callable[[bytes, int, Limits], Decoded]
"""(payload, arrived_us, limits) -> Decoded."""


def shown(value: object) -> str:
    """A value as JSON would write it, short and printable, so that "12" is told from 12."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str) and value.isprintable() and len(value) <= 120:
        return f'"{value}"'
    return shorten(value)


def name_shown(name: object) -> str:
    """A point's name where it is one; what is not printable is escaped."""
    if not isinstance(name, str):
        return ""
    return name if name.isprintable() and len(name) <= 128 else shorten(name)
