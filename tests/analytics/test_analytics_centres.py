"""Data centres: more beside the servers, and a UPS that loses more, against days like these."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import find
from analytics.centres import CentreMeters, centre_meters
from analytics.lasting import lasting
from analytics.overheads import DayUse, Overheads, judge
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge
from metering.validity import Validity
from tests.analytics.hourly_inputs import Hours, inputs

DAYS = 60
HOUR = np.arange(24 * DAYS)
LATE = HOUR >= 24 * 45
ROLES = ("utility", "it", "cooling", "ups_in", "ups_out")
CENTRE = CentreMeters("dc", {role: (role,) for role in ROLES})
PATTERNS = {"pue_excess", "ups_loss"}


def outdoor(seed: int = 3) -> Hours:
    """Warmer week by week, with days and a wandering of its own [C]."""
    rng = np.random.default_rng(seed)
    wander = np.repeat(np.cumsum(rng.normal(0, 0.8, DAYS)), 24)
    return 12 + 6 * HOUR / HOUR.size + 4 * np.sin((HOUR % 24 - 9) / 24 * 2 * np.pi) + wander


def powers(seed: int = 0, **more: Any) -> dict[str, Hours]:
    """A centre whose cooling follows its IT and the weather; `more` is added to a role."""
    rng = np.random.default_rng(seed)
    it = 200 + 8 * np.sin(HOUR / 24) + rng.normal(0, 2, HOUR.size)
    out = it * 1.02
    into = out / 0.94 + more.get("ups_in", 0.0)
    cooling = it * 0.25 + 2.0 * np.maximum(outdoor() - 8, 0) + more.get("cooling", 0.0)
    other = 10 + rng.normal(0, 0.5, HOUR.size) + more.get("other", 0.0)
    return {
        "utility": into + cooling + other,
        "it": it,
        "cooling": cooling,
        "ups_in": into,
        "ups_out": out,
    }


def told(made: dict[str, Hours], centre: CentreMeters = CENTRE) -> list[Any]:
    given_ = inputs(
        {role: ("01000", made[role]) for role in made}, temperature=outdoor(), centres=(centre,)
    )
    return [one for one in find(given_) if one.pattern in PATTERNS]


@pytest.mark.parametrize("seed", range(5))
def test_a_centre_that_is_as_it_was_is_silent(seed: int) -> None:
    assert told(powers(seed)) == []


@pytest.mark.parametrize(
    ("role", "cause", "also"),
    [
        ("cooling", "cooling_works_more", "losses_grew"),
        ("other", "losses_grew", "cooling_works_more"),
    ],
)
def test_more_beside_the_servers_is_told_with_its_size_and_its_cause(
    role: str, cause: str, also: str
) -> None:
    (found,) = told(powers(**{role: np.where(LATE, 15.0, 0.0)}))
    assert (found.pattern, found.meter, found.node) == ("pue_excess", "utility", "dc")
    assert (found.cause, found.detail["also"]) == (cause, also)
    assert found.detail["odds"] > 0.7
    assert found.waste == pytest.approx(15 * 24 * 15, rel=0.25)
    assert found.waste_low < 15 * 24 * 15 < found.waste_high
    assert found.detail["ratio"] > found.detail["usual_ratio"] + 0.03
    assert found.costs


def test_without_meters_of_the_cooling_nobody_can_tell_the_cause() -> None:
    few = CentreMeters("dc", {"utility": ("utility",), "it": ("it",)})
    (found,) = told(powers(cooling=np.where(LATE, 15.0, 0.0)), few)
    assert found.detail["odds"] == 0.5


def test_three_days_are_too_few_and_become_what_is_usual() -> None:
    three = np.where((HOUR >= 24 * 45) & (HOUR < 24 * 48), 30.0, 0.0)
    assert told(powers(cooling=three)) == []


def test_a_ups_that_loses_more_is_told() -> None:
    (found, *rest) = told(powers(ups_in=np.where(LATE, 8.0, 0.0)))
    by_pattern = {one.pattern: one for one in (found, *rest)}
    loss = by_pattern["ups_loss"]
    assert loss.meter == "ups_in"
    assert loss.waste == pytest.approx(8 * 24 * 15, rel=0.1)
    assert (loss.detail["usual_efficiency"], loss.detail["efficiency"]) == (
        pytest.approx(0.94, abs=0.003),
        pytest.approx(0.94 * 204 / (204 + 8 * 0.94), abs=0.004),
    )


def test_another_load_is_not_held_against_days_without_it() -> None:
    made = powers()
    grown = {role: np.where(LATE, own * 1.4, own) for role, own in made.items()}
    grown["ups_in"] = np.where(LATE, grown["ups_out"] / 0.9, made["ups_in"])
    assert [one for one in told(grown) if one.pattern == "ups_loss"] == []


def test_hours_that_are_unknown_are_held_against_nothing() -> None:
    made = powers(cooling=np.where(LATE, 15.0, 0.0))
    made["it"] = np.where(LATE & (HOUR % 24 < 4), np.nan, made["it"])
    (found,) = told(made)
    assert found.waste == pytest.approx(15 * 24 * 15, rel=0.25)
    made["it"] = np.where(LATE & (HOUR % 24 < 5), np.nan, made["it"])
    assert told(made) == []


def of_days(*told_: float) -> DayUse:
    """Days that want alike."""
    return DayUse(np.arange(len(told_)), np.array(told_), np.ones(len(told_)), None)


def judged(use: DayUse, least: float) -> Overheads:
    return judge(use, np.full(use.days.size, least), 3.0)


def test_a_day_is_judged_from_three_weeks_on_and_days_that_were_no_run_are_history() -> None:
    assert judged(of_days(*[0.0] * 20, *[5.0] * 5), 1.0).runs == ()
    (run,) = judged(of_days(*[0.0] * 21, *[5.0] * 5), 1.0).runs
    assert run.tolist() == [21, 22, 23, 24, 25]
    found = judged(of_days(*[0.0] * 21, *[5.0] * 4, *[0.0] * 9), 1.0)
    assert (found.runs, found.history.tolist()[21:]) == (
        (),
        [*[21] * 5, 22, 23, *range(28, 34)],
    )


def naive(told: list[float], least: float) -> list[list[int]]:
    """The rule for days that want alike, told once more: the fit is a mean without what is far."""
    history: list[int] = []
    run: list[int] = []
    runs: list[list[int]] = []

    def end() -> None:
        if lasting(run):
            runs.append(list(run))
        else:
            history.extend(run)
        run.clear()

    for day, own in enumerate(told):
        if run and day - run[-1] > 3:
            end()
        before = [told[one] for one in sorted(history)]
        limit = np.inf
        if len(before) >= 21:
            wide = 1.4826 * float(np.median(np.abs(before - np.mean(before))))
            near = [one for one in before if abs(one - np.mean(before)) <= 4.5 * wide + 1e-9]
            middle = float(np.mean(near if len(near) > 2 else before))
            spread = 1.4826 * float(np.median(np.abs(before - np.float64(middle))))
            limit = middle + max(3 * spread, least)
        (run if own > limit + 1e-9 else history).append(day)
    end()
    return runs


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.sampled_from([0.35, 1.35, 2.85]))
def test_runs_are_those_of_the_naive_rule(told: list[int], least: float) -> None:
    number = len(told)
    use = DayUse(np.arange(number), np.array(told, dtype=np.float64), np.ones(number), None)
    found = [run.tolist() for run in judged(use, least).runs]
    assert found == naive([float(one) for one in told], least)


def test_the_meters_of_a_centre_are_those_below_it_with_a_role() -> None:
    day = date(2026, 5, 4)
    nodes = [
        Node("s", NodeType.SITE),
        Node("dc", NodeType.DATACENTRE),
        Node("hall", NodeType.ROOM),
    ]
    meters = [
        Meter("u", "dc", "01000", dc_role="utility"),
        Meter("i2", "hall", "01000", dc_role="it"),
        Meter("i1", "hall", "01000", dc_role="it"),
        Meter("old", "hall", "01000", dc_role="it", valid=Validity(None, day)),
        Meter("plain", "dc", "01000"),
        Meter("lost", "s", "01000", dc_role="it"),
    ]
    known = Registry(
        nodes={one.code: one for one in nodes},
        space=(SpaceEdge("s", "dc"), SpaceEdge("dc", "hall")),
        meters={one.code: one for one in meters},
    )
    (found,) = centre_meters(known, meters, day)
    assert found == CentreMeters("dc", {"it": ("i1", "i2"), "utility": ("u",)})
    assert found.meters("cooling") == ()
