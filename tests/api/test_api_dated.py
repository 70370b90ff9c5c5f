"""A key reads of a place that moved in or out the days of its time, and only those, over every
route that tells of days. `hall` goes from the school to the bureau on the third day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from ledger import Ledger
from metering.access import Role
from metering.finding import Case, Changes, Finding
from metering.localtime import HOUR_US, day_bounds, iso, parse_instant
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
    Validity,
)
from metering.registry.merge import merged
from tests.api.conftest import World, findings

ZONE = "Asia/Shanghai"
FIRST = date(2026, 11, 9)
DAYS = 6
TURN = FIRST + timedelta(days=2)
ASKED = {"start": FIRST.isoformat(), "end": (FIRST + timedelta(days=DAYS)).isoformat()}
THEN = [24_000_000] * 2 + [None] * 4
SINCE = [None] * 2 + [24_000_000] * 4


def before() -> Registry:
    nodes = [
        Node("bureau", NodeType.INSTITUTION, zone=ZONE),
        Node("school", NodeType.INSTITUTION, zone=ZONE),
        Node("yard", NodeType.SITE),
        Node("hall", NodeType.BUILDING),
    ]
    return Registry(
        version=1,
        nodes={one.code: one for one in nodes},
        space=(SpaceEdge("school", "yard"), SpaceEdge("yard", "hall")),
        gateways={"yard/g": Gateway("yard", "g")},
        meters={"m": Meter("m", "hall", "01000", total=True)},
        points={1: Point(1, "yard/g", "m", Kind.REGISTER, "kWh")},
        installations=(Installation("m", 1),),
    )


def after() -> Registry:
    known = before()
    edges = (
        SpaceEdge("school", "yard"),
        SpaceEdge("yard", "hall", valid=Validity(end=TURN)),
        SpaceEdge("bureau", "hall", valid=Validity(TURN)),
    )
    return merged(known, replace(known, space=edges))


def unmoved(booked: Any, known: Registry | None = None) -> World:
    """A world in which the move is yet to be told, where no registry is given that knows it."""
    start = day_bounds(FIRST, ZONE)[0]
    times = [start + n * HOUR_US for n in range(DAYS * 24 + 1)]
    now_us = start + (DAYS * 24 + 12) * HOUR_US
    world = booked(known or before(), now_us, {1: (times, np.arange(len(times)))})
    for name in ("school", "bureau", "hall"):
        world.keys[name] = world.platform.access.create_key(
            name, name, Role.ADMIN, actor="test", now_us=now_us
        )
    return world


def made(booked: Any, *, late: bool) -> World:
    """A world in which the move was known before the readings, or came to be known after them."""
    world = unmoved(booked, None if late else after())
    if late:
        assert world.get("/v1/feed", key="school").json()["data"]
        move(world)
    return world


def move(world: World) -> None:
    one = world.platform
    one.registry_store.apply(after(), actor="test", now_us=one.now_us())
    ledger = Ledger(one.readings, one.books, one.marks, one.registry, one.now_us)
    while one.marks.waiting():
        ledger.step()


@pytest.fixture(params=[False, True], ids=["known", "late"])
def moved(request: pytest.FixtureRequest, booked: Any) -> World:
    return made(booked, late=request.param)


def amounts(world: World, key: str, **named: object) -> list[int | None]:
    found = world.get("/v1/energy", key=key, **{**ASKED, **named}).json()
    return [one["amount"] for one in found["data"]]


def test_energy_is_told_of_the_days_of_each_owner(moved: World) -> None:
    for named in ({"node": "hall"}, {"meter": "m"}):
        assert amounts(moved, "school", **named) == THEN
        assert amounts(moved, "bureau", **named) == SINCE
        assert amounts(moved, "hall", **named) == [24_000_000] * 6
    assert amounts(moved, "school", node="school") == THEN
    assert amounts(moved, "bureau", node="bureau") == SINCE


def test_columns_of_many_are_told_of_the_days_of_each_owner(moved: World) -> None:
    for key, known in (("school", THEN), ("bureau", SINCE), ("hall", [24_000_000] * 6)):
        for named in ({"below": "hall"}, {"node": "hall", "fields": "quantity,money"}):
            found = moved.get("/v1/energy", key=key, **ASKED, **named).json()
            assert [one["amount"] for one in found["data"]] == [known]
        hours = moved.get("/v1/energy", key=key, below="hall", step="hour", **ASKED).json()
        assert hours["data"][0]["amount"] == amounts(moved, key, meter="m", step="hour")


def test_the_hours_at_the_edge_are_the_owners_too(moved: World) -> None:
    for key, known in (("school", range(48)), ("bureau", range(48, 144))):
        hours = amounts(moved, key, node="hall", step="hour")
        assert [n for n, one in enumerate(hours) if one is not None] == list(known)


def test_months_parts_and_lineage_know_no_other_day(moved: World) -> None:
    assert amounts(moved, "school", node="hall", step="month") == [2 * 24_000_000]
    parts = moved.get("/v1/energy/parts", key="school", node="hall", **ASKED).json()
    assert parts["data"][0]["amount"] == 2 * 24_000_000
    ask = {"node": "hall", "step": "day", "time": f"{TURN}T12:00:00+08:00"}
    assert moved.get("/v1/energy/lineage", key="school", **ask).status_code == 404
    traced = moved.get("/v1/energy/lineage", key="bureau", **ask).json()
    times = [
        parse_instant(one["time"])
        for source in traced["meters"][0]["sources"]
        for one in source["readings"]
    ]
    assert times
    assert min(times) >= day_bounds(TURN, ZONE)[0]


def test_readings_are_of_the_owners_time(moved: World) -> None:
    turn = day_bounds(TURN, ZONE)[0]
    found = {}
    for key in ("school", "bureau"):
        answer = moved.get("/v1/points/1/readings", key=key, limit=1000, start=ASKED["start"])
        found[key] = [parse_instant(one["time"]) for one in answer.json()["data"]]
        count = moved.get("/v1/readings/count", key=key).json()["stored"]
        assert count == len(found[key])
    assert max(found["school"]) < turn <= min(found["bureau"])
    assert len(found["school"]) + len(found["bureau"]) == DAYS * 24 + 1


def test_influxql_reads_what_v1_reads(moved: World) -> None:
    start, end = (day_bounds(FIRST + timedelta(days=n), ZONE)[0] // 1000 for n in (0, DAYS))
    ask = (
        f'SELECT sum("value") FROM "energy" WHERE "node" = \'hall\' AND "item" = \'01000\' '
        f"AND time >= {start}ms AND time < {end}ms GROUP BY time(1d) TZ('{ZONE}')"
    )
    for key, wanted in (("school", THEN), ("bureau", SINCE)):
        headers = {"Authorization": f"Token {moved.keys[key]}"}
        told = moved.client.post("/influx/query?epoch=ms", data={"q": ask}, headers=headers)
        answer = told.json()["results"][0]
        rows = [value for _, value in answer["series"][0]["values"]]
        assert [None if one is None else round(one * 10**6) for one in rows] == wanted, key


def feed(world: World, key: str, cursor: str | None = None) -> tuple[dict[str, Any], str]:
    """What is held after reading to the end, by key, and the cursor."""
    held: dict[str, Any] = {}
    while True:
        given = {"limit": 5} | ({} if cursor is None else {"cursor": cursor})
        answer = world.get("/v1/feed", key=key, **given)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        held |= {one["key"]: one for one in page["data"]}
        cursor = page["next"]
        if not page["more"]:
            return held, cursor


def values(held: dict[str, Any], node: str) -> list[int | None]:
    own = {one["day"]: one["amount"] for one in held.values() if one["node"] == node}
    return [own.get((FIRST + timedelta(days=n)).isoformat()) for n in range(DAYS)]


def whole_feed(
    world: World, key: str, cursor: str | None = None
) -> tuple[dict[str, Any], str, int]:
    """The latest entry of each key, the cursor behind them, and how many entries were told."""
    found: dict[str, Any] = {}
    count = 0
    while True:
        given = {"limit": 3} if cursor is None else {"limit": 3, "cursor": cursor}
        answer = world.get("/v1/feed/all", key=key, **given)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found |= {one["key"]: one for one in page["data"]}
        count, cursor = count + len(page["data"]), page["next"]
        if not page["more"]:
            return found, cursor, count


def test_the_feed_of_all_tells_each_owner_his_days_and_takes_back_the_others(booked: Any) -> None:
    """A key above the place is told under each institution what stands; what moved comes again as
    the new owner's, and is null as the old one's."""
    world = unmoved(booked)
    world.keys["whole"] = world.keys["bureau"]
    first = {name: whole_feed(world, name) for name in ("school", "hall")}
    move(world)
    own = day_amounts(first["school"][0] | whole_feed(world, "school", first["school"][1])[0])
    assert own["school/node/hall"] == THEN
    assert "bureau/node/hall" not in own
    assert day_amounts(whole_feed(world, "bureau")[0])["bureau/node/hall"] == SINCE
    both, _, count = whole_feed(world, "hall", first["hall"][1])
    after = day_amounts(first["hall"][0] | both)
    assert (after["school/node/hall"], after["bureau/node/hall"]) == (THEN, SINCE)
    assert len(both) == count
    assert day_amounts(whole_feed(world, "hall")[0]) == after


def day_amounts(entries: dict[str, Any]) -> dict[str, list[int | None]]:
    """Amounts by day, by institution and node."""
    found: dict[str, list[int | None]] = {}
    for one in entries.values():
        place = one["key"].rpartition("/")[0].rpartition("/")[0]
        day = (date.fromisoformat(one["day"]) - FIRST).days
        found.setdefault(place, [None] * DAYS)[day] = one["amount"]
    return found


def test_the_old_owners_feed_goes_on_and_ends(booked: Any) -> None:
    world = made(booked, late=False)
    assert values(feed(world, "school")[0], "hall") == THEN
    assert values(feed(world, "bureau")[0], "hall") == SINCE


def test_a_feed_that_had_begun_takes_back_what_is_the_old_owners_no_more(booked: Any) -> None:
    world = unmoved(booked)
    held, cursor = feed(world, "school")
    assert values(held, "hall") == [24_000_000] * 6
    of_hall, hall_cursor = feed(world, "hall")
    move(world)
    more, _ = feed(world, "school", cursor)
    assert values(held | more, "hall") == THEN
    assert {one["amount"] for one in more.values()} == {None}
    assert values(feed(world, "bureau")[0], "hall") == SINCE
    assert values(of_hall | feed(world, "hall", hall_cursor)[0], "hall") == THEN


def test_restatements_and_history_tell_no_value_of_another_time(moved: World) -> None:
    told = moved.get("/v1/restatements", key="school").json()["data"]
    assert {one["new_total"] for one in told if one["day"] >= TURN.isoformat()} <= {None}
    page = moved.get("/v1/feed", key="school", history=1, limit=1000).json()["data"]
    of_hall = [one for one in page if one["node"] == "hall"]
    late = {one["amount"] for one in of_hall if one["day"] >= TURN.isoformat()}
    assert late <= {None}


def test_the_registry_says_which_days_a_key_reaches(moved: World) -> None:
    turn = TURN.isoformat()
    for key, span, body, parent in (
        ("school", {"valid_from": None, "valid_to": turn}, "school", ["yard"]),
        ("bureau", {"valid_from": turn, "valid_to": None}, "bureau", ["bureau"]),
    ):
        node = moved.get("/v1/nodes/hall", key=key).json()
        assert (node["reached"], node["institution"]) == ([span], body)
        assert node["parents"] == parent
    assert moved.get("/v1/nodes/hall", key="hall").json()["reached"] == [
        {"valid_from": None, "valid_to": None}
    ]


def test_a_revision_is_asked_of_the_institution_of_its_days(moved: World) -> None:
    then = {"start": FIRST.isoformat(), "end": TURN.isoformat()}
    query = "&".join(f"{name}={value}" for name, value in then.items())
    of_school = moved.platform.books.revision("school")
    found = moved.get(f"/v1/energy?node=hall&{query}&as_of={of_school}", key="hall").json()
    assert [one["amount"] for one in found["data"]] == THEN[:2]
    assert (found["series"]["institution"], found["revision"]) == ("school", of_school)
    query = "&".join(f"{name}={value}" for name, value in ASKED.items())
    both = moved.get(f"/v1/energy?node=hall&{query}&as_of=1", key="hall")
    assert both.status_code == 422
    assert "revisions are of one institution" in both.text
    mine = moved.get(f"/v1/energy?node=hall&{query}&as_of={of_school}", key="school")
    assert mine.status_code == 200, mine.text
    assert [one["amount"] for one in mine.json()["data"]] == THEN


def test_nobody_else_speaks_for_the_gateway_of_a_point_that_moved(moved: World) -> None:
    body = {"readings": [{"point": "m", "time": "2026-11-20T02:00:00Z", "value": 1}]}
    for key, status in (("school", 403), ("bureau", 404)):
        assert moved.post("/v1/ingest?gateway=yard/g", key=key, json=body).status_code == status


def test_what_was_told_of_a_case_before_the_move_was_known_is_told_of_own_days_alone(
    booked: Any,
) -> None:
    """It once reached over the move; its end was cut since, and another begins there."""
    world = made(booked, late=False)
    turn = day_bounds(TURN, ZONE)[0]
    base = replace(
        findings()[0].evidence, institution="school", node="hall", meter="m", item="01000"
    )

    def over(start: int, hours: int, day: int) -> Finding:
        at = tuple(start + n * HOUR_US for n in range(hours))
        end = at[-1] + HOUR_US
        found = replace(base, start_us=start, end_us=end, hours_us=at, hours=(), hourly=())
        return replace(found, day=FIRST + timedelta(days=day))

    store = world.platform.findings
    store.record(Changes((Case(over(turn - 3 * HOUR_US, 9, 3)),)), now_us=1)
    cut = over(turn - 3 * HOUR_US, 3, 4)
    own = replace(over(turn, 6, 4), institution="bureau")
    store.record(Changes((Case(own),), {1: cut}, {1: "moved"}), now_us=2)
    for key, number, end in (("school", "1", turn), ("bureau", "2", turn + 6 * HOUR_US)):
        listed = world.get("/v1/findings", key=key).json()["data"]
        assert [one["id"] for one in listed] == [number]
        told = world.get(f"/v1/findings/{number}", key=key).json()
        assert [one["end"] for one in told["history"]] == [iso(end)]
        other = "2" if number == "1" else "1"
        assert world.get(f"/v1/findings/{other}", key=key).status_code == 404
