"""Uplinks of network servers: whose they are, who reads them, and what comes of oddities."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import collector.decode
from collector.decode import DECODERS, Incoming, MessageLimits
from collector.decode.decoded_object import named_values, unit_of
from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from metering.errors import InvalidInput

HOME = Path(collector.decode.__file__).parent
SERVERS = ("chirpstack", "things_stack", "actility", "loriot", "lorawan_http")
AT_US = 1_795_508_102_000_000
LIMITS = MessageLimits()
PAYLOADS = [
    (name, path.parent.name, path.read_bytes())
    for name in SERVERS
    for path in sorted((HOME / name / "cases").glob("*/payload"))
]


def values(name: str, options: dict[str, str], payload: object) -> dict[str, float]:
    incoming = Incoming("t", json.dumps(payload).encode(), AT_US)
    found = DECODERS[name].reader(options)(incoming, LIMITS)
    return dict(zip(found.points, found.values, strict=True))


def loriot(eui: str, data: str) -> dict[str, object]:
    return {"cmd": "rx", "EUI": eui, "ts": AT_US // 1000, "port": 5, "data": data}


def test_the_longest_beginning_of_a_deveui_says_the_model() -> None:
    options = {"device": "cayenne/lpp", "devices": "a8:bosch/parking-lot-sensor, A817:elsys/ers2"}
    assert values("loriot", options, loriot("A817000000000001", "0232")) == {
        "a817000000000001.humidity": 50
    }
    assert values("loriot", options, loriot("00FF000000000001", "016864")) == {
        "00ff000000000001.relative_humidity_1": 50
    }


def test_a_model_may_come_apart_from_its_vendor() -> None:
    options = {"vendor": "Tektelic", "device": "Comfort"}
    found = values("loriot", options, {**loriot("01", "0468 64"), "port": 10})
    assert found == {"01.relative_humidity": 50}


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"model": "x"}, "model"),
        ({"device": "nobody/nothing"}, "nobody/nothing"),
        ({"device": "comfort"}, "comfort"),
        ({"devices": "a817"}, ""),
        ({"devices": "a817:x/y"}, "x/y"),
    ],
)
@pytest.mark.parametrize("name", [*SERVERS, "lorawan_bytes"])
def test_options_that_name_no_model_are_refused(
    name: str, options: dict[str, str], value: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        DECODERS[name].reader(options)
    assert (refused.value.field, refused.value.value) == ("options", value)
    assert refused.value.fix


@pytest.mark.parametrize("port", ["", "256", "-1", "x", "²"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(InvalidInput, match="FPort"):
        DECODERS["lorawan_bytes"].reader({"port": port})


def test_each_familys_messages_suit_it_alone() -> None:
    for name, case, payload in PAYLOADS:
        incoming = Incoming("t", payload, AT_US)
        suiting = {other for other in SERVERS if DECODERS[other].suits(incoming)}  # type: ignore[misc]
        alike = {"chirpstack"} if b"applicationID" in payload else set()
        assert suiting <= {name} | alike, (name, case)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("temperature", "C"),
        ("air.externalTemperature2", "C"),
        ("total_kWh", "kWh"),
        ("co2", "ppm"),
        ("power_kW", "kW"),
        ("pressure", None),
        ("kWhTariff", None),
        ("", None),
    ],
)
def test_a_name_promises_a_unit_only_by_a_well_known_word(name: str, unit: str | None) -> None:
    assert unit_of(name) == unit


def test_what_is_no_number_and_what_lies_too_deep_is_left_out() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    told = {
        "a": "12.5",
        "b": "1 2",
        "c": None,
        "d": "0x10",
        "e": 1e400,
        "f": deep,
        "g": "٣",
        "h": {},
    }
    number, beyond_all_bounds = named_values(told)
    assert isinstance(number, Quantity)
    assert (number.name, number.value) == ("a", 12.5)
    assert isinstance(beyond_all_bounds, Problem)
    assert (beyond_all_bounds.reason, beyond_all_bounds.point) == ("bad_value", "e")


def test_bytes_are_read_where_the_server_decoded_no_number() -> None:
    read = {**loriot("A817000000000001", "0232"), "name": "elsys/ers2"}
    failed = {**read, "decoded": {"data": {"humidity": "out of range"}}}
    expected = {"a817000000000001.humidity": 50}
    assert values("loriot", {}, read) == values("loriot", {}, failed) == expected


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
things = st.recursive(junk, lambda inner: st.lists(inner, max_size=2), max_leaves=3)


@given(data=st.data())
def test_messages_with_any_field_put_wrong_give_columns_and_problems(data: st.DataObject) -> None:
    name, _, payload = data.draw(st.sampled_from(PAYLOADS))
    message = copy.deepcopy(json.loads(payload))
    place: Any = message
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(things)
            break
        place = place[key]
    incoming = Incoming("t", json.dumps(message).encode(), AT_US)
    for options in ({}, {"device": "elsys/ers2"}):
        found = DECODERS[name].reader(options)(incoming, LIMITS)
        assert len(found.points) == len(found.values) == len(found.times)
        assert found.points or found.problems
