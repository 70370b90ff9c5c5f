"""What a clean 30 kWh/h meter becomes when the field misbehaves: nothing is lost."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from metering.registry import Installation, Validity

DAYS = 3
COUNT = DAYS * 96 + 1
PER_DAY = 30 * 24 * 1_000_000
PER_HOUR = 30 * 1_000_000


@pytest.fixture
def world(helpers):
    registry = helpers.campus([helpers.meter("m", total=True)], digits=5)
    return helpers.World(registry, helpers.later(DAYS))


def clean(count: int = COUNT, start: float = 1000.0) -> np.ndarray:
    return start + np.arange(count) * 7.5


def hours(world, kind: str = "meter", code: str = "m") -> list[int]:
    return [
        int(h)
        for row in world.rows(kind, code)[:DAYS]
        for h in row.finest.slots.reshape(-1, 4).sum(axis=1)
    ]


def assert_exact(world) -> None:
    for kind, code in (("meter", "m"), ("node", "b"), ("node", "o")):
        assert hours(world, kind, code) == [PER_HOUR] * 24 * DAYS
        assert [row.total for row in world.rows(kind, code)][:DAYS] == [PER_DAY] * DAYS


def test_three_hours_backfilled_later_are_exact(world, helpers):
    times, values = helpers.quarters(COUNT), clean()
    late = np.zeros(COUNT, dtype=bool)
    late[41:53] = True
    world.push(1, times[~late], values[~late])
    world.ledger.step()
    assert world.kinds() == ["gap"]
    world.push(1, times[late], values[late])
    world.ledger.step()
    assert_exact(world)
    assert world.kinds() == []
    assert all(row.day_shares.tolist() == [10_000, 0, 0, 0] for row in world.rows("node", "o")[:3])


def test_catch_up_after_twelve_hours_loses_nothing(world, helpers):
    times, values = helpers.quarters(COUNT), clean()
    kept = np.ones(COUNT, dtype=bool)
    kept[41:88] = False
    world.push(1, times[kept], values[kept])
    world.ledger.step()
    assert_exact(world)
    first = world.rows("meter", "m")[0]
    assert first.day_shares.tolist() == [10_000, 0, 0, 0]
    assert first.finest.shares[50].tolist() == [0, 10_000, 0, 0]
    assert first.spill == (0, 0, 0)


@pytest.mark.parametrize("size", [100.0, -100.0, 20.0])
def test_spike_is_rejected_and_nothing_else_touched(world, helpers, size):
    times, values = helpers.quarters(COUNT), clean()
    values[100] += size
    world.push(1, times, values)
    world.ledger.step()
    assert_exact(world)
    assert world.kinds() == ["spike"]


def test_replacement_by_a_higher_register_is_exact(helpers):
    change = helpers.DAY + timedelta(days=1)
    registry = helpers.campus(
        [helpers.meter("m", total=True)],
        installations=[
            Installation("m", 1, digits=5, valid=Validity(None, change)),
            Installation("m", 2, digits=5, valid=Validity(change, None)),
        ],
    )
    world = helpers.World(registry, helpers.later(DAYS))
    times = helpers.quarters(COUNT)
    world.push(1, times[:97], clean(97))
    world.push(2, times[96:], clean(COUNT - 96, 50_000.0))
    world.ledger.step()
    assert_exact(world)
    assert world.kinds() == []


def test_replacement_at_noon_of_the_day_is_exact(helpers):
    change = helpers.DAY + timedelta(days=1)
    registry = helpers.campus(
        [helpers.meter("m", total=True)],
        installations=[
            Installation("m", 1, digits=5, valid=Validity(None, change)),
            Installation("m", 2, digits=5, valid=Validity(change, None)),
        ],
    )
    world = helpers.World(registry, helpers.later(DAYS))
    times = helpers.quarters(COUNT)
    world.push(1, times[:145], clean(145))
    world.ledger.step()
    world.push(2, times[144:], clean(COUNT - 144, 50_000.0))
    world.ledger.step()
    assert_exact(world)


def test_replacement_without_a_final_reading_is_missing_between(helpers):
    change = helpers.DAY + timedelta(days=1)
    registry = helpers.campus(
        [helpers.meter("m", total=True)],
        installations=[
            Installation("m", 1, valid=Validity(None, change)),
            Installation("m", 2, valid=Validity(change, None)),
        ],
    )
    world = helpers.World(registry, helpers.later(DAYS))
    times = helpers.quarters(COUNT)
    world.push(1, times[:93], clean(93))
    world.push(2, times[96:], clean(COUNT - 96, 50_000.0))
    world.ledger.step()
    first = world.rows("meter", "m")[0]
    assert first.total == PER_DAY - PER_HOUR
    assert first.finest.hour_shares[23].tolist() == [0, 0, 0, 10_000]


def test_rollover_is_exact(world, helpers):
    world.push(1, helpers.quarters(COUNT), (clean(start=99_900.0)) % 100_000)
    world.ledger.step()
    assert_exact(world)
    assert world.kinds() == ["rollover"]


def test_everything_twice_is_exact(world, helpers):
    for _ in range(2):
        world.push(1, helpers.quarters(COUNT), clean())
        world.ledger.step()
    assert_exact(world)
    assert world.books.revision("o") == 1


def test_two_ledgers_at_once_do_not_double(world, helpers):
    twin = type(world)(world.registry, world.now_us, world.marks, world.readings)
    twin.books = world.books
    twin.ledger._books = world.books
    times, values = helpers.quarters(COUNT), clean()
    for part in range(0, COUNT, 50):
        world.push(1, times[part : part + 50], values[part : part + 50])
        world.ledger.step()
        twin.ledger.step()
    assert_exact(world)


def test_parent_with_a_silent_meter_is_computed_and_incomplete(helpers):
    registry = helpers.campus([helpers.meter("m", "01A00"), helpers.meter("n", "01B00")])
    world = helpers.World(registry, helpers.later(DAYS))
    world.push(1, helpers.quarters(COUNT), clean())
    world.ledger.step()
    row = world.rows("node", "b")[0]
    assert row.total == PER_DAY
    assert row.day_shares.tolist() == [5_000, 0, 0, 5_000]


def test_a_meter_added_later_with_its_history_is_recomputed_in_all(helpers):
    first = helpers.campus([helpers.meter("m", "01A00")])
    world = helpers.World(first, helpers.later(DAYS))
    world.push(1, helpers.quarters(COUNT), clean())
    world.ledger.step()
    assert world.totals("node", "o")[helpers.DAY] == PER_DAY
    meters = [helpers.meter("m", "01A00"), helpers.meter("n", "01B00")]
    world.change(helpers.campus(meters, version=2))
    world.push(2, helpers.quarters(COUNT), clean())
    world.ledger.step()
    world.ledger.step()
    found = world.totals("node", "o")
    assert [found[helpers.DAY + timedelta(days=n)] for n in range(DAYS)] == [2 * PER_DAY] * DAYS
    assert world.rows("node", "o")[0].day_shares.tolist() == [10_000, 0, 0, 0]


def test_days_before_and_after_the_readings_have_no_rows(world, helpers):
    world.push(1, helpers.quarters(96), clean(96))
    world.ledger.step()
    assert list(world.totals("meter", "m")) == [helpers.DAY]
    assert list(world.totals("node", "o")) == [helpers.DAY]
    assert date(2026, 3, 2) == helpers.DAY
