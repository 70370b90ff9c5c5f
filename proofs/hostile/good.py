"""`python -m proofs.hostile.good FILE`: ten good gateways and three good keys at work.

In a process of its own, so that an attack costs it no more than the platform lets it. Each does
one thing after another and writes what came of it as a line of JSON on standard output, until
standard input ends.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from greenoffice.clock import ShiftedClock
from proofs.hostile.scene import POINTS

PATIENCE_S = 30.0
"""What took longer has failed."""
PUBLISH_EVERY_S = 0.5
ASK_EVERY_S = 1.0
MESSAGES_A_CONNECTION = 40
"""A gateway comes anew after so many: one that is locked out is noticed."""
REFUSED = (401, 403, 429)
_STATEMENT = """SELECT "messages" FROM "gateways" WHERE "under" = 'bureau'"""
QUESTIONS = (
    "/v1/energy?node=bureau&item=01000&step=hour&start={today}&end={tomorrow}",
    "/influx/query?q=" + quote(_STATEMENT),
    "/v1/gateways",
)


@dataclass(frozen=True)
class Sample:
    """One thing that a good one did."""

    at: float
    """When it began, by the clock of this machine that never jumps [s]."""
    kind: str
    """mqtt: a message until its PUBACK; connect: until CONNACK; http: a question until its
    answer."""
    ms: float
    ok: bool
    locked_out: bool = False
    said: str = ""


@dataclass(frozen=True)
class GoodWork:
    """Whom they work for."""

    host: str
    mqtt_port: int
    http_port: int
    passwords: dict[str, str]
    """Of the good gateways."""
    keys: list[str]
    days: tuple[str, str]
    """Today and tomorrow."""
    published: str
    """A folder; each gateway writes down there what was acknowledged, a time [ms] a line."""


def main(file: Path) -> None:
    """Work until standard input ends."""
    work = GoodWork(**json.loads(file.read_text()))
    over, lock = threading.Event(), threading.Lock()

    def tell(sample: Sample) -> None:
        with lock:
            print(json.dumps(asdict(sample)), flush=True)

    threads = [
        threading.Thread(target=_Gateway(work, user, tell, over).run) for user in work.passwords
    ]
    threads += [threading.Thread(target=_ask, args=(work, key, tell, over)) for key in work.keys]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join(2 * PATIENCE_S)


class _Gateway:
    """A gateway that waits for each PUBACK."""

    def __init__(
        self, work: GoodWork, user: str, tell: Callable[[Sample], None], over: threading.Event
    ) -> None:
        self._work = work
        self._user = user
        self._tell = tell
        self._over = over
        self._file = Path(work.published) / user.replace("/", "@")

    def run(self) -> None:
        """Connections, one after another."""
        while not self._over.is_set():
            client = self._connect()
            if client is not None:
                self._publish(client)
                client.disconnect()
                client.loop_stop()

    def _connect(self) -> mqtt.Client | None:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=self._user, reconnect_on_failure=False
        )
        client.username_pw_set(self._user, self._work.passwords[self._user])
        answered, codes = threading.Event(), []

        def on_connect(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
            codes.append(str(reason))
            answered.set()

        client.on_connect = on_connect
        began = time.monotonic()
        try:
            client.connect(self._work.host, self._work.mqtt_port, 60)
            client.loop_start()
            answered.wait(PATIENCE_S)
        except OSError as error:
            codes.append(str(error))
        said = codes[0] if codes else "no answer"
        ok = said == "Success"
        ms = (time.monotonic() - began) * 1000
        self._tell(Sample(began, "connect", ms, ok, answered.is_set() and not ok, said))
        if ok:
            return client
        client.loop_stop()
        self._over.wait(1.0)
        return None

    def _publish(self, client: mqtt.Client) -> None:
        for _ in range(MESSAGES_A_CONNECTION):
            if self._over.is_set():
                return
            began = time.monotonic()
            time_ms = ShiftedClock().now_us() // 1000
            readings = [
                {
                    "point": point,
                    "kind": "register",
                    "unit": "kWh",
                    "time": time_ms,
                    "value": time_ms % 10**11 // 100_000,
                }
                for point in POINTS
            ]
            topic = f"greenoffice/v1/{self._user}/readings"
            sent = client.publish(topic, json.dumps({"readings": readings}), qos=1)
            try:
                sent.wait_for_publish(PATIENCE_S)
                ok, said = sent.is_published(), ""
            except (RuntimeError, ValueError) as error:
                ok, said = False, str(error)
            ms = (time.monotonic() - began) * 1000
            self._tell(Sample(began, "mqtt", ms, ok, said=said))
            if not ok:
                return
            with self._file.open("a") as file:
                file.write(f"{time_ms}\n")
            self._over.wait(PUBLISH_EVERY_S)


def _ask(work: GoodWork, key: str, tell: Callable[[Sample], None], over: threading.Event) -> None:
    """Ask one thing after another, each over a connection of its own."""
    number = 0
    while not over.is_set():
        question = QUESTIONS[number % len(QUESTIONS)]
        number += 1
        began = time.monotonic()
        path = question.format(today=work.days[0], tomorrow=work.days[1])
        status, said = 0, ""
        try:
            connection = http.client.HTTPConnection(work.host, work.http_port, timeout=PATIENCE_S)
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            status, body = answer.status, answer.read()
            said = "" if status == 200 else f"{status} {body[:200]!r}"
            connection.close()
        except (OSError, http.client.HTTPException) as error:
            said = str(error) or type(error).__name__
        ms = (time.monotonic() - began) * 1000
        tell(Sample(began, "http", ms, status == 200, status in REFUSED, said))
        over.wait(ASK_EVERY_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
