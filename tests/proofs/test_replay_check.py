"""What the check of recorded data lets pass as a value that repeats."""

from __future__ import annotations

from metering.localtime import HOUR_US
from proofs.replay import possible_hour, repeating


def test_a_value_that_repeats_for_longer_than_a_day() -> None:
    long = [(hour * HOUR_US, 5) for hour in range(25)]
    assert repeating(long) == {hour * HOUR_US for hour in range(25)}
    assert repeating(long[:24]) == set()
    assert repeating([(time_us, 0) for time_us, _ in long]) == set()
    broken = [(time_us, 6 if time_us == 12 * HOUR_US else 5) for time_us, _ in long]
    assert repeating(broken) == set()


def test_the_recorded_clock_may_be_ahead() -> None:
    quarters = [(HOUR_US // 4 * n, 5) for n in range(4 * 25)]
    assert min(repeating(quarters, ahead := 2 * HOUR_US)) == -ahead


def test_an_hour_far_beyond_the_usual_is_none() -> None:
    hours = {hour * HOUR_US: 10 + hour % 24 for hour in range(24 * 10)}
    hours[30 * HOUR_US] = 10_000
    assert possible_hour(hours) == 4 * 33
