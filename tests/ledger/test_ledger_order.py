"""Rows are a pure function of the readings: arrival order and batches cannot matter."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.reading import Kind
from metering.registry import Installation, Validity

DAYS = 5
COUNT = DAYS * 96
TROUBLES = ("gap", "stuck", "spike", "reset", "jump", "rest", "silence", "dip", "flagged", "open",
            "zeros", "scaled", "falls", "shift")  # fmt: skip


def troubled(draw_list, count: int = COUNT):
    """Values and kept mask of a clean meter that the given troubles befall."""
    load = np.where(np.arange(count) % 96 < 28, 2.0, 7.5)
    values, kept = 500 + np.cumsum(load), np.ones(count, dtype=bool)
    flags = np.zeros(count, dtype=bool)
    for kind, at, length in draw_list:
        end = min(at + length, count)
        if kind in ("gap", "silence"):
            kept[at:end] = False
        elif kind == "stuck":
            values[at:end] = values[at]
        elif kind == "open":
            values[at:] = values[at]
        elif kind == "spike":
            values[at : at + 1 + length % 3] += 400
        elif kind == "dip":
            values[at : at + 1 + length % 3] -= 90
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
            values[at:end] = values[np.minimum(np.arange(at, end) + 4, count - 1)]
        elif kind == "flagged":
            flags[at:end] = True
    return np.round(values, 3), kept, flags


troubles = st.lists(
    st.tuples(st.sampled_from(TROUBLES), st.integers(0, COUNT - 2), st.integers(1, 120)),
    max_size=5,
)
slow = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def batches(rng, indices: np.ndarray, how: str) -> list[np.ndarray]:
    """The indices in an order and in batches of arrival."""
    if how == "shuffled":
        indices = rng.permutation(indices)
    elif how == "backwards":
        indices = indices[::-1]
    cuts = np.sort(rng.integers(0, len(indices) + 1, size=int(rng.integers(1, 9))))
    parts = np.split(indices, cuts)
    if how == "late":
        rng.shuffle(parts)
    return [part for part in parts if len(part)]


@slow
@given(
    troubles=troubles,
    seed=st.integers(0, 2**32 - 1),
    how=st.sampled_from(["shuffled", "backwards", "late", "forward"]),
    limited=st.booleans(),
)
def test_any_order_and_batching_gives_the_same_rows(helpers, troubles, seed, how, limited):
    rng = np.random.default_rng(seed)
    fastest = Decimal(60) if limited else None
    registry = helpers.campus([helpers.meter("m", max_per_hour=fastest)])
    now = helpers.later(DAYS + 1)
    once, pieces = helpers.World(registry, now), helpers.World(registry, now)
    values, kept, flags = troubled(troubles)
    times = helpers.quarters(COUNT)
    indices = np.flatnonzero(kept)
    for flag in (0, 1):
        some = indices[flags[indices] == bool(flag)]
        once.push(1, times[some], values[some], flag)
    once.ledger.step()
    for part in batches(rng, indices, how):
        for flag in (0, 1):
            some = part[flags[part] == bool(flag)]
            pieces.push(1, times[some], values[some], flag)
        if rng.random() < 0.2:
            wrong = rng.choice(part, 1)
            pieces.push(1, times[wrong], values[wrong] + 5000)
            pieces.ledger.step()
            pieces.push(1, times[wrong], values[wrong], int(flags[wrong][0]))
        if rng.random() < 0.3:
            pieces.restart()
        pieces.ledger.step()
    helpers.same(once, pieces)
    assert pieces.ledger.rebuild().differing == 0
    pieces.restart()
    assert pieces.ledger.rebuild().differing == 0


@slow
@given(
    kind=st.sampled_from([Kind.INTERVAL, Kind.MEAN]),
    seed=st.integers(0, 2**32 - 1),
    how=st.sampled_from(["shuffled", "late"]),
    holes=st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(1, 200)), max_size=3),
    signed=st.booleans(),
)
def test_intervals_in_any_order(helpers, kind, seed, how, holes, signed):
    rng = np.random.default_rng(seed)
    one = helpers.meter("m", max_per_hour=None)
    registry = helpers.campus([one], kinds={"m": kind}, signed=signed)
    now = helpers.later(DAYS + 1)
    once, pieces = helpers.World(registry, now), helpers.World(registry, now)
    kept = np.ones(COUNT, dtype=bool)
    for at, length in holes:
        kept[at : at + length] = False
    indices, times = np.flatnonzero(kept), helpers.quarters(COUNT)
    values = rng.normal(3, 5, COUNT).round(4)
    once.push(1, times[indices], values[indices])
    once.ledger.step()
    for part in batches(rng, indices, how):
        pieces.push(1, times[part], values[part])
        pieces.ledger.step()
    helpers.same(once, pieces)
    booked = sum(t for t in pieces.totals("meter", "m").values() if t is not None)
    factor = 1_000_000 if kind is Kind.INTERVAL else 250_000
    kept_values = [v for v in values[indices] if signed or round(v * factor) >= 0]
    assert booked == sum(round(v * factor) for v in kept_values)


@slow
@given(
    seed=st.integers(0, 2**32 - 1),
    overlap=st.integers(-40, 40),
    how=st.sampled_from(["shuffled", "late", "backwards"]),
)
def test_a_replacement_in_any_order(helpers, seed, overlap, how):
    rng = np.random.default_rng(seed)
    change = helpers.DAY + timedelta(days=2)
    registry = helpers.campus(
        [helpers.meter("m")],
        installations=[
            Installation("m", 1, valid=Validity(None, change)),
            Installation("m", 2, valid=Validity(change, None)),
        ],
    )
    now = helpers.later(DAYS + 1)
    once, pieces = helpers.World(registry, now), helpers.World(registry, now)
    times = helpers.quarters(COUNT)
    ends = 192 + max(overlap, 0)
    pushes = [(1, i) for i in range(ends)] + [(2, i) for i in range(192 - min(overlap, 0), COUNT)]
    value = {1: 1000 + np.arange(COUNT) * 7.5, 2: 7000 + np.arange(COUNT) * 7.5}
    for point in (1, 2):
        some = np.array([i for p, i in pushes if p == point])
        once.push(point, times[some], value[point][some])
    once.ledger.step()
    for part in batches(rng, np.arange(len(pushes)), how):
        for point in (1, 2):
            some = np.array([pushes[i][1] for i in part if pushes[i][0] == point], dtype=np.int64)
            pieces.push(point, times[some], value[point][some])
        pieces.ledger.step()
    helpers.same(once, pieces)


@pytest.mark.parametrize("length", [30, 90])
def test_a_correction_restates_and_going_back_restores(helpers, length):
    registry = helpers.campus([helpers.meter("m")])
    world = helpers.World(registry, helpers.later(DAYS + 1))
    times, values = helpers.quarters(COUNT), 10 + np.arange(COUNT) * 5.0
    world.push(1, times, values)
    world.ledger.step()
    before = world.all_rows()
    world.push(1, times[50:51], values[50:51] + 3)
    world.ledger.step()
    changed = world.rows("meter", "m")[0]
    assert changed.finest.slots[49] == 8_000_000
    assert changed.finest.slots[50] == 2_000_000
    assert len(world.books.restatements("o")) == 3
    world.push(1, times[50:51], values[50:51])
    world.ledger.step()
    after = world.all_rows()
    assert all(row.same_content(after[place]) for place, row in before.items())
    assert world.books.restatements("o") == []


@pytest.mark.parametrize("ending", ["open", "catch-up", "normal"])
def test_a_stuck_meter_reading_by_reading(helpers, ending):
    registry = helpers.campus([helpers.meter("m"), helpers.meter("n", "01A00", node="o")])
    now = helpers.later(DAYS + 1)
    once, live = helpers.World(registry, now), helpers.World(registry, now)
    times = helpers.quarters(COUNT)
    values = 100 + np.arange(COUNT) * 7.5
    values[150:400] = values[150]
    if ending == "open":
        values[400:] = values[150]
    elif ending == "normal":
        values[400:] -= values[399 + 1] - values[150] - 7.5
    once.push(1, times, values)
    once.push(2, times[:96], values[:96])
    once.ledger.step()
    live.push(2, times[:96], values[:96])
    live.push(1, times[:140], values[:140])
    live.ledger.step()
    for i in range(140, COUNT, 3):
        live.push(1, times[i : i + 3], values[i : i + 3])
        live.ledger.step()
    helpers.same(once, live)
    assert live.kinds().count("stuck") == (0 if ending == "normal" else 1)


@slow
@given(seed=st.integers(0, 2**32 - 1))
def test_a_clock_that_goes_on_changes_nothing(helpers, seed):
    """Live: now moves with the readings, days settle by themselves, one meter falls silent."""
    rng = np.random.default_rng(seed)
    registry = helpers.campus([helpers.meter("m"), helpers.meter("n", "01A00")])
    live = helpers.World(registry, helpers.midnight())
    times, values = helpers.quarters(COUNT), 5 + np.arange(COUNT) * 6.0
    silent = int(rng.integers(1, COUNT))
    place = 0
    while place < COUNT:
        end = min(COUNT, place + int(rng.integers(1, 60)))
        live.push(1, times[place:end], values[place:end])
        if place < silent:
            live.push(2, times[place : min(end, silent)], values[place : min(end, silent)])
        live.now_us = int(times[end - 1]) + 1_000_000
        live.ledger.step()
        place = end
    live.now_us = helpers.later(DAYS + 1)
    live.ledger.roll_day()
    once = helpers.World(registry, helpers.later(DAYS + 1))
    once.push(1, times, values)
    once.push(2, times[:silent], values[:silent])
    once.ledger.step()
    helpers.same(once, live)
    assert not any(row.provisional for row in live.all_rows().values())


@slow
@given(
    seed=st.integers(0, 2**32 - 1),
    troubles=st.lists(troubles, min_size=3, max_size=3),
    how=st.sampled_from(["shuffled", "late", "backwards"]),
)
def test_a_building_in_any_order(helpers, seed, troubles, how):
    rng = np.random.default_rng(seed)
    meters = [
        helpers.meter("t", total=True),
        helpers.meter("a", "01A00", step_min=30),
        helpers.meter("c", "01B10", node="f"),
    ]
    registry = helpers.campus(meters, edges=[("o", "b"), ("b", "f")], digits=4)
    now = helpers.later(DAYS + 1)
    once, pieces = helpers.World(registry, now), helpers.World(registry, now)
    times, arrivals = helpers.quarters(COUNT), []
    for point, some in enumerate(troubles, start=1):
        values, kept, _ = troubled(some)
        values %= 10_000
        indices = np.flatnonzero(kept)
        once.push(point, times[indices], values[indices])
        arrivals += [(point, part, values) for part in batches(rng, indices, how)]
    once.ledger.step()
    for place in rng.permutation(len(arrivals)).tolist():
        point, part, values = arrivals[place]
        pieces.push(point, times[part], values[part])
        pieces.ledger.step()
    helpers.same(once, pieces)
