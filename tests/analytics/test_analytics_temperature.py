"""Laws of the temperature design."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.temperature import NO_SEGMENTS, bridge, segments, slow_mean

TEMPERATURES = st.lists(st.floats(-30, 45), min_size=30, max_size=80).map(np.array)


@given(TEMPERATURES)
def test_segments_add_up_to_the_temperature(temperature: np.ndarray) -> None:
    """All segments together count the degrees above the first knot, so a line is in reach."""
    knots = segments(temperature, 6)
    design = knots.design(temperature)
    assert design.shape == (temperature.size, knots.columns)
    if knots.now.size > 1:
        now = design[:, : knots.now.size - 1].sum(axis=1)
        np.testing.assert_allclose(now, temperature - knots.now[0], atol=1e-9)


@given(TEMPERATURES)
def test_each_segment_counts_only_its_own_degrees(temperature: np.ndarray) -> None:
    knots = segments(temperature, 6).now
    for column in segments(temperature, 6).design(temperature).T[1 : max(knots.size - 2, 1)]:
        assert column.min() >= 0.0


def test_weather_never_seen_is_the_nearest_that_was() -> None:
    seen = np.linspace(-5.0, 30.0, 200)
    knots = segments(seen, 6)
    beyond = knots.design(np.r_[[-20.0] * 400, [45.0] * 400])
    for hour, like in ((399, knots.now[0]), (799, knots.now[-1])):
        now = beyond[hour, : knots.now.size - 1].sum()
        assert now == pytest.approx(like - knots.now[0])
        slow = beyond[hour, knots.now.size - 1 :].sum()
        assert 0 <= slow <= knots.slow[-1] - knots.slow[0]


def test_slow_mean_follows_a_step_by_its_time_constant() -> None:
    step = np.r_[np.zeros(5), np.ones(12)]
    assert slow_mean(step)[-1] == pytest.approx(1 - np.exp(-1), abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 1500))
def test_slow_mean_is_that_of_one_hour_after_another(seed: int, hours: int) -> None:
    chance = np.random.default_rng(seed)
    air = np.where(chance.random(hours) < 0.9, chance.uniform(-30, 45, hours), np.nan)
    weight, told = 1 - np.exp(-1 / 12), np.full(hours, np.nan)
    mean: float | None = None
    for hour in np.flatnonzero(np.isfinite(air)).tolist():
        mean = air[hour] if mean is None else mean + weight * (air[hour] - mean)
        told[hour] = mean
    np.testing.assert_allclose(slow_mean(air), told, rtol=0, atol=1e-11)


def test_slow_mean_holds_through_unknown_hours() -> None:
    mean = slow_mean(np.array([4.0, np.nan, 4.0]))
    np.testing.assert_array_equal(mean, [4.0, np.nan, 4.0])


def test_short_gaps_are_bridged_and_long_ones_are_not() -> None:
    short, long = np.full(8, np.nan), np.full(9, np.nan)
    short[[0, 7]], long[[0, 8]] = (1.0, 8.0), (1.0, 9.0)
    assert bridge(short).tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert np.isnan(bridge(long)).sum() == 7


def test_open_ends_stay_unknown() -> None:
    np.testing.assert_array_equal(
        bridge(np.array([np.nan, 1.0, 2.0, np.nan])), [np.nan, 1.0, 2.0, np.nan]
    )


def test_a_blind_sensor_gives_no_segments() -> None:
    mostly_unknown = np.full(100, np.nan)
    mostly_unknown[:30] = np.arange(30.0)
    assert segments(mostly_unknown, 6) is NO_SEGMENTS
    assert segments(np.zeros(0), 6) is NO_SEGMENTS


def test_a_constant_temperature_needs_no_column() -> None:
    assert segments(np.full(50, 21.0), 6).columns == 0
