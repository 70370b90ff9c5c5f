"""Figures of what detectors said: fleets taken together, at a threshold, as numbers by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from proofs.detect.asking import NAMES_NOTHING, OWN, Said
from proofs.detect.fleet import Alert, Fleet
from proofs.detect.scoring import (
    LENGTHS,
    RATIOS,
    Answer,
    Scores,
    alerts_above,
    best_threshold,
    scored,
    threshold_of,
)
from proofs.detect.words import WORDS

BUDGETS = (1, 2)
"""Alerts in a meter-year."""
TOLD = "told"
FROZEN = {TOLD: BUDGETS[0]} | {f"frozen {budget}": budget for budget in BUDGETS}
"""Thresholds that are set on tuning data, and the budget that each keeps to there. `told` is the
one of its own where a detector has one, which keeps to no budget; otherwise the best within it."""
DIGITS = 3
Figures = dict[str, Any]


@dataclass(frozen=True)
class Thresholds:
    """One threshold of each detector and budget, set on what it is not scored on."""

    of: Mapping[tuple[str, str], float]
    """By detector and point of `FROZEN`."""

    @classmethod
    def tuned(cls, said: Mapping[str, Sequence[Said]]) -> Thresholds:
        """The lowest at which each detector keeps to each budget on all these fleets together, and
        of those within the first the best, or its own."""
        found = {}
        for name, several in said.items():
            fleet, answer = together(several)
            own = OWN.get(name)
            best = best_threshold(answer, fleet, FROZEN[TOLD]) if own is None else own
            for at, budget in FROZEN.items():
                found[name, at] = best if at == TOLD else threshold_of(answer, fleet, budget)
        return cls(found)

    def shown(self) -> Figures:
        """By detector, its thresholds; None where nothing fits, or all is told."""
        names = dict.fromkeys(name for name, _ in self.of)
        return {name: {at: rounded(self.of[name, at]) for at in FROZEN} for name in names}


def together(said: Sequence[Said]) -> tuple[Fleet, Answer]:
    """Fleets and answers as one, to be scored but not to be looked at: weather and calendars are
    those of the first. All have the same hours."""
    fleets = [one.fleet for one in said]
    first = np.cumsum([0, *(len(one.load) for one in fleets)]).tolist()
    labels = [
        replace(label, meter=start + label.meter)
        for start, fleet in zip(first, fleets, strict=False)
        for label in fleet.labels
    ]
    names = [
        name if len(fleets) == 1 else f"{fleet.name} {name}"
        for fleet in fleets
        for name in fleet.building or map(str, range(len(fleet.load)))
    ]
    whole = replace(
        fleets[0],
        load=np.concatenate([one.load for one in fleets]),
        station=np.concatenate([one.station for one in fleets]),
        calendar=np.concatenate([one.calendar for one in fleets]),
        labels=tuple(labels),
        medium=(),
        building=tuple(names),
    )
    days = [one.answer for one in said if isinstance(one.answer, np.ndarray)]
    if days:
        return whole, np.concatenate(days)
    return whole, [
        replace(alert, meter=start + alert.meter)
        for start, one in zip(first, said, strict=False)
        for alert in alerts_of(one)
    ]


def alerts_of(said: Said, threshold: float = -np.inf) -> list[Alert]:
    """Alerts of one answer that reach a threshold."""
    return alerts_above(said.answer, said.fleet, threshold)


def figures_of(
    said: Sequence[Said], thresholds: Thresholds, twins: Sequence[Said] | None = None
) -> Figures:
    """Of one detector on fleets together: at the thresholds that were set elsewhere, and for each
    budget `exact`, at the one that just keeps to it here, which no detector could know.

    twins: what it says of the same fleets without events.
    """
    fleet, answer = together(said)
    twin = together(twins)[1] if twins else None
    name = said[0].detector
    found: Figures = {
        "meters": len(fleet.load),
        "events": sum(not x.harmless and x.end > fleet.scored_from for x in fleet.labels),
        "refused": sum(one.refused for one in said),
        "cpu_ms_per_meter": rounded(1e3 * sum(one.cpu_s for one in said) / len(fleet.load)),
    }
    at = {point: thresholds.of[name, point] for point in FROZEN}
    at |= {f"exact {budget}": threshold_of(answer, fleet, budget) for budget in BUDGETS}
    for point, threshold in at.items():
        found[point] = _shown(name, _scored(answer, fleet, threshold, twin))
    return found


def _scored(answer: Answer, fleet: Fleet, threshold: float, twin: Answer | None) -> Scores:
    standing = [] if twin is None else alerts_above(twin, fleet, threshold)
    alerts = alerts_above(answer, fleet, threshold)
    return scored(alerts, fleet, threshold, WORDS, standing)


def _shown(name: str, scores: Scores) -> Figures:
    """Shares with their intervals; None for what was not counted, or a detector does not say."""
    found: Figures = {}
    for ratio in RATIOS:
        silent = ratio == "named_recall" and name in NAMES_NOTHING
        values = (getattr(scores, ratio), *scores.intervals[ratio])
        found[ratio] = None if silent else [rounded(value) for value in values]
    found["delay_days"] = rounded(scores.delay_days)
    found["standing"] = scores.standing
    found["inside"] = {
        length: [rounded(scores.inside[length]), scores.told[length]] for length in LENGTHS
    }
    return found


def rounded(value: float) -> float | None:
    """A number for JSON; None for what is no number."""
    return round(float(value), DIGITS) if np.isfinite(value) else None
