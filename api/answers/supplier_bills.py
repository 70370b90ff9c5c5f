"""Bills of suppliers, as people entered them."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from api.answers.entries import EvidenceLinkAnswer


class BookedAnswer(TypedDict):
    """What the books have of the days of a bill, in the canonical unit of the meter. `source` is
    `meter`, or `bill` where they have nothing but the bill, `entry` where an entry or another bill
    said all its days anew since; `difference` is what the bill says
    beyond them, null where either is not wholly known."""

    source: str
    unit: str
    billed: str | None
    quantity: str | None
    difference: str | None
    missing: float
    provisional: bool


class AuditSumAnswer(TypedDict):
    """What came of the checks on a bill: findings and what is asked too much, notes left out."""

    findings: int
    at_stake: str


class BillFindingAnswer(TypedDict):
    """What a check found; `stake` is above 0 where too much is asked."""

    check: str
    severity: str
    line: str
    said: str
    expected: str
    stake: str
    text: dict[str, str]


class UntriedAnswer(TypedDict):
    """A check that cannot be made, and why."""

    check: str
    why: str
    text: dict[str, str]


class AuditBooksAnswer(TypedDict):
    """The bill that the books have of the same days."""

    start: str
    end: str
    currency: str
    total: str | None
    lacks: list[str]
    revision: int


class BillAuditAnswer(TypedDict):
    """A bill held against registry, books and the bills before it."""

    id: str
    account: str
    number: str
    start: str
    end: str
    state: str
    currency: str
    total: str
    at_stake: str
    findings: list[BillFindingAnswer]
    made: list[str]
    not_tried: list[UntriedAnswer]
    books: AuditBooksAnswer | None
    credit_due: str
    bills_before: int


class SupplierBillAnswer(TypedDict):
    """A bill over the local days [start, end); `said` is what stands on it, numbers as texts."""

    id: str
    account: str
    supplier: str
    meter: str
    number: str
    start: str
    end: str
    quantity: str | None
    unit: str
    said: dict[str, Any]
    note: str
    books: BookedAnswer
    audit: AuditSumAnswer
    evidence: list[EvidenceLinkAnswer]
    entered_by: str
    entered_at: str
    state: str
    taken_in: bool
    message: str
