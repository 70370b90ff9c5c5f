"""Points that gateways send and nobody registered."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.answers.common import InLanguages


class SentValueAnswer(TypedDict):
    """A value in its unit as sent; '' where it came without."""

    time: str
    value: float
    unit: str


class GuessAnswer(TypedDict):
    """What is guessed; `value` is '' where there is nothing to go by. `sure` is `said`, `sure`,
    `likely` or `unsure`."""

    value: str
    sure: str
    why: str
    text: InLanguages


class ProposedPointAnswer(TypedDict):
    """A point as it was heard of, and what it most likely is; `step_s` is the usual distance of its
    values. The words of `quantity`, `medium` and `direction` are null where nothing tells them."""

    point: str
    name: str
    first_seen: str | None
    last_seen: str | None
    readings: int
    step_s: float | None
    values: list[SentValueAnswer]
    kind: GuessAnswer
    unit: GuessAnswer
    quantity: InLanguages | None
    medium: InLanguages | None
    direction: InLanguages | None
    dismissed: str | None
    dismissed_by: str | None


class PointsApprovedAnswer(TypedDict):
    """Names of points that were registered now, and before; the registry's version then."""

    approved: list[str]
    already: list[str]
    version: int


class PointsDismissedAnswer(TypedDict):
    """Names of points that are proposed no more, or again."""

    points: list[str]
    dismissed: bool
