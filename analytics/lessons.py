"""What people taught by calling cases expected or dismissed: what is not to be told again.

    case said so ──▶ Lesson: meter, pattern, kinds of hour, size ──▶ which runs of hours it covers

    expected     nine tenths in the same kinds of hour,   up to 1.25 of the size it was said of
                 an hour wider
    dismissed    any hour                                 up to 1.5 of it

A run is a stretch of evidence hours that no more than three hours interrupt. What bears it are the
hours with a quarter of the most that any of them has above expectation; its size is their mean
power, that of a lesson the largest of its case. A kind of hour is the hour
of the day, of a weekend or not; what is before eight in the morning belongs to the day before, as
nights do. A lesson stands as long as its case is in that state: to reopen it takes the lesson back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from analytics.detectors import FAULTS
from analytics.detectors.stretched import STRETCHED
from metering.evidence import hours_of
from metering.finding import TEACHING, Case, CaseState, EvidenceHour, Finding
from metering.localtime import HOUR_US, from_us, zone_of
from metering.units import BOOK_UNITS

EXPECTED_UP_TO: Final = 1.25
DISMISSED_UP_TO: Final = 1.5
PAUSE_US: Final = 3 * HOUR_US
"""Runs are further apart."""
BEARS: Final = 0.25
MOST_OF_IT: Final = 0.9
MORNING: Final = timedelta(hours=8)
SATURDAY: Final = 5

Kind = tuple[bool, int]
"""(whether of a weekend, local hour of the day)."""


@dataclass(frozen=True)
class Lesson:
    """What a case teaches of its meter and pattern."""

    case: int
    state: CaseState
    """Expected or dismissed."""
    institution: str
    node: str
    meter: str
    pattern: str
    kinds: frozenset[Kind]
    """Of the hours that bear it."""
    up_to: float
    """Power above expectation up to which it covers [canonical unit an hour]."""
    unit: str
    """kWh, m3 or MJ."""
    by: str
    since_us: int
    reason: str

    @property
    def any_hour(self) -> bool:
        """Whether it covers other hours than those it was said of."""
        return self.state is CaseState.DISMISSED

    def covers(self, run: Sequence[EvidenceHour], zone: str) -> bool:
        """Whether a run is of its kind, and not larger."""
        if _power(run, self.unit) > self.up_to:
            return False
        return self.any_hour or self._share(run, zone) >= MOST_OF_IT

    def _share(self, run: Sequence[EvidenceHour], zone: str) -> float:
        """Of what a run has above expectation, how much lies in hours of its kinds."""
        kinds, bearing = _wider(self.kinds), _bearing(run)
        inside = sum(one.waste for one in bearing if kinds_of([one.start_us], zone) <= kinds)
        return inside / total if (total := sum(one.waste for one in bearing)) else 1.0


def lesson_of(case: Case, zone: str) -> Lesson | None:
    """What a case teaches; None where it teaches nothing: people said neither, or a meter fault or
    a drift of a balance, which have no size, was meant."""
    told = case.evidence
    runs = list(_runs(told))
    if case.state not in TEACHING or told.pattern in FAULTS or told.waste <= 0 or not runs:
        return None
    factor = EXPECTED_UP_TO if case.state is CaseState.EXPECTED else DISMISSED_UP_TO
    return Lesson(
        case=case.number,
        state=case.state,
        institution=told.institution,
        node=told.node,
        meter=told.meter,
        pattern=told.pattern,
        kinds=frozenset().union(*(kinds_of(_starts(run), zone) for run in runs)),
        up_to=factor * max(_power(run, told.unit) for run in runs),
        unit=told.unit,
        by=case.state_by,
        since_us=case.state_us,
        reason=case.state_note,
    )


def untaught(finding: Finding, lessons: Sequence[Lesson], zone: str) -> frozenset[int]:
    """Starts of the evidence hours that no lesson of the meter and pattern covers. A stretch may be
    called otherwise the next time: what is expected of one holds for all at the same hours."""
    own = [one for one in lessons if one.meter == finding.meter and _alike(one, finding)]
    if not own:
        return frozenset(finding.hours_us)
    left = [run for run in _runs(finding) if not any(one.covers(run, zone) for one in own)]
    return frozenset(hour.start_us for run in left for hour in run)


def _alike(lesson: Lesson, finding: Finding) -> bool:
    stretches = {lesson.pattern, finding.pattern} <= STRETCHED
    return lesson.pattern == finding.pattern or (stretches and not lesson.any_hour)


def kinds_of(hours_us: Sequence[int], zone: str) -> frozenset[Kind]:
    """Kinds of hour, by their starts [us]."""
    local = [from_us(at).astimezone(zone_of(zone)) for at in hours_us]
    return frozenset(((one - MORNING).weekday() >= SATURDAY, one.hour) for one in local)


def _wider(kinds: frozenset[Kind]) -> frozenset[Kind]:
    steps = (-1, 0, 1)
    return frozenset((weekend, (hour + step) % 24) for weekend, hour in kinds for step in steps)


def _runs(finding: Finding) -> Iterator[list[EvidenceHour]]:
    run: list[EvidenceHour] = []
    for hour in hours_of(finding):
        if run and hour.start_us - run[-1].start_us > PAUSE_US + HOUR_US:
            yield run
            run = []
        run.append(hour)
    if run:
        yield run


def _bearing(run: Sequence[EvidenceHour]) -> list[EvidenceHour]:
    """The hours that bear a run: those in which it gives back, or as good as nothing happens, say
    nothing of its size."""
    most = max(one.waste for one in run)
    return [one for one in run if one.waste >= BEARS * most]


def _starts(run: Sequence[EvidenceHour]) -> list[int]:
    return [one.start_us for one in _bearing(run)]


def _power(run: Sequence[EvidenceHour], unit: str) -> float:
    bearing = _bearing(run)
    total = sum(one.waste for one in bearing)
    return total / BOOK_UNITS[unit].per_canonical / max(len(bearing), 1)
