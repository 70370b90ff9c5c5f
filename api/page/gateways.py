"""The page of gateways: who is heard, what became of what they sent, and what their clocks show."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import formats
from api.page.visit import Acting, PageRoute, Visit, Visitor
from api.usecases.clocks import dismiss, repair
from api.usecases.gateways import refused_certificates, states_of_all
from metering.access import Role
from metering.clock_repair import ClockRepair
from metering.edge_node import EdgeNode
from metering.gateway_life import ManagedGateway
from metering.intake import GatewayTrouble
from texts import word

router = APIRouter(route_class=PageRoute, include_in_schema=False)
MOST_NODES, MOST_DEVICES = 8, 8
"""Told of one gateway, and of one node; all are counted."""


@router.get("/gateways")
def gateways_page(visit: Visitor) -> HTMLResponse:
    """Who is heard, and what became of what they sent."""
    rows = [gateway_row(visit, one) for one in states_of_all(visit.caller)]
    refused = [_trouble(visit, one, "certificate") for one in refused_certificates(visit.caller)]
    return visit.render("gateways.html", gateways=rows, certificates=refused)


@router.post("/gateways/clock")
def clock_button(
    visit: Acting,
    gateway: Annotated[str, Form(max_length=129)],
    id: Annotated[int, Form(ge=1, le=2**53)],
    decision: Annotated[Literal["accept", "dismiss"], Form()],
) -> Response:
    """Accept what is proposed of a clock, or dismiss it."""
    visit.caller.need(Role.OPERATE)
    if decision == "accept":
        repair(visit.caller, gateway, id)
    else:
        dismiss(visit.caller, gateway, id)
    return RedirectResponse("/gateways#gateways", status_code=303)


def gateway_row(visit: Visit, one: ManagedGateway) -> dict[str, Any]:
    """How a gateway does, in the visitor's language."""
    gateway, counts = one.gateway, one.counts
    seen = counts.last_arrival_us
    seconds = (visit.caller.platform.now_us() - seen) / 1e6 if seen else None
    name = getattr(gateway, f"name_{visit.language}")
    told = ("messages", "readings", "duplicates", "corrections")
    beneath = (one.open_gaps, one.trouble, one.subscribed, one.nodes, one.quarantined)
    return {
        "name": name or gateway.user,
        "user": gateway.user,
        "site": gateway.site,
        "code": gateway.code,
        "state": _liveness(seconds, counts.connected),
        "heard": "–" if seconds is None else formats.age(seconds, visit.text),
        **{count: f"{getattr(counts, count):,}" for count in told},
        "dead": f"{counts.dead:,}",
        "gaps": one.open_gaps,
        "offset": "–" if one.clock_offset_us is None else formats.offset(one.clock_offset_us),
        "held": one.held is not None,
        "trouble": _trouble(visit, one.trouble),
        "subscribed": one.subscribed,
        "nodes": [_node(visit, node) for node in one.nodes[:MOST_NODES]],
        "more_nodes": max(0, len(one.nodes) - MOST_NODES),
        "quarantined": one.quarantined,
        "told": any(beneath) or one.clock_repair is not None,
        "clock": _clock(visit, one.clock_repair, gateway.site),
    }


def _node(visit: Visit, node: EdgeNode) -> dict[str, Any]:
    offline = sorted(name for name, online in node.devices.items() if not online)
    return {
        "name": node.node,
        "online": node.online,
        "offline": offline[:MOST_DEVICES],
        "offline_count": len(offline),
        "gaps": node.gaps,
        "wants": word("births_wanted", node.wants, visit.language) if node.wants else "",
    }


def _clock(visit: Visit, one: ClockRepair | None, site: str) -> dict[str, Any] | None:
    """What is proposed of its clock, or by what its times are put right."""
    if one is None:
        return None
    return {
        "id": one.id,
        "proposed": one.state == "proposed",
        "ahead": formats.offset(one.offset_us),
        "since": formats.minute(one.from_us, visit.caller.reach.registry.zone(site)),
    }


def _trouble(
    visit: Visit, trouble: GatewayTrouble | None, kind: Literal["mqtt", "certificate"] = "mqtt"
) -> dict[str, str | int] | None:
    """Why a gateway was turned away or cut off last, and what to do."""
    if trouble is None:
        return None
    seconds = (visit.caller.platform.now_us() - trouble.at_us) / 1e6
    return {
        "reason": word(kind, trouble.reason, visit.language),
        "fix": word(f"{kind}_fix", trouble.reason, visit.language),
        "detail": trouble.detail,
        "address": trouble.address,
        "ago": formats.age(seconds, visit.text),
        "times": trouble.times,
    }


def _liveness(seconds: float | None, connected: bool | None) -> str:
    if seconds is None:
        return "never"
    if seconds < 120 and connected is not False:
        return "live"
    return "late" if seconds < 3600 else "silent"
