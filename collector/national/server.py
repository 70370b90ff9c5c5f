"""The port for gateways of the national protocol: an acknowledgement means "on disk here".

Everything but the commit thread and the look at keys runs on the event loop. What the listener does
for MQTT it does alike: what is bounded, who is slowed down, what is told of whom.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import structlog

from collector.accepting import Accepting, Serving, cannot_listen
from collector.arrivals import Arrivals
from collector.braking import Braking
from collector.commit import CommitEntry
from collector.crowding import Crowding
from collector.holding import Budgets
from collector.journal import JournalWriter, Record
from collector.metrics import CollectorMetrics
from collector.mqtt import ReasonCode
from collector.national.cipher import Cipher
from collector.national.connection import NationalConnection
from collector.national.dialects import Dialect
from collector.national.keys import NationalKey, NationalKeys
from collector.national.session import LoginAsked
from collector.reception import QueueSettings, ReceiverHealth, Reception, reason_of
from collector.tls_door import MOST_HANDSHAKES, Handshakes
from collector.troubles import Troubles
from metering.errors import TooManyTries, Unavailable
from metering.intake import GatewayConnection, Why
from metering.ports import Credentials
from metering.tries import UNKNOWN, FailedTries

_log = structlog.get_logger()

TRIES = 5
"""Wrong MD5s of one gateway from one address in a minute, before no other is looked at."""
LOOK_S = 1.0
"""Between two looks at who is silent."""
KEYS_S = 5.0
"""Between two looks at whether connected gateways may still be there."""
SILENT_S = 2.0
"""After which one that has not logged in gives way where there is no room."""


class ServerSettings(QueueSettings, frozen=True, kw_only=True):
    """Where to listen, and how much to take at once."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes any free port; `NationalServer.port` tells which."""
    max_connections: int = 2_000
    max_handshakes: int = MOST_HANDSHAKES
    connect_timeout_s: float = 10.0
    """Within which a gateway must have logged in."""
    frame_s: float = 30.0
    """Within which a frame that has begun must have ended."""
    silent_s: float = 3_900.0
    """After which a gateway that says nothing is cut off."""
    records_per_s: float = 500.0
    burst_records: int = 20_000
    """What one gateway may send while the intake is behind, as `ListenerSettings` has it."""


