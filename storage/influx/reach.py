"""Up to which time each point may have rows on the server, in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metering.quantity import I64

NOTHING = np.iinfo(np.int64).min
"""The reach of a point without rows."""


class PointReach:
    """An upper bound per point: raised before rows are written, so that no row is ever beyond it,
    whatever becomes of the write. For one thread."""

    def __init__(self) -> None:
        self._point: I64 = np.empty(0, np.int64)
        self._last_us: I64 = np.empty(0, np.int64)

    def unknown(self, point: I64) -> I64:
        """Those of the points (any order, repeated or not) that nothing is known of, ascending."""
        return np.setdiff1d(point, self._point)

    def may_hold(self, point: I64, time_us: I64) -> NDArray[np.bool_]:
        """(n,) whether the time is not beyond the point's reach; all points must be known."""
        within: NDArray[np.bool_] = time_us <= self._last_us[self._places(point)]
        return within

    def learn(self, point: I64, newest_point: I64, newest_us: I64) -> None:
        """Points that were unknown (distinct, ascending), and the newest rows of those that have
        any."""
        points = np.concatenate([self._point, point])
        reach = np.concatenate([self._last_us, np.full(len(point), NOTHING)])
        order = np.argsort(points, kind="stable")
        self._point, self._last_us = points[order], reach[order]
        self.raise_to(newest_point, newest_us)

    def raise_to(self, point: I64, time_us: I64) -> None:
        """Rows of these identities may be on the server from now on. Points that are not known are
        left out: who learns of them asks the server."""
        known = np.isin(point, self._point)
        np.maximum.at(self._last_us, self._places(point[known]), time_us[known])

    def _places(self, point: I64) -> I64:
        return np.searchsorted(self._point, point).astype(np.int64)
