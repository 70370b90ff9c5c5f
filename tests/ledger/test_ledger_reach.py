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
        self.count = self.questions = 0

    def _told(self, rows):
        self.count += len(rows)
        self.questions += 1
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


@pytest.mark.parametrize("days_back", [4, 100, 300])
def test_a_late_reading_asks_the_store_once_and_does_not_look_at_the_end(world, helpers, days_back):
    times, values = readings(helpers, YEARS)
    world.push(1, times, values)
    world.ledger.step()
    place = len(times) - days_back * PER_DAY
    for number, expected in enumerate((5, 1, 1)):  # first it is looked how far readings count
        at, value = times[place + number : place + number + 1], values[place + number]
        world.readings.questions = 0
        world.push(1, at + helpers.HOUR_US, [value + 1])
        world.ledger.step()
        assert world.readings.questions <= expected, number


def test_what_stands_still_at_the_end_is_found_after_late_readings_too(world, helpers):
    times, values = readings(helpers, YEARS)
    world.push(1, times, values)
    world.ledger.step()
    still = times[-1] + np.arange(1, 30) * 12 * helpers.HOUR_US
    world.now_us += 15 * 24 * helpers.HOUR_US
    for back in (300, 200):
        world.push(1, times[-back : -back + 1] + helpers.HOUR_US, [values[-back] + 1])
        world.ledger.step()
    assert "stuck" not in world.kinds()
    world.push(1, still, np.full(len(still), values[-1]))
    world.ledger.step()
    assert "stuck" in world.kinds()
    world.push(1, times[-100:-99] + helpers.HOUR_US, [values[-100] + 1])
    world.ledger.step()
    assert "stuck" in world.kinds()
    world.push(1, still[-1:] + helpers.HOUR_US, [values[-1] + 1])
    world.ledger.step()
    fresh = {(row.key, row.day): row.total for row in world.all_rows().values()}
    world.ledger.rebuild()
    assert fresh == {(row.key, row.day): row.total for row in world.all_rows().values()}
