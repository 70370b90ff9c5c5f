"""One register's past and the decisions made on it, kept between two changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ledger.cleaning.decisions import LIMIT, Decision, EventFacts, Span, decide
from ledger.cleaning.past import CELL_US, Looked, RegisterPast, Steps
from ledger.cleaning.rates import (
    DAY_US,
    ENOUGH_DAYS,
    MONTHS_AFTER,
    MONTHS_BEFORE,
    DayRises,
    month_start,
)
from ledger.cleaning.story import DETOUR_US, SPIKE, RegisterReadings
from ledger.glance import Glance
from ledger.kept import FIRST_US, LAST_US
from ledger.meter import Service, intervals_of
from metering.localtime import HOUR_US, day_bounds, local_day
from metering.reading import Flag

CHUNK_DAYS = 62
"""Days of a series looked through at once."""
DETOUR_DAYS = DETOUR_US // DAY_US
CELL_DAYS = CELL_US // DAY_US


@dataclass(frozen=True)
class ChangeSpan:
    """Times between which rows may change; both are times of readings or of decisions."""

    start_us: int
    end_us: int

    def joined(self, other: ChangeSpan) -> ChangeSpan:
        """From the earlier start to the later end."""
        return ChangeSpan(min(self.start_us, other.start_us), max(self.end_us, other.end_us))


class RegisterSeries:
    """What is known of the readings of one service.

    Covers whole UTC days around what was asked for, wide enough for the limits and decisions
    there to be those of the whole series.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._past: RegisterPast | None = None
        self._extent: tuple[int, int] | None = None
        """First and last UTC day with readings."""
        self._told: dict[tuple[int, int], list[Decision]] = {}
        """By first and last seen step of a cluster."""
        self._known: tuple[int, int] | None = None
        """First and last of the UTC days around which it was looked how far readings count."""
        self._covered: tuple[int, int] | None = None
        """First and last of the UTC days on which all decides on the readings is known."""
        self.ahead: Looked | None = None
        """Days that were looked through already, for the next change."""

    @property
    def days(self) -> tuple[int, int]:
        """First and last of the UTC days that were looked through; of none the last one is
        earlier."""
        return (0, -1) if self._past is None else (self._past.first_day, self._past.last_day)

    def knows(self, start_us: int, end_us: int) -> bool:
        """Whether it was looked how far readings on these days count, and no step is seen near."""
        known, past = self._known, self._past
        if known is None or past is None or not past.is_clear(start_us, end_us):
            return False
        return known[0] <= start_us // DAY_US and end_us // DAY_US <= known[1]

    def takes(self, looked: Looked) -> bool:
        """Take days that were looked through, after readings on days that it knows changed, where
        that leaves limits and decisions as they are; whether it does."""
        after = None if self._past is None else self._past.unchanged_by(looked)
        if after is None:
            return False
        self._past = after
        return True

    def is_calm(self, glance: Glance, start_us: int, end_us: int) -> bool:
        """Whether nothing is decided on readings in [start, end], and the months there hold to the
        registered limit."""
        self.cover(glance, start_us, end_us)
        past = self._past
        if past is None or not past.is_clear(start_us, end_us):
            return False
        return not self.set_aside(start_us, end_us)

    def renew(self, glance: Glance, start_us: int, end_us: int) -> ChangeSpan | None:
        """Readings in [start, end] changed. Where decisions may be others now; None where that is
        surely nowhere: none is near, and elsewhere the same steps are seen under the same limits.
        """
        reach = self.reach(glance, start_us, end_us)
        before = self._past
        if before is None or self._extent is None:
            self.ahead = None
            return reach
        first, last = self._changed(glance, before, start_us, end_us)
        self._extent = (min(self._extent[0], first), max(self._extent[1], last))
        after = self._past = before.renewed(self._look(glance, first, last))
        self.ahead = None
        told, self._told = self._told, {}
        reach = reach.joined(self.reach(glance, start_us, end_us))
        if not _quiet(before, after, reach, start_us, end_us):
            return reach
        self._told |= told
        return None

    def reach(self, glance: Glance, start_us: int, end_us: int) -> ChangeSpan:
        """Where readings in [start, end] can count for decisions: by the limits, and as far as
        steps are seen one after the other."""
        self.cover(glance, start_us, end_us)
        first, last = self._limited_by(start_us, end_us)
        first, last = min(first, start_us - DETOUR_US), max(last, end_us + DETOUR_US)
        self.cover(glance, first, last)
        self._known = start_us // DAY_US, end_us // DAY_US
        reach = ChangeSpan(first, last)
        if self._past is not None:
            for cluster in self._past.clusters(first - DETOUR_US, last + DETOUR_US):
                reach = reach.joined(ChangeSpan(int(cluster.before_us[0]), int(cluster.at_us[-1])))
        return reach

    def cover(self, glance: Glance, start_us: int, end_us: int) -> None:
        """Have looked through all that decides on the readings in [start, end]."""
        if self._extent is None:
            self._extent = self._ends(glance)
        if self._extent is None:
            return
        first, last = start_us // DAY_US - DETOUR_DAYS, end_us // DAY_US + DETOUR_DAYS
        if self._has_covered(first, last):
            return
        farthest = _cell(first, -2), _cell(last, 3)
        while True:
            past = self._widen(glance, *_that_limit(first, last))
            low, high = first, last
            for group in past.groups(start_us - DETOUR_US, end_us + DETOUR_US):
                low = min(low, int(group.before_us[0]) // DAY_US - DETOUR_DAYS)
                high = max(high, int(group.at_us[-1]) // DAY_US + DETOUR_DAYS)
            low, high = max(low, farthest[0]), min(high, farthest[1])
            if low >= first and high <= last:
                self._covered = first, last
                return
            first, last = min(first, low), max(last, high)

    def _has_covered(self, first: int, last: int) -> bool:
        """Whether these days are known to be covered: where no step is seen near them, none leads
        further."""
        known, past = self._covered, self._past
        if known is None or past is None or first < known[0] or last > known[1]:
            return False
        return past.is_clear(first * DAY_US, (last + 1) * DAY_US)

    def _limited_by(self, start_us: int, end_us: int) -> tuple[int, int]:
        """[start, end] of all days whose limit readings in [start, end] can count into; these must
        be covered. Earlier months are among them only where they have few days of their own."""
        day, last = start_us // DAY_US, month_start(end_us // DAY_US, MONTHS_AFTER + 1)
        first = month_start(day, -MONTHS_AFTER)
        rises = np.zeros(0) if self._past is None else self._past.rises.day
        while first < month_start(day):
            after = month_start(first, 1)
            if np.searchsorted(rises, after) - np.searchsorted(rises, first) < ENOUGH_DAYS:
                break
            first = after
        return first * DAY_US, last * DAY_US

    def decisions(self, glance: Glance, start_us: int, end_us: int) -> list[Decision]:
        """Decisions that touch [start, end], in order of time; it must be covered."""
        if self._past is None:
            return []
        found = []
        for cluster in self._past.clusters(start_us - DETOUR_US, end_us + DETOUR_US):
            name = (int(cluster.before_us[0]), int(cluster.at_us[-1]))
            if name not in self._told:
                self._told[name] = self._tell(glance, self._past, cluster)
            found += self._told[name]
        return [one for one in found if one.there_us >= start_us and one.here_us <= end_us]

    def most(self, time_us: int, stretch_us: int) -> float:
        """Most that can pass in a stretch by the limit of an instant's day, which must be covered
        [book units]; infinite where none is known."""
        return np.inf if self._past is None else self._past.rates.most(time_us, stretch_us)

    def set_aside(self, start_us: int, end_us: int) -> list[Span]:
        """Months that touch [start, end] in which the registered limit does not hold."""
        months = () if self._past is None else self._past.rates.set_aside
        if not months:
            return []
        spans = [(LIMIT, *_month_us(month)) for month in months]
        return [s for s in spans if s[2] > start_us and s[1] <= end_us]

    def _tell(self, glance: Glance, past: RegisterPast, cluster: Steps) -> list[Decision]:
        service = self.service
        low = int(cluster.before_us[0]) - DETOUR_US
        high = int(cluster.at_us[-1]) + DETOUR_US
        known = glance.known(service, low, high)
        readings = RegisterReadings(
            known.time_us,
            known.value,
            past.rates,
            service.limits.modulus,
            service.declared,
            service.limits.signed,
        )
        seen = np.searchsorted(known.time_us, cluster.at_us)
        return decide(readings, service.limits.flat_us, seen)

    def _ends(self, glance: Glance) -> tuple[int, int] | None:
        ends = glance.ends(self.service)
        return None if ends is None else (ends[0] // DAY_US, ends[1] // DAY_US)

    def _changed(
        self, glance: Glance, before: RegisterPast, start_us: int, end_us: int
    ) -> tuple[int, int]:
        """Days to look through again: to the second reading after the change, where a step that
        a change can alter ends; not beyond what is or was there."""
        point = self.service.point
        earliest = glance.after(point, max(start_us, self.service.start_us), 1).time_us
        latest = glance.before(point, self.service.end_us + 1, 1).time_us
        later = glance.nth_after(self.service, end_us + 1, 2)
        first, last = start_us // DAY_US, max(later or 0, end_us) // DAY_US
        low = min([before.first_day, *(earliest // DAY_US).tolist()])
        high = max([before.last_day, *(latest // DAY_US).tolist()])
        first, last = max(first, low), min(last, high)
        return min(first, before.last_day + 1), max(last, before.first_day - 1, first)

    def _widen(self, glance: Glance, first: int, last: int) -> RegisterPast:
        assert self._extent is not None
        low, high = self._extent
        first, last = min(max(first, low), high), max(min(last, high), low)
        past = self._past
        if past is None:
            past = RegisterPast.only(self.service.limits, self._look(glance, first, last))
        for a, b in ((first, past.first_day - 1), (past.last_day + 1, last)):
            if a <= b:
                past = past.renewed(self._look(glance, a, b))
                self._told = {}
        self._past = past
        return past

    def _look(self, glance: Glance, first_day: int, last_day: int) -> Looked:
        """Look through whole UTC days, a bounded number of them at a time."""
        ahead = self.ahead
        if ahead is not None and (ahead.first_day, ahead.last_day) == (first_day, last_day):
            return ahead
        service, limits = self.service, self.service.limits
        rises, steps = [], [Steps.none()]
        for day in range(first_day, last_day + 1, CHUNK_DAYS):
            start, end = day * DAY_US, min(day + CHUNK_DAYS, last_day + 1) * DAY_US
            before = glance.nth_before(service, start - 1, 2)  # whether there was a fall before
            known = glance.known(service, start if before is None else before, end - 1)
            found = DayRises.of(known.time_us, known.value, limits.step_us, signed=limits.signed)
            doubtful = Steps.of(known.time_us, known.value, found, limits)
            rises.append(found.since(day))
            steps.append(doubtful.take(doubtful.at_us >= start))
        return Looked(first_day, last_day, DayRises.joined(rises), Steps.joined(steps))


class IntervalSeries(RegisterSeries):
    """The same of a service whose readings are energies of intervals, or mean powers: what is left
    out is told of each alone, by the limit of its day."""

    def _tell(self, _: Glance, past: RegisterPast, cluster: Steps) -> list[Decision]:
        columns = (cluster.before_us, cluster.at_us, cluster.rise)
        found = zip(*(column.tolist() for column in columns), strict=True)
        return [self._left_out(past, *one) for one in found]

    def _left_out(self, past: RegisterPast, start: int, end: int, energy: int) -> Decision:
        facts = EventFacts(None, int(past.rates.per_hour(end)), energy, None)
        return Decision(start, start, end, SPIKE, turns=False, cost=0, facts=facts)

    def _changed(
        self, glance: Glance, before: RegisterPast, start_us: int, end_us: int
    ) -> tuple[int, int]:
        """A local day says how long its intervals are, so all of it counts."""
        first, last = super()._changed(glance, before, *self._local(start_us, end_us))
        return first, last + 1

    def _ends(self, glance: Glance) -> tuple[int, int] | None:
        """The last interval may end on the day after."""
        found = super()._ends(glance)
        return None if found is None else (found[0], found[1] + 1)

    def _local(self, start_us: int, end_us: int) -> tuple[int, int]:
        zone = self.service.zone
        first, last = (local_day(_clipped(at), zone) for at in (start_us, end_us))
        return day_bounds(first, zone)[0], day_bounds(last, zone)[1]

    def _look(self, glance: Glance, first_day: int, last_day: int) -> Looked:
        service, limits = self.service, self.service.limits
        rises, steps = [], [Steps.none()]
        for day in range(first_day, last_day + 1, CHUNK_DAYS):
            start, end = day * DAY_US, min(day + CHUNK_DAYS, last_day + 1) * DAY_US
            low, high = self._local(start - DAY_US - HOUR_US, end)
            low, high = max(low, service.start_us), min(high - 1, service.end_us)
            rows = glance.scan(service.point, low, max(low, high))
            good = (rows.flag.astype(np.int64) & int(Flag.OUT_OF_RANGE)) == 0
            entered = (rows.flag.astype(np.int64) & int(Flag.ENTERED)) != 0
            found = intervals_of(service, rows.time_us[good], rows.value[good], entered[good])
            own = (found.end_us >= start) & (found.end_us < end) & ~found.entered
            begins, ends, energy = found.start_us[own], found.end_us[own], found.energy[own]
            shown = DayRises.of_intervals(ends, energy, ends - begins, limits.step_us)
            rises.append(shown)
            steps.append(Steps.of_intervals(begins, ends, energy, shown, limits))
        return Looked(first_day, last_day, DayRises.joined(rises), Steps.joined(steps))


def months_around(start_us: int, end_us: int) -> ChangeSpan:
    """[start, end] of all months into whose limit readings in [start, end] may count."""
    first, last = min(max(start_us, 0), LAST_US) // DAY_US, min(max(end_us, 0), LAST_US) // DAY_US
    start, end = month_start(first, -MONTHS_AFTER), month_start(last, MONTHS_BEFORE + 1)
    return ChangeSpan(start * DAY_US, end * DAY_US)


def _that_limit(first: int, last: int) -> tuple[int, int]:
    """First and last of the days that the limits of the days first..last are learned from."""
    return month_start(first, -MONTHS_BEFORE), month_start(last, MONTHS_AFTER + 1) - 1


def _cell(day: int, cells: int) -> int:
    """First day of the cell so many cells after that of a day."""
    return (day // CELL_DAYS + cells) * CELL_DAYS


def _month_us(month: int) -> tuple[int, int]:
    """[start, end) of a UTC month, counted since 1970-01 [us]."""
    edges = np.array([month, month + 1], dtype="datetime64[M]").astype("datetime64[us]")
    start, end = edges.astype(np.int64).tolist()
    return start, end


def _clipped(time_us: int) -> int:
    return min(max(time_us, FIRST_US), LAST_US)


def _quiet(
    before: RegisterPast, after: RegisterPast, reach: ChangeSpan, start_us: int, end_us: int
) -> bool:
    old, new = (past.seen.within(reach.start_us, reach.end_us) for past in (before, after))
    if not old.same(new):
        return False
    if not len(new.at_us):
        return True
    close = new.within(start_us - DETOUR_US, end_us + DETOUR_US)
    return not len(close.at_us) and before.rates.same(after.rates)
