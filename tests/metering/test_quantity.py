"""Integer quantities: nothing appears, nothing disappears, and order does not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from metering.quantity import ABSENT, add, apportion, total, totals

AMOUNTS = st.integers(-(2**50), 2**50)
SLOTS = st.lists(st.one_of(AMOUNTS, st.just(ABSENT)), max_size=40)


def column(values):
    return np.array(values, dtype=np.int64)


@given(SLOTS)
def test_total_is_the_sum_of_what_is_present(values):
    present = [v for v in values if v != ABSENT]
    assert total(column(values)) == (sum(present) if present else None)


@given(SLOTS, st.randoms(use_true_random=False))
def test_total_does_not_depend_on_order(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    assert total(column(values)) == total(column(shuffled))


@given(st.lists(SLOTS, min_size=1, max_size=6))
def test_total_of_parts_is_total_of_the_whole(parts):
    sums = [total(column(part)) for part in parts]
    known = [s for s in sums if s is not None]
    assert total(column([v for part in parts for v in part])) == (sum(known) if known else None)


def test_zero_is_a_value_and_absent_is_none():
    assert total(column([0, ABSENT])) == 0
    assert total(column([ABSENT, ABSENT])) is None
    assert total(column([])) is None


@pytest.mark.parametrize("values", [[2**62, 2**62], [-(2**62), -(2**62)], [2**62, -(2**62)]])
def test_a_sum_beyond_64_bits_is_refused_not_wrapped(values):
    with pytest.raises(InvalidInput, match="64 bits"):
        total(column(values))
    with pytest.raises(InvalidInput, match="64 bits"):
        add([column([v]) for v in values])


@st.composite
def equal_columns(draw):
    width = draw(st.integers(0, 12))
    slot = st.one_of(AMOUNTS, st.just(ABSENT))
    row = st.lists(slot, min_size=width, max_size=width)
    return draw(st.lists(row, min_size=1, max_size=5))


@given(equal_columns())
def test_add_goes_slot_by_slot(rows):
    expected = []
    for slot in zip(*rows, strict=True):
        present = [v for v in slot if v != ABSENT]
        expected.append(sum(present) if present else ABSENT)
    assert add([column(row) for row in rows]).tolist() == expected


@given(equal_columns())
def test_adding_columns_keeps_the_total(rows):
    columns = [column(row) for row in rows]
    assert total(add(columns)) == total(np.concatenate(columns))


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=100))
def test_apportioned_parts_add_up_and_stay_within_one_unit(amount, weights):
    parts = apportion(amount, weights).tolist()
    used = weights if sum(weights) else [1] * len(weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, used, strict=True):
        exact = amount * weight
        assert abs(part * sum(used) - exact) < sum(used)
        assert weight or part == 0


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_apportioning_mirrors_the_sign(amount, weights):
    assert (apportion(-amount, weights) == -apportion(amount, weights)).all()


def test_the_largest_remainder_wins_and_ties_go_to_the_earlier():
    assert apportion(10, [1, 1, 1]).tolist() == [4, 3, 3]
    assert apportion(100, [50, 30, 21]).tolist() == [49, 30, 21]
    assert apportion(7, [0, 0]).tolist() == [4, 3]


@pytest.mark.parametrize(("weights", "named"), [([], "weights"), ([1, -1], "-1")])
def test_unusable_weights_are_named(weights, named):
    with pytest.raises(InvalidInput, match=named):
        apportion(1, weights)


@given(
    st.lists(
        st.lists(st.one_of(st.just(ABSENT), st.integers(-(2**58), 2**58)), min_size=1, max_size=6),
        min_size=1,
        max_size=6,
    )
)
def test_totals_are_those_of_each_stretch(stretches):
    firsts = np.cumsum([0, *(len(one) for one in stretches)])[:-1].tolist()
    values = np.array([value for one in stretches for value in one], dtype=np.int64)
    assert totals(values, firsts) == [total(np.array(one, dtype=np.int64)) for one in stretches]


def test_one_stretch_beyond_64_bits_is_refused():
    values = np.array([2**61, 2**61, 1], dtype=np.int64)
    with pytest.raises(InvalidInput, match="64 bits"):
        totals(values, [0, 2])
    assert totals(values, [0, 1, 2]) == [2**61, 2**61, 1]
