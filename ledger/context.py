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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ledger.cadence import BEFORE
from ledger.clean import clean, longest_rest, open_run
from ledger.cleaning.decisions import STUCK, Decision, EventFacts, Span, facts_of, spans_of
from ledger.cleaning.rates import DAY_US
from ledger.glance import Glance
from ledger.meter import Service, Stretch, handed_over
from ledger.series import ChangeSpan, RegisterSeries
from metering.localtime import day_bounds, local_day
from metering.ports import ReadingReader
from metering.quantity import I64
from metering.reading import Kind

MEMORY_US = 28 * DAY_US
"""How far back a meter's habit of resting counts."""
HABIT = 4
"""A meter that rested so long before may stand still up to four times as long."""
FIRST_LOOK = 24
AT_ONCE_US = 40 * DAY_US
"""Longer ranges are not read at once."""


class Open(NamedTuple):
    """Readings that stand still up to the last one, long enough to mean something."""

    start_us: int
    end_us: int
    missing: bool
    """Longer than the meter is known to rest."""


@dataclass
class Context:
    """Reads what a computation needs, and no more, from the store of readings."""

    store: ReadingReader
    _series: dict[Service, RegisterSeries] = field(default_factory=dict)
    _rests: dict[tuple[Service, int], int] = field(default_factory=dict)
    _runs: dict[Service, Open | None] = field(default_factory=dict)
    _glance: Glance = field(init=False)

    def __post_init__(self) -> None:
        self._glance = Glance(self.store)

    def look(self, points: Iterable[int], start_us: int, end_us: int) -> None:
        """Read the surroundings of a piece of work at once; what was read before is dropped."""
        self._glance = Glance(self.store)
        if end_us - start_us <= AT_ONCE_US:
            first = start_us // DAY_US * DAY_US
            self._glance.fill(sorted(set(points)), first, end_us, FIRST_LOOK)

    def bounded(self, served: Sequence[Service]) -> list[Service]:
        """The services of a meter with the instants at which one takes over from the other."""
        firsts = {}
        for place, service in enumerate(served[1:], start=1):
            if service.point == served[place - 1].point:
                continue
            end = day_bounds(local_day(service.start_us, service.zone), service.zone)[1]
            times = self._glance.after(service.point, service.start_us, 1).time_us
            if len(times) and times[0] <= end:
                firsts[place] = int(times[0])
        return handed_over(served, firsts)

    def noticed(self, service: Service, start_us: int, end_us: int) -> ChangeSpan | None:
        """Where decisions may be told otherwise after readings in [start, end] changed."""
        first, last = max(start_us, service.start_us), min(end_us, service.end_us)
        known = self._runs.pop(service, None)
        if last < first or service.kind is not Kind.REGISTER:
            return None
        series = self._series.get(service)
        if series is None:
            series = self._series[service] = RegisterSeries(service)
            reach: ChangeSpan | None = series.reach(self._glance, first, last)
        else:
            reach = series.renew(self._glance, first, last)
        for place in list(self._rests):
            if place[0] == service and (first <= place[1] or reach is not None):
                del self._rests[place]
        if reach is not None:
            return reach
        run = self.open_run(service)
        ends = [r for r in (run, known) if r is not None]
        return (
            ChangeSpan(min(r.start_us for r in ends), max(r.end_us for r in ends)) if ends else None
        )

    def decisions(self, service: Service, start_us: int, end_us: int) -> list[Decision]:
        """Decisions that touch [start, end], in order of time."""
        first, last = max(start_us, service.start_us), min(end_us, service.end_us)
        if last < first or service.kind is not Kind.REGISTER:
            return []
        series = self._series.get(service)
        if series is None:
            series = self._series[service] = RegisterSeries(service)
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
        return facts_of(self.decisions(service, reach.start_us, reach.end_us))

    def _set_aside(self, service: Service, start_us: int, end_us: int) -> list[Span]:
        series = self._series.get(service)
        return [] if series is None else series.set_aside(start_us, end_us)

    def open_spans(self, service: Service) -> list[Span]:
        """The run at the end that is missing, if there is one."""
        run = self.open_run(service)
        return [(STUCK, run.start_us, run.end_us)] if run is not None and run.missing else []

    def neighbours(self, service: Service, start_us: int, end_us: int) -> ChangeSpan | None:
        """The good readings before a change and after what is judged by the cadence there; without
        one, the change itself."""
        first, last = max(start_us, service.start_us), min(end_us, service.end_us)
        if last < first:
            return None
        judged = self._glance.nth_after(service, last + 1, BEFORE + 1)
        left = self._kept_before(service, first - 1)
        right = self._kept_after(service, last + 1 if judged is None else judged)
        rows = self._glance.scan(service.point, first, last)
        edges = [t for t in (left, right) if t is not None] + rows.time_us[
            [0, -1][: len(rows)]
        ].tolist()
        return ChangeSpan(min(edges), max(edges)) if edges else None

    def stretches(
        self, served: Sequence[Service], start_us: int, end_us: int
    ) -> dict[int, Stretch]:
        """Per place in `served` the readings and decisions that say its curve between two
        instants."""
        found = {}
        for place, service in enumerate(served):
            first, last = max(start_us, service.start_us), min(end_us, service.end_us)
            if last < first:
                continue
            before, after = self._kept_before(service, first), self._kept_after(service, last)
            low = first if before is None else before
            high = last if after is None else after
            rows = self._glance.scan(service.point, low, high)
            if not len(rows):
                continue
            run = self.open_run(service)
            found[place] = Stretch.of(
                rows,
                decisions=tuple(self.decisions(service, low, high)),
                set_aside=tuple(self._set_aside(service, first, last)),
                missing=(run.start_us, run.end_us) if run is not None and run.missing else None,
            ).after(self._earlier(service, low))
        return found

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
            self._runs[service] = self._open_run(service)
        return self._runs[service]

    def _open_run(self, service: Service) -> Open | None:
        count = FIRST_LOOK
        while True:
            known, whole = self._glance.known_before(service, service.end_us, count)
            if not len(known.time_us):
                return None
            first, last = int(known.time_us[0]), int(known.time_us[-1])
            told = self.decisions(service, first, last)
            run = open_run(clean(known.time_us, known.value, service.limits, decisions=told))
            if run is not None and (run[2] or whole):
                break
            count *= 4
        if run is None or not run[2] or run[1] - run[0] < service.limits.flat_us:
            return None
        return Open(run[0], run[1], not self._rested(service, run[0], run[1] - run[0]))

    def _rested(self, service: Service, start_us: int, length_us: int) -> bool:
        """Whether the register stood still comparably long in the four weeks before."""
        place = (service, start_us)
        if place not in self._rests:
            first = max(start_us - MEMORY_US, service.start_us)
            known = self._glance.known(service, first, start_us)
            told = self.decisions(service, first, start_us)
            cleaned = clean(known.time_us, known.value, service.limits, decisions=told)
            self._rests[place] = longest_rest(cleaned)
        return self._rests[place] * HABIT >= length_us

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
