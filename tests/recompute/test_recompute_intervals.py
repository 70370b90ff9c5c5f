"""Intervals and means of every length: both implementations tell the same."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.reading import Kind

DAYS = 2


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    minutes=st.sampled_from([5, 10, 15, 20, 30, 60, 7]),
    step_min=st.sampled_from([15, 20, 30, 60, 1440]),
    kind=st.sampled_from([Kind.INTERVAL, Kind.MEAN]),
    lost=st.sampled_from([0.0, 0.1, 0.6]),
    shaken=st.sampled_from([0, 3, 40, 200]),
    seed=st.integers(0, 2**32 - 1),
)
def test_both_tell_the_same_of_intervals(
    helpers, tmp_path, minutes, step_min, kind, lost, shaken, seed
):
    registry = helpers.campus([helpers.meter("i", step_min=step_min)], kinds={"i": kind})
    world = helpers.World(registry, DAYS)
    rng = np.random.default_rng(seed)
    start = helpers.quarters(1)[0]
    count = DAYS * 1440 // minutes
    times = start + np.arange(count) * minutes * 60_000_000
    times = times + rng.integers(-shaken, shaken + 1, count) * 1_000_000
    kept = (rng.random(count) >= lost) & np.append(True, np.diff(times) > 0)
    values = np.round(rng.uniform(-1, 9, count), 3)
    world.push(1, times[kept], values[kept])
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []
