"""A simulated office whose faults are dated and priced: ours, event by event and meter by meter.

Ours learn from its fault-free year, and are asked at what they tell. What they say of the clean
twin is false, for nothing went wrong there. A fault moves electricity and gas: beside each meter
stands what it took of both together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from proofs.detect.asking import OURS, OWN, Said
from proofs.detect.figures import TOLD, Figures, alerts_of, rounded
from proofs.detect.fleet import Alert, Fleet, Label
from proofs.detect.ours import LOOKED_AT
from proofs.detect.real.cases import simulated_cases
from proofs.detect.real.energyplus import METERS, TwinFleets
from proofs.detect.real.splits import Half
from proofs.detect.scoring import overlap
from proofs.detect.sections.trial import Trial
from proofs.detect.words import WORDS

WHOLE: Final = ("total_kwh", "gas_kwh")
"""Meters that hold all others of their medium."""
MONTH_H = 30 * 24
LARGE: Final = 0.03
"""Net waste of a fault in its first 30 days, as a share of what the meter takes in them, from which
it has to be found."""
NEAR: Final = 0.2
"""Share of the label by which the told energy may be off."""


def office(trial: Trial) -> Figures:
    """By half and detector of ours: faults and whether they were found, also over all mediums, and
    false alerts."""
    halves = {half: list(simulated_cases(trial.data, half)) for half in Half}
    found: Figures = {"thresholds": {one: rounded(trial.recorded.of[one, TOLD]) for one in OWN}}
    for half, cases in halves.items():
        pairs = trial.asked_pairs(cases, tuple(OWN))
        found[half] = {}
        for name in OWN:
            threshold, rows, whole, false = trial.recorded.of[name, TOLD], [], [], {}
            for case, (said, twins) in zip(cases, pairs, strict=True):
                alerts = alerts_of(said[name][0], threshold)
                mediums = LOOKED_AT if name == OURS else {*case.fleet.medium}
                rows += events_of(case, alerts, mediums)
                whole += over_mediums(case, alerts)
                false[case.fleet.name] = {
                    "twin": len(alerts_of(twins[name][0], threshold)),
                    "harmless": _of_nothing(said[name][0], alerts),
                }
            found[half][name] = {"events": rows, "whole": whole, "false": false}
    return found


def events_of(case: TwinFleets, alerts: Sequence[Alert], mediums: Iterable[str]) -> list[Figures]:
    """One row for each label that wastes something on a meter that is looked at: whether it is
    found, by the right word, and what was told of its energy [kWh]."""
    rows: list[Figures] = []
    for label in case.fleet.labels:
        if label.harmless or case.fleet.medium[label.meter] not in mediums:
            continue
        touching = [one for one in alerts if overlap(one, label)]
        named = any(label.kind in WORDS.get(one.pattern, ()) for one in touching)
        rows.append(
            {
                "run": case.fleet.name,
                "meter": METERS[label.meter],
                "medium": case.fleet.medium[label.meter],
                "kind": label.kind,
                "days": rounded((label.end - label.first) / 24),
                "kwh": rounded(label.kwh),
                "of_month": rounded(share_of_month(case.twin, label)),
                "found": bool(touching),
                "named": named,
                "patterns": sorted({one.pattern for one in touching}),
                "told_kwh": rounded(sum(one.kwh for one in touching)) if touching else None,
                "near": bool(touching) and near(label, touching),
            }
        )
    return rows


def over_mediums(case: TwinFleets, alerts: Sequence[Alert]) -> list[Figures]:
    """One row for each fault: its net energy over the meters that hold all others of their medium,
    and what was told of those together [kWh]."""
    faults: dict[tuple[str, int], list[Label]] = {}
    for label in case.fleet.labels:
        if not label.harmless and METERS[label.meter] in WHOLE:
            faults.setdefault((label.kind, label.first), []).append(label)
    rows: list[Figures] = []
    for (kind, _), labels in faults.items():
        touching = [one for one in alerts if any(overlap(one, label) for label in labels)]
        net = replace(labels[0], kwh=sum(label.kwh for label in labels))
        rows.append(
            {
                "run": case.fleet.name,
                "kind": kind,
                "kwh": rounded(net.kwh),
                "told_kwh": rounded(sum(one.kwh for one in touching)) if touching else None,
                "near": bool(touching) and near(net, touching),
            }
        )
    return rows


def share_of_month(twin: Fleet, label: Label) -> float:
    """Net waste in the first 30 days of a label over what its meter takes in those without it."""
    hours = label.end - label.first
    usual = float(np.nansum(twin.load[label.meter, label.first : label.first + MONTH_H]))
    waste = label.kwh * min(MONTH_H / hours, 1.0)
    return waste / usual if usual > 0 else float("nan")


def near(label: Label, alerts: Sequence[Alert]) -> bool:
    """Whether what alerts tell together is the label's energy to `NEAR`, or their interval holds
    it."""
    kwh, low, high = (sum(getattr(one, name) for one in alerts) for name in ("kwh", "low", "high"))
    return bool(abs(kwh - label.kwh) <= NEAR * abs(label.kwh) or low <= label.kwh <= high)


def _of_nothing(said: Said, alerts: Sequence[Alert]) -> int:
    """Alerts that touch no fault of their meter, or only harmless things."""
    faults = [x for x in said.fleet.labels if not x.harmless]
    return sum(not any(overlap(alert, label) for label in faults) for alert in alerts)