class NationalServer:
    """Lets gateways in and journals what they report.

    journal: stays open when the server closes; its owner closes it.
    dialects, cipher: what is spoken; without a cipher documents are plain.
    now_us: the clock [us since the epoch], for arrival times and heartbeats.
    tls: what the next connection speaks; None for plain TCP.
    """

    def __init__(
        self,
        journal: JournalWriter,
        credentials: Credentials,
        keys: NationalKeys,
        settings: ServerSettings,
        metrics: CollectorMetrics,
        *,
        dialects: Sequence[Dialect],
        cipher: Cipher | None,
        now_us: Callable[[], int],
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self.settings, self.metrics = settings, metrics
        self.dialects, self.cipher = dialects, cipher
        self.now_us, self.arrivals = now_us, Arrivals(now_us)
        self._credentials, self._keys, self._tls = credentials, keys, tls
        self._tries = FailedTries(time.monotonic, TRIES)
        self._troubles = Troubles(now_us)
        self._open: set[NationalConnection] = set()
        self._by_user: dict[str, NationalConnection] = {}
        self._room = asyncio.Event()
        self._room.set()
        self._crowding = Crowding(settings.max_connections)
        self._closing = False
        self._serving: Serving | None = None
        self._watching: asyncio.Task[None] | None = None
        self._reception: Reception[NationalConnection] = Reception(
            journal,
            metrics,
            settings,
            on_durable=lambda batch: self._reception.on_loop(self._durable, batch),
            on_failure=lambda error: self._reception.on_loop(self._failing, error),
        )
        budgets = Budgets(settings.records_per_s, settings.burst_records, time.monotonic)
        self._braking = Braking(self._reception, metrics, budgets, now_us, self._brake)

    @property
    def port(self) -> int:
        """The port listened on."""
        return self.settings.port if self._serving is None else self._serving.port

    async def start(self) -> None:
        """Listen; raises ConfigurationError where the port cannot be had."""
        host, port = self.settings.host, self.settings.port
        begin: Callable[[], asyncio.Protocol] = self._new_connection
        if self._tls is not None:
            handshakes = Handshakes(
                self._tls, self.settings.connect_timeout_s, self.settings.max_handshakes
            )
            begin = partial(handshakes.door, begin)
        try:
            self._serving = await Accepting.start(
                begin, host, port, self._room, self._crowding.exhausted
            )
        except OSError as error:
            raise cannot_listen(error, host, port, "national") from error
        self._reception.start()
        self._watching = asyncio.create_task(self._watch())
        _log.info("listening for national gateways", host=host, port=self.port)
        if self._tls is None:
            _log.warning("national gateways are not encrypted by TLS: use a VPN", host=host)

    def _new_connection(self) -> NationalConnection:
        return NationalConnection(self)

    async def crashed(self) -> None:
        """Wait until the commit thread dies of an error of its own, and raise that error."""
        await self._reception.crashed()

    async def close(self) -> None:
        """Stop taking, store and acknowledge what was taken."""
        if self._serving is None or self._closing:
            return
        self._closing = True
        self._serving.close()
        if self._watching is not None:
            self._watching.cancel()
        for connection in self._open:
            connection.hold("stopping")
        await asyncio.to_thread(self._reception.drain, 10.0)
        await asyncio.sleep(0)  # the acknowledgements of the last commit
        for connection in list(self._open):
            connection.end(ReasonCode.SERVER_SHUTTING_DOWN.sentence)
        await asyncio.to_thread(self._reception.stop)
        deadline = time.monotonic() + 2.0
        while self._open and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for connection in list(self._open):
            connection.abort()

    def health(self) -> ReceiverHealth:
        """How it is now. May be asked from any thread."""
        if not self._room.is_set():
            self._crowding.found_none()
        return self._reception.health(
            len(self._by_user),
            problem=self._crowding.problem(),
            held=self._braking.told(),
            troubles=self._troubles.told(),
        )

    def connections(self) -> dict[str, list[GatewayConnection]]:
        """Those that are open, by gateway. On the loop."""
        return {user: [one.told()] for user, one in self._by_user.items()}

    def follow(self, behind: int | None) -> None:
        """So many records journalled here wait for the intake, as a listener is told."""
        self._braking.follow(behind, self._by_user.keys())

    def hears(self, gateway: str, topic: str) -> bool:  # noqa: ARG002
        """Never: nothing but acknowledgements is sent by this protocol."""
        return False

    def command(self, gateway: str, topic: str, payload: bytes) -> None:
        """Nothing: no gateway hears it."""

    # -- called by connections

    def opened(self, connection: NationalConnection) -> bool:
        """Take up a connection; False at the end."""
        if self._closing:
            return False
        self._open.add(connection)
        if self._reception.held:
            connection.hold("queue")
        self._look_for_room()
        return True

    def _look_for_room(self) -> None:
        if len(self._open) < self.settings.max_connections:
            self._room.set()
        else:
            self._room.clear()

    async def find(self, asked: LoginAsked) -> NationalKey | None:
        """The key of a gateway; None where there is none, or the file cannot be read, which is
        logged."""
        try:
            return await asyncio.to_thread(self._keys.find, asked.building, asked.gateway)
        except Unavailable as away:
            _log.warning("secrets of gateways cannot be read now", error=str(away))
            return None

    async def decide(self, connection: NationalConnection, *, right: bool) -> ReasonCode:
        """Whether a gateway may come in, and if not, why."""
        if self._closing:
            return ReasonCode.SERVER_SHUTTING_DOWN
        failure = self._reception.failure
        if failure is not None:
            return reason_of(failure)
        key, tries = connection.key, self._tries.at(connection.address)
        name = UNKNOWN if key is None else key.gateway
        try:
            tries.check(name)
            if key is None or not right:
                tries.failed(name)
                return ReasonCode.BAD_USER_OR_PASSWORD
            if await asyncio.to_thread(self._credentials.knows, key.gateway):
                return ReasonCode.SUCCESS
            revoked = self._credentials.revoked(key.gateway)
            return ReasonCode.BANNED if revoked else ReasonCode.NOT_AUTHORIZED
        except TooManyTries:
            return ReasonCode.CONNECTION_RATE_EXCEEDED
        except Exception:  # whatever the store raises, the gateway gets its answer
            _log.exception("gateways cannot be let in now")
            return ReasonCode.SERVER_UNAVAILABLE

    def admitted(self, connection: NationalConnection) -> None:
        """Register a gateway; an older connection of it gives way."""
        user = connection.user
        older = self._by_user.pop(user, None)
        if older is not None:
            older.close(ReasonCode.SESSION_TAKEN_OVER)
        self._by_user[user] = connection
        self._troubles.came_in(user, connection.address)
        for why in self._braking.reasons(user):
            connection.hold(why)
        self.metrics.connects.labels(connection.told().protocol).inc()
        self.metrics.connections.set(len(self._by_user))

    def troubled(self, connection: NationalConnection, reason: ReasonCode, detail: str) -> None:
        """Remember what a gateway was turned away or cut off for."""
        key = connection.key
        if not connection.session.inside:
            self.metrics.refused.labels(reason.sentence).inc()
        _log.warning(
            "national gateway closed",
            gateway="" if key is None else key.gateway,
            address=connection.address,
            reason=reason.sentence,
            detail=detail,
        )
        if key is None:
            self._troubles.note_at(connection.address, reason, detail)
        else:
            self._troubles.note(key.gateway, reason, detail, connection.address)

    def lost(self, connection: NationalConnection) -> None:
        """Forget a connection whose socket is closed."""
        self._open.discard(connection)
        if self._by_user.get(connection.user) is connection:
            del self._by_user[connection.user]
            self.metrics.connections.set(len(self._by_user))
        self._look_for_room()

    def put(
        self, connection: NationalConnection, records: list[Record], ids: Sequence[int] = ()
    ) -> None:
        """Queue records for the next commit; hold their gateway back where it brings too much, and
        all where there are too many."""
        size = self._reception.put(connection, records, ids, connection.user)
        self._braking.put(connection.user, len(records), size)
        self._weigh()

    # -- called on the loop for the commit thread

    def _durable(self, batch: list[CommitEntry[NationalConnection]]) -> None:
        self._braking.stored(entry.source for entry in batch)
        for entry in batch:
            if entry.packet_ids and not entry.owner.over:  # else it will bring them again
                entry.owner.durable(entry.packet_ids)
                self.metrics.acknowledged.inc(len(entry.packet_ids))
        self._weigh()

    def _failing(self, error: Unavailable) -> None:
        """Nothing can be stored: let every gateway go, it will bring its reports again."""
        for connection in list(self._by_user.values()):
            connection.close(reason_of(error))
        self._weigh()

    def _brake(self, user: str, why: Why, held: bool) -> None:
        connection = self._by_user.get(user)
        if connection is not None:
            (connection.hold if held else connection.release)(why)

    def _weigh(self) -> None:
        """Hold all connections back, or let them go on, as the queue says."""
        if self._reception.weigh():
            for connection in list(self._open):
                if self._reception.held:
                    connection.hold("queue")
                else:
                    connection.release("queue")

    # -- time

    async def _watch(self) -> None:
        """End those that are too slow or silent, and those that may not be here any more."""
        keys_s = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = asyncio.get_running_loop().time()
            for connection in list(self._open):
                self._end_if_late(connection, now_s)
            if time.monotonic() - keys_s >= KEYS_S:
                keys_s = time.monotonic()
                with suppress(Unavailable):  # those that are here stay
                    self._end_unnamed(await asyncio.to_thread(self._keys.all))

    def _end_if_late(self, connection: NationalConnection, now_s: float) -> None:
        settings = self.settings
        login_s = settings.connect_timeout_s if self._room.is_set() else SILENT_S
        if not connection.session.inside:
            if now_s - connection.began_s > login_s:
                connection.close(ReasonCode.KEEP_ALIVE_TIMEOUT, "no log-in in time")
        elif connection.held:  # not heard because not listened to
            connection.heard_s = now_s
            connection.midway_s = None if connection.midway_s is None else now_s
        elif connection.midway_s is not None and now_s - connection.midway_s > settings.frame_s:
            connection.close(ReasonCode.KEEP_ALIVE_TIMEOUT, "a frame without its end")
        elif now_s - connection.heard_s > settings.silent_s:
            connection.close(ReasonCode.KEEP_ALIVE_TIMEOUT, f"silent for {settings.silent_s:g} s")

    def _end_unnamed(self, keys: Sequence[NationalKey]) -> None:
        known = set(keys)
        for user, connection in list(self._by_user.items()):
            if connection.key not in known or self._credentials.revoked(user):
                connection.close(ReasonCode.ADMINISTRATIVE_ACTION)
