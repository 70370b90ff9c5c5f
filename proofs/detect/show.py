"""`python -m proofs fleet`: what a seed makes up, and how far generic scores come with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from metering.errors import ConfigurationError
from proofs.detect.fleet import Fleet, Floats, Label
from proofs.detect.generated import generated_fleet, harmless_fleet, lasting_fleet, undisturbed
from proofs.detect.peers.frozen_generic import frozen_generic
from proofs.detect.peers.seasonal_naive import seasonal_naive
from proofs.detect.scoring import RATIOS, Scores, scored_at
from proofs.steps import finish

SORTS: dict[str, Callable[[int, int], Fleet]] = {
    "generated": generated_fleet,
    "undisturbed": undisturbed,
    "harmless": harmless_fleet,
    "lasting": lasting_fleet,
}
PEERS: dict[str, Callable[[Fleet], Floats]] = {
    "frozen_generic": frozen_generic,
    "seasonal_naive": seasonal_naive,
}
BUDGETS = (1, 2)
"""Alerts in a meter-year."""


def run_show(seed: int, meters: int, sort: str) -> None:
    """Print one line of JSON of a fleet; ConfigurationError for a sort that there is not."""
    if sort not in SORTS:
        raise ConfigurationError(
            "no such sort of fleet", field="sort", value=sort, fix=", ".join(SORTS)
        )
    begun = time.process_time()
    fleet = SORTS[sort](seed, meters)
    made_s = time.process_time() - begun
    finish(
        {
            "fleet": fleet.name,
            "meters": meters,
            "made_cpu_s": round(made_s, 2),
            "mean_kw": _spread(np.nanmean(fleet.load, axis=1)),
            "unknown": round(float(np.isnan(fleet.load).mean()), 4),
            "first_year": _kinds(x for x in fleet.labels if x.first < fleet.scored_from),
            "second_year": _kinds(x for x in fleet.labels if x.first >= fleet.scored_from),
            "peers": {name: _peer(score, fleet) for name, score in PEERS.items()},
        },
        True,
    )


def _spread(values: Iterable[float]) -> list[float]:
    """Least, median and largest."""
    return [round(float(value), 2) for value in np.quantile(list(values), [0, 0.5, 1])]


def _kinds(labels: Iterable[Label]) -> dict[str, Any]:
    """By kind: how many, their days and their kWh."""
    of: dict[str, list[Label]] = {}
    for label in labels:
        of.setdefault(label.kind, []).append(label)
    return {
        kind: {
            "count": len(found),
            "days": _spread((x.end - x.first) / 24 for x in found),
            "kwh": _spread(x.kwh for x in found),
        }
        for kind, found in sorted(of.items())
    }


def _peer(score: Callable[[Fleet], Floats], fleet: Fleet) -> dict[str, Any]:
    begun = time.process_time()
    answer = score(fleet.given)
    cpu_s = time.process_time() - begun
    found = {str(budget): _figures(scored_at(answer, fleet, budget)) for budget in BUDGETS}
    return {"cpu_s": round(cpu_s, 2), "at_alerts_a_year": found}


def _figures(scores: Scores) -> dict[str, Any]:
    """Each share with its interval; None for what was not counted."""
    shown: dict[str, Any] = {
        name: [_rounded(value) for value in (getattr(scores, name), *scores.intervals[name])]
        for name in RATIOS
        if name != "named_recall"
    }
    return shown | {"delay_days": _rounded(scores.delay_days)}


def _rounded(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None
