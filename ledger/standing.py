"""Which readings a booked curve rests on, told from what the books say of the register.

    readings   o   o   x   x   o   o        x: left out by a register event, or never usable
    interval         ├───────────┤
    rests on   a   b           c   d        a, d: the last that stands up to its start, the first
                                            that stands from its end on

The decisions themselves are not made anew: an event of the books says which readings it leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Protocol

import numpy as np

from ledger.cleaning.decisions import LIMIT, REVERSED, STUCK
from ledger.cleaning.story import BREAKS, BRIDGE, ROLLOVER, SPIKE
from ledger.context import Context
from ledger.intervals import NEGATIVE, TOLERANCE_US, placed
from ledger.limits import to_book_units
from ledger.meter import Service
from ledger.repeats import tells_repeats
from ledger.turning import services
from metering.book import RegisterEvent
from metering.localtime import HOUR_US, day_bounds, days_between, local_day
from metering.ports import ReadingReader
from metering.quantity import I64
from metering.reading import F64, Flag, Kind, ReadingColumns
from metering.registry import Registry
from metering.units import BOOK_UNITS

OTHER_REGISTER: Final = "other_register"
OUT_OF_RANGE: Final = "out_of_range"
WITHDRAWN: Final = "withdrawn"
UNUSABLE: Final = "unusable"
OFF_GRID: Final = "off_grid"
SAME_INTERVAL: Final = "same_interval"
REJECTIONS: Final = (
    *(OTHER_REGISTER, OUT_OF_RANGE, WITHDRAWN, UNUSABLE, OFF_GRID, SAME_INTERVAL),
    *(SPIKE, BRIDGE, STUCK, NEGATIVE),
)
"""Why a reading is not used."""
OPEN_STUCK: Final = "stuck_open"
OVER_LIMIT: Final = "over_limit"
REPEATED: Final = "repeated"
EVENT_KINDS: Final = (
    *("gap", STUCK, OPEN_STUCK, "reset", SPIKE, ROLLOVER, "jump", BRIDGE),
    *(REVERSED, "replaced", LIMIT, OFF_GRID, NEGATIVE, OVER_LIMIT, REPEATED),
)
"""What a register event may say, a standstill at the end apart from one that was made up for."""
FEW, MANY = 4, 4096
"""Readings looked at for one that is usable: at first, and at most."""


def rule_of(event: RegisterEvent) -> str:
    """The kind of an event; a register that stands still up to its last reading is told apart from
    one that made up for it, and an interval far over its limit, or of a value that repeats, from a
    register's spike and standstill."""
    if tells_repeats(event):
        return REPEATED
    if event.cost is None and event.kind == STUCK:
        return OPEN_STUCK
    if event.cost is None and event.value is not None and event.kind == SPIKE:
        return OVER_LIMIT
    return event.kind


def left_out(event: RegisterEvent) -> tuple[int, int] | None:
    """[start, end) in which an event leaves out all readings of a register [us]; None where it
    leaves out none."""
    if event.kind == SPIKE:
        return event.start_us, event.end_us
    if rule_of(event) in (BRIDGE, STUCK):
        return event.start_us + 1, event.end_us
    return None


def breaks(event: RegisterEvent) -> bool:
    """Whether what passed in it is unknown, or was taken for unknown."""
    return rule_of(event) in (*BREAKS, REVERSED, OPEN_STUCK)


def served(readings: ReadingReader, registry: Registry, meter: str) -> list[Service]:
    """What carries energy of a meter, in order of time, each with the first and last instant at
    which its readings count."""
    bounded = Context(readings).bounded(services(registry, meter))
    return [service for service in bounded if not service.guest]


def factor_of(service: Service) -> Decimal:
    """How many of the meter's canonical units one of a reading's is, the ratio included; below 0 of
    what is exported."""
    factor = service.installation.sign * service.factor
    factor /= BOOK_UNITS[service.meter.unit].per_canonical
    return Decimal(factor.numerator) / Decimal(factor.denominator)


class NearReadings(Protocol):
    """What is asked of a store of readings, as its port says."""

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """Per point the last `count` rows earlier than the time."""
        ...

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """Per point the first `count` rows at or later than the time."""
        ...


@dataclass(frozen=True, eq=False)
class JudgedReadings:
    """Readings of one installation (n rows), and what became of each."""

    readings: ReadingColumns
    rejected_by: tuple[str | None, ...]
    """(n) why it is not used; None where it is."""
    units: I64
    """(n,) book units: where a register stood, else what passed in the interval; 0 where it cannot
    be told."""
    start_us: I64
    """(n,) the stretch that a reading speaks of: a register's own instant, else an interval."""
    end_us: I64

    def __len__(self) -> int:
        return len(self.rejected_by)

    def entered(self, n: int) -> bool:
        """Whether a person entered the n-th one."""
        return bool(int(self.readings.flag[n]) & int(Flag.ENTERED))

    @classmethod
    def joined(cls, parts: Sequence[JudgedReadings]) -> JudgedReadings:
        """One after the other; at least one."""
        return cls(
            ReadingColumns.concat([one.readings for one in parts]),
            tuple(why for one in parts for why in one.rejected_by),
            *(
                np.concatenate([getattr(one, name) for one in parts])
                for name in ("units", "start_us", "end_us")
            ),
        )

    def take(self, rows: I64) -> JudgedReadings:
        """The chosen rows, in the order given."""
        return JudgedReadings(
            self.readings.take(rows),
            tuple(self.rejected_by[row] for row in rows.tolist()),
            self.units[rows],
            self.start_us[rows],
            self.end_us[rows],
        )


