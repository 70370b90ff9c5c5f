"""Gateways: how they do, and new passwords for them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api import paging
from api.auth import Admin, Reader
from api.caller import Caller
from api.paging import Cursor, Limit
from api.params import Json, example
from metering.intake import GatewayCounts
from metering.localtime import iso
from metering.registry import Gateway

router = APIRouter(prefix="/v1", tags=["gateways"])

GATEWAY_EXAMPLE = {
    "gateway": "campus/gw-1",
    "name_zh": "",
    "name_en": "",
    "points": 24,
    "last_seen": "2026-11-24T08:15:02Z",
    "last_reading": "2026-11-24T08:15:00Z",
    "connected": True,
    "skew_seconds": 1.2,
    "messages": 4210,
    "readings": 101_040,
    "new": 100_800,
    "duplicates": 230,
    "corrections": 4,
    "outdated": 0,
    "dead_letters": 6,
}


def gateway_json(gateway: Gateway, counts: GatewayCounts, points: int) -> Json:
    """A gateway's health in numbers."""
    skew = counts.last_skew_us
    return {
        "gateway": gateway.user,
        "name_zh": gateway.name_zh,
        "name_en": gateway.name_en,
        "points": points,
        "last_seen": iso(counts.last_arrival_us) if counts.last_arrival_us else None,
        "last_reading": iso(counts.last_time_us) if counts.last_time_us else None,
        "connected": counts.connected,
        "skew_seconds": None if skew is None else skew / 1e6,
        "messages": counts.messages,
        "readings": counts.readings,
        "new": counts.new,
        "duplicates": counts.duplicates,
        "corrections": counts.corrections,
        "outdated": counts.outdated,
        "dead_letters": counts.dead,
    }


def health_of_all(caller: Caller) -> list[Json]:
    """Every gateway of the scope, sorted, with zeros for those never heard of."""
    reach = caller.reach
    counts = {one.gateway: one.counts for one in caller.platform.intake.gateways()}
    points: dict[str, int] = {}
    for point in reach.points.values():
        points[point.gateway] = points.get(point.gateway, 0) + 1
    return [
        gateway_json(g, counts.get(user, GatewayCounts(user)), points.get(user, 0))
        for user, g in reach.gateways.items()
    ]


@router.get("/gateways", responses=example({"data": [GATEWAY_EXAMPLE], "next": None}))
def gateways(
    request: Request, response: Response, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Json:
    """Health of the gateways in the scope, sorted by `site/code`."""
    place = paging.decode(cursor, str)
    page, following = paging.cut(health_of_all(caller), lambda one: (one["gateway"],), place, limit)
    return paging.answer(request, response, page, following)


@router.post(
    "/gateways/{site}/{code}/password",
    responses=example({"gateway": "campus/gw-1", "password": "shown once"}),
)
def renew_password(site: str, code: str, caller: Admin) -> Json:
    """A new password for a gateway, shown once; the old one ends at its next connection."""
    user = caller.reach.gateway(f"{site}/{code}").user
    now_us = caller.platform.now_us()
    password = caller.platform.credentials.renew(user, actor=str(caller.actor), now_us=now_us)
    return {"gateway": user, "password": password}
