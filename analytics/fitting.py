"""The robust fit of one group of meters: start at medians, trim, fit, trim, fit again.

Hours in which a meter runs and its other hours never share a bin, so the two regimes have
slopes of their own and the fit falls apart into two independent ones over the same bins.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from analytics.bins import COMPACT_OF, FULL_BINS, SATURDAY, HourCalendar
from analytics.groups import Bools, Floats, Ints, median
from analytics.layout import Layout, by_kind_of_day, medians_by_day
from analytics.robust import MAD_TO_SIGMA, Spreads
from analytics.sums import Design, FitSums, means_of, slopes_of, without_weather


class Rung(IntEnum):
    """How finely a meter's history allows the week to be resolved."""

    NAIVE = 0
    COMPACT = 1
    FULL = 2


@dataclass(frozen=True)
class FitSettings:
    """Choices of the fit; part of the baseline's version."""

    compact_from_days: int = 14
    full_from_days: int = 182
    segment_count: int = 6
    ridge: float = 1e-3
    first_trim: float = 8.0
    trim: float = 4.5
    trim_rounds: int = 2
    floor_of_load: float = 0.005
    """Least spread, as a share of the meter's daytime load."""
    most_bias: float = 0.05
    """Of the energy of the middle week: a fit that misses more has trimmed what is usual."""
    least_weeks: int = 6
    """A history of fewer weeks has no middle one."""


DEFAULTS = FitSettings()

MONDAY = 3
"""1970-01-01 was a Thursday."""
ENOUGH_HOURS = 2_000
"""A spread is read from so many hours, evenly taken, where there are more."""

