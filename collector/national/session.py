"""One gateway's side of the protocol as a state machine: bytes in, events and bytes out. No socket,
no clock.

    request ─▶ LoginAsked ─▶ `offer(secret)` ─▶ sequence
    md5     ─▶ LoginShown ─▶ `let_in` or `turn_away` ─▶ result
    heartbeat ─▶ Beat ─▶ `tell_time` ─▶ time
    report  ─▶ Reported ─▶ (durable) ─▶ `acknowledge` ─▶ acknowledgement

Where an event waits for its answer, nothing that follows is read.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from collector.bounded_xml import NotXml
from collector.mqtt import ReasonCode
from collector.national import documents
from collector.national.cipher import Cipher, Unreadable
from collector.national.dialects import Dialect, Md5Order
from collector.national.documents import LONGEST, Document, Purpose, read_document
from collector.national.frames import FrameReader, Manner, NationalFrame, NoFrame

MOST_BYTES = 1 << 20
"""Of a payload."""
LOGIN_BYTES = 4_096
"""Of one before the gateway was let in."""
MOST_PENDING = 32
"""Reports that wait for the disk; then nothing more is read of the connection."""
TOPIC = "national/v1"


@dataclass(frozen=True)
class LoginAsked:
    """A gateway says who it is; it is answered by `offer`."""

    building: str
    gateway: str


@dataclass(frozen=True)
class LoginShown:
    """A gateway showed an MD5, right or not; it is answered by `let_in` or `turn_away`."""

    right: bool


@dataclass(frozen=True)
class Beat:
    """A heartbeat; it is answered by `tell_time`."""

    told: Document
    number: int


@dataclass(frozen=True)
class Reported:
    """Something to be stored, acknowledged by its id."""

    id: int
    topic: str
    payload: bytes
    """Decrypted; what cannot be is as it came."""
    raw: bytes
    """The whole frame."""


@dataclass(frozen=True)
class Broken:
    """The connection is over: nothing that follows can be read."""

    reason: ReasonCode
    detail: str


NationalEvent = LoginAsked | LoginShown | Beat | Reported | Broken


class _Stage(Enum):
    NEW = auto()
    WAITS = auto()
    """For the caller's answer."""
    OFFERED = auto()
    """A sequence was sent."""
    READS = auto()
    """What comes after the log-in."""
    OVER = auto()


@dataclass(frozen=True)
class _Pending:
    told: Document
    number: int


