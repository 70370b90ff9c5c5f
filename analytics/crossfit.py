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

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from analytics.baseline import Baseline, fit, group_of, rungs, with_spreads
from analytics.bins import FULL_BINS, HourCalendar
from analytics.fitting import (
    BIN_OF,
    DEFAULTS,
    FitSettings,
    Group,
    Robust,
    Rung,
    Shared,
    expected_by,
    fit_robustly,
    solved,
    weeks_of,
)
from analytics.groups import Bools, Floats, Groups, Ints
from analytics.sums import Design

MOST_FOLDS = 13


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
    return np.asarray(weeks_of(clock) % MOST_FOLDS)


def expected_across(history: History, left_out: Bools) -> Floats:
    """What fits on other weeks expect of each hour [kWh/h], (meters, hours).

    Hours left out, (meters, hours), are expected too, but nothing is learned of them, nor of those
    that the fit on all weeks trims. Exact to 32 bits, as they are kept. NaN where the other weeks
    say nothing.
    """
    kept = replace(history, energy=np.where(left_out, np.nan, history.energy))
    known = rungs(history.energy, history.clock, history.settings)
    fitted = _fit(kept, known)
    expected = _across(kept, fitted, known)
    if fitted.blind is not None:
        dark = np.isnan(fitted.segments.design(history.temperature)).any(axis=1)
        if dark.any():
            expected[:, dark] = _across(kept, fitted.blind, known)[:, dark]
    return expected.astype(np.float32).astype(np.float64)


def _across(history: History, fitted: Baseline, known: Ints) -> Floats:
    """By the sums of all weeks less those of each fold, with what `fitted` took for sound."""
    fold, result = folds(history.clock), np.full(history.energy.shape, np.nan)
    design = fitted.segments.design(history.temperature) - fitted.centre
    shared = Shared.of(design, history.clock)
    for rung in Rung:
        rows = np.flatnonzero(known == rung)
        if rows.size and fold.size:
            group = group_of(history.energy, fitted, rung, rows, history.settings)
            found = fit_robustly(group, shared, history.settings)
            result[rows] = _without_each(group, found, shared, fold, history)
    return result


def _without_each(
    group: Group, found: Robust, shared: Shared, fold: Ints, history: History
) -> Floats:
    """What the sums of all folds but one expect of it, fold by fold, (meters, hours).

    Of the few holidays a fit on all cannot tell which ones are strange: those that the other folds
    find near each other are learned.
    """
    result, holiday = np.full(group.energy.shape, np.nan), history.clock.holiday
    known = np.isfinite(group.energy)
    if group.rung is not Rung.NAIVE:
        known &= np.isfinite(shared.design).all(axis=1)
    parts, designs = {}, {}
    usual = found.kept & ~holiday
    for one in np.unique(fold).tolist():
        hours = np.flatnonzero(fold == one)
        designs[one] = Design.of(shared.scaled, shared.full_bins, hours)
        parts[one] = designs[one].sums(group.energy, usual, group.runs)
    whole = reduce(operator.add, parts.values())
    off = Design.of(shared.scaled, shared.full_bins, np.flatnonzero(holiday))
    for one, part in parts.items():
        others = whole - part
        if holiday.any():
            near = known & holiday & (fold != one)
            near &= _near_middle(
                group, np.where(near, group.energy, np.nan), found, shared, history
            )
            others = others + off.sums(group.energy, near, group.runs)
        fitted = solved(others, group, shared, history.settings)
        hours = np.flatnonzero(fold == one)
        result[:, hours] = expected_by(fitted, group.runs, shared, hours)
    return result


def _near_middle(
    group: Group, energy: Floats, found: Robust, shared: Shared, history: History
) -> Bools:
    """Hours of `energy`, NaN elsewhere, that lie near the median of their bin, (meters, hours)."""
    bins = BIN_OF[group.rung][shared.full_bins]
    some = np.isfinite(energy).any(axis=0)
    groups = Groups.of(np.where(some, bins, -1), FULL_BINS)
    middle = groups.medians(energy)[:, bins]
    spread = np.where(
        group.runs[:, shared.full_bins], found.spread[:, 1, None], found.spread[:, 0, None]
    )
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(energy - middle) <= history.settings.first_trim * spread)


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


def _fit(history: History, known: Ints) -> Baseline:
    return fit(
        history.energy,
        history.temperature,
        history.clock,
        history.hours_us,
        history.settings,
        known=known,
    )
