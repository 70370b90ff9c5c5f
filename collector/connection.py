"""One gateway's connection: the asyncio edge around a `ServerSession`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Protocol

import structlog

from collector.arrivals import Arrivals
from collector.certificate import gateways_of, identified
from collector.journal import Record
from collector.metrics import CollectorMetrics
from collector.mqtt import (
    Connect,
    ConnectionLimits,
    Disconnected,
    Event,
    KeptSession,
    Outward,
    Publish,
    ReasonCode,
    ServerSession,
    Subscribed,
    Unsubscribed,
    Violation,
)
from collector.recording import VERSIONS, Recorder
from collector.sockets import HeldSocket
from metering.errors import shorten
from metering.intake import GatewayConnection

_log = structlog.get_logger()

_TOLD, _SUBSCRIPTIONS_TOLD = 128, 8
"""Characters of a client id or filter that are told to people, and how many filters."""
_TOGETHER = 250
"""Messages of one read that go to the journal as one entry at most."""
_SURPLUS_S = 2.0
"""Within which CONNECT must arrive where there is no room."""


class Hub(Protocol):
    """What a connection needs of the listener it belongs to."""

    limits: ConnectionLimits
    metrics: CollectorMetrics
    connect_timeout_s: float
    arrivals: Arrivals

    def now_us(self) -> int:
        """The present instant [us]."""
        ...

    def new_id(self) -> str:
        """A name for a connection, or for a client without one, that no other has."""
        ...

    def opened(self, connection: Connection) -> bool:
        """False where there are too many already."""
        ...

    def is_surplus(self, connection: Connection) -> bool:
        """Whether it is only to be told that there is no room."""
        ...

    async def decide(self, connection: Connection, connect: Connect) -> ReasonCode:
        """Whether the gateway may come in; SUCCESS, or the reason it is told."""
        ...

    def admitted(self, connection: Connection) -> tuple[KeptSession, bool, int]:
        """The connection's gateway is in: an older connection of the same client ends. (Its
        session, whether it was there before, for how long it will be kept [s])."""
        ...

    def session_changed(self, connection: Connection) -> None:
        """Something of its session changed that is to outlive a restart."""
        ...

    def troubled(self, user: str, reason: ReasonCode, detail: str, address: str) -> None:
        """A user was turned away or cut off, and why."""
        ...

    def ended(self, connection: Connection) -> None:
        """The connection takes no more messages, though its socket may still be open."""
        ...

    def lost(self, connection: Connection) -> None:
        """The connection's socket is closed."""
        ...

    def put(
        self, connection: Connection, records: list[Record], packet_ids: Sequence[int] = ()
    ) -> None:
        """Give records to the journal; the connection is told once they are on disk, and held
        where its gateway brings too much."""
        ...


