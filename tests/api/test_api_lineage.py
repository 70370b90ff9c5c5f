"""From a figure to the readings it rests on, and what was decided of them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from metering.localtime import HOUR_US, day_bounds, iso, parse_instant
from metering.reading import ENTERED_ORDER, Flag, Kind, ReadingColumns
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from metering.validity import Validity
from tests.api.conftest import sign_in

ZONE = "Asia/Shanghai"
DAY = date(2026, 11, 9)
START = day_bounds(DAY, ZONE)[0]
DAY_US = 24 * HOUR_US
NOW = START + 12 * DAY_US


def office(meters, points, installations) -> Registry:
    return Registry(
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone=ZONE),
            "b": Node("b", NodeType.BUILDING),
        },
        space=(SpaceEdge("o", "b"),),
        gateways={"b/g": Gateway("b", "g")},
        meters={meter.code: meter for meter in meters},
        points={point.id: point for point in points},
        installations=tuple(installations),
    )


def register(id: int = 1, kind: Kind = Kind.REGISTER, unit: str = "kWh") -> Point:
    return Point(id, "b/g", f"E{id}", kind, unit)


def main(**more: object) -> Meter:
    return Meter("m", "b", "01000", total=True, **more)


def lineage(world, status: int = 200, **asked: object) -> dict:
    response = world.get("/v1/energy/lineage", **asked)
    assert response.status_code == status, response.text
    return response.json()


def every(seconds: int, days: float, first: int = START) -> np.ndarray:
    step = seconds * 1_000_000
    return first + np.arange(int(days * DAY_US // step) + 1) * step


@pytest.fixture
def fine(booked):
    """A register behind a transformer of 40, read every 30 seconds for three days: 12 kWh an hour
    [0.3 kWh of the register]."""
    times = every(30, 3)
    values = 1000 + (times - START) / HOUR_US * 0.3
    known = office([main()], [register()], [Installation("m", 1, ratio=Decimal(40))])
    return booked(known, NOW, {1: (times, np.round(values, 4))})


def test_a_day_of_half_minutes_is_whole(fine):
    found = lineage(fine, meter="m", time=iso(START), step="day")
    (source,) = found["meters"][0]["sources"]
    assert len(source["readings"]) == 2881
    assert source["left_out"] == 0
    assert all(one["used"] for one in source["readings"])


def test_what_is_not_listed_is_counted(fine):
    found = lineage(fine, meter="m", time=iso(START), step="month")
    assert (found["start"][:10], found["end"][:10]) == ("2026-11-01", "2026-12-01")
    (source,) = found["meters"][0]["sources"]
    inside = [
        r for r in source["readings"] if START <= parse_instant(r["time"]) <= START + 3 * DAY_US
    ]
    assert len(inside) + source["left_out"] == 3 * 2880 + 1
    assert len(inside) >= 3000
    assert source["readings"][-1]["time"] == iso(START + 3 * DAY_US)
    assert Decimal(found["value"]) == Decimal(3 * 24 * 12)


@pytest.mark.parametrize("step", ["native", "15min", "hour", "day", "month"])
def test_a_calculator_comes_to_the_number(fine, step):
    found = lineage(fine, meter="m", time=iso(START + 30 * HOUR_US), step=step)
    (source,) = found["meters"][0]["sources"]
    told = source["calculation"]
    times = {one["time"]: one["value"] for one in source["readings"]}
    rise = Decimal(repr(times[told["last"]])) - Decimal(repr(times[told["first"]]))
    assert (Decimal(told["rise"]), told["factor"], source["ratio"]) == (rise, "40", "40")
    assert rise * 40 == Decimal(told["energy"])
    passed = Decimal(told["energy"]) - Decimal(told["before"]) - Decimal(told["after"])
    assert passed == Decimal(told["value"]) == Decimal(found["value"])
    assert found["step"] == step
    told_there = fine.get(found["energy"]).json()["data"]
    assert found["value"] in [one["value"] for one in told_there]
    assert found["cost"]["unpriced"] == found["value"]


@pytest.fixture
def spiked(booked):
    """Quarter hours of 1 kWh; three readings on another level at 06:00, five hours of silence on
    the next day."""
    times = every(900, 10)
    values = np.arange(len(times)) * 1.0 + 500
    values[24:27] += 90_000
    kept = np.ones(len(times), dtype=bool)
    kept[96 + 40 : 96 + 60] = False
    known = office([main()], [register()], [Installation("m", 1)])
    return booked(known, NOW, {1: (times[kept], values[kept])})


def test_beside_a_spike_the_readings_around_it_are_named(spiked):
    at = START + 24 * 900_000_000
    found = lineage(spiked, meter="m", time=iso(at), step="15min")
    (meter,) = found["meters"]
    readings = meter["sources"][0]["readings"]
    used = [one["time"] for one in readings if one["used"]]
    assert used == [iso(START + 23 * 900_000_000), iso(START + 27 * 900_000_000)]
    rejected = [one for one in readings if not one["used"]]
    assert {one["rejected_by"] for one in rejected} == {"spike"}
    assert found["value"] == "1.000000"
    told = meter["sources"][0]["calculation"]
    assert (told["rise"], told["before"], told["after"]) == ("4.0", "1.000000", "2.000000")


def test_a_decision_says_rule_cost_limit_value_energy_and_messages(spiked):
    found = lineage(spiked, meter="m", time=iso(START), step="day")
    (decision,) = found["meters"][0]["decisions"]
    assert (decision["rule"], decision["cost"], decision["left_out"]) == ("spike", 4, 3)
    assert (decision["value"], decision["value_amount"]) == ("90524.000000", 90_524_000_000)
    assert (decision["energy"], decision["energy_amount"]) == ("4.000000", 4_000_000)
    assert Decimal(decision["limit"]) * 1_000_000 == decision["limit_amount"]
    assert [one["place"] for one in decision["readings"]] == ["before", "left_out", "after"]
    assert [one["value"] for one in decision["readings"]] == [523.0, 90_524.0, 527.0]
    assert all(one["message"].startswith("/v1/messages/") for one in decision["readings"])
    assert set(decision["why"]) == {"en", "zh"}
    (event,) = [
        one
        for one in spiked.get("/v1/register-events", start=iso(START - DAY_US)).json()["data"]
        if one["kind"] == "spike"
    ]
    for name in ("limit", "value", "energy"):
        assert decision[f"{name}_amount"] == event[name]


def test_a_place_sums_the_decisions_below_it(spiked):
    found = lineage(spiked, node="o", item="01000", time=iso(START), step="month")
    sums = {one["rule"]: one for one in found["decisions"]}
    assert {rule: one["count"] for rule, one in sums.items()} == {"gap": 1, "spike": 1}
    assert sums["gap"]["energy"] == "21.000000"
    assert found["meters"][0]["days_counted"] == 30
    assert found["meters"][0]["certain"] is True


def test_a_week_is_followed_like_a_step(spiked):
    found = lineage(spiked, meter="m", start="2026-11-09", end="2026-11-16")
    assert (found["value"], found["step"]) == ("672.000000", None)
    assert found["meters"][0]["sources"][0]["calculation"]["value"] == "672.000000"
    inside = lineage(spiked, meter="m", start=iso(START), end=iso(START + 5 * HOUR_US))
    assert (inside["value"], inside["cost"]) == ("20.000000", None)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "time"),
        ({"start": "2026-11-09"}, "time"),
        ({"time": iso(START), "start": "2026-11-09", "end": "2026-11-10"}, "time"),
        ({"start": "2026-11-09", "end": "2026-11-09"}, "end"),
        ({"start": "2026-01-01", "end": "2026-06-01"}, "end"),
        ({"start": "2026-11-09", "end": "2026-11-10", "role": "x"}, "role"),
        ({"start": iso(START), "end": iso(START + HOUR_US + 1)}, "end"),
        ({"time": iso(START), "role": "it"}, "role"),
    ],
)
def test_what_cannot_be_asked_names_its_field(spiked, asked, field):
    assert lineage(spiked, 422, meter="m", **asked)["field"] == field


def test_each_register_of_a_change_is_a_source(booked):
    """Of a month in which the meter was changed both are shown, with their own ratios."""
    changed = date(2026, 11, 13)
    times = every(900, 10)
    at = day_bounds(changed, ZONE)[0]
    old, new = times[times <= at], times[times >= at]
    known = office(
        [main()],
        [register(1), register(2)],
        [
            Installation("m", 1, valid=Validity(None, changed)),
            Installation("m", 2, ratio=Decimal(2), valid=Validity(changed, None)),
        ],
    )
    world = booked(
        known, NOW, {1: (old, np.arange(len(old)) * 1.0), 2: (new, np.arange(len(new)) * 0.5)}
    )
    found = lineage(world, meter="m", time=iso(START), step="month")
    one, other = found["meters"][0]["sources"]
    assert (one["point"], one["ratio"], other["point"], other["ratio"]) == (1, "1", 2, "2")
    assert (one["counts_to"], other["counts_from"]) == (iso(at, ZONE), iso(at, ZONE))
    values = [Decimal(source["calculation"]["value"]) for source in (one, other)]
    assert sum(values) == Decimal(found["value"]) == 960


@pytest.mark.parametrize(("until", "ended"), [(DAY - timedelta(days=1), True), (DAY, False)])
def test_a_calibration_that_has_ended_is_said(booked, signed, until, ended):
    """Of the interval's own day; its readings count all the same."""
    exact = Installation("m", 1, accuracy_class="0.5S", calibrated_until=until)
    times = every(900, 2)
    values = {1: (times, np.arange(len(times)) * 1.0)}
    world = booked(office([main()], [register()], [exact]), NOW, values)
    found = lineage(world, meter="m", time=iso(START), step="day")
    (source,) = found["meters"][0]["sources"]
    assert (source["accuracy_class"], source["calibrated_until"]) == ("0.5S", until.isoformat())
    assert source["calibration_expired"] is ended
    assert (found["value"], found["shares"]["measured"]) == ("96.000000", 1.0)
    signed(world)
    asked = {"meter": "m", "time": iso(START), "step": "day"}
    for language, words in (("en", ("0.5S", "ended on")), ("zh", ("准确度等级 0.5S", "届满"))):
        world.client.get(f"/language/{language}?next=/lineage")
        html = world.client.get("/lineage", params=asked).text
        assert words[0] in html
        assert (words[1] in html) is ended


