"""What people taught by calling cases expected or dismissed: what is not to be told again.

    case said so ──▶ Lesson: meter, pattern, kinds of hour, size ──▶ which runs of hours it covers

    expected     the same kinds of hour, an hour wider    up to 1.25 of the size it was said of
    dismissed    any hour                                 up to 1.5 of it

The size is the mean power above expectation of a run, a stretch of evidence hours that no more
than three hours interrupt; that of a lesson is the largest of its case. A kind of hour is the hour
of the day, of a weekend or not; what is before eight in the morning belongs to the day before, as
nights do. A lesson stands as long as its case is in that state: to reopen it takes the lesson back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from analytics.detectors import FAULTS
from metering.evidence import hours_of
from metering.finding import TEACHING, Case, CaseState, EvidenceHour, Finding
from metering.localtime import HOUR_US, from_us, zone_of
from metering.units import BOOK_UNITS

EXPECTED_UP_TO: Final = 1.25
DISMISSED_UP_TO: Final = 1.5
PAUSE_US: Final = 3 * HOUR_US
"""Runs are further apart."""
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
    """Of its evidence hours."""
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
        return self.any_hour or kinds_of([one.start_us for one in run], zone) <= _wider(self.kinds)


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
        kinds=kinds_of(told.hours_us, zone),
        up_to=factor * max(_power(run, told.unit) for run in runs),
        unit=told.unit,
        by=case.state_by,
        since_us=case.state_us,
        reason=case.state_note,
    )


def untaught(finding: Finding, lessons: Sequence[Lesson], zone: str) -> frozenset[int]:
    """Starts of the evidence hours that no lesson of the meter and pattern covers."""
    own = [one for one in lessons if (one.meter, one.pattern) == (finding.meter, finding.pattern)]
    if not own:
        return frozenset(finding.hours_us)
    left = [run for run in _runs(finding) if not any(one.covers(run, zone) for one in own)]
    return frozenset(hour.start_us for run in left for hour in run)


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


def _power(run: Sequence[EvidenceHour], unit: str) -> float:
    return sum(one.waste for one in run) / BOOK_UNITS[unit].per_canonical / len(run)
