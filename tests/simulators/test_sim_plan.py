"""The publication plan: every reading of the grid, and every misbehaviour counted right."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.campus import ZONE, Campus
from simulators.delivery import Batch, Correction, Extra, delivery
from simulators.devices import Devices
from simulators.message import BAD, DUPLICATE, MALFORMED, READING, Publication
from simulators.plan import GatewayPlan, due_times
from simulators.world import World

GATEWAYS = ("gw-a", "gw-b", "gw-canteen", "gw-dc")


@pytest.fixture(scope="module", params=GATEWAYS)
def plan(request: pytest.FixtureRequest, devices: Devices, campus: Campus) -> GatewayPlan:
    return GatewayPlan(devices, campus, request.param)


@pytest.fixture(scope="module")
def messages(plan: GatewayPlan) -> list[Publication]:
    return [plan.message(number, 1) for number in range(len(plan))]


@pytest.mark.sampled(2)
def test_the_readings_are_the_grid_without_the_gaps(
    plan: GatewayPlan, messages: list[Publication], devices: Devices
) -> None:
    sent = {(e.point, e.time_us) for m in messages for e in m.entries if e.kind == READING}
    expected = {
        (point.name, int(time))
        for point in plan.points
        for time, value in zip(plan.grid, devices.shown(point, plan.grid), strict=True)
        if np.isfinite(value)
    }
    assert sent == expected


def test_what_stands_at_the_end_is_what_the_devices_showed(
    plan: GatewayPlan, messages: list[Publication], devices: Devices
) -> None:
    standing: dict[tuple[str, int], tuple[int, float]] = {}
    corrected = 0
    for message in messages:
        if any(e.kind == BAD for e in message.entries):
            continue
        seq = json.loads(message.payload)["seq"]
        for e in message.entries:
            key = (e.point, e.time_us)
            before = standing.get(key, (-1, 0.0))
            corrected += before[0] >= 0 and before[1] != e.value
            standing[key] = max(before, (seq, e.value))
    assert corrected >= 1
    for point in plan.points:
        values = devices.shown(point, plan.grid)
        for time, value in zip(plan.grid, values, strict=True):
            if np.isfinite(value):
                assert standing[point.name, int(time)][1] == value


def test_a_duplicate_was_sent_before_with_the_same_value(messages: list[Publication]) -> None:
    seen: dict[tuple[str, int], float | None] = {}
    duplicates = 0
    for message in messages:
        for e in message.entries:
            if e.kind == DUPLICATE:
                assert seen[e.point, e.time_us] == e.value
                duplicates += 1
            elif e.kind == READING:
                assert seen.get((e.point, e.time_us)) != e.value
                seen[e.point, e.time_us] = e.value
    assert duplicates > 500


def test_a_copied_message_is_the_same_bytes(plan: GatewayPlan, messages: list[Publication]) -> None:
    payloads = [m.payload for m in messages]
    copies = [m for m in messages if m.entries and m.entries[0].kind == DUPLICATE]
    assert copies
    for copy in copies:
        assert copy.payload in payloads[: copy.number]


def test_malformed_messages_are_of_every_sort_and_never_alike(messages: list[Publication]) -> None:
    bad = [m for m in messages if any(e.kind == BAD for e in m.entries)]
    assert len(bad) >= len(MALFORMED)
    assert len({m.payload for m in bad}) == len(bad)
    assert all(e.kind == BAD for m in bad for e in m.entries)


def test_delivery_is_out_of_order(plan: GatewayPlan, messages: list[Publication]) -> None:
    sent = [max(e.time_us for e in m.entries) for m in messages]
    times = [t for t in sent if t]
    behind = np.maximum.accumulate(times) - np.array(times)
    assert (behind > 0).sum() > 10
    assert behind.max() >= 2 * 3_600_000_000


@pytest.mark.sampled(2)
def test_equal_seed_equal_bytes(world: World, plan: GatewayPlan, campus: Campus) -> None:
    again = World(world.seed, world.start_us, world.now_us, ZONE, campus.calendar)
    other = GatewayPlan(Devices(again, campus), campus, plan.gateway)
    assert digest(other, 3) == digest(plan, 3)
    assert digest(other, 3) != digest(plan, 4)


def digest(plan: GatewayPlan, session: int) -> str:
    total = hashlib.sha256()
    for number in range(len(plan)):
        total.update(plan.message(number, session).payload)
    return total.hexdigest()


def test_a_live_message_goes_on_where_the_history_ended(plan: GatewayPlan) -> None:
    at = plan.history_end_us + 15 * 60_000_000
    live = json.loads(plan.live(len(plan), 2, (at,), at).payload)
    last = json.loads(plan.message(len(plan) - 1, 2).payload)
    assert live["seq"] > last["seq"]
    assert {r["point"] for r in live["readings"]} == {p.name for p in plan.points}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 700))
def test_any_delivery_holds_every_hour_once_and_numbers_in_order(seed: int, hours: int) -> None:
    posts = delivery(np.random.default_rng(seed), hours, 5, len(MALFORMED))
    first = [p for p in posts if isinstance(p, Batch) and not p.copy]
    assert sorted(p.hour for p in first) == list(range(hours))
    numbered = [p for p in posts if isinstance(p, Correction | Batch)]
    own = [p.seq for p in numbered if not (isinstance(p, Batch) and p.copy)]
    assert sorted(own) == list(range(1, len(own) + 1))
    place = {p.hour: n for n, p in enumerate(posts) if isinstance(p, Batch) and not p.copy}
    seq = {p.hour: p.seq for p in first}
    for n, post in enumerate(posts):
        if isinstance(post, Correction):
            assert n > place[post.hour]
            assert post.seq > seq[post.hour]
        elif isinstance(post, Batch) and post.copy:
            assert n > place[post.hour]
            assert post.seq == seq[post.hour]
        elif isinstance(post, Batch) and post.again:
            assert n > place[post.hour - 1]
        elif isinstance(post, Extra):
            assert 0 <= post.fault < len(MALFORMED)


MINUTE = 60_000_000


def test_live_sends_the_present_instant() -> None:
    assert due_times(100 * MINUTE, 100 * MINUTE + 9_999_999, 10_000_000, 15 * MINUTE) == []
    assert due_times(100 * MINUTE, 100 * MINUTE + 10_000_000, 10_000_000, 15 * MINUTE) == [
        (100 * MINUTE + 10_000_000,)
    ]


def test_a_pause_is_filled_with_its_quarter_hours() -> None:
    due = due_times(100 * MINUTE, 181 * MINUTE, 10_000_000, 15 * MINUTE)
    assert due == [
        (105 * MINUTE, 120 * MINUTE, 135 * MINUTE, 150 * MINUTE),
        (165 * MINUTE, 180 * MINUTE),
        (181 * MINUTE,),
    ]
