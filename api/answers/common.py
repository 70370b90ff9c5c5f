"""Shapes that several subjects have."""

from __future__ import annotations

from typing import Generic, TypeVar

from typing_extensions import TypedDict

T = TypeVar("T")

InLanguages = dict[str, str]
"""A text by language: `zh`, `en`."""


class PageAnswer(TypedDict, Generic[T]):
    """A page of a list; `next` is the cursor of the page after it, null on the last."""

    data: list[T]
    next: str | None


class SharesAnswer(TypedDict):
    """Fractions of the expected time, or of money by amount."""

    measured: float
    apportioned: float
    estimated: float
    missing: float


class PlaceAnswer(TypedDict):
    """A place in the journal: where a reading or a dead letter comes from."""

    segment: int
    offset: int
    index: int


class SeriesAnswer(TypedDict):
    """A booked series by its natural key; `kind` is `node` or `meter`."""

    institution: str
    kind: str
    code: str
    item: str


class ProblemAnswer(TypedDict):
    """An error (RFC 9457) that names field, value and fix; `problems` lists those of files."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    field: str | None
    value: str | None
    fix: str | None
