"""Verdicts of days over real versions of baselines: held against every hour of them, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from analytics import look, site_inputs
from analytics.bins import HourCalendar
from analytics.judging import judged
from analytics.stored import unpacked
from metering.localtime import day_number
from metering.quality import MEASURED, WHOLE
from metering.quantity import ABSENT
from storage import MemoryReadings, memory_stores
from tests.api.conftest import TODAY, make_world, sign_in

YESTERDAY = TODAY - timedelta(days=1)
SILENT = TODAY - timedelta(days=9)
"""Of a building three hours are lacking."""
COUNTED = {
    "office-a": ["office-a-total"],
    "office-b": ["office-b-total"],
    "campus": ["office-a-total", "office-b-total", "canteen-total", "dc-utility"],
}


@pytest.fixture(scope="module")
def learnt():
    """A world whose meters have versions, and the hours that they were made of."""
    world = make_world(memory_stores(), MemoryReadings())
    platform = world.platform
    with platform.figures.view() as view:
        inputs = site_inputs(view, platform.readings, "campus", history_days=60)
        made = look(inputs).made
    platform.baselines.keep(made)
    return world, inputs, {one.meter: one for one in made}


def told(world, node: str, key: str = "bureau", days: int = 20) -> list[dict]:
    start = TODAY - timedelta(days=days)
    answer = world.get("/v1/verdicts", key=key, node=node, start=start, end=TODAY)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize("node", COUNTED)
def test_each_day_is_the_sum_of_its_known_hours_meter_by_meter(learnt, node):
    world, inputs, made = learnt
    rows = {meter.code: row for row, meter in enumerate(inputs.meters)}
    clock = HourCalendar.of(inputs.hours_us, inputs.zone, inputs.calendar)
    expected = {
        code: judged([[unpacked(made[code])]], clock, inputs.temperature, inputs.hours_us).expected[
            0
        ]
        for code in COUNTED[node]
    }
    gaps = [one for one in inputs.events if one.kind == "gap"]
    for one in told(world, node):
        measured = should = 0.0
        known = hours = 0
        for code in COUNTED[node]:
            for hour in np.flatnonzero(clock.day == day_number(date.fromisoformat(one["day"]))):
                at, amount = int(inputs.hours_us[hour]), int(inputs.energy[rows[code], hour])
                shares = inputs.shares[rows[code], hour]
                touched = [
                    gap
                    for gap in gaps
                    if gap.meter == code and gap.start_us < at + 3_600_000_000 and at < gap.end_us
                ]
                hours += 1
                if amount != ABSENT and shares[MEASURED] == WHOLE and not touched:
                    known += 1
                    measured += amount / 1e6
                    should += float(expected[code][hour])
        assert one["measured"] == pytest.approx(measured, abs=1e-5)
        assert one["expected"] == pytest.approx(max(should, 0.0), rel=1e-6)
        assert (one["meters"], one["meters_judged"]) == (len(COUNTED[node]),) * 2
        assert (one["complete"] == 1.0) is (known == hours)
        if one["lack"] is None:
            low, high = one["expected_low"], one["expected_high"]
            assert one["verdict"] == (
                "above" if measured > high else "below" if measured < low else "within"
            )


def test_a_day_of_which_too_little_is_known_has_no_verdict(learnt):
    world, _, _ = learnt
    days = {one["day"]: one for one in told(world, "office-b")}
    silent = days[SILENT.isoformat()]
    assert (silent["verdict"], silent["lack"]) == ("not_checked", "incomplete")
    assert silent["complete"] == pytest.approx(21 / 24, abs=1e-4)
    whole = {one["day"]: one for one in told(world, "campus")}[SILENT.isoformat()]
    assert whole["lack"] is None
    assert 0.9 < whole["complete"] < 1


def test_who_has_no_baseline_is_not_judged_and_how_much_is_said(learnt):
    world, _, _ = learnt
    kept = world.platform.baselines

    class Some:
        """Versions of one meter alone."""

        def versions(self, meters, *, models=True):
            own = [one for one in meters if one == "office-a-total"]
            return kept.versions(own, models=models)

    some = replace(world, platform=replace(world.platform, baselines=Some()))
    some.client.app.state.platform = some.platform
    try:
        campus, office, canteen = (told(some, n) for n in ("campus", "office-a", "canteen"))
    finally:
        world.client.app.state.platform = world.platform
    assert {one["lack"] for one in canteen} == {"no_baseline"}
    assert all(one["measured"] is None for one in canteen)
    assert {one["lack"] for one in campus} == {"partly_judged"}
    assert all(0 < one["judged"] < 0.5 and one["meters_judged"] == 1 for one in campus)
    assert all(one["judged"] == 1.0 for one in office)


def test_a_key_asks_for_its_own_places_and_days_that_are_over(learnt):
    world, _, _ = learnt
    assert told(world, "office-a", key="building") == told(world, "office-a")
    assert world.get("/v1/verdicts", key="building", node="campus").status_code == 404
    assert world.get("/v1/verdicts", key="school", node="campus").status_code == 404
    later = world.get("/v1/verdicts", node="campus", start=YESTERDAY, end=TODAY + timedelta(days=9))
    assert [one["day"] for one in later.json()["data"]] == [YESTERDAY.isoformat()]
    many = world.get("/v1/verdicts", node="campus", start="2026-01-01", end=TODAY)
    assert (many.status_code, many.json()["field"]) == (422, "end")


def test_home_tells_the_verdicts_that_the_api_tells(learnt):
    world, _, _ = learnt
    sign_in(world)
    yesterday = told(world, "campus", days=1)[0]
    html = world.client.get("/?node=campus", headers={"Accept-Language": "en"}).text
    words = {"within": "Within", "above": "Above", "below": "Below"}
    assert words[yesterday["verdict"]] in html
    assert f"{yesterday['measured']:,.0f} kWh; should have been" in html
    span = f"{yesterday['expected_low']:,.0f} – {yesterday['expected_high']:,.0f} kWh"
    assert span in html
    assert html.count('class="mark within" ') > 10
    assert "2026年11月" in world.client.get("/?node=campus", headers={"Accept-Language": "zh"}).text
