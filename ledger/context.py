"""How far a change of readings reaches, and which readings a day's figure rests on.

    dirty            ▓▓▓▓
    reaches     ├────────────┤        to its good neighbours and the ends of flat runs
    days     |  day 1  |  day 2  |    whole local days
    context ├─────────────────────┤   and what decides the readings at their edges

A day's row must come out equal whatever was computed before, so the context grows until
nothing outside it can matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ledger.clean import Rested, Span, clean, longest_rest
from ledger.limits import FEW, book_factor, to_book_units
from ledger.meter import DAY_US, OPEN_END, Service, Stretch
from ledger.runs import MARGIN, SOUND, by_point, closes, good, run_length, run_start, sound_from
from metering.ports import ReadingReader
from metering.reading import F64, Flag, Kind, ReadingColumns

FIRST_LOOK = 2 * MARGIN
MEMORY_US = 28 * DAY_US
"""How far back a meter's habit of resting counts."""
HABIT = 4
"""A meter that rested so long before may stand still up to four times as long."""


@dataclass(frozen=True)
class ChangeSpan:
    """Times between which rows may change; both are times of readings."""

    start_us: int
    end_us: int


@dataclass(frozen=True)
class StuckRun:
    """An open flat run that is booked as missing: more of the same changes nothing before."""

    start_us: int
    end_us: int
    value: float


