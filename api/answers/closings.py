"""Answers about closed periods."""

from __future__ import annotations

from typing_extensions import TypedDict


class SignedAnswer(TypedDict):
    """Who did it, when and why."""

    at: str
    by: str
    reason: str


class ClosingAnswer(TypedDict):
    """A closed period with what it pins."""

    closing: str
    institution: str
    period: str
    state: str
    revision: int
    registry_version: int
    rules_version: int
    factor_set: str
    tariff_version: str
    lacking: list[str]
    issues: dict[str, int]
    closed: SignedAnswer
    asked: SignedAnswer | None
    reopened: SignedAnswer | None


class ClosingsAnswer(TypedDict):
    """Closings, oldest first."""

    data: list[ClosingAnswer]


class SinceAnswer(TypedDict):
    """A day of a series that is told otherwise since it was closed."""

    kind: str
    code: str
    item: str
    day: str
    unit: str
    old: str | None
    new: str | None
    change: str | None
    causes: list[str]


class SumAnswer(TypedDict):
    """What an item of the institution comes to over the period."""

    value: str | None
    money: dict[str, str]
    kgco2: str | None


class SumSinceAnswer(TypedDict):
    """The same as closed, and as it stands."""

    item: str
    unit: str
    closed: SumAnswer
    present: SumAnswer


class EditAnswer(TypedDict):
    """A row of the registry that was edited: a price, a factor, or what steers which of them holds.
    `registry_version` is the first one with it."""

    kind: str
    key: str
    what: str
    old: dict[str, str] | None
    new: dict[str, str] | None
    registry_version: int
    at: str
    by: str
    reason: str


class WorthSinceAnswer(TypedDict):
    """A figure of a month that is worth otherwise; `restated` counts its days whose energy is told
    otherwise, `money_change` and `kgco2_change` are present less closed."""

    code: str
    item: str
    unit: str
    month: str
    closed: SumAnswer
    present: SumAnswer
    money_change: dict[str, str]
    kgco2_change: str | None
    restated: int
    edits: list[EditAnswer]


class ToldClosingAnswer(ClosingAnswer):
    """A closing and what became of its days and figures."""

    restated: int
    restatements: list[SinceAnswer]
    left_out: int
    revalued: int
    figures: list[WorthSinceAnswer]
    figures_left_out: int
    sums: list[SumSinceAnswer]


class SettledItemAnswer(TypedDict):
    """A category of the institution in a run; `missing` is a share of the time and no energy."""

    item: str
    unit: str
    total: str | None
    measured: str | None
    apportioned: str | None
    estimated: str | None
    shares: dict[str, float]
    restated_net: str | None
    restated: str | None
    money: dict[str, str]
    kgco2: str | None
    money_change: dict[str, str] | None
    kgco2_change: str | None
    edits: list[str]


class SettlementRunAnswer(TypedDict):
    """What a run found."""

    institution: str
    period: str
    run: int
    first: str
    through: str
    revision: int
    registry_version: int
    run_at: str
    run_by: str
    items: list[SettledItemAnswer]


class SettlementRunsAnswer(TypedDict):
    """Runs, oldest first."""

    data: list[SettlementRunAnswer]
