"""Which tariff prices a meter's energy: the most specific one stands.

    meter  >  node, the nearer the more  >  institution  >  everybody;   then the narrower item

A meter behind a billed total is priced as that total is, unless a tariff names the meter
itself, a place that the total is not in, or an item narrower than the total's.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date

from metering import items
from metering.nesting import in_front
from metering.registry.model import Meter, Registry
from metering.tariff import TariffBook, TariffScope
from metering.validity import turning_days


class TariffChoice:
    """Choices under one registry; each is made once for the days on which nothing dated changes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.book = TariffBook(registry.tariff, registry.calendar)
        self._boundaries = _boundaries(registry, self.book)
        self._made: dict[tuple[str, int], TariffScope | None] = {}

    def epoch(self, day: date) -> int:
        """Number of the stretch of days with the same choices."""
        return bisect_right(self._boundaries, day)

    @property
    def boundaries(self) -> list[date]:
        """Days from which another choice may hold, rising."""
        return list(self._boundaries)

    def windows(self, meter: str, day: date) -> tuple[object, ...]:
        """All that the price windows of a meter's days depend on, for days like this one: its
        scope, and the edges of every month."""
        scope = self.of(meter, day)
        if scope is None:
            return ()
        return (scope, *(self.book.edges_in(scope, day, month) for month in range(1, 13)))

    def of(self, meter: str, day: date) -> TariffScope | None:
        """The scope that prices a meter's energy on a local day; None where no tariff does."""
        place = (meter, self.epoch(day))
        if place not in self._made:
            self._made[place] = self._choose(self._registry.meters[meter], day, frozenset())
        return self._made[place]

    def _choose(self, meter: Meter, day: date, seen: frozenset[str]) -> TariffScope | None:
        own = self._applying(meter, day)
        total = in_front(self._registry, meter, day)
        if total is None or total.code in seen:
            return own[0] if own else None
        shared = set(self._applying(total, day))
        naming = [scope for scope in own if scope not in shared]
        return naming[0] if naming else self._choose(total, day, seen | {meter.code})

    def _applying(self, meter: Meter, day: date) -> list[TariffScope]:
        """Scopes that hold for the meter on the day, the most specific first."""
        path = [meter.node, *self._registry.holders(meter.node, day)]
        named = [("meter", meter.code), *(("place", code) for code in path), ("", "")]
        upward = _upward(meter.item)
        scopes = (TariffScope(kind, code, item) for kind, code in named for item in upward)
        return [scope for scope in scopes if self.book.holds(scope, day)]


def _boundaries(registry: Registry, book: TariffBook) -> list[date]:
    dated = [
        *(edge.valid for edge in registry.space),
        *(edge.valid for edge in registry.supply),
        *(meter.valid for meter in registry.meters.values()),
    ]
    return sorted({*turning_days(dated), *book.boundaries()})


def _upward(item: str) -> list[str]:
    found: list[str] = []
    wider: str | None = item
    while wider is not None:
        found.append(wider)
        wider = items.parent(wider)
    return found
