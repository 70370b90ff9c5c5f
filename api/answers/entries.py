"""What people entered."""

from __future__ import annotations

from typing_extensions import TypedDict


class EvidenceFileAnswer(TypedDict):
    """A file of evidence."""

    sha256: str
    media: str
    size: int


class EvidenceLinkAnswer(EvidenceFileAnswer):
    """A file of evidence that a statement names, and where it is."""

    url: str


class EnteredAnswer(TypedDict):
    """An entry: `time` is null of what passed over the local days [start, end). `taken_in` says
    whether its readings are among the readings by now."""

    id: str
    kind: str
    meter: str
    time: str | None
    start: str
    end: str
    value: str
    unit: str
    point: str
    read_by: str
    note: str
    evidence: list[EvidenceLinkAnswer]
    entered_by: str
    entered_at: str
    state: str
    taken_in: bool
    message: str
