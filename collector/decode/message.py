"""What every decoder is given and what it returns.

    Incoming ─▶ decode ─▶ Decoded: readings as columns, and what could not be taken

A decoder is pure: it knows no registry and no clock, and of earlier messages what it is given. It
never fails for bad input: one bad reading becomes a `Problem` with its place while the others go
on, and a message that cannot be read at all one problem at place -1, which a decoder may also raise
as `Refusal`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from collector.decode.past import NO_PAST, GatewayPast
from collector.properties import NO_PROPERTIES, Properties
from metering.delivery import ResendAnswer
from metering.edge_node import NodeNews
from metering.errors import shorten
from metering.joining import Described
from metering.reading import Kind
from metering.statement import Statement

MINUTE_US = 60_000_000
YEAR_2000_US = 946_684_800_000_000


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came, with all that its decoder may go by."""

    topic: str
    """MQTT topic, or the route of a message pushed over HTTP."""
    payload: bytes
    arrived_us: int
    """[us UTC]"""
    gateway: str = ""
    """Whose points its readings are: `site/code`."""
    properties: Properties = NO_PROPERTIES
    zone: str = "UTC"
    """Time zone of the gateway's site, for formats whose times have no offset."""
    past: GatewayPast = NO_PAST
    """What its gateway said before, for a decoder that `remembers`."""


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


class Refusal(Exception):
    """Carries why a message, or a reading of it, is not taken to the place that records it."""

    def __init__(self, reason: str, message: str, field: str, value: object, fix: str) -> None:
        super().__init__(message)
        self.problem = Problem(reason, message, field, shown(value), fix)


@dataclass(frozen=True)
class MessageLimits:
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
    """NaN takes back what a person entered."""
    problems: list[Problem] = field(default_factory=list)
    session: int | None = None
    seq: int | None = None
    sent_us: int | None = None
    statement: Statement | None = None
    """What a person stated, without its place in the journal."""
    resend: ResendAnswer | None = None
    """What the gateway answers to a request to send again."""
    described: list[Described] = field(default_factory=list)
    """What it says of points of its own."""
    remembered: list[tuple[str, bytes]] = field(default_factory=list)
    """(key, value) of what later messages are to be read by; b"" ends what was said before."""
    node: NodeNews | None = None
    """What it tells of an edge node of Sparkplug."""
    repaired: frozenset[int] = frozenset()
    """Places of readings whose times are not those reported: the clock was wrong."""

    @classmethod
    def refused(cls, problem: Problem) -> Decoded:
        """A message of which nothing can be taken."""
        return cls(problems=[problem])


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
