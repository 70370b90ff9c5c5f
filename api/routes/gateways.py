"""Gateways: how they do, and new passwords for them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api import paging
from api.answers.common import PageAnswer
from api.answers.messages import GatewayAnswer, PasswordAnswer, TroubleAnswer
from api.auth import Admin, Reader
from api.paging import Cursor, Limit
from api.params import example
from api.usecases.gateways import GatewayHealth, health_of_all, new_password
from metering.intake import GatewayTrouble
from metering.localtime import iso

router = APIRouter(prefix="/v1", tags=["gateways"])

GATEWAY_EXAMPLE = {
    "gateway": "campus/gw-1",
    "name_zh": "",
    "name_en": "",
    "points": 24,
    "open_gaps": 1,
    "last_seen": "2026-11-24T08:15:02Z",
    "last_reading": "2026-11-24T08:15:00Z",
    "connected": True,
    "skew_seconds": 1.2,
    "clock_offset_seconds": -0.4,
    "held_since": None,
    "held_for": None,
    "trouble": {
        "at": "2026-11-24T08:12:40Z",
        "reason": "bad_user_or_password",
        "detail": "",
        "address": "10.2.0.14",
        "times": 3,
    },
    "messages": 4210,
    "readings": 101_040,
    "new": 100_800,
    "duplicates": 230,
    "corrections": 4,
    "outdated": 0,
    "dead_letters": 6,
}


def _gateway_json(health: GatewayHealth) -> GatewayAnswer:
    """A gateway's health in numbers."""
    gateway, counts = health.gateway, health.counts
    skew, offset = counts.last_skew_us, health.clock_offset_us
    return {
        "gateway": gateway.user,
        "name_zh": gateway.name_zh,
        "name_en": gateway.name_en,
        "points": health.points,
        "open_gaps": health.open_gaps,
        "last_seen": iso(counts.last_arrival_us) if counts.last_arrival_us else None,
        "last_reading": iso(counts.last_time_us) if counts.last_time_us else None,
        "connected": counts.connected,
        "skew_seconds": None if skew is None else skew / 1e6,
        "clock_offset_seconds": None if offset is None else offset / 1e6,
        "held_since": None if health.held is None else iso(health.held.since_us),
        "held_for": None if health.held is None else health.held.why,
        "trouble": _trouble_json(health.trouble),
        "messages": counts.messages,
        "readings": counts.readings,
        "new": counts.new,
        "duplicates": counts.duplicates,
        "corrections": counts.corrections,
        "outdated": counts.outdated,
        "dead_letters": counts.dead,
    }


def _trouble_json(trouble: GatewayTrouble | None) -> TroubleAnswer | None:
    if trouble is None:
        return None
    return {
        "at": iso(trouble.at_us),
        "reason": trouble.reason,
        "detail": trouble.detail,
        "address": trouble.address,
        "times": trouble.times,
    }


@router.get("/gateways", responses=example({"data": [GATEWAY_EXAMPLE], "next": None}))
def gateways(
    request: Request, response: Response, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> PageAnswer[GatewayAnswer]:
    """Health of the gateways in the scope, sorted by `site/code`. One that is held back for its
    `rate` or its `share` of the queue sends more than it may; nothing of it is lost. `open_gaps`
    counts what did not come of what it sent. `clock_offset_seconds` is how far its clock is ahead,
    by the message that took the least time of late, `skew_seconds` the time on the way of the
    latest one by that clock. `trouble` says why it was turned away or cut off last
    within a day, as its client was told where MQTT can."""
    place = paging.decode(cursor, str)
    known = health_of_all(caller)
    page, following = paging.cut(known, lambda one: (one.gateway.user,), place, limit)
    return paging.answer(request, response, [_gateway_json(one) for one in page], following)


@router.post(
    "/gateways/{site}/{code}/password",
    responses=example({"gateway": "campus/gw-1", "password": "shown once"}),
)
def renew_password(site: str, code: str, caller: Admin) -> PasswordAnswer:
    """A new password for a gateway, shown once; the old one ends at its next connection."""
    now_us = caller.platform.now_us()
    user = caller.reach.writable(f"{site}/{code}", now_us).user
    return {"gateway": user, "password": new_password(caller, user)}
