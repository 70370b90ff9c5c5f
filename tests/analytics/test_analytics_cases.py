"""What becomes of cases, look after look: nothing told is lost, renamed or told twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from analytics import look, settle
from metering.book import RegisterEvent
from metering.finding import Case, CaseState
from metering.quality import MISSING, all_of
from metering.quantity import ABSENT
from tests.analytics.conftest import Platform, window

Make = Callable[..., Any]
FIRST = date(2026, 10, 19)
"""A Monday, on whose night the plant stays on."""


def plant(campus: Make, nights: int = 4) -> Platform:
    place = campus(33)
    place.run_nights("east-ac", FIRST, nights, 0.6)
    return Platform(place)


def test_one_case_grows_under_its_number_with_a_finding_a_day(campus: Make) -> None:
    platform = plant(campus)
    sizes = []
    for day in range(2, 9):
        (case,) = platform.look(FIRST + timedelta(days=day))
        assert (case.number, case.state) == (1, CaseState.OPEN)
        sizes.append(len(case.evidence.hours_us))
    assert sizes == sorted(sizes)
    told = platform.findings.history(1)
    assert [len(one.hours_us) for one in told] == sorted({len(one.hours_us) for one in told})
    assert told[-1] == case.evidence
    assert case.opened_us == told[0].found_us < told[-1].found_us
    assert platform.look(FIRST + timedelta(days=8)) == [case]


@pytest.mark.long
def test_a_new_fit_over_equal_books_tells_nothing_anew(campus: Make) -> None:
    platform = plant(campus)
    before = platform.look(FIRST + timedelta(days=14))
    versions = {before[0].evidence.baseline_version}
    for day in range(15, 30, 4):
        inputs = window(platform.place, date.min, FIRST + timedelta(days=day)).inputs()
        versions |= {one.baseline_version for one in look(inputs).findings}
        assert platform.look(FIRST + timedelta(days=day)) == before
    assert len(versions) > 3


@pytest.mark.parametrize("state", [CaseState.OPEN, CaseState.ACKNOWLEDGED, CaseState.FIXED])
def test_what_leaves_the_window_stays_as_it_was_told(campus: Make, state: CaseState) -> None:
    """The edge passes over the event night by night, hour by hour as well."""
    platform = plant(campus)
    last = date(2026, 11, 23)
    platform.look(last - timedelta(days=1))
    platform.say(1, state, platform.place.at(last, 12))
    before = platform.findings.list(None)
    for since in range(-2, 9):
        assert platform.look(last, since=FIRST + timedelta(days=since)) == before


def test_a_case_over_the_edge_keeps_what_is_out_of_the_window(campus: Make) -> None:
    platform = plant(campus, nights=12)
    (early,) = platform.look(FIRST + timedelta(days=7))
    edge = FIRST + timedelta(days=4)
    (late,) = platform.look(date(2026, 11, 23), since=edge)
    assert late.number == early.number
    assert late.evidence.start_us == early.evidence.start_us
    assert set(early.evidence.hours_us) < set(late.evidence.hours_us)
    gone = [one for one in early.evidence.hours if one.start_us < platform.place.at(edge, 0)]
    assert gone == list(late.evidence.hours[: len(gone)]) != []
    told, hours = late.evidence, late.evidence.hours
    assert [one.start_us for one in hours] == list(told.hours_us) == sorted(told.hours_us)
    assert told.waste == pytest.approx(sum(one.waste for one in hours) / 1e6)
    assert told.cost == sum((money for one in hours for _, money in one.costs), Decimal(0))
    assert told.kgco2 == sum((one.kgco2 or Decimal(0) for one in hours), Decimal(0))
    assert told.waste_low < told.waste < told.waste_high


def test_readings_that_come_late_close_the_case_and_delete_nothing(campus: Make) -> None:
    platform = Platform(campus(33))
    clean = platform.place.energy.copy()
    platform.place.run_nights("east-ac", FIRST, 4, 0.6)
    (case,) = platform.look(FIRST + timedelta(days=7))
    platform.place.energy = clean
    (after,) = platform.look(FIRST + timedelta(days=8))
    assert (after.number, after.state, after.closed) == (1, CaseState.CLOSED, "refuted")
    assert after.evidence == case.evidence
    assert platform.findings.history(1) == [case.evidence]
    platform.place.run_nights("east-ac", FIRST, 4, 0.6)
    assert {one.number: one.state for one in platform.look(FIRST + timedelta(days=9))} == {
        1: CaseState.CLOSED,
        2: CaseState.OPEN,
    }


def test_what_people_settled_is_told_once_and_what_begins_after_it_is_new(campus: Make) -> None:
    platform = plant(campus, nights=2)
    platform.look(FIRST + timedelta(days=3))
    for state in (CaseState.DISMISSED, CaseState.EXPECTED):
        platform.say(1, state)
        assert len(platform.look(FIRST + timedelta(days=4))) == 1
    platform.place.run_nights("east-ac", FIRST + timedelta(days=2), 3, 1.2)
    cases = {one.number: one for one in platform.look(FIRST + timedelta(days=9))}
    assert cases.keys() == {1, 2}
    assert cases[1].state is CaseState.EXPECTED
    assert cases[2].state is CaseState.OPEN
    assert cases[2].evidence.start_us >= cases[1].evidence.end_us
    assert not set(cases[1].evidence.hours_us) & set(cases[2].evidence.hours_us)


def test_what_comes_again_before_anybody_settled_it_is_the_same_case(campus: Make) -> None:
    platform = Platform(campus(36))
    platform.place.run_days("west-ac", date(2026, 10, 24), 2)
    platform.place.run_days("west-ac", date(2026, 11, 14), 2)
    (once,) = platform.look(date(2026, 10, 30))
    (twice,) = platform.look(date(2026, 11, 20))
    assert (once.number, twice.number) == (1, 1)
    assert set(once.evidence.hours_us) < set(twice.evidence.hours_us)
    (first,) = Platform(platform.place).look(date(2026, 11, 20))
    assert len(set(first.evidence.hours_us) ^ set(twice.evidence.hours_us)) < 5


def test_a_gap_that_late_readings_fill_is_closed_and_one_half_filled_shrinks(campus: Make) -> None:
    platform = Platform(campus(37))
    place = platform.place

    def gap(start: int, end: int) -> dict[str, object]:
        day = date(2026, 11, 4)
        event = RegisterEvent("bureau", "east-ac", "gap", place.at(day, start), place.at(day, end))
        inputs = window(place, date.min, date(2026, 11, 6)).inputs()
        first, last = np.searchsorted(inputs.hours_us, (event.start_us, event.end_us))
        inputs.energy[place.row("east-ac"), first:last] = ABSENT
        inputs.shares[place.row("east-ac"), first:last] = all_of(MISSING, last - first)
        return {"events": [event], "energy": inputs.energy, "shares": inputs.shares}

    (whole,) = platform.look(date(2026, 11, 6), **gap(8, 16))
    assert (whole.evidence.pattern, len(whole.evidence.hours_us)) == ("meter_gap", 8)
    (half,) = platform.look(date(2026, 11, 6), **gap(12, 16))
    assert (half.number, len(half.evidence.hours_us)) == (1, 4)
    (filled,) = platform.look(date(2026, 11, 6))
    assert (filled.number, filled.closed) == (1, "refuted")


def test_a_look_says_nothing_of_meters_it_did_not_see(campus: Make) -> None:
    platform = plant(campus)
    before = platform.look(FIRST + timedelta(days=7))
    seen = look(window(platform.place, date.min, FIRST + timedelta(days=7)).inputs())
    elsewhere = replace(seen, meters={}, findings=())
    assert not settle(before, elsewhere)
    assert not settle(before, replace(seen, hours_us=seen.hours_us[:0], findings=()))


def test_a_case_from_before_hours_were_kept_lives_on_by_its_chart(campus: Make) -> None:
    """Its hours and their readings stand in the chart: equal books tell nothing anew, others do."""
    platform = plant(campus)
    seen = look(window(platform.place, date.min, FIRST + timedelta(days=7)).inputs())
    (found,) = seen.findings
    old = Case(replace(found, hours=()), number=1, legacy_id="0123456789abcdef")
    assert not settle([old], seen)
    platform.place.energy[:, 200:] *= 1.01
    other = look(window(platform.place, date.min, FIRST + timedelta(days=7)).inputs())
    assert settle([old], other).grown.keys() == {1}
