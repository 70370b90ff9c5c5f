"""Readings in a dict: the plainest thing that obeys the laws of a ReadingStore."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from metering.ports import ReadingStore
from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.columns import check_even

Row = tuple[int, int, float, int, int, int, int, int, int]
SEGMENT = 6
"""Its place in a row."""


class MemoryReadings(ReadingStore):
    """A ReadingStore that forgets when the process ends."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, Row]] = {}
        self._lock = threading.RLock()

    def existing(self, point: I64, time_us: I64) -> ReadingColumns:
        with self._lock:
            asked = zip(point.tolist(), time_us.tolist(), strict=True)
            found = {(p, t): self._rows[p][t] for p, t in asked if t in self._rows.get(p, {})}
        return ReadingColumns.of(list(found.values())).sorted()

    def upsert(self, rows: ReadingColumns) -> None:
        check_even(rows)
        columns = [column.tolist() for column in vars(rows).values()]
        with self._lock:
            for row in zip(*columns, strict=True):
                self._rows.setdefault(row[0], {})[row[1]] = row

    def scan(self, points: Sequence[int], start_us: int, end_us: int) -> ReadingColumns:
        return self._chosen(
            points, lambda rows: [row for row in rows if start_us <= row[1] < end_us]
        )

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        return self._chosen(points, lambda rows: [row for row in rows if row[1] < time_us][-count:])

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        return self._chosen(points, lambda rows: [row for row in rows if row[1] >= time_us][:count])

    def latest(self, points: Sequence[int]) -> ReadingColumns:
        return self._chosen(points, lambda rows: rows[-1:])

    def count(self, points: Sequence[int] | None = None) -> int:
        with self._lock:
            asked = self._rows.keys() if points is None else set(points)
            return sum(len(self._rows.get(int(point), {})) for point in asked)

    def counts(self, points: Sequence[int], start_us: int, end_us: int) -> dict[int, int]:
        with self._lock:
            found = {
                int(point): sum(start_us <= at < end_us for at in self._rows.get(int(point), {}))
                for point in set(points)
            }
        return {point: count for point, count in found.items() if count}

    def clear(self) -> None:
        with self._lock:
            self._rows.clear()

    def drop(self, rows: ReadingColumns) -> None:
        with self._lock:
            for point, time_us in zip(rows.point.tolist(), rows.time_us.tolist(), strict=True):
                self._rows.get(point, {}).pop(time_us, None)

    def forget(self, segments: Sequence[int]) -> None:
        gone = set(segments)
        with self._lock:
            for point, rows in self._rows.items():
                self._rows[point] = {t: row for t, row in rows.items() if row[SEGMENT] not in gone}

    def close(self) -> None:
        """Nothing is held."""

    def _chosen(
        self, points: Sequence[int], choose: Callable[[list[Row]], list[Row]]
    ) -> ReadingColumns:
        chosen: list[Row] = []
        with self._lock:
            for point in sorted({int(p) for p in points}):
                rows = self._rows.get(point, {})
                chosen += choose([rows[time_us] for time_us in sorted(rows)])
        return ReadingColumns.of(chosen)
