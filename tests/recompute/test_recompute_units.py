"""Units that are booked in another, reactive energy, and steps that are summed: both
implementations come to the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from metering.reading import Kind
from metering.registry import Installation
from metering.tariff import TariffRow

DAYS = 3


def world_of(helpers, kind, canonical, item, **more):
    own = [helpers.meter("m", item, max_per_hour=None, **more)]
    installed = (Installation("m", 1, Decimal("1.5"), register_unit=canonical),)
    registry = helpers.campus(own, kinds={"m": kind}, installations=installed)
    points = {1: replace(registry.points[1], unit=canonical)}
    return helpers.World(replace(registry, points=points), DAYS)


@pytest.mark.parametrize(
    ("kind", "canonical", "item", "per"),
    [
        (Kind.REGISTER, "kWh", "04000", 5400),
        (Kind.REGISTER, "kWh", "05000", 5400),
        (Kind.REGISTER, "MJ", "04000", 1500),
        (Kind.REGISTER, "kvarh", "90000", 1_500_000),
        (Kind.INTERVAL, "kWh", "05000", 5400),
        (Kind.MEAN, "kW", "04000", 1350),
        (Kind.MEAN, "kvar", "90000", 375_000),
        (Kind.MEAN, "kW", "01000", 375_000),
    ],
)
def test_what_a_meter_counts_is_booked_in_its_unit(helpers, tmp_path, kind, canonical, item, per):
    world = world_of(helpers, kind, canonical, item)
    passed = np.random.default_rng(1).integers(1, 9, DAYS * 96) * 2.0
    register = np.concatenate([[700.0], 700 + np.cumsum(passed)])
    values = register if kind is Kind.REGISTER else passed
    world.push(1, helpers.quarters(len(values)), values)
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []
    key = next(k for k in world.books.series("o") if k.kind == "node")
    rows = world.books.rows([key], helpers.DAY, helpers.DAY)
    assert rows[0].finest.slots.tolist() == (passed[:96] * per).astype(int).tolist()
    assert rows[0].complete
    assert not [k for k in world.books.series("o") if k.item == "01000" != item]


@pytest.mark.parametrize("steps", [(15, 20), (20, 30), (20, 60, 15), (20,), (60, 20)])
@pytest.mark.parametrize("total", [False, True])
@pytest.mark.sampled(3)
def test_steps_of_which_none_is_made_of_the_other(helpers, tmp_path, steps, total):
    """As parts, and where a silent total is filled from them."""
    months = frozenset(range(1, 13))
    prices = [(0, 490, "0.3"), (490, 1440, "1.1")]
    tariff = tuple(
        TariffRow("t", "01000", months, "all", start, end, price, Decimal(price))
        for start, end, price in prices
    )
    own = [
        helpers.meter(f"m{step}", step_min=step, total=total and place == 0, max_per_hour=None)
        for place, step in enumerate(steps)
    ]
    world = helpers.World(helpers.campus(own, tariff=tariff), DAYS)
    rng = np.random.default_rng(len(steps))
    for point in range(1, len(steps) + 1):
        kept = np.flatnonzero((np.arange(DAYS * 96) // 50) % 3 != point % 3)
        values = 50 + np.cumsum(rng.integers(0, 9, DAYS * 96)) / 2
        world.push(point, helpers.quarters(DAYS * 96)[kept], values[kept])
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []
