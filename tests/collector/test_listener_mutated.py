"""A real listener under mutated packets: whoever behaves is served before, between and after."""

from __future__ import annotations

import os
import secrets
from random import Random
from typing import Any

from proofs.fuzz_ingest import wires
from proofs.fuzz_ingest.sockets import held, let_go, said
from proofs.ingest import wire

SEED = "ci" if os.environ.get("CI") else secrets.token_hex(4)
PAYLOADS = [b'{"readings": [{"point": "E1", "value": 1}]}', b"\x68\x03\x03\x68\x08", b"1;2"]


def served(port: int, payload: bytes) -> None:
    with wire.connected(port, "good", "s/h", "other") as line:
        line.sendall(wire.publish("greenoffice/v1/s/h/readings", 1, payload))
        assert line.recv(4) == b"\x40\x02\x00\x01"


def test_a_good_gateway_is_served_among_mutated_ones(start: Any) -> None:
    server = start(connect_timeout_s=2)
    bad = wires.Speaker("s/g", "right", PAYLOADS)
    sent = list[bytes]()
    for number in range(60):
        draw = Random(f"{SEED}/{number}")
        said(server.port, wires.mqtt(bad, draw), draw)
        if number % 15 == 0:
            sent.append(str(number).encode())
            served(server.port, sent[-1])
    begun = [wires.cut(wires.good_mqtt(bad, Random(n)), Random(n)) for n in range(5)]
    lines = [line for one in begun if (line := held(server.port, one)) is not None]
    served(server.port, b"last")
    assert let_go(lines, 60.0) == 0
    stored = {one.payload for one in server.records("message") if one.gateway == "s/h"}
    assert stored == {*sent, b"last"}, SEED
