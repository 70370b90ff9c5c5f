"""Chance that a seed decides: a stream of its own for each matter and each row."""

from __future__ import annotations

import numpy as np

from proofs.detect.fleet import Floats

HOURS = 2 * 365 * 24
DAYS = HOURS // 24
YEAR = HOURS // 2
STREAMS = ("weather", "calendar", "plant", "noise", "wander", "plan", "register", "harmless")


def stream(seed: int, matter: str, row: int = 0) -> np.random.Generator:
    """The chance of one matter of `STREAMS` and one row, whatever else is drawn."""
    return np.random.default_rng([seed, STREAMS.index(matter), row])


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """One number, evenly drawn."""
    return float(rng.uniform(low, high))


def log_between(rng: np.random.Generator, low: float, high: float) -> float:
    """One number, evenly drawn by its logarithm: halves are as likely as doubles."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def carried(pushes: Floats, keep: Floats) -> Floats:
    """What stays of pushes: y[t] = keep * y[t-1] + pushes[t], y[0] = pushes[0].

    pushes: (rows, steps); keep: (rows,). NaN spreads to all later steps.
    """
    out = np.ascontiguousarray(pushes.T)
    for step in range(1, len(out)):
        out[step] += keep * out[step - 1]
    return np.ascontiguousarray(out.T)