@dataclass
class NationalSession:
    """The state of a connection. new_sequence: makes what is to be hashed, another each time."""

    dialects: Sequence[Dialect]
    cipher: Cipher | None
    new_sequence: Callable[[], str]
    building: str = ""
    gateway: str = ""
    inside: bool = False
    """Whether the gateway was let in."""
    _state: _Stage = _Stage.NEW
    _next_id: int = 1
    _secret: str | None = None
    _sequence: str = ""
    _asked: _Pending | None = None
    _pending: dict[int, _Pending] = field(default_factory=dict)
    _output: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self._reader = FrameReader(self.dialects, LOGIN_BYTES)

    @property
    def over(self) -> bool:
        """Whether nothing more is read."""
        return self._state is _Stage.OVER

    @property
    def full(self) -> bool:
        """Whether so much waits for the disk that nothing is read."""
        return len(self._pending) >= MOST_PENDING

    @property
    def unacknowledged(self) -> int:
        """Reports that wait for the disk."""
        return len(self._pending)

    @property
    def midway(self) -> bool:
        """Whether a part of a frame has come."""
        return self._reader.waiting

    @property
    def dialect(self) -> str:
        """The name of what the gateway speaks; '' before its first frame."""
        manner = self._reader.manner
        return "" if manner is None else manner.dialect.name

    def receive(self, data: bytes) -> list[NationalEvent]:
        """What comes of these bytes and those before. Never raises for what they are."""
        events: list[NationalEvent] = []
        if self.over:
            return events
        self._reader.feed(data)
        while self._state not in (_Stage.WAITS, _Stage.OVER) and not self.full:
            try:
                frame = self._reader.next()
            except NoFrame as wrong:
                events.append(self._broken(wrong))
                break
            if frame is None:
                break
            event = self._taken(frame)
            if event is not None:
                events.append(event)
        return events

    def offer(self, secret: str | None) -> None:
        """Send the sequence that is to be hashed with this secret; None for a gateway that there is
        not, which is asked alike and never let in."""
        self._secret, self._sequence = secret, self.new_sequence()
        self._state = _Stage.OFFERED
        self._answer_asked(lambda told: documents.challenge(told, self._sequence))

    def let_in(self) -> None:
        """The gateway is who it says."""
        self._state, self.inside = _Stage.READS, True
        self._reader.most_bytes = MOST_BYTES
        self._answer_asked(lambda told: documents.result(told, right=True))

    def turn_away(self) -> None:
        """The gateway is not let in."""
        self._state = _Stage.OVER
        self._answer_asked(lambda told: documents.result(told, right=False))

    def tell_time(self, beat: Beat, clock: str) -> None:
        """Answer a heartbeat: the gateway's wall clock as YYYYMMDDHHmmss."""
        self._say(documents.time_of_day(beat.told, clock), beat.number)

    def acknowledge(self, ids: Iterable[int]) -> None:
        """These are durable."""
        for one in ids:
            pending = self._pending.pop(one, None)
            if pending is not None and not self.over:
                self._say(documents.acknowledgement(pending.told), pending.number)

    def abandon(self) -> None:
        """Read no more."""
        self._state = _Stage.OVER

    def take_output(self) -> bytes:
        """What is to be sent, once."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def _taken(self, frame: NationalFrame) -> NationalEvent | None:
        try:
            payload = self._plain(frame)
            told = read_document(payload)
        except (Unreadable, NotXml) as wrong:
            return self._unreadable(frame, str(wrong))
        if self.inside and told.step not in (Purpose.REQUEST, Purpose.MD5):
            return self._inside(frame, payload, told)
        return self._logging_in(told, frame.number)

    def _logging_in(self, told: Document, number: int) -> NationalEvent:
        names = (told.building, told.gateway)
        if not all(0 < len(name) <= LONGEST and name.isprintable() for name in names):
            return self._over(ReasonCode.CLIENT_ID_INVALID, "building_id or gateway_id")
        if self.building and names != (self.building, self.gateway):
            return self._over(ReasonCode.NOT_AUTHORIZED, f"began as {self.building}")
        self.building, self.gateway = names
        if told.step is Purpose.REQUEST:
            self._state, self._asked = _Stage.WAITS, _Pending(told, number)
            return LoginAsked(*names)
        if told.step is Purpose.MD5 and self._state is _Stage.OFFERED:
            self._state, self._asked = _Stage.WAITS, _Pending(told, number)
            return LoginShown(self._proves(told.md5))
        return self._over(ReasonCode.PROTOCOL_ERROR, f"{told.operation} before the log-in")

    def _proves(self, md5: str) -> bool:
        if self._secret is None or self._reader.manner is None:
            return False
        order = self._reader.manner.dialect.md5_order
        right = md5_of(order, self._sequence, self._secret)
        return hmac.compare_digest(md5.strip().lower().encode(), right.encode())

    def _inside(self, frame: NationalFrame, payload: bytes, told: Document) -> NationalEvent:
        own = (("", self.building), ("", self.gateway))
        if told.building not in own[0] or told.gateway not in own[1]:
            return self._over(ReasonCode.NOT_AUTHORIZED, f"reports as {told.building[:LONGEST]}")
        if told.step is Purpose.HEARTBEAT:
            return Beat(told, frame.number)
        channel = "data" if told.step is Purpose.DATA else "kept"
        topic = f"{TOPIC}/{told.operation}/{channel}"
        return self._reported(topic, payload, frame, told)

    def _unreadable(self, frame: NationalFrame, why: str) -> NationalEvent:
        """Of a gateway that is in it is stored, and told as a dead letter; sent again it would be
        no better."""
        if not self.inside:
            return self._over(ReasonCode.MALFORMED, why)
        try:
            payload = self._plain(frame)
        except Unreadable:
            payload = frame.payload
        # a gateway that finds no sequence of its own acknowledged sends the report for ever
        sequence = documents.sequence_in(payload)
        names = self.building, self.gateway
        told = Document(*names, Purpose.OTHER, "data", "unreadable", sequence, "")
        return self._reported(f"{TOPIC}/unreadable/data", payload, frame, told)

    def _reported(
        self, topic: str, payload: bytes, frame: NationalFrame, told: Document
    ) -> Reported:
        event = Reported(self._next_id, topic, payload, frame.raw)
        self._pending[self._next_id] = _Pending(told, frame.number)
        self._next_id += 1
        return event

    def _plain(self, frame: NationalFrame) -> bytes:
        if self.cipher is None or not self._encrypted(frame.number):
            return frame.payload
        return self.cipher.decrypt(frame.payload)

    def _encrypted(self, number: int) -> bool:
        manner = self._reader.manner
        types = None if manner is None else manner.dialect.encrypted
        return types is None or number in types

    def _answer_asked(self, make: Callable[[Document], bytes]) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            self._say(make(asked.told), asked.number)

    def _say(self, document: bytes, number: int) -> None:
        manner: Manner | None = self._reader.manner
        if manner is None:
            return
        if self.cipher is not None and self._encrypted(number):
            document = self.cipher.encrypt(document)
        self._output += manner.frame(document, number)

    def _broken(self, wrong: NoFrame) -> Broken:
        reason = ReasonCode.PACKET_TOO_LARGE if wrong.too_long else ReasonCode.MALFORMED
        return self._over(reason, str(wrong))

    def _over(self, reason: ReasonCode, detail: str) -> Broken:
        self._state = _Stage.OVER
        return Broken(reason, detail)


def md5_of(order: Md5Order, sequence: str, secret: str) -> str:
    """What a gateway that knows the secret answers, in hex digits."""
    text = sequence + secret if order == "sequence_secret" else secret + sequence
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
