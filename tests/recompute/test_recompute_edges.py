"""Situations on the edge of a rule, one by one: both implementations draw it at the same place."""

from __future__ import annotations

import numpy as np
import pytest

DAYS = 8
COUNT = DAYS * 96
MINUTE_US = 60_000_000


def plain():
    load = np.where(np.arange(COUNT) % 96 < 28, 2.0, 7.5)
    return 500 + np.cumsum(load)


def agreed(helpers, tmp_path, times, values, **more):
    """Both tell the same; what register events tell of it."""
    more.setdefault("max_per_hour", None)
    digits = more.pop("digits", None)
    world = helpers.World(helpers.campus([helpers.meter("m", **more)], digits=digits), DAYS)
    world.push(1, times, np.round(values, 3))
    world.book()
    books = world.recomputed(tmp_path)
    assert helpers.differences(world, books) == []
    return [kind for kind, _, _ in books.spans("m")]


@pytest.mark.parametrize(("count", "kind"), [(2, "reset"), (3, "reversed"), (4, "reversed")])
@pytest.mark.sampled(3)
def test_falls_in_a_row(helpers, tmp_path, count, kind):
    values = plain()
    at = 400
    for n in range(count):
        values[at + n :] = values[at + n - 1] - 150 + values[at + n :] - values[at + n]
    assert kind in agreed(helpers, tmp_path, helpers.quarters(COUNT), values)


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_stretch_of_one_and_a_half_steps(helpers, tmp_path, off):
    times = helpers.quarters(COUNT)
    times[500:] += 15 * MINUTE_US // 2 + off
    agreed(helpers, tmp_path, times[:-1], plain()[:-1])


@pytest.mark.parametrize(("rest", "end", "stuck"), [(8, 31, False), (8, 32, False), (8, 34, True)])
@pytest.mark.sampled(2)
def test_a_rest_four_times_as_long_as_before(helpers, tmp_path, rest, end, stuck):
    values = plain()
    values[200 + rest :] -= values[200 + rest] - values[200]
    values[200 : 200 + rest + 1] = values[200]
    values[-end - 1 :] = values[-end - 1]
    assert ("stuck" in agreed(helpers, tmp_path, helpers.quarters(COUNT), values)) is stuck


@pytest.mark.parametrize("length", [3, 5, 30, 63, 64, 65])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.sampled(4)
def test_readings_between_a_hole_and_a_step_that_is_seen(helpers, tmp_path, length, before):
    values, kept = plain(), np.ones(COUNT, dtype=bool)
    at = 400
    kept[at : at + 8] = False
    if before:
        values[at + 8 : at + 8 + length] -= 90
    else:
        values[at - length : at] += 90
    times = helpers.quarters(COUNT)
    agreed(helpers, tmp_path, times[kept], values[kept], max_per_hour=None)


@pytest.mark.parametrize("length", range(1, 7))
@pytest.mark.sampled(3)
def test_few_readings_that_deny_a_fall(helpers, tmp_path, length):
    values = plain()
    values[400 : 400 + length] -= 60 + 5 * np.arange(length)
    agreed(helpers, tmp_path, helpers.quarters(COUNT), values)


@pytest.mark.parametrize("length", range(1, 7))
@pytest.mark.sampled(3)
def test_few_readings_that_are_too_low_before_a_rise(helpers, tmp_path, length):
    values = plain()
    values[400 : 400 + length] = values[399] + 0.1 * np.arange(length)
    agreed(helpers, tmp_path, helpers.quarters(COUNT), values, max_per_hour=60)


@pytest.mark.parametrize("every", [2, 3, 5, 9])
@pytest.mark.sampled(3)
def test_readings_that_go_up_and_down_for_hours(helpers, tmp_path, every):
    values = plain()
    values[300:420:every] += 900
    agreed(helpers, tmp_path, helpers.quarters(COUNT), values)


def test_more_tracks_than_stay_open(helpers, tmp_path):
    rng = np.random.default_rng(5)
    values = plain()
    values[300:420] = np.round(rng.uniform(0, 40_000, 120), 3)
    agreed(helpers, tmp_path, helpers.quarters(COUNT), values)


@pytest.mark.parametrize("lump", [1, 10, 100])
def test_a_coarse_register(helpers, tmp_path, lump):
    values = np.floor(plain() / lump) * lump
    values[500:504] += 7 * lump
    agreed(helpers, tmp_path, helpers.quarters(COUNT), values)


@pytest.mark.parametrize("digits", [3, 4])
def test_a_turn_without_a_limit(helpers, tmp_path, digits):
    values = np.mod(plain(), 10**digits)
    times = helpers.quarters(COUNT)
    kept = (np.arange(COUNT) < 90) | (np.arange(COUNT) > 170)
    kept &= np.arange(COUNT) < 190
    agreed(helpers, tmp_path, times[kept], values[kept], digits=digits)
