"""The demand of any 15 minutes: the most of all windows, wherever readings explain the books."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.bills.sliding import sliding_power
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
