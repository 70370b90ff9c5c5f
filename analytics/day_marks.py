"""Marks of the day of a site: hours far from what such hours were in the 60 days before.

    -62 days ........................ yesterday │ today, so far
    └ what versions that judge them expect ─────┴ the same versions, which know nothing of today
          └─▶ runs of hours ─▶ less what a finding tells, or a meter below ─▶ marks

A mark asks for a glance, and a finding for a morning: so one threshold that a run of hours passes
once in a year of a meter is enough, and what is no run any more is no mark at the next look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analytics.crossfit import History
from analytics.groups import Bools, Floats
from analytics.hierarchy import EXPLAINED, ancestors
from analytics.judging import Judged
from analytics.lately import SPAN_DAYS, HourRun, Lately
from analytics.learning import Scene, judged_by
from metering.day_mark import DayMark
from metering.localtime import HOUR_US, day_number

MARK_SCORE: Final = 8.8
"""From here on a run of hours is a mark: generated tuning seeds have one in a meter-year."""
JUDGED_DAYS: Final = 2
"""The running day and the one before it."""
LATE_DAYS: Final = SPAN_DAYS + JUDGED_DAYS
"""Days before the running one whose hours are asked for."""
WARM_H: Final = 72
"""Hours of weather before the running day that a building may remember."""


@dataclass(frozen=True, eq=False)
class LateHours:
    """Hours of meters up to now, those of complete days first."""

    history: History
    expected: Floats
    """[kWh/h], (meters, hours); NaN where nothing is said."""
    today: int
    """The running local day, days since 1970-01-01."""

    @classmethod
    def of(cls, scene: Scene, judged: Judged, late: History) -> LateHours:
        """Of a scene whose complete hours are judged, and of its last hours with those of the
        running day."""
        today = day_number(scene.today)
        complete = int(np.count_nonzero(late.clock.day < today))
        expected = np.full(late.energy.shape, np.nan)
        expected[:, :complete] = judged.expected[:, judged.expected.shape[1] - complete :]
        first = max(0, complete - WARM_H)
        if np.isfinite(late.energy[:, complete:]).any():
            told = judged_by(replace(scene, history=late.since(first)), judged.by)
            expected[:, complete:] = told.expected[:, complete - first :]
        return cls(late, expected, today)

    def runs(self, rows: Bools) -> Iterator[tuple[int, HourRun]]:
        """(day, run) of the meters asked for, (meters,), that are marks; days since 1970-01-01,
        meters by their rows."""
        own = np.flatnonzero(rows)
        lately = Lately.of(self.history.energy[own], self.expected[own], self.history.clock)
        first = int(np.searchsorted(lately.days, self.today - JUDGED_DAYS + 1))
        for place in range(first, lately.days.size):
            for run in lately.runs(place):
                if run.score >= MARK_SCORE:
                    yield int(lately.days[place]), replace(run, meter=int(own[run.meter]))


def unexplained(
    marks: Sequence[DayMark],
    told: Mapping[str, frozenset[int]],
    feeders: Mapping[str, Sequence[str]],
) -> list[DayMark]:
    """The marks of which a finding of the meter does not tell most hours, `told` by meter [us], and
    marks of meters that it feeds do not tell most energy. `feeders` names those that feed a meter.
    """
    new = [one for one in marks if not _is_told(one, told.get(one.meter, frozenset()))]
    above = {one.meter: ancestors(one.meter, feeders) for one in new}
    kept: list[DayMark] = []
    for mark in sorted(new, key=lambda one: -len(above[one.meter])):
        below = [one for one in kept if mark.meter in above[one.meter] and _alike(one, mark)]
        if sum(one.beyond for one in below) <= EXPLAINED * mark.beyond:
            kept.append(mark)
    return kept


def _is_told(mark: DayMark, hours_us: frozenset[int]) -> bool:
    own = range(mark.start_us, mark.end_us, HOUR_US)
    return sum(one in hours_us for one in own) > EXPLAINED * len(own)


def _alike(one: DayMark, other: DayMark) -> bool:
    """Whether both are out to the same side in some of the same hours."""
    together = one.start_us < other.end_us and other.start_us < one.end_us
    return together and one.above is other.above
