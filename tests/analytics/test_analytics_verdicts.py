"""Verdicts of days against an obvious, slow oracle, and their laws."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from math import isnan
from statistics import median

import numpy as np
import pytest

from analytics.verdicts import (
    LEAST_ALIKE,
    CountedDays,
    VerdictKind,
    VerdictLack,
    by_day,
    verdicts,
)

FIRST = date(2026, 8, 3)
DAYS = 75
WORKING = np.array([(FIRST + timedelta(days=n)).weekday() < 5 for n in range(DAYS)])
CALENDAR = [FIRST + timedelta(days=n) for n in range(DAYS)]


def drawn(seed: int, meters: int = 4) -> tuple[np.ndarray, CountedDays]:
    """Totals of a place and its meters: some have no version, some days are partly or not known."""
    rng = np.random.default_rng(seed)
    shape = (meters, DAYS)
    whole = rng.uniform(50, 150, meters)[:, None] * np.where(WORKING, 1.0, 0.4)
    known = np.where(rng.random(shape) < 0.85, 1.0, rng.integers(0, 25, shape) / 24)
    expected = whole * known
    measured = expected * rng.normal(1, 0.04, shape) * np.where(rng.random(shape) < 0.05, 1.4, 1)
    used = np.where(rng.random(shape) < 0.05, np.nan, measured / np.maximum(known, 0.01))
    whole[rng.random(meters) < 0.25] = np.nan
    judges = np.isfinite(whole)
    told = CountedDays(
        counts=rng.random(shape) < 0.95,
        used=used,
        measured=np.where(judges, measured, 0.0),
        expected=np.where(judges, expected, 0.0),
        whole=whole,
        known=known,
    )
    totals = np.nansum(np.where(told.counts, used, 0.0), axis=0)
    totals[rng.random(DAYS) < 0.03] = np.nan
    return totals, told


def judged_on(place: int, total: float, told: CountedDays):
    """(measured, expected, complete, judged, lack) of a day, meter by meter."""
    measured = expected = weighed = weight = energy = 0.0
    meters = 0
    for row in range(len(told.counts)):
        if not told.counts[row, place] or isnan(told.whole[row, place]):
            continue
        meters += 1
        measured += told.measured[row, place]
        expected += told.expected[row, place]
        weighed += abs(told.whole[row, place]) * told.known[row, place]
        weight += abs(told.whole[row, place])
        used = told.used[row, place]
        energy += told.whole[row, place] if isnan(used) else used
    complete = weighed / weight if weight else 0.0
    judged = min(energy / total, 1.0) if total > 0 else 0.0
    lack = None
    if complete < 0.9:
        lack = VerdictLack.INCOMPLETE
    if judged < 0.5:
        lack = VerdictLack.PARTLY_JUDGED
    if not meters:
        lack = VerdictLack.NO_BASELINE
    if isnan(total):
        lack = VerdictLack.NOTHING_BOOKED
    return measured, expected, complete, judged, lack


@pytest.mark.parametrize("seed", range(12))
def test_verdicts_are_those_of_the_oracle(seed):
    totals, told = drawn(seed)
    days = [judged_on(place, totals[place], told) for place in range(DAYS)]
    seen = set()
    for place, one in enumerate(verdicts(CALENDAR, WORKING, totals, told)):
        measured, expected, complete, judged, lack = days[place]
        before = [
            days[n][0] - days[n][1]
            for n in range(max(0, place - 60), place)
            if days[n][4] is None and WORKING[n] == WORKING[place]
        ]
        verdict = VerdictKind.NOT_CHECKED
        if lack is None and len(before) < LEAST_ALIKE:
            lack = VerdictLack.NO_BASELINE
        if lack is None:
            middle = median(before)
            spread = 1.4826 * median(abs(each - middle) for each in before)
            half = max(1.64 * spread, 0.02 * abs(expected))
            assert one.half == pytest.approx(half, rel=1e-3)
            above, below = measured > expected + half, measured < expected - half
            verdict = VerdictKind.WITHIN
            verdict = VerdictKind.ABOVE if above else VerdictKind.BELOW if below else verdict
        assert (one.day, one.lack) == (CALENDAR[place], lack)
        assert one.verdict is verdict
        wanted = pytest.approx((measured, expected, complete, judged))
        assert (one.measured, one.expected, one.complete, one.judged) == wanted
        assert (one.low, one.high) == pytest.approx(
            (one.expected - one.half, one.expected + one.half), nan_ok=True
        )
        seen.add(verdict)
    assert VerdictKind.NOT_CHECKED in seen


def steady(meters: int = 2) -> tuple[np.ndarray, CountedDays]:
    """Meters that do what is expected, a little more or less by turns."""
    whole = np.full((meters, DAYS), 100.0)
    used = whole + np.where(np.arange(DAYS) % 2, 1.0, -1.0)
    told = CountedDays(np.full(whole.shape, True), used, used, whole, whole, np.ones_like(whole))
    return used.sum(axis=0), told


def said(totals: np.ndarray, told: CountedDays) -> list:
    return list(verdicts(CALENDAR, WORKING, totals, told))


def test_a_day_beyond_the_band_is_above_or_below_and_moves_no_other():
    totals, told = steady()
    usual = said(totals, told)
    assert {one.verdict for one in usual[20:]} == {VerdictKind.WITHIN}
    for factor, verdict in ((1.2, VerdictKind.ABOVE), (0.8, VerdictKind.BELOW)):
        scale = np.where(np.arange(DAYS) == 60, factor, 1.0)
        other = said(totals * scale, replace(told, measured=told.measured * scale))
        assert other[60].verdict is verdict
        assert [one.verdict for one in other[:60]] == [one.verdict for one in usual[:60]]
        assert {one.verdict for one in other[61:]} == {VerdictKind.WITHIN}


def test_what_is_not_known_is_never_called_wrong():
    totals, told = steady()
    scale = np.where(np.arange(DAYS) == 60, 0.5, 1.0)
    half = replace(told, known=told.known * scale, measured=told.measured * scale * 3)
    (day,) = said(totals, half)[60:61]
    assert (day.verdict, day.lack) == (VerdictKind.NOT_CHECKED, VerdictLack.INCOMPLETE)
    assert day.complete == pytest.approx(0.5)


def test_a_meter_that_does_not_count_changes_nothing():
    totals, told = steady()
    more = CountedDays(
        **{
            one.name: np.concatenate([getattr(told, one.name), getattr(told, one.name)[:1]])
            for one in fields(told)
        }
    )
    more.counts[-1] = False
    assert said(totals, more)[20:] == said(totals, told)[20:]


def test_hours_are_summed_by_local_day():
    rng = np.random.default_rng(1)
    day = np.repeat([100, 101, 102, 104], [24, 25, 23, 24])
    values = rng.normal(size=(3, day.size))
    values[0, 5] = np.nan
    found = by_day(values, day, np.arange(100, 105))
    for row in range(3):
        for place, number in enumerate(range(100, 105)):
            own = [v for v, d in zip(values[row], day, strict=True) if d == number and not isnan(v)]
            assert found[row, place] == pytest.approx(sum(own))
