"""How far a change of readings reaches, and which readings a day's figure rests on.

    dirty            ▓▓▓▓
    reaches     ├────────────┤        to its good neighbours and the ends of flat runs
    days     |  day 1  |  day 2  |    whole local days
    context ├─────────────────────┤   and what decides the readings at their edges

A day's row must come out equal whatever was computed before, so the context grows until
nothing outside it can matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ledger.clean import Rested, clean, longest_rest
from ledger.limits import FEW, book_factor, to_book_units
from ledger.meter import DAY_US, OPEN_END, Service, Stretch
from metering.ports import ReadingStore
from metering.quantity import I64
from metering.reading import F64, Flag, Kind, ReadingColumns

MARGIN = 3 * FEW
"""Readings within which a decision can look back or ahead, with room."""
FIRST_LOOK = 2 * MARGIN
MEMORY_US = 28 * DAY_US
"""How far back a meter's habit of resting counts."""
HABIT = 4
"""A meter that rested so long before may stand still up to four times as long."""
Fetch = Callable[[int], ReadingColumns]


@dataclass(frozen=True)
class Reach:
    """Times between which rows may change; both are times of readings."""

    start_us: int
    end_us: int


@dataclass
class Context:
    """Reads what a computation needs, and no more, from the store of readings."""

    store: ReadingStore
    _rests: dict[tuple[int, int], int] = field(default_factory=dict)

    def reaches(self, served: dict[int, Service], start_us: int, end_us: int) -> dict[int, Reach]:
        """Per point how far a change of its readings in [start, end] reaches; points without
        readings are left out."""
        self._forget(served, start_us, end_us)
        points = sorted(served)
        earlier = _by_point(self.store.before(points, start_us, FIRST_LOOK))
        later = _by_point(self.store.after(points, end_us + 1, FIRST_LOOK))
        found = {}
        for point in points:
            flat = served[point].kind is Kind.REGISTER
            left = self._left(point, start_us, earlier.get(point), flat)
            right, at_end = self._right(point, end_us, later.get(point), flat)
            reach = self._clamped(point, start_us, end_us, left, right)
            if reach is not None:
                found[point] = reach if at_end or not flat else self._with_tail(point, reach)
        return found

    def stretches(
        self, served: dict[int, Service], start_us: int, end_us: int
    ) -> dict[int, Stretch]:
        """Per point the readings that decide its curve between two instants."""
        points = sorted(served)
        inner = _by_point(self.store.scan(points, start_us, end_us))
        earlier = _by_point(self.store.before(points, start_us, FIRST_LOOK))
        later = _by_point(self.store.after(points, end_us, FIRST_LOOK))
        found = {}
        for point in points:
            inside = inner.get(point, ReadingColumns.empty())
            before = earlier.get(point, ReadingColumns.empty())
            after = later.get(point, ReadingColumns.empty())
            last = len(after) < FIRST_LOOK
            if served[point].kind is Kind.REGISTER:
                before = self._settled_before(point, start_us, before, inside)
                known = _good(ReadingColumns.concat([before, inside]))
                after, last = self._settled_after(point, end_us, after, known)
            rows = ReadingColumns.concat([before, inside, after])
            if len(rows):
                found[point] = Stretch.of(rows, last=last)
        return found

    def rested(self, service: Service) -> Rested:
        """Whether the register stood still comparably long in the four weeks before."""

        def known(start_us: int, length_us: int) -> bool:
            place = (service.installation.point, start_us)
            if place not in self._rests:
                self._rests[place] = self._longest_rest(service, start_us)
            return self._rests[place] * HABIT >= length_us

        return known

    def _longest_rest(self, service: Service, start_us: int) -> int:
        first = max(start_us - MEMORY_US, service.start_us)
        rows = self.store.scan([service.installation.point], first, start_us + 1)
        good = rows.take((rows.flag & int(Flag.OUT_OF_RANGE)) == 0)
        factor = book_factor(service.meter, service.installation.ratio)
        units, usable = to_book_units(good.value, factor)
        return longest_rest(
            clean(good.time_us[usable], units[usable], service.limits, ended=False)
        )

    def _forget(self, points: Iterable[int], start_us: int, end_us: int) -> None:
        touched = set(points)
        for point, start in list(self._rests):
            if point in touched and start_us <= start and end_us >= start - MEMORY_US:
                del self._rests[point, start]

    def _left(
        self, point: int, start_us: int, rows: ReadingColumns | None, flat: bool
    ) -> int | None:
        """Time of the reading from which on the past may change; None without any."""
        if rows is None:
            return None
        if not flat:
            return int(rows.time_us[-1])
        count = FIRST_LOOK
        while True:
            times, values = _good(rows)
            place = max(len(times) - MARGIN, 0)
            start = _run_start(values[: place + 1])
            if len(rows) < count or start > 0:
                return int(times[start]) if len(times) else int(rows.time_us[0])
            count *= 4
            rows = self.store.before([point], start_us, count)

    def _right(
        self, point: int, end_us: int, rows: ReadingColumns | None, flat: bool
    ) -> tuple[int | None, bool]:
        """(time of the reading up to which the future may change, no reading is later)."""
        if rows is None:
            return None, True
        if not flat:
            return int(rows.time_us[0]), len(rows) < FIRST_LOOK
        count = FIRST_LOOK
        while True:
            times, values = _good(rows)
            if len(rows) < count:
                return int(rows.time_us[-1]), True
            place = min(MARGIN, len(times) - 1)
            end = place + _run_length(values[place:])
            if place >= 0 and end + MARGIN < len(times):
                return int(times[end + FEW]), False
            count *= 4
            rows = self.store.after([point], end_us + 1, count)

    def _clamped(
        self, point: int, start_us: int, end_us: int, left: int | None, right: int | None
    ) -> Reach | None:
        if left is None:
            first = self.store.after([point], start_us, 1)
            left = int(first.time_us[0]) if len(first) else None
        if right is None:
            final = self.store.before([point], end_us + 1, 1)
            right = int(final.time_us[-1]) if len(final) else None
        return None if left is None or right is None else Reach(left, max(left, right))

    def _with_tail(self, point: int, reach: Reach) -> Reach:
        """A change may also alter whether a later open flat run counts as rest."""
        rows, count = self.store.before([point], OPEN_END, FIRST_LOOK), FIRST_LOOK
        while True:
            times, values = _good(rows)
            start = _run_start(values)
            if len(times) - start < 3 or times[start] - MEMORY_US > reach.end_us:
                return reach
            if start > 0 or len(rows) < count:
                return Reach(reach.start_us, max(reach.end_us, int(rows.time_us[-1])))
            count *= 4
            rows = self.store.before([point], OPEN_END, count)

    def _settled_before(
        self, point: int, start_us: int, rows: ReadingColumns, inside: ReadingColumns
    ) -> ReadingColumns:
        count = FIRST_LOOK
        while len(rows) >= count:
            times, values = _good(rows)
            sound = len(times) > 2 * FEW and bool((np.diff(values[: 2 * FEW + 1]) >= 0).all())
            if sound and (_run_start(values) > 2 * FEW or _moves_on(values[-1], inside)):
                break
            count *= 4
            rows = self.store.before([point], start_us, count)
        return rows

    def _settled_after(
        self, point: int, end_us: int, rows: ReadingColumns, known: tuple[I64, F64]
    ) -> tuple[ReadingColumns, bool]:
        count = FIRST_LOOK
        while len(rows) >= count:
            _, values = _good(rows)
            before = known[1][-1] if len(known[1]) else np.nan
            if _closes(values, before):
                return rows, False
            count *= 4
            rows = self.store.after([point], end_us, count)
        return rows, True


