"""`as_of` is a parameter of every route that tells figures of a period: what was closed is told to
the byte, whatever is read, priced, billed or entered later, of whatever institution it is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger import Ledger
from metering.access import Role
from metering.book import DirtyMark
from metering.factor import Factor
from metering.localtime import HOUR_US, day_bounds
from metering.reading import Kind, ReadingColumns
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
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge
from metering.tariff import TariffRow
from tests.api.conftest import World

ZONE = "Asia/Shanghai"
BEGIN, END = date(2026, 9, 25), date(2026, 11, 6)
SPAN = "start=2026-10-01&end=2026-11-01"
METERS = {
    "office-total": Meter("office-total", "office", "01000", total=True),
    "office-light": Meter("office-light", "office", "01A00"),
    "dc-utility": Meter("dc-utility", "dc", "01000", total=True, dc_role="utility"),
    "dc-it": Meter("dc-it", "dc", "01D10", dc_role="it"),
    "hall-total": Meter("hall-total", "hall", "01000", total=True),
}
ASKED = {
    "/v1/energy": f"node=bureau&step=day&{SPAN}",
    "/v1/energy/parts": f"node=office&{SPAN}",
    "/v1/energy/shares": f"node=bureau&{SPAN}",
    "/v1/energy/balance": f"node=office&{SPAN}",
    "/v1/energy/intensity": f"node=office&{SPAN}",
    "/v1/energy/lineage": "node=office&step=month&time=2026-10-15T12:00:00Z",
    "/v1/datacentre": f"node=dc&{SPAN}",
    "/v1/bill": "account=31-1&month=2026-10",
    "/v1/bill/file": "account=31-1&month=2026-10&format=csv&language=en",
    "/v1/bills": "account=31-1",
    "/v1/bills/{id}": "",
    "/v1/bills/{id}/audit": "",
    "/v1/reports/{institution}": "month=2026-10&format=json",
}
"""What is asked of each route that takes `as_of`."""
ACCOUNT = Account("31-1", "office-total", "p", capacity_kva=Decimal(630), demand="sliding")
CLOSINGS_ALONE = ("/v1/bills", "/v1/reports")
"""Routes whose moment is the name of a closing: a revision says nothing of what was entered."""


def prices(peak: str) -> tuple[TariffRow, ...]:
    months = frozenset(range(1, 13))
    return (
        TariffRow("tou", "01000", months, "all", 0, 480, "valley", Decimal("0.31")),
        TariffRow("tou", "01000", months, "all", 480, 1440, "peak", Decimal(peak)),
    )


def registry() -> Registry:
    nodes = [
        Node("bureau", NodeType.INSTITUTION, zone=ZONE),
        Node("school", NodeType.INSTITUTION, zone=ZONE),
        Node("campus", NodeType.SITE),
        Node("office", NodeType.BUILDING, area_m2=Decimal(900)),
        Node("dc", NodeType.DATACENTRE),
        Node("hall", NodeType.BUILDING),
    ]
    edges = (("bureau", "campus"), ("campus", "office"), ("campus", "dc"))
    codes = list(METERS)
    return Registry(
        nodes={one.code: one for one in nodes},
        space=(
            *(SpaceEdge(*edge) for edge in edges),
            SpaceEdge("school", "hall", "300 m2"),
            SpaceEdge("bureau", "hall", "100 m2"),
        ),
        gateways={"campus/g": Gateway("campus", "g")},
        meters=METERS,
        points={
            n: Point(n, "campus/g", code, Kind.REGISTER, "kWh")
            for n, code in enumerate(codes, start=1)
        },
        installations=tuple(Installation(code, n) for n, code in enumerate(codes, start=1)),
        tariff=prices("0.98"),
        factors=(Factor("01000", "kgco2", Decimal("0.5366"), grade="V"),),
        more={
            "account": (ACCOUNT,),
            "charge": (Charge("p", "capacity", Basis.CAPACITY, Decimal(23)),),
        },
    )


def readings() -> tuple[np.ndarray, np.ndarray]:
    start, end = day_bounds(BEGIN, ZONE)[0], day_bounds(END, ZONE)[0]
    times = np.arange(start, end + 1, HOUR_US // 4, dtype=np.int64)
    return times, np.cumsum(3 + np.arange(len(times)) % 24)


@pytest.fixture
def world(booked: Any) -> World:
    now_us = day_bounds(END, ZONE)[1] + 40 * HOUR_US
    times, values = readings()
    known = registry()
    made: World = booked(known, now_us, {n: (times, values * (6 - n)) for n in known.points})
    book(made)
    for name, role in (("closer", Role.CLOSE), ("desk", Role.ENTER)):
        made.keys[name] = made.platform.access.create_key(
            name, "bureau", role, actor="test", now_us=now_us
        )
    return made


def book(world: World) -> None:
    one = world.platform
    ledger = Ledger(one.readings, one.books, one.marks, one.registry, one.now_us)
    while one.marks.waiting():
        ledger.step()


def bill(number: str, total: str) -> dict[str, Any]:
    days = {"start": "2026-10-01", "end": "2026-11-01"}
    line = {"name": "energy.peak", "quantity": "9000", "price": "0.98", "amount": "8820.00"}
    return {"account": "31-1", "number": number, **days, "lines": [line], "total": total}


def enter(world: World, number: str, total: str) -> str:
    answer = world.post("/v1/bills", "desk", json=bill(number, total))
    assert answer.status_code == 202, answer.text
    taken_in(world)
    return str(answer.json()["id"])


def taken_in(world: World) -> None:
    """As intake does: what was filed is among the statements."""
    desk, intake = world.platform.desk, world.platform.statements
    for one in desk.about("31-1"):
        if intake.statement(one.id) is None:
            intake._statements[one.id] = one


def read_again(world: World) -> None:
    """Readings of October of every meter were others, also of the place that is shared."""
    times, values = readings()
    place = int(np.searchsorted(times, day_bounds(date(2026, 10, 20), ZONE)[0])) + 10
    rows = [
        (n, int(times[place]), float(values[place] * (6 - n) - 2), 0, 0, 9_999, 0, 0, 0)
        for n in world.platform.registry().points
    ]
    world.platform.readings.upsert(ReadingColumns.of(rows))
    marks = [DirtyMark(n, int(times[place]), int(times[place])) for n, *_ in rows]
    world.platform.marks.mark(marks, writer_no=1, ready=True)
    book(world)


def registered_anew(world: World) -> None:
    """Another price, factor, area, contract and role."""
    account = replace(ACCOUNT, capacity_kva=Decimal(800))
    changed = Registry(
        nodes={"office": Node("office", NodeType.BUILDING, "新楼", area_m2=Decimal(950))},
        tariff=prices("1.23"),
        factors=(Factor("01000", "kgco2", Decimal("0.6"), grade="V"),),
        meters={"dc-it": replace(METERS["dc-it"], dc_role="ups_out")},
        more={"account": (account,)},
    )
    world.platform.registry_store.apply(changed, actor="test", now_us=1)
    book(world)


def paths_with_as_of(world: World) -> dict[str, bool]:
    """GET routes of the document, and whether each takes `as_of`."""
    paths = world.get("/openapi.json").json()["paths"]
    return {
        path: any(one["name"] == "as_of" for one in routes["get"].get("parameters", []))
        for path, routes in paths.items()
        if "get" in routes
    }


def answers(world: World, id: str, as_of: str = "") -> dict[str, bytes]:
    found = {}
    for path, query in ASKED.items():
        said = path.replace("{id}", id).replace("{institution}", "bureau")
        asked = "&".join(filter(None, [query, f"as_of={as_of}" if as_of else ""]))
        answer = world.get(f"{said}?{asked}", "closer")
        assert answer.status_code == 200, (path, answer.text)
        found[path] = answer.content
    return found


def test_every_route_that_takes_as_of_answers_as_before_and_without_it_anew(world: World) -> None:
    assert {path for path, takes in paths_with_as_of(world).items() if takes} == ASKED.keys()
    id = enter(world, "A10", "9000.00")
    body = {"institution": "bureau", "period": "2026-10"}
    made = world.post("/v1/closings", "closer", json=body)
    assert made.status_code == 201, made.text
    closed, present = answers(world, id, "c1"), answers(world, id)
    unlike = {path for path in ASKED if closed[path] != present[path]}
    # It ends at the rows, and a sliding demand goes by blocks.
    assert unlike == {"/v1/energy/lineage", "/v1/bill"}
    read_again(world)
    registered_anew(world)
    enter(world, "A10", "9100.00")
    assert answers(world, id, "c1") == closed
    later = answers(world, id)
    # An issue of a report stands by itself until another one is made.
    assert {path for path in ASKED if later[path] == present[path]} == {"/v1/reports/{institution}"}


def test_what_is_told_of_a_closing_rests_on_no_readings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not kept as they were; without `as_of` the sliding demand of the bill reads them."""
    id = enter(world, "A10", "9000.00")
    body = {"institution": "bureau", "period": "2026-10"}
    assert world.post("/v1/closings", "closer", json=body).status_code == 201
    closed, scanned = answers(world, id, "c1"), list[object]()
    scan = world.platform.readings.scan

    def noted(*asked: Any) -> Any:
        scanned.append(asked)
        return scan(*asked)

    monkeypatch.setattr(world.platform.readings, "scan", noted)
    assert answers(world, id, "c1") == closed
    assert scanned == []
    for path in ("/v1/bill", "/v1/bill/file", "/v1/bills/{id}/audit"):
        scanned.clear()
        world.get(f"{path.replace('{id}', id)}?{ASKED[path]}", "closer")
        assert scanned, path


