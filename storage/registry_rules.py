"""What a change of the registry leaves behind: the same in every adapter."""

from __future__ import annotations

from metering.access import AuditEntry
from metering.errors import NotFound
from metering.registry import Registry


def audit_of_import(before: Registry, after: Registry, actor: str, now_us: int) -> AuditEntry:
    """What an import changed, counted by kind; named after the one institution it touches."""
    parts = ("nodes", "space", "gateways", "meters", "supply", "points", "installations")
    detail = {
        part: f"{len(getattr(before, part))} -> {len(getattr(after, part))}"
        for part in (*parts, "tariff", "factors")
        if getattr(before, part) != getattr(after, part)
    }
    if before.calendar != after.calendar:
        detail["calendar"] = f"{len(before.calendar.days)} -> {len(after.calendar.days)}"
    return AuditEntry(
        at_us=now_us,
        actor=actor,
        action="registry.apply",
        subject=f"version {after.version}",
        institution=_institution_touched(before, after),
        detail=detail,
    )


def _institution_touched(before: Registry, after: Registry) -> str:
    """The institution of all changed nodes, meters and gateways; '' where several or none."""
    nodes = {code for code, node in after.nodes.items() if before.nodes.get(code) != node}
    nodes |= {m.node for code, m in after.meters.items() if before.meters.get(code) != m}
    nodes |= {g.site for user, g in after.gateways.items() if before.gateways.get(user) != g}
    touched = {after.institution(node) for node in nodes} - {""}
    return touched.pop() if len(touched) == 1 else ""


def no_such_gateway(user: str) -> NotFound:
    """The error of an unknown gateway."""
    return NotFound("no such gateway", field="gateway", value=user, fix="register it first")
