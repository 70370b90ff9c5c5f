"""What each figure of a world is on each day, in fractions, and whose it is.

It knows the rule of the two trees from docs/architecture.md and the codes of items, and nothing of
the ledger: a total stands for all below it; else what is there counts, and what is below, without
what a counted meter feeds. What a formula of meters is, it works out from docs/registry.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from metering import items
from proofs.dated.formulas import named, to_the_nearest, worked_out
from proofs.dated.world import DAYS, HOURS, ITEMS, DatedMeter, DatedWorld, WorldFormula

Signed = tuple[int, str]
"""(sign, meter)."""
SLOTS = HOURS * 4
PER_KWH = 10**6
"""Book units."""


@dataclass
class DatedOracle:
    """Answers about one world."""

    world: DatedWorld
    _leaves: dict[tuple[str, str, int], list[Signed]] = field(default_factory=dict)

    def parent(self, node: str, day: int) -> str:
        """The place right above on a day; '' where there is none."""
        for edge in self.world.chains.get(node, ()):
            if edge.dates.hold(day):
                return edge.upper
        return ""

    def path(self, node: str, day: int) -> list[str]:
        """The place and all above it on a day."""
        found = [node]
        while above := self.parent(found[-1], day):
            found.append(above)
        return found

    def reads(self, root: str, node: str, day: int) -> bool:
        """Whether a key of `root` may read of a place on a day."""
        return root in self.path(node, day)

    def body(self, node: str, day: int) -> str:
        """The institution whose books hold a place's day; '' where none is above it."""
        top = self.path(node, day)[-1]
        return top if self.world.nodes[top] == "institution" else ""

    def energy(self, node: str, item: str, day: int) -> Fraction | None:
        """kWh of a figure; None where nothing counts into it."""
        known = {meter.code: meter for meter in self.world.meters}
        leaves = self.leaves(node, item, day)
        found = [(sign, self.of_meter(known[code], day)) for sign, code in leaves]
        told = [sign * value for sign, value in found if value is not None]
        return sum(told, Fraction(0)) if told else None

    def of_meter(self, meter: DatedMeter, day: int) -> Fraction | None:
        """kWh that the books are to say of a meter's day; None where it said nothing."""
        if self.is_made(meter.code):
            return self._made(meter, day)
        return of_day(meter, day)

    def is_made(self, meter: str) -> bool:
        """Whether a meter has no register, but is a formula of others in turn."""
        return any(one.meter == meter for one in self.world.formulas)

    def formula(self, meter: str, day: int) -> WorldFormula | None:
        """What a meter is of others on a day."""
        own = (one for one in self.world.formulas if one.meter == meter and one.dates.hold(day))
        return next(own, None)

    def is_apart(self, meter: DatedMeter, day: int) -> bool:
        """Whether a member of a meter's formula is another institution's on the day."""
        known = {one.code: one for one in self.world.meters}
        formula = self.formula(meter.code, day)
        if formula is None:
            return False
        bodies = {self.body(known[code].node, day) for code in named(formula.done)}
        return bodies != {self.body(meter.node, day)}

    def _made(self, meter: DatedMeter, day: int) -> Fraction | None:
        """Each slot is the formula of the members' slots, which are all alike on a day; nothing
        where a member says nothing, or is another institution's."""
        formula = self.formula(meter.code, day)
        if formula is None or self.is_apart(meter, day):
            return None
        known = {one.code: one for one in self.world.meters}
        counted = {code: self.of_meter(known[code], day) for code in named(formula.done)}
        slots = {code: one * PER_KWH / SLOTS for code, one in counted.items() if one is not None}
        if len(slots) < len(counted):
            return None
        value = worked_out(formula.done, slots.__getitem__)
        return None if value is None else Fraction(to_the_nearest(value) * SLOTS, PER_KWH)

    def leaves(self, node: str, item: str, day: int) -> list[Signed]:
        """The meters that a figure comes to, with their signs."""
        place = (node, item, day)
        if place not in self._leaves:
            self._leaves[place] = self._find(*place)
        return self._leaves[place]

    def _here(self, node: str, day: int) -> list[DatedMeter]:
        return [m for m in self.world.meters if m.node == node and m.dates.hold(day)]

    def _below(self, node: str, day: int) -> list[str]:
        return [code for code in self.world.chains if self.parent(code, day) == node]

    def _find(self, node: str, item: str, day: int) -> list[Signed]:
        here = self._here(node, day)
        totals = [(1, m.code) for m in here if m.total and m.item == item]
        return totals or self._parts(node, item, day)

    def _parts(self, node: str, item: str, day: int) -> list[Signed]:
        """What a figure is the sum of, or what its total holds."""
        here = self._here(node, day)
        inner = {m.item for m in here if m.total and m.item != item and items.covers(item, m.item)}
        held = [i for i in inner if not any(o != i and items.covers(o, i) for o in inner)]
        loose = [
            (1, m.code)
            for m in here
            if items.covers(item, m.item)
            and not (m.total and m.item == item)
            and not any(items.covers(i, m.item) for i in held)
        ]
        nested = [leaf for i in sorted(held) for leaf in self.leaves(node, i, day)]
        below: list[Signed] = []
        for child in self._below(node, day):
            below += self.leaves(child, item, day)
            below += [(-s, code) for i in held for s, code in self.leaves(child, i, day)]
        fed = self._fed({code for _, code in (*loose, *nested, *below)}, day)
        return nested + [leaf for leaf in (*loose, *below) if leaf[1] not in fed]

    def _fed(self, sources: set[str], day: int) -> set[str]:
        found: set[str] = set()
        fresh = set(sources)
        while fresh:
            fresh = {
                edge.lower
                for edge in self.world.feeds
                if edge.upper in fresh and edge.dates.hold(day)
            } - found
            found |= fresh
        return found

    def figures(self) -> dict[tuple[str, str, int], Fraction]:
        """(place, item, day) of every figure that is known."""
        found = {}
        for node in self.world.nodes:
            for item in ITEMS:
                for day in range(DAYS):
                    value = self.energy(node, item, day)
                    if value is not None:
                        found[node, item, day] = value
        return found


def of_day(meter: DatedMeter, day: int) -> Fraction:
    """kWh that a meter counts on a day."""
    return Fraction(meter.loads[day] * HOURS, 1000)
