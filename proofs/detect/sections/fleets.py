"""Generated meters of fresh seeds: every detector, all seeds together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from proofs.detect.asking import OWN, Said
from proofs.detect.figures import TOLD, Figures, alerts_of, figures_of
from proofs.detect.fleet import Fleet, Label
from proofs.detect.generated import generated_fleet
from proofs.detect.scoring import overlap
from proofs.detect.sections.trial import Trial


def fleets(trial: Trial) -> Figures:
    """Figures of each detector; of ours also how many events of each kind are told."""
    made = [generated_fleet(seed, trial.sizes.meters) for seed in trial.sizes.fresh]
    said = trial.panel.asked(made, trial.panel.detectors)
    return {
        "thresholds": trial.generated.shown(),
        "detectors": {name: figures_of(several, trial.generated) for name, several in said.items()},
        "kinds": {name: kinds_of(said[name], trial.generated.of[name, TOLD]) for name in OWN},
    }


def kinds_of(said: Sequence[Said], threshold: float) -> dict[str, list[int]]:
    """By kind of label: how many alerts above a threshold reach, of how many."""
    events: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for one in said:
        alerts = alerts_of(one, threshold)
        for label in wasted(one.fleet):
            events[label.kind] += 1
            found[label.kind] += any(overlap(alert, label) for alert in alerts)
    return {kind: [found[kind], count] for kind, count in sorted(events.items())}


def wasted(fleet: Fleet) -> list[Label]:
    """Labels of the scored part that are not harmless."""
    return [x for x in fleet.labels if not x.harmless and x.end > fleet.scored_from]
