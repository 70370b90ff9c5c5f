"""Readings as reported."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.answers.common import PageAnswer, PlaceAnswer


class ReadingAnswer(TypedDict):
    """One reading with its lineage; `value` is null of what a person entered and took back."""

    time: str
    value: float | None
    flag: int
    lineage: PlaceAnswer
    message: str


class PointReadingAnswer(ReadingAnswer):
    """The same with the time that the gateway gave, null where it stands at that very time."""

    reported: str | None


class PointHeadAnswer(TypedDict):
    """Whose readings a page holds."""

    point: int
    name: str
    gateway: str
    unit: str


class ReadingsAnswer(PointHeadAnswer, PageAnswer[PointReadingAnswer]):
    """A page of a point's readings, oldest first."""


class CountAnswer(TypedDict):
    """How many unique (point, time) are stored, in all and by gateway."""

    stored: int
    gateways: dict[str, int]
