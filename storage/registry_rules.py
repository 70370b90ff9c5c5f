"""What a change of the registry leaves behind: the same in every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from metering.access import AuditEntry
from metering.errors import Conflict, NotFound
from metering.registry import Gateway, Meter, Node, Registry
from metering.registry.differences import Change, changes
from metering.registry.facts import FACTS
from metering.registry.kind import FactKind

CHANGES_KEPT = 1000
"""How many changes an entry of the audit log holds in full; all are counted."""


def audit_of_import(
    before: Registry, after: Registry, actor: str, now_us: int, reason: str = ""
) -> AuditEntry:
    """Old row and new row of what an import changed, who, when and why; named after the one
    institution it touches. `detail` holds the first CHANGES_KEPT, and how many there are."""
    found = changes(before, after)
    return AuditEntry(
        at_us=now_us,
        actor=actor,
        action="registry.apply",
        subject=f"version {after.version}",
        institution=_institution_touched(before, after),
        detail={
            "counts": _counts(found),
            "total": len(found),
            "changes": [change.as_json() for change in found[:CHANGES_KEPT]],
        },
        reason=reason,
    )


def renewed(user: str, actor: str, now_us: int, keep_old_us: int, reason: str) -> AuditEntry:
    """A gateway has a new password; until when the one before holds too, where it does [us]."""
    kept = {"old_holds_until_us": now_us + keep_old_us} if keep_old_us else {}
    return AuditEntry(now_us, actor, "gateway.password", user, detail=kept, reason=reason)


def _counts(found: list[Change]) -> dict[str, dict[str, int]]:
    """How many were added, changed and gone, by kind."""
    counts: dict[str, dict[str, int]] = {}
    for change in found:
        kind = counts.setdefault(change.kind, {})
        kind[change.what] = kind.get(change.what, 0) + 1
    return counts


def _institution_touched(before: Registry, after: Registry) -> str:
    """The institution of all changed nodes, meters and gateways; '' where several or none."""
    nodes = {code for code, node in after.nodes.items() if before.nodes.get(code) != node}
    nodes |= {m.node for code, m in after.meters.items() if before.meters.get(code) != m}
    nodes |= {g.site for user, g in after.gateways.items() if before.gateways.get(user) != g}
    routed = {r.gateway for r in set(before.routes) ^ set(after.routes)}
    nodes |= {after.gateways[user].site for user in routed if user in after.gateways}
    for kind in FACTS:
        for fact in set(kind.of(before)) ^ set(kind.of(after)):
            nodes |= set(_nodes_of(kind, fact, after))
    touched = {after.institution(node) for node in nodes} - {""}
    return touched.pop() if len(touched) == 1 else ""


def _nodes_of(kind: FactKind[Any], fact: object, registry: Registry) -> Iterator[str]:
    """The nodes that a fact names, or on which the meters and gateways stand that it names."""
    for reference in kind.refers:
        code = getattr(fact, reference.field)
        named = getattr(registry, reference.among).get(code)
        if isinstance(named, Meter):
            yield named.node
        elif isinstance(named, Gateway):
            yield named.site
        elif isinstance(named, Node):
            yield named.code


def check_expected(present: int, expected: int | None) -> None:
    """Raises Conflict where the registry is not what the change was made for."""
    if expected is not None and present != expected:
        raise Conflict(
            "the registry was changed meanwhile",
            field="version",
            value=present,
            fix=f"look at what changed since version {expected}, and import again",
        )


def check_kept(version: int, oldest: int | None, present: int) -> None:
    """Raises NotFound for a version that never was, or whose rows were overwritten before rows
    were kept; `oldest` is the first kept one, None where nothing was ever registered."""
    kept = 1 if oldest is None else oldest
    first = 0 if kept <= 1 else kept
    if not first <= version <= present:
        raise NotFound(
            "no such version of the registry",
            field="version",
            value=version,
            fix=f"a version from {first} to {present}",
        )


def no_such_gateway(user: str) -> NotFound:
    """The error of an unknown gateway."""
    return NotFound("no such gateway", field="gateway", value=user, fix="register it first")
