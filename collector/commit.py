"""Group commit: what waits becomes one transaction, and only then an acknowledgement.

One thread takes entries, gateways in turn and each one's in the order they came, at most
`max_records` or what comes within `linger_s`, appends them to the journal and reports the
batch as durable. A batch the disk refuses is kept and tried again until it is stored: nothing
overtakes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import structlog

from collector.fair_queue import FairQueue
from collector.journal import Record, RecordPlace
from collector.metrics import CollectorMetrics
from metering.errors import Unavailable

_log = structlog.get_logger()

Owner = TypeVar("Owner")


class CommitEntry(NamedTuple, Generic[Owner]):
    """Records that arrived together."""

    owner: Owner
    """Whoever is to be told, e.g. the connection."""
    records: list[Record]
    packet_ids: list[int]
    """To be acknowledged when the records are durable."""
    size: int
    """About what the records take [bytes]."""
    source: str = ""
    """The gateway whose turn they wait for."""


class GroupCommit(Generic[Owner]):
    """The thread between the receivers and one journal.

    append: makes records durable or raises Unavailable.
    on_durable, on_failure, on_crash: called in the commit thread; on_failure once for
    every attempt that failed, on_crash when the thread ends by an error of its own.
    """

    def __init__(
        self,
        append: Callable[[Sequence[Record]], RecordPlace],
        metrics: CollectorMetrics,
        *,
        on_durable: Callable[[list[CommitEntry[Owner]]], None],
        on_failure: Callable[[Unavailable], None],
        on_crash: Callable[[BaseException], None],
        max_records: int = 1_000,
        max_bytes: int = 4 << 20,
        linger_s: float = 0.004,
        retry_s: float = 1.0,
    ) -> None:
        self._append = append
        self._metrics = metrics
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._on_crash = on_crash
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._linger_s = linger_s
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._queue: FairQueue[CommitEntry[Owner]] = FairQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self.failure: Unavailable | None = None
        """The error of the last attempt, None while the journal can be written."""

    @property
    def waiting_records(self) -> int:
        """Records put and not yet durable."""
        return self._queue.records

    @property
    def waiting_bytes(self) -> int:
        """About what they take [bytes]."""
        return self._queue.size

    def waiting_of(self, source: str) -> tuple[int, int, int]:
        """(records, bytes) of a gateway, and how many gateways have any."""
        with self._changed:
            return *self._queue.waiting(source), self._queue.sources

    def start(self) -> None:
        """Begin to commit what is put, in a thread of its own."""
        self._thread.start()

    def put(self, entry: CommitEntry[Owner]) -> None:
        """Queue an entry; never blocks."""
        with self._changed:
            idle = not self._queue
            self._queue.put(entry)
            if idle or self._enough():
                self._changed.notify_all()

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything queued is durable; False where it fails or takes too long."""
        with self._changed:
            self._changed.wait_for(lambda: not self.waiting_records or self.failure, timeout_s)
            return not self.waiting_records

    def stop(self, timeout_s: float = 30.0) -> int:
        """Commit what is left and end the thread; how many records could not be stored."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        self._thread.join(timeout_s)
        if self.waiting_records:
            _log.error("records not stored and not acknowledged", count=self.waiting_records)
        return self.waiting_records

    def _run(self) -> None:
        try:
            while batch := self._gather():
                if not self._commit(batch):
                    return
        except Exception as error:
            self._on_crash(error)
            _log.exception("the commit thread ended")

    def _enough(self) -> bool:
        return (
            self.waiting_records >= self._max_records
            or self.waiting_bytes >= self._max_bytes
            or self._stopping.is_set()
        )

    def _gather(self) -> list[CommitEntry[Owner]]:
        """The entries of the next commit; empty when stopped and nothing is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._stopping.is_set())
            self._changed.wait_for(self._enough, self._linger_s)
            return self._queue.take(self._max_records, self._max_bytes)

    def _commit(self, batch: list[CommitEntry[Owner]]) -> bool:
        """Store a batch, however often it takes; False where it was given up on stopping."""
        records = [record for entry in batch for record in entry.records]
        while not self._try(records):
            if self._stopping.wait(self._retry_s):
                return self._try(records) and self._durable(batch, len(records))
        return self._durable(batch, len(records))

    def _try(self, records: list[Record]) -> bool:
        began = time.perf_counter()
        try:
            self._append(records)
        except Unavailable as error:
            self._failed(error)
            return False
        self._metrics.commit_seconds.observe(time.perf_counter() - began)
        if self.failure is not None:
            self.failure = None
            self._metrics.failing.set(0)
            _log.info("the journal can be written again")
        return True

    def _failed(self, error: Unavailable) -> None:
        if self.failure is None:
            _log.error("the journal cannot be written; nothing is acknowledged", error=str(error))
        with self._changed:
            self.failure = error
            self._changed.notify_all()
        self._metrics.failing.set(1)
        self._metrics.errors.labels(error.code).inc()
        self._on_failure(error)

    def _durable(self, batch: list[CommitEntry[Owner]], count: int) -> bool:
        self._metrics.commits.inc()
        self._metrics.records.inc(count)
        with self._changed:
            self._queue.done(batch)
            if not self.waiting_records:
                self._changed.notify_all()
        self._on_durable(batch)
        return True
