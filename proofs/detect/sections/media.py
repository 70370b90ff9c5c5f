"""Recorded meters of other mediums than electricity, without labels: how often something is told.

Nobody says what is right. What *stretches* would tell of a medium that ours leave out says why they
do.
"""

from __future__ import annotations

from collections import Counter

from proofs.detect.asking import OWN
from proofs.detect.figures import Figures, alerts_of, rounded
from proofs.detect.real.media import recorded_media
from proofs.detect.sections.trial import Trial


def media(trial: Trial) -> Figures:
    """By fleet and detector of ours: what is told, in a meter-year and by pattern."""
    fleets = recorded_media(trial.data)
    said = trial.panel.asked(fleets, tuple(OWN))
    found: Figures = {}
    for place, fleet in enumerate(fleets):
        told = {name: alerts_of(said[name][place], least) for name, least in OWN.items()}
        found[fleet.name] = {
            "medium": fleet.medium[0],
            "meters": len(fleet.load),
            "meter_years": rounded(fleet.meter_years),
            "detectors": {
                name: {
                    "alerts_per_meter_year": rounded(len(alerts) / fleet.meter_years),
                    "patterns": dict(Counter(alert.pattern for alert in alerts).most_common()),
                }
                for name, alerts in told.items()
            },
        }
    return found
