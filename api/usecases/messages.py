"""What came in: raw messages and dead letters of a scope, and readings pushed by a caller."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from api.caller import Caller
from api.platform import Platform, PushReceipt, RawMessage, Submission
from api.reach import Outside
from metering.errors import InvalidInput, NotFound, StorageFull, Unavailable
from metering.gateway_life import require_let_in
from metering.intake import DeadLetter, LetterCause, LetterGroup
from metering.registry.proposal import MAX_REASON
from metering.statement import StatementKind
from metering.wording import worded

WEBHOOKS = "http/v1/ingest/"
"""Before SITE/GATEWAY in the topic of what webhooks and exports push."""


@dataclass(frozen=True)
class Submitted:
    """Where a pushed payload lies in the journal, and what a look at it would refuse."""

    receipt: PushReceipt
    refused: Sequence[DeadLetter]


def raw_of(caller: Caller, segment: int, offset: int) -> RawMessage:
    """The journalled message, if its gateway carries nothing but the scope's own points."""
    place = f"{segment}/{offset}"
    fix = "a place that /v1/energy/lineage names; it may have expired by the journal's retention"
    try:
        message = caller.platform.messages.record(segment, offset)
    except NotFound as error:
        raise NotFound("no such message", field="message", value=place, fix=fix) from error
    if not caller.reach.scope.whole and message.gateway not in caller.reach.messages_of:
        raise Outside("no such message", field="message", value=place, fix=fix)
    return message


def text_of(payload: bytes) -> str | None:
    """The payload as text; None where it is not UTF-8."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


def entered_by(message: RawMessage) -> str | None:
    """Who entered the readings of a message; None where a gateway or a key sent them."""
    return message.client if message.kind == "entered" else None


def statement_in(message: RawMessage) -> tuple[str, str] | None:
    """(kind, id) of the entry or bill that a message states, of a withdrawal those of nothing: None
    where it states none."""
    if message.kind != "entered":
        return None
    try:
        said = json.loads(message.payload)["statement"]
        kind, id = str(said["kind"]), str(said["id"])
    except (ValueError, KeyError, TypeError):
        return None
    return None if kind == StatementKind.WITHDRAWAL else (kind, id)


def dead_gateways(caller: Caller) -> frozenset[str] | None:
    """Whose dead letters the caller may read; None is everybody's."""
    return None if caller.reach.scope.whole else caller.reach.messages_of


def dead_letter_of(caller: Caller, id: int) -> DeadLetter:
    """The dead letter, if the scope holds its gateway."""
    if not 0 <= id < 2**62:
        raise InvalidInput("not an id", field="id", value=id, fix="take it from /v1/dead-letters")
    letter = caller.platform.intake.dead_letter(id)
    gateways = dead_gateways(caller)
    if gateways is not None and letter.gateway not in gateways:
        raise Outside("no such dead letter", field="id", value=id, fix="list them without an id")
    return letter


def groups_of(
    caller: Caller, state: str, limit: int, gateway: str | None = None
) -> list[tuple[LetterGroup, DeadLetter]]:
    """Causes of dead letters of the scope, or of a gateway of it, each with its newest letter."""
    intake = caller.platform.intake
    groups = intake.dead_letter_groups(_gateways(caller, gateway), state=state, limit=limit)
    return [(one, intake.dead_letter(one.example)) for one in groups]


def _gateways(caller: Caller, gateway: str | None) -> frozenset[str] | None:
    """Those of whose dead letters are asked; none where the one that is named carries points of
    others."""
    own = dead_gateways(caller)
    if gateway is None:
        return own
    named = frozenset({caller.reach.gateway(gateway).user})
    return named if own is None else named & own


def letters_of(
    caller: Caller, gateway: str | None, before_id: int | None, limit: int
) -> list[DeadLetter]:
    """Dead letters of the scope, or of a gateway of it, newest first."""
    intake = caller.platform.intake
    return intake.dead_letters(_gateways(caller, gateway), before_id=before_id, limit=limit)


def count_of(caller: Caller) -> int:
    """How many dead letters of the scope there are, of all states."""
    return caller.platform.intake.dead_letter_count(dead_gateways(caller))


def one_cause(asked: LetterCause, told: LetterCause) -> LetterCause:
    """The cause that the query names, or the one of the body; InvalidInput where both name one:
    which of them is meant nobody knows."""
    if LetterCause() not in (asked, told):
        raise InvalidInput(
            "a cause is named in the query and in the body",
            field="body",
            value=" ".join(name for name, value in vars(told).items() if value is not None),
            fix="name it in one of them",
        )
    return told if asked == LetterCause() else asked


def ask_again(caller: Caller, cause: LetterCause) -> int:
    """Have open dead letters of the scope tried again; how many. InvalidInput where no cause is
    named."""
    _check_cause(caller, cause)
    asked = caller.platform.ask_again(dead_gateways(caller), cause)
    caller.trace("dead_letters.replay", _told(cause))
    return asked


def discard(caller: Caller, cause: LetterCause, why: str) -> int:
    """Have open dead letters of the scope tried no more; how many. Their messages stay in the
    journal. InvalidInput where no cause or no `why` is named."""
    _check_cause(caller, cause)
    said = worded(why, "why", MAX_REASON, line=True)
    if not said:
        raise InvalidInput("a reason is needed", field="why", value=why, fix="say why")
    done = caller.platform.intake.discard(dead_gateways(caller), cause)
    caller.trace("dead_letters.discard", _told(cause), said)
    return done


def _check_cause(caller: Caller, cause: LetterCause) -> None:
    if cause == LetterCause():
        raise InvalidInput(
            "no cause is named",
            field="reason",
            fix="name id, gateway, reason, topic or point; see /v1/dead-letters/groups",
        )
    if cause.id is not None:
        dead_letter_of(caller, cause.id)
    if cause.gateway is not None and not caller.reach.scope.whole:
        caller.reach.gateway(cause.gateway)


def _told(cause: LetterCause) -> str:
    return " ".join(f"{name}={value}" for name, value in vars(cause).items() if value is not None)


def submit(caller: Caller, gateway: str, payload: bytes) -> Submitted:
    """Journal a native payload for a gateway of the scope, durable on return."""
    submission = Submission(
        gateway=gateway,
        route=f"greenoffice/v1/{gateway}/readings",
        payload=payload,
        key=caller.actor.proof.key_id,
        arrived_us=caller.platform.now_us(),
    )
    return push(caller.platform, submission)


def push(platform: Platform, submission: Submission) -> Submitted:
    """Journal a payload, durable on return, whoever was found to push it; InvalidInput where it is
    empty, or its name was used for another one, Conflict where its gateway was revoked."""
    require_let_in(platform.credentials, submission.gateway)
    if not submission.payload:
        raise InvalidInput("an empty body", field="body", value="", fix="send the payload")
    try:
        receipt = platform.ingest(submission)
    except StorageFull as full:
        if not submission.route.startswith(WEBHOOKS):
            raise
        # who calls webhooks knows 503 and tries again; few do so for 507
        raise Unavailable(full.message, field=full.field, value=full.value, fix=full.fix) from full
    return Submitted(receipt, platform.refusals(submission))
