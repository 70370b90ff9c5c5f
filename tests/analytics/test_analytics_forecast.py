"""Forecasts: exact where days repeat, as a slow rule says, in bands that hold on other years."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ahead import outlook
from analytics.forecast import PROMISE, forecast, forecast_rest
from metering.errors import InvalidInput
from proofs.steps import data_folder_with_recordings

FILE = data_folder_with_recordings() / "bdg2_electricity/electricity_hourly.parquet"
FIRST = date(2016, 1, 1)


def weekdays(count: int) -> np.ndarray:
    return np.array([(FIRST + timedelta(days=n)).weekday() < 5 for n in range(count)])


def slowly(known: np.ndarray, working: np.ndarray, day: int, origin: int) -> float:
    """The expected amount of one day, by loops over days."""

    def mean(days: range) -> float | None:
        own = [
            known[n]
            for n in days
            if 0 <= n < origin and working[n] == working[day] and np.isfinite(known[n])
        ]
        return float(np.mean(own)) if own else None

    usual = mean(range(origin - 28, origin))
    if usual is None:
        return float("nan")
    then = mean(range(origin - 364 - 28, origin - 364))
    season = mean(range(day - 364 - 10, day - 364 + 11))
    if origin - 364 < 28 or not then or not season or then < 0 or season < 0:
        return usual
    return usual * min(5.0, max(0.2, season / then)) ** 0.5


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from((30, 200, 420, 800)),
    st.integers(1, 40),
    st.floats(0, 0.4),
)
def test_the_days_to_come_are_those_of_the_slow_rule(seed, size, ahead, lost):
    chance = np.random.default_rng(seed)
    working = weekdays(size + ahead)
    known = 50 + 30 * working[:size] + chance.gamma(2.0, 5.0, size)
    known[chance.random(size) < lost] = np.nan
    told = forecast(known, working)
    if np.isfinite(known[-28:]).sum() < 7:
        assert told is None
        return
    assert told is not None
    wanted = [slowly(known, working, day, size) for day in range(size, size + ahead)]
    np.testing.assert_allclose(told.days, wanted, rtol=1e-9)


@given(st.integers(1, 60), st.floats(0.1, 1e6))
def test_weeks_that_repeat_are_foretold_exactly_and_their_band_has_no_width(ahead, scale):
    working = weekdays(900 + ahead)
    days = np.where(working, 3.0, 1.0) * scale
    told = forecast(days[:900], working)
    assert told is not None
    np.testing.assert_allclose(told.days, days[900:], rtol=1e-9)
    if told.bounds is not None:
        np.testing.assert_allclose(told.bounds, days[900:].sum(), rtol=1e-9)
    assert (told.bounds is None) == (told.stretches < 9)


def test_too_little_says_nothing_and_a_short_past_makes_no_promise():
    working = weekdays(60)
    assert forecast(np.array([1.0] * 6), working[:10]) is None
    week = forecast(np.array([1.0] * 7), working[:8])
    assert week is not None
    assert (week.bounds, week.stretches) == (None, 0)
    only_rest = np.where(working[:30], np.nan, 1.0)
    told = forecast(only_rest, working[:35])
    assert told is not None
    assert np.isnan(told.total)
    assert told.bounds is None
    with pytest.raises(InvalidInput, match="days to come are missing"):
        forecast(np.ones(10), working[:10])


def test_the_rest_of_a_day_follows_its_beginning_by_half():
    usual = np.full((12, 24), 2.0)
    usual[-1, 8:] = np.nan
    told = forecast_rest(usual, 8)
    assert told is not None
    assert told.total == pytest.approx(32)
    assert told.bounds == pytest.approx((32, 32))
    usual[-1, :8] = 8.0
    busier = forecast_rest(usual, 8)
    assert busier is not None
    assert busier.total == pytest.approx(64)
    few = forecast_rest(usual[-7:], 8)
    assert few is not None
    assert few.bounds is None
    assert forecast_rest(usual[-5:], 8) is None
    usual[-1, 3] = np.nan
    assert forecast_rest(usual, 8) is None


def test_a_gap_of_the_period_is_filled_and_no_saving():
    working = weekdays(400)
    days = np.where(working, 3.0, 1.0)
    known = days[:380].copy()
    known[[365, 371]] = np.nan
    found = outlook(known, working, 20)
    assert found is not None
    assert np.flatnonzero(found.filled).tolist() == [5, 11]
    assert found.total == pytest.approx(days[360:].sum())
    assert found.passes(found.total) is None
    assert found.passes(0.5) == 0
    assert found.passes(float(days[360:370].sum()) - 0.5) == 9


def test_a_year_that_began_with_a_gap_is_filled_from_what_came_later():
    working = weekdays(80)
    days = np.where(working, 3.0, 1.0)
    known = days[:60].copy()
    known[:30] = np.nan
    found = outlook(known, working, 60)
    assert found is not None
    assert found.total == pytest.approx(days.sum())


@pytest.mark.skipif(not FILE.is_file(), reason=f"no recorded data: {FILE} (GREENOFFICE_DATA)")
def test_the_band_holds_on_months_of_buildings_that_were_held_out():
    """Months of 2017 of 142 buildings: what was not known then lies inside four times in five."""
    asked = (
        "SELECT building_id, ts_local::date, sum(kwh), count(kwh) "
        "FROM read_parquet(?) GROUP BY 1, 2"
    )
    with duckdb.connect() as con:
        rows = con.execute(asked, [str(FILE)]).fetchall()
    places = {name: n for n, name in enumerate(sorted({row[0] for row in rows}))}
    size = 731
    days, working = np.full((len(places), size), np.nan), weekdays(size)
    for name, day, amount, hours in rows:
        if hours >= 23 and (day - FIRST).days < size:
            days[places[name], (day - FIRST).days] = amount
    assert PROMISE == 0.8
    for ahead in (15, 30):
        inside: list[bool] = []
        for own in days:
            for origin in range(500, size - ahead, 31):
                true = own[origin : origin + ahead].sum()
                told = forecast(own[:origin], working[: origin + ahead])
                if np.isfinite(true) and true > 0 and told is not None and told.bounds is not None:
                    inside.append(told.bounds[0] <= true <= told.bounds[1])
        assert len(inside) > 500
        assert np.mean(inside) > 0.75
