"""`python -m proofs.ingest.load`: publishes packets as fast as they are acknowledged.

The plan comes as JSON on standard input, what came of it leaves as one line of JSON. All packets
are made before the first is sent, so that the process takes little of the machine meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import select
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from proofs.ingest import wire

QUARTER_S = 900


@dataclass(frozen=True)
class LoadPlan:
    """Rounds of a quarter of an hour; in each, one reading of every point of every gateway."""

    port: int
    gateways: Sequence[str]
    passwords: Sequence[str]
    """Empty: connect without one."""
    points: int
    """Of each gateway."""
    each: int
    """Readings a message, of different points at one instant."""
    rounds: int
    first_round: int
    start_s: int
    """Time of round 0 [s UTC]."""
    per_s: float = 0.0
    """Messages a second over all connections; 0: as fast as they are acknowledged."""
    window: int = 1_000
    """Unacknowledged messages of each connection."""


@dataclass
class Sender:
    """One gateway's connection: packets that were prepared, sent from the front."""

    gateway: str
    password: str
    packets: list[bytes]
    sent: int = 0
    acknowledged: int = 0
    unsent: bytearray = field(default_factory=bytearray)
    cutter: wire.Cutter = field(default_factory=wire.Cutter)


def payload(plan: LoadPlan, number: int, first: int) -> bytes:
    """Readings of points from `first` on at one instant; every register goes up by 1.5 kWh a
    round."""
    at = datetime.fromtimestamp(plan.start_s + number * QUARTER_S, UTC)
    told = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    readings = [
        {"point": f"E{point}", "time": told, "value": 1000.0 + 1.5 * number + point / 4}
        for point in range(first, min(first + plan.each, plan.points))
    ]
    return json.dumps({"readings": readings}, separators=(",", ":")).encode()


def prepared(plan: LoadPlan) -> list[Sender]:
    """All that is to be sent."""
    senders = []
    for place, gateway in enumerate(plan.gateways):
        topic = f"greenoffice/v1/{gateway}/readings"
        packets: list[bytes] = []
        for number in range(plan.first_round, plan.first_round + plan.rounds):
            for first in range(0, plan.points, plan.each):
                packet_id = len(packets) % 65_535 + 1
                packets.append(wire.publish(topic, packet_id, payload(plan, number, first)))
        senders.append(Sender(gateway, plan.passwords[place] if plan.passwords else "", packets))
    return senders


def run(plan: LoadPlan) -> dict[str, float]:
    """Publish all of it; how long that took until the last acknowledgement."""
    senders = prepared(plan)
    total = sum(len(one.packets) for one in senders)
    poll, by_number = select.poll(), {}
    for one in senders:
        user = one.gateway if one.password else ""
        connection = wire.connected(plan.port, f"load-{one.gateway}", user, one.password)
        connection.setblocking(False)
        by_number[connection.fileno()] = connection, one
        poll.register(connection, select.POLLIN)
    began, began_cpu, done = time.monotonic(), time.process_time(), 0
    while done < total:
        due = total if not plan.per_s else int((time.monotonic() - began) * plan.per_s)
        for number, (connection, one) in by_number.items():
            most = min(len(one.packets), one.acknowledged + plan.window, due // len(senders) + 1)
            if one.sent < most:
                one.unsent += b"".join(one.packets[one.sent : most])
                one.sent = most
            if one.unsent:
                with contextlib.suppress(BlockingIOError):
                    del one.unsent[: connection.send(one.unsent[: 1 << 18])]
            poll.modify(number, select.POLLIN | (select.POLLOUT if one.unsent else 0))
        for number, event in poll.poll(5 if plan.per_s else 1_000):
            connection, one = by_number[number]
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                received = connection.recv(1 << 18)
                if not received:
                    raise ConnectionError(f"{one.gateway} was let go")
                came = sum(1 for _ in one.cutter.packets(received))
                one.acknowledged += came
                done += came
    return {
        "messages": total,
        "seconds": time.monotonic() - began,
        "cpu_s": time.process_time() - began_cpu,
        "began": began,
        "bytes": sum(len(one) for sender in senders for one in sender.packets),
    }


def as_json(plan: LoadPlan) -> str:
    """The plan as the process reads it."""
    return json.dumps(asdict(plan))


if __name__ == "__main__":
    print(json.dumps(run(LoadPlan(**json.load(sys.stdin)))), flush=True)
