"""Real meters with events put in: what a label says is the difference of the twins, exactly."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from proofs.detect.fleet import Fleet
from proofs.detect.real import energyplus, inject, shapes
from proofs.detect.real.bdg2 import bdg2
from proofs.detect.real.calendars import (
    easter_sunday,
    england,
    nth_weekday,
    of_years,
    off_and_holidays,
    united_states,
)
from proofs.detect.real.cases import RECORDED, recorded_cases, simulated_cases
from proofs.detect.real.hourly import why_dropped
from proofs.detect.real.inject import AFTER, APART, INJECTIONS, injected, injected_lasting
from proofs.detect.real.labelled import SERIES
from proofs.detect.real.own_hours import hour_of_week, own_hours, without_short_runs
from proofs.detect.real.splits import (
    FIRST_SCORED_SEED,
    SITES,
    TUNING_SEEDS,
    Half,
    checked_seed,
    half_of_building,
    half_of_fleet,
)
from proofs.steps import data_folder_with_recordings

ROOT = Path(__file__).parents[2]
DATA = (ROOT / data_folder_with_recordings()).resolve()
needs_data = pytest.mark.skipif(
    not (DATA / "bdg2_electricity").is_dir(), reason=f"no recorded data: {DATA} (GREENOFFICE_DATA)"
)
START = np.datetime64("2021-01-01T00")
DAYS = 730
WASTE = {one.kind for one in INJECTIONS if one.waste}


def offices(count: int, seed: int = 3, temperature: bool = False) -> Fleet:
    """Buildings that work from 8 to 18 on weekdays, at 40 kW over 10, with noise."""
    rng = np.random.default_rng(seed)
    week = hour_of_week(START, DAYS * 24)
    works = (week < 120) & (week % 24 >= 8) & (week % 24 < 18)
    off, festive = off_and_holidays(START, DAYS, ())
    air = 15.0 + 12.0 * np.sin(np.arange(DAYS * 24) / 8766.0 * 2.0 * np.pi)
    return Fleet(
        name="offices",
        start=START,
        load=(10.0 + 40.0 * works) * rng.normal(1.0, 0.02, size=(count, DAYS * 24)),
        temperature=air[None] if temperature else np.empty((0, DAYS * 24)),
        station=np.full(count, 0 if temperature else -1),
        off_days=off[None],
        holidays=festive[None],
        calendar=np.zeros(count, dtype=np.int64),
        scored_from=365 * 24,
        labels=(),
        building=tuple(f"office {number}" for number in range(count)),
    )


def same(one: Fleet, other: Fleet) -> bool:
    return np.array_equal(one.load, other.load, equal_nan=True) and one.labels == other.labels


def check_twins(events: Fleet, twin: Fleet) -> None:
    """Laws of every injection."""
    until = twin.scored_from
    assert np.array_equal(events.load[:, :until], twin.load[:, :until], equal_nan=True)
    explained = np.zeros(twin.load.shape, dtype=bool)
    for label in events.labels:
        hours = slice(label.first, label.end + AFTER)
        assert not explained[label.meter, hours].any(), "events of a meter touch each other"
        explained[label.meter, hours] = True
        assert until <= label.first < label.end <= twin.load.shape[1]
        gained = np.nansum(events.load[label.meter, hours] - twin.load[label.meter, hours])
        if label.kind in WASTE:
            assert label.kwh == pytest.approx(gained, rel=1e-9)
            assert label.kwh > 0.0
        else:
            assert label.kwh == 0.0
        ends = events.load[label.meter, [label.first, label.end - 1]]
        before = twin.load[label.meter, [label.first, label.end - 1]]
        assert not np.any(ends == before), "a label begins and ends where something changed"
    equal = (events.load == twin.load) | (np.isnan(events.load) & np.isnan(twin.load))
    assert np.all(equal | explained)
    changed = [label.kind for label in events.labels if label.kind != "gap"]
    if changed:
        gaps = np.zeros(twin.load.shape, dtype=bool)
        for label in events.labels:
            gaps[label.meter, label.first : label.end] |= label.kind in {"gap", "clock"}
        assert np.array_equal(np.isnan(events.load) | gaps, np.isnan(twin.load) | gaps)


@pytest.mark.parametrize("put", [injected, injected_lasting])
@pytest.mark.parametrize("seed", [1, 1000])
@pytest.mark.sampled(2)
def test_a_label_tells_the_difference_of_the_twins(put, seed) -> None:
    twin = offices(60, temperature=True)
    twin.load[:, 9000:9100] = np.nan
    events = put(twin, seed)
    assert len(events.labels) > 30
    check_twins(events, twin)
    assert same(events, put(twin, seed))
    assert not same(events, put(twin, seed + 1))


def test_events_of_a_crowded_meter_keep_apart() -> None:
    twin = offices(20, temperature=True)
    crowd = inject._with_events(twin, 1, "crowd", lambda one, dice: INJECTIONS)
    assert len(crowd.labels) > 6 * 20
    check_twins(crowd, twin)
    for one, following in pairwise(crowd.labels):
        assert one.meter < following.meter or following.first - one.end >= APART


def test_a_third_gets_nothing_and_the_mean_is_one_for_each_meter_and_year() -> None:
    twin = offices(300)
    events = [injected(twin, seed) for seed in range(2)]
    count = np.array([len(one.labels) for one in events])
    quiet = np.array([300 - len({label.meter for label in one.labels}) for one in events])
    assert 0.9 < count.mean() / 300 < 1.1
    assert 0.25 < quiet.mean() / 300 < 0.42
    assert {label.kind for one in events for label in one.labels} == {
        one.kind for one in INJECTIONS if one.kind != "slope"
    }


def test_a_meter_that_is_added_changes_no_other() -> None:
    twin = offices(9)
    many = injected(twin, 7)
    few = injected(
        replace(
            twin,
            load=twin.load[:5],
            station=twin.station[:5],
            calendar=twin.calendar[:5],
            building=twin.building[:5],
        ),
        7,
    )
    assert np.array_equal(few.load, many.load[:5], equal_nan=True)
    assert few.labels == tuple(label for label in many.labels if label.meter < 5)


def subject(fleet: Fleet) -> shapes.Subject:
    return inject._subject(fleet, 0)


def test_after_hours_are_those_of_the_building() -> None:
    """An office is left on at night, a garage that is lit at night by day."""
    office = offices(1)
    garage = replace(office, load=60.0 - office.load)
    window = shapes.Window(9000, 9000 + 28 * 24, 0.3)
    for fleet, resting in ((office, {0, 3, 22}), (garage, {9, 12, 16})):
        one = subject(fleet)
        loud = shapes.after_hours_plant(one, window, np.random.default_rng(1))
        assert loud is not None
        hours = set(np.flatnonzero(loud > fleet.load[0]) % 24)
        assert resting <= hours
        assert hours.isdisjoint({9, 12, 16} if fleet is office else {0, 3, 22})


def test_a_flat_building_has_no_hours_of_its_own() -> None:
    flat = replace(offices(1), load=np.full((1, DAYS * 24), 20.0))
    one = subject(flat)
    assert not one.own.rests
    assert one.own.day_kw == 20.0
    kinds = {one.kind for one in inject._possible(INJECTIONS, one, flat.scored_from)}
    assert kinds & WASTE == {"base_step", "base_creep"}


def test_an_early_start_touches_the_hours_before_work_alone() -> None:
    fleet = offices(1)
    window = shapes.Window(9000, 9000 + 14 * 24, 0.3)
    early = shapes.early_start(subject(fleet), window, np.random.default_rng(2))
    late = shapes.late_stop(subject(fleet), window, np.random.default_rng(2))
    assert early is not None
    assert late is not None
    assert set(np.flatnonzero(early != fleet.load[0]) % 24) <= {4, 5, 6, 7}
    assert set(np.flatnonzero(late != fleet.load[0]) % 24) <= {18, 19, 20, 21}


def test_a_weekend_run_spares_days_that_are_worked() -> None:
    fleet = offices(1)
    worked = slice(9024, 9024 + 168)
    fleet.load[0, worked] = np.maximum(fleet.load[0, worked], 45.0)
    window = shapes.Window(9000, 9000 + 28 * 24, 0.3)
    ran = shapes.weekend_run(subject(fleet), window, np.random.default_rng(5))
    assert ran is not None
    extra = np.flatnonzero(ran > fleet.load[0])
    assert extra.size
    assert np.all(hour_of_week(START, DAYS * 24)[extra] >= 120)
    assert not np.any((extra >= worked.start) & (extra < worked.stop))


@given(st.integers(0, 2**32 - 1), st.integers(0, 8000), st.integers(24, 1400))
def test_what_is_given_back_lies_in_the_two_days_after(seed, first, length) -> None:
    fleet = offices(1)
    window = shapes.Window(8760 + first % 7000, min(8760 + first % 7000 + length, 17000), 0.4)
    for shape in (shapes.after_hours_plant, shapes.weekend_run, shapes.base_step):
        after = shape(subject(fleet), window, np.random.default_rng(seed))
        if after is None:
            continue
        touched = np.flatnonzero(after != fleet.load[0])
        assert touched[0] >= window.first
        assert touched[-1] < window.end + AFTER
        assert np.all(after[touched] > 0.0)


@given(st.lists(st.booleans(), min_size=12, max_size=12), st.booleans())
def test_short_runs_are_turned_over_like_an_obvious_loop_does(pattern, value) -> None:
    on = np.array(pattern)
    expected = on.copy()
    for hour in range(len(on)):
        around = {0}
        for step in (1, -1):
            reach = step
            while abs(reach) < len(on) and on[(hour + reach) % len(on)] == on[hour]:
                around.add(reach)
                reach += step
        if on[hour] == value and len(around) < 3 and not np.all(on == value):
            expected[hour] = not value
    assert np.array_equal(without_short_runs(on, value=value), expected)


def test_own_hours_need_every_hour_of_the_week() -> None:
    week = hour_of_week(START, 24 * 28)
    load = np.where(week == 5, np.nan, 1.0)
    assert np.isnan(own_hours(load, week, np.ones(len(week), dtype=bool)).day_kw)
    assert hour_of_week(np.datetime64("2024-01-01T00"), 2).tolist() == [0, 1]


@given(st.integers(1600, 4000))
def test_easter_is_what_another_formula_says(year) -> None:
    """The one without tables, of Meeus."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    assert easter_sunday(year) == date(year, month, day + 1)


