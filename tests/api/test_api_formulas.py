"""What is told of meters that are formulas of others: their formula, what each member counts, and
the readings below; to nobody of a meter that he does not reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from api.influxql.tables.made_of import counted_twice
from metering.access import Role
from metering.localtime import HOUR_US, day_bounds, iso
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from metering.validity import Validity

ZONE = "Asia/Shanghai"
DAY = date(2026, 11, 9)
START = day_bounds(DAY, ZONE)[0]
DAY_US = 24 * HOUR_US
NOW = START + 12 * DAY_US
TURN = DAY + timedelta(days=2)


def office() -> Registry:
    """`t` and `p` count in `b`, `h` in `c`; `v` is `t` less `p`, twice that from the third day on;
    `w` in `c` is `v` and `h`."""
    metered = {"t": "b", "p": "b", "h": "c"}
    return Registry(
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone=ZONE),
            "b": Node("b", NodeType.BUILDING),
            "c": Node("c", NodeType.BUILDING),
        },
        space=(SpaceEdge("o", "b"), SpaceEdge("o", "c")),
        gateways={"o/g": Gateway("o", "g")},
        meters={
            "t": Meter("t", "b", "01000", total=True),
            "p": Meter("p", "b", "01B00"),
            "h": Meter("h", "c", "01B00"),
            "v": Meter("v", "b", "01A00"),
            "w": Meter("w", "c", "01A00"),
        },
        points={n: Point(n, "o/g", f"E{n}", Kind.REGISTER, "kWh") for n in (1, 2, 3)},
        installations=tuple(Installation(m, n) for n, m in enumerate(metered, start=1)),
        formulas=(
            MeterFormula("v", "t - p", Validity(end=TURN)),
            MeterFormula("v", "2 * (t - p)", Validity(start=TURN)),
            MeterFormula("w", "v + h"),
        ),
    )


@pytest.fixture
def world(booked):
    """Registers of 3, 1 and 0.5 kWh an hour for four days."""
    times = START + np.arange(4 * 96 + 1) * 900_000_000
    hours = np.arange(len(times)) / 4
    found = booked(
        office(), NOW, {n: (times, hours * kwh) for n, kwh in ((1, 3), (2, 1), (3, 0.5))}
    )
    made = {
        node: found.platform.access.create_key(node, node, Role.READ, actor="test", now_us=NOW)
        for node in ("b", "c")
    }
    return replace(found, keys={**found.keys, **made})


def lineage(world, key: str = "bureau", **asked: object) -> dict:
    response = world.get("/v1/energy/lineage", key, **asked)
    assert response.status_code == 200, response.text
    return response.json()


def values(formula: dict) -> dict:
    return {one["meter"]: Decimal(one["value"]) for one in formula["members"]}


@pytest.mark.parametrize(("step", "hours"), [("15min", 0.25), ("hour", 1), ("day", 24)])
def test_a_formula_leads_to_its_members_and_their_readings(world, step, hours):
    found = lineage(world, meter="w", time=iso(START + 5 * HOUR_US), step=step)
    (own,) = found["meters"]
    (formula,) = own["formulas"]
    assert (formula["formula"], own["sources"]) == ("v + h", [])
    assert values(formula) == {"v": 2 * Decimal(hours), "h": Decimal(hours) / 2}
    assert formula["value"] == own["value"] == found["value"]
    members = {one["meter"]: one for one in found["members"]}
    assert list(members) == ["v", "h", "t", "p"]
    assert [one["formula"] for one in members["v"]["formulas"]] == ["t - p"]
    assert values(members["v"]["formulas"][0]) == {"t": 3 * Decimal(hours), "p": Decimal(hours)}
    for code in "thp":
        (source,) = members[code]["sources"]
        assert Decimal(source["calculation"]["value"]) == Decimal(members[code]["value"])
        assert source["readings"]


def test_a_formula_of_then_leads_to_its_members_and_their_rows(world):
    day = DAY.isoformat()
    energy = world.get("/v1/energy", "bureau", meter="w", start=day, end=DAY + timedelta(days=1))
    told = energy.json()
    moment = f"{told['revision']}@{told['registry_version']}"
    found = lineage(world, meter="w", time=iso(START), step="day", as_of=moment)
    (own,) = found["meters"]
    assert (found["down_to"], own["formulas"][0]["formula"]) == ("rows", "v + h")
    assert values(own["formulas"][0]) == {"v": Decimal(48), "h": Decimal(12)}
    assert [one["meter"] for one in found["members"]] == ["v", "h", "t", "p"]
    assert all(one["rows"] and not one["sources"] for one in found["members"])


def test_each_formula_is_told_for_the_days_on_which_it_holds(world):
    end = DAY + timedelta(days=4)
    found = lineage(world, meter="v", start=DAY.isoformat(), end=end.isoformat())
    first, second = found["meters"][0]["formulas"]
    assert (first["valid_from"], first["valid_to"]) == (None, TURN.isoformat())
    assert [one["formula"] for one in (first, second)] == ["t - p", "2 * (t - p)"]
    assert values(first) == values(second) == {"t": Decimal(144), "p": Decimal(48)}
    assert [Decimal(one["value"]) for one in (first, second)] == [96, 192]
    assert Decimal(found["value"]) == 288


def test_a_member_that_counts_itself_is_listed_once(world):
    found = lineage(world, node="c", item="01000", time=iso(START), step="day")
    assert {one["meter"] for one in found["meters"]} == {"h", "w"}
    assert [one["meter"] for one in found["members"]] == ["v", "t", "p"]
    assert found["members_left_out"] == 0


def test_a_key_is_told_of_no_member_that_it_does_not_reach(world):
    found = lineage(world, "c", meter="w", time=iso(START), step="day")
    (formula,) = found["meters"][0]["formulas"]
    assert (formula["formula"], formula["members_left_out"]) == (None, 1)
    assert values(formula) == {"h": Decimal(12)}
    assert [one["meter"] for one in found["members"]] == ["h"]
    assert "t - p" not in str(found)
    whole = lineage(world, "b", meter="v", time=iso(START), step="day")
    assert whole["meters"][0]["formulas"][0]["formula"] == "t - p"


def test_the_page_shows_formula_members_and_readings(world, signed):
    signed(world)
    page = world.client.get(f"/lineage?code=w&item=01A00&time={iso(START)}&step=day").text
    for said in ("v + h", "t - p", "What formulas are made of", "/messages/"):
        assert said in page


def listed(world, key: str) -> dict:
    found = world.get("/v1/meters", key).json()["data"]
    return {one["code"]: one["formulas"] for one in found}


def test_meters_are_listed_with_their_formulas(world):
    found = listed(world, "bureau")
    assert (found["t"], found["h"]) == ([], [])
    assert [one["formula"] for one in found["v"]] == ["t - p", "2 * (t - p)"]
    assert [one["members"] for one in found["v"]] == [["t", "p"]] * 2
    days = [(one["valid_from"], one["valid_to"]) for one in found["v"]]
    assert days == [(None, TURN.isoformat()), (TURN.isoformat(), None)]
    (hidden,) = listed(world, "c")["w"]
    assert (hidden["formula"], hidden["members"], hidden["members_left_out"]) == (None, ["h"], 1)
    own = world.get("/v1/nodes/b", "b").json()["meters"]
    assert {m["code"]: len(m["formulas"]) for m in own} == {"t": 0, "p": 0, "v": 2}


def test_boards_find_a_formula_as_a_tag_of_its_meter(world):
    def tagged(key: str) -> list:
        query = 'SHOW TAG VALUES FROM "meters" WITH KEY = "formula"'
        found = world.get("/influx/query", key, q=query)
        (series,) = found.json()["results"][0].get("series", [{"values": []}])
        return [value for _, value in series["values"]]

    assert sorted(tagged("bureau")) == ["2 * (t - p)", "v + h"]
    assert tagged("c") == []
    where = "\"formula\" = 'v + h' AND time > 1794000000s"
    query = f'SELECT sum("value") FROM "meters" WHERE {where} GROUP BY "meter"'
    (series,) = world.get("/influx/query", q=query).json()["results"][0]["series"]
    assert series["tags"] == {"meter": "w"}


RANGE = f"time >= {START}u AND time < {START + 4 * DAY_US}u"


def summed(world, where: str, groups: str = "") -> dict:
    """The answer to a sum over meters."""
    text = f'SELECT sum("kwh") FROM "meters" WHERE {where} AND {RANGE} {groups}'
    return world.get("/influx/query", q=text).json()


@pytest.mark.parametrize("meter", ["v", "w"])
def test_influxql_sums_formulas_of_formulas_as_the_api_does(world, meter):
    """Over the day on which the inner formula changes; one by one, and day by day."""
    days = {"start": DAY.isoformat(), "end": (DAY + timedelta(days=4)).isoformat()}
    told = world.get("/v1/energy", "bureau", meter=meter, step="day", **days).json()["data"]
    by_day = [float(one["value"]) for one in told]
    assert len(set(by_day)) == 2
    (whole,) = summed(world, f"meter = '{meter}'")["results"][0]["series"]
    assert [value for _, value in whole["values"]] == [sum(by_day)]
    zone = f"GROUP BY time(1d) tz('{ZONE}')"
    (daily,) = summed(world, f"meter = '{meter}'", zone)["results"][0]["series"]
    assert [value for _, value in daily["values"]] == by_day


@pytest.mark.parametrize(
    ("both", "named"),
    [
        (("w", "v"), "v 01A00 and w 01A00"),
        (("w", "t"), "t 01000 and w 01A00"),
        (("w", "h"), "h 01B00 and w 01A00"),
    ],
)
def test_what_a_formula_is_made_of_is_not_added_to_it(world, both, named):
    where = "(" + " OR ".join(f"meter = '{one}'" for one in both) + ")"
    refused = summed(world, where)
    assert refused["code"] == "invalid_input"
    assert refused["detail"] == (
        f"these series must not be added: {named} hold the same energy, by their formulas"
    )
    assert refused["fix"] == 'choose one meter in WHERE, or GROUP BY "meter"'
    apart = summed(world, where, 'GROUP BY "meter"')["results"][0]["series"]
    assert {one["tags"]["meter"] for one in apart} == set(both)


def test_a_formula_and_what_it_takes_off_are_added(world):
    """`v` is `t` less `p`; with `p` it is `t`, until it is twice that."""
    until = f"time >= {START}u AND time < {START + 2 * DAY_US}u"
    found = {}
    for meters in ("meter = 'v' OR meter = 'p'", "meter = 't'"):
        text = f'SELECT sum("kwh") FROM "meters" WHERE ({meters}) AND {until}'
        (series,) = world.get("/influx/query", q=text).json()["results"][0]["series"]
        found[meters] = series["values"]
    assert len({str(one) for one in found.values()}) == 1


def made_of(*formulas: tuple[str, str, Validity]) -> Registry:
    return replace(office(), formulas=tuple(MeterFormula(*one) for one in formulas))


ALWAYS = Validity()


@pytest.mark.parametrize(
    ("formulas", "meters", "twice"),
    [
        ([("v", "0.4 * t", ALWAYS), ("w", "0.6 * t", ALWAYS)], "vw", None),
        ([("v", "0.5 * t", ALWAYS), ("w", "0.6 * t", ALWAYS)], "vw", ("v", "w")),
        ([("v", "t * p / (p + h)", ALWAYS), ("w", "t * h / (p + h)", ALWAYS)], "vw", None),
        ([("v", "t * p / (p + h)", ALWAYS), ("w", "v + h", ALWAYS)], "wt", ("w", "t")),
        ([("v", "t - p", ALWAYS), ("w", "v + p", ALWAYS)], "wp", None),
        ([("v", "t - p", ALWAYS), ("w", "v + p", ALWAYS)], "wt", ("w", "t")),
        ([("v", "t - p", Validity(end=TURN))], "vt", ("v", "t")),
        ([("v", "p", Validity(end=TURN)), ("v", "t", Validity(start=TURN))], "vt", ("v", "t")),
        ([("v", "t - p", Validity(end=DAY))], "vt", None),
        ([("v", "t - p", Validity(start=DAY + timedelta(days=4)))], "vt", None),
        ([("v", "t - p", ALWAYS)], "tph", None),
    ],
)
def test_energy_is_twice_in_a_sum_where_more_than_all_of_a_register_is(formulas, meters, twice):
    found = counted_twice(made_of(*formulas), list(meters), DAY, DAY + timedelta(days=3))
    assert found == twice
