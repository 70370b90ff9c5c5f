"""Labelled readings that are no energy: what is marked, and what may be scored of it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.detect.goals import goals_of
from proofs.detect.real.labelled import LabelledSeries
from proofs.detect.real.signals import DAY_US, hourly_fleet, marked_spans, near_ones_joined
from proofs.detect.sections.signals import (
    BOOKS,
    FAN,
    PLAIN,
    by_reading,
    fan_days,
    most_told,
    spans_counted,
    why_not,
)
from proofs.detect.tables import markdown

START = np.datetime64("2024-03-04T00:00:00", "us")
SPANS = st.lists(
    st.tuples(st.integers(0, 60 * DAY_US), st.integers(1, DAY_US)).map(
        lambda one: (one[0], one[0] + one[1])
    ),
    max_size=20,
)


def series(days: int, marked: tuple[int, ...], minutes: int = 15) -> LabelledSeries:
    """A plant that works by day [kW], with some of its rows marked."""
    rows = np.arange(days * 1440 // minutes)
    time = START + rows * np.timedelta64(minutes * 60_000_000, "us")
    hour = rows * minutes % 1440 / 60
    power = np.maximum(np.sin((hour - 6) / 12 * np.pi), 0.0) * (2 + rows % 7 / 50)
    labels = np.isin(rows, marked)
    return LabelledSeries("plant", "kW", time, {"kw": power}, labels, "outlier", local=False)


@given(SPANS)
def test_spans_near_each_other_are_one_and_none_is_lost(spans: list[tuple[int, int]]) -> None:
    joined = near_ones_joined(spans)
    for (_, end), (first, _) in itertools.pairwise(joined):
        assert first - end > DAY_US
    assert spans_counted(spans, joined)["right"] == len(spans)
    assert {edge for one in joined for edge in one} <= {edge for one in spans for edge in one}


def test_a_series_by_the_hour_is_scored_from_the_first_mark_with_four_weeks_before_it() -> None:
    early, late = 5 * 96, 33 * 96 + 50
    one = series(40, (early, late, late + 3))
    fleet = hourly_fleet(one)
    assert fleet is not None
    # Hours begin with the first whole day.
    assert fleet.start == START.astype("datetime64[h]") + 24
    assert fleet.scored_from == 32 * 24
    assert [(x.first, x.end) for x in fleet.labels] == [(96, 97), (32 * 24 + 12, 32 * 24 + 14)]
    by_hour = one.values["kw"].reshape(-1, 4).mean(axis=1)
    assert fleet.load[0] == pytest.approx(by_hour[24:][: fleet.load.shape[1]])


def test_what_is_marked_when_a_series_begins_is_left_out_with_all_before_its_end() -> None:
    fleet = hourly_fleet(series(60, (*range(10 * 96), 50 * 96)))
    assert fleet is not None
    assert fleet.start == START.astype("datetime64[h]") + 10 * 24
    assert (len(fleet.labels), fleet.scored_from) == (1, 40 * 24)


@pytest.mark.parametrize(
    "one", [series(40, (20 * 96,)), series(40, ()), series(400, (300,), minutes=1440)]
)
def test_a_series_without_four_weeks_by_the_hour_before_a_mark_is_none(one: LabelledSeries) -> None:
    assert hourly_fleet(one) is None


def test_why_a_series_is_not_tried_is_measured() -> None:
    said = why_not(series(40, (20 * 96,)))
    assert said.startswith("plant by the hour: 39 days in steps of 15 min, the last mark begins on")
    assert "day 20;" in said


def test_the_books_tell_power_below_nothing_and_no_gap() -> None:
    one = series(12, (3 * 96 + 48, 7 * 96 + 40))
    power = one.values["kw"].copy()
    power[one.labels] = -1.0
    power[9 * 96 : 9 * 96 + 40] = np.nan
    found = by_reading(replace(one, values={"kw": power}))
    assert found["kinds"] == {"negative": 2}
    assert found["detectors"][BOOKS] == {"alerts": 2, "right": 2, "found": 2}
    assert found["events"] == 2


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_score_says_what_stands_out_most_as_often_as_there_are_marks(name: str) -> None:
    one = series(12, (5 * 96 + 48,))
    power = one.values["kw"].copy()
    power[one.labels] *= 9.0
    score = PLAIN[name](one.time.astype(np.int64), power)
    told = most_told(score, one, 1)
    assert spans_counted(told, marked_spans(one)) == {"alerts": 1, "right": 1, "found": 1}
    assert most_told(np.full(power.size, np.nan), one, 1) == []


def test_days_of_a_fan_are_held_against_the_days_without_a_fault() -> None:
    day = np.arange(10)
    speed = np.where(day < 4, 0.9, 0.7 + day / 1000)
    speed[3] = 0.705
    one = series(10, tuple(range(4 * 96)))
    days = {START.astype("datetime64[D]") + n: "stuck" for n in range(4)}
    fan = replace(one, values={FAN: speed.repeat(96)}, days=days)
    # The first and the last of the sound days are beyond the others, whatever they are.
    assert fan_days(fan) == {"days": 10, "faulty": 4, "beyond": 3, "sound_beyond": 2}
    few = replace(fan, days=days | {START.astype("datetime64[D]") + n: "" for n in range(8)})
    assert fan_days(few) == {"days": 10, "faulty": 8, "beyond": None, "sound_beyond": None}


def test_who_finds_more_than_ours_is_a_goal_missed() -> None:
    counts = {"alerts": 3, "right": 2, "found": 2}
    none = dict.fromkeys(counts, 0)
    reading = {"rows": 9, "events": 2, "detectors": {BOOKS: none, "generic": counts}}
    section = {"hours": {}, "readings": {"plant": reading}, "fans": {}, "not_tried": ["so"]}
    (goal,) = goals_of({"signals": section})
    assert (goal.value, goal.wanted, goal.met) == (0, ">= 2", False)
    shown = markdown({"signals": section, "detectors": [], "goals": [], "losses": []})
    assert "| plant | 9 | 2 | generic | 3 | 2 | 2 |" in shown
    assert "Not tried: so." in shown
