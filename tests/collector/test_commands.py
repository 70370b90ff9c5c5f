"""Commands to gateways, out by the listener and by a broker."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

TOPIC = "greenoffice/v1/s/g/commands"


@contextmanager
def gateway(port: int, filters: str, version: int = paho.MQTTv311) -> Iterator[queue.Queue[bytes]]:
    """A gateway that has subscribed; what comes to it."""
    came: queue.Queue[bytes] = queue.Queue()
    granted: queue.Queue[None] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2, "device", protocol=version)
    client.username_pw_set("s/g", "right")
    client.on_connect = lambda *_: client.subscribe(filters, 1)
    client.on_subscribe = lambda *_: granted.put(None)
    client.on_message = lambda _c, _d, message: came.put(message.payload)
    client.connect("127.0.0.1", port)
    client.loop_start()
    granted.get(timeout=20)
    try:
        yield came
    finally:
        client.disconnect()
        client.loop_stop()


def until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("it did not happen")


def tell(running: Any, receiver: Any, payload: bytes) -> None:
    async def command() -> None:
        receiver.command("s/g", TOPIC, payload)

    running.run(command())


def hears(running: Any, receiver: Any, gateway: str) -> bool:
    async def ask() -> bool:
        return bool(receiver.hears(gateway, f"greenoffice/v1/{gateway}/commands"))

    return bool(running.run(ask()))


@pytest.mark.parametrize("version", [paho.MQTTv31, paho.MQTTv311, paho.MQTTv5])
def test_a_gateway_that_listens_is_told(server: Any, version: int) -> None:
    assert not hears(server, server.listener, "s/g")
    with gateway(server.port, TOPIC, version) as came:
        assert hears(server, server.listener, "s/g")
        assert not hears(server, server.listener, "s/h")
        tell(server, server.listener, b"one")
        assert came.get(timeout=20) == b"one"
    until(lambda: not hears(server, server.listener, "s/g"))
    tell(server, server.listener, b"to nobody")


def test_a_gateway_that_listens_to_something_else_is_not_told(server: Any) -> None:
    with gateway(server.port, "greenoffice/v1/s/g/errors"):
        assert not hears(server, server.listener, "s/g")


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_through_a_broker_what_comes_back_is_no_message_of_the_gateway(
    mosquitto: Any, receive: Any, version: str
) -> None:
    broker = mosquitto()
    one = receive(broker.port, version=version)
    until(lambda: hears(one, one.receiver, "s/g"))
    with gateway(broker.port, TOPIC) as came:
        tell(one, one.receiver, b"one")
        assert came.get(timeout=20) == b"one"
        broker.publish(TOPIC, b"one", b"of somebody else")
        until(lambda: len(one.records()) >= 2)
    assert one.payloads() == [b"one", b"of somebody else"]
