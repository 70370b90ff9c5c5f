"""What the file says is registered, as plain rows with dates, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from metering import items
from metering.calendar import WorkCalendar
from recompute.formulas import RecomputedFormula


@dataclass(frozen=True)
class Dates:
    """Local days on which a fact holds: the first one, and the first one on which it does not."""

    start: date | None = None
    end: date | None = None

    def hold(self, day: date) -> bool:
        """Whether the day is one of them."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


@dataclass(frozen=True)
class NodeLine:
    """A place; `zone` is '' where that of a place above holds."""

    code: str
    type: str
    zone: str = ""


@dataclass(frozen=True)
class EdgeLine:
    """`upper` holds `lower`: a place another one, or a meter the meter that it feeds."""

    upper: str
    lower: str
    dates: Dates = field(default_factory=Dates)


@dataclass(frozen=True)
class ShareLine:
    """`upper` has a share of `lower`: which of the weights, in the order of the codes of all who
    have one; whoever the others are stands in no line."""

    upper: str
    lower: str
    weights: tuple[int, ...]
    place: int
    dates: Dates = field(default_factory=Dates)
    meters: tuple[str, ...] = ()
    """By what these count each day, in place of weights."""

    @property
    def count(self) -> int:
        """How many have a share."""
        return len(self.meters or self.weights)


@dataclass(frozen=True)
class MeterLine:
    """A meter and the step of its books."""

    code: str
    node: str
    item: str
    total: bool = False
    step_min: int = 15
    max_per_hour: Fraction | None = None
    dates: Dates = field(default_factory=Dates)


@dataclass(frozen=True)
class FormulaLine:
    """What a meter is of others."""

    meter: str
    formula: RecomputedFormula
    dates: Dates = field(default_factory=Dates)


@dataclass(frozen=True)
class PointLine:
    """A stream of values; `unit` is what a value without a unit is sent in."""

    name: str
    """SITE/GATEWAY/POINT."""
    kind: str
    canonical: str
    unit: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class InstallationLine:
    """A point serves a meter."""

    meter: str
    point: str
    ratio: Fraction = Fraction(1)
    digits: int | None = None
    unit: str = "kWh"
    dates: Dates = field(default_factory=Dates)
    began: tuple[int, int] | None = None
    """The window in which it began [us UTC], twice the same for an instant; None where only the day
    is known. Likewise of its end."""
    ended: tuple[int, int] | None = None
    first: Fraction | None = None
    """What its register said when it began, in its unit; `final` when it ended."""
    final: Fraction | None = None
    signed: bool = False
    """Whether its values may fall in normal work."""
    sign: int = 1
    """-1 of what is exported."""


ONE_DAY = timedelta(days=1)
Scope = tuple[str, str, str]
"""(meter, place or '', its code, item): whose energy a tariff prices."""


@dataclass(frozen=True)
class PriceLine:
    """A row of a tariff."""

    tariff: str
    scope: Scope
    months: frozenset[int]
    days: str
    start_min: int
    end_min: int
    period: str
    price: Fraction
    currency: str
    dates: Dates = field(default_factory=Dates)


@dataclass(frozen=True)
class FactorLine:
    """kgCO2 or kgce of a canonical unit."""

    item: str
    quantity: str
    value: Fraction
    dates: Dates = field(default_factory=Dates)


