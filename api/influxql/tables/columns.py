"""Booked series as grids: one read for all series of a statement, and no row by itself.

    pieces of the range ──▶ figures.plain_sheets ──▶ Grid     (series, periods)
                                  └ series that arrays do not say exactly: told one by one

A grid holds nothing that must be hidden: a series with energy that has no price, where money is
asked, is told one by one too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import figures
from api.influxql.engine.rows import Grid, GridValues, ScopedView, Series, Wanted
from api.influxql.tables import reading
from api.influxql.tables.pieces import Piece
from figures import FigureSheet
from metering import quality
from metering.book import SeriesKey
from metering.factor import USUAL_BASES
from metering.items import category
from metering.quantity import ABSENT, I64
from metering.units import BOOK_UNITS

MOST_READS: Final = 24
"""Stretches of time that are read as columns: each is a question to the books."""
MONEY: Final[Mapping[str, str]] = {"cost": "cost", "cost_low": "low", "cost_high": "high"}
EMITTED: Final[Mapping[str, str]] = {"kgco2": "carbon", "kgce": "coal"}
_AMOUNTS: Final = frozenset(("value", "kwh", "remainder"))
FINE: Final = frozenset((*_AMOUNTS, "power", *reading.SHARES))
WHOLE: Final = frozenset((*_AMOUNTS, "per_m2", *reading.SHARES, *MONEY, *EMITTED))
"""Fields that grids may hold: of rows themselves, and of what lies between two bounds."""
Span = tuple[date, date]


@dataclass(frozen=True)
class _Read:
    """A stretch of time as it is read."""

    step: str
    """'' where each span is a period of its own."""
    spans: tuple[Span, ...]
    start_us: int
    end_us: int
    """Periods that begin in [start, end) are taken."""
    fields: frozenset[str]
    whole: bool


def can_tell(view: ScopedView, wanted: Wanted) -> bool:
    """Whether grids may hold what is asked."""
    known = wanted.whole <= WHOLE and wanted.fine <= FINE
    emitted = wanted.fields & EMITTED.keys()
    return wanted.grids and known and (not emitted or view.books.bases == USUAL_BASES)


def grids_of(
    view: ScopedView, chosen: Mapping[SeriesKey, Series], wanted: Wanted, found: Sequence[Piece]
) -> tuple[list[Grid], list[SeriesKey]]:
    """(grids of the series of a zone, those that are told one by one)."""
    zone = next(iter(chosen.values())).tags["zone"]
    for body in {key.institution for key in chosen}:
        view.books.revision(body)  # what an answer is of, it says
    reads = list(_reads(view, wanted, found, zone))
    if len(reads) > MOST_READS:
        return [], list(chosen)
    books = view.books
    left = {key for key in chosen if not books.is_plain(key)}
    if zone == "UTC":  # also what a place has of which nothing may be told
        left |= {key for key in chosen if key not in left and books.zone(key) != zone}
    told = list[tuple[_Read, FigureSheet]]()
    for read in reads:
        keys = [key for key in chosen if key not in left] if left else list(chosen)
        asked = _asked(read.fields)
        within = (read.start_us, read.end_us)
        sheets, others = figures.plain_sheets(
            view.books, keys, read.spans, read.step, asked, within
        )
        left |= set(others)
        for sheet in sheets:
            own = _between(sheet, read)
            left |= set(_hidden(sheet, own))
            told.append((read, sheet))
    grids = [
        grid
        for read, sheet in told
        for grid in _SheetGrids(view, chosen, wanted, read, sheet, left).grids()
    ]
    return grids, [key for key in chosen if key in left] if left else []


def _reads(view: ScopedView, wanted: Wanted, found: Sequence[Piece], zone: str) -> Iterator[_Read]:
    """Whole days that follow each other at once, every other stretch by itself; then the rows
    themselves."""
    if wanted.whole:
        days = [piece for piece in found if piece.step == "day"]
        spans = [piece.days(zone) for piece in days]
        runs = _runs(spans)
        if len(runs) == 1 and all(first == last for first, last in spans):
            whole = ((spans[0][0], spans[-1][1]),)
            yield _Read("day", whole, days[0].start_us, days[-1].end_us, wanted.whole, True)
        else:
            for run in runs:
                yield _Read("", run, days[0].start_us, days[-1].end_us, wanted.whole, True)
        for piece in found:
            if piece.step != "day":
                end = min(piece.end_us, view.now_us)
                own = (piece.days(zone),)
                yield _Read(piece.step, own, piece.start_us, end, wanted.whole, True)
    start, end = wanted.start_us, min(wanted.end_us, view.now_us)
    if wanted.fine and start < end:
        own = (Piece("native", start, end).days(zone),)
        yield _Read("native", own, start, end, wanted.fine, False)


def _runs(spans: Sequence[Span]) -> list[tuple[Span, ...]]:
    """Spans of which each begins the day after the one before."""
    if not spans:
        return []
    found = [[spans[0]]]
    for before, one in pairwise(spans):
        if before[1] + timedelta(days=1) == one[0]:
            found[-1].append(one)
        else:
            found.append([one])
    return [tuple(run) for run in found]


def _asked(fields: frozenset[str]) -> list[str]:
    """What of `figures.FIELDS` the fields are made of."""
    found = ["quantity"] if fields - set(reading.SHARES) else []
    if fields & {"power", *reading.SHARES}:
        found.append("shares")
    if fields & MONEY.keys():
        found.append("money")
    return [*found, *(own for name, own in EMITTED.items() if name in fields)]


def _between(sheet: FigureSheet, read: _Read) -> slice:
    """The periods that begin in the stretch."""
    edges = np.searchsorted(sheet.start_us, (read.start_us, read.end_us))
    return slice(int(edges[0]), int(edges[1]))


def _hidden(sheet: FigureSheet, own: slice) -> Iterator[SeriesKey]:
    """Series with energy of which money, carbon or coal is not told."""
    there = sheet.quantity[:, own] != ABSENT
    wrong = np.zeros(len(sheet.keys), np.bool_)
    for one in sheet.emitted.values():
        wrong |= np.any(there & ~one.known[:, own], axis=1) | (one.amount.dtype == object)
    money = sheet.money
    if money is not None:
        wrong |= np.any(there & ~money.known[:, own], axis=1) | (money.cost.dtype == object)
        wrong |= np.array([len(names) > 1 for names in money.currencies], np.bool_)
    yield from (sheet.keys[n] for n in np.flatnonzero(wrong).tolist())


@dataclass(frozen=True)
class _SheetGrids:
    """A sheet of a stretch as grids: series of one unit, area and currency together."""

    view: ScopedView
    chosen: Mapping[SeriesKey, Series]
    wanted: Wanted
    read: _Read
    sheet: FigureSheet
    left: set[SeriesKey]

    def grids(self) -> Iterator[Grid]:
        """All of them that have periods."""
        sheet, own = self.sheet, _between(self.sheet, self.read)
        if own.start >= own.stop:
            return
        labels = reading.labels_of(
            self.wanted.labels,
            sheet.start_us[own],
            sheet.zone,
            sheet.step_min,
            self.view.books.registry,
        )
        alike: dict[tuple[str, tuple[int, int] | None], list[int]] = {}
        priced: dict[str, list[int]] = {}
        for n, key in enumerate(sheet.keys):
            if not self.left or key not in self.left:
                unit = category(key.item).unit
                alike.setdefault((unit, self._area(key, own)), []).append(n)
                if sheet.money is not None:
                    currency = "".join(sheet.money.currencies[n])
                    priced.setdefault(currency, []).append(n)
        for (unit, area), rows in alike.items():
            numbers = self._numbers(unit, area, self._at(rows), own)
            yield self._grid(rows, own, numbers, labels)
        for currency, rows in priced.items():
            if currency:
                money = self._money(currency, self._at(rows), own)
                said = {"currency": np.full(own.stop - own.start, currency)}
                more = {name: said[name] for name in said if name in self.wanted.labels}
                yield self._grid(rows, own, money, {**labels, **more})

    def _grid(
        self, rows: list[int], own: slice, numbers: dict[str, GridValues], labels: dict[str, Any]
    ) -> Grid:
        series = tuple(self.chosen[self.sheet.keys[n]] for n in rows)
        return Grid(series, self.sheet.start_us[own], numbers, self.read.whole, labels)

    def _at(self, rows: list[int]) -> Any:
        """What takes rows of an array of all series; no copy where it is all of them."""
        return slice(None) if len(rows) == len(self.sheet.keys) else np.array(rows, np.int64)

    def _area(self, key: SeriesKey, own: slice) -> tuple[int, int] | None:
        if "per_m2" not in self.read.fields:
            return None
        end_us = int(self.sheet.end_us[own.stop - 1])
        registry = self.view.books.registry
        return reading.area_ratio(registry, self.chosen[key], end_us, self.sheet.zone)

    def _numbers(
        self, unit: str, area: tuple[int, int] | None, at: Any, own: slice
    ) -> dict[str, GridValues]:
        """Fields that have no currency."""
        fields, sheet = self.read.fields, self.sheet
        found = {name: self._share(name, at, own) for name in fields & set(reading.SHARES)}
        if fields <= found.keys():
            return found
        quantity, scale = sheet.quantity[at][:, own], BOOK_UNITS[unit].per_canonical
        there = quantity != ABSENT
        known = None if there.all() else there
        if "value" in fields:
            found["value"] = GridValues(quantity, known, scale)
        if "kwh" in fields and unit == "kWh":
            found["kwh"] = GridValues(quantity, known, scale)
        if "remainder" in fields:
            found["remainder"] = GridValues(np.zeros_like(quantity), known, scale)
        if "per_m2" in fields and area is not None:
            above, below = area
            amounts = quantity * below if below > 1 else quantity
            found["per_m2"] = GridValues(amounts, known, scale * above, digits=reading.DIGITS)
        if "power" in fields:
            found["power"] = self._power(quantity, there, at, own, scale)
        for name in fields & EMITTED.keys():
            one = sheet.emitted[EMITTED[name]]
            amounts = one.amount[at][:, own]
            found[name] = GridValues(amounts, _unless_all(one.known[at][:, own]), 10**one.digits)
        return found

    def _power(
        self, quantity: I64, there: NDArray[np.bool_], at: Any, own: slice, scale: int
    ) -> GridValues:
        sheet = self.sheet
        over = there & (sheet.end_us[own] <= self.view.now_us)
        if sheet.shares is not None:
            over &= sheet.shares[at][:, own, quality.MISSING] == 0
        lengths_us = sheet.end_us[own] - sheet.start_us[own]
        amounts = reading.power(quantity.astype(np.float64), over, lengths_us)
        return GridValues(amounts, _unless_all(over), scale)

    def _share(self, name: str, at: Any, own: slice) -> GridValues:
        sheet = self.sheet
        weight = reading.lengths(sheet.start_us[own], sheet.end_us[own], self.view.now_us)
        place = quality.MISSING if name == "known" else quality.NAMES.index(name)
        if sheet.shares is None:
            share = quality.WHOLE if place == quality.MEASURED else 0
            amounts = np.full((1, len(weight)), share, np.int64)
        else:
            amounts = sheet.shares[..., place][at][:, own]
        if name == "known":
            amounts = amounts.dtype.type(quality.WHOLE) - amounts
        return GridValues(amounts, None, quality.WHOLE, weight)

    def _money(self, currency: str, at: Any, own: slice) -> dict[str, GridValues]:
        money = self.sheet.money
        assert money is not None
        known, scale = _unless_all(money.known[at][:, own]), 10**money.digits
        return {
            name: GridValues(
                getattr(money, MONEY[name])[at][:, own], known, scale, currency=currency
            )
            for name in self.read.fields & MONEY.keys()
        }


def _unless_all(known: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    return None if known.all() else known
