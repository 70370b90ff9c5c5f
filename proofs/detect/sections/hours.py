"""Hours far outside of what such hours were in the 60 days before: said on the same day, at one
threshold that tuning seeds set, beside what stretches tell of the same meters.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.detectors.stretched import TOLD_SCORE
from analytics.groups import Bools
from analytics.lately import Lately
from proofs.detect.asking import STRETCHES, Said
from proofs.detect.figures import Figures, rounded, together
from proofs.detect.fleet import Alert, Fleet, Floats
from proofs.detect.generated import generated_fleet
from proofs.detect.scoring import alerts_above, overlap, scored, threshold_at
from proofs.detect.sections.fleets import kinds_of, wasted
from proofs.detect.sections.trial import TUNED_SEEDS, Trial
from proofs.detect.stretches import blocks_of, clock_of
from proofs.steps import say

HOURS = "hours"
BUDGET = 1
"""Runs of hours in a meter-year that the threshold leaves on tuning seeds."""
SUM_H = 4
"""Hours whose sum is held against its interval, as that of a run is."""
DAY_H = 24
SHARES = ("alerts_per_meter_year", "precision", "recall")


def hours(trial: Trial) -> Figures:
    """Runs of hours at their threshold, those that no stretch tells, and stretches with and without
    them, on tuning seeds and on fresh ones; what sound hours come to, and the cost."""
    tuned = _saying(trial, TUNED_SEEDS)
    threshold = hours_threshold(tuned.said)
    fresh = _saying(trial, trial.sizes.fresh)
    return {
        "threshold": rounded(threshold),
        "tuned": _sides(tuned, threshold),
        "told": _sides(fresh, threshold),
        "kinds": {
            HOURS: kinds_of(fresh.said, threshold),
            STRETCHES: kinds_of(fresh.stretches, TOLD_SCORE),
        },
        "held": dict(zip(("1", str(SUM_H)), map(rounded, fresh.held), strict=True)),
        "cpu_ms_of_a_day": rounded(fresh.cpu_ms),
    }


def hours_threshold(said: Sequence[Said]) -> float:
    """The threshold that `BUDGET` leaves single hours on fleets of tuning seeds."""
    return threshold_at(_alerts(said), together(said)[0], BUDGET)


@dataclass(frozen=True, eq=False)
class HoursSaid:
    """What is said of some fleets."""

    said: list[Said]
    stretches: list[Said]
    held: tuple[float, float]
    """Share of sound hours, and of sums of `SUM_H` of them, in their 90 % interval."""

    @property
    def cpu_ms(self) -> float:
        """Of a meter's day."""
        days = sum(one.fleet.load[:, one.fleet.scored_from :].size / DAY_H for one in self.said)
        return 1e3 * sum(one.cpu_s for one in self.said) / days


def _saying(trial: Trial, seeds: Sequence[int]) -> HoursSaid:
    fleets = [generated_fleet(seed, trial.sizes.meters) for seed in seeds]
    several = [hours_of(fleet) for fleet in fleets]
    inside = np.sum([counts for _, counts in several], axis=0)
    shares = (inside[0] / inside[1]).tolist()
    stretches = trial.panel.asked(fleets, (STRETCHES,))[STRETCHES]
    return HoursSaid([said for said, _ in several], stretches, (shares[0], shares[1]))


def _sides(of: HoursSaid, threshold: float) -> Figures:
    fleet = together(of.said)[0]
    shown, told = _alerts(of.said, threshold), _alerts(of.stretches, TOLD_SCORE)
    new = [one for one in shown if not any(overlap(one, other) for other in told)]
    return {
        HOURS: _shown(shown, fleet),
        "hours that no stretch tells": _shown(new, fleet),
        STRETCHES: _shown(told, fleet),
        "stretches and hours": _shown([*told, *new], fleet),
    }


def _alerts(said: Sequence[Said], threshold: float = -np.inf) -> list[Alert]:
    fleet, answer = together(said)
    return alerts_above(answer, fleet, threshold)


def _shown(alerts: Sequence[Alert], fleet: Fleet) -> Figures:
    found = scored(alerts, fleet, -np.inf)
    shares = {
        name: [rounded(one) for one in (getattr(found, name), *found.intervals[name])]
        for name in SHARES
    }
    return {**shares, "delay_hours": rounded(found.delay_days * DAY_H)}


def hours_of(fleet: Fleet) -> tuple[Said, Floats]:
    """What is said of a fleet's scored hours, with the CPU that the days took once their
    expectations were known; and how many sound ones are in their interval, of how many, (2, 2):
    hours, and sums of `SUM_H`."""
    alerts: list[Alert] = []
    cpu_s, held, sound = 0.0, np.zeros((2, 2)), ~_astray(fleet)
    for calendar in np.unique(fleet.calendar).tolist():
        several = list(blocks_of(fleet, calendar))
        rows = np.concatenate([rows for rows, _ in several])
        load = np.concatenate([block.load for _, block in several])
        expected = np.concatenate([block.hours.expected for _, block in several])
        begun = time.process_time()
        one = Lately.of(load, expected, clock_of(fleet, calendar)[1])
        alerts += _runs(one, rows.tolist(), fleet)
        cpu_s += time.process_time() - begun
        held += _held(one, sound[rows], fleet.scored_from // DAY_H)
    say(f"  {fleet.name}: {HOURS}, {len(fleet.load)} meters")
    return Said(HOURS, fleet, alerts, cpu_s, 0), held


def _runs(one: Lately, rows: Sequence[int], fleet: Fleet) -> list[Alert]:
    return [
        Alert(rows[run.meter], "", run.first, run.end, run.score, run.end - 1)
        for place in range(fleet.scored_from // DAY_H, one.days.size)
        for run in one.runs(place)
    ]


def _astray(fleet: Fleet) -> Bools:
    """Hours of labels that are not harmless, (meters, hours)."""
    found = np.zeros(fleet.load.shape, dtype=np.bool_)
    for label in wasted(fleet):
        found[label.meter, label.first : label.end] = True
    return found


def _held(one: Lately, sound: Bools, since: int) -> Floats:
    count = np.zeros((2, 2))
    for place in range(since, one.days.size):
        band = one.band(place)
        away = one.away[:, place] - band.middle
        away[~sound[:, one.hours[place]]] = np.nan
        for at, (off, half) in enumerate(((away, band.half), (_sums(away), _sums(band.half)))):
            known = np.isfinite(off) & np.isfinite(half)
            count[:, at] += np.count_nonzero(known & (np.abs(off) <= half)), np.count_nonzero(known)
    return count


def _sums(hours: Floats) -> Floats:
    return np.asarray(hours.reshape(len(hours), -1, SUM_H).sum(axis=2), np.float64)
