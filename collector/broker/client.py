"""Receiving as a client of a broker: acknowledged to it means "on disk here".

::

    broker ─▶ BrokerLink ─▶ records ─▶ GroupCommit ─▶ JournalWriter
       ◀── one write of PUBACKs ◀── durable ◀──┘

One thread owns the connection. What is not acknowledged stays in the session on the broker,
which delivers it again; so a broken connection or a killed process costs delay, not messages.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

import structlog

from collector.arrivals import Arrivals
from collector.broker import problems
from collector.broker.health import ClientHealth, State, in_state, is_well
from collector.broker.leaving import Leaving, end_session
from collector.broker.link import BrokerLink
from collector.broker.metrics import BrokerMetrics
from collector.broker.records import BrokerRecorder
from collector.broker.settings import ClientSettings, check_settings, tls_context
from collector.commit import CommitEntry
from collector.journal import JournalWriter
from collector.metrics import CollectorMetrics
from collector.reception import Reception
from metering.errors import GreenOfficeError

_log = structlog.get_logger()

_TURN_S = 1.0
MOST_COMMANDS = 1_000
"""Commands that wait for the thread; of more the oldest go."""


class BrokerClient:
    """Takes what gateways publish to a broker and journals it.

    journal: stays open when the receiver closes; its owner closes it.
    metrics: counts of messages and commits, under the listener's names.
    leaves: whether it is to take what its session has, end that and take no more; asked again and
    again. None: it stays.
    Raises ConfigurationError where a setting cannot be used; a broker that is not there or
    refuses us is none: that is said by `health`, and tried again for ever.
    """

    def __init__(
        self,
        journal: JournalWriter,
        settings: ClientSettings,
        metrics: CollectorMetrics,
        *,
        now_us: Callable[[], int],
        leaves: Callable[[], bool] | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self.broker_metrics = BrokerMetrics(metrics.registry)
        self._address = check_settings(settings)
        self._tls = tls_context(settings, self._address)
        self._recorder = BrokerRecorder(settings)
        self._arrivals = Arrivals(now_us)
        self._leaving = None if leaves is None else Leaving(leaves, settings.leave_s)
        self._state: State = "connecting"
        self._problem: GreenOfficeError | None = None
        self._connected = False
        self._settled = False
        self._last_message_us: int | None = None
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._durable: deque[tuple[BrokerLink, list[int]]] = deque()
        self._commands: deque[tuple[str, bytes]] = deque(maxlen=MOST_COMMANDS)
        self._started = False
        self._thread = threading.Thread(target=self._run, name="broker-client", daemon=True)
        self._reception: Reception[BrokerLink] = Reception(
            journal,
            metrics,
            settings,
            on_durable=self._on_durable,
            most_records=settings.receive_maximum,
        )

    async def start(self) -> None:
        """Begin to connect; does not wait until the broker answers."""
        self._started = True
        self._reception.start()
        self._thread.start()

    async def crashed(self) -> None:
        """Wait until a thread dies of an error of its own, and raise that error."""
        await self._reception.crashed()

    async def close(self) -> None:
        """Take no more, store and acknowledge what was taken, leave the session on the broker."""
        if not self._started or self._stopping.is_set():
            return
        self._stopping.set()
        self._wake()
        await asyncio.to_thread(self._thread.join, 60.0)
        self._state = "stopped"
        self._wake_read.close()
        self._wake_write.close()

    @property
    def left(self) -> bool:
        """Whether its session is ended, and all of that on disk."""
        return self._state == "left"

    def hears(self, gateway: str, topic: str) -> bool:  # noqa: ARG002
        """Whether it receives from the broker, which says of nobody who listens there."""
        return self._state == "receiving" and self._leaving is None

    def command(self, gateway: str, topic: str, payload: bytes) -> None:  # noqa: ARG002
        """Publish to the broker, in a moment. What comes back of it is not taken for a message of
        the gateway."""
        self._commands.append((topic, payload))
        self._wake()

    def health(self) -> ClientHealth:
        """How it is now; may be asked from any thread."""
        held = self._reception.held and self._state == "receiving"
        state: State = "held back" if held else self._state
        health = self._reception.health(
            int(self._connected), well=is_well(state), problem=self._problem
        )
        return in_state(health, state, self._last_message_us)

    # -- the thread

    def _run(self) -> None:
        pause_s = self.settings.reconnect_min_s
        try:
            while not self._stopping.is_set() and not self.left:
                link = BrokerLink(self.settings, self._address, self._tls)
                if self._serve(link) > self.settings.reconnect_max_s:
                    pause_s = self.settings.reconnect_min_s
                if self.left:
                    break
                if link.taken_over:  # going back at once would only take it over in turn
                    pause_s = self.settings.reconnect_max_s
                self._pause(pause_s)
                pause_s = min(2 * pause_s, self.settings.reconnect_max_s)
        except Exception as error:
            _log.exception("the broker client ended")
            self._reception.crash(error)
        finally:
            self._settle()

    def _serve(self, link: BrokerLink) -> float:
        """One connection from CONNECT to its end; how long it lasted [s].

        A short one leaves the pause long: of two clients with one id each ends the other, and
        not every broker says so.
        """
        self._state = "connecting"
        began_s, alive = time.monotonic(), link.open()
        connection = secrets.token_hex(8)
        has_all = False
        if self._leaving is not None:
            self._leaving.took()
        while alive and not has_all and not self._stopping.is_set():
            alive = link.turn(_TURN_S, self._wake_read, reading=not self._reception.held)
            self._take(link, connection)
            if alive:
                self._follow(link)
                self._acknowledge(link)
                self._command(link)
                has_all = self._has_all(link)
        if has_all:
            self._leave(link)
        self._ended(link, alive=alive and not has_all)
        return time.monotonic() - began_s

    def _take(self, link: BrokerLink, connection: str) -> None:
        messages = link.take()
        if not messages:
            return
        first_us = self._last_message_us = self._arrivals.take(len(messages))
        if self._leaving is not None:
            self._leaving.took()
        taken = self._recorder.take(messages, connection, first_us)
        self.broker_metrics.retained.inc(taken.retained)
        self.broker_metrics.others.inc(taken.others)
        if taken.left_ids:
            link.acknowledge(taken.left_ids)
        if taken.records:
            self._reception.put(link, taken.records, taken.packet_ids)

    def _acknowledge(self, link: BrokerLink) -> None:
        """Answer what was committed since, and see whether there is room to read on."""
        self._drain_wakes()
        packet_ids: list[int] = []
        while self._durable:
            owner, committed = self._durable.popleft()
            if owner is link:  # an older connection's are delivered again on this one
                packet_ids += committed
        if packet_ids:
            link.acknowledge(packet_ids)
            self.metrics.acknowledged.inc(len(packet_ids))
        self._reception.weigh()

    def _command(self, link: BrokerLink) -> None:
        """Publish what was asked for since, once the broker lets us receive."""
        while self._commands and link.subscribed:
            topic, payload = self._commands.popleft()
            self._recorder.sent(topic, payload)
            link.publish(topic, payload)

    def _follow(self, link: BrokerLink) -> None:
        """Keep the state up to date; a refused subscription is asked for again."""
        if not self._connected and link.accepted:
            self._connected = True
            self.metrics.connects.labels(self.settings.version).inc()
            self.broker_metrics.connected.set(1)
            _log.info("connected to the broker", url=self.settings.url, resumed=link.resumed)
        if link.subscribed:
            self._state, self._problem = "receiving", None
        elif link.accepted and link.problem is not None:
            if link.problem is not self._problem:
                self._tell(link.problem)
            self._state = "refused"
            link.ask_again(self.settings.reconnect_max_s)

    def _has_all(self, link: BrokerLink) -> bool:
        """Whether it leaves, and has all that was in its session."""
        waits = bool(self._durable) or self._reception.waits
        return self._leaving is not None and self._leaving.has_all(link, waits=waits)

    def _leave(self, link: BrokerLink) -> None:
        link.close()
        end_session(self.settings, self._address, self._tls, self._wake_read)
        self._state, self._problem = "left", None
        _log.info("left the broker", client_id=self.settings.client_id)

    def _ended(self, link: BrokerLink, *, alive: bool) -> None:
        if self._stopping.is_set():
            self._settle()
            if alive:
                self._acknowledge(link)
                link.close()
        elif not self.left:
            self._tell(link.problem or problems.ended(None, "", self.settings))
        self._connected = False
        self.broker_metrics.connected.set(0)

    def _settle(self) -> None:
        """Store what was taken, so that it can still be acknowledged; once, at the end."""
        if not self._settled:
            self._settled = True
            self._reception.stop()

    def _tell(self, problem: GreenOfficeError) -> None:
        if self._problem is None or str(self._problem) != str(problem):
            _log.warning("not receiving from the broker", problem=str(problem))
        self._problem = problem
        self.broker_metrics.problems.labels(problem.field or "").inc()

    def _pause(self, pause_s: float) -> None:
        """Wait before the next connection, and for room: it would only bring more."""
        self._state = "waiting"
        self._stopping.wait(pause_s)
        while self._reception.held and not self._stopping.wait(min(pause_s, 0.2)):
            self._durable.clear()
            self._reception.weigh()

    # -- called by the commit thread

    def _on_durable(self, batch: list[CommitEntry[BrokerLink]]) -> None:
        for entry in batch:
            self._durable.append((entry.owner, entry.packet_ids))
        self._wake()

    def _wake(self) -> None:
        try:
            self._wake_write.send(b"\0")
        except (BlockingIOError, OSError):
            return  # it is awake, or closed

    def _drain_wakes(self) -> None:
        try:
            self._wake_read.recv(4096)
        except BlockingIOError:
            return
