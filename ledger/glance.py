"""A glance at the readings around a piece of work: read once for many points, asked many times.

What lies outside of it is asked of the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ledger.meter import Noted, Service, Usable
from metering.ports import ReadingReader
from metering.reading import ReadingColumns

BESIDE_US = 86_400_000_000
"""A day on either side holds the neighbours of a reading of nearly every meter."""
FIRST_US, LAST_US = 0, 4_102_444_800_000_000
"""1970 and 2100: no reading is outside."""


class _Seen(NamedTuple):
    """All rows of a point in [low, high]."""

    rows: ReadingColumns
    low_us: int
    high_us: int


@dataclass
class Glance:
    """Rows of some points around some time, and the store behind them."""

    store: ReadingReader
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _usable: dict[Service, Usable] = field(default_factory=dict)
    """What of all that was read of its point a service can use."""
    _spans: dict[int, tuple[int, int]] | None = None
    """First and last time of all points that were read, where that was asked for."""

    def fill(
        self,
        points: Sequence[int],
        start_us: int,
        end_us: int,
        count: int,
        beside_us: int = BESIDE_US,
    ) -> None:
        """Read [start, end] of the points and at least `count` rows on either side: in one question
        those of points that have so many within `beside_us`."""
        if not points:
            return
        self._usable, self._spans = {}, None
        start, end = _clipped(start_us), _clipped(end_us)
        low, high = _clipped(start - beside_us), _clipped(end + beside_us)
        inside = _by_point(self.store.scan(points, low, high + 1))
        none = ReadingColumns.empty()
        times = {point: inside.get(point, none).time_us for point in points}
        rare = [p for p in points if np.searchsorted(times[p], start) < count]
        before = _by_point(self.store.before(rare, low, count)) if rare else {}
        ending = [p for p in points if np.sum(times[p] > end) < count]
        after = _by_point(self.store.after(ending, high + 1, count)) if ending else {}
        lows = {p: _edge(before.get(p, none), 0, count, FIRST_US) for p in rare}
        highs = {p: _edge(after.get(p, none), -1, count, LAST_US) for p in ending}
        for point in points:
            rows = [part[point] for part in (before, inside, after) if point in part]
            self._seen[point] = _Seen(
                ReadingColumns.concat(rows), lows.get(point, low), highs.get(point, high)
            )

    def holds(self, points: Iterable[int], start_us: int, end_us: int) -> bool:
        """Whether [start, end] of each of the points was read."""
        seen = [self._seen.get(point) for point in points]
        return all(s is not None and s.low_us <= start_us <= end_us <= s.high_us for s in seen)

    def scan(self, point: int, start_us: int, end_us: int) -> ReadingColumns:
        """Rows with start <= time <= end."""
        start, end = _clipped(start_us), _clipped(end_us)
        seen = self._seen.get(point)
        if seen is None or start < seen.low_us or end > seen.high_us:
            return self.store.scan([point], start, end + 1)
        first, last = np.searchsorted(seen.rows.time_us, (start, end + 1)).tolist()
        return seen.rows.part(first, last)

    def before(self, point: int, time_us: int, count: int) -> ReadingColumns:
        """The last `count` rows earlier than the time."""
        time = _clipped(time_us)
        seen = self._seen.get(point)
        if seen is not None and time <= seen.high_us:
            end = int(np.searchsorted(seen.rows.time_us, time))
            if end >= count or seen.low_us == FIRST_US:
                return seen.rows.part(max(end - count, 0), end)
        return self.store.before([point], time, count)

    def after(self, point: int, time_us: int, count: int) -> ReadingColumns:
        """The first `count` rows at or later than the time."""
        time = _clipped(time_us)
        seen = self._seen.get(point)
        if seen is not None and time >= seen.low_us:
            first, size = int(np.searchsorted(seen.rows.time_us, time)), len(seen.rows)
            if size - first >= count or seen.high_us == LAST_US:
                return seen.rows.part(first, min(first + count, size))
        return self.store.after([point], time, count)

    def rows(self, service: Service, start_us: int, end_us: int) -> ReadingColumns:
        """Rows of a service in [start, end], with the values written down at its change."""
        low, high = max(start_us, service.reads_from_us), min(end_us, service.reads_until_us)
        rows = self.scan(service.point, low, high) if low <= high else ReadingColumns.empty()
        noted = (service.opening, service.closing)
        return _with(service, rows, [n for n in noted if n and start_us <= n.time_us <= end_us])

    def known(self, service: Service, start_us: int, end_us: int) -> Usable:
        """Usable readings of a service in [start, end]."""
        seen = self._seen.get(service.point)
        start, end = _clipped(start_us), _clipped(end_us)
        if seen is None or start < seen.low_us or end > seen.high_us:
            return service.usable(self.rows(service, start_us, end_us))
        return self._all(service, seen).within(start, end)

    def _all(self, service: Service, seen: _Seen) -> Usable:
        if service not in self._usable:
            rows = self.rows(service, seen.low_us, seen.high_us)
            self._usable[service] = service.usable(rows)
        return self._usable[service]

    def ends(self, service: Service) -> tuple[int, int] | None:
        """Times of the first and the last row of a service; None where it has none."""
        times = [n.time_us for n in (service.opening, service.closing) if n is not None]
        span = self._span(service.point)
        if span is None:
            return (min(times), max(times)) if times else None
        first: int | None = span[0]
        last: int | None = span[1]
        if span[0] < service.reads_from_us:
            first = _only_time(self.after(service.point, service.reads_from_us, 1))
        if span[1] > service.reads_until_us:
            last = _only_time(self.before(service.point, service.reads_until_us + 1, 1))
        if first is not None and last is not None and first <= last:
            times += [first, last]
        return (min(times), max(times)) if times else None

    def _span(self, point: int) -> tuple[int, int] | None:
        """Times of the first and the last row of a point, asked for all points that were read."""
        if point not in self._seen:
            return self.store.spans([point]).get(point)
        if self._spans is None:
            self._spans = self.store.spans(sorted(self._seen))
        return self._spans.get(point)

    def known_before(self, service: Service, time_us: int, count: int) -> tuple[Usable, bool]:
        """(usable ones of the last `count` readings of a service up to an instant, whether the
        service has none before)."""
        last = min(time_us, service.reads_until_us)
        rows = self.before(service.point, last + 1, count)
        inside = rows.take(rows.time_us >= service.reads_from_us)
        whole = len(inside) < count
        noted = (service.opening if whole else None, service.closing)
        beside = [n for n in noted if n is not None and n.time_us <= time_us]
        return service.usable(_with(service, inside, beside)), whole

    def last_known(self, service: Service, time_us: int) -> int | None:
        """Time of the last usable reading at or before an instant."""
        return self.nth_before(service, time_us, 1)

    def nth_before(self, service: Service, time_us: int, nth: int) -> int | None:
        """Time of the n-th usable reading at or before an instant, of the first one where there
        are fewer."""
        seen, last = self._seen.get(service.point), min(time_us, service.end_us, LAST_US)
        if seen is not None and seen.low_us <= last <= seen.high_us:
            times = self._all(service, seen).time_us
            upto = int(np.searchsorted(times, last, side="right"))
            if upto >= nth:
                return int(times[upto - nth])
            if seen.low_us == FIRST_US:
                return int(times[0]) if upto else None
        count = nth
        while True:
            known, whole = self.known_before(service, min(time_us, service.end_us), count)
            if len(known.time_us) >= nth or whole:
                break
            count *= 4
        times = known.time_us[-nth:]
        return int(times[0]) if len(times) else None

    def first_known(self, service: Service, time_us: int) -> int | None:
        """Time of the first usable reading at or after an instant."""
        return self.nth_after(service, time_us, 1)

    def nth_after(self, service: Service, time_us: int, nth: int) -> int | None:
        """Time of the n-th usable reading at or after an instant, of the last one where there
        are fewer."""
        seen = self._seen.get(service.point)
        if seen is not None and seen.low_us <= time_us <= seen.high_us:
            times = self._all(service, seen).time_us
            first = int(np.searchsorted(times, time_us))
            if len(times) - first >= nth:
                return int(times[first + nth - 1])
            if seen.high_us == LAST_US:
                return int(times[-1]) if first < len(times) else None
        count = nth
        while True:
            rows = self.after(service.point, max(time_us, service.reads_from_us), count)
            inside = rows.take(rows.time_us <= service.reads_until_us)
            whole = len(inside) < count
            noted = (service.opening, service.closing if whole else None)
            beside = [n for n in noted if n is not None and n.time_us >= time_us]
            known = service.usable(_with(service, inside, beside))
            if len(known.time_us) >= nth or whole:
                break
            count *= 4
        times = known.time_us[:nth]
        return int(times[-1]) if len(times) else None


def _with(service: Service, rows: ReadingColumns, noted: Sequence[Noted]) -> ReadingColumns:
    """Rows in rising time with values that were written down; a reading of the same instant that
    can be used stands in place of one."""
    for one in noted:
        there = rows.time_us == one.time_us
        if len(service.usable(rows.take(there)).time_us):
            continue
        row = ReadingColumns.of([(service.point, one.time_us, one.value, 0, 0, 0, 0, 0, 0)])
        rows = ReadingColumns.concat([rows.take(~there), row]).sorted()
    return rows


def _only_time(rows: ReadingColumns) -> int | None:
    return int(rows.time_us[0]) if len(rows) else None


def _edge(rows: ReadingColumns, place: int, count: int, without: int) -> int:
    """How far rows on one side were seen: to the last of `count`, else to where time ends."""
    return int(rows.time_us[place]) if len(rows) == count else without


def _clipped(time_us: int) -> int:
    return min(max(time_us, FIRST_US), LAST_US)


def _by_point(rows: ReadingColumns) -> dict[int, ReadingColumns]:
    if not len(rows):
        return {}
    edges = [0, *(np.flatnonzero(np.diff(rows.point)) + 1).tolist(), len(rows)]
    return {int(rows.point[first]): rows.part(first, end) for first, end in pairwise(edges)}