@dataclass
class Context:
    """Reads what a computation needs, and no more, from the store of readings."""

    store: ReadingReader
    _rests: dict[tuple[int, int], int] = field(default_factory=dict)
    _stuck: dict[int, StuckRun] = field(default_factory=dict)

    def reaches(
        self, served: dict[int, Service], start_us: int, end_us: int
    ) -> dict[int, ChangeSpan]:
        """Per point how far a change of its readings in [start, end] reaches; points without
        readings are left out."""
        self._forget(served, start_us, end_us)
        points = sorted(served)
        self._check_runs(points, end_us)
        earlier = by_point(self.store.before(points, start_us, FIRST_LOOK))
        later = by_point(self.store.after(points, end_us + 1, FIRST_LOOK))
        sides = {}
        for point in points:
            left = self._left(served[point], start_us, earlier.get(point))
            sides[point] = (left, *self._right(served[point], end_us, later.get(point)))
        found = {}
        for point, reach in self._clamped(sides, start_us, end_us).items():
            plain = sides[point][2] or served[point].kind is not Kind.REGISTER
            found[point] = reach if plain else self._with_tail(point, reach)
        return found

    def stretches(
        self, served: dict[int, Service], start_us: int, end_us: int
    ) -> dict[int, Stretch]:
        """Per point the readings that decide its curve between two instants."""
        points = sorted(served)
        inner = by_point(self.store.scan(points, start_us, end_us))
        earlier = by_point(self.store.before(points, start_us, FIRST_LOOK))
        later = by_point(self.store.after(points, end_us, FIRST_LOOK))
        found = {}
        for point in points:
            inside = inner.get(point, ReadingColumns.empty())
            before = earlier.get(point, ReadingColumns.empty())
            after = later.get(point, ReadingColumns.empty())
            last = len(after) < FIRST_LOOK
            if served[point].kind is Kind.REGISTER:
                before = self._settled_before(served[point], start_us, before)
                known = good(ReadingColumns.concat([before, inside]))[1]
                after, last = self._settled_after(served[point], end_us, after, known)
            rows = ReadingColumns.concat([before, inside, after])
            if len(rows):
                found[point] = Stretch.of(rows, last=last)
        return found

    def remember(self, point: int, stretch: Stretch, spans: Iterable[Span]) -> None:
        """Keep in mind that the point ends in a flat run that is booked as missing."""
        last = int(stretch.time_us[-1])
        for kind, start_us, end_us in spans:
            if kind == "stuck" and end_us == last and stretch.last:
                self._stuck[point] = StuckRun(start_us, end_us, float(stretch.value[-1]))

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
        return longest_rest(clean(good.time_us[usable], units[usable], service.limits, ended=False))

    def _check_runs(self, points: list[int], end_us: int) -> None:
        """Keep only runs that the changed readings merely carry on."""
        for point in points:
            run = self._stuck.get(point)
            if run is None:
                continue
            rows = self.store.scan([point], run.end_us, end_us + 1)
            bad = rows.flag & int(Flag.OUT_OF_RANGE)
            if not (len(rows) > 1 and (rows.value == run.value).all() and not bad.any()):
                del self._stuck[point]

    def _forget(self, points: Iterable[int], start_us: int, end_us: int) -> None:
        touched = set(points)
        for point, start in list(self._rests):
            if point in touched and start_us <= start and end_us >= start - MEMORY_US:
                del self._rests[point, start]
        for point in touched:
            if point in self._stuck and start_us <= self._stuck[point].end_us:
                del self._stuck[point]

    def _left(self, service: Service, start_us: int, rows: ReadingColumns | None) -> int | None:
        """Time of the reading from which on the past may change; None without any."""
        if rows is None:
            return None
        if service.kind is not Kind.REGISTER:
            return int(rows.time_us[-1])
        run = self._stuck.get(service.installation.point)
        if run is not None:
            return run.end_us
        count = FIRST_LOOK
        while True:
            times, values = good(rows)
            start = run_start(values[: max(len(times) - MARGIN, 0) + 1])
            if len(rows) < count or start > 0:
                return int(times[start]) if len(times) else int(rows.time_us[0])
            count *= 4
            rows = self.store.before([service.installation.point], start_us, count)

    def _right(
        self, service: Service, end_us: int, rows: ReadingColumns | None
    ) -> tuple[int | None, bool]:
        """(time of the reading up to which the future may change, no reading is later)."""
        if rows is None:
            return None, True
        if service.kind is not Kind.REGISTER:
            return int(rows.time_us[0]), len(rows) < FIRST_LOOK
        count = FIRST_LOOK
        while True:
            times, values = good(rows)
            if len(rows) < count:
                return int(rows.time_us[-1]), True
            place = sound_from(service, times, values)
            if place is not None:
                end = place + run_length(values[place:])
                if end + MARGIN < len(times):
                    return int(times[end + FEW]), False
            count *= 4
            rows = self.store.after([service.installation.point], end_us + 1, count)

    def _clamped(
        self, sides: dict[int, tuple[int | None, int | None, bool]], start_us: int, end_us: int
    ) -> dict[int, ChangeSpan]:
        """Where nothing is earlier or later, the first or last changed reading is the limit."""
        first = self._times([p for p, side in sides.items() if side[0] is None], start_us, True)
        last = self._times([p for p, side in sides.items() if side[1] is None], end_us + 1, False)
        found = {}
        for point, (left, right, _) in sides.items():
            start = first.get(point) if left is None else left
            end = last.get(point) if right is None else right
            if start is not None and end is not None:
                found[point] = ChangeSpan(start, max(start, end))
        return found

    def _times(self, points: list[int], time_us: int, after: bool) -> dict[int, int]:
        if not points:
            return {}
        look = self.store.after if after else self.store.before
        rows = look(points, time_us, 1)
        return dict(zip(rows.point.tolist(), rows.time_us.tolist(), strict=True))

    def _with_tail(self, point: int, reach: ChangeSpan) -> ChangeSpan:
        """A change may also alter whether a later open flat run counts as rest."""
        rows, count = self.store.before([point], OPEN_END, FIRST_LOOK), FIRST_LOOK
        while True:
            times, values = good(rows)
            start = run_start(values)
            if len(times) - start < 3 or times[start] - MEMORY_US > reach.end_us:
                return reach
            if start > 0 or len(rows) < count:
                return ChangeSpan(reach.start_us, max(reach.end_us, int(rows.time_us[-1])))
            count *= 4
            rows = self.store.before([point], OPEN_END, count)

    def _settled_before(
        self, service: Service, start_us: int, rows: ReadingColumns
    ) -> ReadingColumns:
        count = FIRST_LOOK
        run = self._stuck.get(service.installation.point)
        if run is not None and len(rows) and rows.time_us[0] > run.start_us:
            start = self.store.scan([service.installation.point], run.start_us, run.start_us + 1)
            return ReadingColumns.concat([start, rows])
        while len(rows) >= count:
            times, values = good(rows)
            if sound_from(service, times, values) == SOUND and run_start(values) > SOUND:
                break
            count *= 4
            rows = self.store.before([service.installation.point], start_us, count)
        return rows

    def _settled_after(
        self, service: Service, end_us: int, rows: ReadingColumns, known: F64
    ) -> tuple[ReadingColumns, bool]:
        count = FIRST_LOOK
        while len(rows) >= count:
            if closes(good(rows)[1], known[-1 - FEW :]):
                return rows, False
            count *= 4
            rows = self.store.after([service.installation.point], end_us, count)
        return rows, True
