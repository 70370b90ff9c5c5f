"""How far a change of readings reaches, and which readings a day's figure rests on.

    dirty            ▓▓▓▓
    reaches     ├────────────┤              to its good neighbours
              ├──┤       ├───────┤          and over every decision that is told otherwise now
    days     |  day 1  |  day 2  |          whole local days

A day's row rests on the readings of the day, its good neighbours, and the decisions made over all
readings around (`ledger.cleaning`). Decisions are compared with those that were booked, so a day
comes out equal whatever was computed before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from ledger.cadence import BEFORE
from ledger.calm import Calm
from ledger.clean import Cleaned, clean, longest_rest, open_run
from ledger.cleaning.decisions import STUCK, Decision, EventFacts, Span, facts_of, spans_of
from ledger.cleaning.rates import DAY_US
from ledger.ends import EndRuns, Open
from ledger.glance import Glance
from ledger.kept import FIRST_US, LAST_US, KeptRows
from ledger.meter import Beside, Service, Stretch, Usable, handed_over
from ledger.passage import Passage, Turn
from ledger.repeats import RepeatedValues, Repeats
from ledger.series import ChangeSpan, IntervalSeries, RegisterSeries
from ledger.turning import gone_on, turns
from metering.localtime import day_bounds, local_day
from metering.ports import ReadingReader
from metering.quality import MEASURED
from metering.quantity import I64
from metering.reading import Kind

MEMORY_US = 28 * DAY_US
"""How far back a meter's habit of resting counts."""
HABIT = 4
"""A meter that rested so long before may stand still up to four times as long."""
FIRST_LOOK = 24
AT_ONCE_US, MOST_ROWS = 40 * DAY_US, 500_000
"""Longer ranges that may have more rows are not read at once."""


class _Near(NamedTuple):
    """From the good reading before a change of one register to the one after it."""

    span: ChangeSpan
    at_start: bool
    """Whether no reading of its own stands before; `at_end`, after."""
    at_end: bool