@dataclass
class FileFacts:
    """Everything registered that the figures rest on, in the order of the file."""

    nodes: dict[str, NodeLine] = field(default_factory=dict)
    edges: list[EdgeLine] = field(default_factory=list)
    shares: list[ShareLine] = field(default_factory=list)
    meters: dict[str, MeterLine] = field(default_factory=dict)
    supply: list[EdgeLine] = field(default_factory=list)
    formulas: list[FormulaLine] = field(default_factory=list)
    points: dict[str, PointLine] = field(default_factory=dict)
    installations: list[InstallationLine] = field(default_factory=list)
    prices: list[PriceLine] = field(default_factory=list)
    factors: list[FactorLine] = field(default_factory=list)
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    _zones: dict[str, str] = field(default_factory=dict)
    _bodies: dict[tuple[str, date], str] = field(default_factory=dict)

    def above(self, node: str, day: date | None = None) -> list[str]:
        """Places that hold a place, the nearest first; of a day, or of any time."""
        return list(_walk(node, [(e.lower, e.upper) for e in self.edges if _on(e, day)]))

    def shares_of(self, node: str, day: date) -> list[ShareLine]:
        """The shares of a place on a day, as far as the file names who has them."""
        return [one for one in self.shares if one.lower == node and one.dates.hold(day)]

    def share(self, upper: str, lower: str, day: date) -> ShareLine | None:
        """What a place has of another one on a day; None where that is not divided."""
        return next((one for one in self.shares_of(lower, day) if one.upper == upper), None)

    def holders(self, node: str, day: date) -> list[str]:
        """Places that hold the whole of a place on a day, the nearest first: of a shared one those
        alone that are above all who have a share."""
        return self._holders(node, day, frozenset())

    def _holders(self, node: str, day: date, seen: frozenset[str]) -> list[str]:
        found: list[str] = []
        queue, inside = [node], seen
        while queue:
            code = queue.pop(0)
            inside |= {code}
            shares = sorted(self.shares_of(code, day), key=lambda one: one.upper)
            if not shares:
                uppers = [e.upper for e in self.edges if e.lower == code and _on(e, day)]
                fresh = [one for one in uppers if one not in inside]
                found += fresh
                queue += fresh
            elif len(shares) == shares[0].count:
                ways = [[s.upper, *self._holders(s.upper, day, inside)] for s in shares]
                found += [c for c in ways[0] if all(c in way for way in ways[1:])]
        return list(dict.fromkeys(found))

    def shared_above(self, node: str) -> bool:
        """Whether a place, or one that ever holds it, is ever shared."""
        divided = {one.lower for one in self.shares}
        return bool(divided & {node, *self.above(node)})

    def below(self, node: str, day: date | None = None) -> list[str]:
        """Places right below a place."""
        found = [e.lower for e in self.edges if e.upper == node and _on(e, day)]
        return list(dict.fromkeys(found))

    def zone(self, node: str) -> str:
        """The time zone of a place: its own, else of the nearest above, else of the first below."""
        if node not in self._zones:
            edges = sorted(self.edges, key=lambda e: e.dates.start or date.min)
            up = [(e.lower, e.upper) for e in edges]
            down = [(e.upper, e.lower) for e in self.edges]
            places = [node, *_walk(node, up), *_walk(node, down)]
            found = [self.nodes[code].zone for code in places if self.nodes[code].zone]
            self._zones[node] = found[0] if found else "UTC"
        return self._zones[node]

    def institution(self, node: str, day: date) -> str:
        """The institution a place belongs to on a day; '' where it belongs to none."""
        if (node, day) not in self._bodies:
            self._bodies[node, day] = self._body(node, day)
        return self._bodies[node, day]

    def ever_of(self, node: str, institution: str) -> bool:
        """Whether a place belongs to the institution on any day."""
        turns = {d for e in self.edges for d in (e.dates.start, e.dates.end) if d is not None}
        days = {date.max, *turns, *(turn - ONE_DAY for turn in turns)}
        return any(self.institution(node, day) == institution for day in days)

    def _body(self, node: str, day: date) -> str:
        for code in [node, *self.holders(node, day)]:
            if self.nodes[code].type == "institution":
                return code
        return ""

    def is_formula(self, meter: str) -> bool:
        """Whether a meter is ever made of others: it has no register."""
        return any(one.meter == meter for one in self.formulas)

    def formula(self, meter: str, day: date) -> RecomputedFormula | None:
        """What a meter is of others on a day."""
        found = (o.formula for o in self.formulas if o.meter == meter and o.dates.hold(day))
        return next(found, None)

    def meters_at(self, node: str, day: date) -> list[MeterLine]:
        """Meters that hang on a place on a day."""
        return [m for m in self.meters.values() if m.node == node and m.dates.hold(day)]

    def in_front(self, meter: MeterLine, day: date) -> MeterLine | None:
        """The nearest total that holds a meter's energy: the meter that feeds it, else the total
        meter of its place or of one above."""
        for link in self.supply:
            upper = self.meters[link.upper]
            feeds = link.lower == meter.code and link.dates.hold(day)
            if feeds and items.covers(upper.item, meter.item):
                return upper
        for node in [meter.node, *self.holders(meter.node, day)]:
            totals = [
                one
                for one in self.meters_at(node, day)
                if one.total
                and one.code != meter.code
                and items.covers(one.item, meter.item)
                and not (node == meter.node and meter.total and one.item == meter.item)
            ]
            if totals:
                return max(totals, key=lambda one: (width(one.item), one.code))
        return None

    def factor_by(self, basis: str, item: str, day: date) -> Fraction | None:
        """The factor of an item on a day, on a basis. What was bought as electricity, heat or cold
        has none of another basis; a fuel without one of its own has the usual one."""
        usual, asked = QUANTITIES[basis]
        found = self.factor(asked, item, day)
        if found is not None or any(items.covers(one, item) for one in BOUGHT):
            return found
        return self.factor(usual, item, day)

    def factor(self, quantity: str, item: str, day: date) -> Fraction | None:
        """The factor of an item on a day: of the narrowest item that has one."""
        fitting = [
            one
            for one in self.factors
            if one.quantity == quantity and items.covers(one.item, item) and one.dates.hold(day)
        ]
        best = max(fitting, key=lambda f: (width(f.item), f.dates.start or date.min), default=None)
        return None if best is None else best.value


QUANTITIES: Final = {
    "equivalent": ("kgce", "kgce"),
    "equal": ("kgce", "kgce_equal"),
    "location": ("kgco2", "kgco2"),
    "market": ("kgco2", "kgco2_market"),
}
"""The usual quantity of each basis, and that of its own factors."""
BOUGHT: Final = ("01000", "04000", "05000")
"""Electricity, heat and cold."""


def width(item: str) -> int:
    """How narrow an item is: the digits of its code without the zeros at the end."""
    return len(item.rstrip("0"))


def upward(item: str) -> list[str]:
    """The item and all wider ones, the narrowest first."""
    found, wider = [], item
    while wider:
        found.append(wider)
        wider = items.parent(wider) or ""
    return found


def _on(link: EdgeLine, day: date | None) -> bool:
    return day is None or link.dates.hold(day)


def _walk(start: str, pairs: list[tuple[str, str]]) -> Iterator[str]:
    seen, queue = {start}, [start]
    while queue:
        here = queue.pop(0)
        for one, other in pairs:
            if one == here and other not in seen:
                seen.add(other)
                queue.append(other)
                yield other
