"""Bills of suppliers, as people entered them."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from api.answers.entries import EvidenceLinkAnswer


class BookedAnswer(TypedDict):
    """What the books have of the days of a bill, in the canonical unit of the meter. `source` is
    `meter`, or `bill` where they have nothing but the bill; `difference` is what the bill says
    beyond them, null where either is not wholly known."""

    source: str
    unit: str
    billed: str | None
    quantity: str | None
    difference: str | None
    missing: float
    provisional: bool


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
    evidence: list[EvidenceLinkAnswer]
    entered_by: str
    entered_at: str
    state: str
    taken_in: bool
    message: str
