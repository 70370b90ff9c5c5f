"""`python -m proofs interop`: gateways of other people's clients lose nothing over a restart.

Each connects with a will and a session that is kept, subscribes to its command topic, publishes at
QoS 0, 1 and 2, some retained, sees the listener go and come back while more is under way, and goes
on. What it sent is compared with the readings that the platform has of it.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from metering.errors import Unavailable
from metering.localtime import iso
from proofs.interop.clients import CLIENTS, ForeignClient
from proofs.interop.scene import SITE, InteropScene, interop_scene
from proofs.steps import finish, say, wait_until

COUNT, OVER = 500, 40
PATIENCE_S = 180.0
FIRST_US = 1_767_225_600_000_000
"""2026-01-01; each message has a minute of its own."""


def run_interop(only: str) -> None:
    """Every client whose name holds `only`; exit status 1 where one is absent or loses anything."""
    chosen = [one for one in CLIENTS if only in one.name]
    codes = [f"g{n}" for n in range(len(chosen))]
    with (
        tempfile.TemporaryDirectory(prefix="greenoffice-interop-") as temporary,
        interop_scene(Path(temporary), codes) as scene,
    ):
        rows = {one.name: _row(scene, one, code) for one, code in zip(chosen, codes, strict=True)}
    passed = bool(rows) and all(row["ok"] for row in rows.values())
    sums = {name: sum(row[name] for row in rows.values()) for name in ("sent", "stored", "missing")}
    finish(
        {"clients": rows, "absent": [n for n, row in rows.items() if row["absent"]], **sums}, passed
    )


def _row(scene: InteropScene, client: ForeignClient, code: str) -> dict[str, Any]:
    """What became of a client's messages."""
    say(client.name)
    row: dict[str, Any] = {"ok": False, "sent": 0, "stored": 0, "missing": 0}
    row |= {"absent": client.absent, "trouble": ""}
    if client.absent:
        return row
    gateway = f"{SITE}/{code}"
    row["sent"] = COUNT
    try:
        with _Running(client, _asked(scene, client, gateway)) as running:
            row["trouble"] = _through(scene, running, gateway)
    except (Unavailable, OSError, subprocess.SubprocessError) as failed:
        row["trouble"] = str(failed)
    wanted = {float(number) for number in range(COUNT)}
    stored = scene.stored(gateway)
    row |= {"stored": len(stored & wanted), "missing": len(wanted - stored)}
    row["lost"] = sorted(int(one) for one in wanted - stored)[:20]
    row["ok"] = not row["trouble"] and not row["missing"]
    say(str(row))
    return row


def _through(scene: InteropScene, running: _Running, gateway: str) -> str:
    """Go through the steps with a client; what went wrong, '' for nothing."""
    for step in ("subscribed", "half"):
        running.expect(step)
    scene.restart_listener()
    running.expect("again")
    running.say()
    if running.client.relays:
        running.expect("sent")
        wanted = {float(number) for number in range(COUNT)}
        wait_until("the bridge", lambda: wanted <= scene.stored(gateway), PATIENCE_S)
        running.say()
    running.expect("done")
    return ""


def _asked(scene: InteropScene, client: ForeignClient, gateway: str) -> dict[str, Any]:
    base = f"greenoffice/v1/{gateway}"
    return {
        "host": "127.0.0.1",
        "port": scene.port,
        "user": gateway,
        "password": scene.passwords[gateway],
        "client_id": gateway.replace("/", "-"),
        "version": client.version,
        "topic": f"{base}/readings",
        "commands": f"{base}/commands",
        "will_topic": f"{base}/status",
        "count": COUNT,
        "over": OVER,
        "payloads": [_payload(number) for number in range(COUNT)],
    }


def _payload(number: int) -> tuple[str, int, bool]:
    """(text, QoS, retained) of a message. Over the restart nothing goes at QoS 0, of which MQTT
    promises nothing there."""
    qos = 1 + number % 2 if COUNT // 2 <= number < COUNT // 2 + OVER else (1, 0, 2)[number % 3]
    time = iso(FIRST_US + number * 60_000_000)
    reading = {"point": "T", "kind": "instant", "unit": "C", "time": time, "value": number}
    return json.dumps({"readings": [reading]}), qos, qos == 1 and number % 5 == 0


class _Running:
    """A client's program, and what it says."""

    def __init__(self, client: ForeignClient, asked: dict[str, Any]) -> None:
        self.client = client
        self._process = subprocess.Popen(
            [*client.command(), json.dumps(asked)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._said: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def __enter__(self) -> _Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._said.put(line.strip())
        self._said.put("ended")

    def expect(self, step: str) -> None:
        """Wait for a step; Unavailable where it does not come, or another does."""
        try:
            said = self._said.get(timeout=PATIENCE_S)
        except Empty:
            said = "nothing"
        if said != step:
            raise Unavailable(
                f"the client said {said}",
                field="step",
                value=step,
                fix="start it by hand, and look at the listener's log",
            )

    def say(self) -> None:
        """Let it go on."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
