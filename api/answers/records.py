"""Register events, restatements, hashes, the audit log, the feed, and issues of reports."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from api.answers.common import SharesAnswer


class EventAnswer(TypedDict):
    """What the ledger found on a register; `limit`, `value` and `energy` in book units."""

    institution: str
    meter: str
    kind: str
    start: str
    end: str
    cost: int | None
    limit: int | None
    value: int | None
    energy: int | None


class RestatementAnswer(TypedDict):
    """Net change of a settled day since it was told last; totals are in whole book units."""

    institution: str
    serial: int
    kind: str
    code: str
    item: str
    day: str
    old_revision: int
    new_revision: int
    old_total: int | None
    new_total: int | None
    recorded: str
    cause: str
    given: bool


class HashAnswer(TypedDict):
    """Hashes over the settled days of an institution, or of the whole platform."""

    book_hash: str
    worth_hash: str
    institution: str | None
    before: str | None


class AuditAnswer(TypedDict):
    """Who changed what, when and why, or was refused it."""

    id: int
    at: str
    actor: str
    action: str
    subject: str
    institution: str
    detail: dict[str, Any]
    reason: str


class EntryAnswer(TypedDict):
    """A settled day of a node; `superseded_at` is given where history is asked for."""

    key: str
    revision: int
    institution: str
    node: str
    node_type: str
    category: str
    item: str
    day: str
    zone: str
    unit: str
    value: str | None
    book_unit: str
    amount: int | None
    shares: SharesAnswer
    provisional: bool
    superseded_at: NotRequired[int | None]


class FeedAnswer(TypedDict):
    """A page of an institution's feed; `next` is always given."""

    institution: str
    revision: int
    data: list[EntryAnswer]
    next: str
    more: bool
    booking: bool


class WholeFeedAnswer(TypedDict):
    """A page of the feed of all institutions; `next` is always given."""

    data: list[EntryAnswer]
    next: str
    more: bool
    booking: bool


class IssueAnswer(TypedDict):
    """An issue of a month's report, without its content."""

    institution: str
    month: str
    coal: str
    carbon: str
    issue: int
    content_hash: str
    pins: dict[str, Any]
    made_at: str
    made_by: str
    reason: str
    differences: list[dict[str, Any]]


class IssuesAnswer(TypedDict):
    """All issues of a month: those on the usual bases first, of each bases oldest first."""

    data: list[IssueAnswer]
