"""What people teach is not told again, what comes back is the same case, and fixing is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Memory, lesson_of, look, settle
from analytics.lessons import DISMISSED_UP_TO, EXPECTED_UP_TO, untaught
from analytics.saving import t95, verdict_of
from metering.finding import Case, CaseState, EvidenceHour, Finding
from metering.localtime import HOUR_US, day_bounds
from metering.quantity import ABSENT
from metering.saving import SavingVerdict
from tests.analytics.conftest import ZONE, Platform, window

Make = Callable[..., Any]
FIRST = date(2026, 9, 21)
"""A Monday, on whose night the plant stays on."""
AGAIN = date(2026, 10, 19)
"""Another."""


def days(count: int, since: date = FIRST) -> date:
    return since + timedelta(days=count)


def at_noon(day: date) -> int:
    return day_bounds(day, ZONE)[0] + 12 * HOUR_US


def told(campus: Make, state: CaseState, share: float = 0.6) -> Platform:
    """Three nights, of which people say something."""
    platform = Platform(campus(33))
    platform.place.run_nights("east-ac", FIRST, 3, share)
    (case,) = platform.look(days(4))
    assert case.evidence.pattern == "after_hours_plant"
    platform.say(1, state, at_noon(days(5)))
    return platform


@pytest.mark.parametrize("state", [CaseState.EXPECTED, CaseState.DISMISSED])
def test_what_is_alike_is_not_told_again_until_the_lesson_is_taken_back(
    campus: Make, state: CaseState
) -> None:
    platform = told(campus, state)
    platform.place.run_nights("east-ac", AGAIN, 3, 0.6)
    assert [one.state for one in platform.look(days(4, AGAIN))] == [state]
    platform.say(1, CaseState.OPEN, at_noon(days(5, AGAIN)))
    (case,) = platform.look(days(5, AGAIN))
    assert case.state is CaseState.OPEN
    assert case.evidence.end_us > platform.place.at(AGAIN, 12)


@pytest.mark.parametrize("state", [CaseState.EXPECTED, CaseState.DISMISSED])
def test_what_is_larger_is_told(campus: Make, state: CaseState) -> None:
    platform = told(campus, state, 0.5)
    platform.place.run_nights("east-ac", AGAIN, 3, 1.2)
    cases = platform.look(days(4, AGAIN))
    assert sorted((one.number, one.state) for one in cases) == [(1, state), (2, CaseState.OPEN)]


def test_another_meter_learns_nothing(campus: Make) -> None:
    platform = told(campus, CaseState.DISMISSED)
    platform.place.run_nights("west-ac", AGAIN, 3, 0.6)
    assert {one.evidence.meter for one in platform.look(days(4, AGAIN))} == {"east-ac", "west-ac"}


def finding(hours: dict[int, float], pattern: str = "after_hours_plant") -> Finding:
    """Hours since a Monday's beginning -> power above expectation [kW]."""
    start_us = day_bounds(FIRST, ZONE)[0]
    evidence = tuple(
        EvidenceHour(start_us + n * HOUR_US, 0, round(kw * 1e6)) for n, kw in sorted(hours.items())
    )
    return replace(
        EMPTY,
        pattern=pattern,
        start_us=evidence[0].start_us,
        end_us=evidence[-1].start_us + HOUR_US,
        hours=evidence,
        hours_us=tuple(one.start_us for one in evidence),
        waste=sum(hours.values()),
    )


EMPTY = Finding(
    **{"institution": "bureau", "node": "east", "meter": "east-ac", "item": "01B00"},
    **{"pattern": "", "start_us": 0, "end_us": 0, "hours_us": (), "expected": 0, "measured": 0},
    **{"waste": 0.0, "waste_low": 0.0, "waste_high": 0.0, "cost": None, "currency": ""},
    **{"kgco2": None, "confidence": 1.0, "baseline_version": "", "cause": "", "action": ""},
)
NIGHT = {22: 10.0, 23: 10.0, 24: 10.0, 25: 10.0}


