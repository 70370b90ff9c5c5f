"""When meters are read, and whether the clock was set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.due import MINUTE_US, SECOND_US, ClockWatch, due_after_failure, next_due

QUARTER_US = 15 * MINUTE_US
NOW = st.integers(0, 2**52)
INTERVAL = st.sampled_from([1, 5, 10, 60, 300, 900, 1800, 3600, 86_400]).map(
    lambda seconds: seconds * SECOND_US
)


@given(NOW, INTERVAL)
def test_every_interval_is_hit_and_so_are_the_quarter_hours(now_us: int, interval_us: int) -> None:
    due = next_due(now_us, interval_us)
    assert now_us < due <= now_us + interval_us
    assert due % interval_us == 0
    assert due % QUARTER_US == 0 or QUARTER_US % interval_us == 0


@given(NOW, INTERVAL, st.integers(1, 10_000))
def test_a_meter_that_is_dead_is_tried_later_and_never_given_up(
    now_us: int, interval_us: int, failures: int
) -> None:
    due = due_after_failure(now_us, interval_us, failures)
    assert now_us < due <= now_us + MINUTE_US + interval_us
    if interval_us > MINUTE_US:
        assert due <= min(now_us + MINUTE_US, next_due(now_us, interval_us))
    elif failures >= 6:
        assert due >= now_us + MINUTE_US - interval_us


def test_a_clock_that_is_set_is_noticed_and_one_that_is_put_right_is_not() -> None:
    watch = ClockWatch(1_000 * SECOND_US, 0)
    assert watch.jumped(1_010 * SECOND_US, 10 * SECOND_US) == 0
    assert watch.jumped(1_020 * SECOND_US, 19 * SECOND_US) == 0
    assert watch.jumped(1_630 * SECOND_US, 29 * SECOND_US) == 600 * SECOND_US
    assert watch.jumped(1_040 * SECOND_US, 39 * SECOND_US) == -600 * SECOND_US
