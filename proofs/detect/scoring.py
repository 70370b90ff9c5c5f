"""How much of what happened a detector found, at how many alerts.

All figures are of the hours from `scored_from` on: of alerts and labels that end after it. An alert
is right when it overlaps a label of its meter that is not harmless; a label is found when such an
alert overlaps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from proofs.detect.fleet import Alert, Fleet, Floats, Label

Kinds = Mapping[str, frozenset[str]]
"""Which kinds of labels a pattern is the right word for."""
Interval = tuple[float, float]
Answer = Sequence[Alert] | Floats
"""What a detector says: alerts with scores, or a score of each meter and day, (meters, days)."""
MERGED_DAYS = 2
"""Days over a threshold are one alert where no more than so many days lie from one to the next."""
LENGTHS = {"1-2": 2, "3-7": 7, "8-28": 28, "29+": 10**6}
"""Classes of length by their longest [days]."""
DRAWS = 500
CANDIDATES = 25
"""Thresholds that are tried for the best one."""
COLUMNS = (
    *("alerts", "right", "false", "years", "events", "found", "named"),
    *("kwh", "kwh_found", "kwh_covered"),
)
RATIOS = {
    "precision": ("right", "judged"),
    "recall": ("found", "events"),
    "named_recall": ("named", "events"),
    "kwh_recall": ("kwh_found", "kwh"),
    "kwh_covered": ("kwh_covered", "kwh"),
    "alerts_per_meter_year": ("alerts", "years"),
}


@dataclass(frozen=True)
class Scores:
    """What a detector is worth on one fleet at one threshold; NaN where nothing was counted."""

    threshold: float
    precision: float
    """Right alerts among those that are right or false; standing ones are neither."""
    recall: float
    """Labels found."""
    named_recall: float
    """Labels found by an alert whose pattern is a right word for them."""
    kwh_recall: float
    """Waste of the labels found, in all waste [kWh by kWh]."""
    kwh_covered: float
    """Waste in hours that alerts cover, in all waste; each label's is spread evenly."""
    alerts_per_meter_year: float
    standing: int
    """Alerts that the undisturbed twin has too."""
    delay_days: float
    """Median, over labels found, from its first hour until it could be said."""
    inside: Mapping[str, float]
    """By class of length: share of wasteful labels whose kWh lie in the alert's interval."""
    told: Mapping[str, int]
    """Of how many that is."""
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    """90 % by bootstrap over buildings, of all shares above."""


def threshold_at(alerts: Sequence[Alert], fleet: Fleet, budget: float) -> float:
    """Lowest score at which there are at most `budget` alerts in a scored meter-year; infinite
    where not even the highest fits, or there is none."""
    scores = np.array(
        [alert.score for alert in alerts if alert.end > fleet.scored_from], dtype=np.float64
    )
    values, counts = np.unique(scores, return_counts=True)
    above = counts[::-1].cumsum()[::-1]
    fits = values[above <= _most(fleet, budget)]
    return float(fits[0]) if len(fits) else float("inf")


def _most(fleet: Fleet, budget: float) -> int:
    """Alerts that a budget allows; 3 thirds are 3, however floats round."""
    return int(budget * fleet.meter_years + 1e-9)


