"""Scores of detectors: by example, and against slow loops over every alert, label and hour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.detect.fleet import Alert, Fleet, Label
from proofs.detect.scoring import (
    MERGED_DAYS,
    RATIOS,
    alerts_of_days,
    best_threshold,
    scored,
    scored_at,
    threshold_at,
    threshold_of_days,
)

DAYS, METERS, LEARNT = 60, 4, 20 * 24


def fleet_of(*labels: Label, building: tuple[str, ...] = ()) -> Fleet:
    return Fleet(
        name="small",
        start=np.datetime64("2025-01-01T00", "h"),
        load=np.ones((METERS, DAYS * 24)),
        temperature=np.ones((1, DAYS * 24)),
        station=np.zeros(METERS, np.int64),
        off_days=np.zeros((1, DAYS), bool),
        holidays=np.zeros((1, DAYS), bool),
        calendar=np.zeros(METERS, np.int64),
        scored_from=LEARNT,
        labels=labels,
        building=building,
    )


def label(meter: int, first: int, end: int, kwh: float = 10.0, kind: str = "waste") -> Label:
    """In days."""
    return Label(meter, kind, first * 24, end * 24, kwh)


def alert(meter: int, first: int, end: int, score: float = 1.0, pattern: str = "p") -> Alert:
    """In days; known after its first."""
    return Alert(meter, pattern, first * 24, end * 24, score, first * 24 + 24)


spans = st.tuples(
    st.integers(0, METERS - 1), st.integers(0, DAYS * 24 - 1), st.integers(1, 300)
).map(lambda drawn: (drawn[0], drawn[1], min(drawn[1] + drawn[2], DAYS * 24)))
alert_lists = st.lists(
    st.builds(
        lambda span, score, pattern: Alert(span[0], pattern, span[1], span[2], score, span[1]),
        spans,
        st.integers(0, 6).map(float),
        st.sampled_from("pq"),
    ),
    max_size=12,
)
label_lists = st.lists(
    st.builds(
        lambda span, kind, kwh, harmless: Label(
            span[0], kind, span[1], span[2], 0.0 if harmless else kwh, harmless
        ),
        spans,
        st.sampled_from(["waste", "fault"]),
        st.integers(0, 50).map(float),
        st.booleans(),
    ),
    max_size=8,
)
KINDS = {"p": frozenset({"waste"}), "q": frozenset({"fault"})}


def meet(one: Alert, other: Label) -> bool:
    hours = set(range(one.first, one.end)) & set(range(other.first, other.end))
    return one.meter == other.meter and bool(hours)


@given(alert_lists, label_lists, st.integers(0, 6).map(float))
@settings(max_examples=60)
def test_shares_are_those_of_a_slow_loop(
    alerts: list[Alert], labels: list[Label], threshold: float
) -> None:
    fleet = fleet_of(*labels)
    shown = [a for a in alerts if a.score >= threshold and a.end > LEARNT]
    true = [x for x in labels if not x.harmless and x.end > LEARNT]
    right = [a for a in shown if any(meet(a, x) for x in true)]
    found = [x for x in true if any(meet(a, x) for a in shown)]
    named = [x for x in true if any(meet(a, x) and x.kind in KINDS[a.pattern] for a in shown)]
    kwh = sum(x.kwh for x in true)
    covered = sum(
        x.kwh
        / (x.end - x.first)
        * sum(
            any(a.meter == x.meter and a.first <= hour < a.end for a in shown)
            for hour in range(x.first, x.end)
        )
        for x in true
    )
    got = scored(alerts, fleet, threshold, KINDS)

    def share(part: float, whole: float) -> float:
        return pytest.approx(part / whole if whole else float("nan"), nan_ok=True)

    assert got.precision == share(len(right), len(shown))
    assert got.recall == share(len(found), len(true))
    assert got.named_recall == share(len(named), len(true))
    assert got.kwh_recall == share(sum(x.kwh for x in found), kwh)
    assert got.kwh_covered == share(covered, kwh)
    assert got.alerts_per_meter_year == pytest.approx(len(shown) / fleet.meter_years)


@given(alert_lists, st.floats(0, 40))
def test_a_threshold_keeps_to_its_budget_and_the_next_lower_does_not(
    alerts: list[Alert], budget: float
) -> None:
    fleet = fleet_of()
    threshold = threshold_at(alerts, fleet, budget)

    def a_year(least: float) -> float:
        return sum(a.score >= least and a.end > LEARNT for a in alerts) / fleet.meter_years

    budget += 1e-6  # as floats round
    assert a_year(threshold) <= budget
    lower = {a.score for a in alerts if a.score < threshold and a.end > LEARNT}
    assert all(a_year(least) > budget for least in lower)


def test_what_was_said_of_the_learnt_hours_costs_nothing() -> None:
    fleet = fleet_of(label(0, 2, 4), label(1, 30, 32))
    alerts = [alert(0, 2, 4, 9.0), alert(1, 31, 33, 5.0)]
    assert threshold_at(alerts, fleet, 1 / fleet.meter_years) == 5.0
    got = scored(alerts, fleet, 0.0)
    assert (got.precision, got.recall) == (1.0, 1.0)


def test_harmless_labels_make_no_alert_right() -> None:
    harmless = replace(label(0, 30, 35, 0.0), harmless=True)
    got = scored([alert(0, 30, 35)], fleet_of(harmless, label(1, 30, 35)), 0.0)
    assert (got.precision, got.recall) == (0.0, 0.0)


def test_a_standing_alert_is_neither_hit_nor_false() -> None:
    fleet = fleet_of(label(0, 30, 35), label(1, 30, 35))
    alerts = [alert(0, 30, 35), alert(1, 31, 32), alert(2, 40, 41), alert(3, 50, 51)]
    twin = [alert(0, 29, 31), alert(1, 31, 32, pattern="q"), alert(2, 39, 44)]
    got = scored(alerts, fleet, 0.0, twin=twin)
    assert got.standing == 2
    assert got.precision == 0.5
    assert got.recall == 0.5
    assert got.alerts_per_meter_year == pytest.approx(4 / fleet.meter_years)


def test_a_standing_alert_of_the_twin_counts_only_above_the_threshold() -> None:
    fleet = fleet_of(label(0, 30, 35))
    got = scored([alert(0, 30, 35, 3.0)], fleet, 2.0, twin=[alert(0, 30, 35, 1.0)])
    assert (got.standing, got.precision) == (0, 1.0)


def test_delay_is_the_median_over_what_was_found() -> None:
    fleet = fleet_of(label(0, 30, 35), label(1, 30, 40), label(2, 30, 40), label(3, 30, 40))
    alerts = [alert(0, 29, 31), alert(1, 36, 37), alert(1, 31, 32), alert(2, 39, 40)]
    assert scored(alerts, fleet, 0.0).delay_days == 2.0
    assert np.isnan(scored([], fleet, 0.0).delay_days)


def test_intervals_are_asked_by_length_of_the_event() -> None:
    fleet = fleet_of(label(0, 30, 32), label(1, 30, 37), label(2, 21, 49), label(3, 21, 50))
    alerts = [
        replace(alert(0, 30, 31), low=9.0, high=11.0),
        replace(alert(1, 30, 31), low=0.0, high=9.0),
        replace(alert(1, 31, 37), low=9.0, high=11.0),
        alert(2, 25, 30),
        replace(alert(3, 25, 30), low=11.0, high=12.0),
    ]
    got = scored(alerts, fleet, 0.0)
    assert got.told == {"1-2": 1, "3-7": 1, "8-28": 0, "29+": 1}
    assert (got.inside["1-2"], got.inside["3-7"], got.inside["29+"]) == (1.0, 1.0, 0.0)
    assert np.isnan(got.inside["8-28"])


def test_bootstrap_draws_whole_buildings_and_is_repeatable() -> None:
    labels = [label(meter, 30, 35, 10.0 + meter) for meter in range(METERS)]
    alerts = [alert(0, 30, 35), alert(1, 30, 35), alert(2, 50, 51)]
    alone = scored(alerts, fleet_of(*labels), 0.0)
    assert alone.intervals == scored(alerts, fleet_of(*labels), 0.0).intervals
    for name in RATIOS:
        low, high = alone.intervals[name]
        assert low <= getattr(alone, name) <= high
    one = scored(alerts, fleet_of(*labels, building=("a",) * METERS), 0.0)
    assert one.intervals["recall"] == pytest.approx((0.5, 0.5))
    assert alone.intervals["recall"][0] < 0.5 < alone.intervals["recall"][1]


daily = st.lists(
    st.lists(st.integers(0, 8).map(float), min_size=DAYS, max_size=DAYS),
    min_size=METERS,
    max_size=METERS,
).map(np.array)


@given(daily, st.integers(1, 8).map(float))
@settings(max_examples=40)
def test_days_over_the_threshold_are_merged_as_by_hand(score: np.ndarray, least: float) -> None:
    expected = []
    for meter in range(METERS):
        run: list[int] = []
        for day in range(LEARNT // 24, DAYS):
            if score[meter, day] < least:
                continue
            if run and day - run[-1] > MERGED_DAYS:
                expected.append((meter, run))
                run = []
            run = [*run, day]
        expected += [(meter, run)] if run else []
    got = alerts_of_days(score, fleet_of(), least)
    assert [(a.meter, a.first, a.end, a.score, a.known_at) for a in got] == [
        (meter, run[0] * 24, run[-1] * 24 + 24, max(score[meter, run]), run[0] * 24 + 23)
        for meter, run in expected
    ]


@given(daily, st.floats(0, 60))
@settings(max_examples=40)
def test_a_threshold_of_days_is_the_last_before_the_budget_breaks(
    score: np.ndarray, budget: float
) -> None:
    fleet = fleet_of()
    most = budget * fleet.meter_years + 1e-9  # as floats round
    expected = float("inf")
    for value in sorted(set(score[:, LEARNT // 24 :].ravel()), reverse=True):
        if len(alerts_of_days(score, fleet, value)) > most:
            break
        expected = value
    assert threshold_of_days(score, fleet, budget) == expected


def test_days_nobody_knows_are_no_alert() -> None:
    score = np.full((METERS, DAYS), np.nan)
    assert threshold_of_days(score, fleet_of(), 1.0) == float("inf")
    score[0, 30] = 2.0
    assert len(alerts_of_days(score, fleet_of(), -9.0)) == 1


def test_a_detector_answers_with_alerts_or_with_days() -> None:
    fleet = fleet_of(label(0, 30, 33), label(1, 40, 41))
    score = np.zeros((METERS, DAYS))
    score[0, 30:33], score[2, 50] = 5.0, 4.0
    budget = 1 / fleet.meter_years
    by_day = scored_at(score, fleet, budget)
    by_alert = scored_at([alert(0, 30, 33, 5.0), alert(2, 50, 51, 4.0)], fleet, budget)
    assert (by_day.threshold, by_day.precision, by_day.recall) == (5.0, 1.0, 0.5)
    assert by_alert.precision == by_day.precision
    assert by_alert.kwh_covered == by_day.kwh_covered == 0.5


@given(alert_lists, label_lists, st.integers(1, 40).map(float))
@settings(max_examples=60)
def test_the_best_threshold_keeps_to_its_budget_and_none_that_does_is_better(
    alerts, labels, budget
):
    fleet = fleet_of(*labels)

    def worth(threshold: float) -> float:
        found = scored(alerts, fleet, threshold)
        both = found.precision, found.kwh_recall
        return 2 * both[0] * both[1] / sum(both) if sum(both) > 0 else 0.0

    best = best_threshold(alerts, fleet, budget)
    shown = sum(one.end > LEARNT and one.score >= best for one in alerts)
    assert shown <= budget * fleet.meter_years + 1e-9
    lowest = threshold_at(alerts, fleet, budget)
    assert worth(best) == max(
        worth(score)
        for score in {lowest, *map(float, range(7))}
        - {score for score in map(float, range(7)) if score < lowest}
    )
