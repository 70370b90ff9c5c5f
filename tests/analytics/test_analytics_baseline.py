"""The batched baseline against slow, obvious ones, and the checks every estimator passes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import HuberRegressor, LinearRegression

from analytics import Baseline, FitSettings, HourCalendar, Rung, fit
from analytics.baseline import choices, hashes, learnt
from analytics.bins import FULL_BINS, USUAL_HOURS
from analytics.fitting import BIN_OF, DEFAULTS
from analytics.groups import median
from analytics.layout import Layout
from analytics.running import running_bins
from analytics.temperature import bridge, segments
from metering.errors import InvalidInput

Make = Callable[..., Any]


def fit_campus(campus: Any, **settings: Any) -> Baseline:
    return fit(
        campus.energy,
        campus.temperature,
        campus.clock,
        campus.hours_us,
        replace(FitSettings(), **settings),
    )


def hashes_of(campus: Any, **settings: Any) -> tuple[str, ...]:
    told = (campus.energy, campus.temperature, campus.clock, campus.hours_us)
    return hashes(*told, replace(FitSettings(), **settings))


def slow_fit(
    y: np.ndarray, x: np.ndarray, bins: np.ndarray, running: np.ndarray, load: float, s: FitSettings
) -> np.ndarray:
    """The same estimator for one meter, written out: one-hot bins, lstsq, trims by loops."""
    floor = s.floor_of_load * load
    expected = np.array([np.nanmedian(y[bins == b]) for b in bins])
    limit = s.first_trim
    for _ in range(s.trim_rounds + 1):
        residual = y - expected
        kept = np.zeros(y.size, dtype=bool)
        for regime in (~running, running):
            sigma = max(1.4826 * np.nanmedian(np.abs(residual[regime])), floor)
            kept |= regime & (np.abs(residual) <= limit * sigma)
        expected = slow_solve(y, x, bins, running, kept, s.ridge)
        limit = s.trim
    return expected


def slow_solve(
    y: np.ndarray,
    x: np.ndarray,
    bins: np.ndarray,
    running: np.ndarray,
    kept: np.ndarray,
    ridge: float,
) -> np.ndarray:
    expected = np.full(y.size, np.nan)
    size = np.sqrt((x**2).mean(axis=0))
    for regime in (~running, running):
        names = np.unique(bins[regime])
        one_hot = (bins[:, None] == names).astype(float)
        design = np.hstack([one_hot, x / size])
        rows = design[regime & kept]
        penalty = np.sqrt(ridge * rows.shape[0]) * np.eye(x.shape[1])
        below = np.hstack([np.zeros((x.shape[1], names.size)), penalty])
        target = np.r_[y[regime & kept], np.zeros(x.shape[1])]
        answer = np.linalg.lstsq(np.vstack([rows, below]), target, rcond=None)[0]
        expected[regime] = design[regime] @ answer
    return expected


@pytest.mark.parametrize("rung", [Rung.COMPACT, Rung.FULL])
def test_agrees_with_the_slow_estimator(campus: Make, rung: Rung) -> None:
    place = campus(3)
    place.run_nights("east-ac", date(2026, 10, 20), 4, 0.6)
    place.energy[2, 300:340] = np.nan
    full_from = 30 if rung is Rung.FULL else 182
    result = fit_campus(place, full_from_days=full_from)
    assert (result.rungs == rung).all()
    settings = FitSettings(full_from_days=full_from)
    x = segments(place.temperature, 6).design(place.temperature)
    x -= x.mean(axis=0)
    laid = Layout.of(place.clock.full_bins()).laid(place.energy)
    fine = rung is Rung.FULL
    running = running_bins(laid, median(laid), place.clock.office, fine=fine)
    running = running[:, place.clock.full_bins()]
    bins = BIN_OF[rung][place.clock.full_bins()]
    expected = result.predict(place.clock, place.temperature)
    for meter in (0, 2, 5):
        row = place.energy[meter]
        slow = slow_fit(row, x, bins, running[meter], float(result.load[meter]), settings)
        np.testing.assert_allclose(expected[meter], slow, rtol=1e-7, atol=1e-7)


def test_agrees_with_scikit_learn_where_nothing_is_trimmed(campus: Make) -> None:
    place = campus(4)
    result = fit_campus(place, first_trim=1e9, trim=1e9, ridge=1e-12)
    x = segments(place.temperature, 6).design(place.temperature)
    running = result.running[2, place.clock.full_bins()]
    bins = BIN_OF[Rung.COMPACT][place.clock.full_bins()]
    one_hot = (bins[:, None] == np.arange(72)).astype(float)
    ours = result.predict(place.clock, place.temperature)[2]
    for regime in (~running, running):
        design = np.hstack([one_hot, x])[regime]
        theirs = LinearRegression(fit_intercept=False).fit(design, place.energy[2, regime])
        np.testing.assert_allclose(ours[regime], theirs.predict(design), atol=1e-3)


def test_stays_near_huber_under_contamination(campus: Make) -> None:
    """An independent robust estimator of another kind tells the same night load."""
    place = campus(5)
    clean = place.energy.copy()
    place.run_nights("east-ac", date(2026, 10, 19), 5, 0.7)
    night = place.clock.night & place.clock.working
    x = segments(place.temperature, 6).design(place.temperature)[night]
    theirs = HuberRegressor(max_iter=2000).fit(x, place.energy[2, night]).predict(x)
    ours = fit_campus(place).predict(place.clock, place.temperature)[2, night]
    load = place.load("east-ac")
    assert np.abs(ours - theirs).max() < 0.02 * load
    assert np.abs(ours - clean[2, night]).mean() < 0.01 * load


def test_waste_of_a_week_is_not_absorbed(campus: Make) -> None:
    clean, wasteful = campus(6), campus(6)
    wasteful.run_nights("west-ac", date(2026, 11, 2), 5, 0.5)
    wasteful.run_days("west-ac", date(2026, 10, 24), 2)
    before = fit_campus(clean).predict(clean.clock, clean.temperature)[6]
    after = fit_campus(wasteful).predict(clean.clock, clean.temperature)[6]
    assert np.abs(after - before).max() < 0.02 * clean.load("west-ac")


def test_a_full_year_resolves_the_whole_week(campus: Make) -> None:
    place = campus(7, date(2025, 11, 24), date(2026, 11, 23))
    result = fit_campus(place)
    assert (result.rungs == Rung.FULL).all()
    assert result.cvrmse.max() < 0.08
    assert np.isfinite(result.levels).all()


@pytest.mark.parametrize(
    ("last", "rung"),
    [(date(2026, 9, 13), Rung.NAIVE), (date(2026, 9, 14), Rung.COMPACT)],
)
def test_history_chooses_the_rung(campus: Make, last: date, rung: Rung) -> None:
    result = fit_campus(campus(8, date(2026, 9, 1), last))
    assert set(result.rungs.tolist()) == {rung}
    assert np.isfinite(result.levels[:, : 7 * 24]).all()


def test_meters_of_different_history_are_fitted_as_if_alone(campus: Make) -> None:
    place = campus(9)
    place.energy[1, :-240] = np.nan
    together = fit_campus(place)
    assert together.rungs.tolist() == [1, 0, 1, 1, 1, 1, 1, 1]
    expected = together.predict(place.clock, place.temperature)
    for meter in (0, 1):
        alone = fit(place.energy[[meter]], place.temperature, place.clock, place.hours_us)
        np.testing.assert_allclose(
            alone.predict(place.clock, place.temperature)[0], expected[meter], rtol=1e-9
        )


def test_unknown_weather_is_answered_by_the_fit_without_it(campus: Make) -> None:
    place = campus(10)
    place.temperature[500:600] = np.nan
    result = fit_campus(place)
    expected = result.predict(place.clock, place.temperature)
    assert np.isfinite(expected).all()
    assert result.blind is not None
    blind = result.blind.predict(place.clock, place.temperature)
    np.testing.assert_array_equal(expected[:, 520:580], blind[:, 520:580])
    assert (expected[2, :400] != blind[2, :400]).any()


@pytest.mark.parametrize("weeks", [10, 30])
def test_without_weather_it_is_the_mean_of_what_the_weather_leaves_usual(
    campus: Make, weeks: int
) -> None:
    """What is kept with weather is kept without, and dark hours near the medians are too."""
    place = campus(weeks)
    place.energy[1, 100], place.energy[2, 530] = 1e4, 1e4
    place.temperature[520:580] = np.nan
    dark = np.isnan(bridge(place.temperature))
    found = learnt(place.energy, place.temperature, place.clock, place.hours_us)
    kept = found.blind_kept
    np.testing.assert_array_equal(kept[:, ~dark], found.kept[:, ~dark])
    assert dark.sum() == 60
    assert not found.kept[:, dark].any()
    assert kept[:, dark].mean() > 0.95
    assert not kept[1, 100]
    assert not kept[2, 530]
    assert found.baseline.blind is not None
    levels = found.baseline.blind.levels
    bins = BIN_OF[Rung(int(found.baseline.rungs[0]))]
    for row, energy in enumerate(place.energy):
        for one in range(7 * 24):
            alike = kept[row] & (bins[place.clock.full_bins()] == bins[one])
            assert levels[row, one] == pytest.approx(energy[alike].mean(), rel=1e-9)


def test_without_any_weather_time_alone_serves(campus: Make) -> None:
    place = campus(10)
    place.temperature[:] = np.nan
    result = fit_campus(place)
    assert result.slopes.shape[2] == 0
    assert np.isfinite(result.predict(place.clock, place.temperature)).all()


# Checks that every estimator passes


def test_no_hours_and_no_meters(campus: Make) -> None:
    place = campus(1, date(2026, 9, 1), date(2026, 9, 2))
    none = np.zeros(0, dtype=np.int64)
    clock = HourCalendar.of(none, place.zone, place.calendar)
    no_hours = fit(np.zeros((3, 0)), np.zeros(0), clock, none)
    assert np.isnan(no_hours.predict(place.clock, place.temperature)).all()
    no_meters = fit(np.zeros((0, 48)), place.temperature, place.clock, place.hours_us)
    assert no_meters.predict(place.clock, place.temperature).shape == (0, 48)


def test_all_unknown_predicts_unknown(campus: Make) -> None:
    place = campus(1)
    place.energy[:] = np.nan
    result = fit_campus(place)
    assert np.isnan(result.predict(place.clock, place.temperature)).all()
    assert np.isnan(result.cvrmse).all()


@pytest.mark.parametrize("value", [0.0, 42.5])
def test_a_constant_is_predicted_as_itself(campus: Make, value: float) -> None:
    place = campus(1)
    place.energy[:] = value
    expected = fit_campus(place).predict(place.clock, place.temperature)
    np.testing.assert_allclose(expected, value, atol=1e-9)


def test_one_sample(campus: Make) -> None:
    place = campus(1)
    place.energy[:] = np.nan
    place.energy[:, 1000] = 7.0
    expected = fit_campus(place).predict(place.clock, place.temperature)
    assert expected[0, 1000] == 7.0
    assert np.isnan(expected[0]).any()


def test_hours_out_of_order_are_refused(campus: Make) -> None:
    place = campus(1)
    place.hours_us[[10, 11]] = place.hours_us[[11, 10]]
    with pytest.raises(InvalidInput, match="hours_us"):
        fit_campus(place)


def test_shapes_that_disagree_are_refused(campus: Make) -> None:
    place = campus(1)
    with pytest.raises(InvalidInput, match="one value an hour"):
        fit(place.energy[:, :-1], place.temperature, place.clock, place.hours_us)
    with pytest.raises(InvalidInput, match="meters by hours"):
        fit(place.energy[0], place.temperature, place.clock, place.hours_us)


def test_repeatable_and_versioned_by_content(campus: Make) -> None:
    one, same, other = campus(2), campus(2), campus(2)
    other.energy[3, 77] += 0.001
    first, second = fit_campus(one), fit_campus(same)
    np.testing.assert_array_equal(first.levels, second.levels)
    np.testing.assert_array_equal(first.slopes, second.slopes)
    assert first.levels.shape == (8, FULL_BINS)
    was, again, changed = hashes_of(one), hashes_of(same), hashes_of(other)
    assert was == again
    assert [a != b for a, b in zip(was, changed, strict=True)] == [row == 3 for row in range(8)]
    assert set(hashes_of(one, ridge=1e-2)).isdisjoint(was)
    alone = replace(one, energy=one.energy[[2]])
    assert hashes_of(alone) == (was[2],)


def test_the_text_of_the_choices_is_that_of_the_hashes_that_are_kept() -> None:
    """A class may be called otherwise one day; baselines made before stay as they are."""
    assert choices(DEFAULTS, USUAL_HOURS) == (
        "(Settings(compact_from_days=14, full_from_days=182, segment_count=6, ridge=0.001, "
        "first_trim=8.0, trim=4.5, trim_rounds=2, floor_of_load=0.005, "
        "most_bias=0.05, least_weeks=6), "
        "OfficeHours(opens=8, closes=18, settle=2))"
    )
