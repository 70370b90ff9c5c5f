"""How many readings a change makes the ledger look at."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from storage.memory import MemoryReadings

PER_DAY = 2
YEARS = 2


class Counted(MemoryReadings):
    """Readings that tell how many were read."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def _told(self, rows):
        self.count += len(rows)
        return rows

    def scan(self, *given):
        return self._told(super().scan(*given))

    def before(self, *given):
        return self._told(super().before(*given))

    def after(self, *given):
        return self._told(super().after(*given))


@pytest.fixture
def world(helpers):
    registry = helpers.campus([helpers.meter("m", total=True, max_per_hour=None)])
    made = helpers.World(registry, helpers.later(365 * YEARS))
    made.readings = Counted()
    made.restart()
    return made


def readings(helpers, years):
    """A clean register, read twice a day."""
    count = 365 * PER_DAY * years
    first = helpers.midnight(helpers.DAY + timedelta(days=365 * (YEARS - years)))
    times = first + np.arange(count) * 24 // PER_DAY * helpers.HOUR_US
    return times, np.cumsum(np.random.default_rng(0).uniform(100, 180, count))


def read_by_one_more(world, times, values):
    world.readings.count = 0
    world.push(1, times[-1:], values[-1:] + 1)
    world.ledger.step()
    return world.readings.count


@pytest.mark.parametrize("doubtful", [False, True])
def test_a_fresh_process_looks_through_months_not_through_the_past(world, helpers, doubtful):
    times, values = readings(helpers, YEARS)
    if doubtful:
        values[:-200:90] = 0
    world.push(1, times, values)
    world.ledger.step()
    world.restart()
    months = 45 if doubtful else 8
    assert read_by_one_more(world, times, values) <= months * 31 * PER_DAY


@pytest.mark.parametrize("years", [1, YEARS])
def test_a_reading_costs_its_day_however_long_the_past_is(world, helpers, years):
    times, values = readings(helpers, years)
    world.push(1, times, values)
    world.ledger.step()
    read_by_one_more(world, times, values)
    assert read_by_one_more(world, times, values) <= 100
