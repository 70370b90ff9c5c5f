"""Each way in under bad senders, while a good one goes on; and bad payloads through the intake."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from metering.localtime import iso
from proofs.fuzz_ingest import national, wires
from proofs.fuzz_ingest.mutate import mutated
from proofs.fuzz_ingest.row import FuzzRow
from proofs.fuzz_ingest.scene import FUNCTION, SITE, TRUTH, FuzzScene, routed_cases
from proofs.fuzz_ingest.sockets import held, let_go, said
from proofs.ingest import wire
from simulators import NationalGateway, TurnedAway

GOOD_EACH: Final = 20
"""After so many bad conversations a good sender is served."""
HELD_EACH: Final = 12
"""After so many, one more connection is begun and left."""
LET_GO_S: Final = 120.0
"""In which connections that were begun and left must end; the longest bound of a way is 60 s."""
_PATIENCE_S: Final = 60.0
_MOST_OF_ONE: Final = 1 << 17
_SERVER_FAILED: Final = frozenset({b"500", b"501", b"502", b"504"})


@dataclass
class GoodSender:
    """A sender with nothing wrong in it, that counts what was acknowledged."""

    scene: FuzzScene
    way: str
    acknowledged: set[int] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def user(self) -> str:
        """Its gateway."""
        return f"{SITE}/{self.way}-good"

    def send(self) -> str:
        """Send one more reading; why it was not acknowledged, '' where it was."""
        number = next(self._numbers)
        try:
            answer = _GOOD[self.way.split("-")[0]](self, number)
        except (OSError, TurnedAway, http.client.HTTPException) as failed:
            return f"the good sender is not served: {type(failed).__name__}: {failed}"
        if answer:
            return f"the good sender is told {answer}"
        self.acknowledged.add(number)
        return ""

    def payload(self, number: int) -> bytes:
        """A reading whose value and time are its number's."""
        at = iso(self.scene.first_us + number * 1_000_000)
        one = {"point": TRUTH, "unit": "C", "time": at, "value": number}
        return json.dumps({"readings": [one]}).encode()


def _good_mqtt(one: GoodSender, number: int) -> str:
    port, user = one.scene.port("mqtt"), one.user
    with wire.connected(port, "good", user, one.scene.passwords[user]) as line:
        line.settimeout(_PATIENCE_S)
        line.sendall(wire.publish(f"greenoffice/v1/{user}/readings", 1, one.payload(number)))
        answer = line.recv(4)
    return "" if answer[:1] == bytes((wire.PUBACK,)) else answer.hex()


def _good_http(one: GoodSender, number: int) -> str:
    line = http.client.HTTPConnection("127.0.0.1", one.scene.port("http"), timeout=_PATIENCE_S)
    headers = {"Authorization": f"Bearer {one.scene.passwords[one.user]}"}
    try:
        line.request("POST", f"/v1/ingest/{one.user}", one.payload(number), headers)
        status = line.getresponse().status
    finally:
        line.close()
    return "" if status == 202 else str(status)


def _good_national(one: GoodSender, number: int) -> str:
    gateway = NationalGateway(one.scene.identities[one.user])
    try:
        gateway.connect("127.0.0.1", one.scene.port(one.way))
        stamp = iso(one.scene.first_us + number * 1_000_000)
        digits = "".join(sign for sign in stamp if sign.isdigit())[:14]
        gateway.measure(digits, {FUNCTION: str(number)})
        gateway.deliver()
    finally:
        gateway.disconnect()
    return "" if gateway.acknowledged else "nothing"


_GOOD: Final[Mapping[str, Callable[[GoodSender, int], str]]] = {
    "mqtt": _good_mqtt,
    "http": _good_http,
    "national": _good_national,
}


