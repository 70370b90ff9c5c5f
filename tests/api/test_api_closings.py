"""Closed periods over HTTP: who may close, what stands then, and what is listed beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from metering.registry import Registry

OCTOBER = {"institution": "bureau", "period": "2026-10"}
ASKED = "start=2026-10-01&end=2026-11-01"
NUMBERS = (
    f"/v1/energy?node=bureau&step=month&{ASKED}",
    f"/v1/energy?node=office-a&item=01000&step=hour&{ASKED}",
    f"/v1/energy/parts?node=bureau&{ASKED}",
    "/v1/reports/bureau?month=2026-10&format=json",
)


def close(world, key="closer", **more):
    return world.post("/v1/closings", key, json={**OCTOBER, **more})


def numbers(world, name):
    answers = [world.get(f"{one}&as_of={name}") for one in NUMBERS]
    assert [one.status_code for one in answers] == [200] * 4, answers[0].text
    return [one.content for one in answers]


def reprice(world) -> None:
    known = world.platform.registry()
    rows = tuple(replace(row, price=row.price + Decimal(1)) for row in known.tariff)
    world.platform.registry_store.apply(
        Registry(tariff=rows), actor="test", now_us=1, reason="it was wrong"
    )


def correct(world) -> date:
    """A day of October of the institution's electricity is booked otherwise."""
    books = world.platform.books
    key = next(one for one in books.series("bureau") if (one.code, one.item) == ("bureau", "01000"))
    old = next(row for row in books.rows([key], date(2026, 10, 1), date(2026, 10, 31)) if row.total)
    slots = old.finest.slots.copy()
    slots[0] += 1_000_000
    new = replace(
        old, parts=(replace(old.finest, slots=slots), *old.parts[1:]), total=old.total + 1_000_000
    )
    books.commit("bureau", [new], expected_revision=books.revision("bureau"), now_us=1)
    return old.day


def test_closed_numbers_stand_and_what_comes_later_is_listed_beside_them(world):
    made = close(world)
    assert made.status_code == 201, made.text
    closing = made.json()
    assert (closing["closing"], closing["state"], closing["lacking"]) == ("c1", "closed", [])
    assert closing["issues"] == {"2026-10": 1}
    before = numbers(world, "c1")
    present = [world.get(one).content for one in NUMBERS]
    assert [a == b for a, b in zip(before, present, strict=True)] == [True] * 4
    told = world.get("/v1/closings/c1").json()
    assert (told["restated"], told["restatements"]) == (0, [])
    assert (told["revalued"], told["figures"]) == (0, [])
    assert all(one["closed"] == one["present"] for one in told["sums"])
    day = correct(world)
    reprice(world)
    assert numbers(world, "c1") == before
    assert world.get(NUMBERS[0]).content != present[0]
    told = world.get("/v1/closings/c1").json()
    (one,) = told["restatements"]
    assert (told["restated"], told["left_out"], one["causes"]) == (1, 0, ["reading"])
    assert (one["code"], one["day"], one["change"]) == ("bureau", day.isoformat(), "1.000000")
    assert told["figures_left_out"] == 0
    figures = {(one["code"], one["item"]): one for one in told["figures"]}
    assert told["revalued"] == len(figures) > 3
    own = figures["bureau", "01000"]
    assert (own["month"], own["restated"]) == ("2026-10", 1)
    assert figures["office-a", "01000"]["restated"] == 0
    for one in figures.values():
        assert {edit["kind"] for edit in one["edits"]} == {"tariff"}
        assert {(e["what"], e["by"], e["reason"]) for e in one["edits"]} == {
            ("changed", "test", "it was wrong")
        }
        raised = [Decimal(e["new"]["price"]) - Decimal(e["old"]["price"]) for e in one["edits"]]
        assert raised == [1, 1, 1]
        assert one["money_change"].keys() == {"CNY"}
    energy = world.get(f"/v1/energy?node=office-a&step=month&{ASKED}").json()["data"][0]
    assert Decimal(figures["office-a", "01000"]["money_change"]["CNY"]) == Decimal(energy["value"])
    item = next(one for one in told["sums"] if one["item"] == "01000")
    assert Decimal(item["present"]["value"]) - Decimal(item["closed"]["value"]) == 1
    assert item["present"]["money"] != item["closed"]["money"]
    assert world.get("/v1/closings/c1?limit=0").json()["left_out"] == 1


