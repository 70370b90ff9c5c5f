"""The world adds up, repeats itself, and never changes its past."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from metering.localtime import HOUR_US, day_bounds, days_between, local_day
from simulators import datacentre
from simulators.building import BUILDINGS, unmetered_base_kw
from simulators.campus import ZONE, Campus
from simulators.devices import Devices
from simulators.labels import Label
from simulators.world import World

SUBS = ("lighting", "ac", "power", "special")


@pytest.mark.parametrize("building", BUILDINGS, ids=lambda b: b.node)
def test_a_building_total_is_its_parts_and_what_nobody_meters(world: World, building) -> None:
    parts = sum(world.hourly(f"{building.node}-{sub}") for sub in SUBS)
    total = world.hourly(f"{building.node}-total")
    np.testing.assert_allclose(total, 1.015 * parts + unmetered_base_kw(building), rtol=1e-9)


def test_ups_input_is_its_output_and_its_loss(world: World) -> None:
    rates, _ = world.day_rates(date(2026, 9, 3))
    loss = datacentre.ups_loss(rates["dc-ups-out"])
    np.testing.assert_allclose(rates["dc-ups-in"], rates["dc-ups-out"] + loss, rtol=1e-12)
    assert (rates["dc-it"] < rates["dc-ups-out"]).all()
    fed = rates["dc-ups-in"] + rates["dc-cooling"] + datacentre.REST_KW
    np.testing.assert_allclose(rates["dc-utility"], fed, rtol=1e-12)


def test_looking_further_ahead_changes_nothing_behind(world: World, campus: Campus) -> None:
    times = np.arange(world.start_us, world.now_us, 7 * HOUR_US, dtype=np.int64)
    before = {meter: world.energy(meter, times) for meter in campus.meters}
    again = World(world.seed, world.start_us, world.now_us, ZONE, campus.calendar)
    again.energy("dc-it", np.array([world.now_us + 40 * 24 * HOUR_US]))
    for meter, energy in before.items():
        np.testing.assert_array_equal(again.energy(meter, times), energy)


def test_another_seed_is_another_world(world: World, campus: Campus) -> None:
    other = World(world.seed + 1, world.start_us, world.now_us, ZONE, campus.calendar)
    assert not np.array_equal(other.hourly("dc-it"), world.hourly("dc-it"))


def test_every_meter_moves_in_every_quarter_of_an_hour(world: World, campus: Campus) -> None:
    quarters = np.arange(world.start_us, world.now_us, HOUR_US // 4, dtype=np.int64)
    for meter in campus.meters:
        assert np.diff(world.energy(meter, quarters)).min() > 0.005, meter


def test_no_hour_passes_more_than_the_registry_allows(world: World, campus: Campus) -> None:
    for code, meter in campus.meters.items():
        assert world.hourly(code).max() * 1.1 < meter.max_per_hour, code


def test_holidays_rest_and_make_up_days_work(campus: Campus) -> None:
    start_us = day_bounds(date(2026, 9, 1), ZONE)[0]
    end_us = day_bounds(date(2026, 10, 15), ZONE)[0]
    calm = World(3, start_us, end_us, ZONE, campus.calendar, waste=False)
    used = {
        day: float(calm.day_rates(day)[0]["office-a-lighting"].mean())
        for day in days_between(date(2026, 9, 14), date(2026, 10, 11))
    }
    make_up, holiday = date(2026, 9, 20), date(2026, 10, 1)
    assert make_up.weekday() == 6
    assert holiday.weekday() == 3
    assert used[make_up] > 0.8 * used[date(2026, 9, 18)]
    assert used[holiday] < 1.2 * used[date(2026, 9, 19)]
    assert used[holiday] < 0.5 * used[make_up]


def test_without_waste_there_are_no_labels(world: World, campus: Campus) -> None:
    calm = World(world.seed, world.start_us, world.now_us, ZONE, campus.calendar, waste=False)
    assert calm.labels == ()


def test_waste_adds_energy_in_its_hours_and_nowhere_else(world: World, campus: Campus) -> None:
    calm = World(world.seed, world.start_us, world.now_us, ZONE, campus.calendar, waste=False)
    wasted: dict[str, list[Label]] = {}
    for label in world.labels:
        if label.is_waste:
            wasted.setdefault(label.meter, []).append(label)
    for meter, labels in wasted.items():
        extra = world.hourly(meter) - calm.hourly(meter)
        hours = [(h - world.start_us) // HOUR_US for label in labels for h in label.hours]
        for label in labels:
            own = [(h - world.start_us) // HOUR_US for h in label.hours]
            least = 0.1 if label.pattern == "high_base_load" else 1.0
            assert (extra[own] > least * calm.hourly(meter)[own]).all(), label.pattern
        np.testing.assert_allclose(np.delete(extra, hours), 0.0, atol=1e-6)


def test_more_kinds_of_waste_show_where_they_should(world: World, campus: Campus) -> None:
    span = (world.seed, world.start_us, world.now_us, ZONE, campus.calendar)
    calm, more = World(*span, waste=False), World(*span, more=True)
    devices = Devices(more, campus)
    for label in set(more.labels) - set(world.labels):
        own = [(hour - more.start_us) // HOUR_US for hour in label.hours]
        if label.pattern == "gateway_silent":
            inside = np.array(label.hours[1:])
            for meter in label.meters:
                assert np.isnan(devices.shown(campus.point_of_meter(meter), inside)).all()
            continue
        extra = (more.hourly(label.meter) - calm.hourly(label.meter))[own]
        assert (extra > 0.05 * calm.hourly(label.meter)[own]).all(), label.pattern
        if label.pattern == "night_flow":
            np.testing.assert_allclose(extra, extra[0], rtol=1e-6)


def test_temperature_has_no_step_at_midnight(world: World) -> None:
    first = local_day(world.start_us, ZONE)
    midnights = [day_bounds(first + timedelta(days=n), ZONE)[0] for n in range(1, 60)]
    around = np.array([[m - 60_000_000, m] for m in midnights]).ravel()
    steps = np.diff(world.value("gw-a/OUT.temperature", around))[::2]
    assert np.abs(steps).max() < 0.5
