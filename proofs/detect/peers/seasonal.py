"""ADTK: what `SeasonalAD` judges by, the residual of a classic decomposition by the week."""

from __future__ import annotations

import numpy as np

from proofs.detect.peers.days import MeterDays
from proofs.detect.peers.given import HOURS_A_DAY, Floats

WEEK = 7 * HOURS_A_DAY


def seasonal(one: MeterDays) -> Floats:
    """Mean of what a day takes beyond its hours of the week, (days,).

    `SeasonalAD(freq=168, side="positive")` up to its last step, a threshold for each meter, in
    whose place the scale of all peers comes. Its decomposition is fitted on the learnt part.
    """
    import pandas as pd
    from adtk.transformer import ClassicSeasonalDecomposition

    hours = pd.date_range(pd.Timestamp(one.start), periods=one.filled.size, freq="h")
    series = pd.Series(one.filled, index=hours)
    parts = ClassicSeasonalDecomposition(freq=WEEK)
    parts.fit(series.iloc[: one.learnt * HOURS_A_DAY])
    residual = np.asarray(parts.transform(series), dtype=np.float64)
    return one.daily(np.maximum(residual, 0.0))
