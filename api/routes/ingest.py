"""Readings pushed over HTTP: the native payload, and that of any family."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool

from api.answers.messages import SubmittedAnswer
from api.auth import Operator, platform_of
from api.params import JsonBody, example, refuses
from api.platform import Submission
from api.pushed_body import kind_of, once_of, unpacked
from api.pushing import Pushing
from api.routes.messages import reason_json
from api.usecases.messages import WEBHOOKS, Submitted, push, submit
from metering.localtime import iso

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["messages"])
Level = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""A site or a gateway."""

SUBMITTED_EXAMPLE = {
    "segment": 33554433,
    "offset": 12,
    "message": "/v1/messages/33554433/12",
    "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "arrived": "2026-11-24T08:15:02.113Z",
    "refused": [],
}
PAYLOAD_EXAMPLE = {
    "session": 17,
    "seq": 1042,
    "sent": "2026-11-24T08:15:01Z",
    "readings": [
        {
            "point": "E1.import",
            "kind": "register",
            "unit": "kWh",
            "time": "2026-11-24T08:15:00Z",
            "value": 10234.52,
        }
    ],
}
PAYLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"example": PAYLOAD_EXAMPLE}},
    }
}


@router.post(
    "/ingest",
    status_code=202,
    responses={202: example(SUBMITTED_EXAMPLE)[200], **refuses(409, 413)},
    openapi_extra=PAYLOAD_BODY,
)
async def ingest(
    request: Request,
    caller: Operator,
    gateway: Annotated[str, Query(max_length=128, description="`site/code` it speaks for")],
) -> SubmittedAnswer:
    """Readings in the native payload, as a gateway would publish them.

    Journalled before the answer: 202 means it is on disk. `refused` tells what a look at the
    payload finds wrong at once; such parts become dead letters, the others are taken.
    """
    user = caller.reach.writable(gateway, caller.platform.now_us()).user
    payload = await request.body()
    return _submitted_json(await run_in_threadpool(submit, caller, user, payload))


@router.post(
    "/ingest/{site}/{code}",
    status_code=202,
    responses={202: example(SUBMITTED_EXAMPLE)[200], **refuses(400, 409, 413, 415, 429)},
    openapi_extra=PAYLOAD_BODY,
)
async def push_for_gateway(
    request: Request,
    site: Level,
    code: Level,
    pusher: Pushing,
    event: Annotated[
        str,
        Query(pattern=r"^([A-Za-z0-9._-]{1,64})?$", description="a level more of its topic: `up`"),
    ] = "",
) -> SubmittedAnswer:
    """A payload of any family, as webhooks and exports send it, by the gateway's own password or an
    API key that may operate on its site.

    It is journalled under the topic `http/v1/ingest/SITE/GATEWAY`, with the event behind it where
    there is one: the registered route of that topic names its decoder; without a route it is the
    native payload. 202 means it is on disk. A body may be a gzip. The same `Idempotency-Key` again
    within a day gets the same receipt, and nothing is journalled; for another body it is refused.
    """
    kind, once = kind_of(request), once_of(request)
    payload = unpacked(request, await request.body())
    platform = platform_of(request)
    topic = WEBHOOKS + "/".join(filter(None, (site, code, event)))
    submission = Submission(
        gateway=pusher.gateway,
        route=topic,
        payload=payload,
        key="" if pusher.key is None else pusher.key.id,
        arrived_us=platform.now_us(),
        content_type=kind,
        once=once,
    )
    return _submitted_json(await run_in_threadpool(push, platform, submission))


def _submitted_json(told: Submitted) -> SubmittedAnswer:
    """Where a payload lies, and what is wrong with it."""
    return {
        "segment": told.receipt.segment,
        "offset": told.receipt.offset,
        "message": f"/v1/messages/{told.receipt.segment}/{told.receipt.offset}",
        "sha256": told.receipt.sha256,
        "arrived": iso(told.receipt.arrived_us),
        "refused": [
            {
                "index": one.index,
                "reason": one.reason,
                "field": one.field,
                "value": one.value,
                **reason_json(one),
            }
            for one in told.refused
        ],
    }
