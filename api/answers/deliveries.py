"""What gateways brought, and what they are asked to send again."""

from __future__ import annotations

from typing_extensions import TypedDict


class RecordAnswer(TypedDict):
    """Where a message lies in the journal."""

    segment: int
    offset: int


class ReceiptAnswer(TypedDict):
    """What came of a gateway on a day of its site by one way in, from the first message in the
    journal to the last."""

    day: str
    writer: int
    messages: int
    bytes: int
    new: int
    duplicates: int
    corrections: int
    outdated: int
    late: int
    dead_letters: int
    first: RecordAnswer
    last: RecordAnswer


class GapAnswer(TypedDict):
    """What did not come; numbers or times, the others null."""

    id: int
    kind: str
    session: int | None
    first_seq: int | None
    last_seq: int | None
    from_time: str | None
    until_time: str | None
    found: str
    changed: str
    state: str
    tries: int
    asked: str | None
    next_try: str | None
    asked_by: str | None
