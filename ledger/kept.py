"""The newest readings of points, kept from one piece of work to the next.

    kept      ├──────────────────────────┤ the end      all rows of a point from an instant on
    changed                        ├──┤                 is all that is read again

A change of readings is marked before it is stored, and every mark leads here: so what is kept is
what the store said when the last mark of it was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from metering.ports import ReadingReader
from metering.reading import ReadingColumns

S = TypeVar("S", bound=np.generic)
FIRST_US, LAST_US = 0, 4_102_444_800_000_000
"""1970 and 2100: no reading is outside."""
MOST_OF_A_POINT = 2_048
"""Rows; of a point with more nothing is kept."""
MOST_BEFORE = 192
"""Rows that are kept although a look needs them no more."""
LONGEST_US = 8 * 86_400_000_000
"""Changes over more than so much are read by whoever looks at them, and not here."""
MOST = 4_000_000
"""Rows of all points, of 18 bytes each."""


class SeenRows(NamedTuple):
    """All rows of a point in [low, high]."""

    rows: ReadingColumns
    low_us: int
    high_us: int


@dataclass
class KeptRows:
    """Rows of points up to their newest one, those used last at the end."""

    store: ReadingReader
    _seen: dict[int, SeenRows] = field(default_factory=dict)
    _count: int = 0

    def of(
        self, points: Sequence[int], low_us: int, start_us: int, count: int
    ) -> dict[int, SeenRows]:
        """What is kept of those of the points of which all is there from an instant on, or `count`
        rows before another one; no rows that are not needed."""
        found = {}
        for point in points:
            seen = self._seen.get(point)
            if seen is None or seen.low_us > start_us:
                continue
            before, wide = np.searchsorted(seen.rows.time_us, (start_us, low_us)).tolist()
            if before < count and seen.low_us > low_us:
                continue
            first = max(min(before - count, wide), 0)
            if first > MOST_BEFORE:
                seen, first = _since(seen, first), 0
                self._put(point, seen._replace(rows=slim(seen.rows)))
            else:
                self._seen[point] = self._seen.pop(point)
            found[point] = _since(seen, first)
        return found

    def change(self, points: Sequence[int], start_us: int, end_us: int) -> None:
        """Rows in [start, end] of the points may be others now: read them again. Over many days
        they are let go: they may be more than can be held."""
        held = [p for p in points if p in self._seen and end_us >= self._seen[p].low_us]
        longer = end_us - start_us > LONGEST_US
        for point in [p for p in held if longer or start_us < self._seen[p].low_us]:
            self._drop(point)
        held = [point for point in held if point in self._seen]
        if not held:
            return
        read = by_point(self.store.scan(held, start_us, end_us + 1))
        for point in held:
            seen = self._seen[point]
            first, end = np.searchsorted(seen.rows.time_us, (start_us, end_us + 1)).tolist()
            self._put(point, seen._replace(rows=_with(seen.rows, first, end, read.get(point))))

    def keep(self, seen: Mapping[int, SeenRows]) -> None:
        """Keep what was read of points, where that reaches to their newest row; a look further back
        leaves what is kept."""
        for point, one in seen.items():
            if one.high_us != LAST_US:
                continue
            if len(one.rows) > MOST_OF_A_POINT:
                self._drop(point)
                continue
            self._put(point, one._replace(rows=slim(one.rows)))
        for point in list(self._seen):
            if self._count <= MOST:
                break
            self._drop(point)

    def _put(self, point: int, seen: SeenRows) -> None:
        self._drop(point)
        if len(seen.rows) > MOST_OF_A_POINT:
            seen = _since(seen, len(seen.rows) - MOST_OF_A_POINT // 2)
            seen = seen._replace(rows=slim(seen.rows))
        self._seen[point] = seen
        self._count += len(seen.rows)

    def _drop(self, point: int) -> None:
        seen = self._seen.pop(point, None)
        self._count -= 0 if seen is None else len(seen.rows)


def _since(seen: SeenRows, first: int) -> SeenRows:
    """Without the rows before a place; the arrays are views."""
    if not first:
        return seen
    low = int(seen.rows.time_us[first])
    return SeenRows(seen.rows.part(first, len(seen.rows)), low, seen.high_us)


def slim(rows: ReadingColumns) -> ReadingColumns:
    """Rows of one point with time, value and flag of their own, and nothing of where they came
    from: that takes no room."""
    count = len(rows)
    none = np.broadcast_to(np.int64(0), count)
    point = np.broadcast_to(rows.point[:1] if count else np.int64(0), count)
    own = (rows.time_us.copy(), rows.value.copy(), rows.flag.copy())
    return ReadingColumns(point, *own, none, none, none, none, none)


def _with(rows: ReadingColumns, first: int, end: int, own: ReadingColumns | None) -> ReadingColumns:
    """Rows of one point with others in the place of those from `first` to `end`."""
    new = ReadingColumns.empty() if own is None else own

    def put(mine: NDArray[S], its: NDArray[S]) -> NDArray[S]:
        return np.concatenate((mine[:first], its, mine[end:]))

    count = len(rows) - (end - first) + len(new)
    none = np.broadcast_to(np.int64(0), count)
    source = rows.point if len(rows) else new.point
    point = np.broadcast_to(source[:1] if count else np.int64(0), count)
    return ReadingColumns(
        point,
        put(rows.time_us, new.time_us),
        put(rows.value, new.value),
        put(rows.flag, new.flag),
        *(none, none, none, none, none),
    )


def by_point(rows: ReadingColumns) -> dict[int, ReadingColumns]:
    """Rows sorted by point, those of each; the arrays are views."""
    if not len(rows):
        return {}
    edges = [0, *(np.flatnonzero(np.diff(rows.point)) + 1).tolist(), len(rows)]
    return {int(rows.point[first]): rows.part(first, end) for first, end in pairwise(edges)}
