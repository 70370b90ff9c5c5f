"""What came in: raw messages and dead letters."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import paging
from api.answers.common import PageAnswer
from api.answers.messages import (
    AskedAgainAnswer,
    DiscardedAnswer,
    LetterAnswer,
    LetterBytesAnswer,
    LetterGroupAnswer,
    LettersAnswer,
    LetterVerdictAnswer,
    MessageAnswer,
    ReasonAnswer,
)
from api.auth import Operator, Reader
from api.paging import Cursor, Limit
from api.params import Code, JsonBody, example
from api.usecases.messages import (
    ask_again,
    dead_gateways,
    dead_letter_of,
    discard,
    entered_by,
    groups_of,
    one_cause,
    raw_of,
    text_of,
)
from metering.errors import InvalidInput
from metering.intake import DeadLetter, LetterCause, LetterVerdict
from metering.localtime import iso
from metering.registry.proposal import MAX_REASON
from texts import said

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["messages"])


class CauseToReplay(BaseModel):
    """Dead letters that are alike, as /v1/dead-letters/groups tells them; what is left out is
    any."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"gateway": "campus/gw-1", "reason": "unknown_point"}},
    )
    id: Annotated[int, Field(ge=0, lt=2**62)] | None = None
    gateway: Annotated[str, Field(max_length=128)] | None = None
    reason: Annotated[str, Field(max_length=128)] | None = None
    topic: Annotated[str, Field(max_length=1024)] | None = None
    point: Annotated[str, Field(max_length=128)] | None = None

    def cause(self) -> LetterCause:
        """The same, for the store."""
        return LetterCause(self.gateway, self.reason, self.topic, self.point, self.id)


