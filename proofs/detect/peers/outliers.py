"""PyOD: which days are unlike the learnt ones, as points in space.

A day is its 24 hours and its mean temperature; days off and other days are learnt apart, or ECOD,
which looks at one column at a time, would see nothing but the weekend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from proofs.detect.peers.days import MeterDays
from proofs.detect.peers.given import Floats


class _Detector(Protocol):
    def fit(self, days: Floats) -> object: ...

    def decision_function(self, days: Floats) -> Floats: ...


def isolation_forest(one: MeterDays) -> Floats:
    """How few cuts part a day from the learnt ones, (days,): 100 trees, PyOD's own choice."""
    from pyod.models.iforest import IForest

    return _strange(one, lambda: IForest(n_estimators=100, random_state=1))


def ecod(one: MeterDays) -> Floats:
    """How far out in the tails of the learnt days a day lies, column by column, (days,)."""
    from pyod.models.ecod import ECOD

    return _strange(one, ECOD)


def _strange(one: MeterDays, made: Callable[[], _Detector]) -> Floats:
    days = _features(one)
    result = np.full(len(days), np.nan)
    for off in (False, True):
        asked = one.known & (one.off == off)
        if asked.any():
            detector = made()
            detector.fit(days[one.like(off)])
            result[asked] = detector.decision_function(days[asked])
    return result


def _features(one: MeterDays) -> Floats:
    weather = one.temperature.reshape(one.profiles.shape).mean(axis=1, keepdims=True)
    columns = [one.profiles, weather] if np.isfinite(weather).all() else [one.profiles]
    return np.hstack(columns)
