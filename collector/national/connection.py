"""One gateway's connection: the asyncio edge around a `NationalSession`."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from collector.arrivals import Arrivals
from collector.journal import Kind, Record
from collector.metrics import CollectorMetrics
from collector.mqtt import ReasonCode
from collector.national.cipher import Cipher
from collector.national.dialects import Dialect
from collector.national.keys import NationalKey
from collector.national.session import (
    Beat,
    Broken,
    LoginAsked,
    LoginShown,
    NationalEvent,
    NationalSession,
    Reported,
)
from collector.properties import Properties
from collector.sockets import HeldSocket
from metering.intake import GatewayConnection
from metering.localtime import from_us, zone_of

_log = structlog.get_logger()

DIGITS = 16
"""Of the sequence that is to be hashed."""


class NationalHub(Protocol):
    """What a connection needs of the server it belongs to."""

    dialects: Sequence[Dialect]
    cipher: Cipher | None
    metrics: CollectorMetrics
    arrivals: Arrivals

    def now_us(self) -> int:
        """The present instant [us]."""
        ...

    def opened(self, connection: NationalConnection) -> bool:
        """False where none is taken any more."""
        ...

    async def find(self, asked: LoginAsked) -> NationalKey | None:
        """The key of a gateway by what it calls itself; None where there is none, or it cannot be
        told now."""
        ...

    async def decide(self, connection: NationalConnection, *, right: bool) -> ReasonCode:
        """Whether a gateway may come in; SUCCESS, or why not."""
        ...

    def admitted(self, connection: NationalConnection) -> None:
        """It is in: an older connection of the same gateway ends."""
        ...

    def troubled(self, connection: NationalConnection, reason: ReasonCode, detail: str) -> None:
        """It was turned away or cut off, and why."""
        ...

    def lost(self, connection: NationalConnection) -> None:
        """Its socket is closed."""
        ...

    def put(
        self, connection: NationalConnection, records: list[Record], ids: Sequence[int] = ()
    ) -> None:
        """Give records to the journal; the connection is told once they are durable."""
        ...


class NationalConnection(HeldSocket[NationalSession]):
    """Reads from one socket, hands reports to the hub, writes what the session answers."""

    def __init__(self, hub: NationalHub) -> None:
        super().__init__(NationalSession(hub.dialects, hub.cipher, _sequence))
        self._hub = hub
        self.id = secrets.token_hex(8)
        self.key: NationalKey | None = None
        """Of the gateway that it says it is of."""
        self.began_s = self.heard_s
        self.midway_s: float | None = None
        """Since when a part of a frame waits for its rest."""
        self.over = False
        self._deciding: asyncio.Task[None] | None = None
        self._since_us = self._last_us = self._messages = 0

    @property
    def user(self) -> str:
        """The gateway it is of; '' before it was let in."""
        return self.key.gateway if self.key is not None and self.session.inside else ""

    @property
    def client(self) -> str:
        """What the gateway calls itself."""
        return f"{self.session.building}.{self.session.gateway}"

    def told(self) -> GatewayConnection:
        """How it is, for people; of one that was let in."""
        return GatewayConnection(
            self.client,
            self.address,
            f"national {self.session.dialect}",
            self._since_us,
            self._messages,
            self._last_us,
            self.session.unacknowledged,
            (),
        )

    # -- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._hub.opened(self):
            self.abort()

    def data_received(self, data: bytes) -> None:
        self.heard_s = self._loop.time()
        self._read(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deciding is not None:
            self._deciding.cancel()
        self.end("connection lost", "" if exc is None else str(exc))
        self._hub.lost(self)

    # -- called by the hub

    def durable(self, ids: Sequence[int]) -> None:
        """These reports are on disk."""
        self.session.acknowledge(ids)
        self.flush()
        if not self.session.full:
            self.release("pending")

    def close(self, reason: ReasonCode, detail: str = "") -> None:
        """End the connection from our side; the protocol has no word for why."""
        if not self.over:
            self._hub.troubled(self, reason, detail)
        self.end(reason.sentence, detail)

    def end(self, cause: str, detail: str = "") -> None:
        """Journal the end of a connection, once, and let the socket go."""
        if self.over:
            return
        self.over = True
        self.session.abandon()
        if self.user:
            self._hub.metrics.closed.labels(cause).inc()
            reason = f"{cause}: {detail}" if detail else cause
            self._hub.put(self, [self._event("disconnect", {"reason": reason, "will": False})])
        self.flush()
        self._let_go()

    # -- events

    def _read_kept(self) -> None:
        self._read(b"")

    def _read(self, data: bytes) -> None:
        events = self.session.receive(data)
        if not self.session.midway:
            self.midway_s = None
        elif events or self.midway_s is None:
            self.midway_s = self._loop.time()
        reports = [one for one in events if isinstance(one, Reported)]
        if reports:
            self._journal(reports)
        for event in events:
            self._handle(event)
        if self.session.full and not self.over:
            self.hold("pending")
        self.flush()

    def _handle(self, event: NationalEvent) -> None:
        match event:
            case LoginAsked():
                self.hold("deciding")
                self._deciding = self._loop.create_task(self._ask(event))
            case LoginShown(right):
                self.hold("deciding")
                self._deciding = self._loop.create_task(self._decide(right=right))
            case Beat():
                self.session.tell_time(event, self._clock())
            case Broken(reason, detail):
                self.close(reason, detail)
            case Reported():
                pass

    async def _ask(self, asked: LoginAsked) -> None:
        key = await self._hub.find(asked)
        if self.over:
            return
        if self.session.inside and key != self.key:
            self.close(ReasonCode.ADMINISTRATIVE_ACTION)
            return
        self.key = key
        self.session.offer(None if key is None else key.secret)
        self.flush()
        self.release("deciding")

    async def _decide(self, *, right: bool) -> None:
        again = self.session.inside
        reason = await self._hub.decide(self, right=right)
        if self.over:
            return
        if reason is not ReasonCode.SUCCESS:
            self.session.turn_away()
            self.close(reason, f"building {self.session.building}")
            return
        self.session.let_in()
        if not again:
            self._hub.admitted(self)
            self._since_us = self._hub.now_us()
            about = {"protocol": self.told().protocol, "address": self.address}
            self._hub.put(self, [self._event("connect", about)])
        self.flush()
        self.release("deciding")

    def _clock(self) -> str:
        """The wall clock of the gateway's site."""
        zone = "UTC" if self.key is None else self.key.zone
        here = from_us(self._hub.now_us()).astimezone(zone_of(zone))
        return here.strftime("%Y%m%d%H%M%S")

    # -- records

    def _journal(self, reports: Sequence[Reported]) -> None:
        first_us = self._last_us = self._hub.arrivals.take(len(reports))
        self._messages += len(reports)
        records = [self._record(one, first_us + place) for place, one in enumerate(reports)]
        self._hub.put(self, records, [one.id for one in reports])

    def _record(self, one: Reported, now_us: int) -> Record:
        """The document, and beside it the frame that it came in."""
        frame = base64.b64encode(one.raw).decode("ascii")
        about = Properties(user=(("dialect", self.session.dialect), ("frame", frame)))
        return Record(
            "message", now_us, self.user, self.client, self.id, one.topic, one.payload, 1,
            properties=about,
        )  # fmt: skip

    def _event(self, kind: Kind, about: Mapping[str, object]) -> Record:
        payload = json.dumps(about, ensure_ascii=False).encode()
        return Record(kind, self._hub.now_us(), self.user, self.client, self.id, "", payload)


def _sequence() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
