"""The rule of the two trees: what counts into a node's figure of an item, on one local day.

    node's figure = its total meter's, where one exists
                    else the sum of its parts:
                      meters there that no other meter counted there feeds
                      + the figures of the nodes below, of a shared one the node's part

Parts never add to a total. Where a node has totals of narrower items only (air conditioning,
but not all electricity), the wider figure takes those totals, and from the nodes below what
they do not hold already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from metering import items
from metering.book import SeriesKey
from metering.formula import FormulaTree
from metering.registry import Meter, NodeType, Registry
from metering.registry.sharing import Division
from metering.validity import turning_days

Name = tuple[str, str]
"""(node, item) of a figure."""


@dataclass(frozen=True)
class Term:
    """Something that counts: a meter's or a node's figure of an item, or a share of that, added or
    taken off."""

    kind: str
    """meter or node."""
    code: str
    item: str
    sign: int = 1
    division: Division | None = None
    """Which share of it counts; None where it counts whole."""
    body: str | None = None
    """The institution that it is booked under, where that is another one."""
    by: tuple[SeriesKey, ...] = ()
    """The meters by whose days the shares are."""


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
    whole: tuple[str, ...] = ()
    """Those of its meters that count in whole, and not by a share of their place."""

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
    drawn: dict[Name, PlannedFigure] = field(default_factory=dict)
    """Figures of shared places that other institutions book, and this one has a part of."""
    formulas: dict[str, FormulaTree] = field(default_factory=dict)
    """Meters that are made of others on the day, members before those that are made of them."""

    def key(self, term: Term) -> SeriesKey:
        """The series a term is booked under."""
        body = self.institution if term.body is None else term.body
        return SeriesKey(body, term.kind, term.code, term.item)

    def figure(self, node: str, item: str) -> PlannedFigure:
        """A figure of its own, or one that it has a part of."""
        return self.figures.get((node, item)) or self.drawn[node, item]

    def made_of(self, meters: Iterable[str]) -> list[str]:
        """The formulas that are one of these meters, or made of one, near or far."""
        changed, found = set(meters), list[str]()
        for code, formula in self.formulas.items():
            if code in changed or not changed.isdisjoint(formula.members):
                changed.add(code)
                found.append(code)
        return found

    def silent(self, node: str, item: str, heard: Iterable[str]) -> list[str]:
        """Meters that count into a figure but are not among those heard of."""
        known, figure = set(heard), self.figures.get((node, item))
        return [] if figure is None else [m for m in figure.meters if m not in known]


Others = Callable[[str], Plan]
"""The plans of other institutions on the same day."""
Kept = Mapping[str, Sequence[PlannedFigure]]
"""By node its figures, narrow before wide."""


def plan(
    registry: Registry,
    institution: str,
    day: date,
    others: Others | None = None,
    own: Sequence[str] | None = None,
    kept: Kept | None = None,
) -> Plan:
    """What counts where on that day; a pure function of the registry. `others` gives the plans of
    institutions that hold what this one has a share of, where they are made already; `own` its
    nodes on the day, in the order of the registry; `kept` the figures of those of them of which
    they are known to be the same as before."""
    if own is None:
        own = nodes_by_institution(registry, day).get(institution, ())
    more = others or (lambda body: plan(registry, body, day))
    return _Planner(registry, institution, day, more, own, kept or {}).plan()


def nodes_by_institution(registry: Registry, day: date) -> dict[str, list[str]]:
    """Of each institution ('' for none) its nodes on a day, in the order of the registry."""
    found: dict[str, list[str]] = {}
    for code in registry.nodes:
        found.setdefault(registry.institution(code, day), []).append(code)
    return found


class _Below(NamedTuple):
    """A place below another one, and which of it counts there."""

    code: str
    division: Division | None
    body: str | None
    by: tuple[SeriesKey, ...]


class _Planner:
    def __init__(
        self,
        registry: Registry,
        institution: str,
        day: date,
        others: Others,
        own: Sequence[str],
        kept: Kept,
    ) -> None:
        self.registry, self.institution, self.day = registry, institution, day
        self.others, self.own, self.kept = others, own, kept
        self.figures: dict[Name, PlannedFigure] = {}
        self.drawn: dict[Name, PlannedFigure] = {}
        self.items: dict[str, list[str]] = {}
        self.terms: dict[str, Term] = {}
        """By meter: it counts into figures of several items."""
        self.fed: dict[str, frozenset[str]] = {}
        """By meter those that it feeds on the day, near or far."""

    def plan(self) -> Plan:
        for code in self.own:
            self._visit(code, ())
        return Plan(self.institution, self.figures, self.drawn, self._formulas())

    def _formulas(self) -> dict[str, FormulaTree]:
        found: dict[str, FormulaTree] = {}
        for one in self.registry.formulas:
            self._make_formula(one.meter, found, ())
        return found

    def _make_formula(
        self, code: str, found: dict[str, FormulaTree], path: tuple[str, ...]
    ) -> None:
        one, meter = self.registry.formula(code, self.day), self.registry.meters.get(code)
        if one is None or meter is None or code in found or code in path:
            return
        if self.registry.institution(meter.node, self.day) == self.institution:
            for member in one.read.members:
                self._make_formula(member, found, (*path, code))
            found[code] = one.read

    def _visit(self, node: str, path: tuple[str, ...]) -> list[str]:
        """Make the node's figures after those below it; returns its items."""
        if node in self.items or node in path:
            return self.items.get(node, [])
        inside = (*path, node)
        children = self._children(node)
        below = {child: self._items_below(child, inside) for child in children}
        if (kept := self.kept.get(node)) is not None:
            self.items[node] = [figure.item for figure in kept]
            self.figures.update(((node, figure.item), figure) for figure in kept)
            return self.items[node]
        meters = self._meters(node)
        found = {item for codes in below.values() for item in codes}
        found.update(item for meter in meters for item in _upward(meter.item))
        ordered = sorted(found, key=_narrow_first)
        self.items[node] = ordered
        places = [self._below(node, child) for child in below]
        for item in ordered:
            self.figures[node, item] = self._figure(node, item, meters, places)
        return ordered

    def _items_below(self, node: str, path: tuple[str, ...]) -> list[str]:
        body = self.registry.institution(node, self.day)
        if body == self.institution:
            return self._visit(node, path)
        found = {n: f for n, f in self.others(body).figures.items() if n[0] == node}
        self.drawn |= found
        return [item for _, item in found]

    def _children(self, node: str) -> list[str]:
        """Places below that count into it: its own, and those of which it has a share."""
        return [
            code
            for code in self.registry.children(node, self.day)
            if self.registry.nodes[code].type is not NodeType.INSTITUTION
            and (
                self.registry.division(node, code, self.day) is not None
                or self.registry.institution(code, self.day) == self.institution
            )
        ]

    def _below(self, node: str, child: str) -> _Below:
        division = self.registry.division(node, child, self.day)
        own = self.registry.institution(child, self.day)
        by = () if division is None else tuple(self._series(code) for code in division.meters)
        return _Below(child, division, None if own == self.institution else own, by)

    def _meters(self, node: str) -> list[Meter]:
        return [m for m in self.registry.meters_at(node) if m.valid.holds(self.day)]

    def _figure(
        self, node: str, item: str, meters: list[Meter], below: list[_Below]
    ) -> PlannedFigure:
        within = [m for m in meters if items.covers(item, m.item)]
        totals = tuple(self._term(m) for m in within if m.total and m.item == item)
        parts = self._parts(node, item, within, below)
        counted = totals or parts
        codes, steps = dict[str, None](), set[int]()
        for term in counted:
            if term.kind == "meter":
                codes[term.code] = None
                steps.add(self.registry.meters[term.code].step_min)
            else:
                figure = self._planned(term)
                codes |= dict.fromkeys(figure.meters)
                steps.add(figure.step_min)
        each = tuple(codes)
        whole = tuple(dict.fromkeys(self._all_leaves(counted))) if self.registry.shared else each
        return PlannedFigure(node, item, totals, parts, each, min(steps, default=15), whole)

    def _parts(
        self, node: str, item: str, within: list[Meter], below: list[_Below]
    ) -> tuple[Term, ...]:
        """What a figure of an item is the sum of where it has no total; `within`: the meters there
        of the item or a part of it."""
        held = _widest({m.item for m in within if m.total and m.item != item})
        loose = [
            m
            for m in within
            if not (m.total and m.item == item)
            and not any(items.covers(one, m.item) for one in held)
        ]
        inner = [Term("node", node, one) for one in held]
        outer = [t for child in below for t in self._child_terms(child, item, held)]
        fed = self._fed_by([*(m.code for m in loose), *self._all_leaves((*inner, *outer))])
        own = [self._term(m) for m in loose if m.code not in fed]
        if not fed:
            return (*inner, *own, *outer)
        return (*inner, *own, *(t for term in outer for t in self._unfed(term, fed)))

    def _child_terms(self, child: _Below, item: str, held: list[str]) -> list[Term]:
        name = (child.code, item)
        known = self.drawn if name in self.drawn else self.figures
        if name not in known:
            return []
        whole = Term("node", child.code, item, 1, child.division, child.body, child.by)
        taken = [o for o in held if (child.code, o) in known]
        return [whole, *(replace(whole, item=o, sign=-1) for o in taken)]

    def _term(self, meter: Meter) -> Term:
        found = self.terms.get(meter.code)
        if found is None:
            found = self.terms[meter.code] = Term("meter", meter.code, meter.item)
        return found

    def _series(self, code: str) -> SeriesKey:
        """What a meter is booked under; nothing of one that is not registered."""
        meter = self.registry.meters.get(code)
        if meter is None:
            return SeriesKey("", "meter", code, "")
        return SeriesKey(self.registry.institution(meter.node, self.day), "meter", code, meter.item)

    def _unfed(self, term: Term, fed: set[str]) -> list[Term]:
        """The term without what meters counted here feed already."""
        leaves = self._leaves(term)
        if not fed or fed.isdisjoint(leaves):
            return [term]
        if term.kind == "meter":
            return []
        figure = self.figures[term.code, term.item]
        if fed.issuperset(leaves) and len(leaves) == len(figure.meters):
            return []
        inner = [replace(t, sign=t.sign * term.sign) for t in figure.counted]
        return [t for one in inner for t in self._unfed(one, fed)]

    def _fed_by(self, counted: Iterable[str]) -> set[str]:
        """Every meter that one of those counted feeds, near or far."""
        fed: set[str] = set()
        for source in self.registry.sources.intersection(counted):
            fed |= self._fed_from(source)
        return fed

    def _fed_from(self, source: str) -> frozenset[str]:
        if source not in self.fed:
            fed: set[str] = set()
            queue = [source]
            while queue:
                fresh = set(self.registry.fed(queue.pop(), self.day)) - fed
                fed |= fresh
                queue += fresh
            self.fed[source] = frozenset(fed)
        return self.fed[source]

    def _all_leaves(self, terms: Iterable[Term]) -> Iterator[str]:
        return chain.from_iterable(map(self._leaves, terms))

    def _leaves(self, term: Term) -> tuple[str, ...]:
        """Meters of a term that one counted here may feed, or that may feed others: of a part of a
        place none, since a part cannot be taken apart."""
        if term.division is not None:
            return ()
        return (term.code,) if term.kind == "meter" else self._planned(term).whole

    def _planned(self, term: Term) -> PlannedFigure:
        return (self.figures if term.body is None else self.drawn)[term.code, term.item]


@lru_cache(maxsize=1 << 12)
def _upward(item: str) -> tuple[str, ...]:
    found: list[str] = []
    wider: str | None = item
    while wider is not None:
        found.append(wider)
        wider = items.parent(wider)
    return tuple(found)


@lru_cache(maxsize=1 << 12)
def _narrow_first(item: str) -> tuple[int, str]:
    return -len(item.rstrip("0")), item


def _widest(codes: set[str]) -> list[str]:
    """The codes that no other one covers."""
    if len(codes) < 2:
        return list(codes)
    return sorted(
        c for c in codes if not any(other != c and items.covers(other, c) for other in codes)
    )


def boundaries(registry: Registry) -> list[date]:
    """Days on which a plan may change, rising: every start and end of a dated fact."""
    dated = [
        *(edge.valid for edge in registry.space),
        *(edge.valid for edge in registry.supply),
        *(meter.valid for meter in registry.meters.values()),
        *(formula.valid for formula in registry.formulas),
    ]
    return turning_days(dated)
