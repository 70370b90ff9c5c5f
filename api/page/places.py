"""The places of a scope: which one a page is about, and which others there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from api.page.visit import Visit
from metering.book import SeriesKey
from metering.localtime import local_day
from metering.registry import NodeType

ELECTRICITY = "01000"
_INNER = (NodeType.FLOOR, NodeType.ROOM)


@dataclass(frozen=True)
class Place:
    """What the overview is about."""

    node: str
    institution: str
    zone: str
    today: date

    def key(self, node: str, item: str = ELECTRICITY) -> SeriesKey:
        """The series of a node and item of the place's institution."""
        return SeriesKey(self.institution, "node", node, item)

    @property
    def week_ago(self) -> date:
        """The same day of the week before."""
        return self.today - timedelta(days=7)


def place_of(visit: Visit, node: str | None) -> Place:
    """The place asked for, else where the scope begins."""
    reach = visit.caller.reach
    code = reach.node(reach.top()[0].code if node is None else node).code
    zone = reach.registry.zone(code)
    today = local_day(visit.caller.platform.now_us(), zone)
    return Place(code, reach.institution_of(code), zone, today)


def places(visit: Visit) -> list[tuple[str, str, int]]:
    """(code, name, depth) of the places to choose from, as a tree."""
    reach = visit.caller.reach

    def below(code: str, depth: int) -> Iterator[tuple[str, str, int]]:
        node = reach.registry.nodes[code]
        if node.type in _INNER and not reach.registry.meters_at(code):
            return
        yield code, node.name(visit.language), depth
        for child in reach.registry.children(code):
            if child in reach.scope.nodes and depth < 8:
                yield from below(child, depth + 1)

    return [one for top in reach.top() for one in below(top.code, 0)]
