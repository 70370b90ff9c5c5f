"""Intervals that repeat one value for longer than their meter is known to.

    energy    3 5 4 4 6 7 7 7 7 7 7 7 7 5        a run of one value, other than 0
    told                  ├───────────┤          from its second interval on: stuck, missing
    habit     ├ four weeks ┤                     its longest run of one value

Zero is rest. A run with nothing before it says nothing of what is usual, and stands; so does one of
few lumps, which all energies of the four weeks are multiples of. What is told is a function of the
readings alone; it reaches as far as a run lasts, and four weeks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from ledger.cleaning.decisions import STUCK, EventFacts, Span
from ledger.cleaning.rates import DAY_US
from ledger.glance import Glance
from ledger.kept import FIRST_US, LAST_US
from ledger.meter import Intervals, Service, intervals_of
from metering.book import RegisterEvent
from metering.localtime import day_bounds, local_day
from metering.quantity import I64
from metering.reading import Flag, Kind

MEMORY_US: Final = 28 * DAY_US
HABIT: Final = 4
"""A meter that repeated a value for so long before may do so for up to four times as long."""
FINE: Final = 32
"""A value of fewer lumps is coarse: of such a meter many intervals say the same."""
LEAST_US: Final = DAY_US
"""A run that is no longer means nothing."""
PAD_US: Final = 2 * DAY_US
"""A reading says how long the intervals of its local day are."""
LONGEST_US: Final = DAY_US
"""No interval is longer."""
Repeats = dict[Span, EventFacts]


class Runs(NamedTuple):
    """Intervals side by side of equal energy, rising."""

    start_us: I64
    second_us: I64
    """Where the second interval begins."""
    end_us: I64
    energy: I64

    @classmethod
    def of(cls, found: Intervals) -> Runs:
        """The runs of intervals in rising time; many are of one interval."""
        starts, ends, energy = found.start_us, found.end_us, found.energy
        if not len(starts):
            return cls(starts, starts, starts, starts)
        breaks = np.flatnonzero((np.diff(energy) != 0) | (starts[1:] != ends[:-1])) + 1
        first = np.concatenate((np.zeros(1, dtype=np.int64), breaks))
        last = np.append(breaks, len(starts)) - 1
        return cls(starts[first], ends[first], ends[last], energy[first])

    def longest(self) -> int:
        """The longest run of a value other than 0 [us]; 0 without one."""
        lasting = (self.end_us - self.start_us)[self.energy != 0]
        return int(lasting.max(initial=0))


@dataclass
class RepeatedValues:
    """Finds the runs of one service whose readings are intervals or means."""

    glance: Glance
    service: Service

    def near(self, start_us: int, end_us: int) -> Repeats:
        """What is told of runs that touch [start, end], ends included."""
        if self.service.kind is Kind.REGISTER:
            return {}
        found: Repeats = {}
        for start, second, end, energy in self._long(start_us, end_us):
            before = self._intervals(start - MEMORY_US, start)
            coarse = abs(energy) < FINE * int(np.gcd.reduce(before.energy, initial=0))
            usual = coarse or end - start <= HABIT * Runs.of(before).longest()
            if len(before.start_us) and not usual:
                found[STUCK, second, end] = EventFacts(value=energy)
        return found

    def _long(self, start_us: int, end_us: int) -> Iterable[tuple[int, int, int, int]]:
        """(start, start of the second, end, energy) of runs longer than a day that touch it."""
        low, high = start_us - PAD_US, end_us + PAD_US
        more = PAD_US
        while True:
            runs = Runs.of(self._intervals(low, high))
            long = (runs.end_us - runs.start_us > LEAST_US) & (runs.energy != 0)
            long &= (runs.end_us >= start_us) & (runs.start_us <= end_us)
            picked = np.flatnonzero(long)
            if not len(picked):
                return []
            first, last = int(runs.start_us[picked[0]]), int(runs.end_us[picked[-1]])
            open_left, open_right = first - low < LONGEST_US, last >= high
            if not open_left and not open_right:
                return zip(*(column[picked].tolist() for column in runs), strict=True)
            more *= 2
            low, high = low - more * open_left, high + more * open_right

    def _intervals(self, start_us: int, end_us: int) -> Intervals:
        """Those that begin in [start, end)."""
        service = self.service
        days = [
            local_day(min(max(at, FIRST_US), LAST_US), service.zone) for at in (start_us, end_us)
        ]
        low = day_bounds(days[0], service.zone)[0] - DAY_US
        high = day_bounds(days[1], service.zone)[1] + DAY_US
        low, high = max(low, service.start_us), min(high, service.end_us)
        rows = self.glance.scan(service.point, low, max(low, high))
        good = (rows.flag.astype(np.int64) & int(Flag.OUT_OF_RANGE)) == 0
        entered = (rows.flag.astype(np.int64) & int(Flag.ENTERED)) != 0
        found = intervals_of(service, rows.time_us[good], rows.value[good], entered[good])
        own = (found.start_us >= start_us) & (found.start_us < end_us)
        return found.take(own & ~found.entered)


def tells_repeats(event: RegisterEvent) -> bool:
    """Whether an event is of intervals that repeat a value: of a register's standstill there is no
    value, or a cost."""
    return event.kind == STUCK and event.cost is None and event.value is not None


def differing_runs(now: Repeats, booked: Mapping[Span, EventFacts]) -> list[tuple[int, int]]:
    """[start, end] of what is told otherwise; of a run that only ends elsewhere, what it gained or
    lost."""
    by_start = {span[1]: (span, facts) for span, facts in booked.items()}
    found, kept = [], set()
    for span, facts in now.items():
        old = by_start.get(span[1])
        if old is None or old[1] != facts:
            found.append((span[1], span[2]))
            continue
        kept.add(old[0])
        if old[0] != span:
            found.append((min(old[0][2], span[2]), max(old[0][2], span[2])))
    return found + [(span[1], span[2]) for span in booked if span not in kept]
