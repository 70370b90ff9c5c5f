"""Times of arrival: each message's own, and never far from the clock's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.arrivals import Arrivals

SECOND_US = 1_000_000


@given(st.lists(st.tuples(st.integers(-3, 2_000), st.integers(1, 4_000)), min_size=1))
def test_no_two_messages_arrive_at_once(reads: list[tuple[int, int]]) -> None:
    now_us = 10 * SECOND_US
    arrivals = Arrivals(lambda: now_us)
    given_us: list[int] = []
    for passed_us, count in reads:
        now_us += passed_us
        first_us = arrivals.take(count)
        assert now_us <= first_us <= now_us + SECOND_US
        if first_us > now_us:  # no more than what came faster than once in a microsecond
            assert first_us == given_us[-1] + 1
        if given_us and given_us[-1] < now_us + SECOND_US:
            assert first_us > given_us[-1]
        given_us += range(first_us, first_us + count)


def test_a_clock_that_was_set_back_is_followed() -> None:
    now_us = 10 * SECOND_US
    arrivals = Arrivals(lambda: now_us)
    assert [arrivals.take(2), arrivals.take(1)] == [now_us, now_us + 2]
    now_us -= 2 * SECOND_US
    assert arrivals.take(1) == now_us
