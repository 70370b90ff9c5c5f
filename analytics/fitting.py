"""The robust fit of one group of meters: start at medians, trim, fit, trim, fit again.

Office hours and all other hours never share a bin, so the two have slopes of their own and
the fit falls apart into two independent ones over the same bins.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from analytics.bins import COMPACT_BINS, COMPACT_OF, FULL_BINS, NAIVE_BINS, SATURDAY, Clock
from analytics.groups import Bools, Floats, Groups, Ints
from analytics.regression import fit_slopes, weather_part
from analytics.robust import scale, within


class Rung(IntEnum):
    """How finely a meter's history allows the week to be resolved."""

    NAIVE = 0
    COMPACT = 1
    FULL = 2


@dataclass(frozen=True)
class Settings:
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


DEFAULTS = Settings()

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
    occupied: Bools
    full_bins: Ints
    groups: dict[Rung, Groups]

    @classmethod
    def of(cls, design: Floats, clock: Clock) -> "Shared":
        full = clock.full_bins()
        groups = {rung: Groups.of(BIN_OF[rung][full], _COUNT[rung]) for rung in Rung}
        return cls(design, clock.occupied, full, groups)

    @property
    def regimes(self) -> tuple[Bools, Bools]:
        """Hours outside and inside office hours."""
        return ~self.occupied, self.occupied


@dataclass(frozen=True, eq=False)
class Fitted:
    """Result of a fit; the first axis is the meter."""

    levels: Floats
    """[kW], shape (meters, 192)."""
    slopes: Floats
    """[kW/K], shape (meters, 2, columns): outside, inside office hours."""
    expected: Floats
    """[kWh/h], shape (meters, hours)."""


def fit_robustly(
    energy: Floats, shared: Shared, rung: Rung, floor: Floats, settings: Settings
) -> tuple[Fitted, Floats, Bools]:
    """Fit meters that stand on one rung: the fit, the spread (meters, 2) and the hours kept.

    `energy` [kWh/h] has shape (meters, hours), NaN where absent; `floor` is the least spread
    of each meter [kW].
    """
    known = np.isfinite(energy)
    if rung is not Rung.NAIVE:
        known &= np.isfinite(shared.design).all(axis=1)
    trusted = np.where(known, energy, np.nan)
    start = shared.groups[rung].medians(trusted)[:, BIN_OF[rung][shared.full_bins]]
    residual, limit = trusted - start, settings.first_trim
    for _ in range(settings.trim_rounds):
        kept = _near(residual, shared, floor, limit)
        residual, limit = (
            trusted - fit_once(energy, kept, shared, rung, settings).expected,
            (settings.trim),
        )
    kept = _near(residual, shared, floor, limit)
    fitted = fit_once(energy, kept, shared, rung, settings)
    return fitted, _spread(trusted - fitted.expected, shared, floor), kept


def fit_once(energy: Floats, kept: Bools, shared: Shared, rung: Rung, settings: Settings) -> Fitted:
    """One least-squares fit over the kept hours."""
    columns = shared.design.shape[1]
    slopes = np.zeros((energy.shape[0], 2, columns))
    weather = np.zeros_like(energy)
    if rung is not Rung.NAIVE:
        size = column_sizes(shared.design)
        for regime, hours in enumerate(shared.regimes):
            scaled = fit_slopes(
                energy, kept & hours, shared.design / size, shared.groups[rung], settings.ridge
            )
            slopes[:, regime] = scaled / size
            weather[:, hours] = weather_part(slopes[:, regime], shared.design[hours])
    levels = _levels(np.where(kept, energy - weather, np.nan), shared, rung)
    return Fitted(levels, slopes, levels[:, shared.full_bins] + weather)


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


def _spread(residual: Floats, shared: Shared, floor: Floats) -> Floats:
    return np.stack([scale(residual[:, hours], floor) for hours in shared.regimes], axis=1)


def _near(residual: Floats, shared: Shared, floor: Floats, limit: float) -> Bools:
    """Hours whose residual is within the limit of their own regime's spread."""
    kept = np.zeros(residual.shape, dtype=np.bool_)
    for hours in shared.regimes:
        part = residual[:, hours]
        kept[:, hours] = within(part, scale(part, floor), limit)
    return kept
