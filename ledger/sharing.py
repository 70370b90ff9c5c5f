"""Which institutions a ledger books where several share the books: whole groups of them.

Institutions that have anything in common, a place, a meter's point, a formula, a feeder, belong to
one group, since booking one reads rows of the others. A group is called by the first of its codes,
and falls to a worker by that name. What belongs to no institution goes with the meter it is of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from metering.book import DirtyMark, SeriesKey
from metering.ports import DirtyMarks
from metering.registry import Registry
from metering.shard import Shard

_EVERY = 2**31


def groups(registry: Registry) -> dict[str, str]:
    """By institution the first code of its group; '' is an institution of its own."""
    joined = _Joined()
    for node in registry.nodes:
        joined.join(registry.parties(node))
    for point in registry.points:
        joined.join(_of_meters(registry, (one.meter for one in registry.meters_of_point(point))))
    for one in registry.formulas:
        joined.join(_of_meters(registry, (one.meter, *one.read.members)))
    for edge in registry.supply:
        joined.join(_of_meters(registry, (edge.source, edge.fed)))
    for meter, places in registry.measured_shares.items():
        bodies = [body for place in sorted(places) for body in registry.parties(place)]
        joined.join([*_of_meters(registry, (meter,)), *bodies])
    return {body: joined.first(body) for body in (*joined.known, "")}


def _of_meters(registry: Registry, meters: Iterable[str]) -> list[str]:
    nodes = (registry.meters[meter].node for meter in meters if meter in registry.meters)
    return [body for node in nodes for body in registry.parties(node)]


@dataclass
class _Joined:
    """Codes in groups; the first of each by name stands for it."""

    known: dict[str, str] = field(default_factory=dict)

    def join(self, bodies: Iterable[str]) -> None:
        """Make one group of these; '' joins nobody."""
        named = [body for body in bodies if body]
        for body in named:
            self.known.setdefault(body, body)
        for one, other in pairwise(named):
            first, last = sorted((self.first(one), self.first(other)))
            self.known[last] = first

    def first(self, body: str) -> str:
        """What the group of one is called."""
        while (above := self.known.get(body, body)) != body:
            body = above
        return body


class Portion:
    """What a share of the books holds under one registry."""

    def __init__(self, registry: Registry, shard: Shard) -> None:
        self.registry, self._shard = registry, shard
        self._groups = {} if shard.whole else groups(registry)
        self._points: dict[int, bool] = {}

    def institution(self, code: str) -> bool:
        """Whether it books an institution; '' stands for what is of none and of no meter."""
        return self._shard.keeps(self._groups.get(code, code))

    def meter(self, code: str) -> bool:
        """Whether it books a meter, also on days on which that is of no institution."""
        found = self.registry.meters.get(code)
        return self.institution("") if found is None else self.node(found.node)

    def node(self, code: str) -> bool:
        """The same of a place."""
        return self.institution(next(filter(None, self.registry.parties(code)), ""))

    def series(self, key: SeriesKey) -> bool:
        """Whether it books a series."""
        own = key.kind == "meter" and not key.institution
        return self.meter(key.code) if own else self.institution(key.institution)

    def mark(self, mark: DirtyMark) -> bool:
        """Whether it does what a mark asks for: one of all shares does."""
        if mark.figure is not None:
            return self.institution(mark.figure.institution)
        known = self._points.get(mark.point)
        if known is None:
            served = sorted({one.meter for one in self.registry.meters_of_point(mark.point)})
            known = self._points[mark.point] = self.meter(served[0] if served else "")
        return known


class SharedMarks(DirtyMarks):
    """The marks of a share alone."""

    def __init__(self, kept: DirtyMarks, portion: Callable[[], Portion]) -> None:
        self._kept, self._portion = kept, portion

    def mark(self, marks: Iterable[DirtyMark], *, writer_no: int, ready: bool = False) -> None:
        self._kept.mark(list(marks), writer_no=writer_no, ready=ready)

    def ready(self, limit: int = 100_000) -> list[DirtyMark]:
        return self._own(self._kept.ready, limit)

    def live(self, since_us: int, limit: int = 100_000) -> list[DirtyMark]:
        return self._own(lambda many: self._kept.live(since_us, many), limit)

    def glance(self, limit: int = 100_000) -> tuple[list[DirtyMark], int]:
        """`waiting` counts ready marks of the share, and those of all that are not ready."""
        every, waiting = self._kept.glance(_EVERY)
        own = self._of(every)
        return own[:limit], len(own) + waiting - len(every)

    def waiting(self) -> int:
        return self.glance()[1]

    def _own(self, ask: Callable[[int], list[DirtyMark]], limit: int) -> list[DirtyMark]:
        return self._of(ask(_EVERY))[:limit]

    def _of(self, marks: list[DirtyMark]) -> list[DirtyMark]:
        if not marks:
            return []
        portion = self._portion()  # only now: it is as new as any of the marks
        return [mark for mark in marks if portion.mark(mark)]
