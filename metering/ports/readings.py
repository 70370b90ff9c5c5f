"""Decoded readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from metering.quantity import I64
from metering.reading import ReadingColumns


class ReadingReader(Protocol):
    """Decoded readings as reported, one row per (point, time)."""

    def scan(self, points: Sequence[int], start_us: int, end_us: int) -> ReadingColumns:
        """Rows with start <= time < end, sorted by point, then time."""
        ...

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """Per point the last `count` rows earlier than the time, sorted by point, then time."""
        ...

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """Per point the first `count` rows at or later than the time, sorted likewise."""
        ...

    def latest(self, points: Sequence[int]) -> ReadingColumns:
        """The row with the highest time per point."""
        ...

    def spans(self, points: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Times of the first and the last row of each point [us]; one without any is left out."""
        first, last = self.after(points, 0), self.latest(points)
        ends = dict(zip(last.point.tolist(), last.time_us.tolist(), strict=True))
        starts = zip(first.point.tolist(), first.time_us.tolist(), strict=True)
        return {point: (start, ends[point]) for point, start in starts if point in ends}

    def count(self, points: Sequence[int] | None = None) -> int:
        """How many rows there are, of the points or of all."""
        ...

    def counts(self, points: Sequence[int], start_us: int, end_us: int) -> dict[int, int]:
        """How many rows with start <= time < end each point has; one without any is left out."""
        ...


class ReadingWriter(Protocol):
    """What the intake needs. Upserts are idempotent."""

    lands_late: bool = False
    """Whether an upsert that was given up may still be done, by a server that held it."""

    def may_hold(self, point: I64, time_us: I64) -> NDArray[np.bool_]:
        """(n,) False where nothing is stored under (point, time), as far as memory tells: an upsert
        that was given up by a process before this one, and is done by its server only now, may be
        overlooked. Asks the store at most of points that are new to it."""
        return np.ones(min(len(point), len(time_us)), np.bool_)

    def existing(self, point: I64, time_us: I64) -> ReadingColumns:
        """The stored rows whose (point, time) is asked for; absent ones are left out."""
        ...

    def upsert(self, rows: ReadingColumns) -> None:
        """Insert or replace by (point, time); the last of equal identities wins. Durable on
        return; raises Unavailable or StorageFull and then nothing of it is stored, but for
        OutcomeUnknown: then any of it may be, now or later."""
        ...

    def drop(self, rows: ReadingColumns) -> None:
        """Forget the rows of these identities; what is not there is no error. Durable on return;
        raises Unavailable or StorageFull, and may then be asked for again."""
        ...

    def forget(self, segments: Sequence[int]) -> None:
        """Forget the rows whose lineage lies in these segments of the journal, from which
        `rebuild` reads them again. What came from others stays."""
        ...


class ReadingSource(ReadingReader, Protocol):
    """Readings that somebody opened."""

    def close(self) -> None:
        """Let go of file or connections; no call may follow."""
        ...


class ReadingStore(ReadingSource, ReadingWriter, Protocol):
    """All of them, and what only the one who owns them does."""

    def clear(self) -> None:
        """Forget everything."""
        ...
