"""Quality shares: every row adds to the whole, exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering import quality

ROW = st.lists(st.integers(0, 2**57), min_size=4, max_size=4)
ROWS = st.lists(ROW, min_size=1, max_size=20)


def times(rows):
    return np.array(rows, dtype=np.int64)


@given(ROWS)
def test_every_row_adds_to_the_whole(rows):
    shares = quality.from_times(times(rows))
    assert shares.dtype == np.uint16
    assert (shares.sum(axis=1) == quality.WHOLE).all()


@given(ROWS)
def test_a_share_is_its_part_of_the_time_within_one_ten_thousandth(rows):
    for row, shares in zip(rows, quality.from_times(times(rows)).tolist(), strict=True):
        for part, share in zip(row, shares, strict=True):
            if sum(row):
                assert abs(share * sum(row) - part * quality.WHOLE) < sum(row)
                assert part or share == 0


def test_no_time_at_all_is_missing():
    assert quality.from_times(times([[0, 0, 0, 0]])).tolist() == [[0, 0, 0, quality.WHOLE]]


@pytest.mark.parametrize("which", range(4))
def test_all_of_one_class_stays_so_in_the_mean(which):
    whole = quality.all_of(which, 3)
    assert (whole.sum(axis=1) == quality.WHOLE).all()
    assert (quality.mean([whole, whole], [3, 5]) == whole).all()


@given(st.lists(ROW, min_size=1, max_size=5), st.data())
def test_mean_is_the_weighted_mean(rows, data):
    shares = [quality.from_times(times([row])) for row in rows]
    count = len(shares)
    weights = data.draw(st.lists(st.integers(1, 10**13), min_size=count, max_size=count))
    mixed = quality.mean(shares, weights)[0].astype(int)
    assert mixed.sum() == quality.WHOLE
    for place in range(4):
        exact = sum(int(s[0, place]) * w for s, w in zip(shares, weights, strict=True))
        assert abs(mixed[place] * sum(weights) - exact) < sum(weights)


def test_mean_without_weights_counts_each_once():
    measured, missing = quality.all_of(quality.MEASURED, 1), quality.all_of(quality.MISSING, 1)
    assert quality.mean([measured, missing]).tolist() == [[5000, 0, 0, 5000]]
    assert quality.mean([measured, missing], [0, 0]).tolist() == [[5000, 0, 0, 5000]]
    assert quality.mean([measured, missing], [1, 0]).tolist() == measured.tolist()
