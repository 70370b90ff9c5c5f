"""The robust fit of one group of meters: start at medians, trim, fit, trim, fit again.

Hours in which a meter runs and its other hours never share a bin, so the two regimes have
slopes of their own and the fit falls apart into two independent ones over the same bins.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from analytics.bins import COMPACT_BINS, COMPACT_OF, FULL_BINS, NAIVE_BINS, SATURDAY, HourCalendar
from analytics.groups import Bools, Floats, Groups, Ints, median
from analytics.regression import weather_part
from analytics.robust import MAD_TO_SIGMA, scale, within
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
_COUNT = {Rung.NAIVE: NAIVE_BINS, Rung.COMPACT: COMPACT_BINS, Rung.FULL: FULL_BINS}


@dataclass(frozen=True, eq=False)
class Shared:
    """What all meters of a station have in common."""

    design: Floats
    """Centred design columns [K], shape (hours, columns); NaN where the weather is unknown."""
    size: Floats
    """Root mean square of each column, (columns,)."""
    full_bins: Ints
    week: Ints
    """Local week of each hour, from 0, (hours,)."""
    groups: dict[Rung, Groups]

    @classmethod
    def of(cls, design: Floats, clock: HourCalendar) -> "Shared":
        """What all meters of a site fit on: `design` [hours, columns] with the bins of each
        rung."""
        full = clock.full_bins()
        groups = {rung: Groups.of(BIN_OF[rung][full], _COUNT[rung]) for rung in Rung}
        week = weeks_of(clock)
        return cls(design, column_sizes(design), full, week, groups)

    @property
    def scaled(self) -> Floats:
        """The design in standard sizes."""
        return self.design / self.size


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
    """Meters that stand on one rung; arrays are (meters, hours) unless said otherwise."""

    rung: Rung
    energy: Floats
    """[kWh/h], NaN where absent."""
    runs: Bools
    """Bins in which the meter runs, (meters, 192)."""
    floor: Floats
    """Least spread of each meter [kW], (meters,)."""


@dataclass(frozen=True, eq=False)
class Robust:
    """A group's robust fit."""

    fitted: Fitted
    expected: Floats
    """[kWh/h], (meters, hours)."""
    spread: Floats
    """(meters, 2): at rest, running."""
    kept: Bools
    """Hours fitted on, (meters, hours)."""


def fit_robustly(group: Group, shared: Shared, settings: FitSettings) -> Robust:
    """Fit a group from medians, trimming what lies far off.

    What is trimmed again and again is no outlier but a second way in which a meter runs, as plant
    that only sometimes cools: where the trimmed fit misses the energy of the middle week by more
    than `most_bias`, nothing is trimmed.
    """
    known = np.isfinite(group.energy)
    if group.rung is not Rung.NAIVE:
        known &= np.isfinite(shared.design).all(axis=1)
    trusted = np.where(known, group.energy, np.nan)
    running = group.runs[:, shared.full_bins]
    start = shared.groups[group.rung].medians(trusted)[:, BIN_OF[group.rung][shared.full_bins]]
    kept = _near(trusted - start, running, group.floor, settings.first_trim)
    design = Design.of(shared.scaled, shared.full_bins)
    for _ in range(settings.trim_rounds):
        expected = expected_by(fit_once(group, kept, shared, design, settings), group.runs, shared)
        kept = _near(trusted - expected, running, group.floor, settings.trim)
    kept |= known & _is_regime(trusted, expected, shared, settings)[:, None]
    fitted = fit_once(group, kept, shared, design, settings)
    expected = expected_by(fitted, group.runs, shared)
    return Robust(
        fitted, expected, spread_by_regime(trusted - expected, running, group.floor), kept
    )


