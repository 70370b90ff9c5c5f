"""A lane serves keys in turn, and none takes the places of another."""

from __future__ import annotations

import asyncio

import pytest

from api.lane import Busy, Lane


def run(scenario) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20))


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def waiting(lane: Lane, key: str) -> asyncio.Task[None]:
    return asyncio.ensure_future(lane.enter(key))


def test_one_key_never_has_all_places() -> None:
    async def scenario() -> None:
        lane = Lane(3, 2, 10)
        greedy = [waiting(lane, "a") for _ in range(5)]
        await settled()
        assert [one.done() for one in greedy] == [True, True, False, False, False]
        await lane.enter("b")
        lane.leave("b")
        await settled()
        assert not greedy[2].done()
        for one in greedy:
            await one
            lane.leave("a")

    run(scenario)


def test_keys_are_served_in_turn_however_many_wait() -> None:
    async def scenario() -> None:
        lane, order = Lane(1, 1, 10), []

        async def ask(key: str) -> None:
            await lane.enter(key)
            order.append(key)
            await asyncio.sleep(0)
            lane.leave(key)

        await lane.enter("first")
        tasks = [asyncio.ensure_future(ask(key)) for key in "aaaabbc"]
        await settled()
        lane.leave("first")
        await asyncio.gather(*tasks)
        assert order == list("abcabaa")

    run(scenario)


def test_beyond_the_waiting_ones_a_key_is_told_at_once_and_others_are_not() -> None:
    async def scenario() -> None:
        lane = Lane(1, 1, 2)
        await lane.enter("a")
        tasks = [waiting(lane, "a") for _ in range(2)]
        await settled()
        with pytest.raises(Busy) as refused:
            await lane.enter("a")
        assert refused.value.fix
        other = waiting(lane, "b")
        await settled()
        assert not other.done()
        for one in (*tasks, other):
            one.cancel()

    run(scenario)


def test_who_waits_too_long_or_leaves_frees_its_place() -> None:
    async def scenario() -> None:
        lane = Lane(1, 1, 5, patience_s=0.05)
        await lane.enter("a")
        with pytest.raises(Busy):
            await lane.enter("b")
        left = waiting(lane, "b")
        await settled()
        left.cancel()
        await settled()
        lane.leave("a")
        await lane.enter("c")
        lane.leave("c")
        came = waiting(lane, "b")
        await asyncio.sleep(0)
        came.cancel()
        await settled()
        await lane.enter("d")

    run(scenario)
