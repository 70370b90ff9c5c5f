"""Book rows of many series as columns: what a long answer is worked out from.

    DayColumns      a number a row: series, day, total, quality
    PartColumns     all parts of one shape as one array: slots (m, n) of m rows

They say what the same `BookRow`s say; `columns_of` makes them of such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metering.book import BookRow, Crossing, Part, SeriesKey
from metering.localtime import DAY_MIN, day_number
from metering.quality import MEASURED, Shares, all_of
from metering.quantity import ABSENT, I64
from metering.tariff import TariffScope

Spill = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class DayColumns:
    """Rows side by side, sorted by series, then day; all arrays have the same length n."""

    series: I64
    """(n,) places among the series that were asked for."""
    day: I64
    """(n,) days since 1970-01-01."""
    total: I64
    """(n,) book units [mWh, mL, kJ]; ABSENT where nothing is known."""
    provisional: NDArray[np.bool_]
    shares: Shares | None
    """(n, 4) of the days; None where all are wholly measured."""
    spill: Mapping[int, Spill]
    """Of the rows, by place, that have some."""

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True, eq=False)
class PartPricing:
    """What prices parts of one shape: their tariff, and their energy between its edges."""

    scope: TariffScope | None
    """None where no tariff priced them when they were booked."""
    offsets: tuple[int, ...] | None
    """(w) minutes since the local day's first instant at which each window starts; None where no
    tariff prices them."""
    quantity: I64
    """(m, w) book units."""
    estimated: I64
    """(m, w) of it, what stands in for a silent total."""
    crossings: Mapping[int, tuple[Crossing, ...]]
    """Of the parts, by place, over whose edges energy lies."""


@dataclass(frozen=True, eq=False)
class PartColumns:
    """Parts of one shape side by side, in the order of their rows."""

    row: I64
    """(m,) places among the rows of the days."""
    step_min: int
    slots: I64
    """(m, n) book units, ABSENT where nothing is known."""
    shares: Shares | None
    """(m, n, 4) quality of each slot; None where all are wholly measured."""
    hour_shares: Shares | None
    """(m, hours, 4); likewise."""
    meters: I64
    """(m,) how many meters count into each; 1 of a row's only part where prices are not asked
    for."""
    pricing: PartPricing | None
    """None where it was not asked for."""


@dataclass(frozen=True, eq=False)
class BookColumns:
    """Rows of many series with their parts."""

    days: DayColumns
    parts: tuple[PartColumns, ...]


@dataclass(frozen=True, eq=False)
class MixedColumns:
    """What the quality of periods is told of."""

    series: I64
    """(n,) of all rows, places among the series that were asked for, rising."""
    day: I64
    """(n,) days since 1970-01-01; rising in a series."""
    mixed: BookColumns
    """The rows that have to be looked at."""


def is_mixed(row: BookRow, step_min: int) -> bool:
    """Whether a row is anything else than one part of 24 hours, all measured, of which periods of a
    step are made."""
    one = row.finest
    mixed = any(np.any(own[:, MEASURED + 1 :]) for own in (one.shares, one.hour_shares))
    whole = len(one.slots) * one.step_min == DAY_MIN and step_min % one.step_min == 0
    return mixed or not whole or len(row.parts) > 1


Shape = tuple[object, ...]


def shape_of(part: Part, *, priced: bool) -> Shape:
    """Parts of one shape stand in one array."""
    lengths = (part.step_min, len(part.slots), len(part.hour_shares))
    if not priced:
        return lengths
    return (*lengths, part.scope, None if part.windows is None else part.windows.offsets)


def columns_of(
    keys: Sequence[SeriesKey], rows: Iterable[BookRow], *, priced: bool = True
) -> BookColumns:
    """The columns of rows, each of one of the keys: what a store answers, from rows that are
    there. `priced` takes what prices the parts along."""
    place = {key: n for n, key in enumerate(keys)}
    ordered = sorted(rows, key=lambda row: (place[row.key], row.day))
    alike: dict[Shape, list[tuple[int, Part]]] = {}
    for n, row in enumerate(ordered):
        plain = not priced and len(row.parts) == 1
        for part in row.parts:
            told = replace(part, meters=1) if plain else part
            alike.setdefault(shape_of(part, priced=priced), []).append((n, told))
    return BookColumns(
        days_of(place, ordered), tuple(_stacked(parts, priced) for parts in alike.values())
    )


def days_of(place: Mapping[SeriesKey, int], rows: Sequence[BookRow]) -> DayColumns:
    """The days of rows that are sorted by place of their series, and day."""
    count = len(rows)
    shares = np.stack([row.day_shares for row in rows]) if rows else all_of(MEASURED, 0)
    return DayColumns(
        np.fromiter((place[row.key] for row in rows), np.int64, count),
        np.fromiter((day_number(row.day) for row in rows), np.int64, count),
        np.fromiter((ABSENT if r.total is None else r.total for r in rows), np.int64, count),
        np.fromiter((row.provisional for row in rows), np.bool_, count),
        unless_measured(shares),
        {n: row.spill for n, row in enumerate(rows) if any(row.spill)},
    )


def unless_measured(shares: Shares) -> Shares | None:
    """Shares, or None where all are wholly measured."""
    return None if not np.any(shares[..., MEASURED + 1 :]) else shares


def _stacked(found: Sequence[tuple[int, Part]], priced: bool) -> PartColumns:
    parts = [part for _, part in found]
    first = parts[0]
    return PartColumns(
        np.array([n for n, _ in found], np.int64),
        first.step_min,
        np.stack([part.slots for part in parts]),
        unless_measured(np.stack([part.shares for part in parts])),
        unless_measured(np.stack([part.hour_shares for part in parts])),
        np.array([part.meters for part in parts], np.int64),
        _pricing(parts) if priced else None,
    )


def _pricing(parts: Sequence[Part]) -> PartPricing:
    windows = [part.windows for part in parts if part.windows is not None]
    if not windows:
        nothing = np.zeros((len(parts), 0), np.int64)
        return PartPricing(parts[0].scope, None, nothing, nothing, {})
    return PartPricing(
        parts[0].scope,
        windows[0].offsets,
        np.stack([one.quantity for one in windows]),
        np.stack([one.estimated for one in windows]),
        {n: one.crossings for n, one in enumerate(windows) if one.crossings},
    )
