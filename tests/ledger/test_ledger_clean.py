"""What each trouble of a register becomes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from ledger.clean import Around, clean, longest_rest, open_run
from ledger.cleaning.decisions import decide, spans_of
from ledger.cleaning.rates import RiseLimits
from ledger.cleaning.story import RegisterReadings
from ledger.limits import RegisterLimits
from metering.localtime import MINUTE_US, day_bounds
from metering.quality import APPORTIONED, MEASURED, MISSING

QUARTER = 15 * MINUTE_US
KWH = 1_000_000
LIMITS = RegisterLimits(QUARTER, 60 * KWH)
FREE = RegisterLimits(QUARTER)


def series(*values: float) -> tuple[np.ndarray, np.ndarray]:
    units = np.array([round(v * KWH) for v in values], dtype=np.int64)
    return np.arange(len(units), dtype=np.int64) * QUARTER, units


def kinds(cleaned) -> list[str]:
    return [span[0] for span in cleaned.spans]


def test_reset_loses_only_the_step_across_it():
    cleaned = clean(*series(900, 905, 910, 0, 5, 10, 15, 20), LIMITS)
    assert kinds(cleaned) == ["reset"]
    assert cleaned.energy.tolist() == [5 * KWH, 5 * KWH, 0, 5 * KWH, 5 * KWH, 5 * KWH, 5 * KWH]
    assert cleaned.quality.tolist() == [0, 0, MISSING, 0, 0, 0, 0]


def test_jump_that_stays_is_a_break():
    cleaned = clean(*series(10, 15, 20, 500, 505, 510, 515, 520, 525), LIMITS)
    assert kinds(cleaned) == ["jump"]
    assert int(cleaned.energy.sum()) == 35 * KWH


def test_jump_without_a_known_limit_cannot_be_told():
    cleaned = clean(*series(10, 15, 20, 500, 505, 510, 515, 520, 525), FREE)
    assert kinds(cleaned) == []
    assert int(cleaned.energy.sum()) == 515 * KWH


def test_stuck_and_catch_up_is_apportioned_over_the_whole_stretch():
    cleaned = clean(*series(10, 17, *[24] * 7, 70, 77, 84), LIMITS)
    assert cleaned.spans == [("stuck", 2 * QUARTER, 9 * QUARTER)]
    assert cleaned.energy.tolist() == [7 * KWH, 7 * KWH, 46 * KWH, 7 * KWH, 7 * KWH]
    assert cleaned.quality.tolist() == [0, 0, APPORTIONED, 0, 0]


def test_flat_and_then_more_than_the_stretch_can_hold_is_a_jump():
    cleaned = clean(*series(10, 17, *[24] * 7, 900, 907, 914), LIMITS)
    assert kinds(cleaned) == ["jump"]


def test_flat_and_then_a_possible_step_is_rest():
    cleaned = clean(*series(10, 17, *[24] * 9, 31, 38), LIMITS)
    assert kinds(cleaned) == []
    assert longest_rest(cleaned) == 8 * QUARTER
    assert (cleaned.quality == MEASURED).all()


def test_open_flat_run_that_the_meter_is_not_known_for_is_missing():
    times, values = series(10, 17, *[24] * 9)
    run = (2 * QUARTER, 10 * QUARTER)
    cleaned = clean(times, values, LIMITS, missing=run)
    assert cleaned.spans == [("stuck", *run)]
    assert cleaned.quality.tolist() == [MEASURED] * 2 + [MISSING] * 8


@pytest.mark.parametrize(
    ("values", "run"),
    [((), None), ((5,), (0, 0, False)), ((5, 5), (0, 1, False)), ((5, 6, 6), (1, 2, True)),
     ((900, 0, 0), (1, 2, True))],
)  # fmt: skip
def test_run_at_the_end(values, run):
    found = open_run(clean(*series(*values), LIMITS))
    assert found == (run if run is None else (run[0] * QUARTER, run[1] * QUARTER, run[2]))


def test_a_segment_over_a_rejected_reading_is_not_measured():
    times, values = series(10, 11, 12, 13)
    cleaned = clean(times, values, LIMITS, rejected_us=times[1:2] + 60_000_000)
    assert cleaned.quality.tolist() == [MEASURED, APPORTIONED, MEASURED]


def test_spike_up_without_a_known_limit_shows_when_it_comes_back():
    cleaned = clean(*series(10, 15, 999, 998.5, 30, 35), FREE)
    assert kinds(cleaned) == ["spike"]
    assert int(cleaned.energy.sum()) == 25 * KWH


def test_spike_to_zero_beside_the_turn_of_the_register():
    limits = RegisterLimits(QUARTER, 60 * KWH, 1000 * KWH)
    cleaned = clean(*series(985, 992, 0, 999, 6, 13), limits)
    assert sorted(kinds(cleaned)) == ["rollover", "spike"]
    assert int(cleaned.energy.sum()) == 28 * KWH


def test_spike_at_the_turn_itself():
    limits = RegisterLimits(QUARTER, 60 * KWH, 1000 * KWH)
    cleaned = clean(*series(985, 992, 500, 6, 13), limits)
    assert sorted(kinds(cleaned)) == ["rollover", "spike"]
    assert int(cleaned.energy.sum()) == 28 * KWH


def test_gap_is_apportioned_and_named_from_two_steps_on():
    times, values = series(0, 5, 10, 15, 20, 25)
    cleaned = clean(times[[0, 1, 4, 5]], values[[0, 1, 4, 5]], LIMITS)
    assert cleaned.spans == [("gap", QUARTER, 4 * QUARTER)]
    assert cleaned.quality.tolist() == [MEASURED, APPORTIONED, MEASURED]


def test_a_coarse_register_read_often_is_not_spiky():
    times = np.arange(200, dtype=np.int64) * 10_000_000
    values = (np.arange(200) // 60).astype(np.int64) * KWH
    cleaned = clean(times, values, LIMITS)
    assert kinds(cleaned) == []
    assert int(cleaned.energy.sum()) == 3 * KWH


@pytest.mark.parametrize("values", [(), (5,), (5, 6), (6, 5)])
def test_few_readings(values):
    cleaned = clean(*series(*values), LIMITS)
    assert len(cleaned.energy) == max(0, len(cleaned.time_us) - 1)


def test_a_register_that_runs_backwards_is_told_once_wherever_one_looks():
    times, values = series(10, 15, 20, 18, 16, 14, 12, 17, 22)
    told = decide(RegisterReadings(times, values, RiseLimits.fixed(LIMITS)), LIMITS.flat_us)
    whole = [("reversed", 2 * QUARTER, 6 * QUARTER)]
    assert spans_of(told) == spans_of(told[1:2]) == whole
    cleaned = clean(times, values, LIMITS)
    assert cleaned.spans == whole
    assert cleaned.quality.tolist() == [MEASURED] * 2 + [MISSING] * 4 + [MEASURED] * 2


def every(minutes: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(count, dtype=np.int64) * minutes * MINUTE_US
    return times, times * 5 * KWH // (60 * MINUTE_US)


def without(series_of: tuple[np.ndarray, np.ndarray], *gone: int) -> tuple[np.ndarray, np.ndarray]:
    times, values = series_of
    return np.delete(times, gone), np.delete(values, gone)


def test_readings_that_lack_are_told_by_the_usual_cadence_not_by_the_step():
    """Read every half hour for books of an hour: without two of them no slot there has an edge."""
    cleaned = clean(*without(every(30, 40), 20, 21), RegisterLimits(60 * MINUTE_US, 60 * KWH))
    assert cleaned.quality.tolist() == [MEASURED] * 19 + [APPORTIONED] + [MEASURED] * 17
    assert kinds(cleaned) == ["gap"]


def test_a_reading_that_lacks_inside_a_slot_takes_nothing_from_it():
    limits = RegisterLimits(60 * MINUTE_US, 60 * KWH)
    cleaned = clean(*without(every(30, 40), 21), limits)
    assert set(cleaned.quality.tolist()) == {MEASURED}
    cleaned = clean(*without(every(30, 40), 20), limits)
    assert cleaned.quality.tolist() == [MEASURED] * 19 + [APPORTIONED] + [MEASURED] * 18


@pytest.mark.parametrize(
    ("zone", "day", "step_min", "gone", "quality"),
    [
        ("Europe/Berlin", date(2026, 10, 25), 1440, (3,), MEASURED),  # the day has 25 hours
        ("Europe/Berlin", date(2026, 3, 29), 1440, (3, 4), APPORTIONED),  # and 23
        ("Australia/Lord_Howe", date(2026, 4, 5), 60, (51,), APPORTIONED),  # 24.5
        ("Australia/Lord_Howe", date(2026, 4, 5), 60, (47,), MEASURED),
    ],
)
def test_a_slot_ends_with_its_day_where_the_clock_changes(zone, day, step_min, gone, quality):
    """Readings lack inside the slot that holds the segment, or across the day's end."""
    first, last = day_bounds(day, zone)
    every_us = MINUTE_US * (720 if step_min == 1440 else 30)
    times = np.arange(first - 2 * every_us, last + 3 * every_us, every_us)
    if step_min == 1440:  # read at noon and at midnight, whatever the clock says
        times = np.array([first - 2 * every_us, first - every_us, first, first + every_us, last])
        times = np.append(times, last + every_us)
    values = np.arange(len(times), dtype=np.int64) * KWH
    limits = RegisterLimits(step_min * MINUTE_US, 60 * KWH)
    cleaned = clean(
        np.delete(times, gone),
        np.delete(values, gone),
        limits,
        around=Around(np.zeros(0, dtype=np.int64), zone),
    )
    assert cleaned.quality[gone[0] - 1] == quality
    assert set(np.delete(cleaned.quality, gone[0] - 1).tolist()) == {MEASURED}


def test_hourly_readings_are_no_gaps_of_a_finer_step():
    times, values = every(60, 40)
    cleaned = clean(times, values, LIMITS)
    assert cleaned.spans == [("gap", 0, int(times[1]))]  # before it nothing is usual
    assert set(cleaned.quality.tolist()) == {APPORTIONED}
    told = clean(*without((times, values), 20), LIMITS).spans
    assert ("gap", int(times[19]), int(times[21])) in told
