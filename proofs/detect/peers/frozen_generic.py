"""The frozen generic score: what surprises a plain regression on time of week and temperature.

A load for each hour of the week and a response to temperature in linear pieces [1], fitted to the
first year and frozen. So that events of that year do not count, points far from the median of
their hour are left out first, then those far from a first fit (8 and 4.5 median deviations). Of
days that are unlike their weekday by the calendar it says nothing.

[1] J. Mathieu et al., Quantifying changes in building electricity use, IEEE Trans. Smart Grid
    2(3), 2011.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proofs.detect.fleet import Fleet, Floats, Ints
from proofs.detect.peers.daily import daily_scores, robust_scale

BINS = 168
SEGMENTS = 6
HORIZONS = (1, 7)
"""Days that are judged together: what is sudden, and what is small and stays."""
FAR, FARTHER = 4.5, 8.0
LITTLE = 1e-3
"""Ridge on the temperature's pieces, so that those nobody saw stay near 0."""


def frozen_generic(fleet: Fleet) -> Floats:
    """Score of each meter and day, (meters, days); 0 where too little is known."""
    hours = fleet.load.shape[1]
    day = (fleet.start.astype("datetime64[D]").astype(np.int64) + 3 + np.arange(hours // 24)) % 7
    week = (day[:, None] * 24 + np.arange(24)).ravel()
    unlike = ((fleet.off_days != (day >= 5)) | fleet.holidays).repeat(24, axis=1)
    load = np.where(unlike[fleet.calendar], np.nan, fleet.load)
    pieces = [temperature_pieces(row, fleet.scored_from) for row in fleet.temperature]
    pieces.append(np.zeros((hours, SEGMENTS)))  # of station -1
    residual = np.stack(
        [
            _residual(row, week, pieces[station], fleet.scored_from)
            for row, station in zip(load, fleet.station, strict=True)
        ]
    )
    return np.maximum(*(daily_scores(residual, fleet.scored_from, days) for days in HORIZONS))


def temperature_pieces(air: Floats, learnt: int) -> Floats:
    """Air [C] split at quantiles of the hours before `learnt`: (hours, SEGMENTS) that add up to
    the air but for a constant. Hours that are NaN are interpolated."""
    hours = np.arange(len(air))
    known = np.isfinite(air)
    filled = np.interp(hours, hours[known], air[known])
    edges = np.quantile(filled[:learnt], np.linspace(0, 1, SEGMENTS + 1))
    edges[0], edges[-1] = min(edges[0], filled.min()), np.inf
    return np.clip(filled[:, None], edges[:-1], edges[1:]) - edges[:-1]


def _residual(load: Floats, week: Ints, pieces: Floats, learnt: int) -> Floats:
    """Load less what is expected of it [kW], (hours,)."""
    use = np.isfinite(load[:learnt])
    y, bins, x = load[:learnt], week[:learnt], pieces[:learnt]
    far = y - _medians(np.where(use, y, np.nan), bins)[bins]
    use &= abs(far) <= FARTHER * robust_scale(far)
    for _ in range(2):
        level, slopes = _fit(y, bins, x, use)
        off = y - level[bins] - x @ slopes
        use = np.isfinite(y) & (abs(off) <= FAR * robust_scale(np.where(use, off, np.nan)))
    level, slopes = _fit(y, bins, x, use)
    return np.asarray(load - level[week] - pieces @ slopes, np.float64)


def _medians(y: Floats, bins: Ints) -> Floats:
    """Median of each bin, NaN left out, (BINS,)."""
    order = np.argsort(bins, kind="stable")
    cuts = np.flatnonzero(np.diff(bins[order])) + 1
    out = np.full(BINS, np.nan)
    for group in np.split(order, cuts):
        known = y[group][np.isfinite(y[group])]
        out[bins[group[0]]] = np.median(known) if len(known) else np.nan
    return out


def _fit(y: Floats, bins: Ints, x: Floats, use: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Least squares over the hours in use: a level of each bin, (BINS,), NaN where it has none, and
    a slope of each piece. Levels are taken out first, so that only the slopes are solved for."""
    b, seen = bins[use], np.bincount(bins[use], minlength=BINS)
    with np.errstate(invalid="ignore"):
        y_mean = np.bincount(b, y[use], BINS) / seen
        x_mean = np.stack([np.bincount(b, column, BINS) / seen for column in x[use].T], axis=1)
    left, of = x[use] - x_mean[b], y[use] - y_mean[b]
    gram = left.T @ left
    ridge = LITTLE * max(float(np.trace(gram)), 1e-9) * np.eye(SEGMENTS) / SEGMENTS
    slopes = np.asarray(np.linalg.solve(gram + ridge, left.T @ of), np.float64)
    return y_mean - x_mean @ slopes, slopes
