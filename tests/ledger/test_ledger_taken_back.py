"""A change of the registry that is taken back leaves nothing of what it told, also on days of which
the rows say nothing."""

from __future__ import annotations

from dataclasses import replace

from tests.ledger.conftest import World
from tests.ledger.test_ledger_moved import (
    Move,
    in_window,
    push,
    readings,
    registries,
    same,
    settle,
    world,
)


def test_an_event_on_a_day_without_energy_goes_with_the_change_that_told_it(helpers):
    move = Move(500, ratio=True, values="final", limit=None)
    before, after = registries(helpers, move)
    elsewhere = registries(helpers, replace(move, at=2881))[1]
    window = registries(helpers, in_window(move, (0, 1)))[1]
    one: World = world(helpers, before)
    push(one, readings(move))
    settle(one)
    told = []
    for version, registry in enumerate((elsewhere, window, after), start=3):
        one.change(replace(registry, version=version))
        settle(one)
        told.append(len(one.books.events("o", 0, 2**62)))
        fresh = world(helpers, one.registry)
        push(fresh, readings(move))
        settle(fresh)
        same(one, fresh)
    assert told[0] > 0