def test_only_keys_that_may_close_do_and_only_of_what_they_reach(world):
    for key, status in (("reader", 403), ("operator", 403), ("building", 404), ("school", 404)):
        assert close(world, key).status_code == status, key
    assert close(world).status_code == 201
    again = close(world, "bureau")
    assert again.status_code == 409
    assert "closed already, as c1" in again.text
    assert [one["closing"] for one in world.get("/v1/closings", "building").json()["data"]] == [
        "c1"
    ]
    assert world.get("/v1/closings", "school").json() == {"data": []}
    assert world.get("/v1/closings/c1", "building").status_code == 404
    assert world.get("/v1/closings/c1", "school").status_code == 404
    asked = f"/v1/energy?node=office-a&{ASKED}&as_of=c1"
    assert world.get(asked, "building").status_code == 200
    hall = f"/v1/energy?node=hall&{ASKED}&as_of=c1"
    assert world.get(hall, "school").status_code == 404
    assert world.get(hall, "whole").status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"period": "2026-11"}, 422, "has not ended"),
        ({"period": "2026"}, 422, "has not ended"),
        ({"period": "2026-Q3"}, 422, "90 %"),
        ({"period": "2001-01"}, 422, "nothing is booked"),
        ({"period": "October"}, 422, "not a period"),
        ({"institution": "office-a"}, 422, "not an institution"),
    ],
)
def test_a_period_that_cannot_be_closed_yet_is_refused(world, body, status, told):
    found = close(world, **body)
    assert found.status_code == status, found.text
    assert told in found.text
    assert world.get("/v1/closings").json() == {"data": []}


def test_an_incomplete_period_is_closed_with_a_reason(world):
    made = close(world, period="2026-Q3", reason="the meters came in September")
    assert made.status_code == 201, made.text
    assert "01000" in made.json()["lacking"]
    assert made.json()["closed"]["reason"] == "the meters came in September"
    refused = world.get("/v1/reports/bureau?month=2026-07&as_of=c1")
    assert refused.status_code == 404
    assert "c1 holds no report of 2026-07" in refused.text


def made_again(world, name: str) -> str:
    """The secret of another key of that name, as a rotation makes one."""
    return world.platform.access.create_key(name, "bureau", "close", actor="test", now_us=1)


def test_reopening_takes_a_reason_and_a_second_key(world):
    close(world)
    path = "/v1/closings/c1/reopening"
    assert world.post(f"{path}/confirmation", "second").status_code == 409
    assert world.post(path, "operator", json={"reason": "a meter"}).status_code == 403
    unsaid = world.post(path, "closer", json={"reason": " "})
    assert (unsaid.status_code, unsaid.json()["field"]) == (422, "reason")
    assert "why the period is reopened" in unsaid.json()["fix"]
    untold = close(world, reason="\0")
    assert (untold.status_code, untold.json()["field"]) == (422, "reason")
    assert "why the period holds as it is" in untold.json()["fix"]
    asked = world.post(path, "closer", json={"reason": "a meter was read wrongly"})
    assert asked.json()["state"] == "asked"
    assert world.post(f"{path}/confirmation", "closer").status_code == 403
    rotated = {"Authorization": f"Bearer {made_again(world, 'closer')}"}
    again = world.client.post(f"{path}/confirmation", headers=rotated)
    assert (again.status_code, again.json()["field"]) == (403, "closing")
    assert close(world).status_code == 409
    done = world.post(f"{path}/confirmation", "second").json()
    assert (done["state"], done["asked"]["by"].split()[0]) == ("reopened", "closer")
    assert done["reopened"]["by"].startswith("second (")
    assert close(world).json()["closing"] == "c2"
    assert numbers(world, "c1")
    actions = [one["action"] for one in world.get("/v1/audit?limit=1000", "bureau").json()["data"]]
    assert [actions.count(f"closing.{one}") for one in ("close", "ask", "reopen")] == [2, 1, 1]


