"""What is wrong with what is stored, and what a check of it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from api.usecases.repairs.facts import RepairFacts
from metering.registry.write import Record

Said = Mapping[str, str | int]


class RepairSeverity(StrEnum):
    """What is at stake; the first ones are told first. Each has its word, `repair_severity`."""

    WRONG = "wrong"
    """Numbers may be wrong, or are lost."""
    LACKING = "lacking"
    """Numbers cannot be told."""
    SOON = "soon"
    """Numbers will be lacking, if nobody does anything."""
    ADVICE = "advice"
    """Nothing is wrong; more could be told."""


class RepairSubject(StrEnum):
    """What a repair is of."""

    PLACE = "place"
    METER = "meter"
    POINT = "point"
    GATEWAY = "gateway"
    PLATFORM = "platform"


class CheckState(StrEnum):
    """As of each check; one that had nothing to look at never looks like one that found nothing."""

    FINE = "fine"
    REPAIR = "repair"
    NOT_CHECKED = "not_checked"


class MendingKind(StrEnum):
    """What is done about it at the press of a button; each has its word, `mending`."""

    ROW = "row"
    """Rows of the registry are added or changed."""
    REPLAY = "replay"
    """Dead letters are tried again."""
    APPROVE = "approve"
    """Points of which kind and unit are sure are registered."""
    CLOCK = "clock"
    """What is proposed of a clock is accepted."""
    RECOMPUTE = "recompute"
    """The days that are looked at are computed again."""
    END_KEY = "end_key"
    """A key ends at once."""


@dataclass(frozen=True)
class Mending:
    """A button."""

    kind: MendingKind
    file: str = ""
    """Of the registry, where its rows are changed."""
    rows: tuple[Record, ...] = ()
    """Whole as they are to be, of one thing or of several."""
    asks: tuple[str, ...] = ()
    """Columns that a person fills in first; what the rows say there is a proposal."""
    at: int | None = None
    """The row in which; None is in all of them."""


@dataclass(frozen=True)
class Repair:
    """One thing that is to be mended."""

    subject: RepairSubject
    code: str
    """Of the place, meter or gateway; GATEWAY/POINT of a point."""
    said: Said = field(default_factory=dict)
    """What its sentence `repair.CHECK` names."""
    mending: Mending | None = None


@dataclass(frozen=True)
class LookedAt:
    """How many a check looked at, and what it found."""

    count: int
    repairs: tuple[Repair, ...] = ()

    @property
    def state(self) -> CheckState:
        """Not checked where there was nothing to look at."""
        if self.repairs:
            return CheckState.REPAIR
        return CheckState.FINE if self.count else CheckState.NOT_CHECKED


Look = Callable[[RepairFacts], LookedAt]


@dataclass(frozen=True)
class RepairCheck:
    """One check. Its name has a title `check.NAME`, a sentence `repair.NAME` and a next step
    `repair_fix.NAME`."""

    name: str
    severity: RepairSeverity
    look: Look


def looked_at(found: Iterable[Repair | None]) -> LookedAt:
    """Of one verdict for each that was looked at: None is fine."""
    verdicts = list(found)
    return LookedAt(len(verdicts), tuple(one for one in verdicts if one is not None))
