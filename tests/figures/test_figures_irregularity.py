"""The index of schedule irregularity: the part of a day's energy that is used at other hours."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import View, base_loads, irregularity
from figures.irregularity import index_of
from metering import quality
from metering.book import BookRow, SeriesKey
from metering.localtime import slot_starts
from metering.quantity import ABSENT, total
from metering.registry import Node, NodeType, Registry

ZONE = "Europe/Berlin"
FIRST = date(2026, 3, 2)
KEY = SeriesKey("o", "node", "o", "01000")
DAY = np.where((np.arange(24) >= 8) & (np.arange(24) < 18), 10_000, 1_000)


class Books:
    """Rows that stand still."""

    def __init__(self, rows: list[BookRow]) -> None:
        self._rows = rows

    def rows(self, keys: Any, first: date, last: date) -> list[BookRow]:
        return [row for row in self._rows if row.key in keys and first <= row.day <= last]

    def revision(self, institution: str) -> int:
        return 1


def row(day: date, hours: Any) -> BookRow:
    slots = np.asarray(hours, dtype=np.int64)[: len(slot_starts(day, ZONE, 60))]
    shares = quality.all_of(quality.MEASURED, len(slots))
    shares[slots == ABSENT] = (0, 0, 0, quality.WHOLE)
    return BookRow.of(
        key=KEY,
        day=day,
        step_min=60,
        slots=slots,
        shares=shares,
        hour_shares=shares,
        total=total(slots),
        day_shares=shares[:1],
        provisional=False,
    )


def view(days: list[Any]) -> View:
    rows = [row(FIRST + timedelta(days=n), own) for n, own in enumerate(days)]
    known = Registry(nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)})
    now_us = int(slot_starts(FIRST + timedelta(days=len(days) + 1), ZONE, 60)[0])
    return View(Books(rows), known, now_us)


def index(days: list[Any]) -> tuple[Decimal | None, int]:
    found = irregularity(view(days), KEY, FIRST, FIRST + timedelta(days=len(days) - 1))
    return found.value, found.days


def test_a_place_that_does_the_same_each_day_is_regular_whatever_it_takes() -> None:
    assert index([DAY * n for n in range(1, 13)]) == (Decimal("0.000000"), 10)


def test_a_stretch_at_other_hours_is_told_by_its_part_of_the_day() -> None:
    late = DAY.copy()
    late[18], late[8] = late[8], late[18]
    days = [DAY] * 5
    days[2] = late
    moved = 9_000 / DAY.sum()
    assert index(days) == (Decimal(moved / 5).quantize(Decimal("0.000001")), 5)


def test_days_of_rest_have_a_usual_day_of_their_own() -> None:
    rest = np.full(24, 1_000)
    weeks = [rest if n % 7 >= 5 else DAY for n in range(21)]
    assert index(weeks) == (Decimal("0.000000"), 21)
    assert index(weeks[:14]) == (Decimal("0.000000"), 10)


def test_what_is_not_wholly_known_or_below_zero_counts_nowhere() -> None:
    gap, back, nothing = DAY.copy(), DAY.copy(), np.zeros(24, dtype=np.int64)
    gap[3], back[3] = ABSENT, -5
    assert index([DAY, DAY, gap, back, DAY]) == (None, 0)
    assert index([DAY] * 5 + [DAY] * 2 + [gap, back, nothing]) == (Decimal("0.000000"), 5)


def test_days_of_23_hours_are_left_out() -> None:
    spring = (date(2026, 3, 29) - FIRST).days
    rest = np.full(24, 1_000)
    days: list[Any] = [rest if n % 7 >= 5 else DAY for n in range(spring + 1)]
    assert index(days)[1] == spring


def naive(shares: list[list[float]], working: list[bool]) -> tuple[float | None, int]:
    """The definition once more, day by day."""
    parts = []
    for kind in (True, False):
        own = [one for one, works in zip(shares, working, strict=True) if works is kind]
        if len(own) < 5:
            continue
        usual = [median(day[hour] for day in own) for hour in range(24)]
        whole = sum(usual)
        usual = [one / whole if whole > 0 else 1 / 24 for one in usual]
        parts += [sum(abs(a - b) for a, b in zip(day, usual, strict=True)) / 2 for day in own]
    return (sum(parts) / len(parts), len(parts)) if parts else (None, 0)


def day_of(seed: int | None) -> list[int | None]:
    """Hours of a day, all of them known but for one of a day without a seed."""
    if seed is None:
        return [1] * 23 + [None]
    return np.random.default_rng(seed).integers(0, 50, 24).tolist()


@given(st.lists(st.builds(day_of, st.integers(0, 99) | st.none()), min_size=15, max_size=28))
def test_base_loads_are_their_definition(days: list[list[int | None]]) -> None:
    booked = [np.array([ABSENT if x is None else x * 1_000 for x in own]) for own in days]
    bases: dict[int, list[float]] = {}
    for n, own in enumerate(days):
        known = [x for x in own if x is not None]
        if len(known) == 24 and (FIRST + timedelta(days=n)) != date(2026, 3, 29):
            bases.setdefault(n % 7, []).append(sum(sorted(known)[:3]) / 3 / 1_000)
    last = FIRST + timedelta(days=max(len(days), 1) - 1)
    for number, found in enumerate(base_loads(view(list(booked)), KEY, FIRST, last)):
        own_bases = bases.get(number, [])
        if len(own_bases) < 3:
            assert found is None
        else:
            assert float(found or 0) == pytest.approx(median(own_bases), abs=1e-6)


HOURS = st.lists(st.integers(0, 50), min_size=24, max_size=24).filter(any)


@given(st.lists(st.tuples(HOURS, st.booleans()), max_size=16))
def test_the_index_is_its_definition(days: list[tuple[list[int], bool]]) -> None:
    shares = [[one / sum(hours) for one in hours] for hours, _ in days]
    working = [works for _, works in days]
    found = index_of(np.array(shares, dtype=np.float64).reshape(len(days), 24), working)
    value, count = naive(shares, working)
    assert found.days == count
    if value is None:
        assert found.value is None
    else:
        assert found.value is not None
        assert float(found.value) == pytest.approx(value, abs=1e-6)
        assert 0 <= found.value <= 1
