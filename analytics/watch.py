"""The newest hour of many meters against what is expected of it, as it comes.

baselines of a station ─▶ HourWatch, by hour ─┐
weather of the hour ──────────────────────┴─▶ Band ◀── what came

A look judges complete days; a band says within milliseconds which of a hundred thousand meters are
out of their usual range now. It is no finding: one hour is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.baseline import Baseline
from analytics.bins import HourCalendar
from analytics.groups import Bools, Floats
from analytics.temperature import Segments


@dataclass(frozen=True, eq=False)
class Band:
    """What is expected of one hour, (meters,) each."""

    expected: Floats
    """[kWh/h]; NaN where nothing of the kind was ever seen."""
    sigma: Floats
    """Spread of the residual [kW]."""

    def above(self, energy: Floats, sigmas: float) -> Bools:
        """Meters whose energy [kWh/h] of the hour, NaN where none came, is more than so many
        spreads above what is expected."""
        with np.errstate(invalid="ignore"):
            return np.asarray(energy - self.expected > sigmas * self.sigma)


@dataclass(frozen=True, eq=False)
class HourWatch:
    """Baselines of a station turned round: an hour of all meters is a row."""

    segments: Segments
    centre: Floats
    """Means of the design columns [K], (columns,)."""
    levels: Floats
    """[kW], (192, meters)."""
    running: Bools
    """(192, meters)"""
    slopes: Floats
    """[kW/K], (2, columns, meters)."""
    spreads: Floats
    """[kW], (48, meters)."""
    blind: HourWatch | None

    @classmethod
    def of(cls, baseline: Baseline) -> HourWatch:
        """Prepared once for each version of the baselines."""
        return cls(
            segments=baseline.segments,
            centre=baseline.centre,
            levels=np.ascontiguousarray(baseline.levels.T),
            running=np.ascontiguousarray(baseline.running.T),
            slopes=np.ascontiguousarray(np.moveaxis(baseline.slopes, 0, 2)),
            spreads=np.ascontiguousarray(baseline.hour_spread.T),
            blind=None if baseline.blind is None else HourWatch.of(baseline.blind),
        )

    def band(self, clock: HourCalendar, temperature: Floats) -> Band:
        """What is expected of the last hour of a clock, by the temperature [C] of it and of those
        before it, (hours,): a building remembers half a day."""
        weather = (self.segments.design(temperature) - self.centre)[-1]
        if self.blind is not None and np.isnan(weather).any():
            return self.blind.band(clock, temperature)
        hour = int(clock.full_bins()[-1])
        expected, running = self.levels[hour].copy(), self.running[hour]
        for column, degrees in enumerate(weather.tolist()):
            rest, run = self.slopes[:, column]
            expected += np.where(running, run, rest) * degrees
        return Band(expected, self.spreads[int(clock.naive_bins()[-1])])