def test_a_closing_that_is_none_is_named(world):
    for name in ("c1", "c0", "cx", "c99999999999"):
        found = world.get(f"/v1/energy?node=bureau&{ASKED}&as_of={name}")
        assert found.status_code == 404, found.text
        assert world.get(f"/v1/closings/{name}").status_code == 404
    assert world.get(f"/v1/energy?node=bureau&{ASKED}&as_of=7x").status_code == 422


QUERY = (
    "SELECT sum(kwh), sum(cost), sum(kgco2) FROM {source}energy WHERE node = 'bureau' AND "
    "item = '01000' AND time >= '2026-10-01' AND time < '2026-11-01' GROUP BY time(1d) "
    "TZ('Asia/Shanghai')"
)


def ask_influx(world, source="", key="bureau", **more):
    return world.get("/influx/query", key, q=QUERY.format(source=source), epoch="s", **more)


def test_influxql_asks_for_a_moment_by_the_name_of_a_database(world):
    close(world)
    now = ask_influx(world)
    assert "series" in now.json()["results"][0], now.text
    revision = world.platform.books.revision("bureau")
    version = world.platform.registry_store.version()
    correct(world)
    reprice(world)
    assert ask_influx(world).json() != now.json()
    for name in ("c1", f"{revision}@{version}"):
        for found in (
            ask_influx(world, f'"as_of_{name}".'),
            ask_influx(world, f'"as_of_{name}"."autogen".'),
            ask_influx(world, db=f"as_of_{name}"),
            ask_influx(world, '"greenoffice"..', db=f"as_of_{name}"),
        ):
            assert found.json() == now.json()
            assert found.headers["X-Greenoffice-Revision"] == f"bureau={revision}"


@pytest.mark.parametrize(
    ("query", "key", "told"),
    [
        (
            'SELECT count(value) FROM "as_of_c1"."readings" WHERE point = \'1\'',
            "bureau",
            "not kept",
        ),
        ('SELECT sum(kwh) FROM "as_of_c9"."energy" WHERE time > 0', "bureau", "no such closing"),
        ('SELECT sum(kwh) FROM "as_of_x"."energy" WHERE time > 0', "bureau", "not a moment"),
        ('SELECT sum(kwh) FROM "as_of_2"."energy" WHERE time > 0', "whole", "one institution"),
        (
            'SELECT sum(kwh) FROM "as_of_c1"."energy" WHERE time > 0; '
            "SELECT sum(kwh) FROM energy WHERE time > 0",
            "bureau",
            "two moments",
        ),
        (
            'SELECT sum(kwh) FROM "as_of_c1"."energy" WHERE time > 0; '
            'SELECT sum(kwh) FROM "as_of_2"."energy" WHERE time > 0',
            "bureau",
            "two moments",
        ),
    ],
)
def test_what_influxql_cannot_tell_of_a_moment_is_refused(world, query, key, told):
    close(world)
    found = world.get("/influx/query", key, q=query)
    assert found.status_code in (400, 404), found.text
    assert told in found.text


def settled(world, key="operator"):
    body = {"institution": "bureau", "period": "2026-10"}
    return world.post("/v1/settlements", key, json=body)


