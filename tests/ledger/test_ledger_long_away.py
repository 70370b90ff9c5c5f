"""A ledger that begins anew settles whatever was left open, however long it was away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from metering.localtime import day_bounds
from tests.ledger.conftest import DAY, QUARTER_US, ZONE, World, campus, meter
from tests.ledger.random_worlds import COARSE, DAILY, random_world
from tests.ledger.test_random_worlds import as_it_came, assert_same, at_once

DAY_US = 96 * QUARTER_US
START = day_bounds(DAY, ZONE)[0]


@pytest.mark.parametrize("away", [91, 93, 400, 4000])
@pytest.mark.parametrize("again", [True, False])
def test_a_day_left_open_is_settled_after_any_rest(away: int, again: bool):
    noon = START + DAY_US // 2
    world = World(campus([meter("m")]), noon)
    times = np.arange(START, noon + 1, QUARTER_US)
    world.push(1, times, np.arange(len(times)) / 2)
    world.ledger.step()
    assert [row.provisional for row in world.rows("meter", "m")] == [True]
    world.now_us = START + away * DAY_US
    if again:
        world.restart()
        later = np.arange(world.now_us, world.now_us + 4 * QUARTER_US, QUARTER_US)
        world.push(1, later, 9000 + np.arange(len(later)) / 2)
    world.restart()
    world.ledger.step()
    rows = world.rows("meter", "m") + world.rows("node", "o")
    assert [row.day for row in rows if row.provisional and row.day <= DAY] == []


def test_a_day_of_a_clock_that_ran_ahead_is_settled_when_it_is_over():
    world = World(campus([meter("m")]), START)
    ahead = START + 10 * DAY_US + np.arange(5) * QUARTER_US
    world.push(1, ahead, np.arange(5) / 2)
    world.ledger.step()
    assert any(row.provisional for row in world.rows("meter", "m"))
    world.restart()
    world.ledger.step()
    world.now_us = START + 20 * DAY_US
    world.ledger.step()
    assert not any(row.provisional for row in world.rows("meter", "m") + world.rows("node", "o"))


@pytest.mark.parametrize(
    ("seed", "days", "steps"), [(401, 500, DAILY), (408, 500, DAILY), (415, 300, COARSE)]
)
def test_books_are_the_same_where_each_process_comes_months_after_the_last(seed, days, steps):
    world = random_world(seed, days=days, meters=2, steps=steps)
    world.batches = [replace(batch, restarts=True) for batch in world.batches]
    whole, live = at_once(world), as_it_came(world)
    assert_same(whole, live)
    before = live.rows()
    live.restart()
    live.ledger.rebuild()
    after = live.rows()
    assert before.keys() == after.keys()
    assert [place for place, row in after.items() if not row.same_content(before[place])] == []