def test_holidays_fall_on_the_days_on_which_they_were_kept() -> None:
    assert sorted(united_states(2016)) == [
        date(2016, *day)
        for day in (
            *((1, 1), (1, 18), (2, 15), (5, 30), (7, 4), (9, 5)),
            *((10, 10), (11, 11), (11, 24), (12, 26)),
        )
    ]
    assert date(2010, 12, 31) in of_years(united_states, 2010, 2010)
    assert sorted(england(2016))[-2:] == [date(2016, 12, 26), date(2016, 12, 27)]
    assert sorted(england(2021))[-2:] == [date(2021, 12, 27), date(2021, 12, 28)]
    assert date(2017, 1, 2) in set(england(2017))
    assert nth_weekday(2016, 12, 0, -1) == date(2016, 12, 26)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_nth_weekday_counts_like_a_calendar(day) -> None:
    nth = (day.day - 1) // 7 + 1
    assert nth_weekday(day.year, day.month, day.weekday(), nth) == day
    last = (day + timedelta(days=7)).month != day.month
    assert (nth_weekday(day.year, day.month, day.weekday(), -1) == day) is last


@given(st.sets(st.text(min_size=1, max_size=9), min_size=1, max_size=20))
def test_halves_are_disjoint_and_whole(names) -> None:
    fleet = offices(1)
    count = len(names)
    fleet = replace(
        fleet,
        load=np.arange(float(count))[:, None] + np.zeros((count, 48)),
        station=np.full(count, -1),
        calendar=np.zeros(count, dtype=np.int64),
        building=tuple(sorted(names)),
    )
    tuned, scored = (set(half_of_fleet(fleet, half).building) for half in Half)
    assert tuned.isdisjoint(scored)
    assert tuned | scored == names
    assert tuned == {name for name in names if half_of_building(name) is Half.TUNED}


