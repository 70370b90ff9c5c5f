"""Registers that may fall, and exports: both implementations come to the same."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from metering.registry import Direction, Installation
from metering.tariff import TariffRow

DAYS = 8
COUNT = DAYS * 96


def tariff():
    def row(start, end, period, price):
        months = frozenset(range(1, 13))
        return TariffRow("t", "01000", months, "all", start, end, period, Decimal(price))

    return (row(0, 480, "valley", "0.3"), row(480, 1440, "peak", "1.1"))


def spoiled(rng, values):
    """Up to three faults that a register of either kind can have."""
    values = np.round(values, 3)
    for at in sorted(rng.choice(np.arange(2, 14), rng.integers(0, 4), replace=False) * 50):
        length = int(rng.integers(1, 12))
        fault = rng.integers(6)
        if fault == 0:
            values[at : at + length] += rng.choice((-1, 1)) * 3000
        elif fault == 1:
            values[at : at + length] = values[at]
        elif fault == 2:
            values[at:] += rng.choice((-1, 1)) * 800
        elif fault == 3:
            values[at : at + length] = 0
        elif fault == 4:
            values[at : at + length] = np.nan
        else:
            values[at : at + min(length, 3)] = values[at - 3]
    return values


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.sampled(3)
def test_signed_and_exported_registers_with_faults(helpers, tmp_path, seed):
    rng = np.random.default_rng(seed)
    limit = Decimal(60) if seed % 2 else None
    own = [helpers.meter("net", max_per_hour=limit), helpers.meter("fed", max_per_hour=limit)]
    installed = (
        Installation("net", 1, signed=True),
        Installation("fed", 2, direction=Direction.EXPORT, signed=seed % 3 == 0),
    )
    world = helpers.World(helpers.campus(own, installations=installed, tariff=tariff()), DAYS)
    sun = np.maximum(np.sin((np.arange(COUNT) % 96 - 24) / 48 * np.pi), 0) * 8
    net = 500 + np.cumsum(rng.uniform(1, 3, COUNT) - sun * rng.uniform(0.2, 1, COUNT))
    fed = 900 + np.cumsum(sun * rng.uniform(0.2, 1, COUNT) + 0.01)
    for point, values in ((1, spoiled(rng, net)), (2, spoiled(rng, fed))):
        known = ~np.isnan(values)
        world.push(point, helpers.quarters(COUNT)[known], values[known])
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []
