"""The way in: keys as Grafana sends them, forms, times, and errors that InfluxDB's clients read."""

import base64

import pytest

from api.influxql.tables.measurements import MEASUREMENTS
from dashboards import boards
from proofs.board_rows import filled

URL = "/influx/query"
QUERY = "SELECT sum(kwh) FROM energy WHERE node = 'campus' AND item = '01000' AND time > now() - 1d"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_every_way_to_bring_a_key(shared_world):
    key = shared_world.keys["reader"]
    for headers, params in (
        ({"Authorization": f"Token {key}"}, {}),
        ({"Authorization": f"Bearer {key}"}, {}),
        ({"Authorization": basic("anyone", key)}, {}),
        ({"X-API-Key": key}, {}),
        ({}, {"u": "anyone", "p": key}),
    ):
        found = shared_world.client.get(URL, params={"q": QUERY, **params}, headers=headers)
        assert found.status_code == 200, (headers.keys(), found.text)
        assert found.json()["results"][0]["series"]


@pytest.mark.parametrize(
    "header", ["", "Token", "Token wrong", "Basic !!", basic("anyone", ""), "Digest x"]
)
def test_without_a_key_nothing(world, header):
    found = world.client.get(URL, params={"q": QUERY}, headers={"Authorization": header})
    assert found.status_code == 401
    assert found.json()["error"]
    assert found.json()["fix"]


def test_wrong_keys_are_counted(world):
    header = {"Authorization": basic("anyone", "wrong")}
    codes = [
        world.client.get(URL, params={"q": QUERY}, headers=header).status_code for _ in range(25)
    ]
    assert codes[0] == 401
    assert codes[-1] == 429


def test_times_are_as_epoch_says(shared_world):
    def first(epoch):
        params = {"q": QUERY.replace("sum", "first"), **({"epoch": epoch} if epoch else {})}
        headers = {"X-API-Key": shared_world.keys["bureau"]}
        answer = shared_world.client.get(URL, params=params, headers=headers).json()
        return answer["results"][0]["series"][0]["values"][0][0]

    milliseconds = first("ms")
    assert first("s") == milliseconds // 1000
    assert first("ns") // 1_000_000 == milliseconds
    assert first("").startswith("2026-11-23T")


def test_several_statements_answer_in_order(shared_world, posted):
    results = posted(shared_world, f"{QUERY};SHOW DATABASES;{QUERY};").json()["results"]
    assert [one["statement_id"] for one in results] == [0, 1, 2]
    assert results[0]["series"] == results[2]["series"]
    assert results[1]["series"][0]["values"] == [["greenoffice"]]


def test_a_body_above_the_limit_is_not_read(shared_world, posted):
    answer = posted(shared_world, "x" * 100_000)
    assert answer.status_code == 413
    assert "bytes" in answer.json()["error"]


def test_an_unknown_epoch_is_named(shared_world):
    headers = {"X-API-Key": shared_world.keys["bureau"]}
    answer = shared_world.client.get(URL, params={"q": QUERY, "epoch": "y"}, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["field"] == "epoch"


def test_ping(shared_world):
    answer = shared_world.client.get("/influx/ping")
    assert answer.status_code == 204
    assert answer.headers["x-influxdb-version"]


def test_what_the_data_source_asks_when_tested_and_edited(ask):
    names = [row[0] for row in ask("SHOW measurements")[0][2]]
    assert names == sorted(MEASUREMENTS)
    assert ask("SHOW MEASUREMENTS WITH MEASUREMENT =~ /(?i)ENER/ LIMIT 100")[0][2] == [
        [name] for name in sorted(MEASUREMENTS) if "ener" in name
    ]
    assert ask('SHOW RETENTION POLICIES on "greenoffice"')[0][2][0][0] == "autogen"
    fields = dict(ask('SHOW FIELD KEYS FROM "findings"')[0][2])
    assert fields["cost"] == "float"
    assert fields["sentence_zh"] == "string"
    assert ["node"] in ask('SHOW TAG KEYS FROM "energy"')[0][2]
    assert len(ask("SHOW TAG KEYS")) == len(names)


def test_values_of_tags_for_variables(ask):
    choices = ask('SHOW TAG VALUES FROM "energy" WITH KEY = "choice_en"')[0][2]
    assert [row[1] for row in choices[:2]] == ["Municipal bureau [bureau]", "Civic campus [campus]"]
    items = ask("SHOW TAG VALUES FROM energy WITH KEY = item WHERE node = 'dc' AND time > 0")[0][2]
    assert [row[1] for row in items] == ["01000", "01B00", "01D00", "01D10"]
    both = ask('SHOW TAG VALUES FROM "energy" WITH KEY IN ("type", "unit")')[0][2]
    assert {row[0] for row in both} == {"type", "unit"}
    hours = ask('SHOW TAG VALUES FROM "energy" WITH KEY =~ /^hour$/ LIMIT 3')[0][2]
    assert [row[1] for row in hours] == ["00", "01", "02"]
    assert ask("SHOW TAG VALUES WITH KEY = role WHERE under = 'dc'")


@pytest.mark.parametrize("measure", ["kwh", "cost", "kgco2"])
def test_every_panel_of_the_boards_is_answered(shared_world, posted, measure):
    chosen = {"node": "campus", "zone": "Asia/Shanghai", "measure": measure, "currency": "CNY"}
    for board in boards(("en",)):
        for panel in board["panels"]:
            for one in panel["targets"]:
                query = filled(one["query"], chosen, "14d")
                answer = posted(shared_world, query)
                assert answer.status_code == 200, (query, answer.text)
                shown = answer.json()["results"][0].get("series")
                assert shown, query
