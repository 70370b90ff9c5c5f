"""The two implementations tell the same of the same readings, whatever befalls a register."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metering.registry import Installation, Validity

DAYS = 4
COUNT = DAYS * 96
TROUBLES = (
    "gap",
    "stuck",
    "spike",
    "dip",
    "reset",
    "jump",
    "rest",
    "zeros",
    "scaled",
    "falls",
    "shift",
    "flagged",
    "open",
    "thin",
    "dead",
    "level",
)
troubles = st.lists(
    st.tuples(st.sampled_from(TROUBLES), st.integers(0, COUNT - 2), st.integers(1, 90)),
    max_size=5,
)
STOOD_ON = [("open", 131, 1), ("level", 253, 88)]
"""A standstill that was made up for, until more readings say that it was none and goes on."""
slow = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def troubled(found):
    """Registers of a clean meter that these troubles befall, and which of them arrive."""
    load = np.where(np.arange(COUNT) % 96 < 28, 2.0, 7.5)
    values, kept = 500 + np.cumsum(load), np.ones(COUNT, dtype=bool)
    for kind, at, length in found:
        end = min(at + length, COUNT)
        if kind == "gap":
            kept[at:end] = False
        elif kind == "stuck":
            values[at:end] = values[at]
        elif kind == "open":
            values[at:] = values[at]
        elif kind == "spike":
            values[at : at + 1 + length % 5] += 400
        elif kind == "dip":
            values[at : at + 1 + length % 5] -= 90
        elif kind == "reset":
            values[at:] -= values[at]
        elif kind == "jump":
            values[at:] += 900
        elif kind == "rest":
            values[end:] -= values[end - 1] - values[at]
            values[at:end] = values[at]
        elif kind == "zeros":
            values[at:end] = 0
        elif kind == "scaled":
            values[at:end] *= 1000
        elif kind == "falls":
            values[at:end] = values[at:end][::-1].copy()
        elif kind == "shift":
            values[at:end] = values[np.minimum(np.arange(at, end) + 4, COUNT - 1)]
        elif kind == "thin":
            kept[at:end] &= np.arange(at, end) % 4 == 0
        elif kind == "dead":
            values[at:end] = values[at]
            values[end - 1 - (end - at) // 3 : end] = 0
        elif kind == "level":
            values[at:end] = values[at] + 700
        elif kind == "flagged":
            values[at:end] = 1e9
    return np.round(values, 3), kept


@slow
@given(
    troubles=troubles,
    limit=st.sampled_from([None, "60", "4"]),
    digits=st.sampled_from([None, 4]),
    step=st.sampled_from([5, 15, 60]),
    later=st.integers(0, 96),
)
@example(troubles=STOOD_ON, limit=None, digits=None, step=15, later=69)
def test_both_tell_the_same_of_a_troubled_register(
    helpers, tmp_path, troubles, limit, digits, step, later
):
    fastest = None if limit is None else Decimal(limit)
    world = helpers.World(
        helpers.campus([helpers.meter("m", max_per_hour=fastest, step_min=step)], digits=digits),
        DAYS,
    )
    values, kept = troubled(troubles)
    if digits is not None:
        values = values % 10_000
    times = helpers.quarters(COUNT)[kept]
    values = values[kept]
    first = np.arange(len(times)) < len(times) - later
    for part in (first, ~first):
        world.push(1, times[part], values[part])
        world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.sampled(2)
def test_both_tell_the_same_over_months(helpers, tmp_path, seed):
    """Learned limits, long detours, falls without end and a declared replacement."""
    rng = np.random.default_rng(seed)
    days = 75
    count = days * 24
    values = 1000 + np.cumsum(rng.uniform(1, 9, count))
    kept = np.ones(count, dtype=bool)
    for kind in rng.permutation(7)[:4]:
        at, end = sorted(rng.integers(0, count, 2))
        if kind == 0:
            kept[at : at + 70] = False
        elif kind == 1:
            values[at:end] += 700
        elif kind == 2:
            values[at : at + 60] = values[at] - np.arange(len(values[at : at + 60])) * 2.5
        elif kind == 3:
            values[at:] *= 0.5
        elif kind == 4:
            values[at : at + 90 : 2] = 0
        elif kind == 5:
            values[at : at + 40] = values[at]
        else:
            values[at:end] *= 3
    change = Validity(helpers.DAY + timedelta(days=30))
    registry = helpers.campus(
        [helpers.meter("m", max_per_hour=None, step_min=60)],
        installations=[
            Installation("m", 1, valid=Validity(None, change.start)),
            Installation("m", 1, valid=change),
        ],
    )
    world = helpers.World(registry, days)
    times = helpers.quarters(4 * count)[::4]
    world.push(1, times[kept], np.round(values[kept], 3))
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []
