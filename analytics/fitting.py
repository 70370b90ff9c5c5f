"""The robust fit of one group of meters: start at medians, trim, fit, trim, fit again.

    medians ──▶ hours near ──▶ fit ──▶ hours near ──▶ fit ──▶ hours near ──▶ fit with weather
                     │                                             │
                     └────────────── of unknown weather ───────────┴───────▶ fit without

Hours in which a meter runs and its other hours never share a bin, so the two regimes have
slopes of their own and the fit falls apart into two independent ones over the same bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from analytics.bins import COMPACT_OF, FULL_BINS, SATURDAY, HourCalendar
from analytics.groups import Bools, Floats, Ints, Reals, Singles, median
from analytics.layout import Layout, by_kind_of_day, medians_by_day, sizes_by_day
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
    def of(cls, design: Floats, clock: HourCalendar, layout: Layout) -> Shared:
        """What all meters of a site fit on: `design` [hours, columns], NaN where the weather is
        unknown, with the bins of its hours."""
        centre = _column_means(design)
        centred = design - centre
        return cls(centre, centred, _sizes(centred), clock.full_bins(), weeks_of(clock), layout)

    @property
    def scaled(self) -> Floats:
        """The design in standard sizes."""
        return self.design / self.size

    def weekly(self, values: Reals, absent: Ints) -> Floats:
        """Sums of each local week, (meters, weeks), of values (meters, hours), in which the places
        of what is absent are made 0."""
        if not self.week.size:
            return np.zeros((len(values), 0))
        values.reshape(-1)[absent] = 0.0
        first = np.flatnonzero(np.diff(self.week, prepend=-1))
        return np.asarray(np.add.reduceat(values, first, axis=1), dtype=np.float64)

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
class Laid:
    """Hours of meters, laid out by bin."""

    energy: Floats
    """[kWh/h], (meters, 192, width); NaN where absent."""
    medians: Floats
    """Of each bin, (meters, 192); NaN where nothing is known."""

    @classmethod
    def of(cls, energy: Floats) -> Laid:
        """With the medians of its bins."""
        return cls(energy, median(energy))


@dataclass(frozen=True, eq=False)
class Group:
    """Meters that stand on one rung, and where their fits begin."""

    rung: Rung
    hours: Floats
    """[kWh/h] in the order of time, (meters, hours); NaN where absent."""
    energy: Floats
    """The same by bin, (meters, 192, width)."""
    absent: Ints
    """Places of the hours that are absent, among all in the order of time."""
    by_week: Floats
    """Energy of each local week [kWh], (meters, weeks)."""
    spreads: Spreads
    near: Bools
    """Hours near the medians, (meters, 192, width)."""

    @classmethod
    def of(
        cls,
        rung: Rung,
        hours: Floats,
        laid: Laid,
        spreads: Spreads,
        shared: Shared,
        settings: FitSettings,
    ) -> Group:
        """Of what is known of each hour, in the order of time and laid out."""
        absent = np.flatnonzero(np.isnan(hours))
        residual = _left(laid.energy, _start(laid, rung)[:, :, None])
        return cls(
            rung=rung,
            hours=hours,
            energy=laid.energy,
            absent=absent,
            by_week=shared.weekly(hours.copy(), absent),
            spreads=spreads,
            near=spreads.near(residual, settings.first_trim),
        )

    def seen(self, shared: Shared, settings: FitSettings) -> Group:
        """Without the hours whose weather is unknown."""
        known = shared.laid.known
        hours = np.where(shared.layout.marks_in_time(known[None]), self.hours, np.nan)
        laid = Laid.of(np.where(known, self.energy, np.nan))
        return Group.of(self.rung, hours, laid, self.spreads, shared, settings)


@dataclass(frozen=True, eq=False)
class Robust:
    """A group's robust fit; hours are laid out by bin, (meters, 192, width)."""

    fitted: Fitted
    residual: Singles
    """[kWh/h]; NaN where an hour or its weather is unknown."""
    spread: Floats
    """(meters, 2): at rest, running."""
    kept: Bools
    """Hours fitted on: their weather is known."""
    known: Bools
    """Hours whose weather is known, (192, width)."""
    sums: FitSums
    """Of the hours kept."""
    cvrmse: Floats
    """Error over the hours kept as a share of their mean, (meters,); NaN if unknown."""


