"""The demand of any 15 minutes: the most of all windows, wherever readings explain the books."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.bills.sliding import is_decided, sliding_of_intervals, sliding_power
from metering.localtime import MINUTE_US
from metering.quantity import ABSENT

BLOCK = 15
HOURS = 2
MINUTES = 60 * HOURS
MAD = 10**9


def told(minutes, at=0, silent=(), known=None, booked=None):
    """What is told of amounts by the minute, read `at` seconds after each full minute."""
    edges = np.arange(-1, MINUTES + 2)
    rises = np.concatenate([[0], minutes, [0]])
    curve = np.concatenate([[0], np.cumsum(rises)]).astype(np.float64)
    times = edges * MINUTE_US + at * 1_000_000
    kept = np.array([place - 1 not in silent for place in range(len(edges))])
    starts = np.arange(0, MINUTES, BLOCK) * MINUTE_US
    if booked is None:
        ends = np.interp(np.append(starts, MINUTES * MINUTE_US), times, curve)
        booked = np.diff(ends)
    quantity = np.round(booked).astype(np.int64)
    known = np.ones(len(starts), dtype=bool) if known is None else known
    return sliding_power(times[kept], curve[kept] + MAD, starts, quantity, known)


AMOUNTS = st.lists(st.integers(0, 10**6), min_size=MINUTES, max_size=MINUTES)


@given(minutes=AMOUNTS)
def test_it_is_the_most_of_all_windows(minutes):
    found = told(minutes)
    sums = [sum(minutes[n : n + BLOCK]) for n in range(MINUTES - BLOCK + 1)]
    assert (round(found.amount), found.at_us // MINUTE_US) == (max(sums), sums.index(max(sums)))
    assert found.fine.all()


@given(minutes=AMOUNTS, at=st.integers(1, 59))
def test_readings_beside_the_full_minute_tell_no_less_than_any_block(minutes, at):
    found = told(minutes, at)
    blocks = [sum(minutes[n : n + BLOCK]) for n in range(0, MINUTES, BLOCK)]
    assert found.fine.all()
    assert found.amount <= BLOCK * max(minutes) + 1
    assert found.amount >= max(blocks) - max(minutes) - 1


@given(minutes=AMOUNTS, known=st.lists(st.booleans(), min_size=8, max_size=8))
def test_windows_over_a_quarter_that_is_not_measured_are_none(minutes, known):
    found = told(minutes, known=np.array(known))
    sums = [
        sum(minutes[n : n + BLOCK])
        for n in range(MINUTES - BLOCK + 1)
        if known[n // BLOCK] and known[(n + BLOCK - 1) // BLOCK]
    ]
    assert found.fine.tolist() == known
    assert (None if found.amount is None else round(found.amount)) == max(sums, default=None)


def test_a_reading_that_does_not_stand_spoils_its_quarter_alone():
    minutes = [1000] * MINUTES
    minutes[20], minutes[21] = 50_000, -48_000
    assert told(minutes).fine.tolist() == [True, False, *[True] * 6]
    booked = np.full(8, 15_000)
    booked[3] = 12_000
    assert told([1000] * MINUTES, booked=booked).fine.tolist() == [*[True] * 3, False, *[True] * 4]
    booked[3] = ABSENT
    assert told([1000] * MINUTES, booked=booked).fine.tolist() == [*[True] * 3, False, *[True] * 4]


@pytest.mark.parametrize(
    ("silent", "fine"), [(range(31, 35), True), (range(31, 36), False), (range(25, 35), False)]
)
def test_a_quarter_that_is_read_seldom_tells_no_more_than_itself(silent, fine):
    found = told([1000] * MINUTES, silent=set(silent))
    assert found.fine[2] == fine
    assert found.fine[4:].all()


def test_nothing_is_told_of_nothing():
    none = np.array([], dtype=np.int64)
    starts = np.arange(4) * BLOCK * MINUTE_US
    found = sliding_power(none, none.astype(float), starts, np.zeros(4, int), np.ones(4, bool))
    assert (found.fine.any(), found.amount) == (False, None)


QUARTERS = np.arange(0, MINUTES, BLOCK) * MINUTE_US


def told_of_intervals(amounts, length_s, off_s=0, lost=(), **more):
    """What is told of intervals so many seconds long, each stamped so much beside its start."""
    per_quarter = BLOCK * 60 // length_s
    places = np.array([n for n in range(len(amounts)) if n not in lost], dtype=np.int64)
    stamps = (places * length_s + off_s) * 1_000_000
    booked = np.array(amounts).reshape(-1, per_quarter).sum(axis=1).astype(np.int64)
    known = np.ones(len(booked), dtype=bool)
    told = np.array(amounts, dtype=np.float64)[places]
    given = {"quantity": booked, "known": known} | more
    return sliding_of_intervals(stamps, told, QUARTERS[: len(booked)], **given)


@given(length_min=st.sampled_from([1, 3, 5]), data=st.data(), off=st.integers(-5, 5))
def test_of_intervals_it_is_the_most_of_all_windows_over_them(length_min, data, off):
    count, span = MINUTES // length_min, BLOCK // length_min
    amounts = data.draw(st.lists(st.integers(0, 10**6), min_size=count, max_size=count))
    found = told_of_intervals(amounts, length_min * 60, off)
    sums = [sum(amounts[n : n + span]) for n in range(count - span + 1)]
    assert found.fine.all()
    most = (round(found.amount), found.at_us // MINUTE_US // length_min)
    assert most == (max(sums), sums.index(max(sums)))


@given(lost=st.sets(st.integers(0, 23)))
def test_a_quarter_with_an_interval_that_is_lost_goes_by_the_block(lost):
    amounts = [1000 + n for n in range(24)]
    found = told_of_intervals(amounts, 300, lost=lost)
    whole = [not lost & {3 * n, 3 * n + 1, 3 * n + 2} for n in range(8)]
    assert found.fine.tolist() == whole
    sums = [sum(amounts[n : n + 3]) for n in range(22) if whole[n // 3] and whole[(n + 2) // 3]]
    assert (None if found.amount is None else round(found.amount)) == max(sums, default=None)


def test_an_interval_that_the_books_left_out_spoils_its_quarter():
    booked = np.full(8, 3000)
    booked[3] = 2000
    found = told_of_intervals([1000] * 24, 300, quantity=booked)
    assert found.fine.tolist() == [n != 3 for n in range(8)]
    assert not told_of_intervals([1000] * 24, 300, off_s=31).fine.any()
    known = np.arange(8) != 5
    assert told_of_intervals([1000] * 24, 300, known=known).fine.tolist() == known.tolist()


@pytest.mark.parametrize(("length_s", "fine"), [(10, True), (300, True), (450, False)])
def test_mean_power_counts_by_the_length_of_its_interval(length_s, fine):
    count = MINUTES * 60 // length_s
    power = np.full(count, 3_600_000)
    energy = np.full(8, 3_600_000 // 4)
    found = told_of_intervals(power, length_s, quantity=energy, is_power=True)
    assert found.fine.all() == fine
    if fine:
        assert round(found.amount) == 900_000


def test_where_readings_stop_being_finer_the_curve_goes_on_by_quarters():
    amounts = [1000] * 24
    amounts[11:14] = [4000] * 3
    lost = set(range(15, 24))
    found = told_of_intervals(amounts, 300, lost=lost)
    assert found.fine.tolist() == [n < 5 for n in range(8)]
    assert (round(found.amount), found.at_us // MINUTE_US) == (12_000, 55)


@given(
    minutes=st.lists(st.integers(0, 50), min_size=MINUTES, max_size=MINUTES),
    fine=st.lists(st.booleans(), min_size=8, max_size=8),
    more=st.integers(0, 1000),
)
def test_what_is_decided_no_window_is_over(minutes, fine, more):
    quarters = np.array(minutes).reshape(8, BLOCK).sum(axis=1)
    sums = [sum(minutes[n : n + BLOCK]) for n in range(MINUTES - BLOCK + 1)]
    read = [fine[n // BLOCK] and fine[(n + BLOCK - 1) // BLOCK] for n in range(len(sums))]
    known = [one for one, seen in zip(sums, read, strict=True) if seen]
    amount = max([*quarters.tolist(), *known]) + more
    if is_decided(quarters, np.array(fine), amount):
        assert max(sums) <= amount


def test_a_window_over_two_quarters_that_could_hold_more_decides_nothing():
    quarters = np.array([10, 10, 30, 5])
    assert is_decided(quarters, np.array([True, True, True, False]), 35)
    assert not is_decided(quarters, np.array([True, True, True, False]), 34)
    assert is_decided(quarters, np.ones(4, dtype=bool), 30)
