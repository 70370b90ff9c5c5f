"""What a change of the registry means for the books: which meters must be booked again."""

from __future__ import annotations

from dataclasses import replace

from metering.book import DirtyMark
from metering.localtime import day_bounds
from metering.registry.model import Installation, Meter, Registry
from metering.tariff_choice import TariffChoice
from metering.validity import Validity, epochs, joined

ALL_TIME_US = 2**62
"""Later than any reading: a mark from 0 to here covers whatever a point has."""
REGISTRY_CAUSE = "registry"


def registry_cause(version: int) -> str:
    """The cause of what a change to that version books differently, such as `registry 12`."""
    return f"{REGISTRY_CAUSE} {version}"


def is_registry_cause(cause: str) -> bool:
    """Whether a mark or a restatement comes of a change of the registry, of whatever version."""
    return cause.split(" ", 1)[0] == REGISTRY_CAUSE


def changed_meters(old: Registry, new: Registry) -> list[str]:
    """Meters that another registry books differently.

    All of an institution where its trees or one of its meters changed, since every parent's
    quality is a mean over its meters; else those that other points serve. Names, tariffs and
    factors book nothing.
    """
    before, after = _bodies(old), _bodies(new)
    altered = {body for body in after if before.get(body) != after[body]}
    return sorted(
        code
        for code, meter in new.meters.items()
        if _served(old, code) != _served(new, code) or new.institution(meter.node) in altered
    )


def marks_of_change(old: Registry, new: Registry) -> list[DirtyMark]:
    """Marks over all readings of the points that serve changed meters, and over the days of
    those whose price windows are others; their cause names the new version."""
    cause = registry_cause(new.version)
    changed = set(changed_meters(old, new))
    points = {i.point for code in changed for i in new.installations_of(code)}
    marks = [DirtyMark(point, 0, ALL_TIME_US, cause) for point in sorted(points)]
    for code, spans in changed_windows(old, new).items():
        for one in new.installations_of(code) if code not in changed else ():
            zone = new.zone(new.meters[code].node)
            marks += [DirtyMark(one.point, *_span_us(span, zone), cause) for span in spans]
    return marks


def changed_windows(old: Registry, new: Registry) -> dict[str, list[Validity]]:
    """Meters of both registries that another tariff prices, or whose prices turn at other
    minutes, with the days on which that is so. Another price alone changes nothing."""
    if old.tariff == new.tariff:
        return {}
    before, after = TariffChoice(old), TariffChoice(new)
    spans = epochs([*before.boundaries, *after.boundaries])
    found: dict[str, list[Validity]] = {}
    for code in sorted(old.meters.keys() & new.meters.keys()):
        differing = [
            span
            for span in spans
            if before.windows(code, day := span.some_day) != after.windows(code, day)
        ]
        if differing:
            found[code] = joined(differing)
    return found


def _span_us(span: Validity, zone: str) -> tuple[int, int]:
    start_us = 0 if span.start is None else day_bounds(span.start, zone)[0]
    end_us = ALL_TIME_US if span.end is None else day_bounds(span.end, zone)[0] - 1
    return max(0, start_us), end_us


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
