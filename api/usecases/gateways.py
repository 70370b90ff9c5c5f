"""Gateways of a scope: how they do, and new passwords for them."""

from __future__ import annotations

from dataclasses import dataclass

from api.caller import Caller
from metering.intake import GatewayCounts, GatewayTrouble, HeldGateway
from metering.registry import Gateway


@dataclass(frozen=True)
class GatewayHealth:
    """A gateway with what was counted of it, and how many points of the scope it has."""

    gateway: Gateway
    counts: GatewayCounts
    points: int
    open_gaps: int
    """What is missing of what it sent."""
    clock_offset_us: int | None
    """How far its clock is ahead of ours; None where it does not tell."""
    held: HeldGateway | None
    """Since when and why it is held back; None where it is not."""
    trouble: GatewayTrouble | None
    """Why it was turned away or cut off last; None where it was not within a day."""


def health_of_all(caller: Caller) -> list[GatewayHealth]:
    """Every gateway that the scope holds now, sorted, with zeros for those never heard of."""
    reach, now_us = caller.reach, caller.platform.now_us()
    counts = {one.gateway: one.counts for one in caller.platform.intake.gateways()}
    gaps = caller.platform.intake.open_gaps()
    states = caller.platform.intake.delivery_states(frozenset(reach.gateways))
    points: dict[str, int] = {}
    for point in reach.points.values():
        points[point.gateway] = points.get(point.gateway, 0) + 1
    held, troubles = caller.platform.held(), caller.platform.troubles()
    return [
        GatewayHealth(
            g,
            counts.get(user, GatewayCounts(user)),
            points.get(user, 0),
            gaps.get(user, 0),
            states[user].clock_offset_us if user in states else None,
            held.get(user),
            troubles.get(user),
        )
        for user, g in reach.gateways.items()
        if reach.scope.whole or reach.holds_now(g.site, now_us)
    ]


def new_password(caller: Caller, user: str) -> str:
    """A new password for a gateway of the scope; the old one ends at its next connection."""
    now_us = caller.platform.now_us()
    return caller.platform.credentials.renew(user, actor=str(caller.actor), now_us=now_us)