def test_a_settlement_run_says_how_well_a_period_is_known_and_what_changed_since(world):
    assert settled(world, "reader").status_code == 403
    assert settled(world, "school").status_code == 404
    first = settled(world)
    assert first.status_code == 201, first.text
    (one,) = [item for item in first.json()["items"] if item["item"] == "01000"]
    total = sum(Decimal(one[name]) for name in ("measured", "apportioned", "estimated"))
    energy = world.get(NUMBERS[0]).json()["data"][0]
    assert Decimal(one["total"]) == total == Decimal(energy["value"])
    assert one["shares"] == energy["shares"]
    assert (one["restated_net"], one["restated"]) == (None, None)
    assert (first.json()["run"], first.json()["through"]) == (1, "2026-10-31")
    correct(world)
    second = settled(world).json()
    (later,) = [item for item in second["items"] if item["item"] == "01000"]
    assert (later["restated_net"], later["restated"]) == ("1.000000", "1.000000")
    assert Decimal(later["total"]) - Decimal(one["total"]) == 1
    (third,) = [item for item in settled(world).json()["items"] if item["item"] == "01000"]
    assert (third["restated_net"], third["restated"]) == ("0.000000", "0.000000")
    assert (one["money_change"], one["kgco2_change"], one["edits"]) == (None, None, [])
    assert Decimal(later["money_change"]["CNY"]) > 0
    assert (third["money_change"], third["kgco2_change"], third["edits"]) == ({}, "0", [])
    reprice(world)
    (fourth,) = [item for item in settled(world).json()["items"] if item["item"] == "01000"]
    assert fourth["restated"] == "0.000000"
    assert Decimal(fourth["money_change"]["CNY"]) == Decimal(later["total"])
    assert Decimal(fourth["money"]["CNY"]) - Decimal(third["money"]["CNY"]) == Decimal(
        fourth["money_change"]["CNY"]
    )
    assert len(fourth["edits"]) == 3
    assert all("changed tariff" in edit and "test" in edit for edit in fourth["edits"])
    path = "/v1/settlements?institution=bureau"
    listed = world.get(path).json()["data"]
    assert [run["run"] for run in listed] == [1, 2, 3, 4]
    assert listed[:2] == [first.json(), second]
    assert world.get(f"{path}&period=2026-09").json() == {"data": []}
    table = world.get(f"{path}&format=csv").text.splitlines()
    assert table[0].startswith("institution,period,run,first,through")
    assert len(table) == 1 + sum(len(run["items"]) for run in listed)
    future = world.post(
        "/v1/settlements", "operator", json={"institution": "bureau", "period": "2027"}
    )
    assert future.status_code == 422
    assert "no settled day" in future.text


def test_a_closed_month_is_marked_on_the_page_and_reopened_there_by_two(world, signed_in):
    page = world.client
    assert "Nothing is closed yet" in page.get("/closings").text
    form = {"csrf": signed_in.csrf, "institution": "bureau", "period": "2026-10"}
    assert page.post("/closings", data={**form, "csrf": "x"}).status_code == 403
    assert page.post("/closings", data=form, follow_redirects=False).status_code == 303
    shown = page.get("/closings").text
    assert "c1" in shown
    assert "Ask to reopen" in shown
    assert "closed c1" in page.get("/overview?node=bureau").text
    asked = world.post("/v1/closings/c1/reopening", "closer", json={"reason": "<a meter>"})
    assert asked.status_code == 200
    shown = page.get("/closings").text
    assert "&lt;a meter&gt;" in shown
    done = {"csrf": signed_in.csrf}
    path = "/closings/c1/confirmation"
    assert page.post(path, data=done, follow_redirects=False).status_code == 303
    assert "Reopened by" in page.get("/closings").text
    assert "closed c1" not in page.get("/overview?node=bureau").text


def test_the_page_of_a_closing_names_what_is_worth_otherwise_and_who_edited_it(world, signed_in):
    close(world)
    assert "Nothing is worth otherwise" in world.client.get("/closings/c1").text
    assert 'href="/closings/c1"' in world.client.get("/closings").text
    correct(world)
    reprice(world)
    shown = world.client.get("/closings/c1").text
    assert "1 day of a figure is told otherwise since" in shown
    assert "1 day read otherwise" in shown
    assert "0.98 → 1.98" in shown
    assert "test · it was wrong" in shown
    assert world.client.get("/closings/c9").status_code == 404
