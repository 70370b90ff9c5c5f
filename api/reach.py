"""What a key reaches: nodes by its subtree, and through them meters, points and gateways.

    key ─▶ node's subtree ─▶ meters on its nodes ─▶ points that serve only such meters
                          └▶ gateways of its sites  └▶ points without a meter, by node or site

Everything outside is answered as if it did not exist; whoever asked is told apart only in
the audit log (`Outside`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from metering.access import Scope
from metering.book import SeriesKey
from metering.errors import NotAllowed, NotFound
from metering.localtime import day_bounds
from metering.ports import ReadingReader
from metering.reading import ReadingColumns
from metering.registry import Gateway, Meter, Node, NodeType, Point, Registry
from metering.validity import Validity

Span = tuple[int, int]
FIRST_US, LAST_US = 0, 4_102_444_800_000_000
"""1970 and 2100: no reading is outside."""


class Outside(NotFound):
    """It exists, but not in this scope: a NotFound that is also logged as refused."""


@dataclass(frozen=True)
class FormulaReached:
    """What a meter is of others, as far as a scope may be told."""

    formula: str
    """'' where it names a meter that is not reached."""
    members: tuple[str, ...]
    """Those that are reached, in its order."""
    members_left_out: int
    valid: Validity


@dataclass(frozen=True)
class Reach:
    """A scope over one snapshot of the registry."""

    registry: Registry
    scope: Scope

    @cached_property
    def noted(self) -> dict[int, Any]:
        """What the feed notes of a series by the store's number of it, while the reach stands."""
        return {}

    @cached_property
    def listed(self) -> dict[str, Any]:
        """What lists of the scope are made of by their name, while the reach stands."""
        return {}

    @cached_property
    def institutions(self) -> tuple[str, ...]:
        """Institutions that hold something of the scope, sorted."""
        inside = {
            body
            for code in self.scope.nodes & self.registry.nodes.keys()
            for days, body in self.registry.bodies(code)
            if any(days.overlaps(own) for own in self.scope.days(code))
        }
        return tuple(sorted(inside - {""}))

    def holds(self, key: SeriesKey, day: date) -> bool:
        """Whether a booked series lies in the scope on a local day."""
        return self.scope.holds(self._place(key), day)

    def joined(self, parent: str, child: str) -> bool:
        """Whether both nodes are reached on a day on which the one is above the other."""
        days = [
            edge.valid
            for edge in self.registry.space
            if (edge.parent, edge.child) == (parent, child)
        ]
        for node in (parent, child):
            days = [v for a in days for b in self.scope.days(node) if (v := a.shared(b))]
        return bool(days)

    def latest(self, reader: ReadingReader, points: Sequence[Point]) -> ReadingColumns:
        """The last reading of each point in the time in which it is reached."""
        spans = {point.id: self.point_spans(point) for point in points}
        always = [id for id, own in spans.items() if own == [(FIRST_US, LAST_US)]]
        found = [reader.latest(always)] if always else []
        for id in spans.keys() - set(always):
            for start, end in reversed(spans[id]):
                last = reader.before([id], end)
                last = last.take(last.time_us >= start)
                if len(last):
                    found.append(last)
                    break
        return ReadingColumns.concat([ReadingColumns.empty(), *found])

    def was(self, key: SeriesKey) -> bool:
        """Whether a booked series lies in the scope on any day, or is of an institution that the
        scope holds: then it may have been told before the tree was put right."""
        return bool({self._place(key), key.institution} & self.scope.nodes)

    def institution_of(self, node: str) -> str:
        """The institution that a node is of, on the last day on which it is reached."""
        return self.registry.institution(node, self.last_day(node))

    def last_day(self, node: str, today: date | None = None) -> date:
        """The last local day on which a node is reached, up to a day where one is given and there
        is one before it."""
        spans = self.scope.days(node)
        begun = [one for one in spans if today is None or one.first <= today] or spans
        last = begun[-1].limit if begun else date.max
        end = last if last == date.max else last - timedelta(days=1)
        return end if today is None or end < today else max(today, begun[-1].first)

    def spans_us(self, node: str) -> list[Span]:
        """[start, end) in which a node is reached [us]."""
        zone = self.registry.zone(node)
        return [
            (
                FIRST_US if days.start is None else day_bounds(days.start, zone)[0],
                LAST_US if days.end is None else day_bounds(days.end, zone)[0],
            )
            for days in self.scope.days(node)
        ]

    def reaches(self, node: str, start_us: int, end_us: int) -> bool:
        """Whether a node is reached throughout [start, end)."""
        return any(a <= start_us and end_us <= b for a, b in self.spans_us(node))

    def holds_now(self, node: str, now_us: int) -> bool:
        """Whether a node is reached at this moment."""
        return self.reaches(node, now_us, now_us + 1)

    def point_spans(self, point: Point) -> list[Span]:
        """[start, end) in which a point is reached [us]: all that it serves, else its node, else
        its gateway's site."""
        served = {one.meter for one in self.registry.meters_of_point(point.id)}
        nodes = {self.registry.meters[m].node for m in served if m in self.registry.meters}
        if not served:
            gateway = self.registry.gateways.get(point.gateway)
            nodes = {point.node or ("" if gateway is None else gateway.site)}
        found = [(FIRST_US, LAST_US)]
        for node in sorted(nodes) if not self.scope.whole else ():
            own = self.spans_us(node) if node in self.registry.nodes else []
            found = [
                (max(a, c), min(b, d)) for a, b in found for c, d in own if max(a, c) < min(b, d)
            ]
        return found

    def within(self, point: Point, rows: ReadingColumns) -> ReadingColumns:
        """The readings of a point that lie in the time in which it is reached."""
        spans = self.point_spans(point)
        if spans == [(FIRST_US, LAST_US)]:
            return rows
        inside = np.zeros(len(rows), dtype=np.bool_)
        for start, end in spans:
            inside |= (rows.time_us >= start) & (rows.time_us < end)
        return rows.take(inside)

    def counted(self, reader: ReadingReader, points: Sequence[Point]) -> int:
        """How many readings of points are stored in the time in which these are reached."""
        always = [p.id for p in points if self.point_spans(p) == [(FIRST_US, LAST_US)]]
        found = reader.count(always) if always else 0
        for point in points:
            if point.id not in always:
                for span in self.point_spans(point):
                    found += reader.counts([point.id], *span).get(point.id, 0)
        return found

    def _place(self, key: SeriesKey) -> str:
        if key.kind != "meter":
            return key.code
        found = self.registry.meters.get(key.code)
        return "" if found is None else found.node

    @cached_property
    def meters(self) -> dict[str, Meter]:
        """Meters in the scope by code."""
        found = self.registry.meters
        return {code: m for code, m in sorted(found.items()) if m.node in self.scope.nodes}

    def formulas_of(self, meter: Meter) -> list[FormulaReached]:
        """A meter's formulas on days of the scope, each as far as it may be told."""
        found = []
        for one in self.registry.formulas_of(meter.code):
            if not self._overlaps(meter, one.valid):
                continue
            named = [self.meters.get(code) for code in one.read.members]
            seen = [m.code for m in named if m is not None and self._overlaps(m, one.valid)]
            whole = one.formula if len(seen) == len(named) else ""
            found.append(FormulaReached(whole, tuple(seen), len(named) - len(seen), one.valid))
        return found

    def _overlaps(self, meter: Meter, valid: Validity) -> bool:
        return any(valid.overlaps(days) for days in self.scope.days(meter.node))

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
        """Gateways whose raw messages may be read: those that carry no point of others, at any
        time, since a message may hold readings of whatever time."""
        foreign = {
            p.gateway
            for id, p in self.registry.points.items()
            if id not in self.points or self.point_spans(p) != [(FIRST_US, LAST_US)]
        }
        return frozenset(self.gateways) - foreign

    def _holds(self, point: Point) -> bool:
        if self.scope.whole:
            return True
        served = self.registry.meters_of_point(point.id)
        if served:
            return all(m.meter in self.meters for m in served) and bool(self.point_spans(point))
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

    def writable(self, user: str, now_us: int) -> Gateway:
        """The gateway, if it is in the scope now and may be written for: whoever speaks in its name
        speaks for all of its points. NotAllowed where it carries points of others too."""
        found = self.gateway(user)
        if not self.scope.whole and not self.holds_now(found.site, now_us):
            raise self._refused("gateway", user, True, "/v1/gateways")
        own = (p for p in self.registry.points.values() if p.gateway == user)
        if not all(any(a <= now_us < b for a, b in self.point_spans(p)) for p in own):
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
