"""Laws of a BookTable: its columns say what the rows say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from metering import quality
from metering.book import BookRow, Part, PriceWindows, SeriesKey
from metering.book_columns import (
    BookColumns,
    DayColumns,
    PartColumns,
    columns_of,
    is_mixed,
)
from metering.localtime import day_of_number
from metering.quantity import ABSENT
from storage import Stores
from tests.contract.test_contract_books import DAY, KEY, OTHER, booked, commit, parted

DAYS = [DAY + timedelta(days=n) for n in range(4)]
UNKNOWN = SeriesKey("office", "meter", "nobody", "01000")
KEYS = [OTHER, UNKNOWN, KEY]
"""Not in their natural order."""


def estimated(row: BookRow) -> BookRow:
    """Of one part, whose quality is another in the hour than in the slots."""
    shares = quality.all_of(quality.ESTIMATED, 96)
    return replace(row, parts=(replace(row.finest, shares=shares),))


def unknown(row: BookRow) -> BookRow:
    """A day of which nothing is known."""
    part = replace(
        row.finest,
        slots=np.full(96, ABSENT, np.int64),
        shares=quality.all_of(quality.MISSING, 96),
        hour_shares=quality.all_of(quality.MISSING, 24),
    )
    missing = quality.all_of(quality.MISSING, 1)[0]
    return replace(row, parts=(part,), total=None, day_shares=missing)


def daily(row: BookRow) -> BookRow:
    """With a meter that is read once a day beside the quarter hours."""
    shares = quality.all_of(quality.MEASURED, 24)
    once = Part(1440, np.array([7], np.int64), shares[:1], shares)
    return replace(row, parts=(*row.parts, once), total=(row.total or 0) + 7)


@pytest.fixture
def kept(stores: Stores) -> Stores:
    """Rows of many shapes, one of them superseded."""
    commit(stores, booked(day=DAYS[0]), booked(OTHER, DAYS[1], 8, gap=True))
    commit(
        stores,
        booked(day=DAYS[0], energy=6),
        booked(day=DAYS[1], gap=True),
        unknown(booked(day=DAYS[2])),
        parted(booked(day=DAYS[3], provisional=True)),
        daily(parted(booked(OTHER, DAYS[0]), meters=2)),
        estimated(booked(OTHER, DAYS[2])),
        daily(booked(OTHER, DAYS[3])),
    )
    return stores


def told(keys: Sequence[SeriesKey], found: BookColumns) -> list[tuple[object, ...]]:
    """Days with their parts as plain values, wherever in an array they stand."""
    parts: list[list[tuple[object, ...]]] = [[] for _ in range(len(found.days))]
    for one in found.parts:
        for n, row in enumerate(one.row.tolist()):
            parts[row].append(told_part(one, n))
    return [
        (*day, sorted(own, key=repr))
        for day, own in zip(told_days(keys, found.days), parts, strict=True)
    ]


def told_days(keys: Sequence[SeriesKey], days: DayColumns) -> list[tuple[object, ...]]:
    return [
        (
            keys[days.series[n]],
            day_of_number(int(days.day[n])),
            int(days.total[n]),
            bool(days.provisional[n]),
            [10_000, 0, 0, 0] if days.shares is None else days.shares[n].tolist(),
            days.spill.get(n),
        )
        for n in range(len(days))
    ]


def told_part(one: PartColumns, n: int) -> tuple[object, ...]:
    shares = "measured" if one.shares is None else one.shares[n].tolist()
    hours = "measured" if one.hour_shares is None else one.hour_shares[n].tolist()
    pricing = one.pricing and (
        one.pricing.scope,
        one.pricing.offsets,
        one.pricing.quantity[n].tolist(),
        one.pricing.estimated[n].tolist(),
        one.pricing.crossings.get(n),
    )
    whole = [[10_000, 0, 0, 0]]
    return (
        one.step_min,
        one.slots[n].tolist(),
        "measured" if shares == whole * one.slots.shape[1] else shares,
        "measured" if hours != "measured" and hours == whole * len(hours) else hours,
        int(one.meters[n]),
        pricing,
    )


@pytest.mark.parametrize("priced", [True, False])
@pytest.mark.parametrize(("first", "last"), [(0, 3), (1, 2), (3, 3)])
def test_columns_say_what_rows_say(kept: Stores, priced: bool, first: int, last: int) -> None:
    span = (DAYS[first], DAYS[last])
    found = kept.books.columns(KEYS, *span, priced=priced)
    wanted = columns_of(KEYS, kept.books.rows(KEYS, *span), priced=priced)
    assert told(KEYS, found) == told(KEYS, wanted)
    with kept.books.at_rest() as books:
        assert told(KEYS, books.columns(KEYS, *span, priced=priced)) == told(KEYS, wanted)
        assert told_days(KEYS, books.day_columns(KEYS, *span)) == told_days(KEYS, wanted.days)
        assert books.totals(KEYS, *span).tolist() == added(wanted.days)


def added(days: DayColumns) -> list[int]:
    """Known totals of each of the keys, one after another."""
    found = [ABSENT] * len(KEYS)
    for series, total in zip(days.series.tolist(), days.total.tolist(), strict=True):
        if total != ABSENT:
            found[series] = total + (0 if found[series] == ABSENT else found[series])
    return found


def test_totals_of_unknown_days_are_unknown(stores: Stores) -> None:
    commit(stores, unknown(booked()), booked(OTHER, DAY, 2**50), booked(OTHER, NEXT, -(2**50) + 1))
    assert stores.books.totals(KEYS, DAY, NEXT).tolist() == [96, ABSENT, ABSENT]
    assert stores.books.totals([], DAY, NEXT).tolist() == []


@pytest.mark.parametrize("step_min", [15, 30, 60])
def test_mixed_rows_are_those_that_have_to_be_looked_at(kept: Stores, step_min: int) -> None:
    span = (DAYS[0], DAYS[3])
    rows = kept.books.rows(KEYS, *span)
    mixed = [row for row in rows if is_mixed(row, step_min)]
    assert 0 < len(mixed) < len(rows)
    found, all_of_them = kept.books.mixed_columns(KEYS, *span, step_min), columns_of(KEYS, rows)
    assert told(KEYS, found.mixed) == told(KEYS, columns_of(KEYS, mixed, priced=False))
    assert found.series.tolist() == all_of_them.days.series.tolist()
    assert found.day.tolist() == all_of_them.days.day.tolist()


def hourly(row: BookRow, hours: int = 24) -> BookRow:
    """Of one part of so many whole hours."""
    slots, shares = np.full(hours, 20, np.int64), quality.all_of(quality.MEASURED, hours)
    part = Part(60, slots, shares, shares)
    return replace(row, parts=(part,), total=int(slots.sum()))


@pytest.mark.parametrize(("step_min", "days"), [(15, [0, 1, 2]), (60, [1])])
def test_steps_and_lengths_of_days_have_to_be_looked_at(
    stores: Stores, step_min: int, days: list[int]
) -> None:
    rows = [hourly(booked(day=DAYS[n]), hours) for n, hours in enumerate((24, 25, 24))]
    priced = parted(booked(day=DAYS[3]))
    commit(stores, *rows, booked(OTHER), replace(priced, parts=priced.parts[:1]))
    found = stores.books.mixed_columns(KEYS, DAYS[0], DAYS[3], step_min)
    assert [is_mixed(row, step_min) for row in rows] == [n in days for n in range(3)]
    assert [day_of_number(n) for n in found.mixed.days.day.tolist()] == [DAYS[n] for n in days]
    assert len(found.day) == 5


def test_a_row_is_told_as_it_was_booked(stores: Stores) -> None:
    row = parted(booked())
    commit(stores, row)
    found = stores.books.columns([KEY], DAY, DAY)
    assert told_days([KEY], found.days) == [(KEY, DAY, 480, False, [10_000, 0, 0, 0], None)]
    windows = [part.windows for part in row.parts]
    assert all(isinstance(one, PriceWindows) for one in windows)
    by_scope = {one.pricing.scope: one for one in found.parts if one.pricing}
    for part in row.parts:
        own = by_scope[part.scope]
        assert own.pricing is not None
        assert part.windows is not None
        assert own.meters.tolist() == [3]
        assert own.slots[0].tolist() == part.slots.tolist()
        assert own.pricing.offsets == part.windows.offsets
        assert own.pricing.quantity[0].tolist() == part.windows.quantity.tolist()
        assert own.pricing.estimated[0].tolist() == part.windows.estimated.tolist()
        assert own.pricing.crossings.get(0, ()) == part.windows.crossings


def test_where_nothing_is_booked_there_is_nothing(stores: Stores) -> None:
    for keys in ([UNKNOWN], []):
        assert len(stores.books.columns(keys, DAY, DAY).days) == 0
        assert stores.books.columns(keys, DAY, DAY).parts == ()
        assert len(stores.books.day_columns(keys, DAY, DAY)) == 0
        assert len(stores.books.mixed_columns(keys, DAY, DAY, 60).day) == 0


def test_very_many_series_stay_in_the_order_asked_for(stores: Stores) -> None:
    keys = [SeriesKey("office", "meter", f"m{n}", "01000") for n in range(1203)]
    commit(stores, *(booked(key, day, n) for n, key in enumerate(keys) for day in (DAY, NEXT)))
    keys.reverse()
    days = stores.books.day_columns(keys, DAY, NEXT)
    assert days.series.tolist() == [n for n in range(1203) for _ in range(2)]
    assert days.total.tolist() == [96 * (1202 - n) for n in range(1203) for _ in range(2)]
    assert days.day.tolist() == sorted(set(days.day.tolist())) * 1203


NEXT: date = DAY + timedelta(days=1)
