"""From residuals by the hour to a score by the day."""

from __future__ import annotations

import numpy as np

from proofs.detect.fleet import Floats

LEAST_HOURS = 12
"""A day of which fewer are known has no score."""
MAD = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution."""


def robust_scale(values: Floats) -> Floats:
    """Standard deviation along the last axis by way of the median, NaN left out; of what is all
    NaN it is NaN."""
    shown = np.ma.masked_invalid(values)
    middle = np.ma.median(shown, axis=-1, keepdims=True)
    out = MAD * np.ma.median(abs(shown - middle), axis=-1)
    return np.asarray(np.ma.filled(out, np.nan), np.float64)


def daily_scores(residual: Floats, learnt: int) -> Floats:
    """Absolute mean residual of each day over the scale of the days before hour `learnt`.

    residual: (meters, hours) [kW], NaN where unknown. Returns (meters, days), at least 0; 0 where
    fewer than `LEAST_HOURS` are known, or nothing was learnt.
    """
    by_day = residual.reshape(len(residual), -1, 24)
    known = np.isfinite(by_day).sum(axis=2)
    mean = np.nansum(by_day, axis=2) / np.maximum(known, 1)
    mean[known < LEAST_HOURS] = np.nan
    scale = robust_scale(mean[:, : learnt // 24])
    with np.errstate(invalid="ignore", divide="ignore"):
        score = abs(mean) / scale[:, None]
    return np.asarray(np.where(np.isfinite(score), score, 0.0), np.float64)
