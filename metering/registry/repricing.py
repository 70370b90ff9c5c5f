"""Whose prices turn otherwise after a change of the registry, and on which days.

What prices a meter follows from the tariffs, from the tree above it, and from the totals and
feeders in front of it, near or far (`metering.tariff_choice`). So a change concerns

    meters below a place that hangs or is metered otherwise
    ─▶ what these feed ─▶ what stands behind one of those that is a total ─▶ ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from metering.registry.differences import differing
from metering.registry.kinds import METER, SPACE, SUPPLY
from metering.registry.model import Meter, Registry
from metering.tariff_choice import TariffChoice
from metering.validity import Validity, epochs, joined


def changed_windows(old: Registry, new: Registry) -> dict[str, list[Validity]]:
    """Meters of both registries that another tariff prices, or whose prices turn at other
    minutes, with the days on which that is so. Another price alone changes nothing."""
    codes = sorted(_concerned(old, new) & old.meters.keys() & new.meters.keys())
    if not codes or not (old.tariff or new.tariff):
        return {}
    before, after = TariffChoice(old), TariffChoice(new)
    spans = epochs([*before.boundaries, *after.boundaries])
    found: dict[str, list[Validity]] = {}
    for code in codes:
        other = [
            span
            for span in spans
            if before.windows(code, day := span.some_day) != after.windows(code, day)
        ]
        if other:
            found[code] = joined(other)
    return found


def _concerned(old: Registry, new: Registry) -> set[str]:
    """Meters for which another tariff may be chosen."""
    if old.tariff != new.tariff:
        return set(new.meters)
    found: set[str] = set()
    waiting = _touched(old, new)
    while waiting:
        fresh = set(waiting) - found
        found |= fresh
        waiting = [code for one in (old, new) for code in _behind(one, fresh)]
    return found


def _touched(old: Registry, new: Registry) -> list[str]:
    """Meters whose own place, feeders or totals are others."""
    meters: list[str] = []
    for was, becomes in differing(old.meters.values(), new.meters.values(), METER.key):
        if was is None or becomes is None or _choosing(was) != _choosing(becomes):
            meters += [one.code for one in (was, becomes) if one is not None]
    for before, after in differing(old.supply, new.supply, SUPPLY.key):
        meters += [one.fed for one in (before, after) if one is not None]
    edges = differing(old.space, new.space, SPACE.key)
    children = {one.child for pair in edges for one in pair if one is not None}
    for registry in (old, new):
        meters += _below(registry, children)
    return meters


def _choosing(meter: Meter) -> object:
    return (meter.node, meter.item, meter.total, meter.valid)


def _behind(registry: Registry, codes: Iterable[str]) -> Iterator[str]:
    """What a meter feeds, and what it may be the total of."""
    known = [registry.meters[code] for code in codes if code in registry.meters]
    yield from downstream(registry, [meter.code for meter in known])
    yield from _below(registry, {meter.node for meter in known if meter.total})


def _below(registry: Registry, places: Iterable[str]) -> list[str]:
    known = [place for place in places if place in registry.nodes]
    nodes = frozenset[str]().union(*(registry.subtree(place) for place in known))
    return [meter.code for node in nodes for meter in registry.meters_at(node)]


def downstream(registry: Registry, sources: Iterable[str]) -> set[str]:
    """The meters, and all that they ever feed, near or far."""
    found: set[str] = set()
    waiting = [code for code in sources if code in registry.meters]
    while waiting:
        code = waiting.pop()
        if code not in found:
            found.add(code)
            waiting += registry.fed(code)
    return found
