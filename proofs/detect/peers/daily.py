"""From residuals by the hour to a score by the day."""

from __future__ import annotations

import warnings

import numpy as np

from proofs.detect.fleet import Floats

LEAST_KNOWN = 0.5
"""What has fewer of its hours has no score."""
LEAST_KW = 1e-9
"""A scale below it is rounding: the meter stands still."""
MAD = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution."""


def robust_scale(values: Floats) -> Floats:
    """Standard deviation along the last axis by way of the median, NaN left out; of what is all
    NaN it is NaN."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")
        middle = np.nanmedian(values, axis=-1, keepdims=True)
        return np.asarray(MAD * np.nanmedian(abs(values - middle), axis=-1), np.float64)


def daily_scores(residual: Floats, learnt: int, days: int = 1) -> Floats:
    """Absolute mean residual of each day and those before it, `days` of them, over the scale that
    it had before hour `learnt`.

    residual: (meters, hours) [kW], NaN where unknown. Returns (meters, days), at least 0; 0 where
    fewer than half of the hours are known, or nothing was learnt.
    """
    by_day = residual.reshape(len(residual), -1, 24)
    known = _trailing(np.isfinite(by_day).sum(axis=2).astype(np.float64), days)
    mean = _trailing(np.nansum(by_day, axis=2), days) / np.maximum(known, 1)
    mean[known < LEAST_KNOWN * 24 * days] = np.nan
    scale = robust_scale(mean[:, : learnt // 24])
    scale[scale < LEAST_KW] = np.nan
    score = abs(mean) / scale[:, None]
    return np.asarray(np.where(np.isfinite(score), score, 0.0), np.float64)


def _trailing(values: Floats, days: int) -> Floats:
    """Sum of each column and those before it, as many as `days`, (rows, columns)."""
    total = np.pad(values.cumsum(axis=1), ((0, 0), (days, 0)))
    return np.asarray(total[:, days:] - total[:, :-days], np.float64)
