"""What every receiver carries: the queue before the journal, the brake, the crash, the health.

::

    receiver ─put─▶ queues ─▶ GroupCommit ─▶ JournalWriter
       ◀── hold, go on ──┘        └── on_durable: now it may be acknowledged

A receiver adds how messages reach it and how they are acknowledged; nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from collector.commit import CommitEntry, GroupCommit
from collector.journal import JournalWriter, Record
from collector.metrics import CollectorMetrics
from collector.mqtt import ReasonCode
from metering.errors import GreenOfficeError, StorageFull, Unavailable
from metering.intake import GatewayTrouble, HeldGateway

RECORD_OVERHEAD = 200
"""What a record takes beside its payload, about [bytes]."""

Owner = TypeVar("Owner")


def reason_of(failure: Unavailable) -> ReasonCode:
    """What a gateway is told while nothing can be stored."""
    full = isinstance(failure, StorageFull)
    return ReasonCode.QUOTA_EXCEEDED if full else ReasonCode.SERVER_UNAVAILABLE


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much a receiver may have taken and not stored yet, and how it stores."""

    queue_records: int = 50_000
    """Above so many waiting records, or `queue_bytes`, nothing more is read."""
    queue_bytes: int = 64 << 20
    share_records: int = 2_000
    """Above so many waiting records of one gateway, or `share_bytes`, nothing more is read of
    it; less where so many gateways have something waiting that all these shares have no room."""
    share_bytes: int = 4 << 20
    commit_records: int = 1_000
    commit_linger_s: float = 0.004
    retry_s: float = 1.0
    """Pause before a batch the disk refused is tried again."""


class ReceiverHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a receiver is."""

    ok: bool
    connections: int
    waiting_records: int
    failure: str | None
    """What is wrong, with field, value and fix; None while all is well."""
    field: str | None
    value: object
    fix: str | None
    held: Mapping[str, HeldGateway] = {}
    """Gateways held back now or just before, each by itself."""
    troubles: Mapping[str, GatewayTrouble] = {}
    """Those turned away or cut off in the last day."""
    certificates: Mapping[str, GatewayTrouble] = {}
    """Addresses of which a certificate was refused in the last day."""
    subscribed: Mapping[str, tuple[str, ...]] = {}
    """Filters of gateways that nothing is ever published to."""


class Reception(Generic[Owner]):
    """The way from a receiver to its journal, and what stands in it.

    journal: stays open; its owner closes it.
    on_durable, on_failure: called in the commit thread, as `GroupCommit` says.
    most_records: a lower bound on what may wait than the settings'; None for none.
    """

    def __init__(
        self,
        journal: JournalWriter,
        metrics: CollectorMetrics,
        settings: QueueSettings,
        *,
        on_durable: Callable[[list[CommitEntry[Owner]]], None],
        on_failure: Callable[[Unavailable], None] = lambda _: None,
        most_records: int | None = None,
    ) -> None:
        self.held = False
        """Whether senders are to be held back."""
        self._metrics = metrics
        self._most_records = min(settings.queue_records, most_records or settings.queue_records)
        self._most_bytes = settings.queue_bytes
        self._share = (settings.share_records, settings.share_bytes)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._crashed = asyncio.Event()
        self._crash_error: BaseException | None = None
        self._commit: GroupCommit[Owner] = GroupCommit(
            journal.append,
            metrics,
            on_durable=on_durable,
            on_failure=on_failure,
            on_crash=self.crash,
            max_records=settings.commit_records,
            linger_s=settings.commit_linger_s,
            retry_s=settings.retry_s,
        )

    @property
    def failure(self) -> Unavailable | None:
        """Why the journal cannot be written; None while it can."""
        return self._commit.failure

    @property
    def waits(self) -> bool:
        """Whether anything is not durable yet."""
        return self._commit.waiting_records > 0

    def start(self) -> None:
        """Begin to store, on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._commit.start()

    def put(
        self,
        owner: Owner,
        records: list[Record],
        packet_ids: Sequence[int] = (),
        source: str = "",
    ) -> int:
        """Queue records that arrived together behind those of the same source; the ids are for
        `on_durable`. Never blocks. About how much they take [bytes]."""
        payload_bytes = sum([len(record.payload) for record in records])
        if records and records[0].kind == "message":
            self._metrics.payload_bytes.inc(payload_bytes)
            twice = sum([record.qos == 2 for record in records])
            self._metrics.messages.labels(1).inc(len(packet_ids) - twice)
            self._metrics.messages.labels(2).inc(twice)
            self._metrics.messages.labels(0).inc(len(records) - len(packet_ids))
        size = payload_bytes + RECORD_OVERHEAD * len(records)
        self._commit.put(CommitEntry(owner, records, list(packet_ids), size, source))
        return size

    def share_of(self, source: str) -> float:
        """How much of its share of the queue a source takes up; 1 is all of it."""
        records, size, sources = self._commit.waiting_of(source)
        each = 2 * max(1, sources)  # half the queue: a source overshoots by what was read at once
        most_records = min(self._share[0], self._most_records / each)
        most_bytes = min(self._share[1], self._most_bytes / each)
        return max(records / most_records, size / most_bytes)

    def weigh(self) -> bool:
        """Hold senders back while too much waits, and let them go on at half of that; True
        where `held` has changed."""
        records, size = self._commit.waiting_records, self._commit.waiting_bytes
        self._metrics.queue_depth.set(records)
        load = max(records / self._most_records, size / self._most_bytes)
        if (load > 1) == self.held or (self.held and load > 0.5):
            return False
        self.held = load > 1
        self._metrics.paused.set(self.held)
        return True

    def drain(self, timeout_s: float) -> bool:
        """Wait until all is durable; False where that fails or takes too long."""
        return self._commit.drain(timeout_s)

    def stop(self) -> None:
        """Store what is left and end."""
        self._commit.stop()

    def on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        """Call on the event loop, from any thread; nothing once it is closed."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    def crash(self, error: BaseException) -> None:
        """A thread of the receiver ends by an error of its own."""
        self._crash_error = error
        self.on_loop(self._crashed.set)

    async def crashed(self) -> None:
        """Wait until a thread of the receiver has crashed, and raise its error."""
        await self._crashed.wait()
        assert self._crash_error is not None
        raise self._crash_error

    def health(
        self,
        connections: int,
        *,
        well: bool = True,
        problem: GreenOfficeError | None = None,
        held: Mapping[str, HeldGateway] | None = None,
        troubles: Mapping[str, GatewayTrouble] | None = None,
        certificates: Mapping[str, GatewayTrouble] | None = None,
        subscribed: Mapping[str, tuple[str, ...]] | None = None,
    ) -> ReceiverHealth:
        """How the receiver is: well unless it says otherwise, has crashed, has a problem, or
        the journal cannot be written, which is told first. May be asked from any thread."""
        told = self._commit.failure or problem
        return ReceiverHealth(
            ok=well and told is None and self._crash_error is None,
            connections=connections,
            waiting_records=self._commit.waiting_records,
            failure=None if told is None else str(told),
            field=None if told is None else told.field,
            value=None if told is None else told.value,
            fix=None if told is None else told.fix,
            held=held or {},
            troubles=troubles or {},
            certificates=certificates or {},
            subscribed=subscribed or {},
        )
