"""Gateways: how they do, how they are added and shut out, and new passwords for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import paging
from api.answers.messages import (
    ConnectionAnswer,
    EdgeNodeAnswer,
    GatewayAnswer,
    GatewayRevokedAnswer,
    GatewaysAnswer,
    GatewayStateAnswer,
    NextStepAnswer,
    PasswordAnswer,
    RefusedCertificateAnswer,
    TroubleAnswer,
)
from api.auth import Admin, Reader
from api.paging import Cursor, Limit
from api.params import JsonBody, example, refuses
from api.usecases.gateways import (
    add,
    refused_certificates,
    revoke,
    rotate,
    state_of,
    states_of_all,
)
from metering.clock_repair import RepairState
from metering.edge_node import EdgeNode
from metering.gateway_life import LONGEST_OLD_H, ManagedGateway, NewGateway, NextStep, next_step
from metering.intake import GatewayConnection, GatewayTrouble
from metering.localtime import iso
from texts import word

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["gateways"])
_MOST_NODES, _MOST_DEVICES = 32, 32
"""Told of one gateway, and of one node."""

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
    "clock_repaired_seconds": None,
    "clock_proposed_seconds": None,
    "quarantined": 0,
    "held_since": None,
    "held_for": None,
    "trouble": {
        "at": "2026-11-24T08:12:40Z",
        "reason": "bad_user_or_password",
        "detail": "",
        "address": "10.2.0.14",
        "times": 3,
    },
    "subscribed": ["cmd/gw-1/#"],
    "nodes": [
        {
            "node": "plant/boiler-house",
            "online": True,
            "since": "2026-11-24T07:02:11Z",
            "devices_online": 3,
            "devices_offline": ["burner-2"],
            "gaps": 1,
            "wants_births": "gap",
            "asked": "2026-11-24T08:14:55Z",
        }
    ],
    "messages": 4210,
    "readings": 101_040,
    "new": 100_800,
    "duplicates": 230,
    "corrections": 4,
    "outdated": 0,
    "dead_letters": 6,
}


CERTIFICATE_EXAMPLE = {
    "at": "2026-11-24T08:12:40Z",
    "reason": "expired",
    "detail": "certificate has expired",
    "address": "10.2.0.17",
    "times": 12,
    "message": word("certificate", "expired", "en"),
    "fix": word("certificate_fix", "expired", "en"),
    "message_zh": word("certificate", "expired", "zh"),
    "fix_zh": word("certificate_fix", "expired", "zh"),
}


def _next_json(step: NextStep) -> NextStepAnswer:
    text, text_zh = (word("gateway_next", step, language) for language in ("en", "zh"))
    return {"step": step, "text": text, "text_zh": text_zh}


STATE_EXAMPLE = {
    **GATEWAY_EXAMPLE,
    "revoked": False,
    "connections": [
        {
            "client_id": "campus-gw-1",
            "address": "10.2.0.14",
            "protocol": "3.1.1",
            "since": "2026-11-24T07:02:10Z",
            "messages": 73,
            "messages_per_minute": 1.0,
            "last_message": "2026-11-24T08:15:02Z",
            "unacknowledged": 0,
            "subscriptions": ["greenoffice/v1/campus/gw-1/errors"],
        }
    ],
    "dead_letter_reasons": {"unknown_point": 6},
    "next": _next_json(NextStep.REGISTER_POINTS),
}


class GatewayToAdd(BaseModel):
    """A gateway to be registered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"site": "campus", "code": "gw-2", "name_en": "Roof"}},
    )
    site: str = Field(min_length=1, max_length=64, description="Code of the site it stands on")
    code: str = Field(min_length=1, max_length=64, description="Second half of its MQTT user")
    name_zh: str = Field("", max_length=128)
    name_en: str = Field("", max_length=128)
    topic: str = Field("", max_length=1024, description="Filter of topics that `decoder` reads")
    decoder: str = Field("", max_length=64, description="Needs a key of the whole platform")


def _gateway_json(health: ManagedGateway) -> GatewayAnswer:
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
        "clock_repaired_seconds": _ahead(health, "repaired"),
        "clock_proposed_seconds": _ahead(health, "proposed"),
        "quarantined": health.quarantined,
        "held_since": None if health.held is None else iso(health.held.since_us),
        "held_for": None if health.held is None else health.held.why,
        "trouble": _trouble_json(health.trouble),
        "subscribed": list(health.subscribed),
        "nodes": [_node_json(one) for one in health.nodes[:_MOST_NODES]],
        "messages": counts.messages,
        "readings": counts.readings,
        "new": counts.new,
        "duplicates": counts.duplicates,
        "corrections": counts.corrections,
        "outdated": counts.outdated,
        "dead_letters": counts.dead,
    }


def _node_json(node: EdgeNode) -> EdgeNodeAnswer:
    offline = sorted(name for name, online in node.devices.items() if not online)
    return {
        "node": node.node,
        "online": node.online,
        "since": iso(node.since_us) if node.since_us else None,
        "devices_online": len(node.devices) - len(offline),
        "devices_offline": offline[:_MOST_DEVICES],
        "gaps": node.gaps,
        "wants_births": node.wants or None,
        "asked": iso(node.asked_us) if node.asked_us else None,
    }


