"""Waste that goes on for weeks: a detector that gets used to it loses it."""

from __future__ import annotations

import numpy as np

from proofs.detect.asking import Said
from proofs.detect.figures import TOLD, Figures, Thresholds, alerts_of, rounded
from proofs.detect.fleet import Alert, Label
from proofs.detect.generated import lasting_fleet
from proofs.detect.real.inject import LASTING_DAYS
from proofs.detect.real.splits import Half
from proofs.detect.scoring import covered
from proofs.detect.sections.fleets import wasted
from proofs.detect.sections.trial import Trial


def lasting(trial: Trial) -> Figures:
    """By world, detector and days of the waste: how many there are, the share found, and the share
    of the energy in hours that alerts cover."""
    fleet = lasting_fleet(trial.sizes.seed, trial.sizes.meters)
    said = trial.panel.asked([fleet], trial.panel.quick)
    found = {"generated": {n: _shown(one[0], trial.generated) for n, one in said.items()}}
    cases = [case for _, case in trial.recordings(Half.SCORED, trial.sizes.seed)]
    asked = trial.panel.asked([case.fleet for case in cases], trial.panel.quick)
    for number, case in enumerate(cases):
        found[case.fleet.name] = {
            name: _shown(several[number], trial.recorded) for name, several in asked.items()
        }
    return found


def _shown(said: Said, thresholds: Thresholds) -> Figures:
    alerts: dict[int, list[Alert]] = {}
    for alert in alerts_of(said, thresholds.of[said.detector, TOLD]):
        alerts.setdefault(alert.meter, []).append(alert)
    by_days: dict[int, list[tuple[Label, float]]] = {days: [] for days in LASTING_DAYS}
    for label in wasted(said.fleet):
        by_days[days_of(label)].append((label, covered(label, alerts.get(label.meter, []))))
    return {str(days): _length(rows) for days, rows in by_days.items()}


def _length(rows: list[tuple[Label, float]]) -> Figures:
    kwh = sum(label.kwh for label, _ in rows)
    return {
        "events": len(rows),
        "found": rounded(float(np.mean([share > 0 for _, share in rows]))) if rows else None,
        "kwh_covered": rounded(sum(x.kwh * share for x, share in rows) / kwh) if kwh else None,
    }


def days_of(label: Label) -> int:
    """The length among `LASTING_DAYS` that a label was made with: it ends with its last hour that
    differs."""
    days = (label.end - label.first) / 24
    return min(LASTING_DAYS, key=lambda length: abs(length - days))
