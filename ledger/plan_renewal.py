"""Which plans of a registry hold under the next one, and of which places figures may be others.

    changed row ──▶ its places, and where an edge or a kind changed all below them
                ──▶ the places of meters that it feeds, or whose shares it measures
                ──▶ all above any of these        the figures of all others are kept

Whatever a figure is made of lies at its place, below it, or is fed from there: so a change that a
figure can see touches its place.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from ledger.plan import Plan, PlannedFigure
from metering.registry import Registry
from metering.validity import Validity

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, eq=False)
class KeptPlans:
    """Plans that were made under the registry before, as far as they still hold."""

    made: Mapping[tuple[str, int], Plan]
    """By institution and number of the stretch of days between two of the turns."""
    turns: Sequence[date]
    touched: frozenset[str]
    """Places of which figures may be others."""
    same_formulas: bool

    def plan(self, institution: str, day: date) -> Plan | None:
        """What was made of an institution on a day; None where nothing was."""
        return self.made.get((institution, bisect_right(self.turns, day)))

    def holds(self, before: Plan, own: Sequence[str]) -> bool:
        """Whether a plan holds as it stands, where these are the institution's places now."""
        if not self.touched and self.same_formulas:
            return True
        if before.formulas or before.drawn or not self.same_formulas:
            return False
        return self.touched.isdisjoint(own) and self.touched.isdisjoint(
            n for n, _ in before.figures
        )

    def figures(self, before: Plan) -> dict[str, list[PlannedFigure]]:
        """The figures of a plan that are the same now, by place."""
        found: dict[str, list[PlannedFigure]] = {}
        for (node, _), figure in before.figures.items():
            if node not in self.touched:
                found.setdefault(node, []).append(figure)
        return found


def touched_places(old: Registry, new: Registry) -> frozenset[str]:
    """Places whose figures may be made otherwise under one registry than under the other."""
    kinds = _changed(_kinds(old), _kinds(new))
    edges = _changed(old.space, new.space)
    counted = _changed(_counted(old), _counted(new))
    feeds = _changed(old.supply, new.supply)
    if kinds is None or edges is None or counted is None or feeds is None:
        return frozenset((*old.nodes, *new.nodes))
    # Whatever way there was before is there still, or one of its rows changed: the new ones do.
    moved = {code for code, _ in kinds} | {edge.child for edge in edges}
    below = _reached(moved, new.children)
    there = {meter.code for node in below for meter in new.meters_at(node)}
    fed = _reached({code for one in feeds for code in (one.source, one.fed)}, new.fed)
    found = below | {edge.parent for edge in edges} | {node for _, node, *_ in counted}
    found |= _seen_by(new, there | fed | {code for code, *_ in counted})
    return frozenset(_reached(found, new.parents))


def _seen_by(registry: Registry, meters: Iterable[str]) -> set[str]:
    """The places that see what becomes of meters: where they hang, and what they divide."""
    found: set[str] = set()
    for code in meters:
        found |= registry.measured_shares.get(code, frozenset())
        if (meter := registry.meters.get(code)) is not None:
            found.add(meter.node)
    return found


def _kinds(registry: Registry) -> list[tuple[str, str]]:
    return [(node.code, node.type.value) for node in registry.nodes.values()]


def _counted(registry: Registry) -> list[tuple[str, str, str, bool, int, Validity]]:
    """Of every meter what a plan asks of it."""
    return [
        (one.code, one.node, one.item, one.total, one.step_min, one.valid)
        for one in registry.meters.values()
    ]


def _changed(old: Sequence[T], new: Sequence[T]) -> list[T] | None:
    """Rows that only one of the two has; None where those of both stand in another order."""
    first, size = 0, min(len(old), len(new))
    while first < size and old[first] == new[first]:
        first += 1
    last = 0
    while last < size - first and old[-1 - last] == new[-1 - last]:
        last += 1
    mine, its = old[first : len(old) - last], new[first : len(new) - last]
    left, right = set(mine), set(its)
    if [row for row in mine if row in right] != [row for row in its if row in left]:
        return None
    return [row for row in mine if row not in right] + [row for row in its if row not in left]


def _reached(starts: Iterable[str], step: Callable[[str], Iterable[str]]) -> set[str]:
    """All that steps lead to, the starts among them."""
    found = set(starts)
    queue = list(found)
    while queue:
        fresh = set(step(queue.pop())) - found
        found |= fresh
        queue += fresh
    return found
