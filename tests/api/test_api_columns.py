"""Many series of `/v1/energy` at once: in columns of JSON or Arrow, the numbers of each alone."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from api.columns import ARROW
from api.usecases import energy_tables

DAYS = {"start": "2026-11-20", "end": "2026-11-25"}
LISTS = [
    {"node": "office-a,dc,campus", "item": "01000,01A00,02000"},
    {"meter": "office-a-total,canteen-water,dc-it"},
    {"below": "campus"},
    {"node": "campus", "fields": "quantity,shares,provisional,money,carbon,coal"},
]
STEPS = ["native", "15min", "hour", "day", "month"]


def exact(value: int | None, digits: int) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-digits)


def alone(world, series: dict[str, str], step: str, **more: str) -> dict[str, object]:
    """The answer of one series, with every row it rests on."""
    which = {series["kind"]: series["code"]} | (
        {"item": series["item"]} if series["kind"] == "node" else {}
    )
    answer = world.get("/v1/energy", **which, step=step, **{**DAYS, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(one: dict[str, object], axis: dict[str, object]) -> list[tuple[object, ...]]:
    """A series in columns, period by period."""
    cost = one["cost"]
    return [
        (
            axis["start"][n],
            axis["end"][n],
            one["amount"][n],
            {name: column[n] / 10_000 for name, column in one["shares"].items()},
            one["provisional"][n],
            *(exact(cost[name][n], cost["digits"]) for name in ("value", "cost_low", "cost_high")),
            *(exact(one[name]["value"][n], one[name]["digits"]) for name in ("kgco2", "kgce")),
        )
        for n in range(len(axis["start"]))
    ]


def wanted(data: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """The same of the answer of one series."""
    found = []
    for one in data:
        cost = one["cost"]
        money = [cost[name] for name in ("value", "cost_low", "cost_high")]
        money += [one["kgco2"]["value"], one["kgce"]["value"]]
        decimals = [None if value is None else Decimal(value) for value in money]
        head = (one["start"], one["end"], one["amount"], one["shares"], one["provisional"])
        found.append((*head, *decimals))
    return found


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("asked", LISTS, ids=lambda one: next(iter(one.values())))
def test_columns_are_the_answers_of_each_series(shared_world, asked, step):
    answer = shared_world.get("/v1/energy", **asked, step=step, **DAYS)
    assert answer.status_code == 200, answer.text
    table = answer.json()
    rest: dict[str, list[list[tuple[object, ...]]]] = {}
    for one in table["data"]:
        name = json.dumps(one["series"])
        rest.setdefault(name, []).append(told(one, table["axes"][one["axis"]]))
        assert one["remainder"] == (len(rest[name]) > 1)
    for name, (own, *remainder) in rest.items():
        single = alone(shared_world, json.loads(name), step)
        assert own == wanted(single["data"])
        assert remainder == [wanted(each["data"]) for each in single["remainder"]]
        assert table["revisions"]["bureau"] == single["revision"]


def test_series_come_in_the_order_asked_for(shared_world):
    found = shared_world.get("/v1/energy", meter="dc-it,office-a-total", **DAYS).json()
    assert [one["series"]["code"] for one in found["data"]] == ["dc-it", "office-a-total"]
    below = shared_world.get("/v1/energy", below="dc", fields="quantity", **DAYS).json()
    codes = [one["series"]["code"] for one in below["data"]]
    assert codes == sorted(codes)
    assert all(one.startswith("dc-") for one in codes)
    some = shared_world.get("/v1/energy", below="campus", item="02000", fields="quantity", **DAYS)
    assert {one["series"]["item"] for one in some.json()["data"]} == {"02000"}


def test_only_the_fields_asked_for_are_told(shared_world):
    found = shared_world.get("/v1/energy", node="dc", fields="carbon", **DAYS).json()
    head = {"series", "item_name", "unit", "book_unit", "per_unit", "axis", "remainder"}
    assert found["data"][0].keys() == head | {"kgco2"}
    assert found["fields"] == ["carbon"]


@pytest.mark.parametrize("step", ["native", "hour", "day", "month"])
def test_arrow_says_what_the_json_says(shared_world, step):
    asked = {"node": "office-a,campus", "item": "01000,02000", "step": step, **DAYS}
    table = shared_world.get("/v1/energy", **asked).json()
    headers = {"X-API-Key": shared_world.keys["bureau"], "Accept": ARROW}
    answer = shared_world.client.get("/v1/energy", params=asked, headers=headers)
    assert answer.headers["content-type"] == ARROW
    found = pa.ipc.open_stream(answer.content).read_all()
    head = json.loads(found.schema.metadata[b"greenoffice"])
    assert {name: head[name] for name in ("step", "revisions", "fields")} == {
        name: table[name] for name in ("step", "revisions", "fields")
    }
    assert found.num_rows == sum(len(one["amount"]) for one in table["data"])
    rows = {(row["series"], row["start"], row["end"]): row for row in found.to_pylist()}
    assert len(rows) == found.num_rows
    for one in table["data"]:
        name = "/".join(one["series"][part] for part in ("kind", "code", "item"))
        axis = table["axes"][one["axis"]]
        for n, (start, end) in enumerate(zip(axis["start"], axis["end"], strict=True)):
            row = rows[name, datetime.fromisoformat(start), datetime.fromisoformat(end)]
            assert row["amount"] == one["amount"][n]
            assert row["missing"] == one["shares"]["missing"][n]
            assert row["provisional"] == one["provisional"][n]
            assert row["currency"] == one["cost"]["currency"]
            for column, kind in (("value", "cost"), ("cost_low", "cost_low")):
                assert row[kind] == exact(one["cost"][column][n], one["cost"]["digits"])
            assert row["kgco2"] == exact(one["kgco2"]["value"][n], one["kgco2"]["digits"])


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"meter": "dc-it,dc-it"}, "meter"),
        ({"node": "dc,,campus"}, "node"),
        ({"node": "dc", "below": "campus"}, "below"),
        ({"node": "dc,campus", "meter": "dc-it"}, "node"),
        ({"node": "dc", "fields": "quantity,price"}, "fields"),
        ({"node": "x" * 129}, "node"),
        ({"node": "dc", "item": "01000,xx"}, "item"),
    ],
)
def test_what_cannot_be_asked_is_named(shared_world, asked, field):
    answer = shared_world.get("/v1/energy", **asked, **DAYS)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field


def test_an_answer_is_bounded_by_its_size_and_not_by_days(shared_world, monkeypatch):
    years = {"start": "2010-01-01", "end": "2026-11-25"}
    one = shared_world.get("/v1/energy", node="dc", step="day", **years)
    assert one.status_code == 200
    hours = shared_world.get("/v1/energy", node="dc", step="hour", **years).json()
    assert (hours["field"], hours["value"]) == ("end", str(6172 * 24))
    assert "9000" in hours["detail"]
    columns = {"node": "dc,campus", "step": "hour", "fields": "quantity"}
    assert shared_world.get("/v1/energy", **columns, **years).status_code == 200
    monkeypatch.setattr(energy_tables, "MOST_INTERVALS", 100_000)
    refused = shared_world.get("/v1/energy", **columns, **years).json()
    assert (refused["field"], refused["value"]) == ("end", str(2 * 6172 * 24))
    assert "100000" in refused["detail"]
    monkeypatch.setattr(energy_tables, "MOST_WORTH", 1000)
    coal = shared_world.get("/v1/energy", node="dc", fields="coal", **years).json()
    assert (coal["field"], coal["value"]) == ("fields", "6172")
    monkeypatch.setattr(energy_tables, "MOST_WORTH", 10_000)
    monkeypatch.setattr(energy_tables, "MOST_PRICED_DAYS", 100)
    priced = shared_world.get("/v1/energy", node="dc", fields="money", **years).json()
    assert (priced["field"], priced["value"]) == ("fields", "6172")


def test_a_moment_is_of_all_series(shared_world):
    asked = {"node": "office-a,dc", "step": "day", "start": "2026-11-10", "end": "2026-11-12"}
    present = shared_world.get("/v1/energy", **asked).json()
    revision = present["revisions"]["bureau"]
    then = shared_world.get("/v1/energy", **asked, as_of=str(revision))
    assert then.status_code == 200, then.text
    assert [one["amount"] for one in then.json()["data"]] == [
        one["amount"] for one in present["data"]
    ]
    two = {**asked, "node": "office-a,hall"}
    foreign = shared_world.get("/v1/energy", key="whole", **two, as_of="1").json()
    assert (foreign["field"], foreign["status"]) == ("as_of", 422)


def test_where_arrow_is_not_installed_that_is_said(shared_world, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    headers = {"X-API-Key": shared_world.keys["bureau"], "Accept": ARROW}
    answer = shared_world.client.get("/v1/energy", params={"node": "dc"}, headers=headers)
    assert answer.json()["field"] == "Accept"
    assert "greenoffice[arrow]" in answer.json()["fix"]


@pytest.mark.parametrize("asked", [{"below": "dc", "item": "02000"}])
@pytest.mark.parametrize("moment", [{}, {"as_of": "1"}])
def test_a_place_without_such_meters_is_named(shared_world, asked, moment):
    answer = shared_world.get("/v1/energy", **asked, **moment, **DAYS)
    assert (answer.status_code, answer.json()["field"]) == (404, "below")


def test_every_node_with_every_item_is_counted_before_it_is_made(shared_world, monkeypatch):
    monkeypatch.setattr(energy_tables, "MOST_SERIES", 3)
    asked = {"node": "dc,campus", "item": "01000,01A00"}
    answer = shared_world.get("/v1/energy", **asked, **DAYS)
    assert (answer.status_code, answer.json()["field"]) == (422, "item")
    assert answer.json()["value"] == "4"
