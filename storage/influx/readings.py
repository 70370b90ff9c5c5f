"""The ReadingStore in InfluxDB.

Rows are what `lines` writes and `queries` reads. The server keeps no index by time over all of
a point's data, and it pays for every point that is named. So

`may_hold` knows of each point up to when it may have rows, so that new times ask nothing.
`existing` asks per cluster of times, and per day of first and last time, only the points that
have such times: one old reading does not make it read a year of every point.
`before`, `after` and `latest` look near first. `latest` knows from its own writes and answers
since when at least a point has rows, and asks only from there on; a time it knows is a lower
bound, so what other processes write is found too.
Where a good part of all points is asked for, none is named, and the others are left out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metering.errors import InvalidInput
from metering.ports import ReadingStore
from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.columns import DAY_US, check_even, last_of_each, newest_of_each, time_ranges
from storage.influx import queries
from storage.influx.address import InfluxAddress
from storage.influx.client import InfluxClient
from storage.influx.lines import EARLIEST_US, LATEST_US, check_times
from storage.influx.queries import POINTS_PER_STATEMENT, RowQuestion, distinct
from storage.influx.reach import PointReach
from storage.influx.turns import Turns
from storage.influx.writing import write

_NEAR_US = (DAY_US, 40 * DAY_US)
_WORTH_ALL = 4
"""Asking for all points is quicker than naming a quarter of them."""
_SPARE = 3
"""Of all points so many times the rows asked for; a denser point is asked for by name."""


class InfluxReadings(ReadingStore):
    """A ReadingStore on one bucket. Does not connect before it is asked something.

    Raises Unavailable (StorageFull on a full disk) whenever the server does not do its part.
    Unlike an embedded store it may then have stored some of the rows: upserts are idempotent,
    and the same call again stores all. Rows the server will never take (a time beyond the
    bucket's retention, a field of another type) raise InvalidInput after all others of the
    batch have been stored; rows that are wrong in themselves, before any is. What raises
    OutcomeUnknown may be stored later, over what was stored meanwhile.
    """

    lands_late = True

    def __init__(self, address: InfluxAddress) -> None:
        self._client = InfluxClient(address)
        self._turns = Turns()
        self._newest: dict[int, int] = {}
        self._points: set[int] | None = None
        self._reach = PointReach()

    def may_hold(self, point: I64, time_us: I64) -> NDArray[np.bool_]:
        unknown = self._reach.unknown(point)
        if len(unknown):
            newest = self.latest(unknown.tolist())
            self._reach.learn(unknown, newest.point, newest.time_us)
        return self._reach.may_hold(point, time_us)

    def existing(self, point: I64, time_us: I64) -> ReadingColumns:
        with self._turns.reading():
            parts = [self._within(cluster) for cluster in _clusters(point, time_us)]
        found = ReadingColumns.concat(parts).sorted()
        return found.take(_asked(found, point, time_us))

    def upsert(self, rows: ReadingColumns) -> None:
        check_even(rows)
        check_times(rows)
        if not len(rows):
            return
        batch = last_of_each(rows)
        self._reach.raise_to(batch.point, batch.time_us)
        with self._turns.writing():
            refused = write(self._client, batch)
            self._remember(batch.take(np.setdiff1d(np.arange(len(batch)), refused.rows)))
        if refused.rows.size:
            raise _refusal(batch.take(refused.rows), len(batch), refused.reason)

    def scan(self, points: Sequence[int], start_us: int, end_us: int) -> ReadingColumns:
        with self._turns.reading():
            return queries.rows(
                self._client, [RowQuestion(distinct(points), int(start_us), int(end_us) - 1)]
            )

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        edges = [time_us - near for near in _NEAR_US] + [EARLIEST_US]
        spans = zip(edges, [time_us, *edges], strict=False)
        return self._nearest(points, [(low, high - 1) for low, high in spans], count, back=True)

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        edges = [time_us + near for near in _NEAR_US] + [LATEST_US + 1]
        spans = zip([time_us, *edges], edges, strict=False)
        return self._nearest(points, [(low, high - 1) for low, high in spans], count, back=False)

    def latest(self, points: Sequence[int]) -> ReadingColumns:
        wanted = distinct(points)
        known = np.array([point for point in wanted if point in self._newest], np.int64)
        since = np.array([self._newest[point] for point in known.tolist()], np.int64)
        with self._turns.reading():
            near = [
                self._newest_rows(known[chosen].tolist(), low)
                for low, _, chosen in time_ranges(since)
            ]
            found = ReadingColumns.concat(near)
            lacking = sorted(set(wanted) - set(found.point.tolist()))
            both = ReadingColumns.concat([found, self._newest_rows(lacking, EARLIEST_US)])
            self._remember(both)
        return both.sorted()

    def count(self, points: Sequence[int] | None = None) -> int:
        with self._turns.reading():
            return queries.count(self._client, None if points is None else distinct(points))

    def counts(self, points: Sequence[int], start_us: int, end_us: int) -> dict[int, int]:
        if not len(points):
            return {}
        low, high = max(start_us, EARLIEST_US), min(end_us - 1, LATEST_US)
        with self._turns.reading():
            return queries.counts(self._client, RowQuestion(distinct(points), low, high))

    def clear(self) -> None:
        with self._turns.writing():
            queries.drop(self._client)
            self._newest = {}
            self._points = None
            self._reach = PointReach()

    def drop(self, rows: ReadingColumns) -> None:
        with self._turns.writing():
            for point in distinct(rows.point.tolist()):
                times = rows.time_us[rows.point == point]
                low, high = int(times.min()), int(times.max())
                found = queries.rows(self._client, [RowQuestion([point], low, high)])
                for first, last in _runs(found, np.isin(found.time_us, times)):
                    queries.delete(self._client, point, first, last)
            self._newest = {}
            self._reach = PointReach()

    def forget(self, segments: Sequence[int]) -> None:
        gone = np.unique(np.asarray(segments, np.int64))
        with self._turns.writing():
            for point in sorted(queries.known_points(self._client)):
                found = queries.rows(self._client, [RowQuestion([point])])
                for low, high in _runs(found, np.isin(found.segment, gone)):
                    queries.delete(self._client, point, low, high)
            self._newest = {}
            self._points = None
            self._reach = PointReach()

    def close(self) -> None:
        self._client.close()

    def _remember(self, rows: ReadingColumns) -> None:
        newest = newest_of_each(rows)
        for point, time_us in zip(newest.point.tolist(), newest.time_us.tolist(), strict=True):
            self._newest[point] = max(time_us, self._newest.get(point, time_us))

    def _named(self, points: Sequence[int]) -> Sequence[int] | None:
        """The points to name in a question; None where it is quicker to ask for all."""
        if len(points) <= POINTS_PER_STATEMENT:
            return points
        if self._points is None:
            self._points = queries.known_points(self._client)
        everyone = len(self._points | self._newest.keys())
        return None if everyone <= _WORTH_ALL * len(points) else points

    def _newest_rows(self, points: Sequence[int], since_us: int) -> ReadingColumns:
        question = RowQuestion(self._named(points), since_us, limit=1, newest_first=True)
        return _only(queries.rows(self._client, [question]), points)

    def _within(self, cluster: _Cluster) -> ReadingColumns:
        """All rows of a cluster's points in its range, or at least those asked for."""
        points, low, high = cluster.points, cluster.low_us, cluster.high_us
        if self._named(points) is not None:
            return queries.rows(self._client, [RowQuestion(points, low, high)])
        limit = _SPARE * (cluster.most + 1)
        everything = queries.rows(self._client, [RowQuestion(None, low, high, limit=limit)])
        found = _only(everything, points)
        seen, times = np.unique(found.point, return_counts=True)
        cut = seen[times >= limit]
        whole = found.take(~np.isin(found.point, cut))
        return ReadingColumns.concat(
            [whole, queries.rows(self._client, [RowQuestion(cut.tolist(), low, high)])]
        )

    def _nearest(
        self, points: Sequence[int], spans: Sequence[tuple[int, int]], count: int, *, back: bool
    ) -> ReadingColumns:
        """Span after span, near ones first, only the points that still lack rows."""
        lacking = dict.fromkeys(distinct(points), count)
        found: list[ReadingColumns] = []
        with self._turns.reading():
            for low, high in spans:
                for need, chosen in list(_by_need(lacking)):
                    question = RowQuestion(self._named(chosen), low, high, need, newest_first=back)
                    part = _only(queries.rows(self._client, [question]), chosen)
                    found.append(part)
                    for point in part.point.tolist():
                        lacking[point] -= 1
        return ReadingColumns.concat(found).sorted()


@dataclass(frozen=True)
class _Cluster:
    """Points asked for at times of one range, at most `most` times each."""

    points: list[int]
    low_us: int
    high_us: int
    most: int


def _by_need(lacking: dict[int, int]) -> Iterator[tuple[int, list[int]]]:
    """(number of rows, points that lack so many)."""
    for need in sorted(set(lacking.values()) - {0}):
        yield need, [point for point, lacks in lacking.items() if lacks == need]


def _clusters(point: I64, time_us: I64) -> Iterator[_Cluster]:
    """Points whose first and last time of a cluster fall on the same two days, together."""
    for _, _, chosen in time_ranges(time_us):
        points, place, times = np.unique(point[chosen], return_inverse=True, return_counts=True)
        low = np.full(len(points), LATEST_US)
        high = np.full(len(points), EARLIEST_US)
        np.minimum.at(low, place, time_us[chosen])
        np.maximum.at(high, place, time_us[chosen])
        days = np.stack([low // DAY_US, high // DAY_US], axis=1)
        groups, group = np.unique(days, axis=0, return_inverse=True)
        for number in range(len(groups)):
            own = group.ravel() == number
            yield _Cluster(
                points[own].tolist(),
                int(low[own].min()),
                int(high[own].max()),
                int(times[own].max()),
            )


def _runs(found: ReadingColumns, chosen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, last time) of the chosen rows of one point, those side by side together."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    times = found.time_us
    return [
        (int(times[a]), int(times[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]


def _only(found: ReadingColumns, points: Sequence[int]) -> ReadingColumns:
    return found.take(np.isin(found.point, np.asarray(points, np.int64)))


def _asked(found: ReadingColumns, point: I64, time_us: I64) -> NDArray[np.bool_]:
    """Which of the rows found are of the identities asked for."""
    _, point_place = np.unique(np.concatenate([point, found.point]), return_inverse=True)
    times, time_place = np.unique(np.concatenate([time_us, found.time_us]), return_inverse=True)
    identity = point_place.astype(np.int64) * len(times) + time_place
    return np.isin(identity[len(point) :], identity[: len(point)])


def _refusal(refused: ReadingColumns, of: int, reason: str) -> InvalidInput:
    named = list(zip(refused.point.tolist(), refused.time_us.tolist(), strict=True))[:5]
    return InvalidInput(
        f"InfluxDB refuses {len(refused)} of {of} readings: {reason[:300]}",
        field="(point, time_us)",
        value=named,
        fix="lengthen the bucket's retention, or drop what wrote another type into it; then"
        " replay the dead letters",
    )
