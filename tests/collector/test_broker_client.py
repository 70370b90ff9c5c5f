"""A broker's client against a real Mosquitto: what it takes, and what it says if it cannot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

WAIT_S = 20
TOPIC = "greenoffice/v1/s/g/readings"
VERSIONS = ["5", "3.1.1"]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    pause = threading.Event()
    for _ in range(WAIT_S * 50):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail("it never became so")


def numbers(first: int, count: int) -> list[bytes]:
    return [b"%d" % number for number in range(first, first + count)]


def receiving(one: Any) -> bool:
    return bool(one.receiver.health().state == "receiving")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_record_says_what_came(mosquitto: Any, receive: Any, version: str) -> None:
    broker = mosquitto()
    one = receive(broker.port, version=version, client_id="r1")
    until(lambda: receiving(one))
    broker.publish(TOPIC, b"first")
    until(lambda: len(one.records()) == 1)
    (record,) = one.records()
    assert (record.kind, record.gateway, record.client) == ("message", "s/g", "r1")
    assert (record.route, record.payload, record.qos, record.dup) == (TOPIC, b"first", 1, False)
    assert record.packet_id > 0
    assert record.connection
    until(lambda: one.metric("greenoffice_mqtt_acknowledged_total") == 1)
    health = one.receiver.health()
    assert (health.ok, health.connections, health.failure) == (True, 1, None)
    assert health.last_message_us == record.arrived_us
    assert one.metric("greenoffice_mqtt_messages_total", qos="1") == 1
    assert one.metric("greenoffice_broker_connected") == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_what_came_while_away_is_delivered(mosquitto: Any, receive: Any, version: str) -> None:
    broker = mosquitto()
    first = receive(broker.port, version=version)
    until(lambda: receiving(first))
    first.close()
    broker.publish(TOPIC, *numbers(0, 500))
    second = receive(broker.port, version=version)
    until(lambda: len(second.records()) >= 500)
    assert second.payloads() == numbers(0, 500)
    assert len({r.arrived_us for r in second.records()}) == 500  # though many were read at once


@pytest.mark.parametrize("version", VERSIONS)
def test_closing_acknowledges_what_was_taken(mosquitto: Any, receive: Any, version: str) -> None:
    broker = mosquitto()
    first = receive(broker.port, version=version, commit_linger_s=0.5)
    until(lambda: receiving(first))
    broker.publish(TOPIC, b"last")
    until(lambda: first.metric("greenoffice_mqtt_messages_total", qos="1") == 1)
    first.close()
    assert first.payloads() == [b"last"]
    assert first.metric("greenoffice_mqtt_acknowledged_total") == 1
    broker.publish(TOPIC, b"next")
    second = receive(broker.port, version=version)
    until(lambda: len(second.records()) == 2)
    assert second.payloads() == [b"last", b"next"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_retained_copy_is_no_new_message(mosquitto: Any, receive: Any, version: str) -> None:
    broker = mosquitto()
    broker.publish(TOPIC, b"before", retain=True)
    one = receive(broker.port, version=version)
    until(lambda: receiving(one))
    broker.publish(TOPIC, b"live", retain=True)
    until(lambda: len(one.records()) == 1)
    one.close()
    broker.publish(TOPIC, b"while away", retain=True)
    again = receive(broker.port, version=version)
    until(lambda: receiving(again) and len(again.records()) == 2)
    broker.publish(TOPIC, b"last")
    until(lambda: len(again.records()) == 3)
    assert again.payloads() == [b"live", b"while away", b"last"]
    copies = [x.metric("greenoffice_broker_retained_ignored_total") for x in (one, again)]
    assert copies == ([0, 0] if version == "5" else [1, 1])


def test_the_gateway_is_the_topics_else_ours(mosquitto: Any, receive: Any) -> None:
    broker = mosquitto()
    wanted = ("greenoffice/v1/+/+/#", "plant/#")
    one = receive(broker.port, filters=wanted, client_id="r1")
    until(lambda: receiving(one))
    for topic in (TOPIC, "plant/7/power"):
        broker.publish(topic, b"x")
    until(lambda: len(one.records()) == 2)
    assert {record.route: record.gateway for record in one.records()} == {
        TOPIC: "s/g",
        "plant/7/power": "r1",
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_the_window_holds_the_broker_while_the_disk_is_full(
    mosquitto: Any, receive: Any, version: str
) -> None:
    broker = mosquitto("max_inflight_messages 50")
    one = receive(broker.port, journal={"max_pages": 30}, version=version, receive_maximum=50)
    until(lambda: receiving(one))
    sent = [number + b" " * 2_000 for number in numbers(0, 300)]
    broker.publish(TOPIC, *sent)
    until(lambda: not one.receiver.health().ok)
    health = one.receiver.health()
    assert "free space" in (health.failure or "")
    assert health.field == "journal"
    until(lambda: one.receiver.health().waiting_records >= 50)
    threading.Event().wait(0.3)  # Mosquitto 2.0.11 would send all of them
    assert one.receiver.health().waiting_records <= 100
    stored = len(one.records())
    assert one.metric("greenoffice_mqtt_acknowledged_total") == stored < 300
    one.journal.max_pages = None
    until(lambda: len(one.records()) >= 300)
    assert one.payloads() == sent
    until(lambda: one.metric("greenoffice_mqtt_acknowledged_total") == 300)
    assert one.receiver.health().ok


def test_a_full_queue_leaves_messages_in_the_broker(mosquitto: Any, receive: Any) -> None:
    broker = mosquitto()
    one = receive(broker.port, journal={"max_pages": 1}, queue_records=40, keep_alive_s=1)
    until(lambda: receiving(one))
    broker.publish(TOPIC, *numbers(0, 3_000))
    until(lambda: one.metric("greenoffice_mqtt_reading_paused") == 1)
    # longer than its keep alive: the link is given up, and not made again without room
    until(lambda: one.receiver.health().state == "waiting")
    assert one.receiver.health().waiting_records < 3_000
    one.journal.max_pages = None
    until(lambda: set(one.payloads()) == set(numbers(0, 3_000)))
    assert one.metric("greenoffice_mqtt_reading_paused") == 0
    redelivered = [record for record in one.records() if record.dup]
    assert len(one.records()) - len(redelivered) <= 3_000
