"""What waits for the disk, in a queue for each gateway, served in turn.

Whoever brings much waits for itself alone: a turn is so many records and so many bytes, and
whoever has more than its turn goes on when all others had theirs. Order within a queue stays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

TURN = 100
"""Weight of what one gateway may bring into a commit before the next one's turn."""
WEIGHED_BYTES = 4_096
"""So many bytes weigh as much as a record."""


class Weighed(Protocol):
    """An entry of the queue."""

    @property
    def source(self) -> str:
        """Whose queue it waits in."""
        ...

    @property
    def records(self) -> Sequence[object]:
        """What it brings."""
        ...

    @property
    def size(self) -> int:
        """About what that takes [bytes]."""
        ...


Entry = TypeVar("Entry", bound=Weighed)


def weight(records: int, size: int) -> float:
    """What records of a size [bytes] cost, in records."""
    return records + size / WEIGHED_BYTES


class FairQueue(Generic[Entry]):
    """Entries by source; not safe to share between threads.

    What was taken counts as waiting until `done` says otherwise.
    """

    def __init__(self) -> None:
        self.records = 0
        self.size = 0
        """[bytes]"""
        self._queues: dict[str, deque[Entry]] = {}
        self._turns: deque[str] = deque()
        self._credit: dict[str, float] = {}
        self._waiting: dict[str, tuple[int, int]] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._turns)

    @property
    def sources(self) -> int:
        """How many have something waiting."""
        return len(self._waiting)

    def waiting(self, source: str) -> tuple[int, int]:
        """(records, bytes) of one source."""
        return self._waiting.get(source, (0, 0))

    def put(self, entry: Entry) -> None:
        """Add an entry behind what its source has waiting."""
        source = entry.source
        if source not in self._queues:
            self._queues[source] = deque()
            self._turns.append(source)
            self._credit[source] = TURN
        self._queues[source].append(entry)
        self._count(entry, 1)

    def take(self, most_records: int, most_bytes: int) -> list[Entry]:
        """The next entries, until they reach one of the two; an entry is never split."""
        batch: list[Entry] = []
        records = size = 0
        while self._turns and records < most_records and size < most_bytes:
            source = self._turns[0]
            entry = self._queues[source][0]
            cost = weight(len(entry.records), entry.size)
            if self._credit[source] < cost:
                self._credit[source] += TURN
                self._turns.rotate(-1)
                continue
            self._credit[source] -= cost
            batch.append(entry)
            records += len(entry.records)
            size += entry.size
            self._queues[source].popleft()
            if not self._queues[source]:
                self._turns.popleft()
                del self._queues[source], self._credit[source]
        return batch

    def done(self, batch: Sequence[Entry]) -> None:
        """Entries that were taken wait no more."""
        for entry in batch:
            self._count(entry, -1)

    def _count(self, entry: Entry, sign: int) -> None:
        count, size = sign * len(entry.records), sign * entry.size
        self.records += count
        self.size += size
        records, held = self._waiting.get(entry.source, (0, 0))
        left = (records + count, held + size)
        if left == (0, 0):
            self._waiting.pop(entry.source, None)
        else:
            self._waiting[entry.source] = left
