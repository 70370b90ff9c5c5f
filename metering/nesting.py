"""Which meter holds another's energy: the branches of the supply tree."""

from __future__ import annotations

from datetime import date

from metering import items
from metering.localtime import local_day
from metering.registry.model import Meter, Registry


def in_front(registry: Registry, meter: Meter, day: date) -> Meter | None:
    """The nearest total that holds the meter's energy on a local day: the meter that feeds it,
    else the total meter of its place or of one above."""
    for code in registry.feeders(meter.code, day):
        if items.covers(registry.meters[code].item, meter.item):
            return registry.meters[code]
    own = (meter.item,) if meter.total else ()
    for code in [meter.node, *registry.holders(meter.node, day)]:
        totals = [
            one
            for one in registry.meters_at(code)
            if one.total
            and one.code != meter.code
            and one.valid.holds(day)
            and items.covers(one.item, meter.item)
            and not (code == meter.node and one.item in own)
        ]
        if totals:
            return max(totals, key=lambda one: (len(one.item.rstrip("0")), one.code))
    return None


class Nesting:
    """The meters in front of each other under one registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._made: dict[tuple[str, date], tuple[str, ...]] = {}

    def outer(self, meter: str, at_us: int) -> tuple[str, ...]:
        """Codes of the meters that hold the meter's energy at an instant, the nearest first; none
        for an unknown meter."""
        known = self._registry.meters
        if meter not in known:
            return ()
        day = local_day(at_us, self._registry.zone(known[meter].node))
        if (meter, day) not in self._made:
            self._made[meter, day] = self._walk(known[meter], day)
        return self._made[meter, day]

    def _walk(self, meter: Meter, day: date) -> tuple[str, ...]:
        found: list[str] = []
        total = in_front(self._registry, meter, day)
        while total is not None and total.code not in (meter.code, *found):
            found.append(total.code)
            total = in_front(self._registry, total, day)
        return tuple(found)
