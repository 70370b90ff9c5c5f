"""Budgets bind while the intake is behind; they cost nothing while it follows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.pace import FAR, LEAST_ROOM, Bound, Pace

ROOM = int(LEAST_ROOM)


def test_budgets_bind_until_it_is_told_how_far_the_intake_is() -> None:
    pace = Pace()
    assert pace.put(1) is Bound.BUDGET
    assert pace.told(0) is Bound.FREE
    assert pace.put(ROOM) is Bound.FREE
    assert pace.put(1) is Bound.BUDGET
    assert pace.told(None) is pace.put(100 * ROOM) is Bound.BUDGET


def test_of_an_intake_that_stops_nobody_knows_how_far_it_is() -> None:
    pace = Pace()
    assert pace.told(0) is Bound.FREE
    assert pace.told(None) is Bound.BUDGET
    assert pace.told(0) is Bound.FREE
    assert pace.put(FAR * ROOM + 1) is Bound.WAIT
    assert pace.told(None) is Bound.BUDGET


def test_what_the_intake_once_managed_is_believed_less_and_less() -> None:
    pace = Pace()
    pace.told(0)
    pace.put(50_000)
    pace.told(0)
    assert pace.told(0) is Bound.FREE
    assert pace.put(80_000) is Bound.FREE
    assert pace.put(1) is Bound.BUDGET


def test_who_is_far_behind_is_let_go_on_again_in_steps() -> None:
    pace = Pace()
    pace.told(0)
    assert pace.put(FAR * ROOM + 1) is Bound.WAIT
    assert pace.told(FAR * ROOM + 1) is Bound.WAIT  # nothing was taken
    assert pace.told(FAR * ROOM) is Bound.WAIT
    assert pace.told((FAR - 1) * ROOM) is Bound.BUDGET
    assert pace.told(0) is Bound.FREE


@settings(deadline=None)
@given(
    takes=st.lists(st.integers(0, 60_000), min_size=1, max_size=6),
    floods=st.lists(st.integers(1, 50_000), min_size=1, max_size=8),
)
def test_an_intake_always_has_something_to_do_and_never_much(
    takes: list[int], floods: list[int]
) -> None:
    """Gateways that have spent their budgets send whenever they may, `floods` at a time."""
    pace, waiting, fastest = Pace(), 0, max(takes)
    pace.told(0)
    sent = 0
    for second in range(60):
        take = takes[second % len(takes)]
        before = waiting
        largest = 0
        while pace.bound is Bound.FREE:
            largest = floods[sent % len(floods)]
            waiting += largest
            pace.put(largest)
            sent += 1
        bound = max(LEAST_ROOM, 2 * fastest, before) + largest
        assert waiting <= bound
        idle = take > waiting
        waiting -= min(take, waiting)
        pace.told(waiting)
        if idle:
            assert pace.bound is Bound.FREE


def test_the_room_grows_to_what_the_intake_can_do() -> None:
    """Of an intake that takes 100,000 between two tellings, all of it is used before long."""
    pace, waiting = Pace(), 0
    pace.told(0)
    taken = []
    for _ in range(12):
        while pace.bound is Bound.FREE:
            waiting += 100
            pace.put(100)
        taken.append(min(100_000, waiting))
        waiting -= taken[-1]
        pace.told(waiting)
    assert taken[-1] == 100_000
    assert sum(taken) > 6 * 100_000
