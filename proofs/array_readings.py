"""Readings as sorted arrays by point, so that a proof measures its part and not a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from metering.quantity import I64
from metering.reading import F64, ReadingColumns


class ArrayReadings:
    """A ReadingReader over arrays; a point's readings are given whole, or go on at the end."""

    def __init__(self) -> None:
        self._rows: dict[int, ReadingColumns] = {}

    def put(self, point: int, time_us: I64, value: F64) -> None:
        """More readings of a point, later than those it has."""
        fresh = columns_of(point, time_us, value)
        known = self._rows.get(point)
        self._rows[point] = fresh if known is None else ReadingColumns.concat([known, fresh])

    def scan(self, points: Sequence[int], start_us: int, end_us: int) -> ReadingColumns:
        """Rows with start <= time < end."""
        return self._chosen(points, lambda t: np.searchsorted(t, (start_us, end_us)).tolist())

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """The last rows earlier than the time."""

        def chosen(times: I64) -> tuple[int, int]:
            end = int(np.searchsorted(times, time_us))
            return max(end - count, 0), end

        return self._chosen(points, chosen)

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """The first rows at or later than the time."""

        def chosen(times: I64) -> tuple[int, int]:
            first = int(np.searchsorted(times, time_us))
            return first, first + count

        return self._chosen(points, chosen)

    def latest(self, points: Sequence[int]) -> ReadingColumns:
        """The last row of each point."""
        return self._chosen(points, lambda times: (max(len(times) - 1, 0), len(times)))

    def spans(self, points: Sequence[int]) -> dict[int, tuple[int, int]]:
        """First and last times of each point that has any."""
        times = {point: self._rows[point].time_us for point in points if point in self._rows}
        return {point: (int(at[0]), int(at[-1])) for point, at in times.items() if len(at)}

    def count(self, points: Sequence[int] | None = None) -> int:
        """How many rows there are."""
        asked = self._rows.keys() if points is None else points
        return sum(len(self._rows[point]) for point in asked if point in self._rows)

    def counts(self, points: Sequence[int], start_us: int, end_us: int) -> dict[int, int]:
        """How many rows with start <= time < end each point has; one without any is left out."""
        rows = self.scan(points, start_us, end_us)
        found, counts = np.unique(rows.point, return_counts=True)
        return dict(zip(found.tolist(), counts.tolist(), strict=True))

    def _chosen(
        self, points: Sequence[int], choose: Callable[[I64], Sequence[int]]
    ) -> ReadingColumns:
        parts = []
        for point in sorted(set(points) & self._rows.keys()):
            rows = self._rows[point]
            first, end = choose(rows.time_us)
            parts.append(rows.part(first, min(end, len(rows))))
        return ReadingColumns.concat(parts)


def columns_of(point: int, time_us: I64, value: F64) -> ReadingColumns:
    """Good readings of one point, in rising time."""
    number = np.arange(len(time_us), dtype=np.int64)
    zero = np.zeros(len(time_us), dtype=np.int64)
    return ReadingColumns(
        np.full(len(time_us), point, dtype=np.int64),
        time_us,
        np.asarray(value, dtype=np.float64),
        zero.astype(np.int16),
        zero,
        number,
        zero,
        number,
        zero,
    )