def _by_point(rows: ReadingColumns) -> dict[int, ReadingColumns]:
    points, firsts = np.unique(rows.point, return_index=True)
    ends = np.append(firsts[1:], len(rows)).tolist()
    return {
        int(point): rows.take(np.arange(first, end))
        for point, first, end in zip(points.tolist(), firsts.tolist(), ends, strict=True)
    }


def _good(rows: ReadingColumns) -> tuple[I64, F64]:
    good = (rows.flag & int(Flag.OUT_OF_RANGE)) == 0
    return rows.time_us[good], rows.value[good]


def _run_start(values: F64) -> int:
    """Index at which the run of equal values at the end begins."""
    other = np.flatnonzero(values != values[-1]) if len(values) else np.zeros(0)
    return int(other[-1]) + 1 if other.size else 0


def _run_length(values: F64) -> int:
    """How many values from the first on are equal to it."""
    other = np.flatnonzero(values != values[0]) if len(values) else np.zeros(0)
    return int(other[0]) if other.size else len(values)


def _moves_on(value: float, inside: ReadingColumns) -> bool:
    return False if not len(inside) else bool(np.isnan(value))


def _closes(values: F64, before: float) -> bool:
    """Whether the run of `before` surely ends among the values, with room to look ahead."""
    others = np.flatnonzero(values == before)
    after_run = int(others[-1]) + 1 if others.size else 0
    return len(values) - after_run >= MARGIN


__all__ = ["Context", "Reach", "Sequence"]
