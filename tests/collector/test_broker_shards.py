"""Receivers that share what one real Mosquitto has, and one that leaves it to others."""

from __future__ import annotations

import threading
from typing import Any

from metering.shard import Shard, all_shards
from tests.collector.test_broker_client import numbers, receiving, until

GATEWAYS = [f"s/g{n}" for n in range(8)]
VENDOR = [f"plant/{n}/power" for n in range(4)]


def topic(gateway: str) -> str:
    return f"greenoffice/v1/{gateway}/readings"


def shared(receive: Any, port: int, shard: Shard, **settings: Any) -> Any:
    one = receive(
        port,
        {"writer_no": 10 * shard.count + shard.index},
        shard=shard,
        client_id=shard.named("r"),
        filters=("greenoffice/v1/+/+/#", "plant/#"),
        **settings,
    )
    until(lambda: receiving(one))
    return one


def by_topic(one: Any) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for record in one.records():
        found.setdefault(record.route, []).append(record.payload)
    return found


def test_each_topic_is_kept_by_one_in_its_order(mosquitto: Any, receive: Any) -> None:
    """Also what came while one of them was away."""
    broker = mosquitto()
    ones = [shared(receive, broker.port, shard) for shard in all_shards(2)]
    topics = [*map(topic, GATEWAYS), *VENDOR]
    for n in range(20):
        for name in topics:
            broker.publish(name, b"%d" % n)
        if n == 5:
            ones[1].close()
        if n == 15:
            ones[1] = shared(receive, broker.port, Shard(2, 2))
    until(lambda: sum(len(one.records()) for one in ones) >= 20 * len(topics))
    kept = [by_topic(one) for one in ones]
    assert not kept[0].keys() & kept[1].keys()
    assert all(kept), "each has some"
    assert kept[0] | kept[1] == dict.fromkeys(topics, numbers(0, 20))
    left = ones[0].metric("greenoffice_broker_left_to_others_total")
    assert left == sum(map(len, kept[1].values()))


def test_what_is_left_to_others_makes_room(mosquitto: Any, receive: Any) -> None:
    """A receiver that would not acknowledge it would soon be sent nothing any more."""
    broker = mosquitto("max_inflight_messages 20")
    shard = next(one for one in all_shards(2) if not one.keeps(GATEWAYS[0]))
    own = next(name for name in GATEWAYS if shard.keeps(name))
    one = shared(receive, broker.port, shard, receive_maximum=20)
    broker.publish(topic(GATEWAYS[0]), *numbers(0, 200))
    broker.publish(topic(own), b"own")
    until(lambda: one.payloads() == [b"own"])


def test_who_leaves_takes_all_first(mosquitto: Any, receive: Any) -> None:
    broker, leaves = mosquitto(), threading.Event()
    former = receive(
        broker.port, {"writer_no": 3, "leaves": leaves.is_set}, client_id="r", leave_s=0.3
    )
    until(lambda: receiving(former))
    broker.publish(topic(GATEWAYS[0]), *numbers(0, 50))
    new = [shared(receive, broker.port, shard) for shard in all_shards(2)]
    broker.publish(topic(GATEWAYS[0]), *numbers(50, 50))
    until(lambda: len(former.records()) == 100)
    leaves.set()
    until(lambda: former.receiver.left)
    assert former.receiver.health().ok
    broker.publish(topic(GATEWAYS[0]), *numbers(100, 50))
    until(lambda: sum(len(one.records()) for one in new) == 100)
    assert former.payloads() == numbers(0, 100)
    former.close()
    again = receive(broker.port, {"writer_no": 4}, client_id="r")
    until(lambda: receiving(again))
    broker.publish(topic(GATEWAYS[0]), b"last")
    until(lambda: again.payloads() == [b"last"])  # its session was ended: nothing waited in it


def test_who_leaves_goes_on_while_something_comes(mosquitto: Any, receive: Any) -> None:
    """What was in its session before, and did not come yet: it had no room for it."""
    broker, leaves = mosquitto("max_inflight_messages 20"), threading.Event()
    former = receive(
        broker.port,
        {"writer_no": 3, "leaves": leaves.is_set, "max_pages": 30},
        client_id="r",
        leave_s=0.3,
        receive_maximum=20,
    )
    until(lambda: receiving(former))
    sent = [number + b" " * 2_000 for number in numbers(0, 300)]
    broker.publish(topic(GATEWAYS[0]), *sent)
    until(lambda: not former.receiver.health().ok)
    leaves.set()
    threading.Event().wait(1.0)
    assert not former.receiver.left, "most of it is still on the broker"
    former.journal.max_pages = None
    until(lambda: former.receiver.left)
    assert former.payloads() == sent
