"""Laws of gaps: what is missing follows from what came, however it was cut into batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.delivery import (
    BACK_OFF_S,
    MOST_OPEN,
    OLDEST_US,
    Arrived,
    ClockDelay,
    DeliveryState,
    Gap,
    ResendAnswer,
    advance,
    asked,
    by_hand,
    usual_step,
)
from metering.errors import InvalidInput

G = "s/g"
MINUTE_US = 60_000_000
QUARTER_US = 15 * MINUTE_US
NOW_US = 1_764_000_000_000_000


class Ledger:
    """One gateway's state and gaps, as a store keeps them."""

    def __init__(self) -> None:
        self.state = DeliveryState(G)
        self.gaps: dict[int, Gap] = {}

    def take(self, arrived: Arrived) -> None:
        self.state, changed = advance(self.state, self.open(), arrived)
        for gap in changed:
            id = gap.id or len(self.gaps) + 1
            self.gaps[id] = replace(gap, id=id)

    def numbers(self, session: int, *numbers: int) -> None:
        own = {session: np.unique(np.array(numbers, np.int64))}
        self.take(Arrived(G, 1, NOW_US, numbers=own))

    def times(self, times: Iterable[int], at_us: int = NOW_US) -> None:
        self.take(Arrived(G, 1, at_us, times_us=np.unique(np.array(list(times), np.int64))))

    def answer(self, id: int, *, has: bool) -> None:
        self.take(Arrived(G, 1, NOW_US, answers=(ResendAnswer(id, has),)))

    def ask(self, id: int) -> None:
        self.gaps[id] = asked(self.gaps[id], NOW_US)

    def open(self) -> list[Gap]:
        return [gap for gap in self.gaps.values() if gap.state == "open"]

    def missing(self) -> list[tuple[int, int]]:
        return sorted(gap.numbers for gap in self.open() if gap.numbers is not None)

    def states(self) -> list[str]:
        return [gap.state for gap in self.gaps.values()]


def cut(numbers: Sequence[int], places: Iterable[int]) -> list[list[int]]:
    edges = [0, *sorted({place % (len(numbers) + 1) for place in places}), len(numbers)]
    return [list(numbers[a:b]) for a, b in pairwise(edges) if b > a]


@given(
    st.sets(st.integers(2, 49)).map(lambda lost: [n for n in range(1, 51) if n not in lost]),
    st.randoms(use_true_random=False),
    st.lists(st.integers(0, 60), max_size=6),
)
def test_what_is_missing_is_what_did_not_come(numbers, random, places) -> None:
    """An oracle counts the numbers between the first and the last; order and batches do not
    matter, as long as most numbers are the one before and one. From the first on is counted."""
    rest = numbers[1:]
    random.shuffle(rest)
    ledger = Ledger()
    ledger.state = replace(ledger.state, steps=(1,) * 16)
    judged = []
    for batch in cut([numbers[0], *rest], places):
        ledger.numbers(3, *batch)
        judged.append(ledger.state.counts_by_one)
    lost = sorted(set(range(1, max(numbers))) - set(numbers))
    if all(judged):
        found = [n for first, last in ledger.missing() for n in range(first, last + 1)]
        assert found == lost


def test_a_gap_is_shortened_split_and_closed_by_what_comes_late() -> None:
    ledger = Ledger()
    ledger.numbers(1, 1, 2, 3, 4, 5, 15)
    assert ledger.missing() == [(6, 14)]
    ledger.ask(1)
    ledger.numbers(1, 6, 9, 10)
    assert ledger.missing() == [(7, 8), (11, 14)]
    assert {gap.asked_as for gap in ledger.open()} == {1}
    assert {gap.tries for gap in ledger.open()} == {1}
    ledger.numbers(1, 7, 8)
    ledger.numbers(1, *range(1, 30))
    assert ledger.states() == ["closed", "closed"]


def test_a_session_is_counted_for_itself_and_an_old_one_closes_its_gaps() -> None:
    ledger = Ledger()
    ledger.numbers(1, 1, 2, 3, 5)
    ledger.numbers(2, 100, 101, 103)
    assert ledger.missing() == [(4, 4), (102, 102)]
    ledger.numbers(1, 4, 9)  # the end of a session that is over is not known
    assert ledger.missing() == [(102, 102)]


def test_what_the_gateway_has_no_more_is_lost_with_all_that_was_asked_with_it() -> None:
    ledger = Ledger()
    ledger.numbers(1, 1, 2, 3, 4, 10, 11, 12, 14)
    ledger.ask(1)
    ledger.numbers(1, 7)
    ledger.answer(1, has=True)
    assert len(ledger.open()) == 3
    ledger.answer(99, has=False)
    assert len(ledger.open()) == 3
    ledger.answer(1, has=False)
    assert ledger.missing() == [(13, 13)]
    assert ledger.states().count("lost") == 2


