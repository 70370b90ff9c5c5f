"""Marks of the day: a plant that ran once is seen in the morning, and gone with the day after."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from analytics import Inputs, Memory, look
from analytics.day_marks import unexplained
from metering.day_mark import DayMark
from metering.localtime import HOUR_US, day_bounds
from metering.quality import MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT
from tests.analytics.hourly_inputs import FIRST, ZONE, Hours, inputs

DAYS = 103
PLANT_KWH = 30.0
TUESDAY = 99
"""2026-06-09, counted from a Monday."""


def day_us(day: int) -> int:
    return day_bounds(FIRST + timedelta(days=day), ZONE)[0]


def use(seed: int) -> Hours:
    """An office that takes 40 kWh an hour while people work, and 10 else."""
    rng, hour = np.random.default_rng(seed), np.arange(DAYS * 24)
    works = (hour // 24 % 7 < 5) & (hour % 24 >= 8) & (hour % 24 < 18)
    return np.where(works, 40.0, 10.0) * rng.normal(1, 0.03, hour.size)


def site(plant: Hours | None = None) -> Inputs:
    """Two meters, one that feeds the other; the plant runs at the one that is fed."""
    fed = use(1) + (0 if plant is None else plant)
    return inputs({"main": ("01000", use(2) + fed), "part": ("01B00", fed)}, feeders=FEEDERS)


FEEDERS = {"part": ["main"]}


def run(day: int, first: int, end: int) -> Hours:
    plant = np.zeros(DAYS * 24)
    plant[24 * day + first : 24 * day + end] = PLANT_KWH
    return plant


def seen_at(whole: Inputs, day: int, hour: int, memory: Memory) -> tuple[DayMark, ...]:
    """Marks of a look at an hour of a day, when nothing of later is known."""
    known = 24 * day + hour
    end = 24 * (day + 1)
    energy, shares = whole.energy[:, :end].copy(), whole.shares[:, :end].copy()
    energy[:, known:], shares[:, known:] = ABSENT, 0
    shares[:, known:, MISSING] = WHOLE
    cut = replace(
        whole,
        hours_us=whole.hours_us[:end],
        energy=energy,
        shares=shares,
        temperature=whole.temperature[:end],
        now_us=day_us(day) + hour * HOUR_US,
    )
    return look(cut, memory).marks


@pytest.fixture(scope="module")
def memory() -> Memory:
    """Baselines that were made a week before."""
    whole = site()
    known = 24 * (TUESDAY - 7)
    cut = replace(
        whole,
        hours_us=whole.hours_us[:known],
        energy=whole.energy[:, :known],
        shares=whole.shares[:, :known],
        temperature=whole.temperature[:known],
        now_us=day_us(TUESDAY - 7),
    )
    made = look(cut).made
    assert {one.meter for one in made} == {"main", "part"}
    return Memory(made)


def test_a_plant_that_runs_once_in_the_night_is_seen_in_the_morning(memory: Memory) -> None:
    (mark,) = seen_at(site(run(TUESDAY, 1, 4)), TUESDAY, 6, memory)
    start_us = day_us(TUESDAY) + HOUR_US
    assert (mark.meter, mark.above) == ("part", True)
    assert (mark.start_us, mark.end_us) == (start_us, start_us + 3 * HOUR_US)
    assert mark.day == date(2026, 6, 9)
    assert mark.until_us == day_us(TUESDAY + 2)
    assert mark.low <= 3 * 10_000_000 <= mark.high
    assert mark.beyond == mark.measured - mark.high
    assert 70 < mark.beyond / 1_000_000 < 95
    assert mark.baseline_version == memory.versions[1].name


def test_it_vanishes_when_the_day_after_is_over(memory: Memory) -> None:
    whole = site(run(TUESDAY, 21, 24))
    found = [
        [one.meter for one in seen_at(whole, day, hour, memory)]
        for day, hour in ((TUESDAY, 6), (TUESDAY + 1, 0), (TUESDAY + 1, 23), (TUESDAY + 2, 0))
    ]
    assert found == [[], ["part"], ["part"], []]


def test_usual_days_and_hours_that_nobody_trusts_have_no_mark(memory: Memory) -> None:
    assert seen_at(site(), TUESDAY, 6, memory) == ()
    whole = site(run(TUESDAY, 1, 4))
    shares = whole.shares.copy()
    shares[:, 24 * TUESDAY + 1 : 24 * TUESDAY + 4, MEASURED] = WHOLE - 1
    assert seen_at(replace(whole, shares=shares), TUESDAY, 6, memory) == ()


def test_without_a_baseline_there_is_no_mark() -> None:
    whole = site(run(10, 1, 4))
    assert seen_at(whole, 10, 6, Memory()) == ()


def test_the_mark_of_a_meter_that_feeds_others_is_its_own_where_they_do_not_tell_it(
    memory: Memory,
) -> None:
    plant = run(TUESDAY, 1, 4)
    fed = use(1)
    above = inputs(
        {"main": ("01000", use(2) + fed + plant), "part": ("01B00", fed)}, feeders=FEEDERS
    )
    assert [one.meter for one in seen_at(above, TUESDAY, 6, memory)] == ["main"]
    apart = replace(site(plant), feeders={})
    assert {one.meter for one in seen_at(apart, TUESDAY, 6, memory)} == {"main", "part"}


def test_what_a_finding_tells_is_not_marked_again(memory: Memory) -> None:
    (mark,) = seen_at(site(run(TUESDAY, 1, 4)), TUESDAY, 6, memory)
    hours = [mark.start_us + n * HOUR_US for n in range(3)]
    assert unexplained([mark], {"part": frozenset(hours[:1])}, {}) == [mark]
    assert unexplained([mark], {"part": frozenset(hours[:2])}, {}) == []
    assert unexplained([mark], {"main": frozenset(hours)}, {}) == [mark]
