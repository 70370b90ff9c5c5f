"""Current book rows of many series as columns: rows of one shape are unpacked in one go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.types import NullType

from metering.book import SeriesKey
from metering.book_columns import (
    BookColumns,
    DayColumns,
    MixedColumns,
    PartColumns,
    PartPricing,
    Spill,
)
from metering.localtime import day_number
from metering.quality import MEASURED, WHOLE, Shares, all_of
from metering.quantity import ABSENT, I64
from storage.sql.book_codec import NO_OTHERS, PLAIN, TermsKept, hours_of, kept_parts, spill_of
from storage.sql.book_lookup import CHUNK, CURRENT, fetched, numbers_of
from storage.sql.schema import BOOK_ROW, MIXED

_T = BOOK_ROW.c
_FIRST, _SECOND = itemgetter(0), itemgetter(1)
_DAYS = ("series_id", "day", "total", "provisional", "day_shares", "spill")
_PARTS = ("step_min", "slots", "shares", "hour_shares", "parts")


def _raw(name: str) -> ColumnElement[Any]:
    """A column as the driver gives it: of very many rows each step counts."""
    column = _T[name]
    return type_coerce(column, Integer() if name == "provisional" else NullType()).label(name)


_WANTED: Final = [_raw(name) for name in (*_DAYS, *_PARTS)]


def day_columns(con: Connection, keys: Sequence[SeriesKey], first: date, last: date) -> DayColumns:
    """Days of current rows, sorted by place of their series, and day.

    A series' days and totals come as one text each, since a row of the database costs more to
    hand over than what it says; only days that are not settled, measured and closed come by
    themselves.
    """
    found = [
        _of_texts(places, *_told_together(con, chosen))
        for places, chosen in _chunks(con, keys, first, last)
    ]
    return _joined(found) if found else NO_DAYS


def _told_together(con: Connection, chosen: ColumnElement[bool]) -> tuple[list[Any], list[Any]]:
    """(series with their days and totals, days with more to tell)."""
    totals = func.coalesce(_T.total, ABSENT)
    texts = [func.aggregate_strings(cast(one, Text), ",") for one in (_T.day, totals)]
    whole = select(_T.series_id, *texts).where(chosen).group_by(_T.series_id)
    more = or_(_T.provisional.is_(True), _T.day_shares.is_not(None), _T.spill.is_not(None))
    names = ("series_id", "day", "provisional", "day_shares", "spill")
    apart = select(*(_raw(name) for name in names)).where(chosen, more)
    return fetched(con, whole), fetched(con, apart)


def totals(con: Connection, keys: Sequence[SeriesKey], first: date, last: date) -> I64:
    """(S,) totals of the days of current rows together; ABSENT where none is known. The engine adds
    them up in the index of days: whole numbers, exactly, or it refuses."""
    found = np.full(len(keys), ABSENT, np.int64)
    for places, chosen in _chunks(con, keys, first, last):
        own = select(_T.series_id, func.sum(_raw("total"))).where(chosen).group_by(_T.series_id)
        for id, total in fetched(con, own):
            if total is not None:
                found[places[id]] = int(total)
    return found


def _of_texts(places: dict[int, int], whole: list[Any], apart: list[Any]) -> DayColumns:
    if not whole:
        return NO_DAYS
    of, day, (total,) = _listed(places, whole)
    shares: Shares | None = None
    provisional, spill = np.zeros(len(day), np.bool_), dict[int, Spill]()
    if apart:
        names = np.array([(places[row[0]] << 32) + row[1] for row in apart], np.int64)
        at = np.searchsorted((of << 32) + day, names)
        provisional[at] = [bool(row[2]) for row in apart]
        kept = [(n, row[3]) for n, row in zip(at.tolist(), apart, strict=True) if row[3]]
        if kept:
            shares = all_of(MEASURED, len(day))
            packed = b"".join(one for _, one in kept)
            shares[[n for n, _ in kept]] = np.frombuffer(packed, "<u2").reshape(-1, 4)
        spill = {n: spill_of(row[4]) for n, row in zip(at.tolist(), apart, strict=True) if row[4]}
    return DayColumns(of, day, total, provisional, shares, spill)


def _listed(places: dict[int, int], told: list[Any]) -> tuple[I64, I64, list[I64]]:
    """(places, days, further numbers) by place, then day, of series with texts of days and of these
    numbers. All texts are read as one: each by itself would cost more than it says."""
    told.sort(key=lambda row: places[row[0]])
    counts = [row[1].count(",") + 1 for row in told]
    of = np.repeat(np.array([places[row[0]] for row in told], np.int64), counts)
    day, *others = (
        np.fromstring(",".join([row[n] for row in told]), np.int64, sep=",")
        for n in range(1, len(told[0]))
    )
    names = (of << 32) + day
    if np.any(names[1:] < names[:-1]):
        order = np.argsort(names)
        day, others = day[order], [one[order] for one in others]
    return of, day, others


def book_columns(
    con: Connection, keys: Sequence[SeriesKey], first: date, last: date, *, priced: bool
) -> BookColumns:
    """Current rows with their parts."""
    found = (
        (places, fetched(con, select(*_WANTED).where(chosen)))
        for places, chosen in _chunks(con, keys, first, last)
    )
    return _with_parts(found, priced=priced)


def _with_parts(found: Iterable[tuple[dict[int, int], list[Any]]], *, priced: bool) -> BookColumns:
    """Of (place by number of a series, rows of `_WANTED`), so many series at a time."""
    days, alike, count = list[DayColumns](), dict[Any, _Alike](), 0
    for places, unordered in found:
        if not unordered:
            continue
        names, rows = _ordered(unordered, places)
        days.append(_days(names, _columns(rows, 2, 6)))
        if priced or not _take_plain(alike, count, _columns(rows, 6, 11)):
            for n, row in enumerate(rows, start=count):
                _take(alike, n, row[6:], priced)
        count += len(rows)
    parts = tuple(one.columns(priced) for one in alike.values())
    return BookColumns(_joined(days) if days else NO_DAYS, parts)


def mixed_columns(
    con: Connection, keys: Sequence[SeriesKey], first: date, last: date, step_min: int
) -> MixedColumns:
    """Which rows there are, and those that are mixed: both are known of indexes alone, and slots of
    no other row are read."""
    series, days, rows = list[I64](), list[I64](), list[tuple[dict[int, int], list[Any]]]()
    for places, chosen in _chunks(con, keys, first, last):
        told, own = _mixed_of(con, chosen, step_min)
        if told:
            of, day, _ = _listed(places, told)
            series.append(of)
            days.append(day)
            rows.append((places, own))
    return MixedColumns(
        np.concatenate([NO_DAYS.series, *series]),
        np.concatenate([NO_DAYS.day, *days]),
        _with_parts(rows, priced=False),
    )


def _mixed_of(
    con: Connection, chosen: ColumnElement[bool], step_min: int
) -> tuple[list[Any], list[Any]]:
    """(series with their days, rows that are mixed)."""
    mixed = MIXED[con.dialect.name]
    rest = literal(step_min) % _T.step_min
    named = (_T.series_id, func.aggregate_strings(cast(_T.day, Text), ","), func.max(rest))
    told = fetched(con, select(*named).where(chosen).group_by(_T.series_id))
    rows = fetched(con, select(*_WANTED).where(chosen, text(mixed)))
    if wide := [id for id, _, most in told if most]:  # few have parts that the step is not made of
        others = and_(_T.series_id.in_(wide), rest != 0, text(f"NOT {mixed}"))
        rows += fetched(con, select(*_WANTED).where(chosen, others))
    return [row[:2] for row in told], rows


def _columns(rows: list[Any], first: int, end: int) -> list[list[Any]]:
    """Some columns of rows; to turn all of them at once takes far longer."""
    return [list(map(itemgetter(n), rows)) for n in range(first, end)]


def _ordered(rows: list[Any], places: dict[int, int]) -> tuple[I64, list[Any]]:
    """Rows by place of their series, then day, and both as one number of each."""
    series = np.fromiter(map(places.__getitem__, map(_FIRST, rows)), np.int64, len(rows))
    names = (series << 32) + np.fromiter(map(_SECOND, rows), np.int64, len(rows))
    if np.all(names[1:] > names[:-1]):
        return names, rows
    order = np.argsort(names)
    return names[order], [rows[n] for n in order.tolist()]


def _chunks(
    con: Connection, keys: Sequence[SeriesKey], first: date, last: date
) -> Iterator[tuple[dict[int, int], ColumnElement[bool]]]:
    """(place by number of a series, which rows are theirs)."""
    known = [(id, n) for n, id in enumerate(numbers_of(con, keys)) if id is not None]
    of_days = _T.day.between(day_number(first), day_number(last))
    for start in range(0, len(known), CHUNK):
        places = dict(known[start : start + CHUNK])
        yield places, and_(_T.series_id.in_(list(places)), CURRENT, of_days)


def _days(names: I64, columns: Sequence[Sequence[Any]]) -> DayColumns:
    """Of totals, provisional, shares and spills, in the order of the names of their rows."""
    total, provisional, day_shares, spill = columns
    count = len(names)
    shares: Shares | None = None
    if any(day_shares):
        mixed = [n for n, one in enumerate(day_shares) if one is not None]
        shares = all_of(MEASURED, count)
        kept = b"".join(day_shares[n] for n in mixed)
        shares[mixed] = np.frombuffer(kept, "<u2").reshape(-1, 4)
    if None in total:
        total = [ABSENT if one is None else one for one in total]
    spills = any(spill)
    return DayColumns(
        names >> 32,
        names & 0xFFFFFFFF,
        np.array(total, np.int64),
        np.array(provisional, np.bool_),
        shares,
        {n: spill_of(one) for n, one in enumerate(spill) if one is not None} if spills else {},
    )


NO_DAYS: Final = _days(np.zeros(0, np.int64), [[], [], [], []])


def _joined(found: Sequence[DayColumns]) -> DayColumns:
    """Chunks one after another; each has later series than the ones before."""
    firsts = np.cumsum([0, *(len(one) for one in found)]).tolist()
    shares: Shares | None = None
    if any(one.shares is not None for one in found):
        shares = np.concatenate(
            [all_of(MEASURED, len(one)) if one.shares is None else one.shares for one in found]
        )
    return DayColumns(
        np.concatenate([one.series for one in found]),
        np.concatenate([one.day for one in found]),
        np.concatenate([one.total for one in found]),
        np.concatenate([one.provisional for one in found]),
        shares,
        {
            first + n: told
            for first, one in zip(firsts, found, strict=False)
            for n, told in one.spill.items()
        },
    )


class _Alike:
    """Packed parts of one shape, while they are being collected."""

    def __init__(self, step_min: int, terms: TermsKept) -> None:
        self.step_min, self.terms = step_min, terms
        self.row: list[int] = []
        self.slots: list[bytes] = []
        self.shares: dict[int, bytes] = {}
        self.hour_shares: dict[int, bytes] = {}
        self.meters: list[int] = []
        self.quantity: list[bytes] = []
        self.estimated: dict[int, bytes] = {}
        self.crossings: dict[int, Any] = {}

    def columns(self, priced: bool) -> PartColumns:
        """All of them as arrays."""
        count = len(self.row)
        slots = np.frombuffer(b"".join(self.slots), "<i8").reshape(count, -1)
        hours = hours_of(slots.shape[1], self.step_min)
        for kept in self.hour_shares.values():
            hours = len(kept) // 8
            break
        return PartColumns(
            np.array(self.row, np.int64),
            self.step_min,
            slots,
            _shares(self.shares, count, slots.shape[1]),
            _shares(self.hour_shares, count, hours),
            np.array(self.meters, np.int64),
            self._pricing(count) if priced else None,
        )

    def _pricing(self, count: int) -> PartPricing:
        scope = self.terms.told_scope()
        windows = self.terms.windows
        if windows is None:
            nothing = np.zeros((count, 0), np.int64)
            return PartPricing(scope, None, nothing, nothing, {})
        quantity = np.frombuffer(b"".join(self.quantity), "<i8").reshape(count, -1)
        estimated = np.zeros_like(quantity)
        for n, one in self.estimated.items():
            estimated[n] = np.frombuffer(one, "<i8")
        return PartPricing(scope, windows.offsets, quantity, estimated, self.crossings)


def _shares(kept: dict[int, bytes], count: int, width: int) -> Shares | None:
    """(count, width, 4); those that are not kept are wholly measured."""
    if not kept:
        return None
    found: NDArray[np.uint16] = np.zeros((count, width, 4), np.uint16)
    found[..., MEASURED] = WHOLE
    found[list(kept)] = np.frombuffer(b"".join(kept.values()), "<u2").reshape(-1, width, 4)
    return found if np.any(found[..., MEASURED + 1 :]) else None


def _take_plain(alike: dict[Any, _Alike], first: int, columns: Sequence[Sequence[Any]]) -> bool:
    """Add rows that are all of one measured part of one shape, which most are; whether they
    are."""
    step_min, slots, shares, hour_shares, parts = columns
    shapes = set(zip(step_min, map(len, slots), strict=True))
    if len(shapes) != 1 or any(shares) or any(hour_shares):
        return False
    if any(one is not None and one[-1:] != NO_OTHERS for one in parts):
        return False
    (shape,) = shapes
    into = alike.setdefault(shape, _Alike(shape[0], PLAIN))
    into.row.extend(range(first, first + len(slots)))
    into.slots.extend(slots)
    into.meters.extend([1] * len(slots))
    return True


def _take(alike: dict[Any, _Alike], n: int, row: Sequence[Any], priced: bool) -> None:
    """Add the parts of a row, the finest first."""
    step_min, slots, shares, hour_shares, parts = row
    others: Sequence[Any] = ()
    if parts is None or (not priced and parts[-1:] == NO_OTHERS):
        terms = PLAIN
    else:
        kept = kept_parts(parts)
        terms, others = kept.finest, kept.others
    _add(alike, n, terms, (step_min, slots, shares, hour_shares), priced)
    for one in others:
        packed = (one.step_min, one.slots, one.shares, one.hour_shares)
        _add(alike, n, one.terms, packed, priced)


def _add(
    alike: dict[Any, _Alike], n: int, terms: TermsKept, packed: Sequence[Any], priced: bool
) -> None:
    step_min, slots, shares, hour_shares = packed
    windows = terms.windows
    shape: Any = (step_min, len(slots))
    if shares is not None or hour_shares is not None:
        shape = (*shape, None if hour_shares is None else len(hour_shares))
    if priced:
        shape = (*shape, terms.scope, None if windows is None else windows.offsets)
    into = alike.get(shape)
    if into is None:
        into = alike[shape] = _Alike(step_min, terms)
    place = len(into.row)
    into.row.append(n)
    into.slots.append(slots)
    into.meters.append(terms.meters)
    if shares is not None:
        into.shares[place] = shares
    if hour_shares is not None:
        into.hour_shares[place] = hour_shares
    if priced and windows is not None:
        into.quantity.append(windows.quantity)
        if windows.estimated:
            into.estimated[place] = windows.estimated
        if windows.crossings:
            into.crossings[place] = windows.unpacked_crossings()
