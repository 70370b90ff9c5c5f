"""Gateways, raw messages and dead letters."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.answers.common import PageAnswer, PlaceAnswer


class TroubleAnswer(TypedDict):
    """Why a gateway was turned away or cut off last, as MQTT 5 names it, and how often in a row."""

    at: str
    reason: str
    detail: str
    address: str
    times: int


class GatewayAnswer(TypedDict):
    """A gateway's health in numbers."""

    gateway: str
    name_zh: str
    name_en: str
    points: int
    open_gaps: int
    last_seen: str | None
    last_reading: str | None
    connected: bool | None
    skew_seconds: float | None
    clock_offset_seconds: float | None
    held_since: str | None
    held_for: str | None
    trouble: TroubleAnswer | None
    messages: int
    readings: int
    new: int
    duplicates: int
    corrections: int
    outdated: int
    dead_letters: int


class PasswordAnswer(TypedDict):
    """A gateway's new password, shown once."""

    gateway: str
    password: str


class MessageAnswer(TypedDict):
    """A message as it arrived; `text` is null where it is not UTF-8, `arrived` of one that was
    lost, `entered_by` where no person entered its readings."""

    segment: int
    offset: int
    kind: str
    gateway: str
    entered_by: str | None
    topic: str
    arrived: str | None
    bytes: int
    base64: str
    text: str | None


class LetterHeadAnswer(TypedDict):
    """What was refused, and where it came from."""

    id: int
    gateway: str
    topic: str
    reason: str
    field: str
    value: str


class ReasonAnswer(TypedDict):
    """Why, and how to put it right, in English and Chinese."""

    message: str
    fix: str
    message_zh: str
    fix_zh: str


class LetterTailAnswer(TypedDict):
    """What became of it."""

    point: str
    arrived: str
    seen: int
    state: str
    lineage: PlaceAnswer
    raw: str


class LetterAnswer(LetterHeadAnswer, ReasonAnswer, LetterTailAnswer):
    """A dead letter without its bytes."""


class LettersAnswer(PageAnswer[LetterAnswer]):
    """A page of dead letters; `total` counts all states and reasons."""

    total: int


class LetterBytesAnswer(LetterAnswer):
    """A dead letter with its first bytes."""

    preview_base64: str
    preview_text: str


class RefusalHeadAnswer(TypedDict):
    """Which part of a payload is refused."""

    index: int
    reason: str
    field: str
    value: str


class RefusalAnswer(RefusalHeadAnswer, ReasonAnswer):
    """A part of a payload that becomes a dead letter."""


class SubmittedAnswer(TypedDict):
    """Where a payload lies in the journal, and what is wrong with it."""

    segment: int
    offset: int
    message: str
    refused: list[RefusalAnswer]
