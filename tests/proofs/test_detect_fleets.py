"""Fleets that a seed makes up: equal by seed, true to their labels, as mixed as they say."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.detect.fleet import Fleet, Label
from proofs.detect.generated import generated_fleet, harmless_fleet, lasting_fleet, undisturbed
from proofs.detect.generated.calendars import PUBLIC, made_calendars
from proofs.detect.generated.chance import HOURS, YEAR, carried
from proofs.detect.generated.faults import FAULTS
from proofs.detect.generated.plans import KINDS, LASTING_DAYS
from proofs.detect.generated.plants import SORTS, made_plant
from proofs.detect.generated.register import PULSES_KWH, counted
from proofs.detect.generated.waste import REBOUND_H, WASTE, Event
from proofs.detect.generated.weather import made_weather

ALL = (generated_fleet, undisturbed, harmless_fleet, lasting_fleet)
Made = Callable[[int, int], Fleet]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return generated_fleet(11, 300)


@pytest.fixture(scope="module")
def twin() -> Fleet:
    return undisturbed(11, 300)


def events(fleet: Fleet, year: int) -> list[Label]:
    return [x for x in fleet.labels if not x.harmless and (x.first >= YEAR) == bool(year)]


@pytest.mark.parametrize("made", ALL)
def test_equal_seeds_give_equal_fleets_and_others_do_not(made: Made) -> None:
    one, again, other = made(5, 6), made(5, 6), made(6, 6)
    np.testing.assert_array_equal(one.load, again.load)
    np.testing.assert_array_equal(one.temperature, again.temperature)
    assert one.labels == again.labels
    assert not np.array_equal(one.load, other.load, equal_nan=True)


def test_a_meter_is_the_same_among_few_and_among_many() -> None:
    few, many = generated_fleet(5, 4), generated_fleet(5, 9)
    np.testing.assert_array_equal(few.load, many.load[:4])
    assert [x for x in many.labels if x.meter < 4] == list(few.labels)


@pytest.mark.parametrize("made", ALL)
def test_a_fleet_keeps_the_contract(made: Made) -> None:
    fleet = made(7, 12)
    days = HOURS // 24
    assert fleet.load.shape == (12, HOURS)
    assert fleet.scored_from == YEAR
    assert YEAR % 24 == 0
    assert fleet.off_days.shape == fleet.holidays.shape == (3, days)
    assert (fleet.off_days | ~fleet.holidays).all()
    assert ((fleet.station >= -1) & (fleet.station < len(fleet.temperature))).all()
    assert ((fleet.calendar >= 0) & (fleet.calendar < len(fleet.off_days))).all()
    assert 1.9 < fleet.meter_years / 6 < 2.1
    for x in fleet.labels:
        assert 0 <= x.first < x.end <= HOURS
        assert x.kwh > 0 if x.kind in WASTE else x.kwh == 0


def test_labels_are_the_difference_of_the_two_truths(fleet: Fleet, twin: Fleet) -> None:
    """Per label: energy with the event less energy without, to a pulse of each register."""
    checked = 0
    for x in events(fleet, 1):
        at = slice(x.first, min(x.end + REBOUND_H, HOURS))
        with_it, without = fleet.load[x.meter, at], twin.load[x.meter, at]
        if x.kind in WASTE and np.isfinite(with_it).all():
            assert (with_it - without).sum() == pytest.approx(x.kwh, abs=2 * max(PULSES_KWH))
            checked += 1
    assert checked > 100


def test_nothing_but_events_tells_the_twins_apart(fleet: Fleet, twin: Fleet) -> None:
    allowed = np.zeros(fleet.load.shape, bool)
    for x in events(fleet, 1):
        allowed[x.meter, x.first : x.end + REBOUND_H] = True
    np.testing.assert_allclose(
        fleet.load[~allowed], twin.load[~allowed], atol=1.01 * max(PULSES_KWH)
    )
    np.testing.assert_array_equal(np.isnan(fleet.load), np.isnan(twin.load))
    assert events(twin, 0) == events(fleet, 0)
    assert events(twin, 1) == []


def test_a_fault_changes_what_is_told_and_wastes_nothing(fleet: Fleet, twin: Fleet) -> None:
    kinds = set()
    for x in events(fleet, 1):
        told, true = fleet.load[x.meter, x.first : x.end], twin.load[x.meter, x.first : x.end]
        if x.kind in FAULTS and np.isfinite(true).all():
            assert not np.allclose(told, true)
            kinds.add(x.kind)
    assert kinds == set(FAULTS)


def test_events_come_as_often_as_is_said(fleet: Fleet) -> None:
    first, second = events(fleet, 0), events(fleet, 1)
    assert set(KINDS) == {*WASTE, *FAULTS} == {x.kind for x in first} == {x.kind for x in second}
    assert len(KINDS) == 13
    assert 0.85 < (len(first) + len(second)) / 600 < 1.15
    assert 0.27 < 1 - len({x.meter for x in second}) / 300 < 0.42


def test_peaks_are_those_of_working_days(fleet: Fleet) -> None:
    peaks = [x for x in events(fleet, 0) + events(fleet, 1) if x.kind == "peak_excess"]
    assert len(peaks) > 10
    assert not any(fleet.off_days[fleet.calendar[x.meter], x.first // 24] for x in peaks)
    assert {2, 6} <= {x.end - x.first for x in peaks} <= {2, 3, 4, 5, 6}


def test_events_of_a_meter_do_not_touch_and_stay_in_their_year(fleet: Fleet) -> None:
    for meter in range(300):
        mine = [x for x in events(fleet, 0) + events(fleet, 1) if x.meter == meter]
        for one, following in itertools.pairwise(mine):
            assert one.end + REBOUND_H < following.first
        assert all(x.first >= YEAR or x.end + REBOUND_H < YEAR for x in mine)


def test_sizes_and_sorts_are_spread(fleet: Fleet) -> None:
    mean = np.nanmean(fleet.load, axis=1)
    assert np.quantile(mean, 0.1) < 12
    assert np.quantile(mean, 0.9) > 120
    assert {made_plant(11, meter).sort for meter in range(300)} == set(SORTS)
    days = [(x.end - x.first) / 24 for x in events(fleet, 1)]
    assert min(days) < 0.3
    assert max(days) > 60


def test_a_third_of_the_plants_works_on_holidays_and_some_close_on_long_ones_alone() -> None:
    habits = Counter(
        "only long" if p.only_long else "works" if p.holiday else "closes"
        for p in (made_plant(3, meter) for meter in range(600))
    )
    assert all(count > 120 for count in habits.values()), habits


def test_some_events_meet_holidays_and_spells(fleet: Fleet) -> None:
    spells = [x for x in fleet.labels if x.kind == "weather_spell"]
    met = Counter[str]()
    for x in events(fleet, 1):
        met["spell"] += any(
            s.meter == x.meter and s.first < x.end and x.first < s.end for s in spells
        )
        days = fleet.holidays[fleet.calendar[x.meter], x.first // 24 : -(-x.end // 24)]
        met["holiday"] += bool(days.any())
    assert met["spell"] > 20
    assert met["holiday"] > 20


def test_the_second_year_is_colder_and_warmer_than_the_first_knew() -> None:
    beyond = 0
    for seed in range(6):
        outdoor = made_weather(seed, 4).outdoor
        first, second = outdoor[:, :YEAR], outdoor[:, YEAR:]
        beyond += int((second.max(axis=1) > first.max(axis=1)).sum())
        beyond += int((second.min(axis=1) < first.min(axis=1)).sum())
    assert beyond > 24


def test_harmless_fleets_have_no_waste_and_many_changes() -> None:
    fleet = harmless_fleet(2, 60)
    assert all(x.harmless and x.first >= YEAR for x in fleet.labels)
    assert {x.kind for x in fleet.labels} == {"closure", "tenant_change", "weather_spell"}
    closed = next(x for x in fleet.labels if x.kind == "closure")
    assert fleet.load.shape[0] == 60
    assert np.nanmean(fleet.load[closed.meter, closed.first : closed.end]) < np.nanmean(
        fleet.load[closed.meter]
    )


def test_lasting_fleets_have_one_waste_each_of_every_length() -> None:
    fleet = lasting_fleet(2, 60)
    assert [x.meter for x in fleet.labels] == list(range(60))
    assert Counter((x.end - x.first) // 24 for x in fleet.labels) == dict.fromkeys(LASTING_DAYS, 12)
    assert all(x.kwh > 0 and x.first >= YEAR and not x.harmless for x in fleet.labels)
    assert {x.kind for x in fleet.labels} == {
        *("after_hours_plant", "high_base_load", "weekend_run")
    }


def test_weekend_days_that_are_worked_make_up_for_long_holidays() -> None:
    for seed in range(5):
        calendars = made_calendars(seed)
        made_up = calendars.made_up[PUBLIC]
        assert made_up.sum() >= 10
        assert (calendars.weekday[made_up] >= 5).all()
        assert not (calendars.off[PUBLIC] & made_up).any()


@pytest.mark.parametrize(
    ("kind", "variant", "size", "expected"),
    [
        ("meter_zero", 0.0, 1.0, [1, 2, 0, 0, 0, 6]),
        ("meter_stuck", 0.1, 1.0, [1, 2, 2, 2, 2, 6]),
        ("meter_stuck", 0.9, 1.0, [1, 2, 0, 0, 12, 6]),
        ("meter_multiplier", 0.0, 2.0, [1, 2, 6, 8, 10, 6]),
        ("meter_clock", 0.0, 1.0, [1, 2, 2, 3, 4, 6]),
        ("meter_clock", 0.0, -1.0, [1, 2, 4, 5, 6, 6]),
        ("meter_spike", 0.9, 10.0, [1, 2, 38, 39, 40, 6]),
        ("meter_spike", 0.1, 10.0, [1, 2, -32, -31, -30, 6]),
    ],
)
def test_faults_by_example(kind: str, variant: float, size: float, expected: list[float]) -> None:
    told = np.arange(1.0, 7.0)
    FAULTS[kind](told, Event(kind, 2, 5, size, variant=variant))
    np.testing.assert_allclose(told, expected)


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 60))
@settings(max_examples=30)
def test_what_is_carried_is_the_plain_recursion(seed: int, rows: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    pushes, keep = rng.normal(size=(rows, steps)), rng.random(rows)
    expected = pushes.copy()
    for row in range(rows):
        for step in range(1, steps):
            expected[row, step] = keep[row] * expected[row, step - 1] + pushes[row, step]
    np.testing.assert_allclose(carried(pushes, keep), expected)


@given(st.integers(0, 2**32), st.sampled_from(PULSES_KWH))
@settings(max_examples=30)
def test_a_register_loses_less_than_a_pulse(seed: int, pulse: float) -> None:
    power = np.random.default_rng(seed).gamma(2.0, 3.0, 200)
    told = counted(power, pulse)
    behind = power.cumsum() - told.cumsum()
    assert (behind > -1e-6).all()
    assert (behind < pulse + 1e-6).all()
