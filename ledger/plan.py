"""The rule of the two trees: what counts into a node's figure of an item, on one local day.

    node's figure = its total meter's, where one exists
                    else the sum of its parts:
                      meters there that no other meter counted there feeds
                      + the figures of the nodes below

Parts never add to a total. Where a node has totals of narrower items only (air conditioning,
but not all electricity), the wider figure takes those totals, and from the nodes below what
they do not hold already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from metering import items
from metering.book import SeriesKey
from metering.registry import Meter, NodeType, Registry
from metering.validity import turning_days

Name = tuple[str, str]
"""(node, item) of a figure."""


@dataclass(frozen=True)
class Term:
    """Something that counts: a meter's or a node's figure of an item, added or taken off."""

    kind: str
    """meter or node."""
    code: str
    item: str
    sign: int = 1


@dataclass(frozen=True)
class PlannedFigure:
    """How one node's figure of one item is made."""

    node: str
    item: str
    totals: tuple[Term, ...]
    """Total meters; empty where the parts are the figure."""
    parts: tuple[Term, ...]
    """What the total should hold; stands in where the total is silent."""
    meters: tuple[str, ...]
    """Meters that count into the figure, each once."""
    step_min: int
    """The finest step of what counts; what is booked coarser is a part of its own."""

    @property
    def counted(self) -> tuple[Term, ...]:
        """What the figure is made of: its total meters where it has one, else its parts, never
        both."""
        return self.totals or self.parts


@dataclass(frozen=True)
class Plan:
    """Every figure of one institution on a day, children before parents, narrow before wide."""

    institution: str
    figures: dict[Name, PlannedFigure] = field(default_factory=dict)

    def key(self, term: Term) -> SeriesKey:
        """The series a term is booked under."""
        return SeriesKey(self.institution, term.kind, term.code, term.item)

    def silent(self, node: str, item: str, heard: Iterable[str]) -> list[str]:
        """Meters that count into a figure but are not among those heard of."""
        known, figure = set(heard), self.figures.get((node, item))
        return [] if figure is None else [m for m in figure.meters if m not in known]


def plan(registry: Registry, institution: str, day: date) -> Plan:
    """What counts where on that day; a pure function of the registry."""
    return _Planner(registry, institution, day).plan()


class _Planner:
    def __init__(self, registry: Registry, institution: str, day: date) -> None:
        self.registry, self.institution, self.day = registry, institution, day
        self.figures: dict[Name, PlannedFigure] = {}
        self.items: dict[str, list[str]] = {}

    def plan(self) -> Plan:
        own = [
            code
            for code in self.registry.nodes
            if self.registry.institution(code, self.day) == self.institution
        ]
        for code in own:
            self._visit(code, ())
        return Plan(self.institution, self.figures)

    def _visit(self, node: str, path: tuple[str, ...]) -> list[str]:
        """Make the node's figures after those below it; returns its items."""
        if node in self.items or node in path:
            return self.items.get(node, [])
        below = {c: self._visit(c, (*path, node)) for c in self._children(node)}
        meters = self._meters(node)
        found = {item for codes in below.values() for item in codes}
        for meter in meters:
            found.update(_upward(meter.item))
        ordered = sorted(found, key=lambda code: (-len(code.rstrip("0")), code))
        self.items[node] = ordered
        for item in ordered:
            self.figures[node, item] = self._figure(node, item, meters, list(below))
        return ordered

    def _children(self, node: str) -> list[str]:
        return [
            code
            for code in self.registry.children(node, self.day)
            if self.registry.institution(code, self.day) == self.institution
            and self.registry.nodes[code].type is not NodeType.INSTITUTION
        ]

    def _meters(self, node: str) -> list[Meter]:
        return [m for m in self.registry.meters_at(node) if m.valid.holds(self.day)]

    def _figure(self, node: str, item: str, meters: list[Meter], below: list[str]) -> PlannedFigure:
        totals = tuple(_term(m) for m in meters if m.total and m.item == item)
        parts = self._parts(node, item, meters, below)
        counted = totals or parts
        return PlannedFigure(
            node,
            item,
            totals,
            parts,
            tuple(dict.fromkeys(code for term in counted for code in self._leaves(term))),
            min((self._step(term) for term in counted), default=15),
        )

    def _parts(
        self, node: str, item: str, meters: list[Meter], below: list[str]
    ) -> tuple[Term, ...]:
        narrower = [m for m in meters if m.item != item and items.covers(item, m.item)]
        held = _widest({m.item for m in narrower if m.total})
        loose = [
            m
            for m in meters
            if items.covers(item, m.item)
            and not (m.total and m.item == item)
            and not any(items.covers(one, m.item) for one in held)
        ]
        inner = [Term("node", node, one) for one in held]
        outer = [t for child in below for t in self._child_terms(child, item, held)]
        counted = {m.code for m in loose} | {c for t in (*inner, *outer) for c in self._leaves(t)}
        fed = self._fed_by(counted)
        own = [_term(m) for m in loose if m.code not in fed]
        return (*inner, *own, *(t for term in outer for t in self._unfed(term, fed)))

    def _child_terms(self, child: str, item: str, held: list[str]) -> list[Term]:
        if (child, item) not in self.figures:
            return []
        taken = [Term("node", child, one, -1) for one in held if (child, one) in self.figures]
        return [Term("node", child, item), *taken]

    def _unfed(self, term: Term, fed: set[str]) -> list[Term]:
        """The term without what meters counted here feed already."""
        leaves = set(self._leaves(term))
        if not leaves & fed:
            return [term]
        if leaves <= fed or term.kind == "meter":
            return []
        figure = self.figures[term.code, term.item]
        inner = [Term(t.kind, t.code, t.item, t.sign * term.sign) for t in figure.counted]
        return [t for one in inner for t in self._unfed(one, fed)]

    def _fed_by(self, sources: set[str]) -> set[str]:
        """Every meter that one of the sources feeds, near or far."""
        fed: set[str] = set()
        queue = sorted(sources)
        while queue:
            fresh = set(self.registry.fed(queue.pop(), self.day)) - fed
            fed |= fresh
            queue += sorted(fresh)
        return fed

    def _leaves(self, term: Term) -> tuple[str, ...]:
        return (term.code,) if term.kind == "meter" else self.figures[term.code, term.item].meters

    def _step(self, term: Term) -> int:
        if term.kind == "meter":
            return self.registry.meters[term.code].step_min
        return self.figures[term.code, term.item].step_min


def _term(meter: Meter) -> Term:
    return Term("meter", meter.code, meter.item)


def _upward(item: str) -> list[str]:
    found: list[str] = []
    wider: str | None = item
    while wider is not None:
        found.append(wider)
        wider = items.parent(wider)
    return found


def _widest(codes: set[str]) -> list[str]:
    """The codes that no other one covers."""
    return sorted(
        c for c in codes if not any(other != c and items.covers(other, c) for other in codes)
    )


def boundaries(registry: Registry) -> list[date]:
    """Days on which a plan may change, rising: every start and end of a dated fact."""
    dated = [
        *(edge.valid for edge in registry.space),
        *(edge.valid for edge in registry.supply),
        *(meter.valid for meter in registry.meters.values()),
    ]
    return turning_days(dated)