class CauseToDiscard(CauseToReplay):
    """Likewise, and why they are tried no more: `reason` is that for which they were refused."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "gateway": "campus/gw-1",
                "reason": "unknown_point",
                "why": "sent while it was tried out",
            }
        },
    )
    why: Annotated[str, Field(max_length=MAX_REASON)]


MESSAGE_EXAMPLE = {
    "segment": 16777217,
    "offset": 2731,
    "kind": "message",
    "gateway": "campus/gw-1",
    "entered_by": None,
    "topic": "greenoffice/v1/campus/gw-1/readings",
    "arrived": "2026-11-24T08:15:02.113Z",
    "bytes": 148,
    "base64": "eyJyZWFkaW5ncyI6IFt7...",
    "text": '{"readings": [{"point": "E1.import", "value": 10234.52}]}',
}
DEAD_EXAMPLE = {
    "id": 7,
    "gateway": "campus/gw-1",
    "topic": "greenoffice/v1/campus/gw-1/readings",
    "reason": "unknown_point",
    "message": "gateway campus/gw-1 has no point of that name",
    "field": "readings[3].point",
    "value": "E9.import",
    "fix": "register the point: its readings are then taken in from here",
    "message_zh": "网关 campus/gw-1 没有该名称的测点",
    "fix_zh": "请登记该测点；登记后，其读数会自动补收",
    "point": "E9.import",
    "arrived": "2026-11-24T08:15:02Z",
    "seen": 1,
    "state": "open",
    "lineage": {"segment": 16777217, "offset": 2731, "index": 3},
    "raw": "/v1/messages/16777217/2731",
}
BYTES_EXAMPLE = {
    **DEAD_EXAMPLE,
    "preview_base64": "eyJyZWFkaW5ncyI6IFt7...",
    "preview_text": '{"readings": [{"point": "E9.import", "value": 1}]}',
    "now": {
        "read_by": "native",
        "readings": 3,
        "problems": [
            {
                "index": 3,
                **{
                    name: DEAD_EXAMPLE[name]
                    for name in (
                        *("reason", "field", "value", "message", "fix", "message_zh", "fix_zh"),
                    )
                },
            }
        ],
        "proposal": {
            "file": "points.csv",
            "row": {
                "gateway": "campus/gw-1",
                "point": "E9.import",
                "kind": "register",
                "unit": "kWh",
            },
        },
    },
}
GROUP_EXAMPLE = {
    "gateway": "campus/gw-1",
    "topic": "greenoffice/v1/campus/gw-1/readings",
    "reason": "unknown_point",
    "point": "E9.import",
    "field": "readings[].point",
    "letters": 12,
    "seen": 12,
    "first": "2026-11-24T05:15:02Z",
    "last": "2026-11-24T08:15:02Z",
    "example": DEAD_EXAMPLE,
}


def reason_json(letter: DeadLetter) -> ReasonAnswer:
    """Why, and how to put it right, in English and Chinese."""
    return {
        "message": letter.message,
        "fix": letter.fix,
        "message_zh": said(letter.message, "zh"),
        "fix_zh": said(letter.fix, "zh"),
    }


def dead_json(letter: DeadLetter) -> LetterAnswer:
    """A dead letter without its bytes."""
    return {
        "id": letter.id,
        "gateway": letter.gateway,
        "topic": letter.route,
        "reason": letter.reason,
        "field": letter.field,
        "value": letter.value,
        **reason_json(letter),
        "point": letter.point,
        "arrived": iso(letter.arrived_us),
        "seen": letter.seen,
        "state": letter.state,
        "lineage": {
            "segment": letter.segment,
            "offset": letter.offset,
            "index": letter.index,
        },
        "raw": f"/v1/messages/{letter.segment}/{letter.offset}",
    }


@router.get("/messages/{segment}/{offset}", responses=example(MESSAGE_EXAMPLE))
def message(segment: int, offset: int, caller: Reader) -> MessageAnswer:
    """A message exactly as it arrived."""
    if not (0 <= segment < 2**62 and 0 <= offset < 2**62):
        raise InvalidInput(
            "not a place in the journal",
            field="segment/offset",
            value=f"{segment}/{offset}",
            fix="take it from a reading's lineage",
        )
    found = raw_of(caller, segment, offset)
    return {
        "segment": segment,
        "offset": offset,
        "kind": found.kind,
        "gateway": found.gateway,
        "entered_by": entered_by(found),
        "topic": found.route,
        "arrived": None if found.kind == "lost" else iso(found.arrived_us),
        "bytes": len(found.payload),
        "base64": base64.b64encode(found.payload).decode(),
        "text": text_of(found.payload),
    }


@router.get("/dead-letters", responses=example({"data": [DEAD_EXAMPLE], "next": None, "total": 1}))
def dead_letters(
    request: Request,
    response: Response,
    caller: Reader,
    state: Annotated[str | None, Query(pattern="^(open|asked|replayed|discarded)$")] = None,
    reason: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> LettersAnswer:
    """What could not be taken in, newest first; `total` counts all states and reasons."""
    place = paging.decode(cursor, int)
    gateways = dead_gateways(caller)
    found = caller.platform.intake.dead_letters(
        gateways,
        state=state,
        reason=reason,
        before_id=place[0] if place else None,
        limit=limit + 1,
    )
    page = found[:limit]
    following = paging.encode([page[-1].id]) if len(found) > limit else None
    listed = paging.answer(request, response, [dead_json(one) for one in page], following)
    return {**listed, "total": caller.platform.intake.dead_letter_count(gateways)}


@router.get("/dead-letters/groups", responses=example({"data": [GROUP_EXAMPLE], "next": None}))
def dead_letter_groups(
    caller: Reader,
    state: Annotated[str, Query(pattern="^(open|asked|replayed|discarded)$")] = "open",
    limit: Limit = 100,
) -> PageAnswer[LetterGroupAnswer]:
    """Dead letters by their causes, those with the newest letters first, each with an example and
    what to do. Of more causes than `limit` the oldest are left out."""
    found = groups_of(caller, state, limit)
    data: list[LetterGroupAnswer] = [
        {**group.told(), "example": dead_json(newest)} for group, newest in found
    ]
    return {"data": data, "next": None}


@router.post(
    "/dead-letters/groups/replay", status_code=202, responses={202: example({"asked": 12})[200]}
)
def replay_dead_letters(
    caller: Operator,
    id: Annotated[int | None, Query(ge=0, lt=2**62, description="This one alone")] = None,
    gateway: Code = None,
    reason: Code = None,
    topic: Annotated[str | None, Query(max_length=1024)] = None,
    point: Code = None,
    body: CauseToReplay | None = None,
) -> AskedAgainAnswer:
    """Try open dead letters of a cause again: once a decoder, the settings or a store was mended.
    The cause stands in the query or in a JSON body. What a change of the registry mends is taken in
    without. What still stands against one leaves it open; the answer comes before they are
    tried."""
    asked, told = LetterCause(gateway, reason, topic, point, id), LetterCause()
    if body is not None:
        told = body.cause()
    return {"asked": ask_again(caller, one_cause(asked, told))}


@router.post("/dead-letters/groups/discard", responses=example({"discarded": 12}))
def discard_dead_letters(body: CauseToDiscard, caller: Operator) -> DiscardedAnswer:
    """Have open dead letters of a cause tried no more, whatever is registered later: `why` stands
    in the audit log. Their messages stay in the journal as long as any other."""
    return {"discarded": discard(caller, body.cause(), body.why)}


@router.get("/dead-letters/{id}", responses=example(BYTES_EXAMPLE))
def dead_letter(id: int, caller: Reader) -> LetterBytesAnswer:
    """One dead letter with its first bytes, what decoding says of it now and which row of the
    registry would mend it; the whole message stands at `raw`."""
    letter = dead_letter_of(caller, id)
    said_now = caller.platform.verdict(letter)
    return {
        **dead_json(letter),
        "preview_base64": base64.b64encode(letter.preview).decode(),
        "preview_text": letter.preview.decode(errors="replace"),
        "now": None if said_now is None else _verdict_json(said_now),
    }


def _verdict_json(now: LetterVerdict) -> LetterVerdictAnswer:
    return {
        "read_by": now.read_by,
        "readings": now.readings,
        "problems": [
            {
                "index": one.index,
                "reason": one.reason,
                "field": one.field,
                "value": one.value,
                **reason_json(one),
            }
            for one in now.problems
        ],
        "proposal": None if now.row is None else {"file": now.file, "row": dict(now.row)},
    }
