"""What checks look at: the registry of a scope, and what came and was booked lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property

from api.reach import Reach
from api.room import PartHealth
from metering.access import ApiKey
from metering.gateway_life import ManagedGateway
from metering.intake import LetterGroup
from metering.keeping import Keeping
from metering.localtime import local_day
from metering.registry import Installation, Meter, Node, NodeType, Point
from metering.registry.things import shape_of
from metering.registry.write import Record, records
from metering.tariff_choice import TariffChoice

PLACES = frozenset({NodeType.INSTITUTION, NodeType.SITE, NodeType.BUILDING, NodeType.DATACENTRE})


@dataclass(frozen=True)
class PointArrivals:
    """What came of a point in the days that are looked at."""

    rows: int = 0
    last_us: int | None = None
    """Of the last reading ever."""
    step_us: int | None = None
    """The median from one to the next [us]; None of fewer than four."""
    flagged: int = 0
    """How many are out of range."""
    undated: int = 0
    """How many have the time of arrival, since they brought none."""
    entered: int = 0
    """How many a person entered."""


@dataclass(frozen=True)
class MeterBooked:
    """What was booked of a meter on whole days that are looked at."""

    days: int
    """How many have a row."""
    missing: Fraction
    """Share of the time of which nothing is known, over all days."""
    energy: Fraction | None
    """Canonical unit; None where nothing is known."""
    most: Fraction | None
    """The most in an hour [canonical unit], of slots that are measured; None where there are
    none."""


@dataclass(frozen=True)
class Summed:
    """A place's own meter against what it should hold [canonical unit]."""

    node: str
    item: str
    total: Fraction
    parts: Fraction


@dataclass(frozen=True)
class RepairFacts:
    """Of one scope at one moment."""

    reach: Reach
    now_us: int
    first: date
    last: date
    """Whole local days that are looked at."""
    gateways: Sequence[ManagedGateway] = ()
    letters: Sequence[LetterGroup] = ()
    proposed: Mapping[str, int] = field(default_factory=dict)
    """How many points nobody registered, by gateway."""
    arrivals: Mapping[int, PointArrivals] = field(default_factory=dict)
    """By point; one that nothing ever came of has no rows."""
    booked: Mapping[str, MeterBooked] = field(default_factory=dict)
    """By meter."""
    events: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How often the ledger found what, by meter and kind."""
    sums: Sequence[Summed] = ()
    parts: Mapping[str, PartHealth] = field(default_factory=dict)
    """How the platform itself is; {} for whoever may not see that."""
    keys: Sequence[ApiKey] = ()
    """Likewise all that were made."""
    keeping: Keeping | None = None
    """Likewise how safely what it has is kept."""
    oldest_us: int | None = None
    """Likewise the time of the first reading [us UTC]; None where there is none."""
    samples: Mapping[str, str] = field(default_factory=dict)
    """Files of prices, days and factors that anybody may begin with, by name."""
    _things: dict[str, dict[tuple[str, ...], list[Record]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def places(self) -> list[tuple[Node, date]]:
        """Institutions, sites, buildings and data centres that are reached now, with their local
        day."""
        nodes = self.reach.registry.nodes
        reached = [nodes[c] for c in sorted(self.reach.scope.nodes & nodes.keys())]
        dated = ((one, self.day(one.code)) for one in reached if one.type in PLACES)
        return [(one, day) for one, day in dated if self.reach.scope.holds(one.code, day)]

    @cached_property
    def meters(self) -> list[tuple[Meter, date]]:
        """Meters of today, with their local day."""
        dated = ((one, self.day(one.node)) for one in self.reach.meters.values())
        return [(one, day) for one, day in dated if one.valid.holds(day)]

    @cached_property
    def installed(self) -> list[tuple[Meter, Installation, Point, date]]:
        """What serves the meters of today."""
        registry, points = self.reach.registry, self.reach.points
        return [
            (meter, one, points[one.point], day)
            for meter, day in self.meters
            for one in registry.installations_of(meter.code)
            if one.valid.holds(day) and one.point in points
        ]

    @cached_property
    def choice(self) -> TariffChoice:
        """Which tariff prices what."""
        return TariffChoice(self.reach.registry)

    @cached_property
    def below(self) -> Mapping[str, frozenset[str]]:
        """Everything at and below each place now."""
        found: dict[str, frozenset[str]] = {}
        for place, day in self.places:
            held = self.reach.registry.held(place.code)
            found[place.code] = frozenset(
                code for code, spans in held.items() if any(span.holds(day) for span in spans)
            )
        return found

    def meters_below(self, place: str) -> list[Meter]:
        """Meters of today at a place or below it."""
        return [meter for meter, _ in self.meters if meter.node in self.below[place]]

    def things(self, file: str) -> Mapping[tuple[str, ...], list[Record]]:
        """Rows of a file of the registry by what finds the thing that they are of."""
        if file not in self._things:
            key = shape_of(file).key
            for row in self._rows[file]:
                of = tuple(row[column] for column in key)
                self._things.setdefault(file, {}).setdefault(of, []).append(row)
        return self._things.get(file, {})

    @cached_property
    def _rows(self) -> Mapping[str, list[Record]]:
        return records(self.reach.registry)

    def day(self, node: str) -> date:
        """The local day at a node."""
        return local_day(self.now_us, self.reach.registry.zone(node))

    def facts_of(self, kind: str) -> Iterable[object]:
        """Registered facts of a kind of `metering.registry.facts`."""
        return self.reach.registry.more.get(kind, ())
