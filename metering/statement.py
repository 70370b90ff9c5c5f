"""What people state: readings, quantities and bills. Corrected they are, and never changed.

    statement ─▶ journal (kind `entered`) ─▶ intake ─▶ its readings, and the statement itself

A later statement about the same thing corrects an earlier one; a withdrawal takes one back. All of
them stay.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from metering.errors import InvalidInput


def day_of(text: str, field: str) -> date:
    """A local day of an ISO date; InvalidInput for anything else."""
    try:
        found = date.fromisoformat(text)
        if found.isoformat() != text:
            raise ValueError
        return found
    except (TypeError, ValueError):
        raise InvalidInput(
            "not a date", field=field, value=text, fix="YYYY-MM-DD, such as 2026-10-01"
        ) from None


MOST_NOTE: Final = 1000
"""Characters of a note."""
MOST_EVIDENCE: Final = 4
"""Files that a statement may name."""
MOST_EVIDENCE_BYTES: Final = 8 << 20
"""Of one file."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
"""By which a file shows what it is, whatever it is called."""


@dataclass(frozen=True)
class EvidenceFile:
    """A file that shows what was stated: a photograph of a meter, a scanned bill."""

    sha256: str
    media: str
    """application/pdf, image/png or image/jpeg."""
    size: int
    """[bytes]"""

    @classmethod
    def of(cls, content: bytes) -> EvidenceFile:
        """What a file is; InvalidInput where it is of no kind that is kept, or too large."""
        media = next((media for start, media in _BEGINNINGS if content.startswith(start)), None)
        if media is None:
            raise InvalidInput(
                "neither a PDF nor a picture",
                field="evidence",
                value=f"{len(content)} bytes",
                fix="send a PDF, PNG or JPEG file",
            )
        if len(content) > MOST_EVIDENCE_BYTES:
            raise InvalidInput(
                f"above {MOST_EVIDENCE_BYTES} bytes",
                field="evidence",
                value=f"{len(content)} bytes",
                fix="send a smaller scan",
            )
        return cls(hashlib.sha256(content).hexdigest(), media, len(content))


@dataclass(frozen=True)
class Giver:
    """From where a file of evidence was given."""

    place: str
    """Code of the node of the key that sent it."""
    at_us: int
    """When [us]: the place may be of another institution later."""


def check_sha256(text: str) -> str:
    """The text itself where it is a SHA-256 in lower case; InvalidInput otherwise."""
    if not _SHA256.fullmatch(text):
        raise InvalidInput(
            "not a SHA-256",
            field="evidence",
            value=text,
            fix="64 hexadecimal digits, as /v1/evidence answers",
        )
    return text


class StatementKind(StrEnum):
    """What is stated."""

    READING = "reading"
    """What a register, or an interval, said at an instant."""
    QUANTITY = "quantity"
    """What passed over whole local days."""
    BILL = "bill"
    """What a supplier billed; its subject is the account."""
    WITHDRAWAL = "withdrawal"
    """That an earlier statement is taken back."""


@dataclass(frozen=True)
class Statement:
    """One record of a person."""

    id: str
    kind: StatementKind
    subject: str
    """Code of the meter; of a bill the number of the account."""
    first: date
    """First local day that it is about; of a reading the day that holds its instant."""
    after: date
    """The day behind the last one."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """What the person said, as it came, by field."""
    of: str = ""
    """Id of the statement that it takes back; '' of any other."""
    entered_by: str = ""
    """Who entered it, with the key."""
    arrived_us: int = 0
    segment: int = 0
    offset: int = 0

    @property
    def place(self) -> tuple[int, int, int]:
        """By which of two statements the later one stands: as its readings do."""
        return self.arrived_us, self.segment, self.offset

    @property
    def thing(self) -> tuple[str, ...]:
        """What it is about: two about one thing correct each other."""
        if self.kind is StatementKind.READING:
            return self.kind, self.subject, str(self.said.get("point")), str(self.said.get("at"))
        if self.kind is StatementKind.BILL:
            return self.kind, self.subject, str(self.said.get("number"))
        return self.kind, self.subject, self.first.isoformat(), self.after.isoformat()

    @property
    def point(self) -> str:
        """The point that has a reading of it on each of its days; '' of any that has none."""
        spread = self.kind in (StatementKind.QUANTITY, StatementKind.BILL)
        return str(self.said.get("point", "")) if spread else ""

    @property
    def days(self) -> frozenset[date]:
        """Its local days."""
        return frozenset(
            date.fromordinal(n) for n in range(self.first.toordinal(), self.after.toordinal())
        )


@dataclass(frozen=True)
class EnteredReading:
    """A reading that a statement comes to."""

    point: str
    """The gateway's own name of it."""
    time_us: int
    value: float | None
    """None takes back what was entered there."""
    unit: str
    """'' is the point's own."""


@dataclass(frozen=True)
class Stated:
    """A statement as it goes into the journal."""

    statement: Statement
    gateway: str
    """`site/code` whose points its readings are."""
    readings: tuple[EnteredReading, ...] = ()


class StatementState(StrEnum):
    """What became of a statement."""

    STANDS = "stands"
    CORRECTED = "corrected"
    """A later one says otherwise."""
    WITHDRAWN = "withdrawn"


def stated_by(statements: Iterable[Statement], at_us: int | None) -> list[Statement]:
    """Those that had arrived at an instant [us]; all of them where none is said."""
    return [one for one in statements if at_us is None or one.arrived_us <= at_us]


def days_left(own: Statement, others: Iterable[Statement]) -> frozenset[date]:
    """Days of a statement of which no later one said anew what passed at its point; also one that
    was taken back did, since what was there before does not come back."""
    later = (o for o in others if o.point and o.point == own.point and o.place > own.place)
    return own.days.difference(*(one.days for one in later))


def standing_of(statements: Iterable[Statement]) -> dict[str, StatementState]:
    """By id, what became of each of the statements of a subject, or of a meter and its accounts;
    withdrawals are not among them. A quantity is corrected too where later quantities and bills of
    its point say all of its days anew. A bill is a paper: only another of its number corrects it.
    """
    ordered = sorted(statements, key=lambda one: one.place)
    found: dict[str, StatementState] = {}
    newest: dict[tuple[str, ...], str] = {}
    for one in ordered:
        if one.kind is StatementKind.WITHDRAWAL:
            if found.get(one.of) is StatementState.STANDS:
                found[one.of] = StatementState.WITHDRAWN
            continue
        earlier = newest.get(one.thing)
        if earlier is not None and found[earlier] is StatementState.STANDS:
            found[earlier] = StatementState.CORRECTED
        found[one.id], newest[one.thing] = StatementState.STANDS, one.id
    anew: dict[str, set[date]] = {}
    for one in reversed(ordered):
        if not one.point:
            continue
        said = anew.setdefault(one.point, set())
        stands = found[one.id] is StatementState.STANDS
        if one.kind is StatementKind.QUANTITY and stands and one.days <= said:
            found[one.id] = StatementState.CORRECTED
        said |= one.days
    return found
