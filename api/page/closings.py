"""Closed periods on the page: listed, closed and reopened."""

from __future__ import annotations

from typing import Any

from api.page import formats
from api.page.visit import Visit
from api.usecases.closings import listed
from metering.access import Role
from metering.closing import Closing, ClosingState, Signed
from metering.registry import NodeType


def closings(visit: Visit) -> dict[str, Any]:
    """The closings of what the visitor reaches, newest first, and what he may close."""
    reach, caller = visit.caller.reach, visit.caller
    nodes = reach.registry.nodes
    bodies = [code for code in reach.institutions if code in reach.scope.nodes or reach.scope.whole]
    return {
        "closings": [_shown(visit, one) for one in reversed(listed(caller, None))],
        "may_close": caller.may(Role.CLOSE),
        "institutions": [
            (code, nodes[code].name(visit.language))
            for code in bodies
            if nodes[code].type is NodeType.INSTITUTION
        ],
    }


def closed_months(visit: Visit, node: str) -> dict[str, str]:
    """Names of the closings of a place's institution that stand, by period."""
    body = visit.caller.reach.institution_of(node)
    if body not in visit.caller.reach.institutions:
        return {}
    return {
        one.period: one.name
        for one in listed(visit.caller, body)
        if one.state is not ClosingState.REOPENED
    }


def _shown(visit: Visit, one: Closing) -> dict[str, Any]:
    registry = visit.caller.reach.registry
    zone = registry.zone(one.institution)

    def said(act: Signed | None) -> dict[str, str] | None:
        if act is None:
            return None
        return {"when": formats.minute(act.at_us, zone), "by": act.by, "reason": act.reason}

    return {
        "name": one.name,
        "institution": registry.nodes[one.institution].name(visit.language),
        "period": one.period,
        "state": str(one.state),
        "pins": f"{one.revision}@{one.registry_version}",
        "closed": said(one.closed),
        "asked": said(one.asked),
        "reopened": said(one.reopened),
    }
