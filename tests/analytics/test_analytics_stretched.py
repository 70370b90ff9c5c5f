"""What stretches of days become: versions that keep habits, cases that keep their hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from analytics import Memory, find, look, settle, stored
from analytics.bins import USUAL_WEEK
from analytics.detectors import candidates
from analytics.detectors.stretched import TOLD_SCORE, from_stretches, pattern_of
from analytics.judging import judged
from analytics.learning import NOTHING
from analytics.leaving_out import left_out
from analytics.report import to_finding
from analytics.scan.judge import DayStretch, NetNoise, Sightings
from analytics.scan.naming import Likeness
from analytics.scan.shapes import SHAPES
from analytics.service import Look, _complete_hours, _part
from analytics.stored import packed, unpacked
from metering.baseline import BaselineVersion
from metering.finding import MERGED, REFUTED, Case, CaseState, EvidenceHour, Finding
from metering.localtime import HOUR_US, day_bounds, day_number
from tests.analytics.conftest import ZONE, Campus

Make = Callable[..., Any]
MONDAY = date(2026, 11, 9)


def without_habit(version: BaselineVersion) -> BaselineVersion:
    """As it was kept before habits were."""
    known = replace(unpacked(version), habit=None)
    return replace(version, model=packed(known), id="")


def test_a_version_keeps_its_habit_to_the_bit(campus: Make) -> None:
    for version in look(campus(33).inputs()).made:
        known = unpacked(version)
        assert known.habit is not None
        assert packed(known) == version.model
        guessed = unpacked(without_habit(version))
        assert guessed.habit is None
        assert guessed.known_habit.sigma.shape == known.habit.sigma.shape


def test_a_version_from_before_habits_finds_waste_all_the_same(campus: Make) -> None:
    place = campus(33)
    made = look(place.until(MONDAY - timedelta(days=3)).inputs()).made
    extra = place.run_nights("east-ac", MONDAY, 4, 0.8)
    found = look(place.inputs(), Memory([without_habit(one) for one in made])).findings
    assert [(one.pattern, one.meter) for one in found] == [("after_hours_plant", "east-ac")]
    assert found[0].waste == pytest.approx(float(extra.sum()), rel=0.3)


def test_a_version_from_before_seasons_reads_as_one_that_knows_none(
    campus: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = look(campus(33).inputs()).made[0]
    known = unpacked(version)
    assert known.habit is not None
    with monkeypatch.context() as patch:
        arrays = stored._habit_arrays
        kept = lambda habit: [one for one in arrays(habit) if one[0] != "habit.season"]  # noqa: E731
        patch.setattr(stored, "_habit_arrays", kept)
        before = packed(known)
    read = unpacked(replace(version, model=before, id="")).habit
    assert read is not None
    assert read.season.shape == known.habit.season.shape
    assert not read.season.any()
    assert (read.sigma == known.habit.sigma).all()


def test_what_a_season_took_before_is_no_news(campus: Make) -> None:
    place = campus(33)
    made = look(place.until(MONDAY - timedelta(days=3)).inputs()).made
    place.run_nights("east-ac", MONDAY, 4, 0.8)

    def of_season(version: BaselineVersion) -> BaselineVersion:
        known = unpacked(version)
        assert known.habit is not None
        habit = replace(known.habit, season=np.full_like(known.habit.season, 50.0))
        return replace(version, model=packed(replace(known, habit=habit)), id="")

    for versions, told in ((made, ["east-ac"]), ([of_season(one) for one in made], [])):
        assert [one.meter for one in look(place.inputs(), Memory(versions)).findings] == told


def test_weather_takes_no_expectation_below_zero(campus: Make) -> None:
    place = campus(33)
    version = unpacked(look(place.inputs()).made[place.row("east-ac")])
    lower = replace(version.baseline, levels=version.baseline.levels - 100.0)
    again = replace(version, baseline=lower, past_us=version.past_us[:0], past=version.past[:0])
    clock, air = place.clock, place.temperature
    assert (lower.predict(clock, air) < 0).all()
    told = judged([[again]], clock, air, place.hours_us).expected
    assert (told == 0).all()


# What is told


def seen_of(
    place: Campus, first: int, last: int, score: float, name: str, **more: Any
) -> list[str]:
    """What is told of days of a meter that were seen so, days from the end counting below zero."""
    inputs = place.inputs()
    site = _part(inputs, NOTHING, _complete_hours(inputs)).site
    days = int(np.unique(site.clock.day).size)
    one = DayStretch(
        **{"block": 0, "meter": place.row("east-ac"), "shape": more.get("shape", "all")},
        **{"first": days + first, "last": days + last, "score": score, "power": 1.0, "known": 0},
        name=Likeness(((name, 1.0),) if name else (), 0.5, more.get("ratio", 1.0)),
        drift=-1.0,
        noise=NetNoise(0.1, 0.1, 0.0),
        rests=more.get("rests", False),
    )
    told = replace(site, seen=Sightings((one, *beside_it(one, more)), ()))
    patterns = ("high_base_load", "base_load_creep", "weekend_run", "unexplained_excess")
    return [one.pattern for name in patterns for one in from_stretches(told, name)]


def beside_it(one: DayStretch, more: dict[str, Any]) -> list[DayStretch]:
    """Six days of another shape, so many before it."""
    if "before" not in more:
        return []
    last = one.first - more["before"]
    name = Likeness((("all", 1.0),), 0.5, 1.0)
    return [replace(one, first=last - 5, last=last, score=50.0, name=name)]


@pytest.mark.parametrize(
    ("first", "last", "name", "shape", "factor"),
    [
        (-20, -10, "all", "all", 1.0),
        (-12, -1, "all", "all", 1.25),
        (-12, -4, "all", "all", 1.0),
        (-60, -10, "all", "all", 1.4),
        (-60, -10, "creep", "all", 1.4),
        (-60, -10, "rest", "rest", 1.0),
        (-54, -10, "all", "all", 1.0),
        (-20, -20, "rest", "rest", 2.0),
        (-20, -20, "all", "all", 1.0),
    ],
)
def test_what_a_later_look_or_a_longer_one_may_take_back_must_be_surer(
    campus: Make, first: int, last: int, name: str, shape: str, factor: float
) -> None:
    least, place = factor * TOLD_SCORE, campus(80)
    assert seen_of(place, first, last, 1.001 * least, name, shape=shape)
    assert not seen_of(place, first, last, 0.999 * least, name, shape=shape)


@pytest.mark.parametrize(
    ("last", "ratio", "told"),
    [(-1, 0.35, False), (-21, 0.35, False), (-22, 0.35, True), (-1, 0.75, True)],
)
def test_a_little_more_of_everything_that_goes_on_is_another_use(
    campus: Make, last: int, ratio: float, told: bool
) -> None:
    assert bool(seen_of(campus(80), -44, last, 50.0, "share", ratio=ratio)) is told


@pytest.mark.parametrize(("days", "rests", "told"), [(2, True, 0), (3, True, 1), (2, False, 1)])
def test_a_day_or_two_of_what_rests_for_seasons_are_not_told(
    campus: Make, days: int, rests: bool, told: int
) -> None:
    found = seen_of(campus(80), -20, -21 + days, 50.0, "all", rests=rests)
    assert found == ["high_base_load"] * told


@pytest.mark.parametrize(("before", "told"), [(1, 0), (21, 0), (22, 1)])
def test_what_is_beside_another_use_is_a_piece_of_it(campus: Make, before: int, told: int) -> None:
    found = seen_of(campus(80), -30, -1, 50.0, "share", ratio=0.35, before=before)
    assert found == ["high_base_load"] * told


# Cases


def hours(first: int, end: int) -> tuple[EvidenceHour, ...]:
    start_us = day_bounds(MONDAY, ZONE)[0]
    return tuple(EvidenceHour(start_us + n * HOUR_US, 0, 10**6) for n in range(first, end))


def finding(first: int, end: int, pattern: str, after: int = 0) -> Finding:
    evidence = hours(first, end + after)
    return Finding(
        **{"institution": "bureau", "node": "east", "meter": "east-ac", "item": "01B00"},
        **{"pattern": pattern, "start_us": evidence[0].start_us, "expected": 0, "measured": 0},
        end_us=hours(first, end)[-1].start_us + HOUR_US,
        hours_us=tuple(one.start_us for one in evidence),
        hours=evidence,
        **{"waste": float(len(evidence)), "waste_low": 0.0, "waste_high": 0.0, "cost": None},
        **{"currency": "", "kgco2": None, "confidence": 0.9, "baseline_version": ""},
        **{"cause": "", "action": ""},
    )


def seen(place: Campus, *findings: Finding, **more: Any) -> Look:
    """A look at a campus that says so."""
    inputs = place.inputs()
    amounts = np.full(inputs.energy.shape, 10**6)
    known = Look("bureau", ZONE, {"east-ac": 0}, findings, inputs.hours_us, amounts, 1, 0, **more)
    return replace(known, now_us=inputs.now_us)


def test_a_stretch_that_is_called_otherwise_is_the_same_case(campus: Make) -> None:
    told = Case(finding(0, 96, "early_start"), number=1)
    now = finding(0, 120, "after_hours_plant")
    changes = settle([told], seen(campus(33), now))
    assert changes.opened == ()
    assert changes.grown[1].pattern == "after_hours_plant"
    assert changes.grown[1].hours_us == now.hours_us


def test_a_stretch_with_less_than_half_of_the_hours_is_another_case(campus: Make) -> None:
    told = Case(finding(0, 96, "early_start"), number=1)
    other = finding(60, 300, "after_hours_plant")
    changes = settle([told], seen(campus(33), other))
    assert changes.grown == {}
    assert changes.opened[0].evidence.hours_us == other.hours_us
    assert changes.opened[0].evidence.pattern == "after_hours_plant"


def test_a_meter_fault_of_the_books_is_no_stretch(campus: Make) -> None:
    told = Case(finding(0, 96, "meter_gap"), number=1)
    changes = settle([told], seen(campus(33), finding(0, 96, "after_hours_plant")))
    assert [one.evidence.pattern for one in changes.opened] == ["after_hours_plant"]


@pytest.mark.parametrize(("end", "opens"), [(96, False), (120, False), (143, True), (168, True)])
def test_two_days_beyond_a_settled_stretch_are_its_own(campus: Make, end: int, opens: bool) -> None:
    """What it gives back in the two days after it are none of its days."""
    told = replace(
        Case(finding(0, 96, "high_base_load"), number=1), state=CaseState.CLOSED, closed="moved"
    )
    changes = settle([told], seen(campus(33), finding(0, end, "high_base_load", after=48)))
    assert bool(changes.opened) is opens
    for case in changes.opened:
        shared = set(case.evidence.hours_us) & set(told.evidence.hours_us)
        assert not shared, "no hour is told twice"


def test_what_a_total_told_first_is_merged_once_its_parts_tell_it(campus: Make) -> None:
    told = Case(finding(0, 96, "high_base_load"), number=1)
    most = frozenset(told.evidence.hours_us[:60])
    changes = settle([told], seen(campus(33), explained={"east-ac": most}))
    assert changes.closed == {1: MERGED}
    some = frozenset(told.evidence.hours_us[:40])
    assert settle([told], seen(campus(33), explained={"east-ac": some})).closed == {}


@pytest.mark.parametrize(
    ("pattern", "learned"),
    [("after_hours_plant", False), ("low_power_factor", True), ("meter_stuck", True)],
)
def test_hours_that_wasted_nothing_are_learned(campus: Make, pattern: str, learned: bool) -> None:
    """A power factor that is low all day says nothing of the energy of these hours."""
    place = campus(33)
    case = Case(finding(0, 96, pattern), number=1, opened_us=1)
    out = left_out(place.codes, {}, place.hours_us, [case], today=date(2026, 11, 24), zone=ZONE)
    assert bool(out.any()) is not learned


def test_what_a_meter_does_while_it_wastes_it_does(campus: Make) -> None:
    """Hours left out of a fit are no less within the bounds of what it ever took."""
    place = campus(33)
    place.run_nights("east-ac", date(2026, 10, 12), 30, 3.0)
    for one in look(place.inputs()).made:
        habit = unpacked(one).habit
        assert habit is not None
        most = place.energy[place.row(one.meter)].max()
        assert habit.bounds.most[0] > 0.8 * most


@pytest.mark.parametrize(
    ("pattern", "refuted"),
    [("meter_multiplier", False), ("high_base_load", False), ("meter_gap", True)],
)
def test_a_fault_that_the_books_do_not_name_is_none_but_where_it_was_expected_otherwise(
    campus: Make, pattern: str, refuted: bool
) -> None:
    """What stood out once stays as it was told while the books say the same of its hours."""
    changes = settle([Case(finding(0, 96, pattern), number=1)], seen(campus(33)))
    assert changes.closed == ({1: REFUTED} if refuted else {})


def test_the_likeliest_pattern_names_a_case_not_the_likeliest_shape() -> None:
    """Two shapes of nights together are likelier than the one of late hours."""
    odds = (("late", 0.4), ("night", 0.35), ("off", 0.25))
    one = DayStretch(
        block=0,
        meter=0,
        shape="night",
        first=0,
        last=9,
        score=9.0,
        power=1.0,
        known=0,
        name=Likeness(odds, 0.5, 1.0),
        drift=0.0,
        noise=NetNoise(0.1, 0.1, 0.0),
    )
    assert pattern_of(one) == "after_hours_plant"
    assert pattern_of(replace(one, name=Likeness(odds[:2], 0.5, 1.0))) == "late_stop"
    assert pattern_of(replace(one, name=Likeness((), 0.5, 1.0))) == "unexplained_excess"


# Judging


def test_a_day_off_on_which_most_parts_run_accuses_the_calendar(campus: Make) -> None:
    """Totals that show what their parts show are no witnesses of their own."""
    day = date(2026, 11, 14)
    for meters, accused in ((4, True), (6, False)):
        place = campus(33)
        for code in [one for one in place.codes if not one.endswith("total")][:meters]:
            place.run_days(code, day, 2)
        runs = {one.meter for one in find(place.inputs()) if one.pattern == "weekend_run"}
        assert bool(runs) is accused, (meters, runs)


def test_what_the_weeks_before_were_off_by_is_no_waste(campus: Make) -> None:
    place = campus(33)
    place.run_nights("east-ac", MONDAY, 4, 0.6)
    inputs = place.inputs()
    part = _part(inputs, NOTHING, _complete_hours(inputs))
    (one,) = [one for one in candidates(part.site) if part.site.codes[one.meter] == "east-ac"]
    meter = inputs.meters[one.meter]
    told, less = (
        to_finding(part.evidence, meter, replace(one, drift=drift), inputs.now_us)
        for drift in (0.0, 0.25)
    )
    assert less.waste == pytest.approx(told.waste - 0.25 * one.hours.size)
    assert less.expected is not None
    assert less.hours[0].expected == (told.hours[0].expected or 0) + 250_000
    assert less.detail["drift"] == 0.25


def test_lights_are_judged_in_weather_that_was_never_seen_and_plant_is_not(campus: Make) -> None:
    """The same meter in ten days hotter than any before, once as lights and once as plant."""
    place = campus(33)
    made = look(place.until(MONDAY - timedelta(days=3)).inputs()).made
    since = place.clock.day >= day_number(MONDAY)
    place.temperature[since] += 60.0
    place.run_nights("east-power", MONDAY, 5, 1.2)
    inputs = place.inputs()
    row = place.row("east-power")
    for item, told in (("01C00", True), ("01A00", True), ("01B00", False)):
        meters = [replace(m, item=item) if n == row else m for n, m in enumerate(inputs.meters)]
        found = {one.meter for one in look(replace(inputs, meters=meters), Memory(made)).findings}
        assert ("east-power" in found) is told, item


def test_what_the_meter_above_shows_as_well_is_no_wrong_factor(campus: Make) -> None:
    """Half as much again for ten days, at the meter alone or also at the one that feeds it."""
    for carried, pattern in ((False, "meter_multiplier"), (True, "unexplained_excess")):
        place = campus(33)
        days = (place.clock.day >= day_number(date(2026, 10, 19))) & (
            place.clock.day < day_number(date(2026, 10, 29))
        )
        row = place.row("east-power")
        extra = np.where(days, 0.5 * place.energy[row], 0.0)
        if carried:
            place.add("east-power", extra)
        else:
            place.energy[row] += extra
        found = {one.meter: one for one in look(place.inputs()).findings}
        assert found["east-power"].pattern == pattern


@pytest.mark.parametrize(("colder", "told"), [("none", True), ("week", False), ("rest too", False)])
def test_in_weather_of_one_week_alone_its_plant_is_not_judged_by_the_others(
    campus: Make, colder: str, told: bool
) -> None:
    """Far more in a week of a history that is not known yet, colder than any other or not; of cold
    on days of rest alone other weeks learn nothing of days of work."""
    place = campus(33)
    since = place.clock.day - day_number(MONDAY)
    week = (since >= 0) & (since < 7)
    if colder != "none":
        place.temperature[week] -= 12.0
    if colder == "rest too":
        place.temperature[(since < 0) & ~place.clock.working] -= 12.0
    row = place.row("east-ac")
    place.add("east-ac", np.where(week & place.clock.working, 0.8 * place.energy[row], 0.0))
    found = {one.meter for one in look(place.inputs()).findings}
    assert ("east-ac" in found) is told


def test_an_interval_is_no_wider_for_a_year_that_was_not_seen(campus: Make) -> None:
    """What busy hours are taken to wander more of a short history is for finding alone."""
    place = campus(33)
    place.run_nights("east-ac", MONDAY, 4, 0.6)
    inputs = place.inputs()
    part = _part(inputs, NOTHING, _complete_hours(inputs))
    every = SHAPES.index("all")
    for one in part.site.seen.stretches:
        habit = part.learned.judged.by[one.meter][-1].known_habit
        assert habit.unseen[0] > 2.0
        assert one.noise.tau == habit.tau[every, 0] / habit.unseen[0]


def test_registered_hours_come_before_habits_that_nobody_has_yet(campus: Make) -> None:
    place = campus(36)
    place.run_days("west-ac", date(2026, 10, 1), 2)
    registered = replace(place.inputs(), weeks=dict.fromkeys(place.codes, USUAL_WEEK))
    assert ("weekend_run", "west-ac") in {(one.pattern, one.meter) for one in find(registered)}
