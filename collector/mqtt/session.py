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

from collections.abc import Callable, Sequence
from enum import Enum

from collector.mqtt import properties
from collector.mqtt.codes import (
    CONNACK_V311,
    SUBSCRIBE_REFUSED_V5,
    SUBSCRIBE_REFUSED_V311,
    V5,
    Packet,
    ReasonCode,
)
from collector.mqtt.connect import read_connect, read_version
from collector.mqtt.events import Connect, Disconnected, Event, Ping, SubscriptionRefused, Violation
from collector.mqtt.frames import Framer
from collector.mqtt.limits import ConnectionLimits
from collector.mqtt.packets import (
    BrokenPacket,
    Cursor,
    encode_packet,
    encode_pubacks,
    malformed,
    protocol_error,
)
from collector.mqtt.properties import Property, encode_properties
from collector.mqtt.publish import PublishReader

_NO_SUBSCRIPTION = 0x11


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
            events.append(Violation(error.reason, error.detail))
            self._close(error.reason)
        return events

    def take_output(self) -> bytes:
        """Bytes to be written, once."""
        if not self._output:
            return b""
        output = bytes(self._output)
        self._output.clear()
        return output

    def accept(self) -> None:
        """Let the client in."""
        self._state = _State.OPEN
        self._publishes = PublishReader(self.limits, self.version)
        self._framer.limit = self.limits.packet_bytes
        body = b"\0\0" + (encode_properties(self._connack) if self.version == V5 else b"")
        self._output += encode_packet(Packet.CONNACK << 4, body)

    def refuse(self, reason: ReasonCode) -> None:
        """Do not let the client in; the connection is to be closed."""
        self._close(reason)

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Tell the client that these messages are durable."""
        if self._state is _State.OPEN:
            self._publishes.in_flight -= len(packet_ids)
            self._output += encode_pubacks(packet_ids)

    def disconnect(self, reason: ReasonCode) -> None:
        """End the connection; MQTT 5 clients are told why."""
        self._close(reason)

    def _begin(self, header: int) -> None:
        """Refuse another protocol by its first byte: its length would be nonsense."""
        self._begun = True
        if header >> 4 != Packet.CONNECT:
            raise protocol_error("the first packet is not CONNECT")

    def _take_packets(self, events: list[Event]) -> None:
        for header, start, end in self._framer.frames():
            if header & 0xF0 == 0x30 and self._state is _State.OPEN:
                events.append(self._publishes.read(self._framer.data, header & 0x0F, start, end))
                continue
            events.append(self._control(header, Cursor(self._framer.data, start, end)))
            if self._state is not _State.OPEN:
                return

    def _control(self, header: int, cursor: Cursor) -> Event:
        """Any packet but a PUBLISH of a client that was let in."""
        kind, flags = header >> 4, header & 0x0F
        if kind == Packet.CONNECT and self._state is not _State.NEW:
            raise protocol_error("a second CONNECT")
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise protocol_error(f"a packet of type {kind}, which a client may not send here")
        expected, handle = handler
        if flags != expected:
            raise malformed(f"flags {flags:04b} in a packet of type {kind}")
        return handle(self, cursor)

    def _connect(self, cursor: Cursor) -> Connect:
        self.version = read_version(cursor)
        event, assigned, expiry_s = read_connect(cursor, self.version, self._assign_client_id)
        if self.version == V5:
            self._connack = self._promises()
            if expiry_s:
                self._connack.append((Property.SESSION_EXPIRY, 0))
            if assigned:
                self._connack.append((Property.ASSIGNED_CLIENT_ID, event.client_id))
        self._state = _State.DECIDING
        return event

    def _promises(self) -> list[tuple[Property, int | str]]:
        return [
            (Property.RECEIVE_MAXIMUM, self.limits.receive_maximum),
            (Property.MAXIMUM_QOS, 1),
            (Property.MAXIMUM_PACKET_SIZE, self.limits.packet_bytes),
            (Property.TOPIC_ALIAS_MAXIMUM, self.limits.topic_alias_maximum),
            (Property.WILDCARD_SUBSCRIPTION, 0),
            (Property.SUBSCRIPTION_ID_AVAILABLE, 0),
            (Property.SHARED_SUBSCRIPTION, 0),
        ]

    def _subscribe(self, cursor: Cursor) -> SubscriptionRefused:
        packet_id = self._read_packet_id(cursor, properties.SUBSCRIBE)
        filters = []
        while cursor.at < cursor.end:
            filters.append(cursor.text("topic filter"))
            _check_subscription(cursor.u8("subscription options"), self.version)
        v5 = self.version == V5
        code = SUBSCRIBE_REFUSED_V5 if v5 else SUBSCRIBE_REFUSED_V311
        return self._answer(Packet.SUBACK, packet_id, filters, bytes((code,)))

    def _unsubscribe(self, cursor: Cursor) -> SubscriptionRefused:
        packet_id = self._read_packet_id(cursor, properties.UNSUBSCRIBE)
        filters = []
        while cursor.at < cursor.end:
            filters.append(cursor.text("topic filter"))
        code = bytes((_NO_SUBSCRIPTION,)) if self.version == V5 else b""
        return self._answer(Packet.UNSUBACK, packet_id, filters, code)

    def _read_packet_id(self, cursor: Cursor, allowed: frozenset[Property]) -> int:
        packet_id = cursor.u16("packet id")
        if not packet_id:
            raise protocol_error("packet id 0")
        if self.version == V5:
            properties.read_properties(cursor, allowed)
        return packet_id

    def _answer(
        self, kind: Packet, packet_id: int, filters: list[str], code: bytes
    ) -> SubscriptionRefused:
        if not all(filters):
            raise malformed("an empty topic filter")
        if not filters:
            raise protocol_error("no topic filter")
        no_properties = b"\0" if self.version == V5 else b""
        body = packet_id.to_bytes(2) + no_properties + code * len(filters)
        self._output += encode_packet(kind << 4, body)
        return SubscriptionRefused(tuple(filters))

    def _ping(self, cursor: Cursor) -> Ping:
        cursor.expect_end("PINGREQ")
        self._output += encode_packet(Packet.PINGRESP << 4, b"")
        return Ping()

    def _disconnected(self, cursor: Cursor) -> Disconnected:
        reason = int(ReasonCode.SUCCESS)
        if self.version == V5 and cursor.at < cursor.end:
            reason = cursor.u8("reason code")
            if cursor.at < cursor.end:
                properties.read_properties(cursor, properties.DISCONNECT)
        cursor.expect_end("DISCONNECT")
        self._state = _State.CLOSED
        self._framer.clear()
        # any code but 0 says that something is wrong, and keeps the will (MQTT 5, 3.14.2.1)
        return Disconnected(reason, reason != ReasonCode.SUCCESS)

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


def _check_subscription(options: int, version: int) -> None:
    reserved = 0xC0 if version == V5 else 0xFC
    if options & reserved or options & 3 == 3 or options & 0x30 == 0x30:
        raise malformed(f"subscription options {options:#04x}")


_HANDLERS: dict[int, tuple[int, Callable[[ServerSession, Cursor], Event]]] = {
    Packet.CONNECT: (0, ServerSession._connect),
    Packet.SUBSCRIBE: (2, ServerSession._subscribe),
    Packet.UNSUBSCRIBE: (2, ServerSession._unsubscribe),
    Packet.PINGREQ: (0, ServerSession._ping),
    Packet.DISCONNECT: (0, ServerSession._disconnected),
}
"""(flags required, handler) by packet type; PUBLISH has a way of its own."""
