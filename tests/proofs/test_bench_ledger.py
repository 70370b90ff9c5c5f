"""The measuring of the ledger: that it books what it says, not how long that takes."""

from __future__ import annotations

import numpy as np

from proofs import bench_ledger as bench
from proofs.array_readings import ArrayReadings


def test_all_readings_are_booked_and_counted() -> None:
    found = bench.cost_of(bench.DAYS * bench.A_DAY)
    assert found["readings"] == bench.DAYS * bench.A_DAY + 1
    assert found["readings_per_cpu_second"] > 0


def test_a_live_reading_like_the_one_before_books_its_own_day() -> None:
    assert 1 <= bench.booked_after_rest(0.0) <= 2


def test_arrays_answer_as_a_store_of_readings() -> None:
    readings = ArrayReadings()
    readings.put(1, np.arange(5) * 10, np.arange(5.0))
    readings.put(1, np.arange(5, 7) * 10, np.arange(2.0))
    assert readings.scan([1, 2], 10, 30).time_us.tolist() == [10, 20]
    assert readings.before([1], 30, 2).time_us.tolist() == [10, 20]
    assert readings.after([1], 30, 2).time_us.tolist() == [30, 40]
    assert readings.latest([1]).time_us.tolist() == [60]
    assert readings.count() == readings.count([1]) == 7
