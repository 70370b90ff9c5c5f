"""A look judges the meters of which something has changed, and says what a whole look says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import Inputs, Limits, Look, Memory, look
from analytics.bins import OfficeHours, Working
from analytics.scan.again import Sights
from metering.quantity import ABSENT
from tests.analytics.conftest import build
from tests.analytics.test_analytics_stretched import without_habit

LAST = date(2026, 11, 15)
METERS, SUBS = range(8), (1, 2, 3, 5, 6, 7)


class Site:
    """A campus with baselines, of which things change between looks."""

    def __init__(self, seed: int) -> None:
        self.place = build(seed)
        self.place.run_nights("east-ac", date(2026, 11, 3), 6, 0.8)
        made = look(self.place.until(date(2026, 11, 1)).inputs()).made
        self.memory, self.last = Memory(made), LAST
        self.inputs, self.kept = self.place.until(LAST).inputs(), dict[bytes, Any]()

    def whole(self) -> Look:
        return look(self.inputs, self.memory)

    def again(self) -> Look:
        seen = look(self.inputs, self.memory, self.kept)
        self.kept = dict(seen.sights)
        return seen

    def raised(self, rows: tuple[int, ...], day: int, share: float) -> None:
        """Meters take more in a day's hours, counted back from the last."""
        energy = self.inputs.energy.copy()
        hours = slice(-24 * (day + 1), energy.shape[1] - 24 * day)
        for row in rows:
            energy[row, hours] += int(share * np.median(energy[row]))
        self.inputs = replace(self.inputs, energy=energy)

    def lost(self, row: int, hour: int) -> None:
        energy = self.inputs.energy.copy()
        energy[row, hour : hour + 5] = ABSENT
        self.inputs = replace(self.inputs, energy=energy)

    def warmer(self, hour: int) -> None:
        temperature = self.inputs.temperature.copy()
        temperature[hour] += 3.0
        self.inputs = replace(self.inputs, temperature=temperature)

    def day_later(self) -> None:
        if self.last < date(2026, 11, 23):
            self.last += timedelta(days=1)
            self.inputs = self.place.until(self.last).inputs()

    def forgotten_habit(self, row: int) -> None:
        """A meter's version becomes one from before habits were learned."""
        code = self.place.codes[row]
        versions = [without_habit(v) if v.meter == code else v for v in self.memory.versions]
        self.memory = replace(self.memory, versions=versions)

    def other_limits(self, row: int) -> None:
        own = {**self.inputs.limits, self.place.codes[row]: Limits(share_of_load=0.05)}
        self.inputs = replace(self.inputs, limits=own)

    def other_hours(self, row: int) -> None:
        week = (Working(hours=OfficeHours(opens=7, closes=20)),)
        self.inputs = replace(self.inputs, weeks={**self.inputs.weeks, self.place.codes[row]: week})


def change(site: Site, rng: np.random.Generator) -> None:
    row, hour = int(rng.choice(METERS)), int(rng.integers(0, site.inputs.hours_us.size - 5))
    changes: list[Callable[[], None]] = [
        lambda: None,
        lambda: site.raised((row,), int(rng.integers(0, 9)), float(rng.uniform(0.1, 2))),
        lambda: site.raised(SUBS, int(rng.choice([0, 1, 7, 8])), 3.0),
        lambda: site.lost(row, hour),
        lambda: site.warmer(hour),
        site.day_later,
        lambda: site.forgotten_habit(row),
        lambda: site.other_limits(row),
        lambda: site.other_hours(row),
    ]
    changes[int(rng.integers(len(changes)))]()


def assert_same(found: Look, whole: Look) -> None:
    names = ("findings", "made", "fresh", "progress", "savings", "explained", "marks", "revision")
    for name in names:
        assert getattr(found, name) == getattr(whole, name), name
    np.testing.assert_array_equal(found.energy, whole.energy)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000))
def test_a_look_at_what_changed_says_what_a_whole_look_says(seed: int) -> None:
    site, rng = Site(seed % 5), np.random.default_rng(seed)
    for _ in range(6):
        assert_same(site.again(), site.whole())
        change(site, rng)
    assert_same(site.again(), site.whole())


@pytest.fixture(scope="module")
def judged_once() -> tuple[Inputs, Memory, Sights]:
    site = Site(3)
    first = site.again()
    assert first.anew == len(METERS)
    return site.inputs, site.memory, site.kept


@pytest.fixture
def site(judged_once: tuple[Inputs, Memory, Sights]) -> Site:
    """Looked at before."""
    result = Site.__new__(Site)
    result.place, result.last = build(3), LAST
    result.inputs, result.memory, kept = judged_once
    result.kept = dict(kept)
    return result


def test_nothing_is_judged_where_nothing_changed(site: Site) -> None:
    assert site.again().anew == 0


@pytest.mark.parametrize(
    ("changed", "judged"),
    [
        (lambda site: site.raised((2,), 3, 0.2), 1),
        (lambda site: site.lost(5, 1000), 1),
        (lambda site: site.forgotten_habit(1), 1),
        (lambda site: site.other_limits(7), 1),
        (lambda site: site.other_hours(7), 1),
        (lambda site: site.raised((2, 6), 3, 0.2), 2),
        (lambda site: site.warmer(1000), 8),
        (lambda site: site.day_later(), 8),
    ],
)
def test_meters_are_judged_of_which_something_changed(
    site: Site, changed: Callable[[Site], None], judged: int
) -> None:
    changed(site)
    assert site.again().anew == judged
    assert site.again().anew == 0


def test_all_are_judged_where_many_run_on_a_day_of_rest_that_was_none_of_many(site: Site) -> None:
    site.raised(SUBS[:5], 7, 3.0)
    seen = site.again()
    assert seen.anew == len(METERS)
    assert_same(seen, site.whole())


def test_what_is_kept_of_a_meter_is_small(site: Site) -> None:
    """Not its hours: those of many sites would not fit into memory."""
    hours = site.inputs.hours_us.size
    for seen in site.kept.values():
        assert seen.rest.nbytes + seen.common.nbytes < hours
