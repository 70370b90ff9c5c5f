"""The robust fit of one group of meters: start at medians, trim, fit, trim, fit again.

Hours in which a meter runs and its other hours never share a bin, so the two regimes have
slopes of their own and the fit falls apart into two independent ones over the same bins.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from analytics.bins import COMPACT_BINS, COMPACT_OF, FULL_BINS, NAIVE_BINS, SATURDAY, HourCalendar
from analytics.groups import Bools, Floats, Groups, Ints
from analytics.regression import fit_slopes, weather_part
from analytics.robust import MAD_TO_SIGMA, scale, within


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


DEFAULTS = FitSettings()

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
    full_bins: Ints
    groups: dict[Rung, Groups]

    @classmethod
    def of(cls, design: Floats, clock: HourCalendar) -> "Shared":
        """What all meters of a site fit on: `design` [hours, columns] with the bins of each
        rung."""
        full = clock.full_bins()
        groups = {rung: Groups.of(BIN_OF[rung][full], _COUNT[rung]) for rung in Rung}
        return cls(design, full, groups)


@dataclass(frozen=True, eq=False)
class Fitted:
    """Result of a fit; the first axis is the meter."""

    levels: Floats
    """[kW], shape (meters, 192)."""
    slopes: Floats
    """[kW/K], shape (meters, 2, columns): at rest, running."""
    expected: Floats
    """[kWh/h], shape (meters, hours)."""


@dataclass(frozen=True, eq=False)
class Group:
    """Meters that stand on one rung; arrays are (meters, hours) unless said otherwise."""

    rung: Rung
    energy: Floats
    """[kWh/h], NaN where absent."""
    running: Bools
    """Hours in which the meter runs."""
    floor: Floats
    """Least spread of each meter [kW], (meters,)."""

    @property
    def regimes(self) -> tuple[Bools, Bools]:
        """Hours at rest, hours running."""
        return ~self.running, self.running


def fit_robustly(
    group: Group, shared: Shared, settings: FitSettings
) -> tuple[Fitted, Floats, Bools]:
    """Fit a group: the fit, the spread (meters, 2: at rest, running) and the hours kept."""
    known, rung = np.isfinite(group.energy), group.rung
    if rung is not Rung.NAIVE:
        known &= np.isfinite(shared.design).all(axis=1)
    trusted = np.where(known, group.energy, np.nan)
    start = shared.groups[rung].medians(trusted)[:, BIN_OF[rung][shared.full_bins]]
    residual, limit = trusted - start, settings.first_trim
    for _ in range(settings.trim_rounds):
        kept = _near(residual, group, limit)
        residual, limit = (
            trusted - fit_once(group, kept, shared, settings).expected,
            (settings.trim),
        )
    kept = _near(residual, group, limit)
    fitted = fit_once(group, kept, shared, settings)
    spread = spread_by_regime(trusted - fitted.expected, group.running, group.floor)
    return fitted, spread, kept


def fit_once(group: Group, kept: Bools, shared: Shared, settings: FitSettings) -> Fitted:
    """One least-squares fit over the kept hours."""
    energy, rung = group.energy, group.rung
    slopes = np.zeros((energy.shape[0], 2, shared.design.shape[1]))
    if rung is not Rung.NAIVE:
        size = column_sizes(shared.design)
        for regime, hours in enumerate(group.regimes):
            scaled = fit_slopes(
                energy, kept & hours, shared.design / size, shared.groups[rung], settings.ridge
            )
            slopes[:, regime] = scaled / size
    weather = weather_by_regime(slopes, shared.design, group.running)
    levels = _levels(np.where(kept, energy - weather, np.nan), shared, rung)
    return Fitted(levels, slopes, levels[:, shared.full_bins] + weather)


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


def _levels(without_weather: Floats, shared: Shared, rung: Rung) -> Floats:
    """Mean of each of the 192 bins; a bin without a kept hour takes the next coarser mean."""
    result = np.full((without_weather.shape[0], FULL_BINS), np.nan)
    for coarser in range(rung, -1, -1):
        means, _ = shared.groups[Rung(coarser)].means(without_weather)
        result = np.where(np.isfinite(result), result, means[:, BIN_OF[Rung(coarser)]])
    return result


def spread_by_hour(residual: Floats, shared: Shared, running: Bools, by_regime: Floats) -> Floats:
    """Spread of the residual in each of the 48 hours [kW], (meters, 48).

    At least that of the hour's regime, `by_regime` (meters, 2), told by `running` (meters, 24):
    a few days alone would sometimes make an hour look steadier than it is.
    """
    rest = np.repeat(by_regime[:, :1], NAIVE_BINS // 2, axis=1)
    work = np.where(running, by_regime[:, 1:], rest)
    own = MAD_TO_SIGMA * shared.groups[Rung.NAIVE].medians(np.abs(residual))
    return np.asarray(np.fmax(own, np.hstack([work, rest])))


def spread_by_regime(residual: Floats, running: Bools, floor: Floats) -> Floats:
    """Spread of the residual [kW], (meters, 2: at rest, running), by the hours in which a meter
    runs, (meters, hours), and the least that it is taken for [kW], (meters,)."""
    scales = [_scale_in(residual, hours, floor) for hours in (~running, running)]
    return np.stack(scales, axis=1)


def _near(residual: Floats, group: Group, limit: float) -> Bools:
    """Hours whose residual is within the limit of their own regime's spread."""
    kept = np.zeros(residual.shape, dtype=np.bool_)
    for hours in group.regimes:
        kept |= hours & within(residual, _scale_in(residual, hours, group.floor), limit)
    return kept


def _scale_in(residual: Floats, hours: Bools, floor: Floats) -> Floats:
    return scale(np.where(hours, residual, np.nan), floor)