def fuzz_way(scene: FuzzScene, way: str, inputs: int, seed: str) -> FuzzRow:
    """So many bad conversations over a way in; connections left open are let go in the end, and
    what the good sender was acknowledged is stored."""
    row, good, left = FuzzRow(), GoodSender(scene, way), list[socket.socket]()
    process = scene.process(way)
    before = process.memory_info().rss
    for number in range(inputs):
        at = f"{seed}/{way}/{number}"
        draw = Random(at)  # noqa: S311 - which conversations are tried is no secret
        row.inputs += 1
        row.note(at, _bad(scene, way, draw))
        if number % HELD_EACH == 0:
            line = held(scene.port(way), _begun(scene, way, draw))
            left += [] if line is None else [line]
        if number % GOOD_EACH == GOOD_EACH - 1:
            began = time.monotonic()
            row.note(at, good.send())
            row.worst_s = max(row.worst_s, time.monotonic() - began)
    row.stalls = let_go(left, LET_GO_S)
    row.worst_bytes = max(0, process.memory_info().rss - before)
    row.note(way, good.send())
    lost = good.acknowledged - scene.stored(good.user)
    row.note(way, f"acknowledged and not stored: {sorted(lost)[:20]}" if lost else "")
    return row


def _speaker(scene: FuzzScene, way: str) -> wires.Speaker:
    user = f"{SITE}/{way}-bad"
    payloads = [one.case.incoming.payload for one in routed_cases()]
    return wires.Speaker(user, scene.passwords[user], payloads)


def _bad(scene: FuzzScene, way: str, draw: Random) -> str:
    """One bad conversation; what is wrong with its answer, '' where nothing is."""
    port = scene.port(way)
    if way == "mqtt":
        said(port, wires.mqtt(_speaker(scene, way), draw), draw)
    elif way == "http":
        answer = said(port, wires.http(_speaker(scene, way), draw), draw)
        if answer[9:12] in _SERVER_FAILED:
            return f"answered {answer[:400]!r}"
    else:
        national.wrong(scene.identities[f"{SITE}/{way}-bad"], port, draw)
    return ""


def _begun(scene: FuzzScene, way: str, draw: Random) -> bytes:
    """What a sender has said that stops in the middle."""
    if way.startswith("national"):
        return national.begun(scene.identities[f"{SITE}/{way}-bad"], draw)
    make = wires.good_mqtt if way == "mqtt" else wires.good_http
    return wires.cut(make(_speaker(scene, way), draw), draw)


def fuzz_intake(scene: FuzzScene, inputs: int, seed: str) -> FuzzRow:
    """So many bad payloads of every decoder, over the listener into the intake: each that is
    acknowledged lies in the journal, and none of them holds up what follows or makes a decoder
    fail."""
    row, sent = FuzzRow(), dict[bytes, str]()
    user, cases = f"{SITE}/mqtt-good", routed_cases()
    payloads = [one.case.incoming.payload for one in cases]
    with wire.connected(scene.port("mqtt"), "payloads", user, scene.passwords[user]) as line:
        line.settimeout(_PATIENCE_S)
        for number in range(inputs):
            at = f"{seed}/intake/{number}"
            draw = Random(at)  # noqa: S311 - which payloads are tried is no secret
            one = draw.choice(cases)
            payload = mutated(one.case.incoming.payload, payloads, draw)[:_MOST_OF_ONE]
            row.inputs += 1
            began = time.monotonic()
            line.sendall(wire.publish(one.topic, number % 60_000 + 1, payload))
            if line.recv(4)[:1] != bytes((wire.PUBACK,)):
                row.note(at, "not acknowledged")
            row.worst_s = max(row.worst_s, time.monotonic() - began)
            sent[payload] = at
    good = GoodSender(scene, "mqtt", _numbers=itertools.count(1_000_000))
    row.note("intake", good.send())
    lost = good.acknowledged - scene.stored(good.user)
    row.note("intake", "the good reading behind them is not stored" if lost else "")
    there = scene.journalled()
    for payload in sent.keys() - there:
        row.note(sent[payload], "acknowledged and not in the journal")
    failed = scene.letters("decoder_failed")
    row.not_decoded = len(scene.letters("bad_json")) + len(scene.letters("bad_frame"))
    for letter in failed:
        row.note(letter["topic"], letter["message"])
    return row
