"""Grouped sums and medians agree with an obvious loop."""

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analytics.groups import Groups, median, quantile
from analytics.robust import scale

VALUE = st.one_of(st.integers(-9, 9).map(float), st.just(float("nan")))


def loop_median(values: list[float]) -> float:
    known = sorted(value for value in values if value == value)
    if not known:
        return float("nan")
    return (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2


@given(
    st.integers(0, 30).flatmap(
        lambda n: st.tuples(
            st.lists(st.integers(-1, 4), min_size=n, max_size=n),
            arrays.arrays(np.float64, (2, n), elements=VALUE),
        )
    )
)
def test_groups_agree_with_a_loop(case: tuple[list[int], np.ndarray]) -> None:
    labels, values = case
    groups = Groups.of(np.array(labels, dtype=np.int64), 5)
    medians, (means, counts) = groups.medians(values), groups.means(values)
    sums = groups.sums(np.nan_to_num(values))
    for meter in range(2):
        for group in range(5):
            inside = [float(values[meter, i]) for i, at in enumerate(labels) if at == group]
            known = [value for value in inside if value == value]
            assert sums[meter, group] == sum(known)
            assert counts[meter, group] == len(known)
            np.testing.assert_equal(medians[meter, group], loop_median(inside))
            expected = sum(known) / len(known) if known else float("nan")
            np.testing.assert_allclose(means[meter, group], expected)


def test_median_of_nothing_is_unknown() -> None:
    assert np.isnan(median(np.zeros((3, 0)))).all()


def test_scale_estimates_sigma_despite_outliers() -> None:
    sample = np.random.default_rng(1).normal(0.0, 2.0, (1, 4000))
    sample[0, :600] = 500.0
    assert 1.9 < scale(sample, np.zeros(1))[0] < 2.6


def test_scale_keeps_its_floor() -> None:
    flat = np.array([[0.0, 0.0, np.nan], [np.nan, np.nan, np.nan]])
    assert scale(flat, np.array([0.5, 0.25])).tolist() == [0.5, 0.25]


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
def test_a_quantile_is_that_of_numpy_to_the_bit(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=(4, 3, rng.integers(1, 30))), rng.integers(0, 6))
    values[rng.random(values.shape) < rng.choice([0.0, 0.4, 0.9])] = np.nan
    values[0, 0] = np.nan
    before = values.copy()
    with warnings.catch_warnings(action="ignore"):
        wanted = np.nanquantile(values, share, axis=-1)
    np.testing.assert_array_equal(quantile(values, share), wanted)
    np.testing.assert_array_equal(values, before)
    assert np.isnan(quantile(values[..., :0], share)).all()