def alerts_of_days(score: Floats, fleet: Fleet, threshold: float) -> list[Alert]:
    """Alerts where daily scores reach the threshold, days near each other merged.

    score: (meters, days); NaN is never an alert. An alert scores as its highest day and is known
    after its first.
    """
    alerts = []
    for meter, row in enumerate(score):
        days = np.flatnonzero(row >= threshold)
        days = days[days >= fleet.scored_from // 24]
        cuts = np.flatnonzero(np.diff(days) > MERGED_DAYS) + 1
        for run in np.split(days, cuts) if len(days) else ():
            first, end = int(run[0]), int(run[-1]) + 1
            highest = float(row[run].max())
            alerts.append(Alert(meter, "", first * 24, end * 24, highest, first * 24 + 23))
    return alerts


def threshold_of_days(score: Floats, fleet: Fleet, budget: float) -> float:
    """Lowest daily score that keeps to the budget before it is first exceeded; infinite where not
    even the highest fits. (Far below, all days merge into a few alerts again: not meant.)"""
    shown = score[:, fleet.scored_from // 24 :]
    values = np.unique(shown[np.isfinite(shown)])[::-1]
    most = _most(fleet, budget)

    def fits(rank: int) -> bool:
        return len(alerts_of_days(score, fleet, float(values[rank]))) <= most

    good, bad = -1, 0
    while bad < len(values) and fits(bad):
        good, bad = bad, bad + 1 + bad // 4
    bad = min(bad, len(values))
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return float(values[good]) if good >= 0 else float("inf")


def threshold_of(answer: Answer, fleet: Fleet, budget: float) -> float:
    """The threshold that a budget [alerts in a meter-year] leaves a detector on this fleet."""
    if isinstance(answer, np.ndarray):
        return threshold_of_days(answer, fleet, budget)
    return threshold_at(answer, fleet, budget)


def best_threshold(answer: Answer, fleet: Fleet, budget: float) -> float:
    """Of `CANDIDATES` thresholds within a budget, spread evenly over the scores, the one with the
    highest harmonic mean of precision and waste found on this fleet; the lowest of equals, and
    infinite where nothing keeps to the budget."""
    lowest = threshold_of(answer, fleet, budget)
    scores = answer.ravel() if isinstance(answer, np.ndarray) else [one.score for one in answer]
    above = np.unique([one for one in np.asarray(scores, np.float64) if one >= lowest])
    some = above[np.linspace(0, len(above) - 1, CANDIDATES).astype(int)] if len(above) else above
    best, reached = lowest, 0.0
    for threshold in np.unique(some).tolist():
        found = scored(alerts_above(answer, fleet, threshold), fleet, threshold)
        both = found.precision, found.kwh_recall
        mean = 2 * both[0] * both[1] / sum(both) if sum(both) > 0 else 0.0
        if mean > reached:
            best, reached = threshold, mean
    return best


def alerts_above(answer: Answer, fleet: Fleet, threshold: float) -> list[Alert]:
    """Alerts of the scored part that reach a threshold."""
    if isinstance(answer, np.ndarray):
        return alerts_of_days(answer, fleet, threshold)
    return [one for one in answer if one.end > fleet.scored_from and one.score >= threshold]


def scored_at(answer: Answer, fleet: Fleet, budget: float, kinds: Kinds | None = None) -> Scores:
    """Figures of a detector at the threshold that its budget [alerts in a meter-year] leaves it."""
    threshold = threshold_of(answer, fleet, budget)
    return scored(alerts_above(answer, fleet, threshold), fleet, threshold, kinds)


def scored(
    alerts: Sequence[Alert],
    fleet: Fleet,
    threshold: float,
    kinds: Kinds | None = None,
    twin: Sequence[Alert] = (),
    seed: int = 1,
) -> Scores:
    """Figures of the alerts that reach the threshold.

    twin: what the detector says of the same fleet without its events; an alert that overlaps one of
    the same pattern there stands anyway. seed: of the bootstrap.
    """
    shown = alerts_above(alerts, fleet, threshold)
    standing = {
        number
        for number, alert in enumerate(shown)
        if any(_stands(alert, other) for other in twin if other.score >= threshold)
    }
    counted = [alert for number, alert in enumerate(shown) if number not in standing]
    labels = [x for x in fleet.labels if not x.harmless and x.end > fleet.scored_from]
    pairs = _pairs(counted, labels)
    tally = _tally(fleet, shown, counted, labels, pairs, kinds or {})
    inside, told = _intervals_hold(labels, pairs)
    total = _ratios(tally.sum(axis=0))
    delays = [
        max(min(alert.known_at for alert in found) - label.first, 0) / 24
        for label, found in zip(labels, pairs, strict=True)
        if found
    ]
    return Scores(
        threshold=threshold,
        precision=float(total["precision"]),
        recall=float(total["recall"]),
        named_recall=float(total["named_recall"]),
        kwh_recall=float(total["kwh_recall"]),
        kwh_covered=float(total["kwh_covered"]),
        alerts_per_meter_year=float(total["alerts_per_meter_year"]),
        standing=len(standing),
        delay_days=float(np.median(delays)) if delays else float("nan"),
        inside=inside,
        told=told,
        intervals=_bootstrap(fleet, tally, seed),
    )


def overlap(one: Alert | Label, other: Alert | Label) -> int:
    """Hours that two share; 0 for different meters."""
    shared = min(one.end, other.end) - max(one.first, other.first)
    return max(shared, 0) if one.meter == other.meter else 0


def _stands(alert: Alert, other: Alert) -> bool:
    return alert.pattern == other.pattern and overlap(alert, other) > 0


def _pairs(alerts: Sequence[Alert], labels: Sequence[Label]) -> list[list[Alert]]:
    """For each label the alerts that overlap it."""
    of_meter: dict[int, list[Alert]] = {}
    for alert in alerts:
        of_meter.setdefault(alert.meter, []).append(alert)
    return [
        [alert for alert in of_meter.get(label.meter, []) if overlap(alert, label)]
        for label in labels
    ]


def _tally(
    fleet: Fleet,
    shown: Sequence[Alert],
    counted: Sequence[Alert],
    labels: Sequence[Label],
    pairs: Sequence[Sequence[Alert]],
    kinds: Kinds,
) -> Floats:
    """What was counted at each meter, (meters, COLUMNS)."""
    at = {name: number for number, name in enumerate(COLUMNS)}
    tally = np.zeros((len(fleet.load), len(COLUMNS)))
    tally[:, at["years"]] = fleet.meter_years / len(fleet.load)
    for alert in shown:
        tally[alert.meter, at["alerts"]] += 1
    right = {id(alert) for found in pairs for alert in found}
    for alert in counted:
        tally[alert.meter, at["right" if id(alert) in right else "false"]] += 1
    for label, found in zip(labels, pairs, strict=True):
        row = tally[label.meter]
        waste = max(label.kwh, 0.0)
        row[at["events"]] += 1
        row[at["found"]] += bool(found)
        row[at["named"]] += any(label.kind in kinds.get(one.pattern, ()) for one in found)
        row[at["kwh"]] += waste
        row[at["kwh_found"]] += waste * bool(found)
        row[at["kwh_covered"]] += waste * covered(label, found)
    return tally


def covered(label: Label, alerts: Sequence[Alert]) -> float:
    """Share of a label's hours that alerts of its meter cover, each hour once."""
    hours = np.zeros(label.end - label.first, bool)
    for alert in alerts:
        hours[max(alert.first - label.first, 0) : max(alert.end - label.first, 0)] = True
    return float(hours.mean())


def _ratios(sums: Floats) -> dict[str, Floats]:
    """Shares of sums, (..., COLUMNS) -> (...); NaN where nothing was counted."""
    of = {name: sums[..., number] for number, name in enumerate(COLUMNS)}
    of["judged"] = of["right"] + of["false"]
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: of[part] / of[whole] for name, (part, whole) in RATIOS.items()}


def _bootstrap(fleet: Fleet, tally: Floats, seed: int) -> dict[str, Interval]:
    """90 % intervals of the shares, whole buildings drawn."""
    names = fleet.building or tuple(str(meter) for meter in range(len(tally)))
    _, building = np.unique(names, return_inverse=True)
    sums = np.zeros((building.max() + 1, len(COLUMNS)))
    np.add.at(sums, building, tally)
    rng = np.random.default_rng(seed)
    drawn = (
        rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), DRAWS).astype(np.float64)
        @ sums
    )
    found = {}
    for name, values in _ratios(drawn).items():
        known = values[np.isfinite(values)]
        low, high = np.quantile(known, [0.05, 0.95]) if len(known) else (np.nan, np.nan)
        found[name] = (float(low), float(high))
    return found


def _intervals_hold(
    labels: Sequence[Label], pairs: Sequence[Sequence[Alert]]
) -> tuple[dict[str, float], dict[str, int]]:
    """By class of length: share of labels with waste whose kWh lie in the interval of the alert
    that overlaps them most, and of how many; alerts without an interval are left out."""
    hits: dict[str, list[bool]] = {name: [] for name in LENGTHS}
    for label, found in zip(labels, pairs, strict=True):
        telling = [one for one in found if np.isfinite(one.low) and np.isfinite(one.high)]
        if label.kwh <= 0 or not telling:
            continue
        best = max(telling, key=lambda one: overlap(one, label))
        days = -(-(label.end - label.first) // 24)
        length = next(name for name, longest in LENGTHS.items() if days <= longest)
        hits[length].append(best.low <= label.kwh <= best.high)
    shares = {name: float(np.mean(hit)) if hit else float("nan") for name, hit in hits.items()}
    return shares, {name: len(hit) for name, hit in hits.items()}
