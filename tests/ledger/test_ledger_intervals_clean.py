"""Energies of intervals and mean powers are validated as registers are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from metering.quality import MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT
from metering.reading import Kind
from metering.registry import Installation

DAYS = 12
COUNT = DAYS * 96
KWH = 1_000_000
RNG = np.random.default_rng(4)
LOAD = np.round(np.where(np.arange(COUNT) % 96 < 28, 0.4, 1.6) * RNG.uniform(0.8, 1.2, COUNT), 3)


def world_of(helpers, kind=Kind.INTERVAL, *, signed=False, **more):
    more.setdefault("max_per_hour", None)
    own = [helpers.meter("m", **more)]
    registry = helpers.campus(own, installations=[Installation("m", 1, signed=signed)])
    unit = "kW" if kind is Kind.MEAN else "kWh"
    points = {1: replace(registry.points[1], kind=kind, unit=unit)}
    return helpers.World(replace(registry, points=points), helpers.later(DAYS + 1))


def slots(world):
    rows = world.rows("meter", "m")
    return (
        np.concatenate([row.finest.slots for row in rows])[:COUNT],
        np.concatenate([row.finest.shares for row in rows])[:COUNT],
    )


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.MEAN])
@pytest.mark.parametrize("limit", [None, Decimal(12), Decimal("0.3")])
@pytest.mark.parametrize("length", [1, 5, 8])
def test_readings_times_100_are_left_out_alone(helpers, kind, limit, length):
    """By the registered limit, by the learned one, or where the registered one was a typo."""
    world = world_of(helpers, kind, max_per_hour=limit)
    sent = LOAD.copy()
    sent[700 : 700 + length] *= 100
    world.push(1, helpers.quarters(COUNT), sent)
    world.ledger.step()
    energy, shares = slots(world)
    per = KWH // 4 if kind is Kind.MEAN else KWH
    wrong = np.zeros(COUNT, dtype=bool)
    wrong[700 : 700 + length] = True
    assert (energy[wrong] == ABSENT).all()
    assert (shares[wrong, MISSING] == WHOLE).all()
    assert energy[~wrong].tolist() == np.rint(LOAD[~wrong] * per).astype(int).tolist()
    assert (shares[~wrong, MEASURED] == WHOLE).all()
    told = [k for k in world.kinds() if k != "limit"]
    assert told == ["spike"] * length
    assert ("limit" in world.kinds()) is (limit == Decimal("0.3"))


def test_a_load_that_a_day_shows_often_is_no_fault(helpers):
    world = world_of(helpers)
    sent = LOAD.copy()
    sent[710:740] *= 40
    world.push(1, helpers.quarters(COUNT), sent)
    world.ledger.step()
    assert world.kinds() == []
    assert slots(world)[0].tolist() == np.rint(sent * KWH).astype(int).tolist()


@pytest.mark.parametrize("signed", [False, True])
def test_a_negative_reading_is_refused_where_energy_passes_one_way(helpers, signed):
    world = world_of(helpers, signed=signed)
    sent = LOAD.copy()
    sent[[300, 301, 302, 800]] *= -1
    world.push(1, helpers.quarters(COUNT), sent)
    world.ledger.step()
    energy, shares = slots(world)
    below = sent < 0
    if signed:
        assert world.kinds() == []
        assert energy.tolist() == np.rint(sent * KWH).astype(int).tolist()
    else:
        assert world.kinds() == ["negative"] * 4
        assert (energy[below] == ABSENT).all()
        assert (shares[~below, MEASURED] == WHOLE).all()


@pytest.mark.parametrize("seed", range(6))
def test_order_batches_and_rebuild_make_the_same_books(helpers, seed):
    rng = np.random.default_rng(seed)
    kind = Kind.MEAN if seed % 2 else Kind.INTERVAL
    times, sent = helpers.quarters(COUNT), LOAD.copy()
    for at in rng.integers(0, COUNT - 20, 5).tolist():
        sent[at : at + int(rng.integers(1, 20))] *= rng.choice((-1, 100, 1000, 0))
    worlds = []
    for order in (np.arange(COUNT), rng.permutation(COUNT), np.arange(COUNT)[::-1]):
        world = world_of(helpers, kind)
        edges = np.sort(rng.integers(0, COUNT, 9))
        for part in np.split(order, edges):
            world.push(1, times[part], sent[part])
            world.ledger.step()
            if rng.random() < 0.3:
                world.restart()
        while world.ledger.step().marks:
            pass
        worlds.append(world)
    whole = world_of(helpers, kind)
    whole.push(1, times, sent)
    whole.ledger.step()
    for world in worlds:
        helpers.same(whole, world)