def test_an_interval_says_which_time_it_speaks_of(booked):
    """Mean power each five minutes, one stamp off the grid and one a second time."""
    times = every(300, 2)[:-1]
    times = np.sort(np.append(times, [times[10] + 100_000_000, times[20] + 1_000_000]))
    values = np.full(len(times), 6.0)
    known = office(
        [main()], [register(1, Kind.MEAN, "kW")], [Installation("m", 1, ratio=Decimal(10))]
    )
    world = booked(known, NOW, {1: (times, values)})
    found = lineage(world, meter="m", time=iso(START), step="day")
    (meter,) = found["meters"]
    (source,) = meter["sources"]
    assert (source["kind"], len(source["readings"]), source["left_out"]) == ("mean", 290, 0)
    why = [one["rejected_by"] for one in source["readings"] if not one["used"]]
    assert why == ["off_grid", "same_interval"]
    used = [one for one in source["readings"] if one["used"]]
    assert {one["energy"] for one in used} == {"5.000000"}
    assert used[0]["covers"] == {"start": iso(START), "end": iso(START + 300_000_000)}
    assert sum(Decimal(one["energy"]) for one in used) == Decimal(found["value"])
    (decision,) = meter["decisions"]
    assert (decision["rule"], decision["left_out"]) == ("off_grid", 1)
    assert decision["readings"][0]["rejected_by"] == "off_grid"