def counting(service: Service) -> tuple[int, int]:
    """First and last instant, both included, at which readings of the service count; those inside a
    window in which a register changed do not."""
    first = max(service.start_us, service.reads_from_us)
    return first, min(service.end_us, service.reads_until_us)


def judge(
    service: Service, rows: ReadingColumns, events: Iterable[RegisterEvent]
) -> JudgedReadings:
    """What became of readings of the service's point, given in rising time; of interval readings
    these are whole local days. `events` are the meter's."""
    reason = np.full(len(rows), None, dtype=object)
    first, last = counting(service)
    outside = (rows.time_us < first) | (rows.time_us > last)
    flagged = (rows.flag.astype(np.int64) & int(Flag.OUT_OF_RANGE)) != 0
    if service.kind is Kind.REGISTER:
        units, good = to_book_units(rows.value, service.factor)
        start, end = rows.time_us, rows.time_us
        for event in events:
            if (span := left_out(event)) is not None:
                inside = (rows.time_us >= span[0]) & (rows.time_us < span[1])
                reason[inside] = event.kind
    else:
        units, good, start, end = _intervals(service, rows, ~flagged & ~outside, reason)
        for event in events:
            refused = np.zeros(len(rows), dtype=np.bool_)
            if event.kind in (SPIKE, NEGATIVE):
                refused = (start == event.start_us) & (end == event.end_us)
            elif tells_repeats(event):
                refused = (start >= event.start_us) & (end <= event.end_us)
            if event.kind != NEGATIVE:  # what a person entered stands
                refused &= (rows.flag.astype(np.int64) & int(Flag.ENTERED)) == 0
            if refused.any():
                reason[[at for at in np.flatnonzero(refused) if reason[at] is None]] = event.kind
    reason[~good] = UNUSABLE
    reason[flagged] = OUT_OF_RANGE
    reason[(rows.flag.astype(np.int64) & int(Flag.WITHDRAWN)) != 0] = WITHDRAWN
    reason[outside | (end > last)] = OTHER_REGISTER
    return JudgedReadings(rows, tuple(reason.tolist()), units, start, end)


def _intervals(
    service: Service, rows: ReadingColumns, known: np.ndarray, reason: np.ndarray
) -> tuple[I64, np.ndarray, I64, I64]:
    """(energy, whether it can be told, start, end) of interval readings; writes why others are not
    used."""
    at = np.flatnonzero(known)
    start, end = rows.time_us.copy(), rows.time_us.copy()
    units, good = np.zeros(len(rows), dtype=np.int64), np.ones(len(rows), dtype=np.bool_)
    if not len(at):
        return units, good, start, end
    entered = (rows.flag[at].astype(np.int64) & int(Flag.ENTERED)) != 0
    found = placed(rows.time_us[at], service.zone, service.meter.step_min, entered)
    reason[at] = SAME_INTERVAL
    reason[at[np.isin(rows.time_us[at], found.off_us)]] = OFF_GRID
    used = at[found.place]
    reason[used] = None
    start[used], end[used] = found.start_us, found.end_us
    scale: Fraction | F64 = service.installation.sign * service.factor
    if service.kind is Kind.MEAN:
        scale = float(scale) * ((found.end_us - found.start_us) / HOUR_US)
    units[used], good[used] = to_book_units(rows.value[used], scale)
    return units, good, start, end


@dataclass(frozen=True, eq=False)
class Edges:
    """Readings that stand around an interval, each in 0 or 1 row."""

    before: JudgedReadings
    """The last one up to its start."""
    first: JudgedReadings
    """The first one after its start."""
    last: JudgedReadings
    """The last one before its end."""
    after: JudgedReadings
    """The first one from its end on."""

    def ends(self) -> tuple[JudgedReadings, JudgedReadings]:
        """The first and the last reading from which energy is told; no row where there is none."""
        return (
            self.before if len(self.before) else self.first,
            self.after if len(self.after) else self.last,
        )

    def rows(self) -> list[JudgedReadings]:
        """All of them, in order of time; some may be the same reading."""
        return [self.before, self.first, self.last, self.after]


