"""Gateways of a scope: how they do, how they come in, and what to do about them."""

from __future__ import annotations

from api.caller import Caller
from api.reach import Outside
from metering.gateway_life import (
    ListenerTold,
    ManagedGateway,
    NewGateway,
    add_gateway,
    by_reason,
    gateway_states,
    intake_told,
    rotate_gateway,
)
from metering.intake import GatewayTrouble
from metering.registry import Gateway
from metering.registry.proposal import MAX_REASON
from metering.wording import worded


def states_of_all(caller: Caller) -> list[ManagedGateway]:
    """Every gateway that the scope holds now, sorted, with zeros for those never heard of."""
    reach, now_us = caller.reach, caller.platform.now_us()
    return _states(
        caller,
        [
            g
            for g in reach.gateways.values()
            if reach.scope.whole or reach.holds_now(g.site, now_us)
        ],
    )


def refused_certificates(caller: Caller) -> list[GatewayTrouble]:
    """Certificates that ended a TLS handshake in the last day, one of each address, latest first;
    nobody knows whose they are, so that only who sees the whole platform is told."""
    if not caller.reach.scope.whole:
        return []
    found = caller.platform.certificates().values()
    return sorted(found, key=lambda one: (-one.at_us, one.address))


def _states(caller: Caller, gateways: list[Gateway]) -> list[ManagedGateway]:
    platform = caller.platform
    return gateway_states(
        gateways,
        caller.reach.points.values(),
        intake_told(platform.intake, [gateway.user for gateway in gateways]),
        platform.credentials.revoked_users(),
        ListenerTold(
            platform.held(), platform.troubles(), platform.connections(), platform.subscribed()
        ),
    )


def state_of(caller: Caller, user: str) -> tuple[ManagedGateway, dict[str, int]]:
    """A gateway of the scope, and its open dead letters by reason."""
    (state,) = _states(caller, [caller.reach.gateway(user)])
    if not caller.reach.scope.whole and user not in caller.reach.messages_of:
        return state, {}
    return state, by_reason(caller.platform.intake.dead_letter_groups(frozenset({user})))


def add(caller: Caller, new: NewGateway, reason: str = "") -> str:
    """Register a gateway of a site that the caller reaches now; its password, shown once. What it
    had for the national protocol before it was revoked lets it in no more."""
    platform, now_us = caller.platform, caller.platform.now_us()
    caller.reach.node(new.site)
    if not caller.reach.scope.whole and not caller.reach.holds_now(new.site, now_us):
        raise Outside(
            "no such site in your scope now", field="site", value=new.site, fix="see /v1/nodes"
        )
    if new.topic or new.decoder:
        caller.need_whole()  # behind a broker a route can take topics that others have
    password = add_gateway(
        platform.registry_store,
        platform.credentials,
        lambda files: platform.read_registry(files, None),
        new,
        actor=str(caller.actor),
        now_us=now_us,
        reason=worded(reason, "reason", MAX_REASON, line=True),
    )
    platform.forget_secret(new.user)
    return password


def rotate(caller: Caller, user: str, keep_old_h: int = 0, reason: str = "") -> str:
    """A new password for a gateway of the scope; the old one holds for so long beside it [h]."""
    now_us = caller.platform.now_us()
    own = caller.reach.writable(user, now_us).user
    return rotate_gateway(
        caller.platform.credentials,
        own,
        keep_old_h,
        actor=str(caller.actor),
        now_us=now_us,
        reason=worded(reason, "reason", MAX_REASON, line=True),
    )


def revoke(caller: Caller, user: str, reason: str = "") -> None:
    """Let a gateway of the scope in no more."""
    now_us = caller.platform.now_us()
    own = caller.reach.writable(user, now_us).user
    said = worded(reason, "reason", MAX_REASON, line=True)
    caller.platform.credentials.revoke(own, actor=str(caller.actor), now_us=now_us, reason=said)