def test_a_break_has_no_calculation(booked):
    times = every(900, 6)
    values = np.arange(len(times)) * 1.0 + 5000
    values[200:] -= values[200]
    known = office([main()], [register()], [Installation("m", 1)])
    world = booked(known, NOW, {1: (times, values)})
    day = START + 2 * DAY_US
    found = lineage(world, meter="m", time=iso(day), step="day")
    (meter,) = found["meters"]
    assert meter["sources"][0]["calculation"] is None
    assert [one["rule"] for one in meter["decisions"]] == ["reset"]
    assert meter["decisions"][0]["energy"] is None


@pytest.mark.parametrize(
    ("value", "rule", "why"), [(-3.0, "negative", "negative"), (500.0, "over_limit", "spike")]
)
def test_an_interval_that_is_refused_is_not_used(booked, value, rule, why):
    times = every(900, 6)
    values = np.full(len(times), 2.0) + np.arange(len(times)) % 7 / 10
    values[250] = value
    known = office([main()], [register(kind=Kind.INTERVAL)], [Installation("m", 1)])
    world = booked(known, NOW, {1: (times, values)})
    found = lineage(world, meter="m", time=iso(int(times[250])), step="day")
    (meter,) = found["meters"]
    (source,) = meter["sources"]
    assert [one["rejected_by"] for one in source["readings"] if not one["used"]] == [why]
    used = [Decimal(one["energy"]) for one in source["readings"] if one["used"]]
    assert sum(used) == Decimal(found["value"])
    (decision,) = meter["decisions"]
    assert (decision["rule"], decision["left_out"]) == (rule, 1)
    assert decision["readings"][0]["value"] == value


