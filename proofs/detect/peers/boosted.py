"""scikit-learn: boosted trees of hour, weekday, calendar and weather.

Learnt days are told by trees that have not seen them, of every other two weeks: trees know too
well what they have seen, and every later day would look strange.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from proofs.detect.peers.days import MeterDays
from proofs.detect.peers.given import HOURS_A_DAY, Bools, Floats

ROUNDS, BAND_ROUNDS = 100, 60
"""Trees: scikit-learn's own number; fewer of each quantile, as they take twice as long."""
BLOCK_DAYS = 14
LOW, HIGH = 0.05, 0.95
LEAST_BAND = 0.05
"""Width of a band, as a share of the meter's size."""


def boosted_band(one: MeterDays) -> Floats:
    """Mean excess of a day over the 95 % quantile, in widths of the band from 5 % on, (days,)."""
    low, high = (_told(one, BAND_ROUNDS, loss="quantile", quantile=share) for share in (LOW, HIGH))
    width = np.maximum(high - low, LEAST_BAND)
    return one.daily(np.maximum(one.share - high, 0.0) / width)


def boosted_mean(one: MeterDays) -> Floats:
    """Mean of what a day takes beyond the expected, as a share of the meter's size, (days,)."""
    return one.daily(np.maximum(one.share - _told(one, ROUNDS), 0.0))


def _told(one: MeterDays, rounds: int, **choices: Any) -> Floats:
    """What is expected of each hour, (hours,): of learnt hours by trees of other weeks."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    def trees() -> Any:
        return HistGradientBoostingRegressor(
            max_iter=rounds, early_stopping=False, random_state=1, **choices
        )

    days = np.arange(one.known.size)
    past = days < one.learnt
    odd = days // BLOCK_DAYS % 2 == 1
    expected = np.full(one.share.size, np.nan)
    for learnt, asked in ((past, ~past), (past & odd, past & ~odd), (past & ~odd, past & odd)):
        _tell(one, trees, learnt, asked, expected)
    return expected


def _tell(
    one: MeterDays, trees: Callable[[], Any], learnt: Bools, asked: Bools, into: Floats
) -> None:
    features = _features(one)
    hours = np.repeat(learnt, HOURS_A_DAY) & np.isfinite(one.share)
    wanted = np.repeat(asked, HOURS_A_DAY)
    if hours.any() and wanted.any():
        into[wanted] = trees().fit(features[hours], one.share[hours]).predict(features[wanted])


def _features(one: MeterDays) -> Floats:
    """Hour, weekday, off, temperature and its mean of the last 24 hours [C], (hours, 5); 0 C where
    the weather is unknown."""
    air = np.nan_to_num(one.temperature)  # all or nothing of it is known
    total = np.cumsum(np.concatenate([np.repeat(air[:1], HOURS_A_DAY), air]))
    return np.column_stack(
        [
            np.tile(np.arange(HOURS_A_DAY), one.known.size),
            np.repeat(one.weekday, HOURS_A_DAY),
            np.repeat(one.off, HOURS_A_DAY),
            air,
            (total[HOURS_A_DAY:] - total[:-HOURS_A_DAY]) / HOURS_A_DAY,
        ]
    ).astype(np.float64)