@dataclass
class Context:
    """Reads what a computation needs, and no more, from the store of readings."""

    store: ReadingReader
    _series: dict[Service, RegisterSeries] = field(default_factory=dict)
    _rests: dict[Service, dict[int, int]] = field(default_factory=dict)
    """Of each how long it stood still before an instant."""
    _runs: EndRuns = field(default_factory=EndRuns)
    _glance: Glance = field(init=False)
    _kept: KeptRows = field(init=False)
    _calm: tuple[Glance, tuple[Service, ...], Calm] | None = None
    _piece: object = None
    """The piece of work that the glance is for."""

    def __post_init__(self) -> None:
        self._glance, self._kept = Glance(self.store), KeptRows(self.store)

    def look(
        self,
        points: Iterable[int],
        start_us: int,
        end_us: int,
        piece: object = None,
        rows: int | None = None,
    ) -> None:
        """Read the surroundings of a piece of work at once; what was read before is dropped, but
        where it was read for the same piece and is all there. rows: how many there are, where
        that is known; else a long range is not read at once."""
        points = sorted(set(points))
        if (
            piece is not None
            and piece is self._piece
            and self._glance.holds(points, start_us, end_us)
        ):
            return
        self._glance, self._piece = Glance(self.store), piece
        if end_us - start_us <= AT_ONCE_US or (rows is not None and rows <= MOST_ROWS):
            first = start_us // DAY_US * DAY_US
            self._glance.fill(points, first, end_us, FIRST_LOOK, kept=self._kept)

    def change(self, points: Iterable[int], start_us: int, end_us: int) -> None:
        """Readings of points in [start, end] changed: what is kept of them is read again there."""
        self._kept.change(sorted(set(points)), max(start_us, FIRST_US), min(end_us, LAST_US))

    def forget(self, meters: Collection[str]) -> None:
        """What was noticed of some meters, and of all whose registers move, is to be noticed
        again."""
        for service in [one for one in self._series if one.guest or one.meter.code in meters]:
            del self._series[service]
            self._runs.forget(service)
            self._rests.pop(service, None)

    def calm(self, served: Iterable[Sequence[Service]]) -> Calm:
        """The meters' registers that may be asked all at once, of those with one alone; what was
        read must be theirs."""
        alone = tuple(found[0] for found in served if len(found) == 1)
        if self._calm is None or self._calm[0] is not self._glance or self._calm[1] != alone:
            lanes = self._glance.side_by_side(alone)
            made = Calm(lanes, self._glance, self._series, self._runs, self._rests)
            self._calm = (self._glance, alone, made)
        return self._calm[2]

    def bounded(self, served: Sequence[Service]) -> list[Service]:
        """The services of a meter with the instants at which one takes over from the other; beside
        those whose register was another meter's before, or is afterwards, that one's as a guest."""
        found: list[Service] = []
        for one in self._handed_over(served):
            if (before := self._guest(one.came_from)) is not None and found[-1:] != [before]:
                found.append(before)
            found.append(one)
            if (after := self._guest(one.goes_to)) is not None:
                found.append(after)
        return found

    def _guest(self, beside: Beside | None) -> Service | None:
        if beside is None:
            return None
        return replace(self._handed_over(beside.served)[beside.place], guest=True)

    def _handed_over(self, served: Sequence[Service]) -> list[Service]:
        firsts = {}
        for place, service in enumerate(served[1:], start=1):
            old = served[place - 1]
            if service.point == old.point or service.began is not None or old.ended is not None:
                continue
            end = day_bounds(local_day(service.start_us, service.zone), service.zone)[1]
            times = self._glance.after(service.point, service.start_us, 1).time_us
            if len(times) and times[0] <= end:
                firsts[place] = int(times[0])
        return handed_over(served, firsts)

    def noticed(self, service: Service, start_us: int, end_us: int) -> ChangeSpan | None:
        """Where decisions may be told otherwise after readings in [start, end] changed."""
        first, last = max(start_us, service.start_us), min(end_us, service.end_us)
        known = self._runs.changed(service, last)
        if last < first:
            return None
        series = self._series.get(service)
        if series is None:
            series = self._series[service] = _series_of(service)
            reach: ChangeSpan | None = series.reach(self._glance, first, last)
        else:
            reach = series.renew(self._glance, first, last)
        rests = self._rests.get(service, {})
        for rested in [at for at in rests if first <= at or reach is not None]:
            del rests[rested]
        if reach is not None:
            self._runs.forget(service)
            return reach
        run = self.open_run(service)
        ends = [r for r in (run, known) if r is not None]
        return (
            ChangeSpan(min(r.start_us for r in ends), max(r.end_us for r in ends)) if ends else None
        )

    def decisions(self, service: Service, start_us: int, end_us: int) -> list[Decision]:
        """Decisions that touch [start, end], in order of time."""
        first, last = max(start_us, service.start_us), min(end_us, service.end_us)
        if last < first:
            return []
        series = self._series.get(service)
        if series is None:
            series = self._series[service] = _series_of(service)
        series.cover(self._glance, first, last)
        return series.decisions(self._glance, first, last)

    def spans(self, service: Service, reach: ChangeSpan) -> list[Span]:
        """What is told of the service and touches the reach, gaps left out."""
        found = spans_of(self.decisions(service, reach.start_us, reach.end_us))
        found += self.open_spans(service)
        found += self._set_aside(service, reach.start_us, reach.end_us)
        return [s for s in found if touches(s, reach)]

    def facts(self, service: Service, reach: ChangeSpan) -> dict[Span, EventFacts]:
        """What is told of decisions that touch the reach, with what each rests on."""
        found = facts_of(self.decisions(service, reach.start_us, reach.end_us))
        return {span: service.signed(one) for span, one in found.items()}

    def _set_aside(self, service: Service, start_us: int, end_us: int) -> list[Span]:
        """Months in which the registered limit does not hold, from that of the first usable reading
        to that of the last one: elsewhere nothing is booked."""
        series = self._series.get(service)
        found = [] if series is None else series.set_aside(start_us, end_us)
        first = self._glance.first_known(service, service.reads_from_us) if found else None
        last = self._glance.last_known(service, service.reads_until_us) if found else None
        if first is None or last is None:
            return []
        return [span for span in found if span[2] > first and span[1] <= last]

    def repeated(self, service: Service, start_us: int, end_us: int) -> Repeats:
        """Intervals near [start, end] that repeat one value for longer than is usual."""
        return RepeatedValues(self._glance, service).near(start_us, end_us)

    def open_spans(self, service: Service) -> list[Span]:
        """The run at the end that is missing, if there is one."""
        run = self.open_run(service)
        return [(STUCK, run.start_us, run.end_us)] if run is not None and run.missing else []

    def reached(self, bounded: Sequence[Service], start_us: int, end_us: int) -> list[ChangeSpan]:
        """From the good readings before a change to those after it, by register, and from the last
        one of a register to the first of the next where what passed between them is known."""
        near = [self._neighbours(service, start_us, end_us) for service in bounded]
        pairs = zip(bounded, near, strict=True)
        found = [one.span for service, one in pairs if one is not None and not service.guest]
        for place, turn in turns(bounded).items():
            old, new = near[place], near[place + 1]
            inside = start_us <= turn.end_us and end_us >= turn.start_us
            if inside or (old is not None and old.at_end) or (new is not None and new.at_start):
                found += self._over(turn, bounded[place], bounded[place + 1])
        return found

    def _over(self, turn: Turn, old: Service, new: Service) -> list[ChangeSpan]:
        """From the last reading of a register that stands to the first of the next; of one that
        moves no more than the own part."""
        edges = [at for at in self._either_side(old, new) if at is not None]
        if not edges:
            return []
        first, last = min(edges), max(edges)
        if old.guest:
            first, last = max(first, turn.start_us), max(last, turn.start_us)
        elif new.guest:
            first, last = min(first, turn.end_us), min(last, turn.end_us)
        return [ChangeSpan(first, last)]

    def _neighbours(self, service: Service, start_us: int, end_us: int) -> _Near | None:
        """The good readings before a change and after what is judged by the cadence there; without
        one, the change itself."""
        first, last = max(start_us, service.start_us), min(end_us, service.end_us)
        if last < first:
            return None
        judged = self._glance.nth_after(service, last + 1, BEFORE + 1)
        left = self._kept_before(service, first - 1)
        right = None if judged is None else self._kept_after(service, judged)
        rows = self._glance.rows(service, first, last)
        edges = [t for t in (left, right) if t is not None] + rows.time_us[
            [0, -1][: len(rows)]
        ].tolist()
        if not edges:
            return None
        at_start = left is None or left < service.reads_from_us
        at_end = right is None or right > service.reads_until_us
        return _Near(ChangeSpan(min(edges), max(edges)), at_start, at_end)

    def _either_side(self, old: Service, new: Service) -> tuple[int | None, int | None]:
        """Times of the last reading of a register that stands and of the first of the next."""
        return (
            self._kept_before(old, old.reads_until_us),
            self._kept_after(new, new.reads_from_us),
        )

    def refused(self, bounded: Sequence[Service], reach: ChangeSpan) -> list[Span]:
        """Where a register cannot have gone on when its ratio changed; what touches the reach."""
        near = self.gone_on(bounded, reach)
        found = [(one.refused, one.start_us, one.end_us) for one in near if one.refused]
        return [span for span in found if touches(span, reach)]

    def gone_on(self, bounded: Sequence[Service], reach: ChangeSpan) -> list[Passage]:
        """What one register counted, or cannot have, over changes of its ratio near a reach."""
        found = []
        for place, turn in turns(bounded).items():
            old, new = bounded[place], bounded[place + 1]
            if not turn.noted and self._is_near(old, new, turn, reach):
                found.append(self._passage(old, new, turn))
        return [passage for passage in found if passage is not None]

    def _is_near(self, old: Service, new: Service, turn: Turn, reach: ChangeSpan) -> bool:
        """Whether no reading of either register lies between a reach and a change."""
        if reach.end_us < turn.start_us:
            later = self._glance.first_known(old, reach.end_us + 1)
            return later is None or later > old.reads_until_us
        if reach.start_us > turn.end_us:
            earlier = self._glance.last_known(new, reach.start_us - 1)
            return earlier is None or earlier < new.reads_from_us
        return True

    def _passage(self, old: Service, new: Service, turn: Turn) -> Passage | None:
        """Over a change: what one register counted, or that it is told by written-down values."""
        if turn.noted:
            return Passage(turn, turn.start_us, turn.end_us)
        start, end = self._either_side(old, new)
        if start is None or end is None:
            return None
        sides = []
        for service, at in ((old, start), (new, end)):
            self.decisions(service, at, at)  # covers the day
            most = self._series[service].most(at, end - start)
            value = float(self._glance.rows(service, at, at).value[0])
            sides.append((service, at, value, most))
        passage = gone_on(turn, sides[0], sides[1])
        if passage is not None and (old.guest or new.guest):
            return passage.part(first=new.guest)
        return passage

    def stretches(
        self, served: Sequence[Service], start_us: int, end_us: int
    ) -> dict[int, Stretch]:
        """Per place in `served` the readings and decisions that say its curve between two
        instants."""
        found: dict[int, Stretch] = {}
        reaches = self._reaches(served, start_us, end_us)
        passages = {
            place: self._passage(served[place], served[place + 1], turn)
            for place, turn in turns(served).items()
            if place in reaches and place + 1 in reaches
        }
        for place, (low, high) in reaches.items():
            service = served[place]
            first, last = max(start_us, service.start_us), min(end_us, service.end_us)
            rows = self._glance.rows(service, low, high)
            if not len(rows):
                continue
            run = self.open_run(service)
            found[place] = Stretch.of(
                rows,
                decisions=tuple(self.decisions(service, low, high)),
                set_aside=tuple(self._set_aside(service, first, last)) if first <= last else (),
                missing=(run.start_us, run.end_us) if run is not None and run.missing else None,
            ).after(self._earlier(service, low))
            repeated = self.repeated(service, low, high)
            found[place] = replace(found[place], passage=passages.get(place), repeated=repeated)
        return found

    def _reaches(
        self, served: Sequence[Service], start_us: int, end_us: int
    ) -> dict[int, tuple[int, int]]:
        """By place in `served`, from the reading that stands before the wanted time to that after
        it; over a change of register, where what passed is known, as far as the other's."""
        found: dict[int, tuple[int, int]] = {}
        at_start, at_end = set(), set()
        for place, service in enumerate(served):
            first, last = max(start_us, service.start_us), min(end_us, service.end_us)
            if last < first:
                continue
            before, after = self._kept_before(service, first), self._kept_after(service, last)
            found[place] = first if before is None else before, last if after is None else after
            at_start |= {place} if before is None or before < service.reads_from_us else set()
            at_end |= {place} if after is None or after > service.reads_until_us else set()
        for place, turn in turns(served).items():
            inside = start_us <= turn.end_us and end_us >= turn.start_us
            if inside or place in at_end or place + 1 in at_start:
                old, new = served[place], served[place + 1]
                sides = self._either_side(old, new)
                for one, service, at in ((place, old, sides[0]), (place + 1, new, sides[1])):
                    noted = service.closing if service is old else service.opening
                    edges = [*found.get(one, ()), *([at] if at is not None else [])]
                    edges += [noted.time_us] if noted is not None else []
                    found |= {one: (min(edges), max(edges))} if edges else {}
        return dict(sorted(found.items()))

    def _earlier(self, service: Service, time_us: int) -> I64:
        """Times of the usable readings before an instant that say what cadence is usual there."""
        if service.kind is not Kind.REGISTER:
            return np.zeros(0, dtype=np.int64)
        first = self._glance.nth_before(service, time_us - 1, BEFORE)
        if first is None:
            return np.zeros(0, dtype=np.int64)
        return self._glance.known(service, first, time_us - 1).time_us

    def open_run(self, service: Service) -> Open | None:
        """The readings at the end of a service that stand still; None where they are too few,
        or where the register never moved."""
        if service.kind is not Kind.REGISTER:
            return None
        if service not in self._runs:
            self._runs.put(service, *self._open_run(service))
        return self._runs.of(service)

    def _open_run(self, service: Service) -> tuple[Open | None, int | None]:
        """What stands still at the end of a service; where it moves there, the first of the
        readings that say so."""
        count = FIRST_LOOK
        while True:
            known, whole = self._glance.known_before(service, service.end_us, count)
            run = self._standstill(service, known)
            if whole or (run is not None and run[2]):
                break
            count *= 4
        if run is None or not run[2]:
            return None, None
        if run[1] - run[0] < service.limits.flat_us:
            return None, int(known.time_us[0])
        return Open(run[0], run[1], not self._rested(service, run[0], run[1] - run[0])), None

    def _standstill(self, service: Service, known: Usable) -> tuple[int, int, bool] | None:
        """(start, end, whether the register moved before) of what stands still at the end of
        readings; None without any."""
        if not len(known.time_us):
            return None
        told = self.decisions(service, int(known.time_us[0]), int(known.time_us[-1]))
        return open_run(_undoubted(known, service, told))

    def _rested(self, service: Service, start_us: int, length_us: int) -> bool:
        """Whether the register stood still comparably long in the four weeks before."""
        rests = self._rests.setdefault(service, {})
        if start_us not in rests:
            first = max(start_us - MEMORY_US, service.start_us)
            known = self._glance.known(service, first, start_us)
            told = self.decisions(service, first, start_us)
            rests[start_us] = longest_rest(_undoubted(known, service, told))
        return rests[start_us] * HABIT >= length_us

    def _kept_before(self, service: Service, time_us: int) -> int | None:
        """Time of the last reading that stands at or before an instant."""
        at = self._glance.last_known(service, time_us)
        if at is None:
            return None
        over = [d.here_us for d in self.decisions(service, at, at) if d.here_us < at < d.there_us]
        return min([at, *over])

    def _kept_after(self, service: Service, time_us: int) -> int | None:
        """Time of the first reading that stands at or after an instant."""
        at = self._glance.first_known(service, time_us)
        if at is None:
            return None
        over = [d.there_us for d in self.decisions(service, at, at) if d.here_us < at < d.there_us]
        return max([at, *over])