def test_labels_go_along_with_the_meters_of_their_half() -> None:
    events = injected(offices(40), 5)
    for half in Half:
        part = half_of_fleet(events, half)
        assert len(part.labels) == sum(
            half_of_building(events.building[label.meter]) is half for label in events.labels
        )
        for label in part.labels:
            row = events.building.index(part.building[label.meter])
            assert np.array_equal(part.load[label.meter], events.load[row], equal_nan=True)
            assert replace(label, meter=row) in events.labels


def test_seeds_and_climates_of_the_halves_never_meet() -> None:
    assert set(TUNING_SEEDS).isdisjoint(range(FIRST_SCORED_SEED, FIRST_SCORED_SEED + 10_000))
    assert SITES[Half.TUNED] != SITES[Half.SCORED]
    for half, seed in ((Half.TUNED, 1000), (Half.SCORED, 5), (Half.TUNED, 0), (Half.SCORED, 500)):
        with pytest.raises(InvalidInput, match="seed"):
            checked_seed(half, seed)
    assert checked_seed(Half.TUNED, 99) == 99
    assert checked_seed(Half.SCORED, 1000) == 1000


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (np.ones(480 * 24), ""),
        (np.concatenate([np.full(200 * 24, np.nan), np.ones(280 * 24)]), "40 days"),
        (np.concatenate([np.ones(240 * 24), np.full(240 * 24, np.nan)]), "0% of the scored hours"),
        (np.concatenate([np.ones(240 * 24), np.zeros(240 * 24)]), "100% of the scored readings"),
    ],
)
def test_a_meter_with_too_little_says_what(load, said) -> None:
    why = why_dropped(load, 240 * 24)
    assert why.startswith(said)
    assert bool(why) is bool(said)


