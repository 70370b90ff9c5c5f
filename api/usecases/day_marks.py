"""Marks of the day of a scope: hours that were unusual, today and the day before."""

from __future__ import annotations

from api.caller import Caller
from metering.day_mark import DayMark, MarkPlace, place_of_mark


def day_marks(
    caller: Caller, node: str | None = None, *, after: MarkPlace | None = None, limit: int = 100
) -> list[DayMark]:
    """Marks of what the scope holds of a node's subtree, all of it where none is named, in their
    order: up to `limit` of those behind a place."""
    scope = caller.reach.scope
    nodes = None if scope.whole else scope.nodes
    if node is not None:
        nodes = caller.reach.registry.subtree(node) & scope.nodes
    found: list[DayMark] = []
    while len(found) < limit:
        page = caller.platform.findings.day_marks(
            None if scope.whole or scope.dated else frozenset(caller.reach.institutions),
            now_us=caller.platform.now_us(),
            nodes=nodes,
            after=after,
            limit=limit,
        )
        found += [one for one in page if _may_see(caller, one)]
        if len(page) < limit:
            break
        after = place_of_mark(page[-1])
    return found[:limit]


def _may_see(caller: Caller, mark: DayMark) -> bool:
    whole = caller.reach.scope.whole
    return whole or caller.reach.reaches(mark.node, mark.start_us, mark.end_us)
