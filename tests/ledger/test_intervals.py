"""Interval energy and mean power, read more often or less often than the books have steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.intervals import placed
from metering.localtime import MINUTE_US
from metering.quantity import ABSENT
from metering.reading import Kind

DAYS = 2
LENGTHS = [1, 5, 10, 15, 20, 30, 60]


def world_of(helpers, kind, step):
    registry = helpers.campus(
        [helpers.meter("m", step_min=step, max_per_hour=None)], kinds={"m": kind}
    )
    return helpers.World(registry, helpers.later(DAYS + 2))


def sent(helpers, length, seed=0):
    rng = np.random.default_rng(seed)
    count = DAYS * 24 * 60 // length
    times = helpers.midnight() + np.arange(count, dtype=np.int64) * length * MINUTE_US
    return times, rng.integers(0, 30_000, count) / 1000


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.MEAN])
@pytest.mark.parametrize("step", [15, 60])
@pytest.mark.parametrize("length", LENGTHS)
def test_every_reading_counts_once_whatever_the_step(helpers, kind, step, length):
    world = world_of(helpers, kind, step)
    times, values = sent(helpers, length)
    world.push(1, times, values)
    world.ledger.step()
    rows = world.rows("meter", "m")[:DAYS]
    energy = np.rint(values * 10**6 * (1 if kind is Kind.INTERVAL else length / 60)).astype(int)
    slots = np.concatenate([row.finest.slots for row in rows])
    assert int(slots.sum()) == int(energy.sum())
    wider = max(step, length) // min(step, length)
    if step % length == 0:
        assert slots.tolist() == energy.reshape(-1, wider).sum(axis=1).tolist()
        assert all((row.finest.shares[:, 0] == 10_000).all() for row in rows)
    elif length % step == 0:
        assert slots.reshape(-1, wider).sum(axis=1).tolist() == energy.tolist()
        assert all((row.finest.shares[:, 1] == 10_000).all() for row in rows)
    assert world.kinds() in ([], ["gap"])


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.MEAN])
@pytest.mark.parametrize("length", [1, 5, 15, 60])
def test_readings_that_are_lost_are_missing_and_make_no_others_longer(helpers, kind, length):
    """Two of three are lost: what is left is shorter than the stretches between it."""
    world = world_of(helpers, kind, 60)
    times, values = sent(helpers, length)
    kept = np.random.default_rng(1).random(len(times)) < 1 / 3
    kept[:2] = True
    world.push(1, times[kept], values[kept])
    world.ledger.step()
    energy = np.rint(values * 10**6 * (1 if kind is Kind.INTERVAL else length / 60)).astype(int)
    assert sum(row.total for row in world.rows("meter", "m")[:DAYS]) == int(energy[kept].sum())


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from([Kind.INTERVAL, Kind.MEAN]),
    step=st.sampled_from([15, 60]),
    length=st.sampled_from(LENGTHS),
    late=st.sampled_from([0, 0, 1, -1, 5]),
    lost=st.sampled_from([0, 0.1, 0.6]),
    cuts=st.lists(st.integers(1, 200), max_size=6),
    seed=st.integers(0, 1000),
)
def test_whatever_came_first_the_books_are_the_same(
    helpers, kind, step, length, late, lost, cuts, seed
):
    rng = np.random.default_rng(seed)
    times, values = sent(helpers, length, seed)
    times = times + late * 1_000_000
    kept = np.flatnonzero(rng.random(len(times)) >= lost)
    whole, parts = world_of(helpers, kind, step), world_of(helpers, kind, step)
    whole.push(1, times[kept], values[kept])
    whole.ledger.step()
    for part in np.split(rng.permutation(kept), sorted({c for c in cuts if c < len(kept)})):
        parts.push(1, times[np.sort(part)], values[np.sort(part)])
        parts.ledger.step()
        if rng.random() < 0.3:
            parts.restart()
    helpers.same(whole, parts)


def test_of_two_readings_of_one_interval_the_nearer_stamp_counts(helpers):
    start = helpers.midnight()
    times = start + np.arange(20) * 15 * MINUTE_US
    doubled = np.sort(np.append(times, times[5] + 4_000_000))
    found = placed(doubled, helpers.ZONE, 15, np.zeros(len(doubled), dtype=np.bool_))
    assert doubled[found.place].tolist() == times.tolist()
    assert len(found.off_us) == 0


def test_a_stamp_beyond_the_tolerance_begins_nowhere_and_is_told(helpers):
    world = world_of(helpers, Kind.INTERVAL, 15)
    times, values = sent(helpers, 15)
    times[50] += 40_000_000
    world.push(1, times, values)
    world.ledger.step()
    assert world.kinds() == ["off_grid"]
    row = world.rows("meter", "m")[0]
    assert row.finest.slots[50] == ABSENT
    assert row.finest.shares[50].tolist() == [0, 0, 0, 10_000]
