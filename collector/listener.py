"""The MQTT endpoint gateways push to: a PUBACK means "on disk here".

::

    socket ─▶ Connection ─▶ ServerSession ─▶ events ─▶ Reception ─▶ JournalWriter
       ◀── one write of coalesced PUBACKs per connection ◀── durable ◀──┘

Everything but the commit thread and the password check runs on the event loop.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

import structlog

from collector.accepting import Accepting, Serve, Serving, cannot_listen
from collector.arrivals import Arrivals
from collector.braking import Braking
from collector.commit import CommitEntry
from collector.connection import Connection
from collector.crowding import Crowding
from collector.holding import Budgets
from collector.journal import JournalWriter, Record
from collector.metrics import CollectorMetrics
from collector.mqtt import Connect, ConnectionLimits, KeptSession, Outward, ReasonCode
from collector.reception import QueueSettings, ReceiverHealth, Reception, reason_of
from collector.sessions import KeptSessions
from collector.subscribed import SubscribedFilters
from collector.tls_door import MOST_HANDSHAKES, Handshakes, RefusedCertificate
from collector.topics import topic_of
from collector.troubles import Troubles
from metering.errors import TooManyTries, Unavailable
from metering.intake import GatewayConnection, Why
from metering.ports import Credentials
from metering.tries import UNCOUNTED, FailedTries, Tries

_log = structlog.get_logger()

KEEP_S = 1.0
"""How often sessions that changed are written down."""
CONNECTIONS_TOLD = 4
TRIES = 5
"""Wrong passwords of one user from one address in a minute, before no other is tried."""


class ListenerSettings(QueueSettings, frozen=True, kw_only=True):
    """Where to listen, and how much to take at once."""

    host: str = "127.0.0.1"
    port: int = 1883
    """0 takes any free port; `Listener.port` tells which."""
    limits: ConnectionLimits = ConnectionLimits()
    max_connections: int = 10_000
    max_refused: int = 64
    """Beyond these so many more are told at a time that there is no room; others wait until these
    have gone."""
    max_handshakes: int = MOST_HANDSHAKES
    """Beyond all these so many may be at their TLS handshake at a time."""
    connect_timeout_s: float = 10.0
    """Within which CONNECT must have arrived."""
    silent_s: float = 2.0
    """After which one that has not sent CONNECT gives way to another."""
    records_per_s: float = 500.0
    """What one gateway may send in the long run while the intake is behind: less than that takes
    in, so that it alone can put off nobody's readings. A record counts as one more for each 4 KiB.
    """
    burst_records: int = 20_000
    """What it may send at once beyond that, after an outage."""
    certificate_is_enough: bool = False
    """Whether a gateway whose certificate names it may leave its password out."""


class Listener:
    """Accepts gateways and journals what they publish.

    journal: stays open when the listener closes; its owner closes it.
    now_us: the clock [us since the epoch], for arrival times.
    tls: what the next connection speaks; None for plain TCP.
    sessions: file in which sessions of gateways outlive a restart; None for nowhere.
    serve: how a port is listened on.
    """

    def __init__(
        self,
        journal: JournalWriter,
        credentials: Credentials,
        settings: ListenerSettings,
        metrics: CollectorMetrics,
        *,
        now_us: Callable[[], int],
        tls: Callable[[], ssl.SSLContext] | None = None,
        sessions: Path | None = None,
        serve: Serve = Accepting.start,
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self.limits = settings.limits
        self.connect_timeout_s = settings.connect_timeout_s
        self.now_us = now_us
        self.arrivals = Arrivals(now_us)
        self._credentials = credentials
        self._tls = tls
        self._tries = FailedTries(time.monotonic, TRIES)
        self._open: set[Connection] = set()
        self._surplus: set[Connection] = set()
        self._silent: dict[Connection, float] = {}
        """Those with room that have not sent CONNECT yet, oldest first, and since when."""
        self._room = asyncio.Event()
        """Whether another connection is taken."""
        self._room.set()
        self._looks_at: asyncio.TimerHandle | None = None
        self._crowding = Crowding(settings.max_connections)
        self._by_key: dict[tuple[str, str], Connection] = {}
        self._sessions = KeptSessions(
            sessions, lambda: now_us() / 1e6, settings.limits.session_expiry_s
        )
        self._keeping: asyncio.Task[None] | None = None
        self._by_user: dict[str, set[Connection]] = {}
        self._troubles = Troubles(now_us)
        self._subscribed = SubscribedFilters()
        self._closing = False
        self._changed: deque[frozenset[str]] = deque()
        """Whose passwords changed and were not looked at again yet."""
        self._changes = 0
        """How often such were."""
        self._looks: set[asyncio.Task[None]] = set()
        self._verifiers = ThreadPoolExecutor(2, thread_name_prefix="verify")
        self._serve = serve
        self._serving: Serving | None = None
        self._reception: Reception[Connection] = Reception(
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
        self._loop = asyncio.get_running_loop()
        host, port = self.settings.host, self.settings.port
        begin: Callable[[], asyncio.Protocol] = self._new_connection
        if self._tls is not None:
            handshakes = Handshakes(
                self._tls,
                self.connect_timeout_s,
                self.settings.max_handshakes,
                refused=self._refused_certificate,
            )
            begin = partial(handshakes.door, begin)
        try:
            self._serving = await self._serve(
                begin, host, port, self._room, self._crowding.exhausted
            )
        except OSError as error:
            raise cannot_listen(error, host, port, "mqtt") from error
        self._reception.start()
        self._keeping = asyncio.create_task(self._keep_sessions())
        self._look_at_passwords_again()
        _log.info("listening for gateways", host=host, port=self.port, tls=self._tls is not None)

    def _new_connection(self) -> Connection:
        return Connection(self)

    async def crashed(self) -> None:
        """Wait until the commit thread dies of an error of its own, and raise that error."""
        await self._reception.crashed()

    async def close(self) -> None:
        """Stop taking, store and acknowledge what was taken, say goodbye."""
        if self._serving is None or self._closing:
            return
        self._closing = True
        self._serving.close()
        for connection in self._open:
            connection.hold("stopping")
        await asyncio.to_thread(self._reception.drain, 10.0)
        await asyncio.sleep(0)  # the acknowledgements of the last commit
        for connection in list(self._open):
            # no will: the gateway is well, it is us who go
            connection.close(ReasonCode.SERVER_SHUTTING_DOWN, will=False)
        await asyncio.to_thread(self._reception.stop)
        await self._until_all_lost(2.0)
        if self._keeping is not None:
            self._keeping.cancel()
            self._sessions.touch()  # what was acknowledged to us meanwhile is sent no more
            await self._write_sessions()
        self._verifiers.shutdown(wait=False, cancel_futures=True)

    async def _keep_sessions(self) -> None:
        while True:
            await asyncio.sleep(KEEP_S)
            await self._write_sessions()

    async def _write_sessions(self) -> None:
        content = self._sessions.to_write()
        self.metrics.sessions.set(len(self._sessions))
        if content is not None:
            await asyncio.to_thread(self._sessions.write, content)

    def health(self) -> ReceiverHealth:
        """How it is now. May be asked from any thread."""
        return self._reception.health(
            len(self._by_key),
            problem=self._crowding.problem(),
            held=self._braking.told(),
            troubles=self._troubles.told(),
            certificates=self._troubles.certificates(),
            subscribed=self._subscribed.told(),
        )

    def connections(self) -> dict[str, list[GatewayConnection]]:
        """Those that are open, by user, `CONNECTIONS_TOLD` of one at most. On the loop."""
        return {
            user: [one.told() for one in islice(own, CONNECTIONS_TOLD)]
            for user, own in self._by_user.items()
        }

    # -- called by connections

    def new_id(self) -> str:
        """Sixteen random hex digits."""
        return secrets.token_hex(8)

    def opened(self, connection: Connection) -> bool:
        """Take up a connection, on hold while the queue is, in place of the one that is silent
        for longest where there is no room; False where not even a refusal has room, or at the
        end."""
        if self._closing or not self._takes_more():
            return False
        most = self.settings.max_connections
        if len(self._open) - len(self._surplus) >= most and not self._let_a_silent_one_go():
            self._surplus.add(connection)
            self._crowding.found_none()
        else:
            self._silent[connection] = time.monotonic()
        self._open.add(connection)
        if self._reception.held:
            connection.hold("queue")
        self._look_for_room()
        return True

    def _takes_more(self) -> bool:
        """Whether one more has room, be it to be told that it has none."""
        most = self.settings.max_connections + self.settings.max_refused
        return len(self._open) < most or self._silent_one() is not None

    def _silent_one(self) -> Connection | None:
        """The one that has not sent CONNECT for longest, where that is long enough to give way."""
        oldest = next(iter(self._silent), None)
        if oldest is None or self._until_it_gives_way_s(oldest) > 0:
            return None
        return oldest

    def _until_it_gives_way_s(self, silent: Connection) -> float:
        return self._silent[silent] + self.settings.silent_s - time.monotonic()

    def _look_for_room(self) -> None:
        """Take another connection, or let it wait until one has gone or was silent too long."""
        if self._takes_more():
            self._room.set()
            return
        self._room.clear()
        oldest = next(iter(self._silent), None)
        if oldest is not None and self._looks_at is None:
            soon_s = max(self._until_it_gives_way_s(oldest), 0.01)
            self._looks_at = self._loop.call_later(soon_s, self._look_again)

    def _look_again(self) -> None:
        self._looks_at = None
        self._look_for_room()

    def _let_a_silent_one_go(self) -> bool:
        """Whether there was one that had not sent CONNECT for long."""
        oldest = self._silent_one()
        if oldest is None:
            return False
        self.metrics.refused.labels("silent, and others come").inc()
        oldest.abort()
        self.lost(oldest)
        return True

    def is_surplus(self, connection: Connection) -> bool:
        """Whether there is no room for it, so that it is only told so."""
        return connection in self._surplus

    async def decide(self, connection: Connection, connect: Connect) -> ReasonCode:
        """Whether a gateway may come in, and if not, why."""
        self._silent.pop(connection, None)
        if self.is_surplus(connection):
            return ReasonCode.SERVER_BUSY
        failure = self._reception.failure
        if failure is not None:
            return reason_of(failure)
        proof = self._proof(connection, connect, self._tries.at(connection.address))
        if proof is None:
            return ReasonCode.NOT_AUTHORIZED
        try:
            right = await self._proven(proof)
            revoked = not right and self._credentials.revoked(connect.user or "")
        except TooManyTries:
            return ReasonCode.CONNECTION_RATE_EXCEEDED
        except Unavailable as away:
            _log.warning("passwords cannot be checked now", error=str(away))
            return ReasonCode.SERVER_UNAVAILABLE
        except Exception:  # whatever the store raises, the gateway gets its answer
            _log.exception("passwords cannot be checked now")
            return ReasonCode.SERVER_UNAVAILABLE
        if not right:
            return ReasonCode.BANNED if revoked else ReasonCode.BAD_USER_OR_PASSWORD
        return ReasonCode.SERVER_SHUTTING_DOWN if self._closing else ReasonCode.SUCCESS

    def _proof(
        self, connection: Connection, connect: Connect, tries: Tries
    ) -> Callable[[], bool] | None:
        """What says whether a client is the gateway it claims to be; None where it brings neither
        a password nor a certificate that is enough."""
        user, password = connect.user, connect.password
        if user is None:
            return None
        if password is not None:
            return partial(self._verify, user, password, tries)
        certified = connection.certified is not None  # of another user it was turned away before
        if certified and self.settings.certificate_is_enough:
            return partial(self._credentials.knows, user)
        return None

    def _verify(self, user: str, password: bytes, tries: Tries) -> bool:
        return self._credentials.verify(user, password, self.now_us(), tries)

    async def _proven(self, proof: Callable[[], bool]) -> bool:
        """Whether it lets in, also by what changed while it was looked at."""
        while True:
            changes = self._changes
            right = await self._loop.run_in_executor(self._verifiers, proof)
            if not right or changes == self._changes:
                return right

    def _refused_certificate(self, refused: RefusedCertificate) -> None:
        """A client did not get through the handshake: it had no time to say who it is, so that it
        is told of its address, and of the one gateway that ever came in from there."""
        self.metrics.refused.labels("certificate").inc()
        _log.warning("certificate refused", address=refused.address, reason=refused.cause)
        detail = f"in the TLS handshake: {refused.cause}"
        self._troubles.note_at(refused.address, ReasonCode.NOT_AUTHORIZED, detail)
        self._troubles.note_certificate(refused)

    def passwords_changed(self, users: frozenset[str]) -> None:
        """Something else lets these gateways in than before: who came in by what no longer does is
        cut off, and sessions of those whose password was revoked end. From any thread, also before
        the start."""
        self._changed.append(users)
        if self._serving is not None:
            with suppress(RuntimeError):  # the loop is over
                self._loop.call_soon_threadsafe(self._look_at_passwords_again)

    def _look_at_passwords_again(self) -> None:
        while self._changed:
            self._changes += 1
            task = self._loop.create_task(self._cut_off(self._changed.popleft()))
            self._looks.add(task)
            task.add_done_callback(self._looks.discard)

    async def _cut_off(self, users: frozenset[str]) -> None:
        """A connection of which that cannot be told now stays."""
        for user in sorted(users & (self._by_user.keys() | self._sessions.users())):
            revoked = self._credentials.revoked(user)
            for connection in list(self._by_user.get(user, ())):
                with suppress(Unavailable):
                    if revoked or not await self._still_right(connection):
                        connection.close(ReasonCode.ADMINISTRATIVE_ACTION)
            if revoked:
                self._sessions.forget(user)

    async def _still_right(self, connection: Connection) -> bool:
        """By what it came in with."""
        client = connection.client
        proof = None if client is None else self._proof(connection, client, UNCOUNTED)
        return proof is not None and await self._proven(proof)

    def admitted(self, connection: Connection) -> tuple[KeptSession, bool, int]:
        """Register a gateway; an older connection of the same client gives way."""
        older = self._by_key.get(connection.key)
        if older is not None:
            older.close(ReasonCode.SESSION_TAKEN_OVER)
        self._by_key[connection.key] = connection
        self._troubles.came_in(connection.user, connection.address)
        self._by_user.setdefault(connection.user, set()).add(connection)
        for why in self._braking.reasons(connection.user):
            connection.hold(why)
        assert connection.client is not None
        self.metrics.connects.labels(connection.client.version).inc()
        self.metrics.connections.set(len(self._by_key))
        return self._sessions.begin(connection.key, connection.client)

    def troubled(self, user: str, reason: ReasonCode, detail: str, address: str) -> None:
        """Remember what a user was told."""
        self._troubles.note(user, reason, detail, address)

    def session_changed(self, connection: Connection) -> None:
        """What changed is written down soon, and what is subscribed told."""
        self._sessions.touch()
        mine = self._by_user.get(connection.user, ())
        filters = (name for one in mine for name in one.session.kept.subscriptions)
        self._subscribed.note(connection.user, filters)

    def ended(self, connection: Connection) -> None:
        """Forget whose connection it was, unless a newer one took its place."""
        if connection.client is not None and self._by_key.get(connection.key) is connection:
            del self._by_key[connection.key]
            self.metrics.connections.set(len(self._by_key))
            self._sessions.end(connection.key, connection.session.kept, connection.expiry_s)

    def lost(self, connection: Connection) -> None:
        """Forget a connection whose socket is closed."""
        self._open.discard(connection)
        self._surplus.discard(connection)
        self._silent.pop(connection, None)
        self._look_for_room()
        mine = self._by_user.get(connection.user, set())
        mine.discard(connection)
        if not mine:
            self._by_user.pop(connection.user, None)

    def put(
        self, connection: Connection, records: list[Record], packet_ids: Sequence[int] = ()
    ) -> None:
        """Queue records for the next commit; hold their gateway back where it brings too much,
        and all senders where there are too many."""
        user = connection.user
        size = self._reception.put(connection, records, packet_ids, user)
        self._braking.put(user, len(records), size)
        self._weigh()

    def follow(self, behind: int | None) -> None:
        """So many records that were journalled here wait for the intake; None where it is not known
        or the intake has stopped. To be told again and again, on the loop."""
        self._braking.follow(behind, self._by_user.keys())

    def tell(self, gateway: str, channel: str, payload: bytes) -> None:
        """Publish to a gateway's own topic, at QoS 1, to whichever of its sessions subscribed; it
        waits for those that are away. On the loop."""
        message = Outward(topic_of(gateway, channel), payload, 1)
        for connection in list(self._by_user.get(gateway, ())):
            if not connection.session.closed and connection.session.send(message):
                connection.flush()
        self._sessions.keep(gateway, message)

    def hears(self, gateway: str, topic: str) -> bool:
        """Whether one of its connections listens to the topic."""
        return self._listening(gateway, topic) is not None

    def command(self, gateway: str, topic: str, payload: bytes) -> None:
        """Tell one of the gateway's connections that listen to the topic, and no other's."""
        connection = self._listening(gateway, topic)
        if connection is not None:
            connection.publish(topic, payload)
            connection.flush()

    def _listening(self, gateway: str, topic: str) -> Connection | None:
        mine = self._by_user.get(gateway, ())
        return min((one for one in mine if one.hears(topic)), key=lambda c: c.key, default=None)

    # -- called on the loop for the commit thread

    def _durable(self, batch: list[CommitEntry[Connection]]) -> None:
        """Acknowledge a committed batch: one write per connection."""
        ids: dict[Connection, list[int]] = {}
        self._braking.stored(entry.source for entry in batch)
        for entry in batch:
            if entry.packet_ids:
                ids.setdefault(entry.owner, []).extend(entry.packet_ids)
        for connection, packet_ids in ids.items():
            left = connection.session.acknowledge(packet_ids)
            if connection.session.kept.received:
                self._sessions.touch()
            if connection.session.closed:  # gone meanwhile: it will deliver them again
                self._tell_successor(connection, left)
                continue
            connection.flush()
            self.metrics.acknowledged.inc(len(packet_ids))
        self._weigh()

    def _tell_successor(self, connection: Connection, packet_ids: list[int]) -> None:
        """Messages at QoS 2 of a connection that is gone are durable: a later one of the session
        may have delivered them again."""
        later = self._by_key.get(connection.key)
        if packet_ids and later is not None and later.session.kept is connection.session.kept:
            later.session.receive_again(packet_ids)
            later.flush()

    def _failing(self, error: Unavailable) -> None:
        """Nothing can be stored: let every gateway go, it will bring its messages again."""
        for connection in list(self._by_key.values()):
            connection.close(reason_of(error), will=False)
        self._weigh()

    def _brake(self, user: str, why: Why, held: bool) -> None:
        for connection in self._by_user.get(user, ()):
            (connection.hold if held else connection.release)(why)

    def _weigh(self) -> None:
        """Hold all connections back, or let them go on, as the queue says."""
        if self._reception.weigh():
            for connection in self._open:
                if self._reception.held:
                    connection.hold("queue")
                else:
                    connection.release("queue")

    async def _until_all_lost(self, timeout_s: float) -> None:
        deadline = self._loop.time() + timeout_s
        while self._open and self._loop.time() < deadline:
            await asyncio.sleep(0.02)
        for connection in list(self._open):
            connection.abort()
