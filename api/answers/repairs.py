"""Answers about what is to be mended."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.answers.administration import ProposalAnswer
from api.answers.common import InLanguages


class MendingAnswer(TypedDict):
    """What POST /v1/repairs/mend does: `kind` is `row`, `replay`, `approve`, `clock`, `recompute`
    or `end_key`; of rows the file of the registry, their columns as they would be, the first of
    them as `row`, and the columns that `values` may say otherwise."""

    kind: str
    file: str
    row: dict[str, str]
    rows: list[dict[str, str]]
    asks: list[str]


class RepairAnswer(TypedDict):
    """One thing to be mended; `mending` is null where only people can."""

    subject: str
    code: str
    text: InLanguages
    fix: InLanguages
    said: dict[str, str | int]
    mending: MendingAnswer | None


class CheckAnswer(TypedDict):
    """A check: `state` is `fine`, `repair` or `not_checked`, where there was nothing to look at;
    `looked_at` how many there were."""

    check: str
    severity: str
    state: str
    title: InLanguages
    looked_at: int
    repair_count: int
    repairs: list[RepairAnswer]


class RepairsAnswer(TypedDict):
    """Every check over what the key reaches."""

    checks: int
    fine: int
    to_mend: int
    not_checked: int
    data: list[CheckAnswer]


class MendedAnswer(TypedDict):
    """What a button did: how many letters, points, meters or changes; of a row what it changes."""

    kind: str
    count: int
    dry_run: bool
    proposal: ProposalAnswer | None


class RecomputingAnswer(TypedDict):
    """How far a computation that was asked for is: `days_done` of `days`. `asked`: when it was
    asked for last; `by` and `reason` are told to an admin key."""

    code: str
    kind: str
    start: str
    end: str
    meters: int
    days: int
    days_done: int
    waiting: bool
    revision: int
    asked: str | None
    by: str | None
    reason: str | None


class MeterMovedAnswer(TypedDict):
    """Settled days of a meter that stand otherwise since; what they came to together before and
    come to now, in whole book units."""

    meter: str
    item: str
    days: int
    old_total: int | None
    new_total: int | None


class RecomputedAnswer(RecomputingAnswer):
    """Likewise, and what has moved since it was asked for; `left_out` counts meters that were not
    looked at, of very many."""

    moved: list[MeterMovedAnswer]
    left_out: int
