"""The registry: who has which building, gateway, meter and point, and since when.

Two trees, kept apart:

    space tree    institution ─ site ─ building ─ floor ─ room      (SpaceEdge, dated)
    supply tree   utility meter ─feeds─ UPS in ─feeds─ UPS out ...  (SupplyEdge, dated)

A meter hangs on one node of the space tree and measures one item code there. The register
behind it is a point of a gateway, and may change: an Installation says which point, with
which ratio and how many digits, from when to when.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar

from metering import items
from metering.calendar import WorkCalendar
from metering.errors import NotFound
from metering.factor import Factor
from metering.formula import FormulaTree, read_formula
from metering.moment import Moment, read_moment
from metering.reading import Kind
from metering.registry.sharing import UNDIVIDED, Division, division, read_share
from metering.tariff import TariffRow
from metering.validity import ALWAYS, Validity, epochs, joined, turning_days

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class NodeType(StrEnum):
    """Levels of the space tree, widest first."""

    PROVINCE = "province"
    CITY = "city"
    INSTITUTION = "institution"
    SITE = "site"
    BUILDING = "building"
    DATACENTRE = "datacentre"
    FLOOR = "floor"
    ROOM = "room"


class Direction(StrEnum):
    """Which way energy passes that a register counts, seen from the place it hangs on."""

    IMPORT = "import"
    EXPORT = "export"


def _named(thing: object, language: str) -> str:
    """The name in the language, `name_zh` for zh or zh-CN; '' where it has none."""
    return str(getattr(thing, f"name_{language[:2]}", ""))


@dataclass(frozen=True)
class Node:
    """A place or body of the space tree. `zone` is inherited from above where None."""

    code: str
    type: NodeType
    name_zh: str = ""
    name_en: str = ""
    zone: str | None = None
    area_m2: Decimal | None = None
    persons: int | None = None

    def name(self, language: str) -> str:
        """In a language such as zh-CN or en; else in the other one, else the code."""
        return _named(self, language) or self.name_en or self.name_zh or self.code


@dataclass(frozen=True)
class SpaceEdge:
    """`child` belongs to `parent`, or a share of it (`metering.registry.sharing`)."""

    parent: str
    child: str
    share: str = UNDIVIDED
    valid: Validity = ALWAYS

    @property
    def divided(self) -> bool:
        """Whether the parent has no more than a share."""
        return self.share != UNDIVIDED


@dataclass(frozen=True)
class Gateway:
    """A field gateway; its MQTT user is `site/code`."""

    site: str
    code: str
    name_zh: str = ""
    name_en: str = ""

    @property
    def user(self) -> str:
        """Its MQTT user, SITE/GATEWAY, by which the registry knows it."""
        return f"{self.site}/{self.code}"

    def name(self, language: str) -> str:
        """In a language such as zh-CN or en; the code where there is none."""
        return _named(self, language) or self.code


_KEY = re.compile(r"(?<==)[0-9A-Fa-f]{16,}(?=;|$)")


def _marked(key: re.Match[str]) -> str:
    return sha256(key[0].encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Route:
    """Topics of a gateway that match `topic`, an MQTT filter, are read by `decoder`."""

    gateway: str
    """`site/code`; '' is every gateway, which only a route of the settings can say."""
    topic: str
    decoder: str
    options: str = ""
    """What the decoder is told: `name=value;name=value`."""
    valid: Validity = ALWAYS

    @property
    def told(self) -> dict[str, str]:
        """The options by name."""
        parts = filter(None, self.options.split(";"))
        return {name: value for name, _, value in (part.partition("=") for part in parts)}

    @property
    def read_by(self) -> str:
        """The decoder with its options, in one word or two; keys as marks that tell them apart
        and do not open anything."""
        return f"{self.decoder} {_KEY.sub(_marked, self.options)}".rstrip()


@dataclass(frozen=True)
class Meter:
    """A meter: where it hangs, what it measures, how often, and how much at most."""

    code: str
    node: str
    item: str
    total: bool = False
    """Whether it measures the node's whole figure of its item."""
    step_min: int = 15
    dc_role: str | None = None
    """utility, ups_in, ups_out, it or cooling in a data centre."""
    max_per_hour: Decimal | None = None
    """What can pass in an hour at most, canonical unit: tells spikes from catch-ups."""
    name_zh: str = ""
    name_en: str = ""
    valid: Validity = ALWAYS

    @property
    def unit(self) -> str:
        """Canonical unit of what it measures: kWh, m3 or MJ."""
        return items.category(self.item).unit

    def name(self, language: str) -> str:
        """In a language such as zh-CN or en; else in English, else the code."""
        return _named(self, language) or self.name_en or self.code