def left(taught: CaseState, said: dict[int, float], now: dict[int, float]) -> set[int]:
    """Hours that are told after people said so of others."""
    lesson = lesson_of(Case(finding(said), number=1, state=taught), ZONE)
    assert lesson is not None
    start_us = day_bounds(FIRST, ZONE)[0]
    return {(at - start_us) // HOUR_US for at in untaught(finding(now), [lesson], ZONE)}


@given(st.floats(1.0, 100.0), st.sampled_from([CaseState.EXPECTED, CaseState.DISMISSED]))
def test_the_bound_is_a_share_of_the_size_it_was_said_of(size: float, state: CaseState) -> None:
    share = EXPECTED_UP_TO if state is CaseState.EXPECTED else DISMISSED_UP_TO
    said = dict.fromkeys(NIGHT, size)
    for factor, covered in ((share - 0.01, True), (share + 0.01, False)):
        now = {hour + 24: factor * size for hour in NIGHT}
        assert left(state, said, now) == (set() if covered else set(now))


@pytest.mark.parametrize(
    ("now", "expected", "dismissed"),
    [
        ({46: 10.0, 47: 10.0}, False, False),  # the next night
        ({45: 10.0, 50: 10.0}, False, False),  # an hour earlier, and later
        ({44: 10.0, 45: 10.0}, True, False),  # two hours earlier
        ({36: 10.0, 37: 10.0}, True, False),  # by day
        ({4 * 24 + 22: 10.0, 5 * 24 + 1: 10.0}, False, False),  # Friday's night ends on Saturday
        ({5 * 24 + 22: 10.0, 5 * 24 + 23: 10.0}, True, False),  # Saturday's night
    ],
)
def test_which_hours_are_of_its_kind(
    now: dict[int, float], expected: bool, dismissed: bool
) -> None:
    assert left(CaseState.EXPECTED, NIGHT, now) == (set(now) if expected else set())
    assert left(CaseState.DISMISSED, NIGHT, now) == (set(now) if dismissed else set())


def test_hours_that_bear_nothing_say_nothing_of_its_size() -> None:
    """Whole days around a night, and what was given back after it."""
    days = dict.fromkeys(range(24), 0.5) | dict.fromkeys(range(24, 48), -1.0) | NIGHT
    again = {hour + 168: kw for hour, kw in days.items()}
    assert left(CaseState.EXPECTED, days, again) == set()
    longer = again | {hour + 216: kw for hour, kw in days.items()}
    assert left(CaseState.EXPECTED, days, longer) == set()
    bare = {hour: kw for hour, kw in again.items() if kw == NIGHT[22]}
    assert left(CaseState.EXPECTED, days, bare) == set(), "the night alone, nothing given back"
    larger = {hour: 1.3 * kw for hour, kw in again.items()}
    assert left(CaseState.EXPECTED, days, larger) == set(larger)


def test_what_is_expected_holds_for_the_same_hours_whatever_they_are_called() -> None:
    for state, told in ((CaseState.EXPECTED, False), (CaseState.DISMISSED, True)):
        lesson = lesson_of(Case(finding(NIGHT), number=1, state=state), ZONE)
        assert lesson is not None
        again = finding({hour + 24: kw for hour, kw in NIGHT.items()}, "high_base_load")
        assert bool(untaught(again, [lesson], ZONE)) is told
        fault = finding(NIGHT, "night_flow")
        assert untaught(fault, [lesson], ZONE)


def test_of_what_is_found_together_only_the_larger_run_is_told() -> None:
    now = {46: 10.0, 47: 10.0, 70: 30.0, 71: 30.0}
    assert left(CaseState.EXPECTED, NIGHT, now) == {70, 71}


@pytest.mark.parametrize("pattern", ["meter_stuck", "balance_drift"])
def test_what_has_no_size_teaches_nothing(pattern: str) -> None:
    case = Case(finding(NIGHT, pattern), state=CaseState.DISMISSED)
    assert lesson_of(case, ZONE) is None
    assert lesson_of(Case(finding(NIGHT), state=CaseState.FIXED), ZONE) is None


def fixed(campus: Make, nights: int = 7) -> Platform:
    """A week of nights, and put right on the noon after."""
    platform = Platform(campus(33))
    platform.place.run_nights("east-ac", FIRST, nights, 0.6)
    platform.look(days(nights))
    platform.say(1, CaseState.FIXED, at_noon(days(nights + 1)))
    return platform


def test_what_comes_back_within_a_year_is_the_same_case(campus: Make) -> None:
    platform = fixed(campus)
    platform.place.run_nights("east-ac", AGAIN, 3, 0.6)
    before = platform.findings.get("1")
    (case,) = platform.look(days(4, AGAIN))
    assert (case.number, case.state, case.relapses) == (1, CaseState.OPEN, 1)
    assert set(before.evidence.hours_us) < set(case.evidence.hours_us)
    assert case.relapsed_us >= platform.place.at(AGAIN, 0)
    (later,) = platform.look(days(7, AGAIN))
    assert set(case.evidence.hours_us) < set(later.evidence.hours_us), "two days after it"
    assert platform.look(days(8, AGAIN)) == [later]


def test_a_night_that_was_over_when_it_was_put_right_is_no_relapse(campus: Make) -> None:
    platform = Platform(campus(33))
    platform.place.run_nights("east-ac", FIRST, 7, 0.6)
    platform.look(days(4))
    platform.say(1, CaseState.FIXED, at_noon(days(7)))
    assert [one.state for one in platform.look(days(9))] == [CaseState.FIXED]


def test_the_saving_is_measured_after_two_weeks(campus: Make) -> None:
    platform = fixed(campus)
    for late in (10, 21):
        (case,) = platform.look(days(late))
        assert (case.state, case.saving) == (CaseState.FIXED, None)
    (case,) = platform.look(days(23))
    assert case.state is CaseState.VERIFIED
    saving = case.saving
    assert saving is not None
    assert (saving.verdict, saving.first_day) == (SavingVerdict.VERIFIED, days(9))
    assert saving.last_day == days(23)
    assert saving.known == 1.0
    assert 0 < saving.saved_low < saving.saved < saving.saved_high
    assert saving.saved_low < saving.before < saving.saved_high
    assert saving.total == pytest.approx(saving.saved * saving.days)
    assert float(saving.money) > 0
    assert [one.new for one in platform.findings.events(1)] == ["fixed", "verified"]


def test_nothing_is_said_while_too_few_hours_are_known(campus: Make) -> None:
    platform = fixed(campus)
    inputs = window(platform.place, date.min, days(23)).inputs()
    shares = inputs.shares.copy()
    row = platform.place.row("east-ac")
    after = inputs.hours_us >= day_bounds(days(9), ZONE)[0]
    energy = np.where(after & (np.arange(after.size) % 5 == 0), ABSENT, inputs.energy[row])
    known = inputs.energy.copy()
    known[row] = energy
    (case,) = platform.look(days(23), energy=known, shares=shares)
    assert case.state is CaseState.FIXED
    assert case.saving is not None
    assert (case.saving.verdict, case.saving.before) == (SavingVerdict.NOT_YET, 0.0)
    assert case.saving.known == pytest.approx(0.8, abs=0.05)


def test_what_the_weeks_before_took_more_is_no_part_of_a_saving(campus: Make) -> None:
    """Half a kilowatt in each of the hours that bear the case, after it as before."""
    platform = fixed(campus)
    case = platform.findings.get("1")
    inputs = window(platform.place, date.min, days(23)).inputs()
    versions = platform.baselines.versions(platform.place.codes)
    found = []
    for drift in (0.0, 0.5):
        told = replace(case.evidence, detail={**case.evidence.detail, "drift": drift})
        known = Memory(versions, (), [replace(case, evidence=told)])
        found.append(look(inputs, known).savings[1])
    bearing = (found[1].saved - found[0].saved) / 0.5
    assert found[1].before == found[0].before
    assert 8 <= bearing <= 14, "a night's hours, not the whole day's"


def test_a_case_of_which_no_day_is_left_has_no_saving(campus: Make) -> None:
    """All that bears it lies behind its end: there is nothing to hold the days after against."""
    platform = fixed(campus)
    case = platform.findings.get("1")
    told = replace(case.evidence, end_us=case.evidence.start_us)
    inputs = window(platform.place, date.min, days(23)).inputs()
    versions = platform.baselines.versions(platform.place.codes)
    known = Memory(versions, (), [replace(case, evidence=told)])
    assert look(inputs, known).savings == {}


def test_what_goes_on_did_not_work(campus: Make) -> None:
    """The detectors see it too, so that it comes back; without them the measured saving says it."""
    platform = Platform(campus(33))
    platform.place.run_nights("east-ac", FIRST, 30, 0.6)
    platform.look(days(7))
    platform.say(1, CaseState.FIXED, at_noon(days(8)))
    known = platform.findings.list(None)
    seen = platform.seen(days(23))
    assert seen.savings[1].verdict is SavingVerdict.DID_NOT_WORK
    assert platform.findings.get("1").relapses == 1
    silent = settle(known, replace(seen, findings=()))
    assert (silent.returned, silent.savings) == ({}, seen.savings)


@pytest.mark.parametrize(
    ("before", "low", "high", "verdict"),
    [
        (10.0, 0.1, 9.0, SavingVerdict.VERIFIED),
        (10.0, -1.0, 4.9, SavingVerdict.DID_NOT_WORK),
        (10.0, -5.0, 9.0, SavingVerdict.NOT_YET),
        (10.0, -9.0, -2.0, SavingVerdict.DID_NOT_WORK),
    ],
)
def test_what_an_interval_says(
    before: float, low: float, high: float, verdict: SavingVerdict
) -> None:
    assert verdict_of(before, low, high) is verdict


@pytest.mark.parametrize(
    ("freedom", "table", "within"),
    [
        (1, 6.314, 0.05),
        (2, 2.920, 0.005),
        (3, 2.353, 0.005),
        (10, 1.812, 0.005),
        (30, 1.697, 0.005),
    ],
)
def test_few_days_say_as_little_as_student_says(freedom: int, table: float, within: float) -> None:
    assert t95(freedom) == pytest.approx(table, rel=within)