@dataclass
class Standing:
    """Finds what stands of a register around an instant."""

    service: Service
    readings: NearReadings
    events_between: Callable[[int, int], Sequence[RegisterEvent]]
    """The meter's events that touch [start, end] [us]."""

    def edges(self, start_us: int, end_us: int) -> Edges:
        """What stands around [start, end], as far as the service reaches."""
        start, end = (_within(self.service, at) for at in (start_us, end_us))
        return Edges(
            self._nearest(start, back=True),
            self._nearest(start + 1, back=False),
            self._nearest(end - 1, back=True),
            self._nearest(end, back=False),
        )

    def named(self, event: RegisterEvent) -> list[tuple[str, JudgedReadings]]:
        """The readings that an event speaks of: that `before` it, the first one `left_out`, and
        that `after` it; none of an event that speaks of no reading."""
        if event.kind in (LIMIT, OFF_GRID):
            return []
        span = left_out(event)
        start = event.start_us if span is None else span[0] - 1
        found = [("before", self._nearest(start, back=True))]
        if span is not None:
            first = self.readings.after([self.service.point], span[0], 1)
            first = first.take(first.time_us < span[1])
            found.append(("left_out", judge(self.service, first, [event])))
        found.append(("after", self._nearest(event.end_us, back=False)))
        return [(place, one) for place, one in found if len(one)]

    def _nearest(self, time_us: int, *, back: bool) -> JudgedReadings:
        """The last reading that stands at or before an instant, or the first one at or after it; no
        row where there is none among the next few thousand."""
        service, count, looked = self.service, FEW, 0
        none = judge(service, ReadingColumns.empty(), ())
        while looked < MANY and service.start_us <= time_us <= service.end_us:
            rows = (
                self.readings.before([service.point], time_us + 1, count)
                if back
                else self.readings.after([service.point], time_us, count)
            )
            if not len(rows):
                return none
            times = rows.time_us.tolist()
            judged = judge(service, rows, self.events_between(times[0], times[-1]))
            used = np.flatnonzero([why is None for why in judged.rejected_by])
            if len(used):
                return judged.take(used[-1:] if back else used[:1])
            time_us = self._beyond(times[0] if back else times[-1], back)
            looked, count = looked + len(rows), count * 4
        return none

    def _beyond(self, time_us: int, back: bool) -> int:
        """The next instant to look at: beyond a reading, and beyond what leaves it out."""
        spans = [
            span for event in self.events_between(time_us, time_us) if (span := left_out(event))
        ]
        if back:
            return min([time_us, *(span[0] for span in spans)]) - 1
        return max([time_us + 1, *(span[1] for span in spans)])


@dataclass(frozen=True)
class Reckoned:
    """From two readings of a register to the energy of an interval [book units]."""

    first_us: int
    """The two readings."""
    last_us: int
    whole: int
    """From the first reading to the last, turns included."""
    turns: int
    """How often the register passed its last digit."""
    turn: int
    """What a turn holds."""
    before: int
    """Of it, what passed before the interval."""
    after: int

    @property
    def value(self) -> int:
        """What passed in the interval."""
        return self.whole - self.before - self.after


def reckoned(
    service: Service,
    edges: Edges,
    interval_us: tuple[int, int],
    events: Sequence[RegisterEvent],
) -> Reckoned | None:
    """The energy of [start, end] from the readings around it; None where a break lies between them,
    or there are not two of them."""
    start, end = (_within(service, at) for at in interval_us)
    first, last = edges.ends()
    if not len(first) or not len(last) or service.kind is not Kind.REGISTER:
        return None
    low, high = _time(first), _time(last)
    near = [event for event in events if event.start_us < high and event.end_us > low]
    if low >= high or any(breaks(event) for event in near):
        return None
    turns = [(e.start_us, e.end_us) for e in near if e.kind == ROLLOVER]
    turn, sign = service.limits.modulus or 0, service.installation.sign

    def passed(one: JudgedReadings, other: JudgedReadings) -> int:
        turned = (_time(one), _time(other)) in turns
        return sign * (int(other.units[0] - one.units[0]) + turned * turn)

    before = after = 0
    if len(edges.before) and len(edges.first):
        length = _time(edges.first) - low
        before = passed(edges.before, edges.first) * (start - low) // length
    if len(edges.after) and len(edges.last):
        at, energy = _time(edges.last), passed(edges.last, edges.after)
        after = energy - energy * (end - at) // (high - at)
    whole = sign * (int(last.units[0] - first.units[0]) + len(turns) * turn)
    return Reckoned(low, high, whole, len(turns), turn, before, after)


def _within(service: Service, time_us: int) -> int:
    return min(max(time_us, service.start_us), service.end_us)


def _time(one: JudgedReadings) -> int:
    return int(one.readings.time_us[0])


def interval_days(service: Service, start_us: int, end_us: int) -> list[tuple[int, int]]:
    """[start, end) of the stamps of each local day whose intervals reach into an interval: a stamp
    may come a little before the day that it speaks of [us]."""
    days = days_between(local_day(start_us, service.zone), local_day(end_us - 1, service.zone))
    bounds = [day_bounds(day, service.zone) for day in days]
    return [(start - TOLERANCE_US, end - TOLERANCE_US) for start, end in bounds]
