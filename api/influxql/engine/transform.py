"""Numbers of rows or buckets to numbers of what lies between them. What is not known is passed
over: a rate over a gap is that of the whole gap."""

from __future__ import annotations

from typing import Final

import numpy as np

from api.influxql.engine.exact import F64
from metering.quantity import I64

RAW_UNIT_US: Final = 1_000_000
"""Of a rate of rows, where the statement names none: a second."""
ELAPSED_UNIT_US: Final = 0.001
"""Of `elapsed`: a nanosecond."""


def transformed(
    function: str, numbers: F64, times: I64, argument: float | None, interval_us: int | None
) -> F64:
    """(n,) numbers at the same times, rising; NaN where there is none, as at the first.

    `argument` is the window of `moving_average`, or the unit of a rate [us]; without one it is the
    interval of the buckets, or a second.
    """
    found = np.full(len(numbers), np.nan)
    known = np.flatnonzero(np.isfinite(numbers))
    own, at = numbers[known], times[known]
    if function == "cumulative_sum":
        found[known] = np.cumsum(own)
        return found
    if function == "moving_average":
        window = int(argument or 2)
        if len(own) >= window:
            parts = np.lib.stride_tricks.sliding_window_view(own, window)
            found[known[window - 1 :]] = parts.mean(axis=1)
        return found
    if len(own) > 1:
        found[known[1:]] = _between(function, np.diff(own), np.diff(at), argument, interval_us)
    return found


def _between(
    function: str, rise: F64, passed: I64, argument: float | None, interval_us: int | None
) -> F64:
    if function == "elapsed":
        return np.asarray(passed // (argument or ELAPSED_UNIT_US), np.float64)
    if "derivative" in function:
        unit = argument or interval_us or RAW_UNIT_US
        told = np.full(len(rise), np.nan)
        np.divide(rise * unit, passed, out=told, where=passed > 0)
        rise = told
    if function.startswith("non_negative"):
        rise = np.where(rise >= 0, rise, np.nan)
    return rise