_BIN = np.arange(FULL_BINS)
BIN_OF: dict[Rung, Ints] = {
    Rung.NAIVE: np.where(_BIN // 24 < SATURDAY, 0, 24) + _BIN % 24,
    Rung.COMPACT: COMPACT_OF[_BIN // 24] * 24 + _BIN % 24,
    Rung.FULL: _BIN,
}
"""The bin of each rung that a bin of the 192 lies in."""


@dataclass(frozen=True, eq=False)
class Shared:
    """What all meters of a station have in common."""

    centre: Floats
    """Means of the design columns [K], (columns,)."""
    design: Floats
    """Centred design columns [K], shape (hours, columns); NaN where the weather is unknown."""
    size: Floats
    """Root mean square of each column, (columns,)."""
    full_bins: Ints
    week: Ints
    """Local week of each hour, from 0, (hours,)."""
    layout: Layout
    """Where the hours stand by bin."""

    @classmethod
    def of(cls, design: Floats, clock: HourCalendar, layout: Layout) -> "Shared":
        """What all meters of a site fit on: `design` [hours, columns], NaN where the weather is
        unknown, with the bins of its hours."""
        centre = _column_means(design)
        centred = design - centre
        return cls(centre, centred, _sizes(centred), clock.full_bins(), weeks_of(clock), layout)

    @property
    def scaled(self) -> Floats:
        """The design in standard sizes."""
        return self.design / self.size

    @cached_property
    def laid(self) -> Design:
        """The hours and their weather in standard sizes, bin by bin."""
        return Design.of(self.scaled, self.layout)


def sample_of(layout: Layout) -> Ints:
    """Slots of the hours that spreads are read from."""
    return layout.slots[:: max(layout.slots.size // ENOUGH_HOURS, 1)]


def weeks_of(clock: HourCalendar) -> Ints:
    """Local week of each hour, Monday to Sunday, counted from 0, (hours,)."""
    if clock.day.size == 0:
        return np.zeros(0, dtype=np.int64)
    week = (clock.day + MONDAY) // 7
    return np.asarray(week - week[0])


@dataclass(frozen=True, eq=False)
class Fitted:
    """Result of a fit; the first axis is the meter."""

    levels: Floats
    """[kW], shape (meters, 192)."""
    slopes: Floats
    """[kW/K], shape (meters, 2, columns): at rest, running."""


@dataclass(frozen=True, eq=False)
class Group:
    """Meters that stand on one rung."""

    rung: Rung
    energy: Floats
    """[kWh/h] by bin, (meters, 192, width); NaN where absent."""
    medians: Floats
    """Of each bin, (meters, 192); NaN where nothing is known."""
    runs: Bools
    """Bins in which the meter runs, (meters, 192)."""
    floor: Floats
    """Least spread of each meter [kW], (meters,)."""


@dataclass(frozen=True, eq=False)
class Robust:
    """A group's robust fit; hours are laid out by bin, (meters, 192, width)."""

    fitted: Fitted
    residual: Floats
    """[kWh/h]; NaN where an hour or its weather is unknown."""
    spread: Floats
    """(meters, 2): at rest, running."""
    kept: Bools
    """Hours fitted on."""

    def cvrmse(self, energy: Floats) -> Floats:
        """Error over the hours kept as a share of their mean, (meters,); NaN if unknown."""
        count = np.maximum(np.count_nonzero(self.kept, axis=(1, 2)), 1)
        missed, came = np.zeros(energy.shape), np.zeros(energy.shape)
        np.copyto(missed, self.residual, where=self.kept)
        np.copyto(came, energy, where=self.kept)
        error = np.sqrt(np.multiply(missed, missed, out=missed).sum(axis=(1, 2)) / count)
        mean = came.sum(axis=(1, 2)) / count
        unknown = np.full_like(error, np.nan)
        return np.asarray(np.divide(error, mean, out=unknown, where=mean > 0))


def fit_robustly(group: Group, shared: Shared, settings: FitSettings) -> Robust:
    """Fit a group from medians, trimming what lies far off.

    What is trimmed again and again is no outlier but a second way in which a meter runs, as plant
    that only sometimes cools: where the trimmed fit misses the energy of the middle week by more
    than `most_bias`, nothing is trimmed.
    """
    design, trusted, medians = shared.laid, group.energy, group.medians
    if group.rung is not Rung.NAIVE and design.blind_hours:
        trusted = np.where(design.known, trusted, np.nan)
        medians = median(trusted)
    start = _start(trusted, medians, group.rung)
    spreads = Spreads.at(group.runs, group.floor, sample_of(shared.layout), design.known.shape[1])
    kept = spreads.near(trusted - start[:, :, None], settings.first_trim)
    sums = design.sums(trusted, kept, group.runs)
    for _ in range(settings.trim_rounds):
        found = solved(sums, group.rung, group.runs, shared.size, settings)
        residual = _missed(trusted, found, group, shared)
        now = spreads.near(residual, settings.trim)
        sums, kept = design.changed(sums, trusted, kept, now, group.runs), now
    regimes = _is_regime(trusted, residual, shared, settings)
    if regimes.any():
        now = kept | (np.isfinite(trusted) & regimes[:, None, None])
        sums, kept = design.changed(sums, trusted, kept, now, group.runs), now
    fitted = solved(sums, group.rung, group.runs, shared.size, settings)
    residual = _missed(trusted, fitted, group, shared)
    return Robust(fitted, residual, spreads.of(residual), kept)


def _missed(trusted: Floats, fitted: Fitted, group: Group, shared: Shared) -> Floats:
    """What a fit misses of each hour [kWh/h], (meters, 192, width)."""
    if not shared.laid.columns:
        return trusted - fitted.levels[:, :, None]
    expected = shared.laid.expected(fitted.levels, fitted.slopes * shared.size, group.runs)
    return np.subtract(trusted, expected, out=expected)


def _start(laid: Floats, medians: Floats, rung: Rung) -> Floats:
    """Median of the bin of a rung in which each of the 192 lies, (meters, 192); NaN where nothing
    is known."""
    if rung is Rung.FULL:
        return medians
    if rung is Rung.NAIVE:
        return medians_by_day(laid)[:, BIN_OF[rung]]
    working, other = by_kind_of_day(laid)
    saturday, rest = np.split(other, [laid.shape[2]], axis=2)
    return np.hstack([median(one) for one in (working, saturday, rest)])[:, BIN_OF[rung]]


def _is_regime(trusted: Floats, residual: Floats, shared: Shared, settings: FitSettings) -> Bools:
    """Meters whose middle week is missed by the trimmed fit, (meters,)."""
    weeks = int(shared.week[-1]) + 1 if shared.week.size else 0
    if weeks < settings.least_weeks:
        return np.zeros(trusted.shape[0], dtype=np.bool_)
    first = np.flatnonzero(np.diff(shared.week, prepend=-1))
    layout = shared.layout
    missed, came = layout.in_time(residual), layout.in_time(trusted)
    untold = np.isnan(missed)
    np.copyto(missed, 0.0, where=untold)
    np.copyto(came, 0.0, where=untold)
    used, missed = (np.add.reduceat(values, first, axis=1) for values in (came, missed))
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.where(used > 0, missed / used, np.nan)
    return np.asarray(np.abs(np.nan_to_num(median(bias))) > settings.most_bias)


def solved(sums: FitSums, rung: Rung, runs: Bools, size: Floats, settings: FitSettings) -> Fitted:
    """The fit that sums tell, of a design in standard sizes: columns divided by their `size`."""
    slopes = np.zeros((runs.shape[0], 2, size.size))
    if rung is not Rung.NAIVE:
        slopes = slopes_of(sums, runs, BIN_OF[rung], settings.ridge)
    left = without_weather(sums, slopes, runs)
    levels = np.full(left.shape, np.nan)
    for coarser in range(rung, -1, -1):
        if np.isnan(levels).any():
            means = means_of(left, sums.count, BIN_OF[Rung(coarser)])
            levels = np.where(np.isfinite(levels), levels, means)
    return Fitted(levels, slopes / size)


def _column_means(design: Floats) -> Floats:
    known = np.isfinite(design)
    return np.asarray(np.where(known, design, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _sizes(design: Floats) -> Floats:
    """Root mean square of each column, unknown hours ignored; 1 where a column is all zero."""
    known = np.isfinite(design)
    squares = np.where(known, design, 0.0) ** 2
    size = np.sqrt(squares.sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    return np.where(size > 0, size, 1.0)


def spread_by_hour(residual: Floats, runs: Bools, by_regime: Floats) -> Floats:
    """Spread of the residual, laid out by bin, in each of the 48 hours [kW], (meters, 48).

    At least that of the hour's regime, `by_regime` (meters, 2), told by `runs` (meters, 192): a
    few days alone would sometimes make an hour look steadier than it is.
    """
    days = runs.reshape(-1, FULL_BINS // 24, 24)
    kinds = [days[:, :SATURDAY], days[:, SATURDAY:]]
    running = np.hstack([2 * one.sum(axis=1) > one.shape[1] for one in kinds])
    least = np.where(running, by_regime[:, 1:], by_regime[:, :1])
    own = MAD_TO_SIGMA * medians_by_day(np.abs(residual))
    return np.asarray(np.fmax(own, least))
