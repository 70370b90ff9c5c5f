"""What a key reaches: nodes by its subtree, and through them meters, points and gateways.

    key ─▶ node's subtree ─▶ meters on its nodes ─▶ points that serve only such meters
                          └▶ gateways of its sites  └▶ points without a meter, by node or site

Everything outside is answered as if it did not exist; whoever asked is told apart only in
the audit log (`Outside`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from metering.access import Scope
from metering.errors import NotAllowed, NotFound
from metering.registry import Gateway, Meter, Node, NodeType, Point, Registry


class Outside(NotFound):
    """It exists, but not in this scope: a NotFound that is also logged as refused."""


@dataclass(frozen=True)
class Reach:
    """A scope over one snapshot of the registry."""

    registry: Registry
    scope: Scope

    @cached_property
    def institutions(self) -> tuple[str, ...]:
        """Institutions that hold something of the scope, sorted."""
        inside = {self.registry.institution(code) for code in self.scope.nodes}
        return tuple(sorted(inside - {""}))

    @cached_property
    def meters(self) -> dict[str, Meter]:
        """Meters in the scope by code."""
        found = self.registry.meters
        return {code: m for code, m in sorted(found.items()) if m.node in self.scope.nodes}

    @cached_property
    def gateways(self) -> dict[str, Gateway]:
        """Gateways whose site is in the scope, by user."""
        found = sorted(self.registry.gateways.items())
        return {user: g for user, g in found if self.scope.whole or g.site in self.scope.nodes}

    @cached_property
    def points(self) -> dict[int, Point]:
        """Points in the scope by id."""
        return {id: p for id, p in sorted(self.registry.points.items()) if self._holds(p)}

    @cached_property
    def messages_of(self) -> frozenset[str]:
        """Gateways whose raw messages may be read: those that carry no point of others."""
        foreign = {p.gateway for id, p in self.registry.points.items() if id not in self.points}
        return frozenset(self.gateways) - foreign

    def _holds(self, point: Point) -> bool:
        if self.scope.whole:
            return True
        served = self.registry.meters_of_point(point.id)
        if served:
            return all(one.meter in self.meters for one in served)
        if point.node is not None:
            return point.node in self.scope.nodes
        return point.gateway in self.gateways

    def node(self, code: str) -> Node:
        """The node, if it is in the scope."""
        if code not in self.scope.nodes or code not in self.registry.nodes:
            raise self._refused("node", code, code in self.registry.nodes, "/v1/nodes")
        return self.registry.nodes[code]

    def meter(self, code: str) -> Meter:
        """The meter, if it is in the scope."""
        if code not in self.meters:
            raise self._refused("meter", code, code in self.registry.meters, "/v1/meters")
        return self.meters[code]

    def gateway(self, user: str) -> Gateway:
        """The gateway, if it is in the scope."""
        if user not in self.gateways:
            raise self._refused("gateway", user, user in self.registry.gateways, "/v1/gateways")
        return self.gateways[user]

    def writable(self, user: str) -> Gateway:
        """The gateway, if it is in the scope and may be written for: whoever speaks in its name
        speaks for all of its points. NotAllowed where it carries points of others too."""
        found = self.gateway(user)
        if not self.scope.whole and user not in self.messages_of:
            raise NotAllowed(
                "this gateway also carries points of others",
                field="gateway",
                value=user,
                fix="ask for a key that reaches all of its points",
            )
        return found

    def point(self, id: int) -> Point:
        """The point, if it is in the scope."""
        if id not in self.points:
            raise self._refused("point", id, id in self.registry.points, "/v1/points")
        return self.points[id]

    def institution(self, code: str) -> str:
        """The institution, if the scope holds it or something of it."""
        if code not in self.institutions:
            known = code in self.registry.nodes
            raise self._refused("institution", code, known, "/v1/nodes?type=institution")
        return code

    def top(self) -> list[Node]:
        """Institutions of the scope, else its topmost nodes: where a visitor begins."""
        inside = self.scope.nodes & self.registry.nodes.keys()
        nodes = [self.registry.nodes[code] for code in sorted(inside)]
        found = [n for n in nodes if n.type is NodeType.INSTITUTION]
        return found or [n for n in nodes if not set(self.registry.parents(n.code)) & inside]

    def _refused(self, field: str, value: object, exists: bool, where: str) -> NotFound:
        kind = Outside if exists else NotFound
        fix = f"list what your key reaches at {where}"
        return kind(f"no such {field} in your scope", field=field, value=value, fix=fix)
