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
    """How far a computation that was asked for is."""

    code: str
    start: str
    end: str
    meters: int
    waiting: bool
    revision: int
