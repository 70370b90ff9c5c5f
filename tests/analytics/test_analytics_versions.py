"""Versions of baselines: when they are made, what they judge, and that they stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import HourCalendar, Limits, find, fit
from analytics.baseline import Baseline
from analytics.bins import FULL_BINS, NAIVE_BINS, USUAL_WEEK
from analytics.crossfit import MOST_FOLDS, folds
from analytics.judging import judged
from analytics.stored import Version, joined, one_of, packed, unpacked
from analytics.temperature import NO_SEGMENTS, Segments
from metering.baseline import LEAST_DAYS, BaselineRequest, BaselineVersion
from metering.book import RegisterEvent
from metering.errors import InvalidInput
from metering.finding import CaseState
from metering.localtime import HOUR_US, day_number
from metering.quality import MISSING, all_of
from metering.quantity import ABSENT
from tests.analytics.conftest import CALENDAR, ZONE, Campus, Platform, build

Make = Callable[..., Any]
FIRST = date(2026, 3, 2)
"""A Monday."""
LIGHT = "east-light"


def grown(seed: int, days: int) -> Campus:
    return build(seed, FIRST, FIRST + timedelta(days=days - 1))


def at(days: int) -> date:
    """The last day of so many."""
    return FIRST + timedelta(days=days - 1)


def told(platform: Platform, meter: str = LIGHT) -> list[tuple[int, str]]:
    return [(one.number, one.reason) for one in platform.baselines.versions([meter])]


def lasting(place: Campus, code: str, first: int, nights: int) -> np.ndarray:
    """Let a meter draw 35 % of its load more in every working night; what it adds."""
    duty, clock = place.clock.duty_day, place.clock
    since = duty - day_number(FIRST) - first
    working = np.isin(duty, clock.day[clock.working])
    inside = clock.night & working & (since >= 0) & (since < nights)
    extra = np.where(inside, 0.35 * place.load(code), 0.0)
    place.add(code, extra)
    return extra


# As bytes and back

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def baselines(draw: st.DrawFn, blind: bool = True) -> Baseline:
    """One meter's baseline of arbitrary numbers."""

    def some(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        seed = draw(st.lists(NUMBERS, min_size=4, max_size=4))
        return np.resize(np.array(seed), size).reshape(shape)

    knots = NO_SEGMENTS
    if blind:
        edges = sorted(draw(st.lists(st.floats(-30, 45), min_size=2, max_size=7, unique=True)))
        knots = Segments(np.array(edges), np.array(edges[: draw(st.integers(0, len(edges)))]))
    return Baseline(
        rungs=np.array([draw(st.integers(0, 2))]),
        levels=some(1, FULL_BINS),
        slopes=some(1, 2, knots.columns),
        running=some(1, FULL_BINS) > 0,
        segments=knots,
        centre=np.zeros(knots.columns) + draw(st.floats(-9, 9)),
        spread=some(1, 2),
        hour_spread=some(1, NAIVE_BINS),
        load=some(1),
        cvrmse=some(1),
        blind=draw(baselines(blind=False)) if blind else None,
    )


def kept(model: bytes, **more: object) -> BaselineVersion:
    day = date(2026, 4, 1)
    facts = BaselineVersion(
        *("bureau", "m", 1, 0, day, day, day, 14, 1, None, "s", "first", 1, 0, "i"), model
    )
    return replace(facts, **more)  # type: ignore[arg-type]


def stored(baseline: Baseline, past: np.ndarray, past_us: np.ndarray) -> Version:
    daily = np.array([1.0, np.nan])
    return Version(kept(b""), baseline, past_us, past, daily)


HOURS_US = np.arange(24 * 20, dtype=np.int64) * HOUR_US + 20_000 * 24 * HOUR_US
CLOCK = HourCalendar.of(HOURS_US, ZONE, CALENDAR)
WEATHER = np.where(np.arange(HOURS_US.size) % 97 < 80, np.linspace(-40, 50, HOURS_US.size), np.nan)


@settings(max_examples=60, deadline=None)
@given(baselines(), st.integers(0, 400), st.integers(0, 79))
def test_what_was_kept_predicts_the_same_bits(baseline: Baseline, gap: int, count: int) -> None:
    past_us = np.delete(HOURS_US, np.arange(gap, gap + 30))[:count]
    past = np.where(past_us % 7 == 0, np.nan, 1 / 3).astype(np.float32).astype(np.float64)
    before = stored(baseline, past, past_us)
    after = unpacked(kept(packed(before)))
    with np.errstate(all="ignore"):
        for told_by in ("predict", "sigma"):
            one, two = (
                getattr(version.baseline, told_by)(CLOCK, WEATHER) for version in (before, after)
            )
            assert one.tobytes() == two.tobytes()
    assert after.past.tobytes() == before.past.tobytes()
    assert (after.past_us == past_us).all()
    assert after.daily.tobytes() == before.daily.tobytes()
    assert packed(after) == packed(before)


def test_meters_predict_alone_what_they_predict_together(campus: Make) -> None:
    place = campus(3)
    place.temperature[500:600] = np.nan
    together = fit(place.energy, place.temperature, place.clock, place.hours_us)
    alone = [one_of(together, row) for row in range(len(place.codes))]
    wanted = together.predict(place.clock, place.temperature)
    for row, one in enumerate(alone):
        assert one.predict(place.clock, place.temperature).tobytes() == wanted[row].tobytes()
    again = joined(alone).predict(place.clock, place.temperature)
    assert again.tobytes() == wanted.tobytes()


def test_what_is_damaged_or_newer_is_refused_by_name(campus: Make) -> None:
    place = campus(3)
    fitted = fit(place.energy, place.temperature, place.clock, place.hours_us)
    none = np.zeros(0, dtype=np.int64)
    model = packed(stored(one_of(fitted, 0), np.zeros(0), none))
    facts = kept(model)
    with pytest.raises(InvalidInput, match="not what its hash says") as refused:
        unpacked(replace(facts, model=model[:-1] + b"?"))
    assert refused.value.value == f"m {facts.name}"
    line, _, body = model.partition(b"\n")
    newer = json.dumps({**json.loads(line), "format": 3}).encode() + b"\n" + body
    with pytest.raises(InvalidInput, match="format 3"):
        unpacked(kept(newer))


# Crosswise


def test_folds_are_local_weeks_and_bounded(campus: Make) -> None:
    clock = grown(1, 200).clock
    found = folds(clock)
    assert found[clock.day == day_number(FIRST)].tolist() == [0] * 24
    for day in range(200):
        assert set(found[clock.day == day_number(FIRST) + day]) == {day // 7 % MOST_FOLDS}


def test_waste_in_one_week_of_three_is_found() -> None:
    for week in range(3):
        place = grown(33, 21)
        extra = place.run_nights("east-ac", FIRST + timedelta(days=7 * week), 4, 0.6)
        (found,) = find(place.inputs())
        assert (found.pattern, found.meter) == ("after_hours_plant", "east-ac")
        assert found.waste == pytest.approx(float(extra.sum()), rel=0.15)


def test_nobody_is_accused_of_a_first_holiday_but_where_hours_are_registered() -> None:
    """A fit that has seen it takes it for what holidays are like; the other week of them knows."""
    place = build(33, date(2026, 4, 20), date(2026, 11, 5))
    since = place.clock.day - day_number(date(2026, 10, 5))
    inside = (place.clock.hour >= 8) & (place.clock.hour < 18) & (since >= 0) & (since < 3)
    extra = place._raise("west-ac", inside, 0.6)
    assert find(place.inputs()) == []
    (found,) = find(replace(place.inputs(), weeks=dict.fromkeys(place.codes, USUAL_WEEK)))
    assert (found.pattern, found.meter) == ("weekend_run", "west-ac")
    assert found.waste == pytest.approx(float(extra.sum()), rel=0.15)


@pytest.mark.parametrize("seed", [20, 21, 22])
@pytest.mark.parametrize("days", [14, 17, 21, 28])
def test_a_short_clean_history_accuses_nobody(seed: int, days: int) -> None:
    assert find(grown(seed, days).inputs()) == []


# When versions are made


def test_versions_are_made_at_their_lengths_and_otherwise_stay() -> None:
    platform = Platform(grown(21, 100))
    whole = {}
    for days in range(12, 100):
        platform.seen(at(days))
        for one in platform.baselines.versions(platform.place.codes):
            assert whole.setdefault((one.meter, one.number), one) == one
    wanted = [(1, "first", 14), (2, "28 days", 28), (3, "92 days", 92)]
    for code in platform.place.codes:
        versions = platform.baselines.versions([code])
        assert [(v.number, v.reason, v.days) for v in versions] == wanted
        assert [(v.day - FIRST).days for v in versions] == [14, 28, 92]
        assert {v.first_day for v in versions} == {FIRST}


@pytest.mark.long
def test_a_long_first_history_makes_one_version_that_lasts_until_the_next_length() -> None:
    platform = Platform(grown(21, 366))
    for days in (95, 96, 200, 364, 365, 366):
        platform.seen(at(days))
    assert told(platform) == [(1, "first"), (2, "365 days")]
    first, second = platform.baselines.versions([LIGHT])
    assert (first.days, first.rung, second.days, second.rung) == (95, 1, 365, 2)


def test_nothing_is_fitted_again_while_the_window_moves_and_the_process_restarts() -> None:
    place = grown(33, 84)
    place.run_nights("east-ac", FIRST + timedelta(days=42), 4, 0.6)
    platform = Platform(place)
    platform.look(at(60))
    before = platform.baselines.versions(place.codes)
    cases = platform.look(at(61))
    for days in range(61, 84):
        seen = platform.seen(at(days), since=FIRST + timedelta(days=days - 60))
        assert (seen.made, seen.fresh) == ((), frozenset())
        assert platform.findings.list(None) == cases
    assert platform.baselines.versions(place.codes) == before
    assert cases[0].evidence.baseline_version == next(
        one.name for one in before if one.meter == "east-ac"
    )


def test_the_past_is_judged_as_at_first_whatever_version_came_since() -> None:
    place = grown(33, 60)
    first = find(place.until(at(20)).inputs())
    platform = Platform(place)
    seen = platform.seen(at(20))
    hours = seen.hours_us.size
    clock, temperature = place.clock, place.temperature
    for days in (21, 28, 29, 60):
        platform.seen(at(days))
    versions = [
        [unpacked(one) for one in platform.baselines.versions([code])] for code in place.codes
    ]
    assert {len(own) for own in versions} == {2}
    after = judged(versions, clock, temperature, place.hours_us)
    before = judged([own[:1] for own in versions], clock, temperature, place.hours_us)
    until = int((clock.day < day_number(at(29))).sum())
    for name in ("expected", "sigma", "load"):
        one, two = getattr(before, name), getattr(after, name)
        np.testing.assert_array_equal(one[:, :until], two[:, :until])
        assert (one[:, until:] != two[:, until:]).any()
    past = np.stack([own[0].past for own in versions])
    np.testing.assert_array_equal(after.expected[:, :hours], past)
    assert first == []


@pytest.mark.long
def test_a_history_in_pieces_of_one_day_ends_as_if_it_had_come_at_once() -> None:
    place = grown(33, 84)
    place.run_nights("east-ac", FIRST + timedelta(days=60), 4, 0.6)
    at_once, in_pieces = Platform(place), Platform(place)
    at_once.seen(at(84))
    inputs = place.inputs()
    for missing in (range(0, 60), range(20, 84), range(30, 50)):
        energy, shares = inputs.energy.copy(), inputs.shares.copy()
        gone = np.isin(place.clock.day - day_number(FIRST), list(missing))
        energy[1:4, gone], shares[1:4, gone] = ABSENT, all_of(MISSING, 1)[0]
        in_pieces.seen(at(84), energy=energy, shares=shares)
    in_pieces.seen(at(84))
    codes = place.codes
    assert in_pieces.baselines.versions(codes) == at_once.baselines.versions(codes)
    found = [
        [(one.state, one.evidence) for one in platform.findings.list(None) if one.stands]
        for platform in (at_once, in_pieces)
    ]
    assert found[0] == found[1] != []


def test_under_two_weeks_nobody_is_checked_and_faults_are_told_all_the_same() -> None:
    place = grown(33, 20)
    day = FIRST + timedelta(days=5)
    event = RegisterEvent("bureau", "east-ac", "gap", place.at(day, 8), place.at(day, 16))
    place.run_nights(LIGHT, FIRST + timedelta(days=7), 2, 0.9)
    platform = Platform(place)
    (case,) = platform.look(at(13), events=[event])
    assert (case.evidence.pattern, case.evidence.baseline_version) == ("meter_gap", "")
    assert platform.baselines.versions(place.codes) == []
    progress = platform.baselines.progress(place.codes)
    noted = {one.meter: (one.days, one.ready(LEAST_DAYS)) for one in progress}
    # The gap leaves the plant's day its other sixteen hours.
    assert noted == dict.fromkeys(place.codes, (13, at(15)))
    found = {one.evidence.pattern for one in platform.look(at(14), events=[event])}
    assert found == {"meter_gap", "after_hours_plant"}
    assert told(platform) == [(1, "first")]


# Waste that lasts


@pytest.mark.parametrize(("history", "seed"), [(84, 33), (20, 21)])
@pytest.mark.sampled(1)
def test_waste_that_lasts_sixty_nights_is_told_all_along(history: int, seed: int) -> None:
    place = grown(seed, history + 66)
    extra = lasting(place, LIGHT, history + 3, 60)
    platform = Platform(place)
    for days in range(history, history + 66):
        cases = platform.look(at(days), since=FIRST + timedelta(days=max(0, days - 92)))
        if days >= history + 10:
            so_far = float(extra[place.clock.day <= day_number(at(days))].sum())
            standing = [one for one in cases if one.stands]
            ours = [one for one in standing if one.evidence.meter == LIGHT]
            assert len(standing) == len(ours) == 1
            assert 0.8 < ours[0].evidence.waste / so_far < 1.2
    assert len(told(platform)) > 1
    assert platform.baselines.versions([LIGHT])[-1].left_out > 20


def test_the_meter_above_does_not_learn_it_either() -> None:
    """Also where the waste is too small for it to notice."""
    place = grown(33, 40)
    lasting(place, "east-power", 20, 20)
    platform = Platform(place)
    for days in range(18, 31):
        platform.seen(at(days))
    assert {one.evidence.meter for one in platform.findings.list(None)} == {"east-power"}
    left = {
        one.meter: one.left_out
        for one in platform.baselines.versions(place.codes)
        if one.reason == "28 days"
    }
    assert left["east-total"] >= left["east-power"] > 50 > left["west-total"]


# A person's reason


def ask(platform: Platform, since: int) -> BaselineRequest:
    day = FIRST + timedelta(days=since)
    return platform.baselines.ask(BaselineRequest("bureau", LIGHT, day, "new tenant", "me", 5))


@pytest.mark.parametrize("state", [CaseState.OPEN, CaseState.EXPECTED])
def test_what_people_say_is_normal_is_learned_when_they_ask(state: CaseState) -> None:
    place = grown(33, 68)
    extra = lasting(place, LIGHT, 40, 60)
    platform = Platform(place)
    for days in (30, 43, 50):
        platform.seen(at(days))
    platform.say(1, state)
    ask(platform, 40)
    platform.seen(at(53))
    assert len(told(platform)) == 1
    for days in range(54, 68):
        for case in platform.look(at(days)):
            if state is CaseState.EXPECTED and case.stands and days == 54:
                platform.say(case.number, state)
    number, reason = told(platform)[-1]
    assert (number, reason) == (2, "new tenant")
    version = platform.baselines.versions([LIGHT])[-1]
    assert (version.actor, version.first_day) == ("me", FIRST + timedelta(days=40))
    platform.seen(at(67))
    ours = [one for one in platform.findings.list(None) if one.evidence.meter == LIGHT]
    standing = [one for one in ours if one.stands]
    later = float(extra[place.clock.day >= day_number(version.day)].sum())
    if state is CaseState.OPEN:
        assert version.left_out > 100
        assert standing[0].evidence.waste > 0.97 * float(
            extra[place.clock.day < day_number(at(67))].sum()
        )
    else:
        assert sum(one.evidence.waste for one in standing) < 0.2 * later


def test_a_request_is_answered_once_and_what_was_before_is_not_learned_again() -> None:
    platform = Platform(grown(22, 120))
    platform.seen(at(40))
    ask(platform, 30)
    for days in range(41, 75):
        platform.seen(at(days))
    assert told(platform) == [(1, "first"), (2, "new tenant"), (3, "28 days")]
    second, third = platform.baselines.versions([LIGHT])[1:]
    assert (second.days, third.days) == (14, 28)
    assert second.first_day == third.first_day == FIRST + timedelta(days=30)
    assert told(platform, "east-ac") == [(1, "first")]


# Books that change


def test_books_that_change_under_a_version_are_a_history_anew() -> None:
    """A ratio was wrong all along: ten times the energy is no waste."""
    place = grown(33, 60)
    platform = Platform(place)
    platform.seen(at(40))
    place.energy[place.row(LIGHT)] *= 10
    for days in (41, 42, 60):
        assert platform.look(at(days)) == []
    assert told(platform) == [(1, "first"), (2, "books changed")]
    assert told(platform, "east-ac") == [(1, "first")]


def test_a_late_reading_here_and_there_changes_no_version() -> None:
    place = grown(33, 60)
    platform = Platform(place)
    platform.seen(at(40))
    hours = (place.clock.day - day_number(FIRST)) % 3 == 0
    place.energy[place.row(LIGHT), hours] *= 1.5
    seen = platform.seen(at(41))
    assert seen.made == ()


def test_limits_of_a_site_go_with_the_version_of_the_day() -> None:
    place = grown(33, 30)
    strict = replace(place.inputs(), limits=dict.fromkeys(place.codes, Limits(sigmas=1e9)))
    assert find(strict) == []


def test_versions_of_the_format_before_read_their_running_hours_for_every_working_day(
    campus: Make,
) -> None:
    """They kept 24 hours of a working day, not the 192 of the week."""
    place = campus(3)
    fitted = one_of(fit(place.energy, place.temperature, place.clock, place.hours_us), 0)
    none = np.zeros(0, dtype=np.int64)
    hours = np.arange(24) % 24 >= 9
    line, _, body = packed(stored(replace(fitted, blind=None), np.zeros(0), none)).partition(b"\n")
    header = json.loads(line)
    arrays, place_of = {}, 0
    for name, shape in header["arrays"]:
        size = 8 * int(np.prod(shape, dtype=np.int64))
        arrays[name], place_of = body[place_of : place_of + size], place_of + size
    arrays["running"] = hours.astype("<f8").tobytes()
    header["arrays"] = [(n, (24,) if n == "running" else s) for n, s in header["arrays"]]
    older = json.dumps({**header, "format": 1}).encode() + b"\n" + b"".join(arrays.values())
    running = unpacked(kept(older)).baseline.running.reshape(8, 24)
    assert (running[:5] == hours).all()
    assert not running[5:].any()
