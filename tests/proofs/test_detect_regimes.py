"""Regimes as a second model: they tell a plant that weather switches, by other weeks alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from analytics.bins import HourCalendar
from analytics.crossfit import History, expected_across, folds, taught
from analytics.fitting import weeks_of
from analytics.groups import Floats
from analytics.second_model import contest
from analytics.temperature import slow_mean
from metering.calendar import WorkCalendar
from metering.localtime import days_between, slot_starts
from proofs.detect.sections.regimes import by_day_types, by_spells

FIRST, ZONE = date(2026, 3, 2), "Asia/Shanghai"
MODELS: list[Callable[[History], Floats]] = [by_spells, lambda history: by_day_types(history, 1)]
NAMES = ["spells", "day types"]


def switched(weeks: int = 6) -> History:
    """A plant that runs day and night in warm spells, and in cool ones not at all."""
    days = days_between(FIRST, FIRST + timedelta(days=7 * weeks - 1))
    hours_us = np.concatenate([slot_starts(day, ZONE, 60) for day in days])
    rng = np.random.default_rng(1)
    air = 20 + np.repeat(rng.normal(0, 6, len(days)), 24) + rng.normal(0, 1, hours_us.size)
    load = np.where(slow_mean(air) > 20, 50.0, 1.0) * rng.normal(1, 0.05, air.size)
    clock = HourCalendar.of(hours_us, ZONE, WorkCalendar())
    return History(load[None], air, clock, hours_us)


def test_a_plant_that_the_weather_switches_is_told_clearly_better_by_spells() -> None:
    history = switched(20)
    first = expected_across(taught(history, np.zeros(history.energy.shape, dtype=np.bool_)))
    weeks = weeks_of(history.clock)
    found = contest(history.energy, first, by_spells(history), weeks - weeks.min())
    assert found.clear.all()
    assert found.gain[0] > 0.3


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_regimes_are_the_same_twice_and_have_not_seen_what_they_tell(
    model: Callable[[History], Floats],
) -> None:
    history = switched()
    told, fold = model(history), folds(history.clock)
    assert np.isfinite(told).all()
    np.testing.assert_array_equal(model(history), told)
    own = fold == fold[0]
    changed = replace(history, energy=np.where(own, 1e3, history.energy))
    np.testing.assert_array_equal(model(changed)[:, own], told[:, own])
    assert (model(changed)[:, ~own] != told[:, ~own]).any()


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_without_weather_and_without_hours_nothing_breaks(
    model: Callable[[History], Floats],
) -> None:
    history = switched()
    dark = replace(history, temperature=np.full(history.temperature.shape, np.nan))
    assert np.isfinite(model(dark)).all()
    silent = replace(history, energy=np.full(history.energy.shape, np.nan))
    assert np.isnan(model(silent)).all()
