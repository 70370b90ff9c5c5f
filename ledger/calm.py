"""What is asked of registers one by one, answered for all those at once that do nothing odd.

    all registers of a piece ──▶ even: no flag, nothing noted, no change of register
                               ──▶ calm: no step is seen beyond a limit, now or before
    the rest is asked one by one

Nothing is decided here: whatever could lead to a decision is left to `ledger.context`, and the
answers are equal to those it would give.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ledger.cadence import BEFORE
from ledger.clean import Around, clean
from ledger.cleaning.past import Looked, Steps, doubtful
from ledger.cleaning.rates import DAY_US, DayRises
from ledger.cleaning.story import DETOUR_US
from ledger.curve import Curve
from ledger.ends import EndRuns
from ledger.glance import Glance
from ledger.lanes import RegisterLanes, day_of
from ledger.meter import Measured, Service, of_cleaned
from ledger.series import ChangeSpan, RegisterSeries
from metering.quality import MEASURED
from metering.quantity import I64

_MEASURED = np.full(4096, MEASURED, dtype=np.int8)


@dataclass(frozen=True, eq=False)
class Calm:
    """Registers of a piece of work, and what is remembered of each."""

    lanes: RegisterLanes
    glance: Glance
    series: MutableMapping[Service, RegisterSeries]
    runs: EndRuns
    rests: MutableMapping[Service, dict[int, int]]

    def noticed(self, start_us: int, end_us: int) -> dict[Service, ChangeSpan | None]:
        """Of registers whose readings in [start, end] changed so that nothing else is told of any:
        from the good reading before the change to what is judged by it; None without readings.
        What is remembered of them has the change in it then."""
        lanes = self.lanes
        if not len(lanes):
            return {}
        first = np.maximum(start_us, self._starts)
        last = np.minimum(end_us, self._ends)
        pasts = self._pasts(start_us, end_us)
        there = np.array([past is not None for past in pasts]) & (first <= last)
        days = self._changed(first, last, pasts, there)
        looked = self._looked_through(*days)
        spans, sure = self._reached(first, last)
        moving, since = self._moves(first, last)
        ends = zip(lanes.services, last.tolist(), strict=True)
        sure &= there & (moving | np.array([self.runs.moves_after(*end) for end in ends]))
        found: dict[Service, ChangeSpan | None] = {}
        for place, seen in looked.items():
            service, series = lanes.services[place], pasts[place]
            if series is None:
                continue
            if sure[place] and self.runs.of(service) is None and series.takes(seen):
                if moving[place]:
                    self.runs.put(service, None, int(since[place]))
                rests = self.rests.get(service, {})
                for rested in [at for at in rests if at >= first[place]]:
                    del rests[rested]
                found[service] = spans[place]
            else:
                series.ahead = seen
        return found

    def curves(self, start_us: int, end_us: int) -> dict[Service, Measured]:
        """What readings say between two instants, of the registers of which nothing else is
        told."""
        lanes = self.lanes
        if not len(lanes):
            return {}
        first = np.maximum(start_us, self._starts)
        last = np.minimum(end_us, self._ends)
        begins, ends = lanes.firsts[:-1], lanes.firsts[1:]
        a = lanes.places(first, "right") - 1
        b = lanes.places(last)
        sure = (first <= last) & ((a >= begins) | lanes.from_start) & ((b < ends) | lanes.to_end)
        a, b = np.maximum(a, begins), np.minimum(b + 1, ends)
        low = np.where(lanes.time_us[a] <= first, lanes.time_us[a], first)
        high = np.where(lanes.time_us[b - 1] >= last, lanes.time_us[b - 1], last)
        since = np.maximum(a - BEFORE, begins)
        sure &= (a - BEFORE >= begins) | lanes.from_start
        still, _ = self._moves(first, last)
        found: dict[Service, Measured] = {}
        for place in np.flatnonzero(sure).tolist():
            service = lanes.services[place]
            series = self.series.get(service)
            if series is None or not (still[place] or service in self.runs):
                continue
            run = self.runs.of(service)
            if run is not None and run.missing:
                continue
            if series.is_calm(self.glance, int(low[place]), int(high[place])):
                part = int(since[place]), int(a[place]), int(b[place])
                found[service] = self._curve(service, *part)
        return found

    def _curve(self, service: Service, since: int, first: int, end: int) -> Measured:
        """From the readings [first, end) of a register, with those since `since` before them."""
        time_us, value = self.lanes.time_us[first:end], self.lanes.value[first:end]
        step_us, passed = service.limits.step_us, np.diff(self.lanes.time_us[since:end])
        shortest = min(step_us, int(passed.min(initial=step_us)))
        count = end - first
        if count > len(_MEASURED) or bool((2 * passed[first - since :] > 3 * shortest).any()):
            around = Around(self.lanes.time_us[since:first], service.zone)
            cleaned = clean(time_us, value, service.limits, decisions=(), around=around)
            return of_cleaned(service, cleaned)
        total = value - value[0] if service.installation.sign == 1 else value[0] - value
        return Measured(Curve(time_us, total, _MEASURED[: count - 1]))

    @cached_property
    def _starts(self) -> I64:
        return np.array([one.start_us for one in self.lanes.services], dtype=np.int64)

    @cached_property
    def _ends(self) -> I64:
        return np.array([one.end_us for one in self.lanes.services], dtype=np.int64)

    def _pasts(self, start_us: int, end_us: int) -> list[RegisterSeries | None]:
        """The series of each, where it was looked through around there before."""
        found = [self.series.get(service) for service in self.lanes.services]
        return [one if one is not None and one.knows(start_us, end_us) else None for one in found]

    def _changed(
        self,
        first: I64,
        last: I64,
        pasts: Sequence[RegisterSeries | None],
        there: NDArray[np.bool_],
    ) -> tuple[I64, I64, NDArray[np.bool_]]:
        """First and last of the days to look through again, as of `RegisterSeries`, and of which
        that can be said."""
        lanes = self.lanes
        begins, ends = lanes.firsts[:-1], lanes.firsts[1:]
        known = [(0, 0) if one is None else one.days for one in pasts]
        first_day, last_day = np.array(known, dtype=np.int64).reshape(-1, 2).T
        at, after = lanes.places(first), lanes.places(last + 1)
        sure = there & ((at < ends) | lanes.to_end) & ((after + 1 < ends) | lanes.to_end)
        reading = lanes.time_us[np.minimum(at, ends - 1)] // DAY_US
        earliest = np.where(at < ends, np.minimum(first_day, reading), first_day)
        second = lanes.time_us[np.minimum(after + 1, ends - 1)]
        later = np.where(after < ends, np.maximum(second, last), last) // DAY_US
        newest = lanes.time_us[ends - 1] // DAY_US
        sure &= lanes.to_end | (later <= newest)
        low = np.maximum(first // DAY_US, earliest)
        high = np.minimum(later, np.maximum(last_day, newest))
        low, high = np.minimum(low, last_day + 1), np.maximum(np.maximum(high, first_day - 1), low)
        return low, high, sure & (begins < ends)

    def _looked_through(
        self, first_day: I64, last_day: I64, sure: NDArray[np.bool_]
    ) -> dict[int, Looked]:
        """What the days of each show, by its place."""
        lanes = self.lanes
        begins, ends = lanes.firsts[:-1], lanes.firsts[1:]
        bounded = np.where(sure, first_day, 0), np.where(sure, last_day, 0)
        low, high = lanes.places(bounded[0] * DAY_US), lanes.places((bounded[1] + 1) * DAY_US)
        sure = sure & ((low - 2 >= begins) | lanes.from_start) & ((high < ends) | lanes.to_end)
        low = np.maximum(low - 2, begins)
        limits = [service.limits for service in lanes.services]
        signed = np.array([one.signed for one in limits])
        found: dict[int, Looked] = {}
        for which in (False, True):
            chosen = sure & (signed == which)
            if not chosen.any():
                continue
            at, whose, strides = lanes.strides(low, np.where(chosen, high, low))
            step = np.array([one.step_us for one in limits], dtype=np.int64)[whose]
            most = np.array([np.inf if (n := x.max_per_hour) is None else n for x in limits])
            rises = DayRises.of_steps(strides, step, signed=which)
            kept, rise = doubtful(strides, rises, step, most[whose], signed=which)
            of_rises, day = day_of(rises.day)
            own = rises.on(day, day >= first_day[of_rises])
            edges = np.searchsorted(of_rises[day >= first_day[of_rises]], np.arange(len(lanes) + 1))
            inside = lanes.time_us[at[kept]] >= first_day[whose[kept]] * DAY_US
            kept, rise = kept[inside], rise[inside]
            cuts = np.searchsorted(whose[kept], np.arange(len(lanes) + 1))
            steps = Steps(lanes.time_us[at[kept] - 1], lanes.time_us[at[kept]], rise)
            for place in np.flatnonzero(chosen).tolist():
                found[place] = Looked(
                    int(first_day[place]),
                    int(last_day[place]),
                    own.part(int(edges[place]), int(edges[place + 1])),
                    steps.part(int(cuts[place]), int(cuts[place + 1])),
                )
        return found

    def _reached(self, first: I64, last: I64) -> tuple[list[ChangeSpan | None], NDArray[np.bool_]]:
        """From the good reading before each change to the last that is judged by it; and of which
        that can be said from what is here."""
        lanes, time_us = self.lanes, self.lanes.time_us
        begins, ends = lanes.firsts[:-1], lanes.firsts[1:]
        a, after = lanes.places(first), lanes.places(last + 1)
        judged = after + BEFORE
        sure = ((a > begins) | lanes.from_start) & ((judged < ends) | lanes.to_end)
        inner, low = a < after, time_us[np.maximum(a - 1, begins)]
        has_left, has_right = a > begins, after < ends
        high = time_us[np.minimum(judged, ends - 1)]
        left = np.where(has_left, low, time_us[np.minimum(a, ends - 1)])
        right = np.where(has_right, high, time_us[np.maximum(after - 1, begins)])
        left = np.where(has_left | inner, left, right)
        right = np.where(has_right | inner, right, left)
        sure &= (left >= first - DETOUR_US) & (right <= last + DETOUR_US)
        some = has_left | has_right | inner
        spans = [
            ChangeSpan(low_us, high_us) if any_there else None
            for any_there, low_us, high_us in zip(
                some.tolist(), left.tolist(), right.tolist(), strict=True
            )
        ]
        return spans, sure

    def _moves(self, first: I64, last: I64) -> tuple[NDArray[np.bool_], I64]:
        """(m,) whether each surely does not stand still at its end, by readings no further from two
        instants than a detour may last; and the first of the readings that say so [us]."""
        lanes, time_us = self.lanes, self.lanes.time_us
        begins, ends = lanes.firsts[:-1], lanes.firsts[1:]
        moved = np.flatnonzero(np.diff(lanes.value) != 0) + 1
        moved = moved[~np.isin(moved, begins)]
        if not len(moved):
            return np.zeros(len(lanes), dtype=np.bool_), np.zeros(len(lanes), dtype=np.int64)
        at = moved[np.maximum(np.searchsorted(moved, ends) - 1, 0)]
        inside = (at > begins) & (at < ends)
        flat = np.array([one.limits.flat_us for one in lanes.services], dtype=np.int64)
        short = time_us[ends - 1] - time_us[at] < flat
        since = time_us[np.maximum(at - 1, 0)]
        near = since >= first - DETOUR_US
        near &= time_us[ends - 1] <= last + DETOUR_US
        return np.asarray(inside & short & near & lanes.to_end), since
