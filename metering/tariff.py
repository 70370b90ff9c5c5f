"""Time-of-use tariffs: which price holds in which hour. Rows, never constants.

    local day   00:00      08:30              22:00   24:00
    rows        |  valley   |      peak        | valley |       prices of the day's kind
    windows     |     0     |        1         |    2   |       between edges of any kind of day

Rows that name the same thing and item make one *scope*; a meter's energy is priced by the most
specific scope that applies to it (`metering.tariff_choice`). What the books hold by window
depends on the edges alone: another price, or another kind of day, never books anything anew.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from metering.calendar import DayKind, WorkCalendar
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, from_us, zone_of
from metering.validity import ALWAYS, Validity, turning_days

MINUTES = 24 * 60
_DAYS = {
    DayKind.WORKING: ("all", "working"),
    DayKind.REST: ("all", "rest"),
    DayKind.HOLIDAY: ("all", "rest"),
}


@dataclass(frozen=True, order=True)
class TariffScope:
    """What a tariff prices: an item of one meter, of a place with all below it, or of everybody."""

    kind: str
    """meter, place (an institution or another node), or '' for everybody."""
    code: str
    item: str


@dataclass(frozen=True)
class TariffRow:
    """One price: on these months and days, from start to end minute of the local day."""

    tariff: str
    item: str
    months: frozenset[int]
    days: str
    """all, working, rest, or holiday: the statutory holidays alone, before rest and all."""
    start_min: int
    end_min: int
    period: str
    """sharp, peak, flat, valley, deep_valley or any name of the tariff's own."""
    price: Decimal
    """Per canonical unit (kWh, m3, MJ, kg)."""
    currency: str = "CNY"
    valid: Validity = ALWAYS
    source: str = ""
    grade: str = ""
    institution: str = ""
    node: str = ""
    meter: str = ""
    """What it is for: an institution, a node with all below it, or one meter; at most one of the
    three. None of them means everybody."""

    @property
    def scope(self) -> TariffScope:
        """What it prices."""
        if self.meter:
            return TariffScope("meter", self.meter, self.item)
        place = self.node or self.institution
        return TariffScope("place" if place else "", place, self.item)

    def fits(self, day: date, kind: DayKind) -> bool:
        """Whether it may price some of a local day of that kind."""
        named = _DAYS[kind] if kind is not DayKind.HOLIDAY else (*_DAYS[kind], "holiday")
        return self.valid.holds(day) and day.month in self.months and self.days in named


PricedPiece = tuple[int, int, TariffRow | None]
"""(start, end) minute of the local day and the row that prices it; None where all are silent."""


class TariffBook:
    """All registered rows by scope, with the calendar that tells kinds of day."""

    def __init__(self, rows: Iterable[TariffRow], calendar: WorkCalendar) -> None:
        self.calendar = calendar
        self.rows: dict[TariffScope, tuple[TariffRow, ...]] = {}
        for row in rows:
            self.rows[row.scope] = (*self.rows.get(row.scope, ()), row)
        self._dates = {
            scope: turning_days(row.valid for row in found) for scope, found in self.rows.items()
        }
        self._edges: dict[tuple[TariffScope, int, int], tuple[int, ...]] = {}
        self._pieces: dict[tuple[TariffScope, int, int, DayKind], tuple[PricedPiece, ...]] = {}

    def boundaries(self) -> list[date]:
        """Days from which another set of rows holds, rising."""
        return sorted({day for dates in self._dates.values() for day in dates})

    def holds(self, scope: TariffScope, day: date) -> bool:
        """Whether any row of the scope is valid on the local day."""
        return any(row.valid.holds(day) for row in self.rows.get(scope, ()))

    def edges(self, scope: TariffScope, day: date) -> tuple[int, ...]:
        """Minutes of the local day at which the price may turn, whatever the kind of day: 0
        first, rising, 1440 left out."""
        return self.edges_in(scope, day, day.month)

    def edges_in(self, scope: TariffScope, day: date, month: int) -> tuple[int, ...]:
        """The same for a month of the year under the rows that are valid on the day."""
        place = (scope, self._epoch(scope, day), month)
        if place not in self._edges:
            rows = [r for r in self.rows.get(scope, ()) if r.valid.holds(day) and month in r.months]
            found = {minute for r in rows for minute in (r.start_min, r.end_min)}
            self._edges[place] = tuple(sorted({0, *found} - {MINUTES}))
        return self._edges[place]

    def pieces(self, scope: TariffScope, day: date) -> tuple[PricedPiece, ...]:
        """The local day's prices side by side, from minute 0 to 1440."""
        kind = self.calendar.kind(day)
        place = (scope, self._epoch(scope, day), day.month, kind)
        if place not in self._pieces:
            self._pieces[place] = _pieces(self.rows.get(scope, ()), day, kind)
        return self._pieces[place]

    def row_at(self, scope: TariffScope, day: date, minute: int) -> TariffRow | None:
        """The row that prices a minute of the local day; None where all are silent."""
        pieces = self.pieces(scope, day)
        return pieces[bisect_right(pieces, minute, key=lambda piece: piece[0]) - 1][2]

    def _epoch(self, scope: TariffScope, day: date) -> int:
        return bisect_right(self._dates.get(scope, ()), day)


def _pieces(rows: Sequence[TariffRow], day: date, kind: DayKind) -> tuple[PricedPiece, ...]:
    """Rows of a statutory holiday come first, then the latest that began."""
    fitting = sorted(
        (row for row in rows if row.fits(day, kind)),
        key=lambda r: (r.days != "holiday", -r.valid.first.toordinal(), r.tariff),
    )
    edges = sorted({0, MINUTES, *(m for r in fitting for m in (r.start_min, r.end_min))})
    found: list[PricedPiece] = []
    for start, end in itertools.pairwise(edges):
        row = next((r for r in fitting if r.start_min <= start and end <= r.end_min), None)
        if found and found[-1][2] is row:
            found[-1] = (found[-1][0], end, row)
        else:
            found.append((start, end, row))
    return tuple(found)


@lru_cache(maxsize=65536)
def windows_of(edges: tuple[int, ...], day: date, zone: str) -> tuple[tuple[int, int], ...]:
    """(minutes since the day's first instant, minute of the wall clock) at which each price
    window of the local day starts; `edges` as `TariffBook.edges` gives them.

    On a clock-change day a window also starts wherever the wall clock jumps over an edge.
    """
    start, end = day_bounds(day, zone)
    if end - start == 24 * HOUR_US:
        return tuple((minute, minute) for minute in edges)
    found: list[tuple[int, int]] = []
    last = -1
    for offset in range((end - start) // MINUTE_US):
        local = from_us(start + offset * MINUTE_US).astimezone(zone_of(zone))
        wall = local.hour * 60 + local.minute
        place = bisect_right(edges, wall)
        if place != last:
            found.append((offset, wall))
            last = place
    return tuple(found)
