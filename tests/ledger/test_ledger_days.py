"""Local days: clock changes, coarse steps, the running day, settling, events."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from figures import month_quality, month_total
from ledger import SETTLE_US
from metering.localtime import day_bounds
from metering.quantity import ABSENT
from metering.reading import Kind


@pytest.mark.parametrize(
    ("zone", "day", "slots"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 92),
        ("Europe/Berlin", date(2026, 10, 25), 100),
        ("Australia/Lord_Howe", date(2026, 4, 5), 98),
        ("Australia/Lord_Howe", date(2026, 10, 4), 94),
        ("Asia/Kathmandu", date(2026, 3, 2), 96),
        ("+09:30", date(2026, 3, 2), 96),
        ("America/Santiago", date(2026, 9, 6), 92),
    ],
)
@pytest.mark.parametrize("step", [15, 20, 30, 60, 1440])
def test_days_of_every_length(helpers, zone, day, slots, step):
    registry = helpers.campus([helpers.meter("m", step_min=step)], zone=zone)
    world = helpers.World(registry, helpers.later(3, day, zone))
    start, end = day_bounds(day, zone)
    edges = [*range(start, end, step * 60_000_000 if step < 1440 else end - start), end]
    world.push(1, edges, (np.array(edges) - start) / 900e6)
    world.ledger.step()
    row = world.rows("meter", "m")[0]
    assert row.total == slots * 1_000_000
    assert len(row.finest.slots) == (1 if step == 1440 else -(-slots * 15 // step))
    assert row.day_shares.tolist() == [10_000, 0, 0, 0]
    assert len(row.finest.hour_shares) == -(-slots // 4)
    assert world.totals("node", "o")[day] == slots * 1_000_000


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.MEAN])
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 1)])
def test_interval_energy_fills_the_slot_that_starts_with_it(helpers, kind, day):
    zone = "Europe/Berlin"
    one = helpers.meter("m", step_min=60)
    registry = helpers.campus([one], kinds={"m": kind}, zone=zone, signed=True)
    world = helpers.World(registry, helpers.later(3, day, zone))
    start, end = day_bounds(day, zone)
    times = np.arange(start, end, helpers.HOUR_US)
    values = np.arange(len(times)) - 3.0001
    kept = np.ones(len(times), dtype=bool)
    kept[7] = False
    world.push(1, times[kept], values[kept])
    world.push(1, [start + 2 * helpers.HOUR_US + 60_000_000], [99.0])
    world.ledger.step()
    row = world.rows("meter", "m")[0]
    wanted = [round(v * 1_000_000) for v in values]
    wanted[7] = ABSENT
    assert row.finest.slots.tolist() == wanted
    assert row.finest.shares[7].tolist() == [0, 0, 0, 10_000]
    assert world.kinds() == ["off_grid"]


def test_mean_power_of_a_quarter_hour_rounds_once_a_row(helpers):
    one = helpers.meter("m", max_per_hour=None)
    registry = helpers.campus([one], kinds={"m": Kind.MEAN}, signed=True)
    world = helpers.World(registry, helpers.later(3))
    values = np.random.default_rng(3).normal(10, 40, 96).round(5)
    world.push(1, helpers.quarters(96), values)
    world.ledger.step()
    wanted = [round(v * 250_000) for v in values.tolist()]
    assert world.rows("meter", "m")[0].finest.slots.tolist() == wanted


def test_the_running_day_counts_what_is_due(helpers):
    world = helpers.World(helpers.campus([helpers.meter("m")]), 0)
    world.now_us = helpers.midnight() + 10 * helpers.HOUR_US
    world.push(1, helpers.quarters(33), np.arange(33) * 5.0)
    world.ledger.step()
    row = world.rows("node", "b")[0]
    assert row.provisional
    assert row.day_shares.tolist() == [8_000, 0, 0, 2_000]
    assert row.finest.slots[31] == 5_000_000
    assert (row.finest.slots[33:] == ABSENT).all()


def test_a_day_settles_once_its_last_reading_had_time_to_come(helpers):
    end = helpers.midnight() + 24 * helpers.HOUR_US
    world = helpers.World(helpers.campus([helpers.meter("m")]), end - 60_000_000)
    world.push(1, helpers.quarters(96), np.arange(96) * 5.0)
    world.ledger.step()
    world.now_us = end + 5_000_000
    world.push(1, [end], [96 * 5.0])
    world.ledger.step()
    assert world.rows("node", "o")[0].provisional
    world.now_us = end + SETTLE_US
    report = world.ledger.roll_day()
    assert report.rows >= 3
    assert not any(row.provisional for row in world.rows("node", "o")[:1])
    assert world.books.restatements("o") == []
    assert world.totals("node", "o")[helpers.DAY] == 96 * 5_000_000


def test_a_fresh_process_settles_the_day_it_slept_through(helpers):
    world = helpers.World(helpers.campus([helpers.meter("m")]), 0)
    world.now_us = helpers.midnight() + 10 * helpers.HOUR_US
    world.push(1, helpers.quarters(41), np.arange(41) * 5.0)
    world.ledger.step()
    fresh = helpers.World(world.registry, helpers.later(4), world.marks, world.readings)
    fresh.books = world.books
    fresh.ledger._books = world.books
    fresh.ledger.step()
    row = world.rows("node", "o")[0]
    assert not row.provisional
    assert row.day_shares.tolist() == [4_167, 0, 0, 5_833]


def test_silence_shows_in_the_running_day(helpers):
    meters = [helpers.meter("m", "01A00"), helpers.meter("n", "01B00")]
    world = helpers.World(helpers.campus(meters), helpers.midnight() + 8 * helpers.HOUR_US)
    for point in (1, 2):
        world.push(point, helpers.quarters(33), np.arange(33) * 5.0)
    world.ledger.step()
    world.now_us += 8 * helpers.HOUR_US
    world.push(1, helpers.quarters(65)[33:], np.arange(33, 65) * 5.0)
    world.ledger.step()
    assert world.rows("node", "b")[0].day_shares.tolist() == [7_500, 0, 0, 2_500]


def test_a_gap_over_midnight_is_measured_in_the_month_that_holds_it(helpers):
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(40))
    times, values = helpers.quarters(30 * 96), np.arange(30 * 96) * 5.0
    kept = np.ones(len(times), dtype=bool)
    kept[900:1300] = False
    world.push(1, times[kept], values[kept])
    world.ledger.step()
    rows = {row.day: row for row in world.rows("meter", "m")}
    days = [helpers.DAY + timedelta(days=n) for n in range(29)]
    assert rows[days[10]].spill == (0, 0, 10_000)
    assert month_quality(rows, days, helpers.ZONE, world.now_us).tolist() == [10_000, 0, 0, 0]
    part = month_quality(rows, days[:11], helpers.ZONE, world.now_us)
    assert part[1] == round(10_000 * (11 * 96 - 899) / (11 * 96))
    assert month_total(list(rows.values())[:29]) == 29 * 96 * 5_000_000
    assert month_total([]) is None


def test_flagged_readings_are_not_taken(helpers):
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(3))
    times, values = helpers.quarters(97), np.arange(97) * 5.0
    world.push(1, times, values)
    world.push(1, times[40:42], [1e9, 1e9], 1)
    world.ledger.step()
    row = world.rows("meter", "m")[0]
    assert row.total == 96 * 5_000_000
    assert row.finest.shares[40].tolist() == [0, 10_000, 0, 0]
    assert row.day_shares.tolist() == [10_000, 0, 0, 0]


def test_marks_of_other_points_are_cleared(helpers):
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(3))
    world.push(99, [helpers.midnight()], [21.5])
    report = world.ledger.step()
    assert report.marks == 1
    assert world.marks.waiting() == 0


def test_rebuild_gives_the_same_books(helpers):
    world = helpers.World(helpers.campus([helpers.meter("m", total=True)]), helpers.later(50))
    count = 45 * 96
    world.push(1, helpers.quarters(count), np.cumsum(np.arange(count) % 7.0))
    world.ledger.step()
    before = world.all_rows()
    assert len(before) == 3 * 45
    world.books._reset()
    assert world.ledger.rebuild().differing == len(before)
    after = world.all_rows()
    assert before.keys() == after.keys()
    assert all(row.same_content(after[place]) for place, row in before.items())
    assert world.marks.waiting() == 0


@pytest.mark.parametrize("kind", [Kind.REGISTER, Kind.INTERVAL, Kind.MEAN])
def test_absurd_values_do_not_stop_the_ledger(helpers, kind):
    world = helpers.World(helpers.campus([helpers.meter("m")], kinds={"m": kind}), helpers.later(3))
    absurd = [1e300, -1e300, 9e9, 8.9e9, -9e9, 4e12, 1e-300, 0.0] * 12
    world.push(1, helpers.quarters(96), absurd)
    world.ledger.step()
    assert world.marks.waiting() == 0
    assert len(world.rows("node", "o")) == 1