@needs_data
@pytest.mark.long
def test_recorded_buildings_with_events_keep_the_laws() -> None:
    seen: dict[Half, set[str]] = {half: set() for half in Half}
    for half, seed in ((Half.TUNED, 1), (Half.SCORED, 1000)):
        for case in recorded_cases(DATA, half, seed):
            check_twins(case.fleet, case.twin)
            seen[half] |= set(case.twin.building)
            assert case.fleet.given.labels == ()
    assert seen[Half.TUNED].isdisjoint(seen[Half.SCORED])
    assert sum(map(len, seen.values())) == 140 + 4


@needs_data
def test_recorded_buildings_are_the_file_hour_by_hour() -> None:
    import duckdb

    fleet = bdg2(DATA).fleet
    file = DATA / "bdg2_electricity/electricity_hourly.parquet"
    meter = fleet.building.index("Panther_office_Hannah")
    rows = duckdb.execute(
        "SELECT ts_local, kwh FROM read_parquet(?) WHERE building_id = ? AND kwh IS NOT NULL",
        [str(file), "Panther_office_Hannah"],
    ).fetchall()
    expected = np.full(fleet.load.shape[1], np.nan)
    for at, kwh in rows:
        expected[int((np.datetime64(at, "h") - fleet.start).astype(int))] = kwh
    assert np.array_equal(fleet.load[meter], expected, equal_nan=True)


@needs_data
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_calendars_rest_on_weekends(name) -> None:
    fleet = RECORDED[name](DATA).fleet
    weekday = hour_of_week(fleet.start, fleet.load.shape[1])[::24] // 24
    assert fleet.off_days[:, weekday >= 5].all()
    assert not (fleet.holidays & ~fleet.off_days).any()
    assert fleet.scored_from % 24 == 0
    assert set(fleet.calendar) <= set(range(len(fleet.off_days)))


@needs_data
def test_simulated_labels_sum_as_their_file_says() -> None:
    with (DATA / "energyplus_office/labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    found = [
        (case.fleet.name, label)
        for half in Half
        for case in simulated_cases(DATA, half)
        for label in case.fleet.labels
    ]
    assert len(found) == len(rows)
    harmful = [row for row in rows if row["waste"] == "1"]
    assert sum(label.kwh for _, label in found) == pytest.approx(
        sum(float(row["net_kwh"]) for row in harmful)
    )
    assert sum(label.harmless for _, label in found) == len(rows) - len(harmful)


@needs_data
def test_simulated_twins_differ_by_what_the_labels_say() -> None:
    """To the next event of the run, or the end of the year."""
    for half in Half:
        for case in simulated_cases(DATA, half):
            fleet, twin = case.fleet, case.twin
            assert np.array_equal(fleet.load[:, : 365 * 24], twin.load[:, : 365 * 24])
            assert np.isfinite(fleet.temperature).all()
            begins = sorted({label.first for label in fleet.labels})
            for label in fleet.labels:
                later = [first for first in begins if first > label.first]
                hours = slice(label.first, later[0] if later else None)
                difference = (fleet.load - twin.load)[label.meter, hours].sum()
                if not label.harmless:
                    assert label.kwh == pytest.approx(difference, abs=0.2)


@needs_data
def test_simulated_parts_are_the_whole() -> None:
    fleet = energyplus.simulated(DATA, "medium_co__night60").fleet
    electric = [meter for meter, medium in enumerate(fleet.medium) if medium == "electricity"]
    gas = [meter for meter, medium in enumerate(fleet.medium) if medium == "gas"]
    for whole, *parts in (electric, gas):
        assert np.allclose(fleet.load[whole], fleet.load[parts].sum(axis=0), atol=0.01)


@needs_data
@pytest.mark.parametrize("name", SERIES)
def test_labelled_series_have_a_time_a_value_and_a_label_for_each_row(name) -> None:
    for one in SERIES[name](DATA):
        assert len(one.time) == len(one.labels)
        assert all(len(column) == len(one.time) for column in one.values.values())
        assert (np.diff(one.time) >= np.timedelta64(0)).all()
        assert 0 < one.labels.sum() < len(one.labels)
        assert all(np.isfinite(column).any() for column in one.values.values())
        if one.days:
            told = np.isin(one.time.astype("datetime64[D]"), list(one.days))
            assert np.array_equal(told, one.labels)
