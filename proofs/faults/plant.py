"""Made-up plants: what passed by each second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metering.localtime import DAY_MIN
from metering.quantity import I64

BEFORE_DAYS = 1
"""A plant runs before the first day that is judged, and as long after the last one."""


@dataclass(frozen=True, eq=False)
class FaultPlant:
    """A load in each minute, even within it."""

    load: I64
    """(minutes,) thousandths of the canonical unit, from `BEFORE_DAYS` before the first day."""
    total: I64
    """(minutes + 1,) their sum up to each minute."""

    @classmethod
    def of(cls, load: I64) -> FaultPlant:
        """From loads by minute [Wh, L, kJ]."""
        return cls(load, np.concatenate([[0], np.cumsum(load)]).astype(np.int64))

    def passed(self, second: I64) -> I64:
        """What passed by some seconds after the first day's start [Wh, L, kJ], since the plant
        began."""
        at = np.asarray(second, dtype=np.int64) + BEFORE_DAYS * 86_400
        minute = at // 60
        within = self.load[np.minimum(minute, len(self.load) - 1)] * (at % 60) // 60
        return self.total[minute] + within

    def between(self, start: int, end: int) -> int:
        """What passed from one second to another."""
        one, other = self.passed(np.array([start, end])).tolist()
        return int(other - one)

    @property
    def most_per_hour(self) -> int:
        """The largest load of any minute, over an hour."""
        return int(self.load.max(initial=0)) * 60


def plant(name: str, days: int, seed: int = 0) -> FaultPlant:
    """A plant by the name of its load, over the days that are judged and those beside."""
    minutes = (days + 2 * BEFORE_DAYS) * DAY_MIN
    rng = np.random.default_rng([seed, len(name)])
    return FaultPlant.of(LOADS[name](np.arange(minutes), rng))


def _flat(minute: I64, rng: np.random.Generator) -> I64:
    """30 kWh an hour, nearly even: no real load is quite."""
    return rng.integers(495, 506, len(minute)).astype(np.int64)


def _office(minute: I64, rng: np.random.Generator) -> I64:
    """Base at night, a working day over it, with noise."""
    day = minute % DAY_MIN
    shape = np.where((day >= 7 * 60) & (day < 19 * 60), 480, 120)
    return np.maximum(rng.normal(shape, shape / 10), 1).round().astype(np.int64)


def _cycling(minute: I64, rng: np.random.Generator) -> I64:
    """A compressor: 20 minutes on, 25 off."""
    return np.where(minute % 45 < 20, 700 + rng.integers(0, 40, len(minute)), 40).astype(np.int64)


def _resting(minute: I64, _: np.random.Generator) -> I64:
    """Runs by day; at night nothing passes at all."""
    day = minute % DAY_MIN
    return np.where((day >= 6 * 60) & (day < 20 * 60), 420, 0).astype(np.int64)


def _small(minute: I64, rng: np.random.Generator) -> I64:
    """A few hundred watts."""
    return rng.integers(2, 7, len(minute)).astype(np.int64)


def _idle(minute: I64, _: np.random.Generator) -> I64:
    return np.zeros(len(minute), dtype=np.int64)


def _late(minute: I64, _: np.random.Generator) -> I64:
    """Nothing for the first two days that are judged, then a load."""
    return np.where(minute >= (BEFORE_DAYS + 2) * DAY_MIN, 450, 0).astype(np.int64)


LOADS = {
    "flat": _flat,
    "office": _office,
    "cycling": _cycling,
    "resting": _resting,
    "small": _small,
    "idle": _idle,
    "late": _late,
}
