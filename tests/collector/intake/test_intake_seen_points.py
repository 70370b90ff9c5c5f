"""Points that nobody registered, as the intake notes them and takes them in later."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from metering.joining import MOST_SEEN, SeenPoint
from metering.localtime import iso
from metering.reading import Kind
from metering.registry import Point, Route
from tests.collector.intake.conftest import NOW_US, Bench

STEP_US = 900_000_000


def sent(bench: Bench, count: int, point: str = "E9") -> None:
    for n in range(count):
        at_us = NOW_US - (count - n) * STEP_US
        reading = {"point": point, "time": iso(at_us), "unit": "kWh", "value": 10 + n}
        bench.push([reading, {"point": "E1", "time": iso(at_us), "value": n}])


def seen(bench: Bench, gateway: str = "s/g") -> dict[str, SeenPoint]:
    return {one.point: one for one in bench.store.seen_points(gateway)}


def test_readings_of_an_unknown_point_are_noted_once_however_often_they_are_read() -> None:
    bench = Bench(limit=3)
    sent(bench, 10)
    bench.drain()
    (found,) = seen(bench).values()
    assert (found.point, found.seen, found.rises, found.falls) == ("E9", 10, 9, 0)
    assert (found.units, found.kinds, found.step_us) == (("kWh",), (), STEP_US)
    assert found.values[-1] == (NOW_US - STEP_US, 19.0, "kWh")
    bench.intake.rebuild()
    assert seen(bench) == {"E9": found}
    bench.register(Point(9, "s/g", "E9", Kind.REGISTER, "kWh"))
    bench.intake.replay_dead_letters()
    assert sum(row[0] == 9 for row in bench.rows()) == 10
    assert bench.reasons() == []
    assert seen(bench) == {"E9": found}


def test_readings_without_a_time_go_by_their_arrival() -> None:
    bench = Bench()
    bench.push([{"point": "T9", "kind": "instant", "value": 21}])
    bench.drain()
    assert seen(bench)["T9"].values == ((NOW_US, 21.0, ""),)
    assert seen(bench)["T9"].kinds == (Kind.INSTANT,)


def test_nothing_is_noted_of_gateways_that_are_not_registered_or_of_other_refusals() -> None:
    bench = Bench()
    topic = "greenoffice/v1/s/stranger/readings"
    bench.push([{"point": "E9", "value": 1}], gateway="s/stranger", route=topic)
    bench.push([{"point": "E1", "unit": "C", "value": 1}])
    bench.drain()
    assert (seen(bench), seen(bench, "s/stranger")) == ({}, {})


def test_a_batch_of_very_many_points_is_bounded() -> None:
    bench = Bench()
    bench.push([{"point": f"p{n:05}", "value": n} for n in range(MOST_SEEN + 7)])
    bench.drain()
    assert len(seen(bench)) == MOST_SEEN


def test_what_a_gateway_says_of_itself_comes_before_its_readings() -> None:
    bench = Bench()
    about = {"points": [{"point": "E1"}, {"point": "E9", "name": "Main", "unit": "kWh"}]}
    bench.push(about, route="greenoffice/v1/s/g/about")
    bench.drain()
    (found,) = seen(bench).values()
    assert (found.point, found.seen, found.first_us) == ("E9", 0, NOW_US)
    assert found.described is not None
    assert (found.described.name, found.described.unit) == ("Main", "kWh")
    assert bench.reasons() == []


@pytest.mark.parametrize(
    ("state_topic", "template", "point", "unit"),
    [
        ("homeassistant/sensor/o/state", "{{ value_json.t.now }}", "sensor.o.t.now", "W"),
        ("homeassistant/sensor/o/state", "", "sensor.o", "W"),
        ("zigbee2mqtt/plug", "{{ value_json.power }}", "plug.power", "W"),
        ("office/sensor/power/state", "{{ value }}", "office.sensor.power", "W"),
        ("greenoffice/v1/s/h/readings", "{{ value_json.power }}", None, ""),
        ("nowhere/at/all", "{{ value_json.power }}", None, ""),
        ("zigbee2mqtt/plug", "{{ value_json.power * 2 }}", None, ""),
    ],
)
def test_announced_entities_get_the_names_that_their_readings_will_have(
    state_topic: str, template: str, point: str | None, unit: str
) -> None:
    bench = Bench()
    routes = (Route("s/g", "zigbee2mqtt/#", "zigbee2mqtt"), Route("s/g", "office/#", "esphome"))
    bench.registry = replace(bench.registry, routes=routes)
    entity = {"name": "Plug", "unit_of_measurement": "W", "device_class": "power"}
    told = entity | {"state_topic": state_topic, "value_template": template}
    bench.push(json.dumps(told).encode(), route="homeassistant/sensor/plug/power/config")
    bench.drain()
    assert bench.reasons() == []
    assert [one.point for one in seen(bench).values()] == ([] if point is None else [point])
    if point is not None:
        described = seen(bench)[point].described
        assert described is not None
        assert (described.unit, described.quantity) == (unit, "power")


def test_through_a_broker_nothing_is_announced_for_another_gateway() -> None:
    bench = Bench()
    announces = Route("s/g", "homeassistant/#", "home_assistant")
    bench.registry = replace(
        bench.registry, routes=(announces, Route("s/h", "zigbee2mqtt/#", "zigbee2mqtt"))
    )
    told = {"state_topic": "zigbee2mqtt/plug", "value_template": "{{ value_json.power }}"}
    topic = "homeassistant/sensor/plug/config"
    bench.push(json.dumps(told).encode(), route=topic, gateway="broker")
    bench.drain()
    assert (bench.reasons(), seen(bench), seen(bench, "s/h")) == ([], {}, {})
