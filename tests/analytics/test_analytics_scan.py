"""Stretches of days: sums that add up, noise, segments, what they are called, faults of meters."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.bins import FULL_BINS
from analytics.crossfit import History, expected_across, learned, taught
from analytics.layout import Layout
from analytics.scan.faults import Bounds, faults
from analytics.scan.judge import WORTH_LEAST, WORTH_MOST, score_of, worth_of
from analytics.scan.naming import Likeness, named
from analytics.scan.noise import noise_of
from analytics.scan.schedule import Schedule
from analytics.scan.segments import DaySegment, Shaped, segments
from analytics.scan.shapes import SHAPES, Hours, days_by_shape
from analytics.scan.special import common_days, special_days
from analytics.stretches import block_of, habit_of
from analytics.sums import Design, slopes_of

DAYS = 84
WEEK = np.arange(DAYS * 24) % 168


def office(busy: float = 10.0, quiet: float = 2.0) -> tuple[np.ndarray, Schedule]:
    """Levels of an office from 8 to 18 h on five days, (1, 192), and the schedule in them."""
    levels = np.full(FULL_BINS, quiet)
    for day in range(5):
        levels[day * 24 + 8 : day * 24 + 18] = busy
    return levels[None, :], Schedule.read(levels[None, :])


def hours_of(residual: np.ndarray) -> Hours:
    levels, _ = office()
    expected = levels[:, WEEK]
    nothing = np.zeros_like(expected)
    return Hours(residual[None, :], expected, nothing, nothing > 0, WEEK, np.arange(DAYS) * 24)


def noisy(seed: int, size: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, DAYS * 24)


# Schedules


def test_a_schedule_is_read_from_the_meters_own_week() -> None:
    _, schedule = office()
    week = schedule.runs[0, :168].reshape(7, 24)
    assert week[:5, 8:18].all()
    assert week.sum() == 50
    assert schedule.rest[0, 5 * 24 + 8 : 5 * 24 + 18].all()
    assert schedule.early[0, 5:8].all()
    assert schedule.late[0, 18:22].all()
    assert not (schedule.night & (schedule.early | schedule.late | schedule.runs)).any()


def test_a_night_shift_and_a_flat_meter_are_what_they_are() -> None:
    levels = np.full((2, FULL_BINS), 5.0)
    levels[0, :120] = np.where((np.arange(120) % 24 >= 20) | (np.arange(120) % 24 < 4), 20.0, 5.0)
    schedule = Schedule.read(levels)
    assert schedule.regular.tolist() == [True, False]
    assert schedule.runs[0, 24:28].all()
    assert schedule.off[0, 33]
    assert not schedule.off[1].any()


# Sums


def sums_of(design, bins, hours, energy, kept, runs):
    layout = Layout.of(bins, hours)
    return Design.of(design, layout).sums(layout.laid(energy), layout.laid_marks(kept), runs)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_sums_of_parts_are_the_sums_of_the_whole(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    hours, columns = 400, 3
    design = rng.normal(size=(hours, columns))
    design[rng.random(hours) < 0.1] = np.nan
    bins = rng.integers(0, FULL_BINS, hours)
    energy, kept = rng.normal(5, 1, (2, hours)), rng.random((2, hours)) < 0.8
    runs = rng.random((2, FULL_BINS)) < 0.5
    whole = sums_of(design, bins, None, energy, kept, runs)
    fold = rng.integers(0, parts, hours)
    total = None
    for one in range(parts):
        part = sums_of(design, bins, np.flatnonzero(fold == one), energy, kept, runs)
        total = part if total is None else total + part
    assert total is not None
    for name, value in vars(whole).items():
        np.testing.assert_allclose(getattr(total, name), value, atol=1e-9)
    for name, value in vars(whole - whole).items():
        np.testing.assert_allclose(value, 0, atol=1e-9, err_msg=name)


def test_slopes_are_those_of_least_squares_with_a_level_for_each_bin() -> None:
    rng = np.random.default_rng(4)
    hours, bins = 2_000, np.arange(2_000) % FULL_BINS
    x = rng.normal(size=(hours, 2))
    runs = (np.arange(FULL_BINS) % 3 == 0)[None, :]
    y = (bins * 0.1 + x @ [1.0, -2.0] + runs[0, bins] * (x @ [3.0, 0.5]))[None, :]
    kept = rng.random((1, hours)) < 0.9
    sums = sums_of(x, bins, None, y, kept, runs)
    slopes = slopes_of(sums, runs, np.arange(FULL_BINS), 1e-12)
    np.testing.assert_allclose(slopes[0], [[1.0, -2.0], [4.0, -1.5]], atol=1e-6)


# Segments


def shaped(residual: np.ndarray, history: int = 42) -> Shaped:
    _, schedule = office()
    along, size = days_by_shape(hours_of(residual), schedule, np.zeros(DAYS, dtype=np.bool_))
    found = [
        noise_of(a[:, :history], s[:, :history], np.array([0.1]))
        for a, s in zip(along, size, strict=True)
    ]
    ones = np.ones((len(SHAPES), 1))
    return Shaped(
        along=along[..., history:],
        size=size[..., history:],
        sigma=np.stack([one.sigma for one in found]),
        tau=np.stack([one.tau for one in found]),
        heavy=np.stack([one.heavy for one in found]),
        least=0.05 * ones,
        season=np.zeros_like(along[..., history:]),
        fewest=ones.astype(np.int64),
    )


def surest(residual: np.ndarray) -> DaySegment | None:
    return next(iter(segments(shaped(residual), 6.0)), None)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_stands_out_of_noise(seed: int) -> None:
    assert surest(noisy(seed)) is None


@pytest.mark.parametrize(("first", "last"), [(50, 53), (45, 80), (60, 66)])
def test_days_that_run_through_their_nights_are_found_whole(first: int, last: int) -> None:
    residual, (_, schedule) = noisy(1), office()
    days = np.arange(DAYS * 24) // 24
    inside = (days >= first) & (days <= last) & schedule.night[0, WEEK]
    residual[inside] += 4.0
    found = surest(residual)
    assert found is not None
    assert SHAPES[found.shape] in ("night", "off")
    assert abs(found.first + 42 - first) <= 2
    assert abs(found.last + 42 - last) <= 2
    assert found.first <= found.known <= found.last


@given(st.floats(1.5, 8.0))
@settings(max_examples=15, deadline=None)
def test_more_of_the_same_is_surer(factor: float) -> None:
    residual, (_, schedule) = noisy(2), office()
    days = np.arange(DAYS * 24) // 24
    inside = (days >= 55) & (days <= 60) & schedule.night[0, WEEK]
    one, two = residual.copy(), residual.copy()
    one[inside] += 2.0
    two[inside] += 2.0 * factor
    first, second = surest(one), surest(two)
    assert first is not None
    assert second is not None
    assert second.z > first.z


def test_a_night_begins_on_one_day_and_ends_on_another() -> None:
    """From 19:00 on day 55 to 07:00 on day 59: the first evening is part of it."""
    residual = noisy(4)
    hour = np.arange(DAYS * 24)
    night = (hour % 24 >= 19) | (hour % 24 < 7)
    residual[night & (hour >= 55 * 24 + 12) & (hour < 59 * 24 + 12)] += 4.0
    found = surest(residual)
    assert found is not None
    assert (found.first + 42, found.last + 42) == (55, 59)


def test_what_is_too_short_for_one_shape_is_told_by_another() -> None:
    """Along the surest shape five days are needed; its ends leave three."""
    residual, (_, schedule) = noisy(6), office()
    days = np.arange(DAYS * 24) // 24
    residual[(days >= 56) & (days <= 58) & schedule.off[0, WEEK]] += 5.0
    own = shaped(residual)
    first = surest(residual)
    assert first is not None
    fewest = own.fewest.copy()
    fewest[first.shape] = 5
    lesser = np.where(np.arange(len(SHAPES)) == first.shape, 1.0, 2.0)[:, None]
    own = replace(own, fewest=fewest, sigma=own.sigma * lesser, tau=own.tau * lesser)
    others = segments(own, 3.5)
    assert others
    assert others[0].shape != first.shape
    assert abs(others[0].first - first.first) <= 1


# Names


def name_of(extra: np.ndarray, first: int, last: int) -> str:
    residual, (_, schedule) = noisy(3, 0.2), office()
    days = np.arange(DAYS * 24) // 24
    inside = (days >= first) & (days <= last)
    residual[inside] += extra[inside]
    return named(
        hours_of(residual), schedule, np.array([0.3, 0.3]), (first * 24, (last + 1) * 24)
    ).shape


def test_a_stretch_is_called_what_explains_its_hours() -> None:
    levels, schedule = office()
    expected, hour = levels[0, WEEK], np.arange(DAYS * 24) % 24
    ramp = np.clip(np.arange(DAYS * 24) / 24 - 40, 0, None) * 0.05
    told = {
        "night": 4.0 * schedule.night[0, WEEK],
        "rest": 5.0 * schedule.rest[0, WEEK],
        "all": np.full(DAYS * 24, 2.0),
        "share": 0.5 * expected,
        "early": 6.0 * (schedule.early[0, WEEK] & (hour >= 6)),
        "clock": np.roll(expected, -2) - expected,
    }
    for shape, extra in told.items():
        assert name_of(extra, 45, 58) == shape
    assert name_of(ramp, 41, 80) == "creep"


def test_a_clock_is_off_for_days_and_what_came_is_missing_where_it_left() -> None:
    levels, _ = office()
    expected = levels[0, WEEK]
    moved = np.roll(expected, -2) - expected
    assert name_of(moved, 45, 47) != "clock", "people come early for three days"
    assert name_of(np.maximum(moved, 0.0), 45, 58) == "early", "nothing is missing"


@given(
    z=st.floats(0.1, 40),
    worth=st.lists(st.floats(-1, 1), min_size=2, max_size=2),
    shape=st.sampled_from(SHAPES),
    sure=st.floats(0.1, 0.9),
)
def test_what_is_worth_more_is_told_before_what_is_as_sure(
    z: float, worth: list[float], shape: str, sure: float
) -> None:
    name = Likeness((("all", sure), ("share", 1 - sure)), 0.9, 0.1)
    less, more = (score_of(z, shape, name, one) for one in sorted(worth))
    assert 0 < less <= more <= less * (WORTH_MOST / WORTH_LEAST) * (1 + 1e-9)
    usual = score_of(z, shape, name, 0.01)
    assert usual == pytest.approx(score_of(1.0, shape, name, 0.01) * z)
    assert score_of(z, shape, name, 0.02) == pytest.approx(usual * 2**0.2)
    assert score_of(1e4, shape, name, worth[0]) == 100.0


def test_a_stretch_counts_by_all_that_it_may_be() -> None:
    def score(*odds: tuple[str, float], ratio: float = 0.2) -> float:
        return score_of(10.0, "all", Likeness(odds, 0.9, ratio), 0.01)

    assert score(("all", 1.0)) == pytest.approx(12.5)
    assert score(("share", 1.0)) == pytest.approx(5.0), "as meters drift from year to year"
    assert score(("share", 1.0), ratio=0.4) == pytest.approx(10.0)
    assert score(("all", 0.6), ("share", 0.3)) == pytest.approx((12.5 * 0.6 + 5 * 0.3) / 0.9)
    assert score() == pytest.approx(5.0), "nothing explains it"


def test_what_is_worth_a_morning_is_net_and_a_share_of_the_meters_year() -> None:
    worth = {}
    for power in (1.0, 2.0):
        residual = noisy(3, 0.01)
        residual[20 * 24 : 30 * 24] += power
        residual[25 * 24 : 26 * 24] -= 3 * power
        found = DaySegment(0, SHAPES.index("all"), 20, 29, 9.0, power, 21)
        worth[power] = worth_of(hours_of(residual), found, 0.0, 5.0)
        known = residual.copy()
        known[24 * 24 : 25 * 24] = np.nan
        drifted = worth_of(hours_of(known), found, 0.5 * power, 5.0)
        assert drifted == pytest.approx((7 - 1 - 9 * 0.5) * 24 * power / (5 * 8760), rel=0.02)
    assert worth[1.0] == pytest.approx(7 * 24 / (5 * 8760), rel=0.02)
    assert worth[2.0] == pytest.approx(2 * worth[1.0], rel=0.02)
    assert worth_of(hours_of(noisy(1)), found, 0.0, 0.0) == 0.0


def test_what_nothing_explains_has_no_name() -> None:
    rng = np.random.default_rng(9)
    wild = np.where(rng.random(DAYS * 24) < 0.1, 9.0, 0.0) * rng.choice([-1.0, 1.0], DAYS * 24)
    assert name_of(wild, 45, 58) == ""


# Days that the week says little of


def test_days_off_that_join_a_holiday_are_special_and_so_are_worked_weekends() -> None:
    weekend = np.arange(21) % 7 >= 5
    holiday = np.zeros(21, dtype=np.bool_)
    holiday[7:9] = True
    off = weekend | holiday
    off[19] = False
    assert np.flatnonzero(special_days(off, holiday, weekend)).tolist() == [5, 6, 7, 8, 19]


def test_a_day_on_which_all_run_is_no_meters_own() -> None:
    z = np.full((20, 3), 0.5)
    z[:6, 1] = 9.0
    z[:1, 2] = 9.0
    assert common_days(z).tolist() == [False, True, False]


# Faults of meters


def faulty(*changes: tuple[int, int, float]) -> list[tuple[str, int, int]]:
    levels, _ = office()
    expected = levels[:, WEEK]
    load = expected * (1 + 0.03 * noisy(5, 1.0))[None, :]
    bounds = Bounds.of(load)
    for first, end, value in changes:
        load[0, first:end] = value
    found = faults(load, expected, np.full_like(load, 0.3), bounds)
    return sorted((one.kind, one.first, one.end) for one in found)


def test_faults_are_told_by_their_hours() -> None:
    assert faulty() == []
    assert faulty((300, 310, 0.0)) == [("zero", 300, 310)]
    assert faulty((300, 302, -3.0)) == [("negative", 300, 302)]
    assert faulty((338, 360, 7.77)) == [("stuck", 338, 360)]
    assert faulty((300, 302, 90.0)) == [("spike", 300, 302)]
    assert faulty((300, 306, np.nan)) == [("silent", 300, 306)]


def test_nothing_is_expected_below_zero_of_a_meter_that_never_feeds_in() -> None:
    loads = np.stack([np.full(1000, 2.0), np.tile([2.0, -1.0], 500)])
    expected = np.tile([-1.0, np.nan, 0.0, 3.0], (2, 1))
    found = Bounds.of(loads).believable(expected)
    np.testing.assert_array_equal(found, [[0.0, np.nan, 0.0, 3.0], expected[1]])


def test_a_register_that_catches_up_stood_still() -> None:
    assert faulty((300, 308, 0.0), (308, 309, 60.0)) == [("stuck", 300, 309)]
    assert faulty((300, 308, np.nan), (308, 309, 60.0)) == [("silent", 300, 308)]


def test_a_burst_that_fades_is_use() -> None:
    assert faulty((300, 302, 70.0), (302, 303, 14.5)) == []


def test_hours_of_one_meter_are_those_of_the_block() -> None:
    hours = hours_of(noisy(1))
    both = replace(hours, residual=np.vstack([hours.residual, -hours.residual]))
    assert (both.of(0).residual == hours.residual).all()


# Noise


def test_days_that_take_after_their_neighbours_say_less() -> None:
    rng = np.random.default_rng(3)
    steps = rng.normal(size=400)
    alike = np.zeros(400)
    for day in range(1, 400):
        alike[day] = 0.7 * alike[day - 1] + steps[day]
    both = np.vstack([steps, alike])
    noise = noise_of(both, np.ones_like(both), np.full(2, 0.1))
    assert noise.rho[0] < 0.1
    assert 0.6 < noise.rho[1] < 0.8


def test_a_day_out_of_the_ordinary_is_a_habit_once_it_has_come_thrice() -> None:
    rng = np.random.default_rng(4)
    days = rng.normal(size=(2, 300))
    days[0, 100:104] += 30.0
    days[1, [50, 120, 200, 260]] += 30.0
    noise = noise_of(days, np.ones_like(days), np.full(2, 0.1))
    assert noise.heavy[0] == 0.0
    assert 5.0 < noise.heavy[1] < 15.0


def test_weekends_one_after_the_other_are_one_segment() -> None:
    residual, (_, schedule) = noisy(1), office()
    days = np.arange(DAYS * 24) // 24
    size = np.where(days < 60, 4.0, 40.0)
    inside = (days >= 45) & (days <= 78) & schedule.rest[0, WEEK]
    residual[inside] += size[inside]
    found = segments(shaped(residual), 6.0)
    rest = [one for one in found if SHAPES[one.shape] == "rest"]
    assert len(rest) == 1
    assert rest[0].first + 42 <= 48
    assert rest[0].last + 42 >= 75


@pytest.mark.parametrize("quiet", [9, 20])
def test_quiet_days_within_a_stretch_do_not_end_it(quiet: int) -> None:
    residual, (_, schedule) = noisy(1, 0.1), office()
    days = np.arange(DAYS * 24) // 24
    inside = (days >= 45) & (days <= 80) & schedule.night[0, WEEK]
    residual[inside & ((days < 56) | (days >= 56 + quiet))] += 4.0
    found = surest(residual)
    assert found is not None
    whole = found.first + 42 <= 47 and found.last + 42 >= 78
    assert whole == (quiet == 9)


# Blocks of a site


def test_registered_hours_come_before_what_the_meter_does(campus: Callable[..., Any]) -> None:
    place = campus(3)
    history = History(place.energy, place.temperature, place.clock, place.hours_us)
    none = np.zeros(place.energy.shape, dtype=np.bool_)
    lesson = taught(history, none)
    past = expected_across(lesson)
    fitted = learned(lesson, past)
    read, told = (
        block_of(
            history,
            fitted,
            habit_of(history, fitted, past, history.energy, registered=registered),
            past,
            registered=registered,
        ).schedule
        for registered in (False, True)
    )
    office = np.zeros((8, 24), dtype=np.bool_)
    office[:5, 8:18] = True
    assert (told.runs[told.regular] == office.ravel()).all()
    assert (read.runs[read.regular] != office.ravel()).any()
