"""What gateways are told of refusals: at once, then seldom, of each so much."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.intake.notices import (
    EVERY_US,
    LATE_US,
    LONGEST,
    MOST,
    MOST_OF_ONE,
    MOST_TOLD,
    TOLD_US,
    Refusals,
)
from metering.intake import DeadLetter

SECOND_US = 1_000_000


class Clock:
    """Microseconds that pass when told."""

    def __init__(self) -> None:
        self.now_us = 10**15

    def __call__(self) -> int:
        return self.now_us


def letter(
    at_us: int, reason: str = "bad_json", gateway: str = "s/g", topic: str = "t", value: str = "v"
) -> DeadLetter:
    return DeadLetter(gateway, topic, reason, "m", "f", value, "fix", 1, 2, -1, "d", at_us)


def test_the_first_is_told_at_once_and_those_that_follow_together() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    refusals.note([letter(clock.now_us), letter(clock.now_us + 1)])
    (first,) = refusals.told()
    assert (first.number, first.count, first.reason, first.topic) == (1, 2, "bad_json", "t")
    for _ in range(7):
        clock.now_us += SECOND_US
        refusals.note([letter(clock.now_us, value=str(clock.now_us))])
        assert refusals.told() == [first]
    since_us = clock.now_us - 6 * SECOND_US
    clock.now_us += EVERY_US
    (second,) = refusals.told()
    assert (second.number, second.count, second.first_us) == (2, 7, since_us)
    assert second.value == str(second.last_us)


def test_reasons_and_topics_are_told_apart() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    now = clock.now_us
    refusals.note([letter(now), letter(now, "bad_time"), letter(now, topic="u"), letter(now)])
    assert sorted((one.reason, one.topic, one.count) for one in refusals.told()) == [
        ("bad_json", "t", 2),
        ("bad_json", "u", 1),
        ("bad_time", "t", 1),
    ]


def test_what_is_old_or_nobodys_is_not_told() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    refusals.note([letter(clock.now_us - LATE_US - 1), letter(clock.now_us, gateway="")])
    assert refusals.told() == []


def test_one_is_told_for_a_minute() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    refusals.note([letter(clock.now_us)])
    assert refusals.told()
    clock.now_us += TOLD_US + 1
    assert refusals.told() == []


def test_one_gateway_cannot_take_the_room_of_others() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    long = "x" * 9_999
    refusals.note(letter(clock.now_us, topic=str(number), value=long) for number in range(99))
    refusals.note([letter(clock.now_us, gateway="s/h")])
    told = refusals.told()
    assert [one.gateway for one in told] == ["s/g"] * MOST_OF_ONE + ["s/h"]
    assert len(told[0].value) == LONGEST
    clock.now_us += EVERY_US
    assert refusals.told() == []
    refusals.note([letter(clock.now_us, topic="another")])  # there is room again
    assert len(refusals.told()) == 1


def test_many_gateways_take_bounded_room() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    refusals.note(letter(clock.now_us, gateway=f"s/{number}") for number in range(2 * MOST))
    assert len(refusals.told()) == MOST_TOLD
    assert len(refusals._kinds) == len(refusals._of) == MOST


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 400)), max_size=60))
def test_every_refusal_is_counted_once_and_no_kind_more_often_than_it_may(
    steps: list[tuple[str, int]],
) -> None:
    clock = Clock()
    refusals = Refusals(clock)
    told: dict[int, tuple[str, int, int]] = {}

    def look() -> None:
        told.update({one.number: (one.topic, one.at_us, one.count) for one in refusals.told()})

    for topic, pause_s in steps:
        refusals.note([letter(clock.now_us, topic=topic)])
        look()
        clock.now_us += pause_s * SECOND_US
        look()
    clock.now_us += EVERY_US
    look()
    assert sorted(told) == list(range(1, len(told) + 1))
    for topic in "abc":
        mine = [(at_us, count) for name, at_us, count in told.values() if name == topic]
        assert sum(count for _, count in mine) == sum(name == topic for name, _ in steps)
        times = [at_us for at_us, _ in mine]
        pairs = pairwise(times)
        assert all(later - earlier >= EVERY_US for earlier, later in pairs)