@dataclass(frozen=True)
class SupplyEdge:
    """`source` feeds `fed`."""

    source: str
    fed: str
    valid: Validity = ALWAYS


@dataclass(frozen=True)
class MeterFormula:
    """What a meter is of others (`metering.formula`) on its days."""

    meter: str
    formula: str
    valid: Validity = ALWAYS

    @property
    def read(self) -> FormulaTree:
        """The formula. Raises InvalidInput where the text is none."""
        return read_formula(self.formula)


@dataclass(frozen=True)
class Point:
    """One value stream of a gateway. `unit` is canonical; values outside low..high are flagged."""

    id: int
    gateway: str
    name: str
    kind: Kind
    unit: str
    role: str | None = None
    node: str | None = None
    low: float | None = None
    high: float | None = None
    sent_unit: str = ""
    """What a bare number of it is in; '' is the canonical unit, or its register's."""

    @property
    def bare_unit(self) -> str:
        """The unit of a value that is sent without one."""
        return self.sent_unit or self.unit


@dataclass(frozen=True)
class Installation:
    """A point serves a meter: energy = register x ratio; the register wraps at 10**digits.

    `digits`, `first` and `final` count in the sent unit given as `register_unit`, before the ratio.
    """

    meter: str
    point: int
    ratio: Decimal = Decimal(1)
    digits: int | None = None
    register_unit: str = "kWh"
    valid: Validity = ALWAYS
    """Local days on some part of which it serves."""
    starts: str = ""
    """The instant or window in which it began, as `metering.moment` reads it; '' where only the
    day is known."""
    ends: str = ""
    """Likewise of its end."""
    first: Decimal | None = None
    """What the register said when it began to serve, where that was written down."""
    final: Decimal | None = None
    """What it said when it no longer did."""
    signed: bool = False
    """Whether its values may fall, or be negative, in normal work: energy goes both ways."""
    direction: Direction = Direction.IMPORT
    """What is exported counts below 0."""
    accuracy_class: str = ""
    """How exact the register is, such as 0.5S or B; '' where nobody said. It books nothing."""
    calibrated_until: date | None = None
    """The last local day on which its calibration holds."""

    def is_expired(self, day: date) -> bool:
        """Whether its calibration no longer holds on a local day; False where nobody said."""
        return self.calibrated_until is not None and day > self.calibrated_until

    @property
    def sign(self) -> int:
        """What its energy is taken times: -1 of an export."""
        return -1 if self.direction is Direction.EXPORT else 1

    @property
    def began(self) -> Moment | None:
        """When it began, where more than the day is known."""
        return read_moment(self.starts) if self.starts else None

    @property
    def ended(self) -> Moment | None:
        """When it ended, where more than the day is known."""
        return read_moment(self.ends) if self.ends else None


