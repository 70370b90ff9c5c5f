"""What is pushed over HTTP, on its way into the journal: a name for a payload holds for a day.

    payload ─▶ its name known? ─▶ journal, durable ─▶ receipt
                 └ the receipt of then

The name lies in the record, so that it is durable with the payload or not at all. What is known is
read back from the journal when a name is first asked for, and what lies behind that after a write
that failed: a disk may say that it failed and have it all the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple, Protocol

import structlog

from api import PushReceipt, Submission
from collector import Located, Record, RecordPlace
from collector.properties import Properties
from metering.errors import InvalidInput, NotFound, Unavailable
from metering.localtime import HOUR_US

_log = structlog.get_logger()

ONCE = "idempotency-key"
"""The property of a record that holds its payload's name."""
KEPT_US = 24 * HOUR_US
"""For so long after its arrival a payload is known by its name."""
MOST_OF_ONE, MOST = 10_000, 100_000
"""Names of one gateway, and of all, that are known; beyond them the oldest goes, of the gateway
that has most."""
_PAGE = 1000


class _Known(NamedTuple):
    """What a name was given to."""

    route: str
    receipt: PushReceipt


class SegmentReader(Protocol):
    """What is asked of the journal."""

    def segments(self) -> list[int]:
        """Numbers of all segments of every writer, ascending."""
        ...

    def record(self, segment: int, offset: int) -> Record:
        """The record at one place."""
        ...

    def read(self, writer_no: int, segment: int, offset: int, limit: int) -> list[Located]:
        """Records of a writer from a place on, in order."""
        ...


def record_of(submission: Submission) -> Record:
    """A payload as the journal holds it, with its name."""
    named = ((ONCE, submission.once),) if submission.once else ()
    said = Properties(content_type=submission.content_type, user=named)
    return Record(
        kind="message",
        arrived_us=submission.arrived_us,
        gateway=submission.gateway,
        client=submission.key,
        connection="",
        route=submission.route,
        payload=submission.payload,
        qos=1,
        properties=said if said.content_type or named else None,
    )


class Receipts:
    """Journals what is pushed; safe to share between threads.

    append: makes a record durable, and says where. StorageFull or Unavailable where it cannot; then
    nothing is known of it.
    """

    def __init__(
        self, journal: SegmentReader, writer_no: int, append: Callable[[Record], RecordPlace]
    ) -> None:
        self._journal, self._writer_no, self._append = journal, writer_no, append
        self._known: dict[str, OrderedDict[str, _Known]] = {}
        self._count = 0
        self._next: tuple[int, int] | None = None
        """Up to which place (segment, offset) names are known; None before the first is asked."""
        self._in_doubt = False
        """Whether something may lie behind that place."""
        self._lock = threading.Lock()

    def take(self, submission: Submission) -> PushReceipt:
        """The receipt of a payload, which is durable: that of before where its name is known.
        InvalidInput where the name was that of another payload, or of the same of another event."""
        told = sha256(submission.payload).hexdigest()
        with self._lock:
            before = self._before(submission) if submission.once else None
            if before is not None:
                _require_same(before, submission, told)
                return before.receipt
            try:
                place = self._append(record_of(submission))
            except Exception:
                self._in_doubt = True
                raise
            if self._next is not None and not self._in_doubt:
                self._next = place.segment, place.offset + 1
            receipt = PushReceipt(place.segment, place.offset, told, submission.arrived_us)
            if submission.once:
                known = _Known(submission.route, receipt)
                self._keep(submission.gateway, submission.once, known)
            return receipt

    def _before(self, submission: Submission) -> _Known | None:
        since_us = submission.arrived_us - KEPT_US
        if self._next is None or self._in_doubt:
            self._next = self._recalled(self._next or (self._first_since(since_us), 0), since_us)
            self._in_doubt = False
        mine = self._known.get(submission.gateway, OrderedDict())
        while mine and next(iter(mine.values())).receipt.arrived_us < since_us:
            self._forget(submission.gateway)
        return mine.get(submission.once)

    def _keep(self, gateway: str, once: str, known: _Known) -> None:
        mine = self._known.setdefault(gateway, OrderedDict())
        if mine.pop(once, None) is None:
            self._count += 1
        mine[once] = known
        if len(mine) > MOST_OF_ONE:
            self._forget(gateway)
        if self._count > MOST:
            self._forget(max(self._known, key=lambda one: len(self._known[one])))

    def _forget(self, gateway: str) -> None:
        """The oldest of a gateway."""
        self._known[gateway].popitem(last=False)
        self._count -= 1

    def _recalled(self, place: tuple[int, int], since_us: int) -> tuple[int, int]:
        """Read back what lies from a place on; where it ends. Of a journal that cannot be read,
        what could be."""
        try:
            while page := self._journal.read(self._writer_no, *place, _PAGE):
                for one in page:
                    self._recall_one(one, since_us)
                place = page[-1].segment, page[-1].offset + 1
        except Unavailable as damaged:
            _log.warning("names of payloads are forgotten", error=str(damaged))
        return place

    def _recall_one(self, one: Located, since_us: int) -> None:
        record = one.record
        once = record.properties.user_value(ONCE) if record.properties else None
        if once and record.arrived_us >= since_us:
            told = sha256(record.payload).hexdigest()
            receipt = PushReceipt(one.segment, one.offset, told, record.arrived_us)
            self._keep(record.gateway, once, _Known(record.route, receipt))

    def _first_since(self, since_us: int) -> int:
        """The segment to read from: the newest that begins before then, or the oldest."""
        mine = [one for one in self._journal.segments() if one >> 24 == self._writer_no]
        for segment in reversed(mine):
            with suppress(NotFound):  # nothing is in it yet
                if self._journal.record(segment, 0).arrived_us < since_us:
                    return segment
        return 0


def _require_same(before: _Known, submission: Submission, told: str) -> None:
    if (before.route, before.receipt.sha256) != (submission.route, told):
        raise InvalidInput(
            "this key was used for another body or event",
            field="Idempotency-Key",
            value=submission.once,
            fix="send another key with another body or event, and the same one only with the same",
        )
