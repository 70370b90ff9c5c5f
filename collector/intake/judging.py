"""What became of the readings of batches that are not committed yet: written ahead of them.

A batch may break off after its readings were written and before it was committed. Read again, its
corrections look like what stands, for they are what stands; what they were judged to be at first
is counted. All that was judged before is finished first, since what is judged later counts on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from metering.book import DirtyMark
from metering.intake import IntakeBatch, JudgedBatch
from metering.ports import IntakeStore
from metering.quantity import I64
from metering.reading import ReadingColumns

Place = tuple[int, int]
"""(segment, offset) in the journal."""


class Judgements:
    """Batches that are judged and not committed, as the store has them. For one thread."""

    def __init__(self, store: IntakeStore) -> None:
        self._store = store
        self._known: dict[int, JudgedBatch] | None = None

    def forget(self) -> None:
        """Ask the store anew: nobody knows what it kept."""
        self._known = None

    def others(self, writer_no: int | None) -> list[int]:
        """Writers that have a batch to finish, ascending; all but this one."""
        return sorted(other for other in self._all() if other != writer_no)

    def until(self, writer_no: int, place: Place) -> Place | None:
        """Where the batch ends that is to be finished from this place on; None for none."""
        judged = self._all().get(writer_no)
        if judged is None:
            return None
        if (judged.from_segment, judged.from_offset) != place:
            del self._all()[writer_no]  # of a batch that another intake finished
            return None
        return judged.next_segment, judged.next_offset

    def outcome(self, batch: IntakeBatch, rows: ReadingColumns) -> I64 | None:
        """(n,) what the rows were judged to be; None where it was not kept, or of other rows: the
        registry may read the same messages otherwise by now."""
        judged = self._all().get(batch.writer_no)
        if judged is None or _places(judged) != _places(batch) or judged.digest != _digest(rows):
            return None
        return np.frombuffer(judged.outcome, np.int8).astype(np.int64)

    def keep(
        self, batch: IntakeBatch, rows: ReadingColumns, outcome: I64, marks: Sequence[DirtyMark]
    ) -> None:
        """Write ahead what the rows are judged to be, together with their marks."""
        kept = outcome.astype(np.int8).tobytes()
        judged = JudgedBatch(batch.writer_no, *_places(batch), _digest(rows), kept)
        self._store.judge(judged, marks)
        self._all()[batch.writer_no] = judged

    def done(self, writer_no: int) -> None:
        """The writer's batch is committed, or there is nothing of it left to be read."""
        self._all().pop(writer_no, None)

    def _all(self) -> dict[int, JudgedBatch]:
        if self._known is None:
            self._known = {judged.writer_no: judged for judged in self._store.judged()}
        return self._known


def _places(batch: IntakeBatch | JudgedBatch) -> tuple[int, int, int, int]:
    return batch.from_segment, batch.from_offset, batch.next_segment, batch.next_offset


def _digest(rows: ReadingColumns) -> bytes:
    """Of which readings these are. What their values are follows from where they came from."""
    columns = (rows.point, rows.time_us, rows.segment, rows.offset, rows.index)
    found = hashlib.blake2b(digest_size=16)
    for column in columns:
        found.update(np.ascontiguousarray(column, dtype=np.int64).tobytes())
    return found.digest()
