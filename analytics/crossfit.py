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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from analytics.baseline import Baseline, Learnt, blocks, learnt, rungs, with_spreads
from analytics.bins import FULL_BINS, HourCalendar
from analytics.fitting import (
    BIN_OF,
    DEFAULTS,
    FitSettings,
    Rung,
    Shared,
    solved,
    weeks_of,
)
from analytics.groups import Bools, Floats, Groups, Ints
from analytics.layout import Layout
from analytics.sums import Design, FitSums
from analytics.temperature import bridge

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

    def since(self, first: int) -> History:
        """The same of the hours from a place on."""
        return replace(
            self,
            energy=self.energy[:, first:],
            temperature=self.temperature[first:],
            clock=self.clock.since(first),
            hours_us=self.hours_us[first:],
        )


def folds(clock: HourCalendar) -> Ints:
    """Fold of each hour, (hours,): its local week, Monday to Sunday, counted round to 13."""
    return np.asarray(weeks_of(clock) % MOST_FOLDS)


@dataclass(frozen=True, eq=False)
class Taught:
    """A history without what nothing shall be learned of, and the fit on all of its weeks."""

    history: History
    """NaN where nothing is learned."""
    learnt: Learnt


def taught(history: History, left_out: Bools) -> Taught:
    """The fit on all weeks but the hours left out, (meters, hours)."""
    known = rungs(history.energy, history.clock, history.settings)
    kept = replace(history, energy=np.where(left_out, np.nan, history.energy))
    return Taught(kept, _learnt(kept, known))


def taught_again(before: Taught, history: History, left_out: Bools) -> Taught:
    """The same with other hours left out: meters of which none changed stay as they are."""
    kept = replace(history, energy=np.where(left_out, np.nan, history.energy))
    same = (kept.energy == before.history.energy) | np.isnan(kept.energy)
    same &= np.isnan(kept.energy) == np.isnan(before.history.energy)
    rows = np.flatnonzero(~same.all(axis=1))
    if not rows.size:
        return before
    known = rungs(history.energy, history.clock, history.settings)
    return Taught(kept, before.learnt.but(rows, _learnt(kept.of(rows.tolist()), known[rows])))


def _learnt(kept: History, known: Ints) -> Learnt:
    hours = (kept.energy, kept.temperature, kept.clock, kept.hours_us)
    return learnt(*hours, kept.settings, known=known)


def expected_across(lesson: Taught) -> Floats:
    """What fits on other weeks expect of each hour [kWh/h], (meters, hours).

    Hours left out are expected too, but nothing is learned of them, nor of those that the fit on
    all weeks trims. Exact to 32 bits, as they are kept. NaN where the other weeks say nothing.
    """
    history, fitted = lesson.history, lesson.learnt.baseline
    expected = _across(history, fitted, lesson.learnt.kept)
    if fitted.blind is not None:
        dark = np.isnan(bridge(history.temperature))
        if dark.any():
            expected[:, dark] = _across(history, fitted.blind, lesson.learnt.blind_kept)[:, dark]
    return expected.astype(np.float32).astype(np.float64)


def learned(lesson: Taught, expected: Floats) -> Baseline:
    """The fit on all weeks with the spread of what `expected_across` missed in the hours kept."""
    history, fitted = lesson.history, lesson.learnt.baseline
    missed, blind = history.energy - expected, fitted.blind
    if blind is not None:
        blind = with_spreads(blind, missed, history.clock, history.settings)
    return replace(with_spreads(fitted, missed, history.clock, history.settings), blind=blind)


def _across(history: History, fitted: Baseline, kept: Bools) -> Floats:
    """By the sums of all weeks less those of each fold, over the hours kept, (meters, hours)."""
    result = np.full(history.energy.shape, np.nan)
    if history.hours_us.size:
        clock, raw = history.clock, fitted.segments.design(history.temperature)
        folded = _Folded.of(Shared.of(raw, clock, Layout.of(clock.full_bins())), clock)
        for rung, rows in blocks(fitted.rungs):
            one = _Some(rung, history.energy[rows], kept[rows], fitted.running[rows])
            near = history.settings.first_trim * fitted.spread[rows]
            result[rows] = _without_each(one, folded, near, history.settings)
    return result


@dataclass(frozen=True, eq=False)
class _Folded:
    """Hours of a station, dealt out."""

    size: Floats
    bins: Ints
    fold: Ints
    """Of each hour, (hours,)."""
    designs: Mapping[int, Design]
    """The hours of each fold."""
    off: Design
    """Holidays."""
    holiday: Bools
    """(hours,)"""
    seen: Bools
    """Hours whose weather is known, (hours,)."""

    @classmethod
    def of(cls, shared: Shared, clock: HourCalendar) -> _Folded:
        fold, scaled, bins = folds(clock), shared.scaled, shared.full_bins
        designs = {
            one: Design.of(scaled, Layout.of(bins, np.flatnonzero(fold == one)))
            for one in np.unique(fold).tolist()
        }
        off = Design.of(scaled, Layout.of(bins, np.flatnonzero(clock.holiday)))
        seen = np.isfinite(scaled).all(axis=1)
        return cls(shared.size, bins, fold, designs, off, clock.holiday, np.asarray(seen))


@dataclass(frozen=True, eq=False)
class _Some:
    """Meters of a rung, (meters, hours)."""

    rung: Rung
    energy: Floats
    kept: Bools
    runs: Bools
    """(meters, 192)"""

    def sums(self, design: Design, hours: Bools) -> FitSums:
        """Over some hours, (meters, hours), of a design's."""
        layout = design.layout
        return design.sums(layout.laid(self.energy), layout.laid_marks(hours), self.runs)


def _without_each(one: _Some, folded: _Folded, near: Floats, settings: FitSettings) -> Floats:
    """What the sums of all folds but one expect of it, fold by fold, (meters, hours).

    Of the few holidays a fit on all cannot tell which ones are strange: those that the other folds
    find near each other, by `near` [kW] at rest and running, are learned.
    """
    result, usual = np.full(one.energy.shape, np.nan), one.kept & ~folded.holiday
    parts = {fold: one.sums(design, usual) for fold, design in folded.designs.items()}
    whole = reduce(operator.add, parts.values())
    for fold, design in folded.designs.items():
        others = whole - parts[fold]
        if folded.holiday.any():
            others = others + one.sums(folded.off, _near_holidays(one, folded, near, fold))
        fitted = solved(others, one.rung, one.runs, folded.size, settings)
        told = design.expected(fitted.levels, fitted.slopes * folded.size, one.runs)
        result[:, folded.fold == fold] = design.layout.in_time(told)
    return result


def _near_holidays(one: _Some, folded: _Folded, near: Floats, fold: int) -> Bools:
    """Hours of holidays outside a fold that lie near the median of their bin, (meters, hours)."""
    (places,) = np.nonzero(folded.holiday & (folded.fold != fold))
    energy, bins = one.energy[:, places], folded.bins[places]
    if one.rung is not Rung.NAIVE:
        energy = np.where(folded.seen[places], energy, np.nan)
    coarser = BIN_OF[one.rung][bins]
    middle = Groups.of(coarser, FULL_BINS).medians(energy)[:, coarser]
    limit = np.where(one.runs[:, bins], near[:, 1:], near[:, :1])
    result = np.zeros(one.energy.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        result[:, places] = np.abs(energy - middle) <= limit
    return result
