"""What the intake of messages leaves behind beside readings: dead letters, counts, checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from metering.delivery import Arrived
from metering.edge_node import NodeArrivals
from metering.joining import Sighting
from metering.localtime import iso
from metering.remembered import Remembered
from metering.statement import Statement

Why = Literal["share", "rate"]
"""Why a gateway is held back: more than its share waits for the disk, or it has sent too much for
too long."""


@dataclass(frozen=True)
class DeadLetter:
    """A message, or one reading of it, that could not be taken; kept with reason and bytes.

    `index` is the reading's place in the message, -1 for the whole message. The same bytes
    sent again count up instead of making a second one: its identity is
    (gateway, digest, index).
    """

    gateway: str
    route: str
    reason: str
    """bad_json, bad_utf8, bad_message, unknown_topic, foreign_topic, unknown_point, bad_kind,
    bad_unit, bad_value, bad_time, future_time, conflicting ..."""
    message: str
    field: str
    value: str
    fix: str
    segment: int
    offset: int
    index: int
    digest: str
    arrived_us: int
    point: str = ""
    read_by: str = ""
    """The decoder that refused it, with its options; '' where none was chosen."""
    preview: bytes = b""
    """The first 512 bytes; the whole payload is in the journal."""
    state: str = "open"
    """open; asked where a person wants it tried again; replayed or discarded."""
    seen: int = 1
    id: int = 0


@dataclass(frozen=True)
class LetterCause:
    """Dead letters that are alike; None is any."""

    gateway: str | None = None
    reason: str | None = None
    route: str | None = None
    point: str | None = None
    id: int | None = None


@dataclass(frozen=True)
class LetterGroup:
    """Dead letters of one state and one cause."""

    gateway: str
    route: str
    reason: str
    point: str
    field: str
    """Without the places in the message: `readings[].unit`."""
    letters: int
    seen: int
    """How often they came."""
    first_us: int
    last_us: int
    example: int
    """Id of the newest."""

    def told(self) -> LetterGroupTold:
        """As API and command line tell it, but for the newest letter, which each tells its own
        way."""
        return {
            "gateway": self.gateway,
            "topic": self.route,
            "reason": self.reason,
            "point": self.point,
            "field": self.field,
            "letters": self.letters,
            "seen": self.seen,
            "first": iso(self.first_us),
            "last": iso(self.last_us),
        }


class LetterGroupTold(TypedDict):
    """Dead letters of one cause, for people and programs."""

    gateway: str
    topic: str
    reason: str
    point: str
    field: str
    letters: int
    seen: int
    first: str
    last: str


@dataclass(frozen=True)
class LetterVerdict:
    """What is made of a letter's message now."""

    read_by: str
    """The decoder, with its options; '' where none is chosen."""
    readings: int
    """How many of the message can be taken in."""
    problems: tuple[DeadLetter, ...]
    """What stands against what the letter is of, as letters at its place."""
    file: str = ""
    """Of the registry, in which `row` would mend it; '' where no row would."""
    row: Mapping[str, str] | None = None


@dataclass(frozen=True)
class GatewayCounts:
    """What one batch adds to a gateway's counters."""

    gateway: str
    messages: int = 0
    readings: int = 0
    new: int = 0
    duplicates: int = 0
    corrections: int = 0
    outdated: int = 0
    dead: int = 0
    bytes: int = 0
    last_arrival_us: int = 0
    last_time_us: int = 0
    last_skew_us: int | None = None
    """Arrival minus the gateway's own `sent` clock, of the latest message that has one."""
    connected: bool | None = None
    connection_us: int = 0


