"""Values of Home Assistant's entities, by what discovery said of them before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from metering.reading import Kind
from metering.registry import Point, Route
from tests.collector.intake.conftest import Bench

CONFIG = "homeassistant/sensor/office/energy/config"
STATE = "homeassistant/sensor/office/state"
ENERGY: dict[str, Any] = {
    "name": "Energy",
    "unit_of_measurement": "Wh",
    "state_class": "total_increasing",
    "state_topic": STATE,
    "value_template": "{{ value_json.energy | float | round(2) }}",
}
POINTS = [
    Point(10, "s/g", "sensor.office.energy", Kind.REGISTER, "kWh"),
    Point(11, "s/g", "sensor.office.power", Kind.MEAN, "kW"),
    Point(12, "s/g", "meter.total", Kind.REGISTER, "kWh"),
]


@pytest.fixture
def bench(bench: Bench) -> Bench:
    route = Route("s/g", "own/meter/#", "home_assistant")
    bench.registry = replace(bench.registry, routes=(route,))
    bench.register(*POINTS)
    return bench


def publish(bench: Bench, topic: str, told: object) -> None:
    payload = told if isinstance(told, bytes) else json.dumps(told).encode()
    bench.push(
        payload, route=topic, arrived_us=bench.now_us + len(bench.journal.records.get(1, []))
    )


def values(bench: Bench) -> list[tuple[int, float]]:
    bench.drain()
    return sorted((point, value) for point, _, value, _ in bench.rows())


def test_a_value_is_in_the_unit_that_was_announced_also_after_a_restart(bench: Bench) -> None:
    publish(bench, STATE, {"energy": 1000})
    assert values(bench) == [(10, 1000.0)]  # nothing was said of it yet: as registered
    publish(bench, CONFIG, ENERGY)
    publish(bench, STATE, {"energy": "2000", "power": 5, "word": "unknown"})
    assert values(bench) == [(10, 2.0), (10, 1000.0), (11, 5.0)]
    bench.intake = bench.fresh()
    publish(bench, STATE, {"energy": 3000})
    assert (10, 3.0) in values(bench)
    before = values(bench)
    bench.intake.rebuild()
    assert values(bench) == before


def test_several_entities_share_a_topic_and_one_is_taken_back(bench: Bench) -> None:
    power = {"unit_of_meas": "W", "stat_cla": "measurement", "stat_t": STATE}
    power["val_tpl"] = "{{ value_json['power'] }}"
    other = "homeassistant/sensor/office/power/config"
    publish(bench, CONFIG, ENERGY)
    publish(bench, other, power)
    publish(bench, other, power)
    publish(bench, STATE, {"energy": 1000, "power": 1000})
    assert values(bench) == [(10, 1.0), (11, 1.0)]
    assert len(bench.store.remembered("s/g")) == 4
    publish(bench, CONFIG, b"")
    publish(bench, STATE, {"energy": 5, "power": 2000})
    assert values(bench) == [(10, 1.0), (10, 5.0), (11, 1.0), (11, 2.0)]


def test_what_moves_to_another_topic_is_read_there_whatever_that_is_called(bench: Bench) -> None:
    publish(bench, CONFIG, ENERGY)
    moved = {**ENERGY, "state_topic": "own/meter/total", "value_template": "{{ value | float }}"}
    publish(bench, CONFIG, moved)
    publish(bench, STATE, {"energy": 7})
    publish(bench, "own/meter/total", b"4000")
    assert values(bench) == [(10, 7.0), (12, 4.0)]
    publish(bench, "own/meter/other", b"4000")
    bench.drain()
    assert bench.reasons() == [("not_a_measurement", -1)]


def test_a_template_that_computes_and_a_unit_that_nobody_knows_say_nothing(bench: Bench) -> None:
    publish(bench, CONFIG, {**ENERGY, "value_template": "{{ value_json.energy * 10 }}"})
    publish(bench, STATE, {"energy": 1})
    publish(bench, CONFIG, {**ENERGY, "unit_of_measurement": "pH"})
    publish(bench, STATE, {"energy": 2})
    assert values(bench) == [(10, 1.0), (10, 2.0)]
    assert bench.reasons() == []
