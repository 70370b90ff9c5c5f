"""Gateways, raw messages and dead letters."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.answers.common import PageAnswer, PlaceAnswer


class ReasonAnswer(TypedDict):
    """Why, and how to put it right, in English and Chinese."""

    message: str
    fix: str
    message_zh: str
    fix_zh: str


class TroubleAnswer(TypedDict):
    """Why a gateway was turned away or cut off last, as MQTT 5 names it, and how often in a row."""

    at: str
    reason: str
    detail: str
    address: str
    times: int


class EdgeNodeAnswer(TypedDict):
    """An edge node of Sparkplug that a gateway speaks for."""

    node: str
    online: bool
    since: str | None
    devices_online: int
    devices_offline: list[str]
    gaps: int
    wants_births: str | None
    asked: str | None


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
    clock_repaired_seconds: float | None
    clock_proposed_seconds: float | None
    quarantined: int
    held_since: str | None
    held_for: str | None
    trouble: TroubleAnswer | None
    subscribed: list[str]
    nodes: list[EdgeNodeAnswer]
    messages: int
    readings: int
    new: int
    duplicates: int
    corrections: int
    outdated: int
    dead_letters: int


class RefusedCertificateAnswer(TroubleAnswer, ReasonAnswer):
    """A certificate that ended TLS handshakes of an address."""


class GatewaysAnswer(PageAnswer[GatewayAnswer]):
    """A page of gateways, and what came of no gateway that is known."""

    certificates: list[RefusedCertificateAnswer]


class ConnectionAnswer(TypedDict):
    """A connection of a gateway that is open at the listener."""

    client_id: str
    address: str
    protocol: str
    since: str
    messages: int
    messages_per_minute: float
    last_message: str | None
    unacknowledged: int
    subscriptions: list[str]


class NextStepAnswer(TypedDict):
    """What a person does next, in English and Chinese."""

    step: str
    text: str
    text_zh: str


class GatewayStateAnswer(GatewayAnswer):
    """A gateway with its connections, its open dead letters by reason, and what to do next."""

    revoked: bool
    connections: list[ConnectionAnswer]
    dead_letter_reasons: dict[str, int]
    next: NextStepAnswer


class GatewayRevokedAnswer(TypedDict):
    """A gateway that is let in no more."""

    revoked: str


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


class StandingProblemAnswer(ReasonAnswer):
    """What stands against it now."""

    index: int
    reason: str
    field: str
    value: str


class ProposalRowAnswer(TypedDict):
    """A row of a file of the registry that would mend it; what is empty is for a person to say."""

    file: str
    row: dict[str, str]


class LetterVerdictAnswer(TypedDict):
    """What decoding makes of the message now."""

    read_by: str
    readings: int
    problems: list[StandingProblemAnswer]
    proposal: ProposalRowAnswer | None


class LetterBytesAnswer(LetterAnswer):
    """A dead letter with its first bytes, and what decoding says now; null where its message has
    expired."""

    preview_base64: str
    preview_text: str
    now: LetterVerdictAnswer | None


class LetterGroupAnswer(TypedDict):
    """Dead letters of one cause, with the newest as an example."""

    gateway: str
    topic: str
    reason: str
    point: str
    field: str
    letters: int
    seen: int
    first: str
    last: str
    example: LetterAnswer


class AskedAgainAnswer(TypedDict):
    """How many dead letters are tried again."""

    asked: int


class DiscardedAnswer(TypedDict):
    """How many dead letters are tried no more."""

    discarded: int


class RefusalHeadAnswer(TypedDict):
    """Which part of a payload is refused."""

    index: int
    reason: str
    field: str
    value: str


class RefusalAnswer(RefusalHeadAnswer, ReasonAnswer):
    """A part of a payload that becomes a dead letter."""


class SubmittedAnswer(TypedDict):
    """Where a payload lies in the journal, and what is wrong with it; `sha256` [hex] is of its
    bytes as they lie there, without the gzip they came in."""

    segment: int
    offset: int
    message: str
    sha256: str
    arrived: str
    refused: list[RefusalAnswer]