def _is_regime(trusted: Floats, expected: Floats, shared: Shared, settings: FitSettings) -> Bools:
    """Meters whose middle week is missed by the trimmed fit, (meters,)."""
    weeks = int(shared.week[-1]) + 1 if shared.week.size else 0
    if weeks < settings.least_weeks:
        return np.zeros(trusted.shape[0], dtype=np.bool_)
    first = np.flatnonzero(np.diff(shared.week, prepend=-1))
    told = np.isfinite(trusted) & np.isfinite(expected)
    used = np.add.reduceat(np.where(told, trusted, 0.0), first, axis=1)
    missed = used - np.add.reduceat(np.where(told, expected, 0.0), first, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.where(used > 0, missed / used, np.nan)
    return np.asarray(np.abs(np.nan_to_num(median(bias))) > settings.most_bias)


def fit_once(
    group: Group, kept: Bools, shared: Shared, design: Design, settings: FitSettings
) -> Fitted:
    """One least-squares fit over the kept hours."""
    return solved(design.sums(group.energy, kept, group.runs), group, shared, settings)


def solved(sums: FitSums, group: Group, shared: Shared, settings: FitSettings) -> Fitted:
    """The fit that sums tell, of a design in standard sizes."""
    rung, columns = group.rung, shared.size.size
    slopes = np.zeros((group.runs.shape[0], 2, columns))
    if rung is not Rung.NAIVE:
        slopes = slopes_of(sums, group.runs, BIN_OF[rung], settings.ridge)
    left = without_weather(sums, slopes, group.runs)
    levels = np.full(left.shape, np.nan)
    for coarser in range(rung, -1, -1):
        means = means_of(left, sums.count, BIN_OF[Rung(coarser)])
        levels = np.where(np.isfinite(levels), levels, means)
    return Fitted(levels, slopes / shared.size)


def expected_by(fitted: Fitted, runs: Bools, shared: Shared, hours: Ints | None = None) -> Floats:
    """What a fit expects [kWh/h], (meters, hours): of all hours, or of those named."""
    bins, design = shared.full_bins, shared.design
    if hours is not None:
        bins, design = bins[hours], design[hours]
    weather = weather_by_regime(fitted.slopes, design, runs[:, bins])
    return np.asarray(fitted.levels[:, bins] + weather)


def weather_by_regime(slopes: Floats, design: Floats, running: Bools) -> Floats:
    """Weather's part [kW], (meters, hours), by the slopes (meters, 2, columns) of each regime.

    Zero for a meter without slopes, whether the weather is known or not.
    """
    rest, run = (weather_part(slopes[:, regime], design) for regime in (0, 1))
    needed = np.any(slopes != 0, axis=(1, 2))[:, None]
    return np.where(needed, np.where(running, run, rest), 0.0)


def column_sizes(design: Floats) -> Floats:
    """Root mean square of each column, unknown hours ignored; 1 where a column is all zero."""
    known = np.isfinite(design)
    squares = np.where(known, design, 0.0) ** 2
    size = np.sqrt(squares.sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    return np.where(size > 0, size, 1.0)


def spread_by_hour(residual: Floats, shared: Shared, runs: Bools, by_regime: Floats) -> Floats:
    """Spread of the residual in each of the 48 hours [kW], (meters, 48).

    At least that of the hour's regime, `by_regime` (meters, 2), told by `runs` (meters, 192): a
    few days alone would sometimes make an hour look steadier than it is.
    """
    days = runs.reshape(-1, FULL_BINS // 24, 24)
    kinds = [days[:, :SATURDAY], days[:, SATURDAY:]]
    running = np.hstack([2 * one.sum(axis=1) > one.shape[1] for one in kinds])
    least = np.where(running, by_regime[:, 1:], by_regime[:, :1])
    own = MAD_TO_SIGMA * shared.groups[Rung.NAIVE].medians(np.abs(residual))
    return np.asarray(np.fmax(own, least))


def spread_by_regime(residual: Floats, running: Bools, floor: Floats) -> Floats:
    """Spread of the residual [kW], (meters, 2: at rest, running), by the hours in which a meter
    runs, (meters, hours), and the least that it is taken for [kW], (meters,)."""
    scales = [_scale_in(residual, hours, floor) for hours in (~running, running)]
    return np.stack(scales, axis=1)


def _near(residual: Floats, running: Bools, floor: Floats, limit: float) -> Bools:
    """Hours whose residual is within the limit of their own regime's spread."""
    kept = np.zeros(residual.shape, dtype=np.bool_)
    for hours in (~running, running):
        kept |= hours & within(residual, _scale_in(residual, hours, floor), limit)
    return kept


def _scale_in(residual: Floats, hours: Bools, floor: Floats) -> Floats:
    step = max(residual.shape[1] // ENOUGH_HOURS, 1)
    return scale(np.where(hours[:, ::step], residual[:, ::step], np.nan), floor)
