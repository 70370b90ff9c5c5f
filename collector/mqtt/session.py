"""The server's side of one MQTT connection: bytes in, events and bytes out, no sockets.

::

    new ──CONNECT──▶ deciding ──accept()──▶ open ──DISCONNECT, violation, disconnect()──▶ closed
     │                  └──────refuse()─────────────────────────────────────────────────────▲
     └──anything else───────────────────────────────────────────────────────────────────────┘

The owner passes what it received to `receive`, acts on the events, and writes
`take_output`. After `accept` it calls ``receive(b"")``: a client may publish behind its
CONNECT without waiting. Nothing a client sends raises an exception; what breaks the
protocol or a limit becomes a `Violation`, after which everything else is ignored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum

from collector.mqtt import properties
from collector.mqtt.codes import (
    CONNACK_V311,
    SUBSCRIBE_REFUSED_V311,
    V5,
    V31,
    Packet,
    ReasonCode,
)
from collector.mqtt.connect import read_connect, read_version
from collector.mqtt.events import (
    Connect,
    Disconnected,
    Event,
    Ping,
    Publish,
    Subscribed,
    Unsubscribed,
    Violation,
)
from collector.mqtt.frames import Framer
from collector.mqtt.kept import MOST_SUBSCRIPTIONS, KeptSession, Outward
from collector.mqtt.limits import ConnectionLimits
from collector.mqtt.outward import encode_outward
from collector.mqtt.packets import (
    BrokenPacket,
    Cursor,
    encode_packet,
    encode_pubacks,
    encode_short,
    malformed,
    protocol_error,
)
from collector.mqtt.properties import Property, encode_properties
from collector.mqtt.publish import PublishReader
from collector.mqtt.subscribe import read_filters, read_subscriptions


class _State(Enum):
    NEW = "new"
    DECIDING = "deciding"
    OPEN = "open"
    CLOSED = "closed"


class ServerSession:
    """Protocol state of one connection."""

    def __init__(self, limits: ConnectionLimits, assign_client_id: Callable[[], str]) -> None:
        self.limits = limits
        self.version = 0
        """0 until CONNECT names one that is spoken here."""
        self._assign_client_id = assign_client_id
        self._state = _State.NEW
        self._begun = False
        self._framer = Framer(limits.connect_bytes)
        self._output = bytearray()
        self._publishes = PublishReader(limits, self.version)
        self._connack: list[tuple[Property, int | str]] = []
        self._client: Connect | None = None
        self._again: deque[int] = deque()
        """Packet ids of what an earlier connection sent and is yet to be sent again."""
        self._counted: set[int] = set()
        """Packet ids of this connection's messages at QoS 2, until they are released."""
        self.kept = KeptSession()
        """What outlives the connection where the owner keeps it."""

    @property
    def closed(self) -> bool:
        """Whether the connection has to end; nothing that comes is read any more."""
        return self._state is _State.CLOSED

    def receive(self, data: bytes) -> list[Event]:
        """Events of the packets that became whole with ``data``."""
        events: list[Event] = []
        if self._state is _State.CLOSED:
            return events
        begins = not self._begun and data
        self._framer.feed(data)
        if self._state is _State.DECIDING:
            return events
        try:
            if begins:
                self._begin(data[0])
            self._take_packets(events)
        except BrokenPacket as error:
            events.append(Violation(error.reason, error.detail, error.user))
            self._close(error.reason)
        return events

    def take_output(self) -> bytes:
        """Bytes to be written, once."""
        if not self._output:
            return b""
        output = bytes(self._output)
        self._output.clear()
        return output

    def accept(
        self, kept: KeptSession | None = None, *, present: bool = False, expiry_s: int = 0
    ) -> None:
        """Let the client in.

        kept: its session, which was there before if `present`; None for one of its own.
        expiry_s: for how long it is kept beyond the connection.
        """
        assert self._client is not None
        self._state = _State.OPEN
        self._publishes = PublishReader(self.limits, self.version)
        self._framer.limit = self.limits.packet_bytes
        self.kept = kept or self.kept
        if expiry_s != self._client.expiry_s:
            self._connack.append((Property.SESSION_EXPIRY, expiry_s))
        there = bytes((present and self.version > V31, 0))
        body = there + (encode_properties(self._connack) if self.version == V5 else b"")
        self._output += encode_packet(Packet.CONNACK << 4, body)
        self._again = deque(self.kept.sent)
        self._send_queued()

    def refuse(self, reason: ReasonCode) -> None:
        """Do not let the client in; the connection is to be closed."""
        self._close(reason)

    def acknowledge(self, packet_ids: list[int]) -> list[int]:
        """Tell the client that these messages are durable; those at QoS 2 that it could not be told
        any more, of which a later connection of the same session may ask."""
        once, twice = self.kept.durable(packet_ids)
        if self._state is not _State.OPEN:
            return twice
        unfit = self._publishes.unfit.intersection(packet_ids)
        self._publishes.unfit -= unfit
        self._publishes.in_flight -= len(once)
        if unfit:
            self._output += b"".join(_answer_to(Packet.PUBACK, one, one in unfit) for one in once)
            self._output += b"".join(_answer_to(Packet.PUBREC, one, one in unfit) for one in twice)
            self._end_unfit(unfit.intersection(twice))
        else:
            self._output += encode_pubacks(once)
            self.receive_again(twice)
        return []

    def _end_unfit(self, packet_ids: set[int]) -> None:
        """A PUBREC that refuses a message is its end: nobody releases it."""
        self.kept.received -= packet_ids
        self._counted -= packet_ids
        self._publishes.in_flight -= len(packet_ids)

    def receive_again(self, packet_ids: Sequence[int]) -> None:
        """Tell the client that it may release these messages at QoS 2."""
        if self._state is _State.OPEN:
            self._output += encode_short(Packet.PUBREC, packet_ids)

    def send(self, message: Outward) -> bool:
        """Send the client a message, or let it wait until it may be sent; False where nothing that
        the client subscribed to takes its topic."""
        granted = self.kept.grants(message.topic)
        if granted is None:
            return False
        if message.qos and granted[0]:
            self.kept.queued.append(message)
            self._send_queued()
        elif self._state is _State.OPEN:
            self._send(message, 0)
        return True

    def _send_queued(self) -> None:
        """Send what waits, within what the client takes at a time: first what an earlier connection
        of it had sent already."""
        if self._state is not _State.OPEN or self._client is None:
            return
        kept, window = self.kept, min(self.limits.outward_window, self._client.receive_maximum)
        while len(kept.sent) - len(self._again) < window:
            if self._again:
                packet_id = self._again.popleft()
                if packet_id in kept.sent:
                    self._send(kept.sent[packet_id], packet_id, again=True)
            elif kept.queued:
                message, packet_id = kept.queued.popleft(), kept.next_id()
                kept.sent[packet_id] = message
                self._send(message, packet_id)
            else:
                break

    def _send(self, message: Outward, packet_id: int, *, again: bool = False) -> None:
        """A packet too large for the client is forgotten (MQTT 5, 3.1.2.11.4)."""
        assert self._client is not None
        _, named = self.kept.grants(message.topic) or (0, ())
        packet = encode_outward(message, packet_id, named, v5=self.version == V5, again=again)
        if len(packet) > self._client.packet_bytes:
            self.kept.sent.pop(packet_id, None)
        else:
            self._output += packet

    def disconnect(self, reason: ReasonCode) -> None:
        """End the connection; MQTT 5 clients are told why."""
        self._close(reason)

    def abandon(self) -> None:
        """The connection is gone: nothing more can be said, and what becomes durable now is for a
        later one to tell."""
        self._state = _State.CLOSED
        self._framer.clear()

    def _begin(self, header: int) -> None:
        """Refuse another protocol by its first byte: its length would be nonsense."""
        self._begun = True
        if header >> 4 != Packet.CONNECT:
            raise protocol_error("the first packet is not CONNECT")

    def _take_packets(self, events: list[Event]) -> None:
        for header, start, end in self._framer.frames():
            if header & 0xF0 == 0x30 and self._state is _State.OPEN:
                message = self._publishes.read(self._framer.data, header & 0x0F, start, end)
                if message.qos < 2 or self._is_new(message):
                    events.append(message)
                continue
            event = self._control(header, Cursor(self._framer.data, start, end))
            if event is not None:
                events.append(event)
            if self._state is not _State.OPEN:
                return

    def _is_new(self, message: Publish) -> bool:
        """Whether a message at QoS 2 is none that came before and was not released.

        One that is not marked as sent again is another, whatever came under its id: its client
        forgot that one, and of two that are equal nothing is lost."""
        packet_id = message.packet_id
        if packet_id in self._counted:
            self._publishes.in_flight -= 1
        self._counted.add(packet_id)
        if not message.dup:
            self.kept.received.discard(packet_id)
        elif packet_id in self.kept.received:
            self.receive_again([packet_id])
            return False
        elif packet_id in self.kept.pending:
            return False
        self.kept.pending.add(packet_id)
        return True

    def _control(self, header: int, cursor: Cursor) -> Event | None:
        """Any packet but a PUBLISH of a client that was let in."""
        kind, flags = header >> 4, header & 0x0F
        if kind == Packet.CONNECT and self._state is not _State.NEW:
            raise protocol_error("a second CONNECT")
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise protocol_error(f"a packet of type {kind}, which a client may not send here")
        expected, handle = handler
        if self.version == V31 and expected:
            flags &= ~_DUP
        if flags != expected:
            raise malformed(f"flags {flags:04b} in a packet of type {kind}")
        return handle(self, cursor)

    def _connect(self, cursor: Cursor) -> Connect:
        self.version = read_version(cursor)
        event, assigned = read_connect(cursor, self.version, self._assign_client_id)
        self._client = event
        if self.version == V5:
            self._connack = self._promises()
            if assigned:
                self._connack.append((Property.ASSIGNED_CLIENT_ID, event.client_id))
        self._state = _State.DECIDING
        return event

    def _promises(self) -> list[tuple[Property, int | str]]:
        return [
            (Property.RECEIVE_MAXIMUM, self.limits.receive_maximum),
            (Property.MAXIMUM_PACKET_SIZE, self.limits.packet_bytes),
            (Property.TOPIC_ALIAS_MAXIMUM, self.limits.topic_alias_maximum),
            (Property.SHARED_SUBSCRIPTION, 0),
        ]

    def _subscribe(self, cursor: Cursor) -> Subscribed:
        packet_id, found = self._read_packet_id(cursor, properties.SUBSCRIBE)
        identifier = found.get(Property.SUBSCRIPTION_ID, 0)
        assert isinstance(identifier, int)
        asked = read_subscriptions(cursor, self.version, identifier, self.limits)
        codes, granted, refused = bytearray(), [], []
        for name, one, wrong in asked:
            if wrong or not self._has_room(name):
                codes.append(self._refused_with(wrong or ReasonCode.QUOTA_EXCEEDED))
                refused.append(name)
            else:
                self.kept.subscriptions[name] = one
                codes.append(one.qos)
                granted.append(name)
        self._answer(Packet.SUBACK, packet_id, bytes(codes))
        self._send_queued()
        return Subscribed(tuple(granted), tuple(refused))

    def _has_room(self, name: str) -> bool:
        own = self.kept.subscriptions
        return name in own or len(own) < MOST_SUBSCRIPTIONS

    def _refused_with(self, reason: ReasonCode) -> int:
        """MQTT 3.1 has no refusal: it is granted, and nothing comes."""
        if self.version == V5:
            return reason
        return 0 if self.version == V31 else SUBSCRIBE_REFUSED_V311

    def _unsubscribe(self, cursor: Cursor) -> Unsubscribed:
        packet_id, _ = self._read_packet_id(cursor, properties.UNSUBSCRIBE)
        filters = read_filters(cursor)
        there = [self.kept.subscriptions.pop(name, None) is not None for name in filters]
        codes = bytes(0 if one else ReasonCode.NO_SUBSCRIPTION_EXISTED for one in there)
        self._answer(Packet.UNSUBACK, packet_id, codes if self.version == V5 else b"")
        return Unsubscribed(tuple(filters))

    def _read_packet_id(
        self, cursor: Cursor, allowed: frozenset[Property]
    ) -> tuple[int, dict[Property, properties.Value]]:
        packet_id = cursor.u16("packet id")
        if not packet_id:
            raise protocol_error("packet id 0")
        found = properties.read_properties(cursor, allowed) if self.version == V5 else {}
        return packet_id, found

    def _answer(self, kind: Packet, packet_id: int, codes: bytes) -> None:
        no_properties = b"\0" if self.version == V5 else b""
        self._output += encode_packet(kind << 4, packet_id.to_bytes(2) + no_properties + codes)

    def _released(self, cursor: Cursor) -> None:
        packet_id = self._read_acknowledgement(cursor, "PUBREL")
        if packet_id in self._counted:
            self._counted.remove(packet_id)
            self._publishes.in_flight -= 1
        if packet_id in self.kept.received or self.version != V5:
            self.kept.received.discard(packet_id)
            self._output += encode_short(Packet.PUBCOMP, [packet_id])
        else:
            code = bytes((ReasonCode.PACKET_ID_NOT_FOUND,))
            self._output += encode_packet(Packet.PUBCOMP << 4, packet_id.to_bytes(2) + code)

    def _acknowledged(self, cursor: Cursor) -> None:
        """A client has a message of ours; one that it refuses it has as well."""
        self.kept.sent.pop(self._read_acknowledgement(cursor, "PUBACK"), None)
        self._send_queued()

    def _read_acknowledgement(self, cursor: Cursor, name: str) -> int:
        packet_id = cursor.u16("packet id")
        if self.version == V5 and cursor.at < cursor.end:
            cursor.u8("reason code")
            if cursor.at < cursor.end:
                properties.read_properties(cursor, properties.ACKNOWLEDGEMENT)
        cursor.expect_end(name)
        return packet_id

    def _ping(self, cursor: Cursor) -> Ping:
        cursor.expect_end("PINGREQ")
        self._output += encode_packet(Packet.PINGRESP << 4, b"")
        return Ping()

    def _disconnected(self, cursor: Cursor) -> Disconnected:
        reason, found = int(ReasonCode.SUCCESS), {}
        if self.version == V5 and cursor.at < cursor.end:
            reason = cursor.u8("reason code")
            if cursor.at < cursor.end:
                found = properties.read_properties(cursor, properties.DISCONNECT)
        cursor.expect_end("DISCONNECT")
        self._state = _State.CLOSED
        self._framer.clear()
        # any code but 0 says that something is wrong, and keeps the will (MQTT 5, 3.14.2.1)
        expiry_s = found.get(Property.SESSION_EXPIRY)
        assert expiry_s is None or isinstance(expiry_s, int)
        return Disconnected(reason, reason != ReasonCode.SUCCESS, expiry_s)

    def _close(self, reason: ReasonCode) -> None:
        """Say goodbye in the way the version and the state allow."""
        if self._state is _State.OPEN and self.version == V5:
            body = b"" if reason == ReasonCode.SUCCESS else bytes((reason, 0))
            self._output += encode_packet(Packet.DISCONNECT << 4, body)
        elif self._state is _State.DECIDING or (
            self._state is _State.NEW and self._can_refuse(reason)
        ):
            self._output += self._refusal(reason)
        self._state = _State.CLOSED
        self._framer.clear()

    def _can_refuse(self, reason: ReasonCode) -> bool:
        """Before a CONNECT was read whole, MQTT 3.1.1 answers only what it has a code for."""
        return self.version == V5 or reason in (
            ReasonCode.UNSUPPORTED_VERSION,
            ReasonCode.CLIENT_ID_INVALID,
        )

    def _refusal(self, reason: ReasonCode) -> bytes:
        if self.version == V5:
            return encode_packet(Packet.CONNACK << 4, bytes((0, reason, 0)))
        return encode_packet(Packet.CONNACK << 4, bytes((0, CONNACK_V311.get(reason, 3))))


def _answer_to(kind: Packet, packet_id: int, refused: bool) -> bytes:
    """A PUBACK or PUBREC: the message is durable, or that and of no use as to its topic."""
    code = bytes((ReasonCode.TOPIC_NAME_INVALID,)) if refused else b""
    return encode_packet(kind << 4, packet_id.to_bytes(2) + code)


_DUP = 8
"""A flag that MQTT 3.1 knows of packets that later versions never send again."""
_HANDLERS: dict[int, tuple[int, Callable[[ServerSession, Cursor], Event | None]]] = {
    Packet.CONNECT: (0, ServerSession._connect),
    Packet.PUBACK: (0, ServerSession._acknowledged),
    Packet.PUBREL: (2, ServerSession._released),
    Packet.SUBSCRIBE: (2, ServerSession._subscribe),
    Packet.UNSUBSCRIBE: (2, ServerSession._unsubscribe),
    Packet.PINGREQ: (0, ServerSession._ping),
    Packet.DISCONNECT: (0, ServerSession._disconnected),
}
"""(flags required, handler) by packet type; PUBLISH has a way of its own."""
