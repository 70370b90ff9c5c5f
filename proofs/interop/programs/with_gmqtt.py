"""A gateway with gmqtt, MQTT 5."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any


async def main(asked: dict[str, Any]) -> None:
    """Publish all that is asked for."""
    import gmqtt  # type: ignore[import-not-found]  # of its own environment

    will = gmqtt.Message(asked["will_topic"], "gone", qos=1)
    client = gmqtt.Client(
        asked["client_id"], clean_session=False, session_expiry_interval=3600, will_message=will
    )
    client.set_auth_credentials(asked["user"], asked["password"])
    client.set_config(
        {"reconnect_retries": gmqtt.constants.UNLIMITED_RECONNECTS, "reconnect_delay": 1}
    )
    connects, subscribed = asyncio.Semaphore(0), asyncio.Event()
    client.on_connect = lambda *_: connects.release()
    client.on_subscribe = lambda *_: subscribed.set()
    await client.connect(asked["host"], asked["port"], version=gmqtt.constants.MQTTv50)
    await connects.acquire()
    client.subscribe(asked["commands"], qos=1)
    await subscribed.wait()
    tell("subscribed")
    half = asked["count"] // 2
    await publish(client, asked, 0, half)
    await acknowledged(client)
    tell("half")
    await publish(client, asked, half, half + asked["over"])
    await connects.acquire()
    tell("again")
    await asyncio.to_thread(sys.stdin.readline)
    await publish(client, asked, half + asked["over"], asked["count"])
    await acknowledged(client)
    await client.disconnect()
    tell("done")


async def publish(client: Any, asked: dict[str, Any], first: int, end: int) -> None:
    """Some of the messages, a few at a time."""
    for number in range(first, end):
        text, qos, retain = asked["payloads"][number]
        client.publish(asked["topic"], text, qos=qos, retain=retain)
        await asyncio.sleep(0)


async def acknowledged(client: Any) -> None:
    """Wait until nothing is under way."""
    await client._persistent_storage.wait_empty()


def tell(text: str) -> None:
    """Say what it has come to."""
    print(text, flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
