"""What is measured of baselines does what it is measured for."""

from __future__ import annotations

import numpy as np
import pytest

from metering.errors import ConfigurationError
from proofs.bench_analytics import (
    PARTS,
    WORSE,
    as_fleet,
    later_looks,
    linear_cost,
    our_cost,
    parts_of_cost,
    run_bench_analytics,
    spread_is_equal,
    tick_ms,
)
from proofs.detect.peers.outside import ONE_THREAD
from proofs.station import YEAR, meter_hashes, station_years


def test_baselines_and_regressions_tell_the_next_year():
    block = station_years(3, seed=2)
    ours, theirs = our_cost(block), linear_cost(block, 3)
    assert 0.8 * 0.08 * (2 / np.pi) ** 0.5 < ours.error <= WORSE * theirs.error  # noise of 8 %
    assert theirs.error < 0.15


def test_the_fleet_is_the_first_meters_of_the_block():
    block = station_years(3, seed=2)
    fleet = as_fleet(block, 2)
    np.testing.assert_array_equal(fleet.load, block.energy[:2])
    assert fleet.scored_from == YEAR
    assert fleet.off_days[0, :8].tolist() == [False] * 5 + [True] * 2 + [False]


def test_figures_of_several_cores_are_refused(monkeypatch):
    monkeypatch.delenv(next(iter(ONE_THREAD)), raising=False)
    with pytest.raises(ConfigurationError, match="make bench-analytics"):
        run_bench_analytics(1, 1, 1)


def test_every_part_of_the_cost_is_found():
    parts = parts_of_cost(station_years(2, seed=2))
    assert set(PARTS.values()) < set(parts)
    assert all(parts[name] > 0 for name in PARTS.values())


def test_a_tick_reads_as_many_meters_as_asked_for():
    assert tick_ms(station_years(2, seed=2), 5) > 0


def test_another_bit_is_another_hash_of_its_meter_alone():
    block = station_years(3, seed=2)
    before = meter_hashes(block)
    block.energy[1, 100] *= 1 + 1e-12
    assert [a == b for a, b in zip(before, meter_hashes(block), strict=True)] == [True, False, True]


def test_two_workers_tell_the_same_bits():
    assert spread_is_equal(station_years(8, seed=2))


def test_a_later_look_judges_the_meter_that_changed():
    looks = later_looks(station_years(3, seed=2))
    assert looks["judged_again"] == 1
    assert 0 < looks["look_again_ms"] < np.inf
    assert looks["look_ms"] > 0
