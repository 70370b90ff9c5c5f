"""What a change of the registry means for the books: which meters must be booked again."""

from __future__ import annotations

from dataclasses import replace

from metering.book import DirtyMark
from metering.registry import Installation, Meter, Registry

ALL_TIME_US = 2**62
"""Later than any reading: a mark from 0 to here covers whatever a point has."""
REGISTRY_CAUSE = "registry"


def changed_meters(old: Registry, new: Registry) -> list[str]:
    """Meters that another registry books differently.

    All of an institution where its trees or one of its meters changed, since every parent's
    quality is a mean over its meters; else those that other points serve. Names, tariffs and
    factors book nothing.
    """
    before, after = _bodies(old), _bodies(new)
    return sorted(
        code
        for code, meter in new.meters.items()
        if _served(old, code) != _served(new, code)
        or before.get(body := new.institution(meter.node)) != after.get(body)
    )


def marks_of_change(old: Registry, new: Registry) -> list[DirtyMark]:
    """Marks over all readings of the points that serve changed meters."""
    points = {i.point for code in changed_meters(old, new) for i in new.installations_of(code)}
    return [DirtyMark(point, 0, ALL_TIME_US, REGISTRY_CAUSE) for point in sorted(points)]


def _bodies(registry: Registry) -> dict[str, set[object]]:
    """By institution everything its figures depend on, apart from readings."""
    bodies: dict[str, set[object]] = {}
    where = {code: registry.institution(code) for code in registry.nodes}
    for code, node in registry.nodes.items():
        bodies.setdefault(where[code], set()).add((code, node.type, registry.zone(code)))
    for edge in registry.space:
        bodies.setdefault(where[edge.child], set()).add(edge)
    for meter in registry.meters.values():
        bodies.setdefault(where[meter.node], set()).add(_booked(meter))
    for supply in registry.supply:
        bodies.setdefault(where[registry.meters[supply.fed].node], set()).add(supply)
    return bodies


def _booked(meter: Meter) -> Meter:
    """The meter without what does not touch its figures."""
    return replace(meter, name_zh="", name_en="", dc_role=None)


def _served(registry: Registry, meter: str) -> list[tuple[Installation, object]]:
    found = registry.installations_of(meter)
    points = [registry.points.get(one.point) for one in found]
    kinds = [(p.kind, p.unit) if p is not None else None for p in points]
    return list(zip(found, kinds, strict=True))
