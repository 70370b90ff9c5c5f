"""What makes a board work in any Grafana from 9.4 to 13."""

import json
import re

import pytest

from dashboards import FOLDER, boards, file_name, written
from dashboards.panels import DATASOURCE

SAFE_TYPES = {
    "timeseries",
    "stat",
    "gauge",
    "bargauge",
    "barchart",
    "piechart",
    "table",
    "heatmap",
    "state-timeline",
    "status-history",
    "histogram",
    "text",
    "geomap",
}
GIVEN = {"timeFilter", "__interval", "tag"}
BOARDS = boards()


@pytest.fixture(params=BOARDS, ids=[board["uid"] for board in BOARDS])
def board(request):
    return request.param


def test_committed_files_are_what_the_builders_make():
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert kept == {file_name(board): written(board) for board in BOARDS}


def test_there_is_a_board_of_each_kind_in_each_language():
    assert len({board["uid"] for board in BOARDS}) == 4
    assert len({board["title"] for board in BOARDS}) == 4


def test_ids_types_and_places(board):
    panels = board["panels"]
    assert 36 <= board["schemaVersion"] <= 38
    assert len(board["uid"]) <= 40
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert {panel["type"] for panel in panels} <= SAFE_TYPES
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert max(x for x, _ in taken) == 23


def test_everything_asks_the_one_data_source(board):
    assert DATASOURCE == {"type": "influxdb", "uid": "greenoffice"}
    for panel in board["panels"]:
        assert panel["datasource"] == DATASOURCE
        assert panel["targets"]
        assert len({one["refId"] for one in panel["targets"]}) == len(panel["targets"])
        for one in panel["targets"]:
            assert one["datasource"] == DATASOURCE
            assert one["rawQuery"] is True
    for variable in board["templating"]["list"]:
        assert variable["type"] == "custom" or variable["datasource"] == DATASOURCE


def test_every_variable_is_declared_and_used(board):
    declared = [variable["name"] for variable in board["templating"]["list"]]
    text = json.dumps(board["panels"], ensure_ascii=False)
    used = set(re.findall(r"\$\{?([A-Za-z]+)", text)) - GIVEN
    assert used == set(declared)
    for n, variable in enumerate(board["templating"]["list"]):
        asked = set(re.findall(r"\$(\w+)", variable["query"]))
        assert asked <= set(declared[:n])


def test_every_query_over_time_is_bounded_by_the_board(board):
    for panel in board["panels"]:
        for one in panel["targets"]:
            assert "$timeFilter" in one["query"] or 'FROM "gateways"' in one["query"]


def test_languages_do_not_mix(board):
    chinese = re.compile("[一-鿿]")
    shown = [panel["title"] for panel in board["panels"]]
    shown += [variable["label"] for variable in board["templating"]["list"]]
    if board["uid"].endswith("-en"):
        assert not chinese.search(json.dumps(board, ensure_ascii=False))
    else:
        assert sum(bool(chinese.search(text)) for text in shown) >= len(shown) - 1
