"""A gateway with paho-mqtt, as MQTT 3.1, 3.1.1 or 5."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


def main(asked: dict[str, Any]) -> None:
    """Publish all that is asked for."""
    five = asked["version"] == mqtt.MQTTv5
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=asked["client_id"],
        protocol=MQTTProtocolVersion(asked["version"]),
        clean_session=None if five else False,
    )
    client.username_pw_set(asked["user"], asked["password"])
    client.will_set(asked["will_topic"], b"gone", 1)
    client.reconnect_delay_set(1, 2)
    connects = threading.Semaphore(0)
    subscribed, published = threading.Event(), threading.Semaphore(0)

    def on_connect(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        if not reason.is_failure:
            connects.release()

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_publish = lambda *_: published.release()
    options: dict[str, Any] = {}
    if five:
        options["properties"] = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        options["properties"].SessionExpiryInterval = 3600
        options["clean_start"] = False
    client.connect(asked["host"], asked["port"], **options)
    client.loop_start()
    connects.acquire()
    client.subscribe(asked["commands"], 1)
    subscribed.wait()
    tell("subscribed")
    half = asked["count"] // 2
    publish(client, asked, range(half))
    for _ in range(half):
        published.acquire()
    tell("half")
    publish(client, asked, range(half, half + asked["over"]))
    connects.acquire()
    tell("again")
    sys.stdin.readline()
    publish(client, asked, range(half + asked["over"], asked["count"]))
    for _ in range(half, asked["count"]):
        published.acquire()
    client.disconnect()
    client.loop_stop()
    tell("done")


def publish(client: mqtt.Client, asked: dict[str, Any], numbers: range) -> None:
    """Some of the messages; those at QoS 1 and 2 wait in the client while it is not connected."""
    for number in numbers:
        text, qos, retain = asked["payloads"][number]
        client.publish(asked["topic"], text, qos, retain)


def tell(text: str) -> None:
    """Say what it has come to."""
    print(text, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
