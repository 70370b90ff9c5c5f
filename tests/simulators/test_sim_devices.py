"""Registers show the truth to their last digit, or the fault that the labels name."""

from __future__ import annotations

import numpy as np
import pytest

from metering.items import category
from metering.localtime import HOUR_US
from metering.reading import F64
from metering.units import conversion
from simulators.campus import ZONE, Campus
from simulators.devices import Devices
from simulators.labels import ROLLING_METER
from simulators.truth import FLOOR_TICKS, truth_of
from simulators.world import World

QUARTER_US = HOUR_US // 4


def shown(devices: Devices, campus: Campus, meter: str, times: np.ndarray) -> F64:
    return devices.shown(campus.point_of_meter(meter), times)


def from_registers(devices: Devices, campus: Campus, meter: str, times: np.ndarray) -> F64:
    """Energy between instants by the readings alone, modulo the rollover [kWh or m3]."""
    point = campus.point_of_meter(meter)
    unit = conversion(point.unit, category(campus.meters[meter].item).unit)[0] * point.ratio
    return np.diff(devices.shown(point, times)) % 10**point.digits * unit


def test_hours_by_register_are_the_true_hours(
    world: World, devices: Devices, campus: Campus
) -> None:
    hours = np.arange(world.start_us, world.now_us, HOUR_US, dtype=np.int64)
    faulty = {label.meter for label in world.labels if not label.is_waste}
    for meter in set(campus.meters) - faulty:
        true = world.hourly(meter)[: len(hours) - 1]
        read = from_registers(devices, campus, meter, hours)
        heard = true >= FLOOR_TICKS * devices.tick(meter)
        assert heard.any(), meter
        assert np.abs(read / true - 1)[heard].max() < 0.001, meter


@pytest.mark.parametrize("seed", range(6))
def test_one_register_rolls_over_once_in_every_run(seed: int, campus: Campus, world: World) -> None:
    end_us = world.start_us + 15 * 24 * HOUR_US
    devices = Devices(World(seed, world.start_us, end_us, ZONE, campus.calendar), campus)
    times = np.arange(world.start_us, end_us, QUARTER_US, dtype=np.int64)
    values = shown(devices, campus, ROLLING_METER, times)
    assert (np.diff(values) < 0).sum() == 1


def test_a_stuck_register_is_flat_and_catches_up_in_one_step(
    world: World, devices: Devices, campus: Campus
) -> None:
    stuck = [label for label in world.labels if label.pattern == "meter_stuck"]
    assert len(stuck) == 2
    for label in stuck:
        inside = np.arange(label.start_us, label.end_us, QUARTER_US, dtype=np.int64)
        assert len(set(shown(devices, campus, label.meter, inside))) == 1
        step = from_registers(
            devices, campus, label.meter, np.array([label.end_us - QUARTER_US, label.end_us])
        )
        assert step[0] > 2 * campus.meters[label.meter].max_per_hour / 4


def test_a_silent_meter_sends_nothing_between_two_good_readings(
    world: World, devices: Devices, campus: Campus
) -> None:
    gaps = [label for label in world.labels if label.pattern == "meter_gap"]
    assert len(gaps) == 3
    for label in gaps:
        times = np.arange(label.start_us, label.end_us + 1, QUARTER_US, dtype=np.int64)
        values = shown(devices, campus, label.meter, times)
        assert np.isfinite(values[[0, -1]]).all()
        assert np.isnan(values[1:-1]).all()


def test_a_restarted_register_begins_again_near_zero(
    world: World, devices: Devices, campus: Campus
) -> None:
    (label,) = [label for label in world.labels if label.restart_us is not None]
    ends = np.array([label.start_us, label.end_us])
    before, after = shown(devices, campus, label.meter, ends)
    point = campus.point_of_meter(label.meter)
    assert after * point.ratio < campus.meters[label.meter].max_per_hour
    # taken for a rollover it would mean more than the meter can pass
    rolled = (10**point.digits - before + after) * point.ratio
    assert rolled > 10 * campus.meters[label.meter].max_per_hour * len(label.hours)


def test_truth_counts_gap_and_missing_hours(devices: Devices, campus: Campus) -> None:
    truth = truth_of(devices, campus)
    faults = [x for x in truth["labels"] if x["pattern"].startswith("meter")]
    assert truth["gap_hours"] + truth["missing_hours"] == sum(len(x["hours"]) for x in faults)
    assert truth["missing_hours"] == sum(len(x["hours"]) for x in faults if x["restart_us"])
    assert set(truth["months"]) == {"office-a", "office-b", "canteen", "dc"}
    assert list(truth["months"]["dc"]) == ["2026-08", "2026-09"]