def fit_robustly(group: Group, shared: Shared, settings: FitSettings) -> Robust:
    """Fit a group from medians, trimming what lies far off.

    What is trimmed again and again is no outlier but a second way in which a meter runs, as plant
    that only sometimes cools: where the trimmed fit misses the energy of the middle week by more
    than `most_bias`, nothing is trimmed.
    """
    design = shared.laid
    if group.rung is not Rung.NAIVE and design.blind_hours:
        group = group.seen(shared, settings)
    spreads, runs, kept = group.spreads, group.spreads.runs, group.near
    sums = design.sums(group.energy, kept, runs)
    for _ in range(settings.trim_rounds):
        found = solved(sums, group.rung, runs, shared.size, settings)
        residual = _missed(found, group, shared)
        now = spreads.near(residual, settings.trim)
        sums, kept = design.changed(sums, group.energy, kept, now, runs), now
    regimes = _is_regime(residual, group, shared, settings)
    if regimes.any():
        now = kept | (np.isfinite(group.energy) & regimes[:, None, None])
        sums, kept = design.changed(sums, group.energy, kept, now, runs), now
    return _told(sums, kept & design.known, group, shared, settings)


def fit_without_weather(
    group: Group, seeing: Robust, shared: Shared, settings: FitSettings
) -> Robust:
    """The fit that answers where the weather is unknown, of what the one with weather, `seeing`,
    keeps: what weather explains is no outlier. `shared` has no columns.

    Hours of unknown weather are kept where they are near the medians.
    """
    kept, sums, runs = seeing.kept, seeing.sums.without_columns(), group.spreads.runs
    dark = group.near & ~seeing.known
    if dark.any():
        sums, kept = shared.laid.changed(sums, group.energy, kept, kept | dark, runs), kept | dark
    return _told(sums, kept, group, shared, settings)


def _told(
    sums: FitSums, kept: Bools, group: Group, shared: Shared, settings: FitSettings
) -> Robust:
    """What sums over the hours kept come to."""
    fitted = solved(sums, group.rung, group.spreads.runs, shared.size, settings)
    residual = _missed(fitted, group, shared)
    return Robust(
        fitted=fitted,
        residual=residual,
        spread=group.spreads.of(residual),
        kept=kept,
        known=shared.laid.known,
        sums=sums,
        cvrmse=_cvrmse(sums, residual, kept),
    )


def _cvrmse(sums: FitSums, residual: Singles, kept: Bools) -> Floats:
    missed = np.where(kept, residual, 0.0).reshape(len(kept), -1)
    count = np.maximum(sums.count.sum(axis=1), 1.0)
    error, mean = np.sqrt(np.vecdot(missed, missed) / count), sums.yx[:, 0].sum(axis=1) / count
    return np.asarray(np.divide(error, mean, out=np.full_like(error, np.nan), where=mean > 0))


def _missed(fitted: Fitted, group: Group, shared: Shared) -> Singles:
    """What a fit misses of each hour [kWh/h], (meters, 192, width)."""
    if not shared.laid.columns:
        return _left(group.energy, fitted.levels[:, :, None])
    slopes = fitted.slopes * shared.size
    expected = shared.laid.expected(fitted.levels, slopes, group.spreads.runs)
    return _left(group.energy, expected)


def _left(energy: Floats, expected: Floats) -> Singles:
    """What is left of the energy [kWh/h], exact to 32 bits: it is held against limits and sorted,
    and no level or slope comes of it."""
    left = np.empty(energy.shape, dtype=np.float32)
    with np.errstate(over="ignore"):
        return np.subtract(energy, expected, out=left, casting="same_kind")


def _start(laid: Laid, rung: Rung) -> Floats:
    """Median of the bin of a rung in which each of the 192 lies, (meters, 192); NaN where nothing
    is known."""
    if rung is Rung.FULL:
        return laid.medians
    if rung is Rung.NAIVE:
        return medians_by_day(laid.energy)[:, BIN_OF[rung]]
    working, other = by_kind_of_day(laid.energy)
    saturday, rest = np.split(other, [laid.energy.shape[2]], axis=2)
    return np.hstack([median(one) for one in (working, saturday, rest)])[:, BIN_OF[rung]]


def _is_regime(residual: Singles, group: Group, shared: Shared, settings: FitSettings) -> Bools:
    """Meters whose middle week is missed by the trimmed fit, (meters,)."""
    if group.by_week.shape[1] < settings.least_weeks:
        return np.zeros(len(residual), dtype=np.bool_)
    missed = shared.weekly(shared.layout.in_time(residual), group.absent)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.where(group.by_week > 0, missed / group.by_week, np.nan)
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


def spread_by_hour(residual: Reals, runs: Bools, by_regime: Floats) -> Floats:
    """Spread of the residual, laid out by bin, in each of the 48 hours [kW], (meters, 48).

    At least that of the hour's regime, `by_regime` (meters, 2), told by `runs` (meters, 192): a
    few days alone would sometimes make an hour look steadier than it is.
    """
    days = runs.reshape(-1, FULL_BINS // 24, 24)
    kinds = [days[:, :SATURDAY], days[:, SATURDAY:]]
    running = np.hstack([2 * one.sum(axis=1) > one.shape[1] for one in kinds])
    least = np.where(running, by_regime[:, 1:], by_regime[:, :1])
    own = MAD_TO_SIGMA * sizes_by_day(residual)
    return np.asarray(np.fmax(own, least))
