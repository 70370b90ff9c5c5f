"""Laws of registers and curves, and an obvious slow loop that must agree."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from figures.months import open_parts
from ledger.clean import clean
from ledger.curve import Curve, along
from ledger.limits import RegisterLimits, to_book_units
from ledger.periods import Clock
from ledger.windows import Pricing
from metering.book import SeriesKey
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, days_between
from metering.quality import APPORTIONED, MEASURED, MISSING
from metering.quantity import ABSENT
from metering.registry import Meter, Node, NodeType, Registry
from metering.tariff_choice import TariffChoice
from tests.ledger.one_meter import book_days

QUARTER = 15 * MINUTE_US
KEY = SeriesKey("o", "meter", "m", "01000")
ZONES = ("Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin",
         "Australia/Lord_Howe", "+05:45", "America/Santiago")  # fmt: skip
quick = settings(max_examples=80, deadline=None)


@st.composite
def curves(draw, start: int, span: int):
    count = draw(st.integers(2, 40))
    steps = draw(st.lists(st.integers(1, 6 * HOUR_US), min_size=count, max_size=count))
    times = start + draw(st.integers(-span, span)) + np.cumsum(np.array(steps, dtype=np.int64))
    quality = np.array(
        draw(st.lists(st.sampled_from([0, 0, 1, 3]), min_size=count - 1, max_size=count - 1)),
        dtype=np.int8,
    )
    energy = np.array(
        draw(st.lists(st.integers(0, 10**12), min_size=count - 1, max_size=count - 1)),
        dtype=np.int64,
    )
    return Curve.of(times, np.where(quality == MISSING, 0, energy), quality)


@st.composite
def days_and_curves(draw):
    zone = draw(st.sampled_from(ZONES))
    first = draw(st.sampled_from([date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7),
                                  date(2026, 4, 4), date(2026, 9, 5)]))  # fmt: skip
    days = days_between(first, first + timedelta(days=3))
    start, _ = day_bounds(first, zone)
    return (
        zone,
        days,
        draw(curves(start, 2 * 24 * HOUR_US)),
        draw(st.sampled_from([15, 20, 30, 60, 1440])),
    )


def unpriced(zone: str) -> Pricing:
    """A meter that no tariff prices."""
    registry = Registry(
        nodes={"b": Node("b", NodeType.BUILDING)}, meters={"m": Meter("m", "b", "01000")}
    )
    return Pricing(TariffChoice(registry), "m", zone)


@quick
@given(days_and_curves())
def test_slots_telescope_to_last_minus_first(given_case):
    zone, days, curve, step = given_case
    rows = book_days(KEY, curve, days, step, Clock(2**60), unpriced(zone))
    start, end = day_bounds(days[0], zone)[0], day_bounds(days[-1], zone)[1]
    passed = curve.at(np.array([start, end], dtype=np.int64))
    assert sum(row.total or 0 for row in rows) == int(passed[1] - passed[0])
    for row in rows:
        assert (row.finest.shares.sum(axis=1) == 10_000).all()
        assert (row.finest.hour_shares.sum(axis=1) == 10_000).all()
        assert int(row.day_shares.sum()) == 10_000
        assert sum(row.spill) == int(row.day_shares[APPORTIONED])


@quick
@given(days_and_curves())
def test_every_step_holds_the_same_energy(given_case):
    zone, days, curve, _ = given_case
    totals = [
        [row.total for row in book_days(KEY, curve, days, step, Clock(2**60), unpriced(zone))]
        for step in (15, 20, 30, 60, 1440)
    ]
    assert all(found == totals[0] for found in totals)


@quick
@given(days_and_curves(), st.integers(-(10**10), 10**11))
def test_rows_agree_with_a_slow_loop(given_case, ahead):
    zone, days, curve, step = given_case
    as_of = day_bounds(days[1], zone)[0] + ahead
    for row in book_days(KEY, curve, days, step, Clock(as_of), unpriced(zone)):
        start, end = day_bounds(row.day, zone)
        size = end - start if step == 1440 else step * MINUTE_US
        for i, (energy, shares) in enumerate(
            zip(row.finest.slots.tolist(), row.finest.shares, strict=True)
        ):
            low, high = start + i * size, min(start + (i + 1) * size, end)
            assert energy == slow_energy(curve, low, high, as_of)
            assert np.abs(shares - slow_shares(curve, low, high, as_of)).max() <= 1


def slow_energy(curve: Curve, low: int, high: int, as_of: int) -> int:
    known = sum(
        max(0, min(high, b) - max(low, a))
        for a, b, q in segments(curve)
        if q in (MEASURED, APPORTIONED)
    )
    return slow_at(curve, high) - slow_at(curve, low) if known and low < as_of else ABSENT


def slow_at(curve: Curve, instant: int) -> int:
    times, totals = curve.time_us.tolist(), curve.total.tolist()
    if instant <= times[0]:
        return totals[0]
    for a, b, x, y in zip(times, times[1:], totals, totals[1:], strict=False):
        if instant <= b:
            return x + (y - x) * (instant - a) // (b - a)
    return totals[-1]


def slow_shares(curve: Curve, low: int, high: int, as_of: int) -> np.ndarray:
    high = max(low, min(high, as_of))
    if high == low:
        return np.array([0, 0, 0, 10_000])
    spent = [0, 0, 0, 0]
    for a, b, q in segments(curve):
        spent[q] += max(0, min(high, b) - max(low, a))
    spent[MISSING] = high - low - spent[MEASURED] - spent[APPORTIONED]
    return np.array([round(10_000 * part / (high - low)) for part in spent])


def segments(curve: Curve) -> list[tuple[int, int, int]]:
    times = curve.time_us.tolist()
    return list(zip(times, times[1:], curve.quality.tolist(), strict=False))


@quick
@given(
    st.lists(st.integers(0, 7_500_000), min_size=3, max_size=400),
    st.integers(3, 6),
    st.integers(0, 10**7),
)
def test_rollover_loses_nothing(deltas, digits, start):
    modulus = 10**digits * 1_000_000
    true = start + np.cumsum(np.array([0, *deltas], dtype=np.int64))
    times = np.arange(len(true), dtype=np.int64) * QUARTER
    cleaned = clean(times, true % modulus, RegisterLimits(QUARTER, 60_000_000, modulus))
    assert int(cleaned.energy.sum()) == int(true[-1] - true[0])
    assert len([s for s in cleaned.spans if s[0] == "rollover"]) == true[-1] // modulus - (
        true[0] // modulus
    )


@quick
@given(
    st.lists(st.integers(1, 7_500_000), min_size=20, max_size=80),
    st.data(),
)
def test_a_spike_changes_no_other_reading(deltas, data):
    true = 10**9 + np.cumsum(np.array(deltas, dtype=np.int64))
    at = data.draw(st.integers(1, len(true) - 6))
    length = data.draw(st.integers(1, 4))
    size = data.draw(st.sampled_from([10**11, -(10**9) + 5, 16_000_000 * 6]))
    times = np.arange(len(true), dtype=np.int64) * QUARTER
    spoiled = true.copy()
    spoiled[at : at + length] += size
    cleaned = clean(times, spoiled, RegisterLimits(QUARTER, 60_000_000))
    kept = np.delete(true, np.arange(at, at + length))
    assert cleaned.energy.tolist() == np.diff(kept).tolist()
    assert [span[0] for span in cleaned.spans] == ["spike"]


@quick
@given(
    st.lists(st.integers(0, 10**15), min_size=2, max_size=5),
    st.lists(st.integers(1, 10**15), min_size=4, max_size=4),
    st.lists(st.integers(-(10**15), 5 * 10**15), min_size=1, max_size=20),
)
def test_interpolation_is_exact_in_integers(values, steps, instants):
    knots = np.cumsum(np.array([0, *steps][: len(values)], dtype=np.int64))
    levels = np.cumsum(np.array(values, dtype=np.int64))
    curve = Curve(knots, levels, np.zeros(len(levels) - 1, dtype=np.int8))
    found = along(np.array(instants, dtype=np.int64), knots, levels)
    assert found.tolist() == [slow_at(curve, i) for i in instants]


@given(st.lists(st.decimals(0, 10**6, places=3), min_size=1, max_size=20))
def test_book_units_are_the_decimal_ones(values):
    floats = np.array([float(v) for v in values])
    units, usable = to_book_units(floats, Fraction(1_000_000))
    assert usable.all()
    assert units.tolist() == [int(v * 1_000_000) for v in values]


def test_what_cannot_be_held_is_not_usable():
    values = np.array([1.0, np.nan, np.inf, -np.inf, 1e300, 1e13])
    units, usable = to_book_units(values, Fraction(1_000_000))
    assert usable.tolist() == [True, False, False, False, False, False]
    assert units[0] == 1_000_000


def test_gaps_open_to_the_outside_of_a_period_are_followed():
    assert open_parts([(0, 0, 0), (0, 0, 0)]) == [0, 0]
    assert open_parts([(0, 3000, 0), (0, 0, 10_000), (2000, 0, 0)]) == [0, 0, 0]
    assert open_parts([(2000, 1000, 0), (500, 0, 0)]) == [2000, 0]
    assert open_parts([(0, 0, 10_000), (0, 0, 10_000), (400, 0, 0)]) == [10_000, 10_000, 400]
    assert open_parts([(0, 0, 0), (0, 700, 0), (0, 0, 10_000)]) == [0, 700, 10_000]