def test_a_change_that_no_reading_tells_has_no_calculation(booked):
    """What passed at the change is split by time, and stands in neither side's readings."""
    times = every(900, 6)
    change = START + 2 * DAY_US + 10 * 3_600_000_000 + 420_000_000
    day = DAY + timedelta(days=2)
    text = iso(change)
    sides = [
        Installation("m", 1, Decimal(20), valid=Validity(None, day + timedelta(days=1)), ends=text),
        Installation("m", 1, Decimal(40), valid=Validity(day, None), starts=text),
    ]
    known = office([main()], [register()], sides)
    world = booked(known, NOW, {1: (times, np.arange(len(times)) * 1.0 + 5000)})
    found = lineage(world, meter="m", time=text, step="day")
    (meter,) = found["meters"]
    assert [one["calculation"] for one in meter["sources"]] == [None, None]
    other = lineage(world, meter="m", time=iso(START + DAY_US), step="day")
    assert other["meters"][0]["sources"][0]["calculation"] is not None


def test_readings_inside_a_window_of_change_are_not_used(booked):
    """Both registers are sent through all of it, and nobody knows which one was connected."""
    times = every(900, 6)
    start, end = (START + 2 * DAY_US + hour * HOUR_US for hour in (14, 16))
    day, text = DAY + timedelta(days=2), f"{iso(start)}/{iso(end)}"
    values = np.arange(len(times)) * 1.0
    at = int(np.searchsorted(times, start))
    final, first = Decimal(int(values[at + 4])), Decimal(100)
    known = office(
        [main()],
        [register(1), register(2)],
        [
            Installation(
                *("m", 1), valid=Validity(None, day + timedelta(days=1)), ends=text, final=final
            ),
            Installation("m", 2, valid=Validity(day, None), starts=text, first=first),
        ],
    )
    old, new = times <= end, times >= start
    world = booked(known, NOW, {1: (times[old], values[old]), 2: (times[new], values[new] + 9000)})
    found = lineage(world, meter="m", time=iso(start), step="day")
    one, other = found["meters"][0]["sources"]
    assert (one["counts_to"], other["counts_from"]) == (iso(start, ZONE), iso(end, ZONE))
    assert (one["first"], one["final"]) == (None, str(final))
    assert (other["first"], other["final"]) == (str(first), None)
    for source in (one, other):
        inside = [r for r in source["readings"] if start < parse_instant(r["time"]) < end]
        assert len(inside) == 7
        assert {r["rejected_by"] for r in inside} == {"other_register"}


def test_an_interval_that_reaches_past_its_registers_end_is_not_used(booked):
    """Hourly ones give way to quarter hours at half past eight."""
    change = START + DAY_US + 8 * HOUR_US + HOUR_US // 2
    day = DAY + timedelta(days=1)
    known = office(
        [main()],
        [register(1, Kind.INTERVAL), register(2, Kind.INTERVAL)],
        [
            Installation("m", 1, valid=Validity(None, day)),
            Installation("m", 2, valid=Validity(day, None)),
        ],
    )
    old, new = START + np.arange(33) * HOUR_US, change + np.arange(200) * HOUR_US // 4
    world = booked(known, NOW, {1: (old, np.full(33, 4.0)), 2: (new, np.full(200, 1.0))})
    found = lineage(world, meter="m", time=iso(int(change)), step="day")
    sources = found["meters"][0]["sources"]
    unused = [r for source in sources for r in source["readings"] if not r["used"]]
    assert [(parse_instant(r["time"]), r["rejected_by"]) for r in unused] == [
        (int(old[-1]), "other_register")
    ]
    used = [r for source in sources for r in source["readings"] if r["used"]]
    assert sum(Decimal(r["energy"]) for r in used) == Decimal(found["value"])


def test_a_reading_that_was_taken_back_has_no_value(booked):
    times = every(900, 2)
    known = office([main()], [register()], [Installation("m", 1)])
    world = booked(known, NOW, {1: (times, np.arange(len(times)) * 1.0)})
    at, flag = START + 450_000_000, Flag.ENTERED | Flag.OUT_OF_RANGE | Flag.WITHDRAWN
    row = (1, at, 0.0, flag, ENTERED_ORDER, 0, 0, 0, 0)
    world.platform.readings.upsert(ReadingColumns.of([row]))
    (source,) = lineage(world, meter="m", time=iso(START), step="15min")["meters"][0]["sources"]
    (taken,) = [one for one in source["readings"] if one["time"] == iso(at)]
    assert (taken["value"], taken["rejected_by"]) == (None, "withdrawn")
    span = {"start": iso(at), "end": iso(at + 1)}
    (stored,) = world.get("/v1/points/1/readings", **span).json()["data"]
    assert stored["value"] is None
    sign_in(world)
    page = world.client.get("/lineage", params={"meter": "m", "time": iso(START), "step": "15min"})
    shown = re.search(
        r'<td class="number"[^>]*>([^<]*)</td><td[^>]*><span class="why">taken', page.text
    )
    assert shown[1] == "–"
