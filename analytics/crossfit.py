"""Judging a history by itself: each week by a fit on the others.

A fit that has seen an hour holds part of its waste for usual. So the hours of a history that has
no baseline yet are expected by fits that have not seen their local week:

    week    1  2  3  4
    fit a      x  x  x      expects week 1
    fit b   x     x  x      expects week 2 ...

A history of more than 13 weeks is dealt out over 13 folds like cards, so that each fold has weeks
of every season and the cost stays bounded. What is left of the hours then is the error of a
forecast, and its spread is what a frozen baseline has to allow for; the residuals of a fit over
its own hours are smaller than those that will come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.baseline import Baseline, fit, rungs, with_spreads
from analytics.bins import HourCalendar
from analytics.fitting import DEFAULTS, FitSettings
from analytics.groups import Bools, Floats, Ints
from analytics.temperature import bridge

MOST_FOLDS = 13
MONDAY = 3
"""1970-01-01 was a Thursday."""


@dataclass(frozen=True, eq=False)
class History:
    """Hours of several meters of one weather station, without the running day."""

    energy: Floats
    """[kWh/h], (meters, hours); NaN where absent or not to be trusted."""
    temperature: Floats
    """[C], (hours,)."""
    clock: HourCalendar
    hours_us: Ints
    settings: FitSettings = DEFAULTS

    def of(self, rows: Sequence[int]) -> History:
        """The same of some of the meters."""
        return replace(self, energy=self.energy[list(rows)])


def folds(clock: HourCalendar) -> Ints:
    """Fold of each hour, (hours,): its local week, Monday to Sunday, counted round to 13."""
    if clock.day.size == 0:
        return np.zeros(0, dtype=np.int64)
    week = (clock.day + MONDAY) // 7
    return np.asarray((week - week[0]) % MOST_FOLDS)


def expected_across(history: History, left_out: Bools) -> Floats:
    """What fits on other weeks expect of each hour [kWh/h], (meters, hours).

    Hours left out, (meters, hours), are expected too, but nothing is learned of them. Exact to 32
    bits, as they are kept. NaN where the other weeks say nothing.
    """
    fold, expected = folds(history.clock), np.full(history.energy.shape, np.nan)
    known = rungs(history.energy, history.clock, history.settings)
    blind = bool(np.isnan(bridge(history.temperature)).any())
    for one in np.unique(fold).tolist():
        hours = fold == one
        others = replace(history, energy=np.where(hours | left_out, np.nan, history.energy))
        fitted = _fit(others, known, blind=blind)
        expected[:, hours] = fitted.predict(history.clock, history.temperature)[:, hours]
    return expected.astype(np.float32).astype(np.float64)


def learned(history: History, expected: Floats, left_out: Bools) -> Baseline:
    """The fit on all weeks but the hours left out, (meters, hours), with the spread of what
    `expected_across` missed in the hours kept."""
    known = rungs(history.energy, history.clock, history.settings)
    kept = replace(history, energy=np.where(left_out, np.nan, history.energy))
    fitted = _fit(kept, known)
    blind = fitted.blind
    return replace(_honest(fitted, kept, expected), blind=blind and _honest(blind, kept, expected))


def _honest(fitted: Baseline, kept: History, expected: Floats) -> Baseline:
    return with_spreads(fitted, kept.energy - expected, kept.clock, kept.settings)


def _fit(history: History, known: Ints, *, blind: bool = True) -> Baseline:
    return fit(
        history.energy,
        history.temperature,
        history.clock,
        history.hours_us,
        history.settings,
        known=known,
        blind=blind,
    )
