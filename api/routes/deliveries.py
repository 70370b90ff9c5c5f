"""What gateways brought by day, what is missing, and asking for it again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import paging
from api.answers.common import PageAnswer
from api.answers.deliveries import GapAnswer, ReceiptAnswer
from api.auth import Operator, Reader
from api.paging import Cursor, Limit
from api.params import JsonBody, example
from api.usecases.deliveries import ask_again
from metering.delivery import Gap, Receipt
from metering.localtime import day_of_number, iso

router = APIRouter(route_class=JsonBody, prefix="/v1/gateways/{site}/{code}", tags=["gateways"])
State = Literal["open", "closed", "lost", "given_up"]
RECEIPT_EXAMPLE = {
    "day": "2026-11-24",
    "writer": 1,
    "messages": 96,
    "bytes": 61_440,
    "new": 2_304,
    "duplicates": 24,
    "corrections": 0,
    "outdated": 0,
    "late": 288,
    "dead_letters": 0,
    "first": {"segment": 16_777_217, "offset": 0},
    "last": {"segment": 16_777_217, "offset": 4_211},
}
GAP_EXAMPLE = {
    "id": 17,
    "kind": "sequence",
    "session": 3,
    "first_seq": 1_043,
    "last_seq": 1_054,
    "from_time": None,
    "until_time": None,
    "found": "2026-11-24T05:00:02Z",
    "changed": "2026-11-24T05:02:05Z",
    "state": "open",
    "tries": 1,
    "asked": "2026-11-24T05:02:05Z",
    "next_try": "2026-11-24T05:07:05Z",
    "asked_by": None,
}


class TimesWanted(BaseModel):
    """The time of which readings are to be sent again; `until` is not included."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={
            "example": {"from": "2026-11-24T02:00:00Z", "until": "2026-11-24T05:00:00Z"}
        },
    )
    from_time: str = Field(alias="from", max_length=40)
    until: str = Field(max_length=40)


@router.get("/deliveries", responses=example({"data": [RECEIPT_EXAMPLE], "next": None}))
def deliveries(
    request: Request,
    response: Response,
    site: str,
    code: str,
    caller: Reader,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[ReceiptAnswer]:
    """Receipts of a gateway, newest day first: what arrived on each day of its site. `late`
    readings came more than an hour after their time. From `first` to `last` the messages stand in
    the journal of that `writer`."""
    user = caller.reach.gateway(f"{site}/{code}").user
    place = paging.decode(cursor, int, int)
    after = None if place is None else (-place[0], place[1])
    before = None if place is None else place[0] + 1
    found = caller.platform.intake.receipts(user, before=before, limit=limit + 1 + _A_DAY)
    rest = [one for one in found if after is None or (-one.day, one.writer_no) > after]
    page = rest[:limit]
    more = paging.encode([page[-1].day, page[-1].writer_no]) if len(rest) > limit else None
    return paging.answer(request, response, [_receipt_json(one) for one in page], more)


@router.get("/gaps", responses=example({"data": [GAP_EXAMPLE], "next": None}))
def gaps(
    request: Request,
    response: Response,
    site: str,
    code: str,
    caller: Reader,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[GapAnswer]:
    """What did not come of a gateway, newest first, and what people asked it for: numbers of a
    session, or times. It is `open` until it came (`closed`), the gateway has it no more (`lost`),
    or it was asked for in vain (`given_up`)."""
    user = caller.reach.gateway(f"{site}/{code}").user
    place = paging.decode(cursor, int)
    found = caller.platform.intake.gaps(
        user, state=state, before_id=None if place is None else place[0], limit=limit + 1
    )
    page = found[:limit]
    more = paging.encode([page[-1].id]) if len(found) > limit else None
    return paging.answer(request, response, [_gap_json(one) for one in page], more)


@router.post("/resend", status_code=202, responses={202: example(GAP_EXAMPLE)[200]})
def resend(site: str, code: str, body: TimesWanted, caller: Operator) -> GapAnswer:
    """Have a gateway asked once, as soon as it is there, to send the readings of a time again."""
    return _gap_json(ask_again(caller, f"{site}/{code}", body.from_time, body.until))


_A_DAY = 128
"""Ways in by which something may have come on one day, at most."""


def _receipt_json(one: Receipt) -> ReceiptAnswer:
    return {
        "day": day_of_number(one.day).isoformat(),
        "writer": one.writer_no,
        "messages": one.messages,
        "bytes": one.bytes,
        "new": one.new,
        "duplicates": one.duplicates,
        "corrections": one.corrections,
        "outdated": one.outdated,
        "late": one.late,
        "dead_letters": one.dead,
        "first": {"segment": one.first[0], "offset": one.first[1]},
        "last": {"segment": one.last[0], "offset": one.last[1]},
    }


def _gap_json(gap: Gap) -> GapAnswer:
    numbers, times = gap.numbers, gap.times_us
    waits = gap.state == "open" and gap.asked_us
    return {
        "id": gap.id,
        "kind": gap.kind,
        "session": gap.session if numbers else None,
        "first_seq": numbers[0] if numbers else None,
        "last_seq": numbers[1] if numbers else None,
        "from_time": iso(times[0]) if times else None,
        "until_time": iso(times[1]) if times else None,
        "found": iso(gap.found_us),
        "changed": iso(gap.changed_us),
        "state": gap.state,
        "tries": gap.tries,
        "asked": iso(gap.asked_us) if gap.asked_us else None,
        "next_try": iso(gap.next_us) if waits else None,
        "asked_by": gap.asked_by or None,
    }
