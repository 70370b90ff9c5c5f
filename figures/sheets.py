"""Figures of many series as columns: the same numbers as `energy` and `worth`, made together.

    books ──▶ BookColumns ──▶ FigureSheet     (series, periods) of one step and zone
                              ├ quantity, shares, provisional
                              ├ cost, least and most of it   whole parts of a currency
                              └ kgco2, kgce                  whole parts of a kilogram

Prices and factors of the range are arrays that are made once, for all series that have the same.
What no array says exactly, such as energy over prices that differ or a place of several
institutions in turn, is worked out one by one by the rules of `energy` and `worth`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from figures.energy import energy as energy_of
from figures.energy import native_step
from figures.months import open_parts
from figures.periods import DIGITS
from figures.series import Energy, by_month
from figures.sheet_money import SheetDays, SheetMoney, money_of_each, money_of_sheet
from figures.view import View
from figures.worth import emissions_of_each, per_canonical
from ledger import day_edges
from metering.book import SeriesKey
from metering.book_columns import BookColumns, DayColumns, MixedColumns, PartColumns
from metering.factor import factor_by
from metering.localtime import DAY_MIN, day_bounds, day_number, days_between
from metering.quality import APPORTIONED, MEASURED, MISSING, WHOLE, Shares, from_times
from metering.quantity import ABSENT, I64
from metering.resampling import coarse, holds, summed

FIELDS: Final = ("quantity", "shares", "provisional", "money", "carbon", "coal")
"""What can be told of each period."""
_EMITTED: Final = {"carbon": "kgco2", "coal": "kgce"}
AT_ONCE, ROWS_AT_ONCE = 500, 60_000
"""Series that are read together, and their rows with slots: an answer of very many holds no more
of the books than that."""


@dataclass(frozen=True, eq=False)
class Scaled:
    """Exact decimals as whole numbers times 10 to the power of -digits."""

    amount: NDArray[Any]
    """(S, T) int64, or Python's whole numbers where 64 bits do not hold them."""
    known: NDArray[np.bool_]
    """(S, T); where not, `amount` says nothing."""
    digits: int


@dataclass(frozen=True, eq=False)
class FigureSheet:
    """Series of one step and zone: S series over the same T periods."""

    keys: tuple[SeriesKey, ...]
    step_min: int
    """Minutes of a period; 0 for months."""
    zone: str
    start_us: I64
    """(T,) starts of the periods, UTC."""
    end_us: I64
    quantity: I64
    """(S, T) book units [mWh, mL, kJ]; ABSENT where nothing is known."""
    fields: frozenset[str]
    """Those that were asked for, of `FIELDS`."""
    shares: Shares | None = None
    """(S, T, 4); None where they were not asked for, or all is wholly measured."""
    provisional: NDArray[np.bool_] | None = None
    """(S, T) whether the period can still change without a restatement."""
    money: SheetMoney | None = None
    emitted: dict[str, Scaled] = field(default_factory=dict)
    """Of carbon and coal, in kg."""
    remainder: bool = False
    """Whether it holds what is booked at a coarser step than the one asked."""

    @property
    def with_quantity(self) -> bool:
        """Whether the quantity was asked for."""
        return "quantity" in self.fields

    @property
    def with_shares(self) -> bool:
        """Whether the shares were asked for."""
        return "shares" in self.fields


