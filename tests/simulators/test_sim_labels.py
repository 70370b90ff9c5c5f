"""Injected events: how many, where, and how far apart."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from metering.localtime import HOUR_US, day_bounds, local_day, previous_month
from simulators.campus import ZONE, Campus
from simulators.labels import OUTAGE, ROLLING_METER, Label, choose_labels

NOWS = (date(2026, 11, 24), date(2026, 11, 1), date(2026, 3, 1), date(2026, 6, 30))
RUNS = [(seed, now) for now in NOWS for seed in range(12)]


def labels_of(
    seed: int, now: date, campus: Campus, *, more: bool = False
) -> tuple[int, int, tuple[Label, ...]]:
    start_us = day_bounds(previous_month(previous_month(now)), ZONE)[0]
    now_us = day_bounds(now, ZONE)[0] + 9 * HOUR_US
    chosen = choose_labels(seed, start_us, now_us, ZONE, campus.calendar, more=more)
    return start_us, now_us, chosen


@pytest.mark.parametrize(("seed", "now"), RUNS)
def test_every_run_has_every_pattern(seed: int, now: date, campus: Campus) -> None:
    _, _, labels = labels_of(seed, now, campus)
    assert Counter(label.pattern for label in labels) == {
        "after_hours_plant": 2,
        "weekend_run": 2,
        "late_stop": 1,
        "high_base_load": 1,
        "meter_stuck": 2,
        "meter_gap": 3,
    }
    assert sum(label.restart_us is not None for label in labels) == 1
    assert len({(label.pattern, label.meter) for label in labels}) == len(labels)
    assert ROLLING_METER not in {label.meter for label in labels}


@pytest.mark.parametrize(("seed", "now"), RUNS)
def test_labels_lie_on_whole_hours_well_inside(seed: int, now: date, campus: Campus) -> None:
    start_us, now_us, labels = labels_of(seed, now, campus)
    for label in labels:
        assert label.hours == tuple(sorted(set(label.hours)))
        assert all((hour - start_us) % HOUR_US == 0 for hour in label.hours)
        assert (label.start_us, label.end_us) == (label.hours[0], label.hours[-1] + HOUR_US)
        assert label.start_us >= start_us + 14 * 24 * HOUR_US
        assert label.end_us <= now_us - 2 * 24 * HOUR_US


@pytest.mark.parametrize(("seed", "now"), RUNS)
def test_no_two_are_near_in_one_building(seed: int, now: date, campus: Campus) -> None:
    _, _, labels = labels_of(seed, now, campus)
    for n, one in enumerate(labels):
        for other in labels[n + 1 :]:
            if one.meter.rsplit("-", 1)[0] == other.meter.rsplit("-", 1)[0]:
                assert other.start_us - one.end_us >= 24 * HOUR_US


@pytest.mark.parametrize(("seed", "now"), RUNS)
def test_each_pattern_keeps_its_days_and_hours(seed: int, now: date, campus: Campus) -> None:
    _, _, labels = labels_of(seed, now, campus)
    for label in labels:
        days = sorted({local_day(hour, ZONE) for hour in label.hours})
        working = [campus.calendar.is_working(day) for day in days]
        clock = {
            (hour - day_bounds(local_day(hour, ZONE), ZONE)[0]) // HOUR_US for hour in label.hours
        }
        if label.pattern == "weekend_run":
            assert not any(working)
            assert len(days) >= 2
            assert clock == set(range(7, 19))
        elif label.pattern == "after_hours_plant":
            assert all(working)
            assert clock == set(range(7)) | set(range(19, 24))
            assert 3 <= len(label.hours) / 12 <= 5
            assert days[-1] - days[0] <= timedelta(days=11)
            assert 0.45 <= label.level <= 0.7
        elif label.pattern == "late_stop":
            assert all(working)
            assert clock == set(range(19, 23))
            assert 6 <= len(days) == len(label.hours) / 4 <= 8
        elif label.pattern == "high_base_load":
            assert working[0]
            assert clock == set(range(24))
            assert 7 <= len(days) == len(label.hours) / 24 <= 9
        else:
            assert len(days) == 1
            assert working == [True]
            shortest, longest = (5, 10) if label.pattern == "meter_stuck" else (4, 9)
            assert shortest <= len(label.hours) <= longest
            assert label.end_us - label.start_us == len(label.hours) * HOUR_US


@pytest.mark.parametrize(("seed", "now"), RUNS)
def test_more_kinds_leave_the_usual_ones_where_they_are(
    seed: int, now: date, campus: Campus
) -> None:
    start_us, now_us, usual = labels_of(seed, now, campus)
    labels = set(labels_of(seed, now, campus, more=True)[2])
    assert set(usual) <= labels
    more = {label.pattern: label for label in labels - set(usual)}
    assert {"night_flow", "pue_excess", "gateway_silent"} <= set(more)
    assert set(more) <= {"early_start", "night_flow", "pue_excess", "gateway_silent"}
    assert more["gateway_silent"].concerned == OUTAGE
    assert more["pue_excess"].start_us >= start_us + 21 * 24 * HOUR_US
    for label in more.values():
        assert label.start_us >= start_us + 14 * 24 * HOUR_US
        assert label.end_us <= now_us - 2 * 24 * HOUR_US
        clock = {
            (hour - day_bounds(local_day(hour, ZONE), ZONE)[0]) // HOUR_US for hour in label.hours
        }
        if label.pattern == "early_start":
            assert clock == {4, 5, 6}


def test_a_short_history_has_room_for_nothing(campus: Campus) -> None:
    start_us = day_bounds(date(2026, 9, 1), ZONE)[0]
    assert choose_labels(1, start_us, start_us + 10 * 24 * HOUR_US, ZONE, campus.calendar) == ()
