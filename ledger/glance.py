"""A glance at the readings around a piece of work: read once for many points, asked many times.

What lies outside of it is asked of the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ledger.kept import FIRST_US, LAST_US, KeptRows, SeenRows, by_point
from ledger.lanes import RegisterLanes
from ledger.limits import to_book_units
from ledger.meter import Noted, Service, Usable
from metering.ports import ReadingReader
from metering.reading import ReadingColumns

BESIDE_US = 86_400_000_000
"""A day on either side holds the neighbours of a reading of nearly every meter."""


@dataclass
class Glance:
    """Rows of some points around some time, and the store behind them."""

    store: ReadingReader
    _seen: dict[int, SeenRows] = field(default_factory=dict)
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
        kept: KeptRows | None = None,
    ) -> None:
        """Read [start, end] of the points and at least `count` rows on either side: in one question
        those of points that have so many within `beside_us`. What is kept is not read."""
        if not points:
            return
        self._usable, self._spans = {}, None
        start, end = _clipped(start_us), _clipped(end_us)
        low, high = _clipped(start - beside_us), _clipped(end + beside_us)
        if kept is not None:
            known = kept.of(points, low, start, count)
            self._seen |= known
            points = [point for point in points if point not in known]
            self._read(points, (start, end), (low, high), count)
            kept.keep({point: self._seen[point] for point in points})
        else:
            self._read(points, (start, end), (low, high), count)

    def _read(
        self, points: Sequence[int], inner: tuple[int, int], outer: tuple[int, int], count: int
    ) -> None:
        if not points:
            return
        (start, end), (low, high) = inner, outer
        inside = by_point(self.store.scan(points, low, high + 1))
        none = ReadingColumns.empty()
        times = {point: inside.get(point, none).time_us for point in points}
        rare = [p for p in points if np.searchsorted(times[p], start) < count]
        before = by_point(self.store.before(rare, low, count)) if rare else {}
        ending = [p for p in points if np.sum(times[p] > end) < count]
        after = by_point(self.store.after(ending, high + 1, count)) if ending else {}
        lows = {p: _edge(before.get(p, none), 0, count, FIRST_US) for p in rare}
        highs = {p: _edge(after.get(p, none), -1, count, LAST_US) for p in ending}
        for point in points:
            rows = [part[point] for part in (before, inside, after) if point in part]
            self._seen[point] = SeenRows(
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

    def side_by_side(self, services: Sequence[Service]) -> RegisterLanes:
        """What was read of those of the services that are registers with nothing odd about what
        was read: every reading is theirs, usable, and sent by the meter."""
        seen = [(one, self._seen[one.point]) for one in services if self._is_even(one)]
        counts = np.array([len(found.rows) for _, found in seen], dtype=np.int64)
        firsts = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
        if not seen:
            none = np.zeros(0, dtype=np.bool_)
            return RegisterLanes.of((), firsts[:0], firsts[:0], firsts, none, none)
        value = np.concatenate([found.rows.value for _, found in seen])
        scale = np.repeat(np.array([one.scale for one, _ in seen]), counts)
        units, good = to_book_units(value, scale)
        good &= np.concatenate([found.rows.flag for _, found in seen]) == 0
        even = np.logical_and.reduceat(good, firsts[:-1])
        time_us = np.concatenate([found.rows.time_us for _, found in seen])
        if not even.all():
            kept = np.repeat(even, counts)
            time_us, units, counts = time_us[kept], units[kept], counts[even]
            firsts = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
            seen = [seen[n] for n in np.flatnonzero(even).tolist()]
        for (one, _), (first, end) in zip(seen, pairwise(firsts.tolist()), strict=True):
            self._usable[one] = Usable(time_us[first:end], units[first:end], time_us[:0])
        return RegisterLanes.of(
            [one for one, _ in seen],
            time_us,
            units,
            firsts,
            np.array([found.low_us == FIRST_US for _, found in seen], dtype=np.bool_),
            np.array([found.high_us == LAST_US for _, found in seen], dtype=np.bool_),
        )

    def _is_even(self, service: Service) -> bool:
        """Whether all that was read of a register's point is its own."""
        seen = self._seen.get(service.point)
        if seen is None or not service.is_alone or len(seen.rows) < 2:
            return False
        times = seen.rows.time_us
        first, last = int(times[0]), int(times[-1])
        return service.reads_from_us <= first and last <= service.reads_until_us

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

    def _all(self, service: Service, seen: SeenRows) -> Usable:
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
