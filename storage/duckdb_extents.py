"""Of each point its newest reading, the time of its first one and how many there are, in memory
beside the file.

Most questions end here: nothing is newer than the newest reading, a new time cannot be one that is
stored already, a search for neighbours begins where there are some, and nothing is counted again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.columns import newest_of_each

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Extents:
    """Of n points, distinct and ascending, the newest row, the time of the first one [us] and the
    number of all."""

    newest: ReadingColumns
    first_us: I64
    count: I64

    def __len__(self) -> int:
        return len(self.newest)

    @property
    def point(self) -> I64:
        """The points, ascending."""
        return self.newest.point

    @property
    def last_us(self) -> I64:
        """The times of their newest rows."""
        return self.newest.time_us

    def take(self, chosen: NDArray[np.bool_] | I64) -> Extents:
        """Some of them, in the order given."""
        return Extents(self.newest.take(chosen), self.first_us[chosen], self.count[chosen])

    def among(self, points: I64) -> Extents:
        """Those of the points (any order, repeated or not) that have readings."""
        return self.take(np.unique(self._places(points)[self._are(points)]))

    def hold(self, point: I64, time_us: I64) -> NDArray[np.bool_]:
        """Per (point, time) whether the time lies among those that the point has readings of."""
        held = self._are(point)
        if held.any():
            place = self._places(point)
            held &= (self.first_us[place] <= time_us) & (time_us <= self.last_us[place])
        return held

    def wider(self, rows: ReadingColumns, replaced: I64) -> Extents:
        """With rows (n, any order, no two of equal identity) that are stored; some of them in place
        of others, whose points are `replaced`, once for each."""
        fresh = newest_of_each(rows)
        known = self if self._are(fresh.point).all() else self._with(fresh.point)
        place = known._places(fresh.point)
        later = fresh.time_us >= known.last_us[place]
        newest = {name: column.copy() for name, column in vars(known.newest).items()}
        for name, column in vars(fresh).items():
            newest[name][place[later]] = column[later]
        first = known.first_us.copy()
        np.minimum.at(first, known._places(rows.point), rows.time_us)
        count = known.count.copy()
        np.add.at(count, known._places(rows.point), 1)
        np.subtract.at(count, known._places(replaced), 1)
        return Extents(ReadingColumns(**newest), first, count)

    def _with(self, points: I64) -> Extents:
        """With places for points that are not known yet."""
        fresh = np.setdiff1d(points, self.point)
        blank = ReadingColumns.of([(int(p), -_NEVER, *(0,) * 7) for p in fresh])
        both = ReadingColumns.concat([self.newest, blank])
        first = np.concatenate([self.first_us, np.full(len(fresh), _NEVER)])
        count = np.concatenate([self.count, np.zeros(len(fresh), np.int64)])
        order = np.argsort(both.point, kind="stable")
        return Extents(both.take(order), first[order], count[order])

    def _places(self, points: I64) -> I64:
        return np.minimum(np.searchsorted(self.point, points), max(len(self) - 1, 0))

    def _are(self, points: I64) -> NDArray[np.bool_]:
        """Per point whether it is known."""
        if not len(self):
            return np.zeros(len(points), np.bool_)
        known: NDArray[np.bool_] = self.point[self._places(points)] == points
        return known
