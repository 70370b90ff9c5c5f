"""A phase that reads nothing: told after days on which it took its part, with what that hides."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from analytics import find
from analytics.detectors.meter_phase import LETTERS
from analytics.groups import Bools
from analytics.patterns import Need, provided
from analytics.phases import phase_days
from analytics.sensors import SensedHours, sensed_at
from api.sentences import sentence
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry
from tests.analytics.hourly_inputs import ZONE, Hours, inputs

HOUR = np.arange(24 * 28)
LATE = HOUR >= 24 * 20
SHARES = {"a": 0.4, "b": 0.35, "c": 0.25}


def power(seed: int = 1) -> dict[str, Hours]:
    """What passes each phase [kW]: more by day, each with a noise of its own."""
    rng = np.random.default_rng(seed)
    shape = 10 + 30 * ((HOUR % 24 >= 8) & (HOUR % 24 < 19) & (HOUR // 24 % 7 < 5))
    return {one: shape * share * rng.uniform(0.9, 1.1, HOUR.size) for one, share in SHARES.items()}


def told(metered: Hours, **sensed: Hours) -> list[Any]:
    """What is told of a meter; `sensed` has a role's values by the hour."""
    said = tuple(SensedHours("house", role, "m", own) for role, own in sensed.items())
    found = find(inputs({"m": ("01000", metered)}, sensed=said))
    return [one for one in found if one.pattern == "meter_phase"]


def of(quantity: str, values: dict[str, Hours]) -> dict[str, Hours]:
    return {f"{quantity}_{one}": own for one, own in values.items()}


def without(values: dict[str, Hours], phase: str, when: Bools = LATE) -> dict[str, Hours]:
    return {**values, phase: np.where(when, 0.0, values[phase])}


def total(values: dict[str, Hours]) -> Hours:
    return np.asarray(np.sum(list(values.values()), axis=0))


def amperes(values: dict[str, Hours]) -> dict[str, Hours]:
    return {one: own / 0.23 for one, own in values.items()}


VOLTS = {one: np.full(HOUR.size, 230.0) for one in LETTERS}


def test_a_lost_transformer_is_told_with_what_it_hides() -> None:
    true, lost = power(), without(power(), "b")
    (found,) = told(total(lost), **of("current", amperes(lost)), **of("voltage", VOLTS))
    hidden = float(true["b"][LATE].sum())
    assert (found.meter, found.cause, found.detail["phase"]) == ("m", "phase_current_lost", "b")
    assert "also" not in found.detail
    assert (found.waste, found.costs, found.confidence, found.detail["days"]) == (0.0, (), 1.0, 8)
    metered = float(total(lost)[LATE].sum())
    low, middle, high = (metered * found.detail[f"unmetered{e}"] for e in ("_low", "", "_high"))
    assert low < hidden < high
    assert middle == pytest.approx(hidden, rel=0.05)
    english, chinese = (sentence(found, ZONE, one) for one in ("en", "zh"))
    assert "phase B" in english
    assert "were not metered" in english
    assert "B 相" in chinese


@pytest.mark.parametrize(
    ("dead", "there", "cause", "also", "hides"),
    [
        (("current",), (), "phase_current_lost", "phase_supply_lost", True),
        (("voltage",), ("current",), "phase_voltage_lost", None, True),
        (("voltage", "current"), (), "phase_supply_lost", None, False),
        (("voltage", "current", "power"), (), "phase_supply_lost", None, False),
        (("voltage",), (), "phase_voltage_lost", "phase_supply_lost", False),
        (("power",), ("current",), "phase_voltage_lost", None, True),
        (("power",), (), "phase_voltage_lost", "phase_current_lost", True),
        (("power", "current"), ("voltage",), "phase_current_lost", None, True),
    ],
)
def test_what_is_dead_beside_it_tells_the_cause(
    dead: tuple[str, ...], there: tuple[str, ...], cause: str, also: str | None, hides: bool
) -> None:
    whole = {"power": power(), "current": amperes(power()), "voltage": VOLTS}
    said = [of(one, without(whole[one], "a")) for one in dead] + [of(o, whole[o]) for o in there]
    merged = {role: own for part in said for role, own in part.items()}
    (found,) = told(total(power()), **merged)
    assert (found.cause, found.detail.get("also")) == (cause, also)
    assert ("unmetered" in found.detail) == hides


