"""Fleets in which nothing is wasted: what is told there is false, and of which kind it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from proofs.detect.asking import Said
from proofs.detect.figures import FROZEN, Figures, alerts_of, rounded
from proofs.detect.fleet import Alert, Fleet, Label
from proofs.detect.generated import harmless_fleet
from proofs.detect.scoring import overlap
from proofs.detect.sections.trial import Trial

AROUND_H = 20 * 24
"""Hours on either side of a spell that say what is usual then."""
NO_KIND = "none"


def harmless(trial: Trial) -> Figures:
    """By detector and threshold: alerts in a meter-year, on each kind of harmless thing and on
    none, and the share of those things that an alert touches."""
    fleet = harmless_fleet(trial.sizes.seed, trial.sizes.meters)
    labels = [*_labels(fleet), *_holidays(fleet)]
    said = trial.panel.asked([fleet], trial.panel.quick)
    return {
        "things": dict(sorted(Counter(label.kind for label in labels).items())),
        "detectors": {
            name: {at: _shown(several[0], labels, trial.generated.of[name, at]) for at in FROZEN}
            for name, several in said.items()
        },
    }


def _shown(said: Said, labels: Sequence[Label], threshold: float) -> Figures:
    alerts = alerts_of(said, threshold)
    years = said.fleet.meter_years
    of_meter: dict[int, list[Label]] = {}
    for label in labels:
        of_meter.setdefault(label.meter, []).append(label)
    kinds = Counter(kind_of(alert, of_meter.get(alert.meter, [])) for alert in alerts)
    touched = Counter(
        label.kind
        for label in {
            id(x): x for one in alerts for x in of_meter.get(one.meter, []) if overlap(one, x)
        }.values()
    )
    every = Counter(label.kind for label in labels)
    return {
        "alerts_per_meter_year": rounded(len(alerts) / years),
        "by_kind": {kind: rounded(kinds[kind] / years) for kind in (*sorted(every), NO_KIND)},
        "touched": {kind: rounded(touched[kind] / count) for kind, count in sorted(every.items())},
    }


def kind_of(alert: Alert, labels: Sequence[Label]) -> str:
    """The kind of the harmless thing that shares most hours with an alert; of equals the shortest.
    `NO_KIND` where none shares any."""
    sharing = [label for label in labels if overlap(alert, label)]
    if not sharing:
        return NO_KIND
    return max(sharing, key=lambda x: (overlap(alert, x), x.first - x.end)).kind


def _labels(fleet: Fleet) -> list[Label]:
    """Harmless labels of the scored part, with spells of weather as cold or heat."""
    return [
        _weather(fleet, label) if label.kind == "weather_spell" else label
        for label in fleet.labels
        if label.end > fleet.scored_from
    ]


def _weather(fleet: Fleet, label: Label) -> Label:
    station = int(fleet.station[label.meter])
    if station < 0:
        return label
    air = fleet.temperature[station]
    inside = np.nanmean(air[label.first : label.end])
    around = np.nanmean(air[max(label.first - AROUND_H, 0) : label.end + AROUND_H])
    kind = "cold_snap" if inside < around else "heat_wave"
    return Label(label.meter, kind, label.first, label.end, 0.0, harmless=True)


def _holidays(fleet: Fleet) -> list[Label]:
    """Runs of public holidays of each meter's calendar in the scored part."""
    found = []
    for meter, calendar in enumerate(fleet.calendar):
        edges = np.flatnonzero(np.diff(np.r_[False, fleet.holidays[calendar], False]))
        for first, end in edges.reshape(-1, 2) * 24:
            if first >= fleet.scored_from:
                found.append(Label(meter, "holiday", int(first), int(end), 0.0, harmless=True))
    return found