def _ahead(health: ManagedGateway, state: RepairState) -> float | None:
    """How far its clock is ahead [s] by what is repaired now, or proposed."""
    clock = health.clock_repair
    return clock.offset_us / 1e6 if clock is not None and clock.state == state else None


def _trouble_json(trouble: GatewayTrouble | None) -> TroubleAnswer | None:
    return None if trouble is None else _trouble_told(trouble)


def _trouble_told(trouble: GatewayTrouble) -> TroubleAnswer:
    return {
        "at": iso(trouble.at_us),
        "reason": trouble.reason,
        "detail": trouble.detail,
        "address": trouble.address,
        "times": trouble.times,
    }


def _certificate_json(trouble: GatewayTrouble) -> RefusedCertificateAnswer:
    kind = trouble.reason
    return {
        **_trouble_told(trouble),
        "message": word("certificate", kind, "en"),
        "fix": word("certificate_fix", kind, "en"),
        "message_zh": word("certificate", kind, "zh"),
        "fix_zh": word("certificate_fix", kind, "zh"),
    }


@router.get(
    "/gateways",
    responses=example(
        {"data": [GATEWAY_EXAMPLE], "next": None, "certificates": [CERTIFICATE_EXAMPLE]}
    ),
)
def gateways(
    request: Request, response: Response, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> GatewaysAnswer:
    """Health of the gateways in the scope, sorted by `site/code`. One that is held back for its
    `rate` or its `share` of the queue sends more than it may; nothing of it is lost. `open_gaps`
    counts what did not come of what it sent. `clock_offset_seconds` is how far its clock is ahead,
    by the message that took the least time of late, `skew_seconds` the time on the way of the
    latest one by that clock. By `clock_repaired_seconds` its times are put right now, by
    `clock_proposed_seconds` they could be; `quarantined` readings wait for it. `trouble` says why
    it was turned away or cut off last within a day, as its client was told where MQTT can;
    `subscribed` to what it listens beside its own topics, where nothing is ever published.
    `certificates` are those that ended a TLS handshake, by the address they came from; for who sees
    the whole platform. `nodes` are edge nodes of Sparkplug that it speaks for, the offline ones
    first, 32 at most, each with 32 of its devices that are offline; `wants_births` says why a node
    is asked for its births, `asked` when that was last."""
    place = paging.decode(cursor, str)
    known = states_of_all(caller)
    page, following = paging.cut(known, lambda one: (one.gateway.user,), place, limit)
    listed = paging.answer(request, response, [_gateway_json(one) for one in page], following)
    refused = [_certificate_json(one) for one in refused_certificates(caller)]
    return {**listed, "certificates": refused}


@router.get("/gateways/{site}/{code}", responses=example(STATE_EXAMPLE))
def gateway(site: str, code: str, caller: Reader) -> GatewayStateAnswer:
    """One gateway: also its connections, as of some seconds ago, what of it was refused by reason,
    and what to do next. Through a broker no connections are known."""
    state, letters = state_of(caller, f"{site}/{code}")
    now_us = caller.platform.now_us()
    return {
        **_gateway_json(state),
        "revoked": state.revoked,
        "connections": [_connection_json(one, now_us) for one in state.connections],
        "dead_letter_reasons": letters,
        "next": _next_json(next_step(state, letters, now_us)),
    }


def _connection_json(one: GatewayConnection, now_us: int) -> ConnectionAnswer:
    return {
        "client_id": one.client_id,
        "address": one.address,
        "protocol": one.protocol,
        "since": iso(one.since_us),
        "messages": one.messages,
        "messages_per_minute": round(one.per_minute(now_us), 2),
        "last_message": iso(one.last_us) if one.last_us else None,
        "unacknowledged": one.unacknowledged,
        "subscriptions": list(one.subscriptions),
    }


@router.post(
    "/gateways",
    status_code=201,
    responses={
        201: example({"gateway": "campus/gw-2", "password": "shown once"})[200],
        **refuses(400, 409),
    },
)
def add_gateway(body: GatewayToAdd, caller: Admin) -> PasswordAnswer:
    """Register a gateway of a site, or one that was revoked anew; its password is shown once and
    kept only hashed."""
    new = NewGateway(**body.model_dump())
    return {"gateway": new.user, "password": add(caller, new)}


@router.post(
    "/gateways/{site}/{code}/password",
    responses={
        **example({"gateway": "campus/gw-1", "password": "shown once"}),
        **refuses(409),
    },
)
def renew_password(
    site: str,
    code: str,
    caller: Admin,
    keep_old_h: Annotated[
        int,
        Query(ge=0, le=LONGEST_OLD_H, description="For how long the old one holds beside it [h]"),
    ] = 0,
) -> PasswordAnswer:
    """A new password for a gateway, shown once; connections that came in by the old one end within
    seconds, or once its time is over."""
    user = f"{site}/{code}"
    return {"gateway": user, "password": rotate(caller, user, keep_old_h)}


@router.post("/gateways/{site}/{code}/revoke", responses=example({"revoked": "campus/gw-1"}))
def revoke_gateway(site: str, code: str, caller: Admin) -> GatewayRevokedAnswer:
    """Let a gateway in no more: its connections and sessions end within seconds, what it sent
    stays. Adding it again gives it a new password."""
    revoke(caller, f"{site}/{code}")
    return {"revoked": f"{site}/{code}"}
