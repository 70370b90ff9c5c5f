"""A history that somebody sends to be loaded: what they say of it, what it holds, how far it is.

file ──look──▶ series, and the points that they may be ──try──▶ what would become of each value
                                                                 │
                                        journal ◀──load, with a reason
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from metering.errors import NotFound
from metering.reading import Kind


class HistoryStep(StrEnum):
    """What is to be done with a file."""

    LOOK = "look"
    """Read it, and tell which series are in it."""
    TRY = "try"
    """Tell what would become of each value; nothing is written."""
    LOAD = "load"


@dataclass(frozen=True)
class HistoryAnswers:
    """How the file is written, as far as somebody said it; what is empty is detected, or asked."""

    zone: str = ""
    date: str = ""
    decimal: str = ""
    label: str = "start"
    interval_min: int | None = None
    unit: str = ""
    encoding: str = ""
    separator: str = ""
    time: str = ""
    """Heading of the times, where two columns may be them."""
    meter: str = ""
    """Heading of what names the meters."""
    gateway: str = ""
    """SITE/GATEWAY whose points alone are meant; '' is all."""
    correct: bool = False
    """Whether another value of the same time replaces what stands."""
    kind: Kind | None = None
    """What the points have to be, and what new ones are; None is what they are."""
    new: bool = False
    """Whether series that no point is called after get a new one."""
    node: str = ""
    """Where new meters are; '' is not said."""
    item: str = ""
    """What new meters count; '' is what their units tell."""


@dataclass(frozen=True)
class NewMeter:
    """What is said of a point, and of the meter that it serves, made for a series; what is empty
    is told by its unit, its values and its name."""

    node: str = ""
    """The code of its place."""
    item: str = ""
    unit: str = ""
    kind: str = ""


@dataclass(frozen=True)
class SeriesChoice:
    """What a series of a file is."""

    point: str
    """SITE/GATEWAY/POINT, or the code of a meter that one point serves; '' leaves it out."""
    unit: str = ""
    """Of values whose unit the file does not say; '' is that in which the point sends."""
    new: NewMeter | None = None
    """Of a series for which a point is made; its `point` is '' then."""


@dataclass(frozen=True)
class HistoryAsked:
    """A step that somebody asks for."""

    step: HistoryStep
    by: str
    """Who asks."""
    answers: HistoryAnswers = HistoryAnswers()
    choices: Mapping[str, SeriesChoice] = field(default_factory=dict)
    """By series; the others are what they are called."""
    reason: str = ""


@dataclass(frozen=True)
class SeriesSeen:
    """A series that a file holds, over all of its tables."""

    name: str
    values: int
    first_us: int
    last_us: int
    """Of its readings, both with them."""
    examples: tuple[tuple[int, float], ...]
    """(time, value) of some of them."""
    unit: str
    """'' where the file says none."""
    points: tuple[str, ...]
    """SITE/GATEWAY/POINT of those that are called so; several where it cannot be told."""
    rises: int = 0
    """How often a value is above the one before it in time."""
    falls: int = 0
    step_us: int | None = None
    """The usual distance of its values in time [us]; None where there are too few."""


@dataclass(frozen=True)
class HistorySeen:
    """What a file holds."""

    series: tuple[SeriesSeen, ...]
    missing: int
    refused: int
    """Values that cannot be read."""
    examples: tuple[str, ...]
    """Some of the refused ones."""


@dataclass(frozen=True)
class HistoryRefusal:
    """Why a step could not be done, as an error says it."""

    code: str
    message: str
    field: str
    value: str
    fix: str
    asks: str = ""
    """The answer that is wanted, where two readings are possible; '' for none."""


@dataclass(frozen=True)
class HistoryOutcome:
    """What became of all values of a file, or would."""

    tables: int
    counts: Mapping[str, int]
    """`read`, and what it is the sum of."""
    unknown_series: tuple[str, ...]
    examples: tuple[str, ...]
    """What was kept back or refused, some of it."""
    made: tuple[str, ...] = ()
    """What was registered for new series before, or would be, in sentences, some of it."""


@dataclass(frozen=True)
class HistoryTold:
    """How far a file is."""

    id: str
    file: str
    asked: HistoryAsked
    """The newest step."""
    running: bool
    done: int = 0
    count: int = 0
    """Values done, and of how many; 0 while the file is read."""
    seen: HistorySeen | None = None
    """Of the newest look that found something."""
    refusal: HistoryRefusal | None = None
    outcome: HistoryOutcome | None = None
    """Of a trial or a load that ended well."""
    mendable: bool = False
    """Whether there is a file of the rows with what was refused."""
    died: bool = False
    """Whether the step ended without a word of how: what it wrote stays."""

    @property
    def loaded(self) -> bool:
        """Whether all of it was loaded, and the file is gone."""
        return self.asked.step is HistoryStep.LOAD and self.outcome is not None


def unknown_upload(id: str) -> NotFound:
    """The error of whoever asks for what they did not send, or what is gone."""
    return NotFound("no such upload", field="id", value=id[:40], fix="send the file again")
