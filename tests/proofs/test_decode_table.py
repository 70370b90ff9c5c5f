"""What counts as agreeing: values by their units, each once; and what is no quantity."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from proofs.decode_table.check import judged
from proofs.decode_table.expected import Needed, expectation
from proofs.decode_table.matching import missing


def reading(value: float, unit: str | None = None) -> dict[str, Any]:
    return {"name": "any", "value": value, "unit": unit, "time": None}


@pytest.mark.parametrize(
    ("wanted", "readings", "lacking"),
    [
        ([Needed("a", 3.25)], [reading(3250, "mV")], 0),
        ([Needed("a", 1.5, "kWh")], [reading(1500, "Wh")], 0),
        ([Needed("a", 1.5, "kWh")], [reading(1500, "V")], 1),
        ([Needed("a", 1500)], [reading(1.5)], 1),
        ([Needed("a", 0), Needed("b", 0)], [reading(0)], 1),
        ([Needed("a", 0), Needed("b", 0)], [reading(0), reading(0)], 0),
        ([Needed("a", 231.4), Needed("b", 231.4)], [reading(231.4)], 0),
        ([Needed("a", 2), Needed("b", 2)], [reading(2, "kWh"), reading(2000, "Wh")], 0),
        ([Needed("a", 1.5, "kWh")], [reading(5.4, "MJ")], 0),
        ([Needed("a", 12, "C"), Needed("b", 12, "C")], [reading(12, "C")], 0),
        ([Needed("a", 12), Needed("b", 12)], [reading(12, "C")], 1),
        ([Needed("a", 21.33)], [reading(21.333)], 0),
        ([Needed("a", 21.3)], [reading(21.333)], 1),
        ([Needed("a", 1)], [], 1),
    ],
)
def test_values_decide(wanted: list[Needed], readings: list[dict[str, Any]], lacking: int) -> None:
    assert len(missing(wanted, readings)) == lacking


XML = """<MBusData><SlaveInformation><Id>1</Id></SlaveInformation>
<DataRecord id="0"><Unit></Unit><Quantity>Fabrication No</Quantity><Value>12</Value></DataRecord>
<DataRecord id="1"><Unit>m^3</Unit><Quantity>Volume</Quantity><Value>0.25</Value></DataRecord>
<DataRecord id="2"><Unit>-</Unit><Quantity>Time point (date)</Quantity><Value>3</Value></DataRecord>
</MBusData>"""


@pytest.mark.parametrize(
    ("expected", "kind", "numbers"),
    [
        (
            {"telemetry": [{"ts": 1, "values": {"temperature": 21.5, "rssi": -80, "on": True}}]},
            "thingsboard telemetry/attributes",
            {"temperature": 21.5, "on": 1.0},
        ),
        (
            {"total_m3": 1.5, "id": "7", "timestamp": "x"},
            "wmbusmeters MQTT JSON",
            {"total_m3": 1.5},
        ),
        (XML, "libmbus XML", {"Volume": 0.25}),
        (
            {"battery": 90, "history": [{"timestamp": 5, "humidity": 40}]},
            "vendor decoder output",
            {"battery": 90.0, "history.0.humidity": 40.0},
        ),
    ],
)
def test_quantities_of_the_device_are_expected(
    expected: Any, kind: str, numbers: dict[str, float]
) -> None:
    found = expectation(expected, kind)
    assert found is not None
    assert {one.name: one.value for one in found.numbers} == numbers


@pytest.mark.parametrize(
    ("line", "told", "outcome"),
    [
        ({"expected": {"a": 5}}, {"readings": [reading(5)]}, "agreeing"),
        ({"expected": {"a": 5}}, {"readings": [reading(6)]}, "wrong"),
        ({"expected": {"a": 5}}, {"dead_letter": "not_a_measurement", "message": ""}, "wrong"),
        (
            {"expected": {"a": "on"}},
            {"dead_letter": "not_a_measurement", "message": ""},
            "explained",
        ),
        ({}, {"dead_letter": "not_a_measurement", "message": ""}, "explained"),
        ({}, {"dead_letter": "bad_message", "message": ""}, "wrong"),
        ({}, {"readings": []}, "wrong"),
        ({}, {"readings": [reading(1)]}, "explained"),
        (
            {"realness": "malformed frame"},
            {"dead_letter": "bad_message", "message": ""},
            "explained",
        ),
        (
            {"realness": "malformed frame"},
            {"dead_letter": "unknown_topic", "message": ""},
            "wrong",
        ),
        (
            {"expected": "<M><Error>x</Error></M>", "expected_kind": "libmbus XML"},
            {"readings": [reading(1)]},
            "wrong",
        ),
    ],
)
def test_what_becomes_of_a_line(line: dict[str, Any], told: dict[str, Any], outcome: str) -> None:
    assert judged(line, told).name == outcome


def told(name: str, value: float, **more: Any) -> dict[str, Any]:
    return {"readings": [{**reading(value), "name": name}], **more}


tvoc = partial(told, "7.tvoc")
PLAN = {"plan_settings": [{"temperature_target": 78}]}
SILENT = {"dead_letter": "not_a_measurement", "message": ""}


@pytest.mark.parametrize(
    ("model", "expected", "told", "outcome"),
    [
        ("AM307", {"tvoc": 37}, tvoc(0.37), "disputed"),
        ("AM307", {"tvoc": 37}, tvoc(0.38), "wrong"),
        ("AM307", {"tvoc": 37, "co2": 400}, tvoc(0.37), "wrong"),
        ("AM102", {"tvoc": 37}, tvoc(0.37), "wrong"),
        (
            "AM102",
            {"tvoc": 37, "co2": 400},
            tvoc(37, problems=[{"dead_letter": "old_time", "name": "7.co2"}]),
            "explained",
        ),
        (
            "AM102",
            {"tvoc": 37, "co2": 400},
            tvoc(37, problems=[{"dead_letter": "bad_value", "name": "7.co2"}]),
            "wrong",
        ),
        (
            "AM102",
            {"tvoc": 37, "co2": 400, "history": [{"co2": 500}]},
            tvoc(37, problems=[{"dead_letter": "old_time", "name": "7.co2"}]),
            "wrong",
        ),
        ("wt201", PLAN, SILENT, "disputed"),
        ("wt201", PLAN, {**SILENT, "dead_letter": "bad_frame"}, "wrong"),
        ("wt201", {**PLAN, "temperature": 21.5}, SILENT, "wrong"),
        ("DS3604", {"template": 1}, told("7.battery", 90), "disputed"),
        ("DS3604", {"template": 1}, told("7.template", 2), "wrong"),
        ("hydrocalm4", {"power_kw": 3e-06}, told("7.power", 2.78e-06), "disputed"),
        ("hydrocalm4", {"power_kw": 3e-06}, told("7.power", 2.78e-03), "wrong"),
    ],
)
def test_a_dispute_explains_what_it_is_about_alone(
    model: str, expected: dict[str, Any], told: dict[str, Any], outcome: str
) -> None:
    assert judged({"expected": expected, "extra": {"device": model}}, told).name == outcome


@pytest.mark.parametrize(("value", "outcome"), [("13131113", "disputed"), ("13131114", "wrong")])
def test_where_no_model_is_told_the_line_stands_for_it(value: str, outcome: str) -> None:
    xml = XML.replace("<Value>0.25", f"<Value>{value}").replace("Volume<", "Power<")
    line = {"id": "8c63a36d50c8", "expected": xml, "expected_kind": "libmbus XML"}
    assert judged(line, {"readings": []}).name == outcome
    assert judged({**line, "id": "other"}, {"readings": []}).name == "wrong"