def test_a_phase_that_may_have_no_load_or_was_dead_for_a_few_days_is_not_told() -> None:
    usual = power()
    never = without(usual, "c", HOUR >= 0)
    assert told(total(never), **of("current", amperes(never))) == []
    hardly = {**usual, "c": 0.05 * usual["c"]}
    gone = without(hardly, "c")
    assert told(total(gone), **of("current", amperes(gone))) == []
    few = without(usual, "c", (HOUR >= 24 * 20) & (HOUR < 24 * 24))
    assert told(total(few), **of("current", amperes(few))) == []
    early = without(usual, "c", HOUR >= 24 * 6)
    assert told(total(early), **of("current", amperes(early))) == []
    resting = {one: np.where(LATE, 0.01 * own, own) for one, own in usual.items()}
    assert told(total(resting), **of("current", amperes(resting))) == []
    assert told(total(usual), **of("current", amperes(usual)), **of("voltage", VOLTS)) == []
    two = without(without(usual, "a"), "b")
    assert told(total(two), **of("current", amperes(two))) == []
    assert told(total(usual), current_a=usual["a"], current_b=np.zeros(HOUR.size)) == []


def test_a_phase_that_feeds_back_is_none_but_one_that_does_not_is() -> None:
    back = {one: -own for one, own in power().items()}
    assert told(total(power()), **of("power", back)) == []
    (found,) = told(total(power()), **of("power", without(back, "c")))
    assert found.detail["phase"] == "c"


def test_a_phase_that_works_for_hours_of_each_day_is_none() -> None:
    some = without(power(), "a", LATE & (HOUR % 24 < 18))
    assert told(total(some), **of("current", amperes(some))) == []


def test_hours_that_are_unknown_are_not_dead() -> None:
    silent = {**power(), "b": np.where(LATE, np.nan, power()["b"])}
    assert told(total(power()), **of("current", silent)) == []
    day = np.repeat(np.arange(28), 24)
    found = phase_days(list(silent.values()), 1, day, 0.02)
    assert found.days.tolist() == list(range(20))
    assert not found.dead.any()


def registry(*meters: tuple[str, str, str, str]) -> Registry:
    """Meters (code, item, gateway, point) at one building, and phases of the device E2 of s/g."""
    points = [Point(n, one[2], one[3], Kind.REGISTER, "kWh") for n, one in enumerate(meters)]
    phases = [
        Point(100 + n, "s/g", f"E2.Ia{one}", Kind.INSTANT, "A", f"current_{one}", "b")
        for n, one in enumerate(LETTERS)
    ]
    return Registry(
        nodes={"b": Node("b", NodeType.BUILDING, zone=ZONE)},
        meters={one[0]: Meter(one[0], "b", one[1]) for one in meters},
        points={one.id: one for one in [*points, *phases]},
        installations=tuple(Installation(one[0], n) for n, one in enumerate(meters)),
    )


@pytest.mark.parametrize(
    ("meters", "wanted"),
    [
        ([("m", "01000", "s/g", "x")], "m"),
        ([("m", "01000", "s/g", "E1.kWh"), ("n", "01B00", "s/g", "E2.kWh")], "n"),
        ([("m", "01000", "s/h", "E2.kWh"), ("n", "01B00", "s/g", "E7.kWh")], "n"),
        ([("m", "01000", "s/g", "E2.kWh"), ("n", "01B00", "s/g", "E2.kWh2")], ""),
        ([("m", "01000", "s/g", "E1.kWh"), ("n", "01B00", "s/g", "E3.kWh")], ""),
        ([("w", "02000", "s/g", "E2.m3")], ""),
    ],
)
def test_phases_are_of_the_meter_of_their_device(
    meters: list[tuple[str, str, str, str]], wanted: str
) -> None:
    known, day = registry(*meters), date(2026, 5, 4)
    found = sensed_at(known, known.meters.values(), frozenset({"b"}), day)
    assert [(one.role, one.meter, len(points)) for one, points in found] == [
        (f"current_{one}", wanted, 1) for one in LETTERS if wanted
    ]
    assert (Need.PHASES in provided(known, ["b"], day)) == bool(wanted)