@pytest.mark.parametrize(("has", "state"), [(True, "closed"), (False, "lost")])
def test_what_a_person_asked_for_ends_with_the_answer(has: bool, state: str) -> None:
    ledger = Ledger()
    ledger.gaps[1] = replace(by_hand(G, NOW_US - QUARTER_US, NOW_US, "me", NOW_US), id=1)
    ledger.ask(1)
    ledger.times(range(NOW_US - QUARTER_US, NOW_US, MINUTE_US))
    assert ledger.states() == ["open"]
    ledger.answer(1, has=has)
    assert ledger.states() == [state]


def test_nothing_follows_from_numbers_of_who_does_not_count_by_one() -> None:
    ledger = Ledger()
    for number in range(0, 100, 10):
        ledger.numbers(1, number)
    assert ledger.open() == []
    assert not ledger.state.counts_by_one


def test_gaps_of_a_gateway_are_bounded_and_the_oldest_given_up() -> None:
    ledger = Ledger()
    ledger.state = replace(ledger.state, session=1, seq=0, steps=(1,) * 16)
    for start in range(1, 1 + 10 * (MOST_OPEN + 5), 10):
        ledger.numbers(1, *range(start, start + 9))  # the tenth is lost
    assert len(ledger.open()) == MOST_OPEN
    assert ledger.states().count("given_up") == 4


def test_a_stretch_that_lacks_all_times_is_found_and_closed() -> None:
    """02:00 to 05:00 of a gateway that sends each quarter hour and gives no numbers."""
    ledger = Ledger()
    grid = list(range(NOW_US - 96 * QUARTER_US, NOW_US, QUARTER_US))
    there = grid[:40] + grid[52:]
    for time in there:
        ledger.times([time, time - 1_000_000])
    (gap,) = ledger.open()
    assert gap.times_us == (grid[39] + 1_000, grid[52] - 1_000_000)
    ledger.times(grid[40:46])
    (left,) = ledger.open()
    assert left.times_us == (grid[45] + 1_000, grid[52] - 1_000_000)
    ledger.times(grid[46:52])
    assert ledger.states() == ["closed"]


def test_history_is_not_missed() -> None:
    ledger = Ledger()
    start = NOW_US - OLDEST_US - 200 * QUARTER_US
    ledger.times(range(start, start + 40 * QUARTER_US, QUARTER_US))
    ledger.times(range(start + 80 * QUARTER_US, start + 90 * QUARTER_US, QUARTER_US))
    assert ledger.gaps == {}


def test_who_gives_numbers_is_not_looked_at_by_times() -> None:
    ledger = Ledger()
    ledger.numbers(1, 1, 2)
    ledger.times([NOW_US - n * QUARTER_US for n in (50, *range(20))])
    assert ledger.gaps == {}


@pytest.mark.parametrize(
    ("distances", "step"),
    [
        ([15] * 7, None),
        ([15] * 8, 15),
        ([1, 14] * 10, 14),
        ([15] * 30 + [180, 1440], 15),
        ([1, 1, 1, 57] * 8, 57),
        ([2**n for n in range(12)], None),
    ],
)
def test_the_usual_step(distances: list[int], step: int | None) -> None:
    assert usual_step(distances) == step


def test_a_pause_grows_with_each_try() -> None:
    gap = Gap(G, "times", 0, 0, QUARTER_US, MINUTE_US, NOW_US, NOW_US, id=5)
    for number in range(len(BACK_OFF_S) + 1):
        gap = asked(gap, NOW_US)
        pause_s = (*BACK_OFF_S, BACK_OFF_S[-1])[number]
        assert (gap.tries, gap.next_us - NOW_US) == (number + 1, pause_s * 1_000_000)


@pytest.mark.parametrize(
    ("start_us", "until_us", "field"),
    [
        (NOW_US, NOW_US, "until"),
        (NOW_US + 1, NOW_US + 2, "from"),
        (NOW_US - OLDEST_US - 1, NOW_US, "until"),
    ],
)
def test_a_time_that_cannot_be_asked_for(start_us: int, until_us: int, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        by_hand(G, start_us, until_us, "me", NOW_US)
    assert refused.value.field == field


def test_the_offset_of_a_clock_is_told_by_the_message_that_took_the_least_time() -> None:
    """An hour ahead, its messages being 2 to 4,000 s on the way; messages that waited do not count,
    and of quarter hours that are long past nothing does."""
    second_us = 1_000_000
    ledger = Ledger()
    assert ledger.state.clock_offset_us is None
    for quarter in range(20):
        delay_us = (-3_600 if quarter < 10 else 0) * second_us
        for way_s in (4_000, 2 if quarter in (5, 12) else 300):
            delays = (ClockDelay(quarter, delay_us + way_s * second_us),)
            ledger.take(Arrived(G, 1, NOW_US, delays=delays))
        if quarter == 9:
            assert ledger.state.clock_offset_us == (3_600 - 2) * second_us
    assert ledger.state.clock_offset_us == -2 * second_us