@dataclass(frozen=True)
class Registry:
    """Everything registered, as one immutable snapshot with a rising version."""

    version: int = 0
    nodes: dict[str, Node] = field(default_factory=dict)
    space: tuple[SpaceEdge, ...] = ()
    gateways: dict[str, Gateway] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    meters: dict[str, Meter] = field(default_factory=dict)
    supply: tuple[SupplyEdge, ...] = ()
    formulas: tuple[MeterFormula, ...] = ()
    points: dict[int, Point] = field(default_factory=dict)
    installations: tuple[Installation, ...] = ()
    tariff: tuple[TariffRow, ...] = ()
    factors: tuple[Factor, ...] = ()
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    more: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Facts of `metering.registry.facts`, by kind; a kind without any stands not in it."""

    @cached_property
    def _points_by_name(self) -> dict[tuple[str, str], Point]:
        return {(p.gateway, p.name): p for p in self.points.values()}

    @cached_property
    def _points_by_role(self) -> dict[str, list[Point]]:
        return _grouped(
            (one for one in self.points.values() if one.role), lambda one: one.role or ""
        )

    @cached_property
    def _formulas_of(self) -> dict[str, list[MeterFormula]]:
        return _grouped(self.formulas, lambda one: one.meter)

    @cached_property
    def _edges_down(self) -> dict[str, list[SpaceEdge]]:
        return _grouped(self.space, lambda edge: edge.parent)

    @cached_property
    def _edges_up(self) -> dict[str, list[SpaceEdge]]:
        """Earliest first; of those that begin together the one that was told first."""
        return _grouped(
            sorted(self.space, key=lambda edge: edge.valid.first), lambda edge: edge.child
        )

    @cached_property
    def _installed(self) -> dict[str, list[Installation]]:
        return _grouped(self.installations, lambda one: one.meter)

    @cached_property
    def _serves(self) -> dict[int, list[Installation]]:
        return _grouped(self.installations, lambda one: one.point)

    @cached_property
    def _fed_by(self) -> dict[str, list[SupplyEdge]]:
        return _grouped(self.supply, lambda edge: edge.fed)

    @cached_property
    def _feeds(self) -> dict[str, list[SupplyEdge]]:
        return _grouped(self.supply, lambda edge: edge.source)

    @cached_property
    def _bodies(self) -> dict[str, tuple[list[date], tuple[str, ...]]]:
        """What `_bodies_of` says of the nodes asked for so far; likewise `_zones`."""
        return {}

    @cached_property
    def _held(self) -> dict[str, dict[str, tuple[Validity, ...]]]:
        return {}

    @cached_property
    def _zones(self) -> dict[str, str]:
        return {}

    @cached_property
    def _meters_at(self) -> dict[str, list[Meter]]:
        return _grouped(self.meters.values(), lambda meter: meter.node)

    def node(self, code: str) -> Node:
        """The node of that code, else NotFound."""
        try:
            return self.nodes[code]
        except KeyError:
            raise NotFound(
                "no such node", field="node", value=code, fix="a code of the registry's tree"
            ) from None

    def point_of(self, gateway: str, name: str) -> Point | None:
        """The point a gateway calls by that local name."""
        return self._points_by_name.get((gateway, name))

    def meters_at(self, node: str) -> list[Meter]:
        """Meters that hang on the node itself."""
        return self._meters_at.get(node, [])

    def formulas_of(self, meter: str) -> list[MeterFormula]:
        """The formulas that a meter is in turn; [] of one that has registers."""
        return self._formulas_of.get(meter, [])

    def formula(self, meter: str, day: date) -> MeterFormula | None:
        """What the meter is of others on a day; None where no formula holds."""
        return next((one for one in self.formulas_of(meter) if one.valid.holds(day)), None)

    def installations_of(self, meter: str) -> list[Installation]:
        """The meter's installations."""
        return self._installed.get(meter, [])

    def meters_of_point(self, point: int) -> list[Installation]:
        """Installations that a point serves."""
        return self._serves.get(point, [])

    def children(self, node: str, day: date | None = None) -> list[str]:
        """Codes of the node's children on that day, or ever."""
        edges = self._edges_down.get(node, [])
        return _unique(e.child for e in edges if day is None or e.valid.holds(day))

    def parents(self, node: str, day: date | None = None) -> list[str]:
        """Codes of the nodes above on that day, or ever."""
        edges = self._edges_up.get(node, [])
        return _unique(e.parent for e in edges if day is None or e.valid.holds(day))

    def ancestors(self, node: str, day: date | None = None) -> list[str]:
        """All nodes above, nearest first, without the node itself."""
        return list(_walk(node, lambda code: self.parents(code, day)))

    @cached_property
    def shared(self) -> frozenset[str]:
        """Nodes that are ever divided among several."""
        return frozenset(edge.child for edge in self.space if edge.divided)

    @cached_property
    def measured_shares(self) -> dict[str, frozenset[str]]:
        """By meter the places that are divided by what it counts."""
        found: dict[str, set[str]] = {}
        for edge in self.space:
            share = read_share(edge.share) if edge.divided else None
            if share is not None and share.meter:
                found.setdefault(share.meter, set()).add(edge.child)
        return {meter: frozenset(places) for meter, places in found.items()}

    def shares(self, node: str, day: date) -> dict[str, str]:
        """Who has a share of a node on a day, and which; {} where it is not divided then."""
        if node not in self.shared:
            return {}
        held = [edge for edge in self._edges_up.get(node, []) if edge.valid.holds(day)]
        return {e.parent: e.share for e in held} if any(e.divided for e in held) else {}

    def division(self, parent: str, child: str, day: date) -> Division | None:
        """What a parent has of a node on a day; None where that is not divided."""
        shares = self.shares(child, day)
        return division(shares, parent) if parent in shares else None

    def holders(self, node: str, day: date) -> list[str]:
        """All nodes above that hold the whole of it on a day, nearest first: of a node that is
        divided those alone that are above all who have a share."""
        if not self.shared:
            return self.ancestors(node, day)
        return self._holders(node, day, frozenset())

    def _holders(self, node: str, day: date, seen: frozenset[str]) -> list[str]:
        if node in seen:
            return []
        found: list[str] = []
        queue, inside = [node], seen
        while queue:
            code = queue.pop(0)
            inside |= {code}
            shares = self.shares(code, day)
            if shares:
                ways = [[one, *self._holders(one, day, inside)] for one in sorted(shares)]
                found += [c for c in ways[0] if all(c in way for way in ways[1:])]
            else:
                fresh = [one for one in self.parents(code, day) if one not in inside]
                found += fresh
                queue += fresh
        return _unique(found)

    @cached_property
    def _parties(self) -> dict[str, tuple[str, ...]]:
        return {}

    def parties(self, node: str) -> tuple[str, ...]:
        """Every institution that a node, or a part of it, is ever of; '' among them as in
        `institutions`."""
        if not self.shared:
            return self.institutions(node)
        if node not in self._parties:
            above = (c for c in self.ancestors(node) if c in self.nodes)
            bodies = [c for c in above if self.nodes[c].type is NodeType.INSTITUTION]
            self._parties[node] = tuple(_unique([*self.institutions(node), *bodies]))
        return self._parties[node]

    def drawn(self, institution: str) -> tuple[str, ...]:
        """Other institutions ('' among them) that book what the institution has a share of."""
        found = [
            body
            for code in sorted(self.shared)
            if institution in self.parties(code)
            for body in self.institutions(code)
        ]
        return tuple(one for one in _unique(found) if one != institution)

    def subtree(self, node: str) -> frozenset[str]:
        """The node and everything ever below it."""
        return frozenset([node, *_walk(node, self.children)])

    def held(self, node: str) -> dict[str, tuple[Validity, ...]]:
        """The node and everything ever below it, each with its local days there, earliest first."""
        if node not in self._held:
            self._held[node] = self._find_held(node)
        return self._held[node]

    def _find_held(self, node: str) -> dict[str, tuple[Validity, ...]]:
        found: dict[str, list[Validity]] = {node: [ALWAYS]}
        fresh = [node]
        while fresh:
            above = fresh.pop(0)
            for edge in self._edges_down.get(above, []):
                spans = [v for one in found[above] if (v := one.shared(edge.valid)) is not None]
                if edge.child in self.shared:
                    spans = self._wholly(edge.child, spans, found)
                known = found.get(edge.child, [])
                wider = joined([*known, *spans])
                if wider != known:
                    found[edge.child] = wider
                    fresh.append(edge.child)
        return {code: tuple(spans) for code, spans in found.items() if spans}

    def _wholly(
        self, node: str, spans: list[Validity], found: Mapping[str, list[Validity]]
    ) -> list[Validity]:
        """The days of spans on which all who have a share of a node are held."""
        turns = turning_days(edge.valid for edge in self._edges_up[node])
        return [
            held
            for span in epochs(turns)
            for own in spans
            if (days := own.shared(span)) is not None
            for held in self._all_held(self.shares(node, span.some_day), days, found)
        ]

    @staticmethod
    def _all_held(
        parties: Iterable[str], days: Validity, found: Mapping[str, list[Validity]]
    ) -> list[Validity]:
        left = [days]
        for one in parties:
            own = found.get(one, [])
            left = [v for a in left for b in own if (v := a.shared(b)) is not None]
        return left

    def institution(self, node: str, day: date | None = None) -> str:
        """The institution a node belongs to on a local day: itself or the nearest one above that
        holds the whole of it; '' where there is none. Without a day the last one that it belongs
        to."""
        turns, found = self._bodies_of(node)
        if day is None:
            return next(filter(None, reversed(found)), "")
        return found[bisect_right(turns, day)]

    def institutions(self, node: str) -> tuple[str, ...]:
        """Every institution a node belongs to in turn, each once; '' among them where there are
        days on which it belongs to none."""
        return tuple(dict.fromkeys(self._bodies_of(node)[1]))

    def bodies(self, node: str) -> list[tuple[Validity, str]]:
        """The institutions of a node, each with its local days, earliest first."""
        turns, bodies = self._bodies_of(node)
        found: list[tuple[Validity, str]] = []
        for span, body in zip(epochs(turns), bodies, strict=True):
            if found and found[-1][1] == body:
                found[-1] = (Validity(found[-1][0].start, span.end), body)
            else:
                found.append((span, body))
        return found

    def _bodies_of(self, node: str) -> tuple[list[date], tuple[str, ...]]:
        """(days on which a way up from a node may be another one, rising; the institution before
        the first of them, and from each on)."""
        if node not in self._bodies:
            turns = turning_days(edge.valid for edge in self._edges_above(node))
            bodies = tuple(self._body(node, span.some_day) for span in epochs(turns))
            self._bodies[node] = turns, bodies
        return self._bodies[node]

    def _body(self, node: str, day: date) -> str:
        path = [node, *self.holders(node, day)]
        return next((c for c in path if self.nodes[c].type is NodeType.INSTITUTION), "")

    def _edges_above(self, node: str) -> Iterator[SpaceEdge]:
        """Every edge on a way up from a node."""
        for code in [node, *self.ancestors(node)]:
            yield from self._edges_up.get(code, [])

    def zone(self, node: str) -> str:
        """The node's time zone: its own, else the nearest above, else the first one below."""
        if node not in self._zones:
            path = [node, *self.ancestors(node), *_walk(node, self.children)]
            own = (zone for code in path if (zone := self.nodes[code].zone))
            self._zones[node] = str(next(own, "UTC"))
        return self._zones[node]

    def feeders(self, meter: str, day: date | None = None) -> list[str]:
        """Meters that feed this one."""
        edges = self._fed_by.get(meter, [])
        return [e.source for e in edges if day is None or e.valid.holds(day)]

    @cached_property
    def sources(self) -> frozenset[str]:
        """Meters that ever feed another one."""
        return frozenset(self._feeds)

    def fed(self, meter: str, day: date | None = None) -> list[str]:
        """Meters that this one feeds."""
        edges = self._feeds.get(meter, [])
        return [e.fed for e in edges if day is None or e.valid.holds(day)]

    def points_of_role(self, role: str, nodes: frozenset[str]) -> list[Point]:
        """Points with a role (such as outdoor_temperature) on any of the nodes."""
        return [point for point in self._points_by_role.get(role, ()) if point.node in nodes]


def _grouped(things: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups


def _unique(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(codes))


def _walk(start: str, step: Callable[[str], list[str]]) -> Iterator[str]:
    seen, queue = {start}, [start]
    while queue:
        for code in step(queue.pop(0)):
            if code not in seen:
                seen.add(code)
                queue.append(code)
                yield code