@dataclass(frozen=True)
class IntakeBatch:
    """Everything one batch commits in a single transaction, its checkpoint included.

    It stands only on the checkpoint that it was read from, and takes in only dead letters that are
    open: what somebody else took in meanwhile is not counted twice. Committing also makes the
    writer's dirty marks ready for the ledger.
    """

    writer_no: int
    from_segment: int
    from_offset: int
    next_segment: int
    next_offset: int
    counts: tuple[GatewayCounts, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    seen_keys: tuple[tuple[str, str], ...] = ()
    """(gateway, key) of messages without times of their own, to tell redeliveries."""
    replayed: tuple[int, ...] = ()
    """Ids of dead letters that this batch took in after all."""
    at_us: int = 0
    statements: tuple[Statement, ...] = ()
    """What people stated; one whose id is known already is not kept twice."""
    arrived: tuple[Arrived, ...] = ()
    """What came of each gateway, each once."""
    sightings: tuple[Sighting, ...] = ()
    """What came of points that nobody registered, each once."""
    nodes: tuple[NodeArrivals, ...] = ()
    """What came of edge nodes of Sparkplug, each once."""
    remembered: tuple[Remembered, ...] = ()
    """What gateways said that later messages are read by."""
    outlived: tuple[Remembered, ...] = ()
    """What is remembered no more, being more than is kept."""

    @property
    def moves(self) -> bool:
        """Whether it takes in new records; not those of dead letters, which came before."""
        return (self.from_segment, self.from_offset) != (self.next_segment, self.next_offset)


@dataclass(frozen=True)
class JudgedBatch:
    """What became of each reading of a batch, kept before the readings are written.

    Once they are written nothing tells a correction from a reading that was new: the value that it
    replaced is gone. So a batch that is taken in again, after a crash between its readings and its
    checkpoint, is counted by this.
    """

    writer_no: int
    from_segment: int
    from_offset: int
    next_segment: int
    next_offset: int
    digest: bytes
    """Of the points, times and lineages of its n readings: it speaks of these and of no others."""
    outcome: bytes
    """n signed bytes: an Outcome each, below 0 for a conflict."""


@dataclass(frozen=True)
class WriteDoubt:
    """Upserts of readings that may still be done, over what was taken in after them. What they may
    have put back lies at or after `places` in the journal."""

    since_us: int
    """When it began; names it."""
    last_us: int
    """When the outcome of an upsert was unknown last."""
    places: Mapping[int, tuple[int, int]]
    """(segment, offset) by writer: the checkpoints when it began. A writer that is not named is
    looked at from its first record on."""
    writes: int = 0
    """Upserts whose outcome is unknown; 0 where there may be one of a process before."""
    looks: int = 0
    """How many of the looks are done since `last_us`."""

    def place(self, writer_no: int) -> tuple[int, int]:
        """From where on the writer's messages are looked at."""
        return self.places.get(writer_no, (0, 0))


@dataclass(frozen=True)
class GatewayStatus:
    """A gateway's counters as they stand."""

    gateway: str
    counts: GatewayCounts = field(default_factory=lambda: GatewayCounts(""))


@dataclass(frozen=True)
class GatewayTrouble:
    """A gateway that was turned away, or whose connection was ended: when last, and why."""

    at_us: int
    reason: str
    """As MQTT 5 names it, in small letters: bad_user_or_password ...; of a certificate that ended
    a handshake: expired ..."""
    detail: str
    address: str
    times: int
    """How often in a row for that reason."""


@dataclass(frozen=True)
class HeldGateway:
    """A gateway that is held back again and again: since when, and why last."""

    since_us: int
    why: Why


@dataclass(frozen=True)
class RefusalNotice:
    """What a gateway is told of messages, or readings of them, that could not be taken."""

    number: int
    at_us: int
    gateway: str
    reason: str
    """As the dead letters have it."""
    topic: str
    message: str
    field: str
    value: str
    """Of the latest of them."""
    fix: str
    count: int
    """How many since the last notice of the same reason and topic."""
    first_us: int
    """When the first of these arrived."""
    last_us: int


@dataclass(frozen=True)
class GatewayConnection:
    """A connection that is open, as the listener knows it."""

    client_id: str
    address: str
    protocol: str
    """Version of MQTT."""
    since_us: int
    messages: int
    """Since then."""
    last_us: int
    """Arrival of the last one [us]; 0 where there was none."""
    unacknowledged: int
    """Messages of the platform's that it has not acknowledged, and of its own at QoS 2 that it has
    not released."""
    subscriptions: tuple[str, ...]

    def per_minute(self, now_us: int) -> float:
        """Messages a minute since it came in."""
        return self.messages * 60e6 / max(now_us - self.since_us, 60_000_000)