def sheets(
    view: View,
    keys: Sequence[SeriesKey],
    first: date,
    last: date,
    step: str = "hour",
    fields: Sequence[str] = FIELDS,
) -> Iterator[FigureSheet]:
    """Energy of different series on the local days first..last, both included, at a step as
    `energy` takes it; a series is in one sheet, and in one more for each step of its remainder.

    Raises InvalidInput as `energy` does.
    """
    alike: dict[tuple[str, int, bool], list[SeriesKey]] = {}
    for key in keys:
        minutes = _MINUTES.get(step)
        if minutes is None:
            minutes = native_step(view, key, last)
        alike.setdefault((view.zone(key), minutes, view.is_plain(key)), []).append(key)
    for (zone, minutes, plain), own in alike.items():
        count = AT_ONCE
        if not plain or "money" in fields or 0 < minutes < DAY_MIN:
            count = max(1, min(AT_ONCE, ROWS_AT_ONCE // ((last - first).days + 1)))
        for start in range(0, len(own), count):
            chunk = own[start : start + count]
            if plain:
                span = _SheetSpan(view, zone, minutes, step, first, last)
                yield from _together(span, chunk, frozenset(fields))
            else:
                yield from _each(view, chunk, first, last, step, frozenset(fields))


def plain_sheets(
    view: View,
    keys: Sequence[SeriesKey],
    spans: Sequence[tuple[date, date]],
    step: str,
    fields: Sequence[str],
    within: tuple[int, int] | None = None,
) -> tuple[list[FigureSheet], list[SeriesKey]]:
    """(sheets of the series that arrays say exactly, the others), of plain series of one zone.
    Series of which no period begins `within` [start, end), where that is given, are in neither.

    With a step it is that of `energy` on the days of the only span; with '' each span is a period
    of its own, as `stretches` tells it, and begins the day after the one before. A series with
    parts beside the step is among the others.
    """
    if not keys:
        return [], []
    first, last, zone = spans[0][0], spans[-1][1], view.zone(keys[0])
    told, found, left = frozenset(fields), list[FigureSheet](), list[SeriesKey]()
    alike: dict[int, list[SeriesKey]] = {}
    if step in _MINUTES:
        alike[_MINUTES[step]] = list(keys)
    for key in () if step in _MINUTES else keys:
        alike.setdefault(native_step(view, key, last), []).append(key)
    for minutes, own in alike.items():
        span = _SheetSpan(view, zone, minutes, step, first, last, () if step else spans)
        if within is not None:
            inside = (span.start_us >= within[0]) & (span.start_us < within[1])
            if not inside.any():
                continue
        sheets_of, odd = _told(span, own, told)
        found += sheets_of
        left += odd
    return found, left


_MINUTES: Final = {"15min": 15, "hour": 60, "day": DAY_MIN, "month": 0, "": 0}


class _SheetSpan:
    """The days and periods that a sheet is of."""

    def __init__(
        self,
        view: View,
        zone: str,
        minutes: int,
        step: str,
        first: date,
        last: date,
        spans: Sequence[tuple[date, date]] = (),
    ) -> None:
        self.view, self.zone, self.minutes, self.step = view, zone, minutes, step
        self.first, self.last = first, last
        self.days = days_between(first, last)
        self.number = day_number(first)
        self.months: list[list[date]] = []
        """The days of each period that is no day, nor shorter."""
        if minutes == 0:
            self.months = [days_between(*one) for one in spans] or by_month(self.days)
        if minutes:
            edges = [day_edges(day, zone, minutes) for day in self.days]
            self.counts = np.array([len(starts) for starts, _ in edges], np.int64)
            self.start_us = np.concatenate([starts for starts, _ in edges])
            self.end_us = np.concatenate([ends for _, ends in edges])
        else:
            self.counts = np.array([len(part) for part in self.months], np.int64)
            self.start_us = np.array([day_bounds(p[0], zone)[0] for p in self.months], np.int64)
            self.end_us = np.array([day_bounds(p[-1], zone)[1] for p in self.months], np.int64)
        self.offsets = np.concatenate([[0], np.cumsum(self.counts)])

    def __len__(self) -> int:
        return len(self.start_us)


def _together(
    span: _SheetSpan, keys: Sequence[SeriesKey], fields: frozenset[str]
) -> Iterator[FigureSheet]:
    """Series that are each booked under one institution, and told on all days."""
    sheets_of, odd = _told(span, keys, fields)
    yield from sheets_of
    if odd:
        yield from _each(span.view, odd, span.first, span.last, span.step, fields)


def _told(
    span: _SheetSpan, keys: Sequence[SeriesKey], fields: frozenset[str]
) -> tuple[list[FigureSheet], list[SeriesKey]]:
    """(a sheet of the series that arrays say exactly, the others)."""
    if len(span.months) == 1 and fields == {"quantity"}:
        total = span.view.totals(keys, span.first, span.last)
        return [_sheet_of(span, tuple(keys), total[:, None], fields)], []
    if 0 < span.minutes < DAY_MIN and fields == {"shares"}:
        mixed = span.view.mixed_columns(keys, span.first, span.last, span.minutes)
        odd = _odd(span, mixed.mixed) | _odd_days(span, mixed)
    else:
        mixed = None
        days, books, odd = _read(span, keys, fields)
    left = [keys[n] for n in sorted(odd)]
    plain = [n for n in range(len(keys)) if n not in odd]
    if not plain:
        return [], left
    if mixed is not None:
        return [_mixed_sheet(span, keys, plain, mixed, fields)], left
    return [_sheet(span, keys, plain, days, books, fields)], left


def _read(
    span: _SheetSpan, keys: Sequence[SeriesKey], fields: frozenset[str]
) -> tuple[DayColumns, BookColumns | None, set[int]]:
    """(days, their parts where they are needed, places of series that are told one by one)."""
    view, short = span.view, 0 < span.minutes < DAY_MIN
    if not short and "money" not in fields:
        return view.day_columns(keys, span.first, span.last), None, set()
    books = view.columns(keys, span.first, span.last, priced="money" in fields)
    return books.days, books, _odd(span, books) if short else set()


def _odd_days(span: _SheetSpan, told: MixedColumns) -> set[int]:
    """Series with rows of 24 hours, which are not among the mixed ones, on days of more or less."""
    place, days = told.day - span.number, told.mixed.days
    other = np.flatnonzero(span.counts[place] * span.minutes != DAY_MIN)
    if not len(other):
        return set()
    known = set(zip(days.series.tolist(), days.day.tolist(), strict=True))
    rows = zip(told.series[other].tolist(), told.day[other].tolist(), strict=True)
    return {series for series, day in rows if (series, day) not in known}


def _odd(span: _SheetSpan, books: BookColumns) -> set[int]:
    """Series with days of several parts, or of one that the step is not made of: what counts in
    there is put together one by one."""
    parts = np.bincount(
        np.concatenate([np.zeros(0, np.int64), *(one.row for one in books.parts)]),
        minlength=len(books.days),
    )
    found = set(books.days.series[parts > 1].tolist())
    for one in books.parts:
        width = -(-one.slots.shape[1] * one.step_min // span.minutes)
        fits = holds(span.minutes, one.step_min)
        counts = span.counts[books.days.day[one.row] - span.number]
        wrong = one.row if not fits else one.row[counts != width]
        found |= set(books.days.series[wrong].tolist())
    return found


def _sheet(
    span: _SheetSpan,
    keys: Sequence[SeriesKey],
    plain: list[int],
    days: DayColumns,
    books: BookColumns | None,
    fields: frozenset[str],
) -> FigureSheet:
    count = len(keys)
    shares: Shares | None = None
    if span.minutes == 0:
        quantity = _months(span, count, days)
        shares = _month_shares(span, count, days) if "shares" in fields else None
    elif span.minutes >= DAY_MIN or books is None:
        quantity = np.full((count, len(span.days)), ABSENT, np.int64)
        quantity[days.series, days.day - span.number] = days.total
        shares = _day_shares(span, count, days) if "shares" in fields else None
    else:
        quantity, shares = _slots(span, count, books, with_shares="shares" in fields)
    provisional = _provisional(span, count, days) if "provisional" in fields else None
    if len(plain) < count:
        quantity = quantity[plain]
        shares = None if shares is None else shares[plain]
        provisional = None if provisional is None else provisional[plain]
    own = tuple(keys[n] for n in plain)
    money = None
    if "money" in fields and books is not None:
        places = np.full(count, -1, np.int64)
        places[plain] = np.arange(len(plain))
        money = money_of_sheet(
            SheetDays(
                span.view,
                own,
                places,
                books,
                span.days,
                span.number,
                span.zone,
                span.minutes,
                span.start_us,
                span.end_us,
                span.offsets,
            )
        )
    return FigureSheet(
        own,
        span.minutes,
        span.zone,
        span.start_us,
        span.end_us,
        quantity,
        fields,
        shares,
        provisional,
        money,
        _emitted(span, own, quantity, days, plain, count, fields),
    )


def _slots(
    span: _SheetSpan, count: int, books: BookColumns, *, with_shares: bool
) -> tuple[I64, Shares | None]:
    if not with_shares and (whole := _whole(span, count, books)) is not None:
        return whole, None
    quantity = np.full((count, len(span)), ABSENT, np.int64)
    measured = with_shares and all(
        (one.hour_shares if span.minutes == 60 and one.step_min != 60 else one.shares) is None
        for one in books.parts
    )
    full = len(books.days) == count * len(span.days)
    shares: Shares | None = None
    if with_shares and not (measured and full):
        shares = np.zeros((count, len(span), 4), np.uint16)
        shares[..., MISSING] = WHOLE
    for one in books.parts:
        if not holds(span.minutes, one.step_min):
            continue
        slots = (
            one.slots
            if one.step_min == span.minutes
            else summed(one.slots, span.minutes, one.step_min)
        )
        told = None if shares is None else _coarse(one, span.minutes, slots.shape)
        series, place = books.days.series[one.row], books.days.day[one.row] - span.number
        for rows, into in _placed(span, place, slots.shape[1]):
            quantity[series[rows][:, None], into] = slots[rows]
            if shares is not None and told is not None:
                shares[series[rows][:, None], into] = told[rows]
    return quantity, shares


def _mixed_sheet(
    span: _SheetSpan,
    keys: Sequence[SeriesKey],
    plain: list[int],
    told: MixedColumns,
    fields: frozenset[str],
) -> FigureSheet:
    """Shares alone: no slot of what is wholly measured is looked at."""
    shares, own = _mixed_shares(span, len(keys), told), tuple(keys[n] for n in plain)
    if shares is not None and len(plain) < len(keys):
        shares = shares[plain]
    unknown = np.broadcast_to(np.int64(ABSENT), (len(own), len(span)))
    return _sheet_of(span, own, unknown, fields, shares)


def _sheet_of(
    span: _SheetSpan,
    keys: tuple[SeriesKey, ...],
    quantity: I64,
    fields: frozenset[str],
    shares: Shares | None = None,
) -> FigureSheet:
    """Of amounts or of shares alone."""
    edges = (span.start_us, span.end_us)
    return FigureSheet(keys, span.minutes, span.zone, *edges, quantity, fields, shares)


def _mixed_shares(span: _SheetSpan, count: int, told: MixedColumns) -> Shares | None:
    """Missing where there is no row, measured where one is not mixed."""
    if not told.mixed.parts and len(told.day) == count * len(span.days):
        return None
    by_day = np.zeros((count, len(span.days), 4), np.uint16)
    by_day[..., MISSING] = WHOLE
    by_day[told.series, told.day - span.number] = np.array([WHOLE, 0, 0, 0], np.uint16)
    shares = np.repeat(by_day, span.counts, axis=1)
    for one in told.mixed.parts:
        if holds(span.minutes, one.step_min):
            _put_shares(span, told.mixed.days, one, shares)
    return shares


def _put_shares(span: _SheetSpan, days: DayColumns, one: PartColumns, into: Shares) -> None:
    size = span.minutes // one.step_min
    width = -(-one.slots.shape[1] // size)
    told = _coarse(one, span.minutes, (len(one.row), width))
    series, place = days.series[one.row], days.day[one.row] - span.number
    for rows, periods in _placed(span, place, width):
        into[series[rows][:, None], periods] = told[rows]


def _whole(span: _SheetSpan, count: int, books: BookColumns) -> I64 | None:
    """The slots as they are read, where each series has all of them at this step."""
    if len(books.parts) != 1 or len(books.days) != count * len(span.days):
        return None
    (one,) = books.parts
    fits = one.step_min == span.minutes and bool(np.all(span.counts == one.slots.shape[1]))
    in_order = len(one.row) == len(books.days) and bool(np.all(one.row[1:] > one.row[:-1]))
    return one.slots.reshape(count, len(span)) if fits and in_order else None


def _placed(span: _SheetSpan, place: I64, wide: int) -> Iterator[tuple[Any, I64]]:
    """(rows, (m, wide) periods) of parts on their days; a part that does not fit is of a series
    that is told otherwise."""
    fits = span.counts[place] == wide
    rows: Any = slice(None) if fits.all() else np.flatnonzero(fits)
    yield rows, span.offsets[place[rows]][:, None] + np.arange(wide)


def _coarse(one: PartColumns, minutes: int, shape: tuple[int, ...]) -> Shares:
    measured = np.zeros(4, np.uint16)
    measured[MEASURED] = WHOLE
    fine = np.broadcast_to(measured, (*one.slots.shape, 4)) if one.shares is None else one.shares
    if minutes == 60 and one.step_min != 60:
        if one.hour_shares is None:
            return np.broadcast_to(measured, (*shape, 4))
        return one.hour_shares
    if one.shares is None:
        return np.broadcast_to(measured, (*shape, 4))
    return coarse(fine, fine, fine, one.step_min, minutes)


def _day_shares(span: _SheetSpan, count: int, days: DayColumns) -> Shares | None:
    if days.shares is None and len(days) == count * len(span.days):
        return None
    shares = np.zeros((count, len(span.days), 4), np.uint16)
    shares[..., MISSING] = WHOLE
    shares[days.series, days.day - span.number] = (
        np.array([WHOLE, 0, 0, 0], np.uint16) if days.shares is None else days.shares
    )
    return shares


def _provisional(span: _SheetSpan, count: int, days: DayColumns) -> NDArray[np.bool_]:
    clock = span.view.clock
    open_days = [not clock.is_settled(day, span.zone) for day in span.days]
    by_day = np.tile(np.array(open_days, np.bool_), (count, 1))
    by_day[days.series, days.day - span.number] = days.provisional
    if span.minutes == 0:
        return np.asarray(np.logical_or.reduceat(by_day, span.offsets[:-1], axis=1))
    return by_day if span.minutes >= DAY_MIN else np.repeat(by_day, span.counts, axis=1)


def _months(span: _SheetSpan, count: int, days: DayColumns) -> I64:
    by_day = np.full((count, len(span.days)), ABSENT, np.int64)
    by_day[days.series, days.day - span.number] = days.total
    known = by_day != ABSENT
    firsts = span.offsets[:-1]
    sums = np.add.reduceat(np.where(known, by_day, 0), firsts, axis=1)
    return np.where(np.logical_or.reduceat(known, firsts, axis=1), sums, ABSENT)


def _month_shares(span: _SheetSpan, count: int, days: DayColumns) -> Shares:
    """As `months.month_quality` weighs days; the open parts of gaps by its rule."""
    shares = np.zeros((count, len(span.days), 4), np.int64)
    shares[..., MISSING] = WHOLE
    told = np.array([WHOLE, 0, 0, 0], np.uint16) if days.shares is None else days.shares
    place = days.day - span.number
    shares[days.series, place] = told
    spills: dict[tuple[int, int], tuple[int, int, int]] = {
        (int(days.series[n]), int(place[n])): spill for n, spill in days.spill.items()
    }
    open_share = np.zeros((count, len(span.days)), np.int64)
    for month, start in zip(span.months, span.offsets[:-1].tolist(), strict=True):
        inside = range(start, start + len(month))
        for series in {s for s, day in spills if day in inside}:
            parts = open_parts([spills.get((series, day), (0, 0, 0)) for day in inside])
            open_share[series, start : start + len(month)] = parts
    has_row = np.zeros((count, len(span.days)), np.bool_)
    has_row[days.series, place] = True
    closed = np.where(has_row, shares[..., APPORTIONED] - open_share, 0)
    shares[..., APPORTIONED] -= closed
    shares[..., MEASURED] += closed
    now_us = span.view.now_us
    bounds = [day_bounds(day, span.zone) for day in span.days]
    lengths = np.array([max(0, min(b, now_us) - a) // 1_000_000 for a, b in bounds], np.int64)
    times = np.add.reduceat(shares * lengths[:, None], span.offsets[:-1], axis=1)
    return from_times(times.reshape(-1, 4)).reshape(times.shape)


def _emitted(
    span: _SheetSpan,
    keys: tuple[SeriesKey, ...],
    quantity: I64,
    days: DayColumns,
    plain: list[int],
    count: int,
    fields: frozenset[str],
) -> dict[str, Scaled]:
    found = {}
    for name in _EMITTED.keys() & fields:
        if span.minutes == 0:
            by_day = np.full((count, len(span.days)), ABSENT, np.int64)
            by_day[days.series, days.day - span.number] = days.total
            emitted = _by_factor(span, keys, by_day[plain], _EMITTED[name])
            found[name] = _summed(emitted, span.offsets[:-1], by_day[plain])
        else:
            counts = None if span.minutes >= DAY_MIN else span.counts
            one = _by_factor(span, keys, quantity, _EMITTED[name], counts)
            found[name] = Scaled(one.amount, one.covered, one.digits)
    return found


@dataclass(frozen=True, eq=False)
class _Emitted:
    """Quantities times their factors."""

    amount: NDArray[Any]
    covered: NDArray[np.bool_]
    """Where energy is known, and a factor holds."""
    digits: int


def _by_factor(
    span: _SheetSpan,
    keys: Sequence[SeriesKey],
    quantity: I64,
    name: str,
    counts: I64 | None = None,
) -> _Emitted:
    """Each period by the factor of its local day; `counts` are the periods of each day, one where
    they are not given."""
    view, values = span.view, dict[str, list[Decimal | None]]()
    for item in {key.item for key in keys}:
        rows = [factor_by(view.registry.factors, name, item, day, view.bases) for day in span.days]
        values[item] = [None if row is None else row.value for row in rows]
    exponents = [
        -int(one.as_tuple().exponent) for own in values.values() for one in own if one is not None
    ]
    places = max([0, *exponents])
    per = {item: per_canonical(item) for item in values}
    digits = places + max([0, *(len(str(one)) - 1 for one in per.values())])
    widest = max([1, *per.values()])
    scale = {
        item: [
            None if one is None else int(one.scaleb(places)) * (widest // per[item]) for one in own
        ]
        for item, own in values.items()
    }
    largest = max([1, *(abs(n) for own in scale.values() for n in own if n is not None)])
    known = quantity != ABSENT
    here = np.where(known, quantity, 0)
    wide = float(np.abs(here).max(initial=0)) * largest * 32 >= 2.0**62
    kind: Any = object if wide else np.int64
    rows_of = {
        item: (
            np.array([0 if n is None else n for n in own], dtype=kind),
            np.array([n is not None for n in own], np.bool_),
        )
        for item, own in scale.items()
    }
    amount = np.zeros(quantity.shape, dtype=kind)
    covered = np.zeros(quantity.shape, np.bool_)
    for n, key in enumerate(keys):
        factor, holds_on = rows_of[key.item]
        if counts is not None:
            factor, holds_on = np.repeat(factor, counts), np.repeat(holds_on, counts)
        amount[n] = here[n] * factor
        covered[n] = known[n] & holds_on
    return _Emitted(amount, covered, digits)


def _summed(found: _Emitted, firsts: I64, by_day: I64) -> Scaled:
    """Of months: known where a factor covers all energy of one."""
    sums = np.add.reduceat(np.where(found.covered, found.amount, 0), firsts, axis=1)
    left = np.where((by_day != ABSENT) & ~found.covered, by_day, 0)
    uncovered = np.add.reduceat(left, firsts, axis=1)
    some = np.logical_or.reduceat(found.covered, firsts, axis=1)
    return Scaled(sums, some & (uncovered == 0), found.digits)


def _each(
    view: View,
    keys: Sequence[SeriesKey],
    first: date,
    last: date,
    step: str,
    fields: frozenset[str],
) -> Iterator[FigureSheet]:
    """Sheets of one series each, by the rules of `energy` and `worth`."""
    view.load(keys, first, last)
    for key in keys:
        found = energy_of(view, key, first, last, step)
        yield _of_one(view, found, fields)
        for one in found.remainder:
            yield _of_one(view, one, fields, remainder=True)
        view.forget(key)


def _of_one(
    view: View, found: Energy, fields: frozenset[str], *, remainder: bool = False
) -> FigureSheet:
    emitted = {}
    if _EMITTED.keys() & fields and len(found):
        both = emissions_of_each(view, found)
        for place, name in enumerate(("carbon", "coal")):
            if name in fields:
                emitted[name] = exactly([[one[place].whole for one in both]])
    return FigureSheet(
        (found.key,),
        found.step_min,
        found.zone,
        found.start_us,
        found.end_us,
        found.quantity[None, :],
        fields,
        found.shares[None, :] if "shares" in fields else None,
        found.provisional[None, :] if "provisional" in fields else None,
        money_of_each(view, found) if "money" in fields else None,
        emitted,
        remainder,
    )


def exactly(values: Sequence[Sequence[Decimal | None]]) -> Scaled:
    """Decimals as whole numbers of one scale."""
    known = [one for own in values for one in own if one is not None]
    digits = max([0, *(-int(one.as_tuple().exponent) for one in known)])
    with localcontext() as context:
        context.prec = DIGITS
        whole = [[0 if one is None else int(one.scaleb(digits)) for one in own] for own in values]
    largest = max([0, *(abs(one) for own in whole for one in own)])
    return Scaled(
        np.array(whole, dtype=np.int64 if largest < 2**62 else object),
        np.array([[one is not None for one in own] for own in values], np.bool_),
        digits,
    )
