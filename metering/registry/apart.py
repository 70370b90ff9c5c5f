"""Institutions parted into groups that have nothing in common, so that each can be worked on alone.

Two go together where a place or meter is of one after the other, where they share a place, and
where a formula, a share by a meter, a feeder or a point of one names a meter of the other. What is
of no institution goes under '' and comes first: it depends on others only where it goes with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from metering.registry.model import NodeType, Registry
from metering.registry.sharing import read_share

Group = tuple[str, ...]


def apart(registry: Registry) -> list[Group]:
    """The groups, each rising, that with '' first and the others by their first code. '' stands in
    the first one whether anything is of no institution or not."""
    above: dict[str, str] = {"": ""}
    for code, node in registry.nodes.items():
        if node.type is NodeType.INSTITUTION:
            above.setdefault(code, code)
        for body in registry.institutions(code):
            above.setdefault(body, body)
    for tied in _ties(registry):
        bodies = sorted(set(tied))
        for one in bodies[1:]:
            _join(above, bodies[0], one)
    groups: dict[str, list[str]] = {}
    for code in sorted(above):
        groups.setdefault(_root(above, code), []).append(code)
    return sorted(tuple(codes) for codes in groups.values())


def _ties(registry: Registry) -> Iterator[Iterable[str]]:
    """Institutions that go together."""
    for code in registry.nodes:
        yield filter(None, registry.institutions(code))
    for made in registry.formulas:
        if made.meter in registry.meters:
            node = registry.meters[made.meter].node
            yield from _resting(registry, node, made.read.members)
    by_place: dict[str, set[str]] = {}
    for edge in registry.space:
        if edge.divided:
            tied = by_place.setdefault(edge.child, set(registry.institutions(edge.child)))
            tied.update(registry.institutions(edge.parent))
            if (share := read_share(edge.share)) is not None and share.meter:
                yield from _resting(registry, edge.parent, [share.meter])
    for bodies in by_place.values():
        yield filter(None, bodies)
    for feed in registry.supply:
        yield _of_meters(registry, [feed.source, feed.fed])
    for point in registry.points:
        yield _of_meters(registry, [one.meter for one in registry.meters_of_point(point)])


def _resting(registry: Registry, node: str, meters: Iterable[str]) -> Iterator[Iterable[str]]:
    """What a figure of a node rests on; where it is of no institution on days on which a meter is
    of one, '' goes along."""
    known = [code for code in meters if code in registry.meters]
    bodies = _of_meters(registry, known)
    yield bodies | set(filter(None, registry.institutions(node)))
    bare = [span for span, body in registry.bodies(node) if not body]
    for code in known:
        for span, body in registry.bodies(registry.meters[code].node):
            if body and any(span.overlaps(one) for one in bare):
                yield "", body


def _of_meters(registry: Registry, meters: Iterable[str]) -> set[str]:
    """Institutions that one of the meters is ever of."""
    known = (registry.meters[code] for code in meters if code in registry.meters)
    return {body for meter in known for body in registry.institutions(meter.node) if body}


def _root(above: dict[str, str], code: str) -> str:
    while above[code] != code:
        above[code] = above[above[code]]
        code = above[code]
    return code


def _join(above: dict[str, str], one: str, other: str) -> None:
    first, second = sorted((_root(above, one), _root(above, other)))
    above[second] = first