class Connection(HeldSocket[ServerSession]):
    """Reads from one socket, hands messages to the hub, writes what the session answers."""

    def __init__(self, hub: Hub) -> None:
        self.id = hub.new_id()
        super().__init__(ServerSession(hub.limits, hub.new_id))
        self._hub = hub
        self.client: Connect | None = None
        """Who it is, once let in."""
        self.expiry_s: int | None = None
        """For how long its session is to be kept, where it said so at the end."""
        self.certified: frozenset[str] | None = None
        """Gateways that its certificate names; None without one."""
        self._recorder: Recorder | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deciding: asyncio.Task[None] | None = None
        self._over = False
        self._since_us = self._last_us = self._messages = 0
        self._unread = False
        """Whether the session may hold packets that came before it was let in."""

    @property
    def user(self) -> str:
        """The gateway it is of; '' before it was let in."""
        return "" if self.client is None else self.client.user or ""

    def told(self) -> GatewayConnection:
        """How it is, for people; of one that was let in."""
        assert self.client is not None
        kept = self.session.kept
        return GatewayConnection(
            self.client.client_id[:_TOLD],
            self.address,
            VERSIONS[self.client.version],
            self._since_us,
            self._messages,
            self._last_us,
            len(kept.sent) + len(kept.received) + len(kept.pending),
            tuple(one[:_TOLD] for one in islice(kept.subscriptions, _SUBSCRIPTIONS_TOLD)),
        )

    @property
    def key(self) -> tuple[str, str]:
        """(user, client id): two connections with one key cannot both live."""
        assert self.client is not None
        return self.user, self.client.client_id

    # -- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.certified = gateways_of(transport.get_extra_info("peercert"))
        if self._hub.opened(self):
            timeout_s = self._hub.connect_timeout_s
            if self._hub.is_surplus(self):
                timeout_s = min(timeout_s, _SURPLUS_S)
            self._timer = self._loop.call_later(timeout_s, self._no_connect)
        else:
            self._refused("too many connections")
            self.abort()

    def data_received(self, data: bytes) -> None:
        self.heard_s = self._loop.time()
        self._handle(self.session.receive(data))
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deciding is not None:
            self._deciding.cancel()
        self.end("connection lost", "" if exc is None else str(exc), will=True)
        self._hub.lost(self)

    # -- called by the hub

    def hears(self, topic: str) -> bool:
        """Whether it listens to that topic."""
        return not self._over and self.session.kept.grants(topic) is not None

    def publish(self, topic: str, payload: bytes) -> None:
        """Say something on a topic, where it listens to that."""
        self.session.send(Outward(topic, payload, 1))

    def close(self, reason: ReasonCode, *, will: bool = True) -> None:
        """End the connection from our side, telling the gateway why where it can be told."""
        self.session.disconnect(reason)
        if not self._over:
            self._hub.troubled(self.user, reason, "", self.address)
        self.end(reason.sentence, will=will)

    def end(self, cause: str, detail: str = "", *, will: bool) -> None:
        """Journal the end of a connection, once, and let the socket go."""
        if self._over:
            return
        self._over = True
        self.session.abandon()
        if self._timer is not None:
            self._timer.cancel()
        if self._recorder is not None:
            self._hub.metrics.closed.labels(cause).inc()
            reason = f"{cause}: {detail}" if detail else cause
            self._journal(self._recorder.ended(reason, will=will, now_us=self._hub.now_us()))
        self._hub.ended(self)
        self.flush()
        self._let_go()

    # -- events

    def _handle(self, events: list[Event]) -> None:
        messages: list[Publish] = []
        for event in events:
            if type(event) is Publish:
                messages.append(event)
            elif messages:  # what was published before comes before
                self._journal_messages(messages)
                messages = []
                self._handle_control(event)
            else:
                self._handle_control(event)
        if messages:
            self._journal_messages(messages)

    def _handle_control(self, event: Event) -> None:
        match event:
            case Connect():
                self.hold("deciding")
                self._deciding = self._loop.create_task(self._decide(event))
            case Subscribed(filters, refused):
                self._hub.metrics.subscriptions.labels(True).inc(len(filters))
                self._hub.metrics.subscriptions.labels(False).inc(len(refused))
                self._hub.session_changed(self)
            case Unsubscribed():
                self._hub.session_changed(self)
            case Disconnected(reason, with_will, expiry_s):
                self.expiry_s = expiry_s
                self.end("gateway disconnected", f"reason {reason:#04x}", will=with_will)
            case Violation(reason, detail, user):
                self._violated(reason, detail, user)

    def _violated(self, reason: ReasonCode, detail: str, user: str) -> None:
        if self.client is None:
            self._refused(reason.sentence, detail)
            self._hub.troubled(user, reason, detail, self.address)
        else:
            name = self.user
            _log.warning("gateway closed", gateway=name, reason=reason.sentence, detail=detail)
            self._hub.troubled(name, reason, detail, self.address)
        self.end(reason.sentence, detail, will=True)

    async def _decide(self, connect: Connect) -> None:
        """Let the gateway in, or not; what it sent behind its CONNECT waits until then."""
        connect, wrong = identified(connect, self.certified)
        reason = ReasonCode.NOT_AUTHORIZED if wrong else await self._hub.decide(self, connect)
        if self._over:
            return
        if reason is not ReasonCode.SUCCESS:
            self._refused(reason.sentence, f"user {shorten(connect.user)} {wrong}".rstrip())
            self._hub.troubled(connect.user or "", reason, wrong, self.address)
            self.session.refuse(reason)
            self.end(reason.sentence, will=False)
            return
        self.client = connect
        self._recorder = Recorder(connect, self.id, self.address)
        kept, present, expiry_s = self._hub.admitted(self)
        self._since_us = self._hub.now_us()
        self._journal([self._recorder.connected(self._since_us)])
        self.session.accept(kept, present=present, expiry_s=expiry_s)
        self._hub.session_changed(self)
        self._watch_keep_alive()
        self._unread = True
        self.release("deciding")
        self.flush()

    def _read_kept(self) -> None:
        """Take up what was sent behind CONNECT: whoever is held, and comes again and again, gets
        no more in by that."""
        if self._unread:
            self._unread = False
            self._handle(self.session.receive(b""))
            self.flush()

    def _refused(self, reason: str, detail: str = "") -> None:
        self._hub.metrics.refused.labels(reason).inc()
        _log.warning("connection refused", address=self.address, reason=reason, detail=detail)

    # -- records

    def _journal_messages(self, messages: list[Publish]) -> None:
        assert self._recorder is not None
        first_us = self._last_us = self._hub.arrivals.take(len(messages))
        self._messages += len(messages)
        for start in range(0, len(messages), _TOGETHER):
            some = messages[start : start + _TOGETHER]
            packet_ids = [message.packet_id for message in some if message.qos]
            self._hub.put(self, self._recorder.messages(some, first_us + start), packet_ids)

    def _journal(self, records: list[Record]) -> None:
        self._hub.put(self, records)

    # -- time

    def _no_connect(self) -> None:
        if self.client is None and self._deciding is None:
            self._refused("no CONNECT in time")
            self.end("no CONNECT in time", will=False)

    def _watch_keep_alive(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.client is not None and self.client.keep_alive_s:
            limit_s = 1.5 * self.client.keep_alive_s
            left_s = max(self.heard_s + limit_s - self._loop.time(), 0.01)
            self._timer = self._loop.call_later(left_s, self._check_alive, limit_s)

    def _check_alive(self, limit_s: float) -> None:
        if self.held:  # not heard because not listened to
            self.heard_s = self._loop.time()
        if self._loop.time() - self.heard_s >= limit_s:
            self.close(ReasonCode.KEEP_ALIVE_TIMEOUT)
        else:
            self._watch_keep_alive()
