"""What each figure of a tree of shared places is on each day, and whose it is.

It knows the rule of the trees from docs/architecture.md and that of shares from docs/registry.md,
in fractions, and nothing of the ledger: a part of a shared place counts as one thing that nobody
feeds, by largest remainder of each slot, ties to the earlier code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from metering import items
from proofs.dated.oracle import PER_KWH, SLOTS, DatedOracle, Signed, of_day
from proofs.dated.world import DAYS, DatedMeter
from proofs.tree.world import Hold, TreeWorld, weights_of


def divided(amount: Fraction, weights: dict[str, Fraction]) -> dict[str, int]:
    """A whole number of book units by weights that add up to 1."""
    sign = -1 if amount < 0 else 1
    exact = {code: abs(amount) * weight for code, weight in weights.items()}
    parts = {code: floor(one) for code, one in exact.items()}
    left = int(abs(amount)) - sum(parts.values())
    for code in sorted(exact, key=lambda one: (parts[one] - exact[one], one))[:left]:
        parts[code] += 1
    return {code: sign * part for code, part in parts.items()}


@dataclass
class TreeOracle(DatedOracle):
    """Answers about one world. A part of a shared place is a leaf `place/holder/item`."""

    world: TreeWorld
    _values: dict[tuple[str, str, int], Fraction | None] = field(default_factory=dict)

    def hold(self, node: str, day: int) -> Hold | None:
        """Who holds a place on a day."""
        return next((h for h in self.world.holds.get(node, ()) if h.dates.hold(day)), None)

    def shares(self, node: str, day: int) -> dict[str, Fraction]:
        """By place above what it has; {} where one has the whole, or nobody."""
        hold = self.hold(node, day)
        if hold is None or "1" in hold.shares.values():
            return {}
        known = {meter.code: meter for meter in self.world.meters}
        counted = min(max(day, 0), DAYS - 1)  # whose a day without readings is, not how much
        return weights_of(hold.shares, lambda code: of_day(known[code], counted))

    def parent(self, node: str, day: int) -> str:
        """The place that has the whole on a day; '' where there is none."""
        hold = self.hold(node, day)
        return "" if hold is None or self.shares(node, day) else next(iter(hold.shares))

    def ways(self, node: str, day: int) -> list[frozenset[str]]:
        """The places on each way up, the place itself among them."""
        uppers = list(self.shares(node, day)) or [one for one in [self.parent(node, day)] if one]
        if not uppers:
            return [frozenset([node])]
        return [way | {node} for upper in uppers for way in self.ways(upper, day)]

    def reads(self, root: str, node: str, day: int) -> bool:
        """Whether a key of `root` may read of a place on a day: it stands on every way up."""
        return all(root in way for way in self.ways(node, day))

    def body(self, node: str, day: int) -> str:
        """The institution that has the whole of a place's day; '' where none has."""
        common = frozenset.intersection(*self.ways(node, day))
        bodies = [code for code in common if self.world.nodes[code] == "institution"]
        return bodies[0] if bodies else ""

    def energy(self, node: str, item: str, day: int) -> Fraction | None:
        """kWh of a figure; None where nothing counts into it."""
        place = (node, item, day)
        if place not in self._values:
            leaves = self.leaves(*place)
            self._values[place] = self._sum(leaves, day)
        return self._values[place]

    def of_meter(self, meter: DatedMeter, day: int) -> Fraction | None:
        """kWh that the books are to say of a meter's day; None where it is silent."""
        if self.is_made(meter.code):
            return self._made(meter, day)
        silent = day >= self.world.silent.get(meter.code, DAYS)
        return None if silent else of_day(meter, day)

    def is_silent(self, meter: DatedMeter, day: int) -> bool:
        """Whether nothing comes of a meter on a day."""
        return self.of_meter(meter, day) is None

    def _sum(self, leaves: list[Signed], day: int) -> Fraction | None:
        found = [(sign, self._leaf(code, day)) for sign, code in leaves]
        known = [sign * value for sign, value in found if value is not None]
        return sum(known, Fraction(0)) if known else None

    def _leaf(self, code: str, day: int) -> Fraction | None:
        """What a leaf says; what a silent total holds stands in for it."""
        place, holder, item = (*code.split("/"), "", "")[:3]
        if holder:
            return self.part(place, holder, item, day)
        meter = next(m for m in self.world.meters if m.code == code)
        if self.is_silent(meter, day):
            return self._sum(self._parts(meter.node, meter.item, day), day) if meter.total else None
        return self.of_meter(meter, day)

    def stood_in(self) -> list[tuple[str, str, int]]:
        """(place, item, day) of every figure whose total is silent, and whose parts are known."""
        return [
            (meter.node, meter.item, day)
            for meter in self.world.meters
            for day in range(DAYS)
            if meter.dates.hold(day)
            and meter.total
            and self.is_silent(meter, day)
            and self.energy(meter.node, meter.item, day) is not None
        ]

    def part(self, node: str, holder: str, item: str, day: int) -> Fraction | None:
        """kWh that a place above has of a shared one's figure: all slots of a day are alike."""
        whole = self.energy(node, item, day)
        if whole is None:
            return None
        slot = divided(whole * PER_KWH / SLOTS, self.shares(node, day))[holder]
        return Fraction(slot * SLOTS, PER_KWH)

    def _parts(self, node: str, item: str, day: int) -> list[Signed]:
        found = super()._parts(node, item, day)
        here = [m for m in self._here(node, day) if m.total and m.item != item]
        inner = {m.item for m in here if items.covers(item, m.item)}
        held = [one for one in inner if not any(o != one and items.covers(o, one) for o in inner)]
        for child in self.world.holds:
            if node in self.shares(child, day):
                wanted = [(1, item), *((-1, one) for one in sorted(held))]
                found += [
                    (sign, f"{child}/{node}/{one}")
                    for sign, one in wanted
                    if self.leaves(child, item, day) and self.leaves(child, one, day)
                ]
        return found

    def parts(self) -> list[tuple[str, str, int]]:
        """(place, holder, day) of every share."""
        return [
            (node, holder, day)
            for node in self.world.holds
            for day in range(DAYS)
            for holder in self.shares(node, day)
        ]
