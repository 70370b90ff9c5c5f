"""Recorded buildings with events put in, beside the same buildings without.

An alert that stands without the events too may be right of something that nobody labelled: it is
neither right nor false.
"""

from __future__ import annotations

from proofs.detect.asking import OWN
from proofs.detect.figures import FROZEN, TOLD, Figures, alerts_of, figures_of, rounded
from proofs.detect.real.splits import Half
from proofs.detect.sections.fleets import kinds_of
from proofs.detect.sections.trial import Trial


def recorded(trial: Trial) -> Figures:
    """By fleet: figures of each detector, and how much it says where nothing was put in."""
    cases = [events for events, _ in trial.recordings(Half.SCORED, trial.sizes.seed)]
    thresholds = trial.recorded
    found: Figures = {"thresholds": thresholds.shown(), "fleets": {}}
    pairs = trial.asked_pairs(cases, trial.panel.detectors)
    for case, (said, twins) in zip(cases, pairs, strict=True):
        told = {}
        for name in said:
            told[name] = figures_of(said[name], thresholds, twins[name]) | {
                f"untouched {at}": rounded(
                    len(alerts_of(twins[name][0], thresholds.of[name, at]))
                    / twins[name][0].fleet.meter_years
                )
                for at in FROZEN
            }
        found["fleets"][case.fleet.name] = {
            "detectors": told,
            "kinds": {one: kinds_of(said[one], thresholds.of[one, TOLD]) for one in OWN},
        }
    return found
