"""Ratios of a data centre: of the time in which both sides are known, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from figures import ratio, role_energy
from metering.reading import Kind
from metering.registry import Node, NodeType

DAY = date(2026, 3, 2)
LAST = DAY + timedelta(days=6)
SLOTS = 7 * 96


@pytest.fixture
def world(helpers):
    """A week of 3 kWh of utility and 2 kWh of IT a quarter hour; IT is not heard for 7 hours."""
    meters = [
        helpers.meter("u", node="dc", total=True, dc_role="utility"),
        helpers.meter("i", "01D10", node="dc", dc_role="it"),
    ]
    registry = helpers.campus(meters, edges=[("o", "dc"), ("o", "b")], kinds={"i": Kind.INTERVAL})
    nodes = {**registry.nodes, "dc": Node("dc", NodeType.DATACENTRE)}
    world = helpers.World(replace(registry, nodes=nodes), helpers.later(8))
    times = helpers.quarters(SLOTS + 1)
    world.push(1, times, np.arange(SLOTS + 1) * 3.0)
    heard = np.delete(np.arange(SLOTS), np.arange(200, 228))
    world.push(2, times[:-1][heard], np.full(len(heard), 2.0))
    world.ledger.step()
    return world


def test_a_silence_of_one_side_takes_its_time_from_both(world, fig):
    with fig.view_of(world) as view:
        found = ratio(view, "dc", "utility_per_it", DAY, LAST)
    assert found.value == Decimal("1.500000")
    assert found.above == 3 * found.below // 2 == (SLOTS - 28) * 3_000_000
    assert (found.cover, found.category, found.boundary) == (9_583, 3, "dc")


def test_too_little_cover_states_nothing(world, fig):
    with fig.view_of(world) as view:
        found = ratio(
            view, "dc", "utility_per_it", DAY + timedelta(days=2), DAY + timedelta(days=2)
        )
    assert (found.value, found.cover) == (None, 7_083)
    assert found.above is not None


def test_where_nothing_is_known_there_is_no_energy_of_zero(world, fig):
    before = DAY - timedelta(days=9)
    with fig.view_of(world) as view:
        silent = ratio(view, "dc", "utility_per_it", before, before)
        unmetered = ratio(view, "b", "utility_per_it", DAY, LAST)
        efficiency = ratio(view, "dc", "ups_efficiency", DAY, LAST)
    for found in (silent, unmetered, efficiency):
        assert (found.value, found.above, found.below, found.cover) == (None, None, None, 0)
    assert (silent.category, unmetered.category, efficiency.category) == (3, None, None)


def test_any_stretch_of_the_periods_has_its_ratio(world, fig, helpers):
    with fig.view_of(world) as view:
        roles = role_energy(view, "dc", DAY, LAST)
        start = helpers.midnight()
        hours = [
            roles.ratio(
                "utility_per_it", start + n * helpers.HOUR_US, start + (n + 1) * helpers.HOUR_US
            )
            for n in range(48, 60)
        ]
    stated = [n for n, one in enumerate(hours) if one.value is not None]
    assert stated == [0, 1, 9, 10, 11]
    assert {one.value for one in hours if one.value} == {Decimal("1.500000")}
