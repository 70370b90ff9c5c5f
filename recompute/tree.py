"""What counts into a place's figure of an item on a day: docs/recompute.md, "Places".

its total meters', where it has one
else its parts:  meters there, and the figures of the places below, of a shared one the own part,
                 without what a meter that is counted feeds
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from metering import items
from recompute.facts import FileFacts, MeterLine, ShareLine, upward

Name = tuple[str, str]
"""(place, item)."""


@dataclass(frozen=True)
class CountedTerm:
    """A meter, or a place's figure of an item, or a part of that, that is added or taken off."""

    sign: int
    meter: str = ""
    figure: Name = ("", "")
    part: ShareLine | None = None


@dataclass
class Tree:
    """Figures of one institution on one day; made as they are asked for."""

    facts: FileFacts
    institution: str
    day: date
    others: Callable[[str], Tree]
    """The tree of another institution on the same day: it may book what this one has a share of."""
    _items: dict[str, list[str]] = field(default_factory=dict)
    _made: dict[Name, tuple[list[CountedTerm], list[CountedTerm]]] = field(default_factory=dict)

    def names(self) -> list[Name]:
        """Every figure there is, those that others are made of first."""
        found: list[Name] = []
        done: set[str] = set()

        def visit(node: str) -> None:
            if node in done:
                return
            done.add(node)
            for below in self._below(node):
                if self._of(below) is self:
                    visit(below)
            found.extend((node, item) for item in self.items(node))

        for node in self.facts.nodes:
            if self._of(node) is self:
                visit(node)
        return found

    def items(self, node: str) -> list[str]:
        """Items of which a place has a figure, narrow before wide."""
        if self._of(node) is not self:
            return self._of(node).items(node)
        if node not in self._items:
            self._items[node] = []
            found = {item for below in self._below(node) for item in self.items(below)}
            for meter in self.facts.meters_at(node, self.day):
                found.update(upward(meter.item))
            self._items[node] = sorted(found, key=lambda one: (-len(one.rstrip("0")), one))
        return self._items[node]

    def totals(self, name: Name) -> list[CountedTerm]:
        """The total meters of a figure; empty where it has none."""
        return self._terms(name)[0]

    def parts(self, name: Name) -> list[CountedTerm]:
        """What the total holds, or what the figure is the sum of."""
        return self._terms(name)[1]

    def counted(self, name: Name) -> list[CountedTerm]:
        """What the figure is made of."""
        totals, parts = self._terms(name)
        return totals or parts

    def meters(self, name: Name) -> list[str]:
        """Meters that count into a figure, each once."""
        if self._of(name[0]) is not self:
            return self._of(name[0]).meters(name)
        return list(dict.fromkeys(m for term in self.counted(name) for m in self._counting(term)))

    def leaves(self, term: CountedTerm) -> list[str]:
        """Meters of a term that one counted here may feed, or that may feed others: of a part of a
        shared place none."""
        if term.meter or term.part is not None:
            return [term.meter] if term.meter else []
        inner = self.counted(term.figure)
        return list(dict.fromkeys(code for one in inner for code in self.leaves(one)))

    def _counting(self, term: CountedTerm) -> list[str]:
        return [term.meter] if term.meter else self.meters(term.figure)

    def _of(self, node: str) -> Tree:
        """The tree that a place belongs to."""
        body = self.facts.institution(node, self.day)
        return self if body == self.institution else self.others(body)

    def _terms(self, name: Name) -> tuple[list[CountedTerm], list[CountedTerm]]:
        if name not in self._made:
            node, item = name
            here = self.facts.meters_at(node, self.day)
            totals = [CountedTerm(1, m.code) for m in here if m.total and m.item == item]
            self._made[name] = (totals, self._parts(node, item, here))
        return self._made[name]

    def _parts(self, node: str, item: str, here: list[MeterLine]) -> list[CountedTerm]:
        narrow = {m.item for m in here if m.total and m.item != item and items.covers(item, m.item)}
        held = sorted(
            one for one in narrow if not any(o != one and items.covers(o, one) for o in narrow)
        )
        loose = [
            m
            for m in here
            if items.covers(item, m.item)
            and not (m.total and m.item == item)
            and not any(items.covers(one, m.item) for one in held)
        ]
        terms = [CountedTerm(1, figure=(node, one)) for one in held]
        below: list[CountedTerm] = []
        for child in self._below(node):
            own, part = self.items(child), self.facts.share(node, child, self.day)
            if item in own:
                below.append(CountedTerm(1, "", (child, item), part))
                below += [CountedTerm(-1, "", (child, one), part) for one in held if one in own]
        sources = {m.code for m in loose}
        sources |= {code for term in (*terms, *below) for code in self.leaves(term)}
        fed = self._fed(sources)
        terms += [CountedTerm(1, m.code) for m in loose if m.code not in fed]
        return terms + [t for term in below for t in self._without(term, fed)]

    def _below(self, node: str) -> list[str]:
        return [
            code
            for code in self.facts.below(node, self.day)
            if self.facts.nodes[code].type != "institution"
            and (self.facts.share(node, code, self.day) is not None or self._of(code) is self)
        ]

    def _fed(self, sources: set[str]) -> set[str]:
        """Every meter that one of them feeds, near or far."""
        found: set[str] = set()
        queue = list(sources)
        while queue:
            here = queue.pop()
            for link in self.facts.supply:
                if link.upper == here and link.dates.hold(self.day) and link.lower not in found:
                    found.add(link.lower)
                    queue.append(link.lower)
        return found

    def _without(self, term: CountedTerm, fed: set[str]) -> list[CountedTerm]:
        """A term without what counted meters feed already."""
        own = set(self.leaves(term))
        if not own & fed:
            return [term]
        if term.meter or (own <= fed and own == set(self._counting(term))):
            return []
        inner = [
            CountedTerm(t.sign * term.sign, t.meter, t.figure, t.part)
            for t in self.counted(term.figure)
        ]
        return [t for one in inner for t in self._without(one, fed)]