def _undoubted(known: Usable, service: Service, told: Sequence[Decision]) -> Cleaned:
    """What passed between readings, whatever lacks between them."""
    if told:
        return clean(known.time_us, known.value, service.limits, decisions=told)
    energy = np.diff(known.value)
    return Cleaned(known.time_us, energy, np.full(len(energy), MEASURED, dtype=np.int8))


def _series_of(service: Service) -> RegisterSeries:
    return RegisterSeries(service) if service.kind is Kind.REGISTER else IntervalSeries(service)


def touches(span: Span, reach: ChangeSpan) -> bool:
    """Whether a span and a reach share an instant, ends included."""
    return span[2] >= reach.start_us and span[1] <= reach.end_us


def differing(
    now: Iterable[Span],
    booked: Mapping[Span, bool],
    open_runs: Iterable[Span],
    changed_us: int,
) -> list[ChangeSpan]:
    """Stretches of which something else is told now than was booked.

    `booked` says of each whether it was decided. A run that stood open before the change, so of
    which nothing was decided, and merely goes on differs only where it is new.
    """
    told, stood = set(now), set(booked)
    found = told ^ stood
    reaches = []
    for run in set(open_runs) & (told - stood):
        for old in stood - told:
            if old[:2] == run[:2] and old[2] < changed_us and not booked[old]:
                found -= {run, old}
                reaches.append(ChangeSpan(old[2], run[2]))
    return reaches + [ChangeSpan(start, end) for _, start, end in found]
