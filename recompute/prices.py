"""Which row prices a meter's minute: docs/registry.md, "tariff.csv"."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from metering.calendar import DayKind
from metering.localtime import MINUTE_US, day_bounds, from_us, zone_of
from recompute.facts import FileFacts, MeterLine, PriceLine, Scope, upward


@dataclass(frozen=True)
class PricedWindow:
    """[start, end) between two edges of a day's prices, and the row that holds in it."""

    start: int
    end: int
    row: PriceLine | None


@dataclass
class Prices:
    """What prices whom on which day."""

    facts: FileFacts
    _scopes: dict[tuple[str, date], Scope | None] = field(default_factory=dict)
    _windows: dict[tuple[Scope | None, date, str], tuple[PricedWindow, ...]] = field(
        default_factory=dict
    )

    def scope(self, meter: MeterLine, day: date) -> Scope | None:
        """The most specific tariff that holds for a meter: of the meter, else of its place or one
        above, the nearest first, else of everybody, each time the narrower item first. Behind a
        billed total that total's, unless one names the meter, a place or an item that the total's
        do not. None where no tariff holds."""
        if (meter.code, day) not in self._scopes:
            self._scopes[meter.code, day] = self._choose(meter, day, frozenset())
        return self._scopes[meter.code, day]

    def _choose(self, meter: MeterLine, day: date, seen: frozenset[str]) -> Scope | None:
        own = self._holding(meter, day)
        total = self.facts.in_front(meter, day)
        if total is None or total.code in seen:
            return own[0] if own else None
        shared = self._holding(total, day)
        naming = [scope for scope in own if scope not in shared]
        return naming[0] if naming else self._choose(total, day, seen | {meter.code})

    def _holding(self, meter: MeterLine, day: date) -> list[Scope]:
        held = {row.scope for row in self.facts.prices if row.dates.hold(day)}
        places = [meter.node, *self.facts.holders(meter.node, day), ""]
        named = [(meter.code, ""), *(("", place) for place in places)]
        scopes = [(*one, item) for one in named for item in upward(meter.item)]
        return [scope for scope in scopes if scope in held]

    def windows(self, scope: Scope | None, day: date, zone: str) -> tuple[PricedWindow, ...]:
        """The day's price windows, side by side; one without a row where no tariff holds."""
        place = (scope, day, zone)
        if place not in self._windows:
            self._windows[place] = tuple(self._of_day(scope, day, zone))
        return self._windows[place]

    def _of_day(self, scope: Scope | None, day: date, zone: str) -> list[PricedWindow]:
        start, end = day_bounds(day, zone)
        if scope is None:
            return [PricedWindow(start, end, None)]
        rows = [
            row
            for row in self.facts.prices
            if row.scope == scope and row.dates.hold(day) and day.month in row.months
        ]
        edges = sorted({0, *(m for row in rows for m in (row.start_min, row.end_min))} - {1440})
        kind = self.facts.calendar.kind(day)
        turns: list[tuple[int, PriceLine | None]] = []
        last = -1
        for at, wall in minutes(day, zone):
            place = max(n for n, edge in enumerate(edges) if edge <= wall)
            if place != last:
                turns.append((at, _row(rows, kind, wall)))
                last = place
        ends = [*(at for at, _ in turns[1:]), end]
        return [PricedWindow(at, to, row) for (at, row), to in zip(turns, ends, strict=True)]


def _row(rows: list[PriceLine], kind: DayKind, wall: int) -> PriceLine | None:
    """Rows for the statutory holidays first, then those of the kind of day; of each the one that
    began last."""
    fitting = {
        DayKind.WORKING: ("all", "working"),
        DayKind.REST: ("all", "rest"),
        DayKind.HOLIDAY: ("all", "rest", "holiday"),
    }[kind]
    held = [r for r in rows if r.days in fitting and r.start_min <= wall < r.end_min]
    held.sort(
        key=lambda r: (
            r.days != "holiday",
            -(r.dates.start or date.min).toordinal(),
            r.tariff,
        )
    )
    return held[0] if held else None


@lru_cache(maxsize=4096)
def minutes(day: date, zone: str) -> tuple[tuple[int, int], ...]:
    """(instant, minute of the wall clock) of each minute of a local day."""
    start, end = day_bounds(day, zone)
    place = zone_of(zone)
    found = []
    for at in range(start, end, MINUTE_US):
        wall = from_us(at).astimezone(place)
        found.append((at, wall.hour * 60 + wall.minute))
    return tuple(found)