def test_a_revision_with_its_registry_tells_the_same(world: World) -> None:
    id = enter(world, "A10", "9000.00")
    told = world.get(f"/v1/energy?{ASKED['/v1/energy']}", "closer").json()
    moment = f"{told['revision']}@{told['registry_version']}"
    asked = [path for path in ASKED if not path.startswith(CLOSINGS_ALONE)]
    unshared = [p for p in asked if p != "/v1/energy/shares"]
    before = {p: world.get(f"{p}?{ASKED[p]}&as_of={moment}", "closer") for p in unshared}
    assert {one.status_code for one in before.values()} == {200}
    read_again(world)
    registered_anew(world)
    for path, answer in before.items():
        again = world.get(f"{path}?{ASKED[path]}&as_of={moment}", "closer")
        assert again.content == answer.content, path
    shares = world.get(f"/v1/energy/shares?{ASKED['/v1/energy/shares']}&as_of={moment}", "closer")
    assert shares.status_code == 422
    assert "the books that hold a shared place" in shares.text
    refused = world.get(f"/v1/bills/{id}?as_of={moment}", "closer")
    assert refused.status_code == 422
    assert "does not say what had been entered" in refused.text


def test_a_bill_that_came_later_is_none_of_a_closing(world: World) -> None:
    early = enter(world, "A9", "9000.00")
    body = {"institution": "bureau", "period": "2026-10"}
    assert world.post("/v1/closings", "closer", json=body).status_code == 201
    id = enter(world, "A10", "9000.00")
    listed = [
        [one["id"] for one in world.get(path, "closer").json()["data"]]
        for path in ("/v1/bills?as_of=c1", "/v1/bills")
    ]
    assert listed == [[early], [id, early]]
    assert world.get(f"/v1/bills/{id}?as_of=c1", "closer").status_code == 404


def test_where_as_of_makes_no_sense_the_page_of_closings_says_why(world: World) -> None:
    page = Path("docs/closing.md").read_text(encoding="utf-8")
    section = page.split("\n### Without it\n")[1].split("\n## ")[0]
    named = set(re.findall(r"`(/[^`]*)`", section))
    without = {path for path, takes in paths_with_as_of(world).items() if not takes}
    assert named == without - {"/influx/query"}  # whose database names the moment
