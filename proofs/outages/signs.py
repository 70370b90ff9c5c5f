"""Cases of what is told and obeyed in an outage: metrics, health, and being asked to end."""

from __future__ import annotations

import statistics
import time
import urllib.request
from collections.abc import Callable
from typing import Final

from proofs.outages.case import OutageCase, Seen, must
from proofs.outages.scene import OutageScene
from proofs.servers.hanging import freeze, thaw
from proofs.steps import wait_until

_ASKED: Final = 15
_SLOWEST_MS: Final = 1_000.0
"""The median of /metrics must stay below, on a machine that does other things besides [ms]."""
_ENDS_S: Final = 10.0
"""Containers are killed after so long [s]."""
_SILENT_S: Final = 10.0
"""Within so long a silent InfluxDB is told [s]."""
SPLIT: Final = ("collector", "intake", "ledger", "api")
_COUNTER: Final = {
    "collector": "greenoffice_journal_",
    "intake": "greenoffice_intake_loop_ok",
    "ledger": "greenoffice_ledger_loop_ok",
    "api": "greenoffice_ready",
}
"""What each of them must show."""


def _outages(scene: OutageScene) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
    """How each server is made to hang, and to go on."""
    ground = scene.servers
    return {
        "postgres": (lambda: freeze(ground.postgres), lambda: thaw(ground.postgres)),
        "influx": (ground.influx.freeze, ground.influx.thaw),
    }


def metrics_in_outage(scene: OutageScene) -> Seen:
    """Each of four processes shows its metrics while a server hangs."""
    scene.open(*SPLIT)
    scene.gateways.quickly(0.4)
    scene.gateways.slowly(0.8)
    medians: dict[str, dict[str, float]] = {}
    for server, (hang, go_on) in _outages(scene).items():
        hang()
        scene.pushed_further()
        medians[server] = {}
        for process in SPLIT:
            took = []
            for _ in range(_ASKED):
                began = time.monotonic()
                text = _metrics(scene, process)
                took.append((time.monotonic() - began) * 1000)
                must(_COUNTER[process] in text, f"{process} shows no {_COUNTER[process]}")
            medians[server][process] = round(statistics.median(took), 1)
        go_on()
        scene.wait_ready()
    slowest = max(max(of.values()) for of in medians.values())
    must(slowest <= _SLOWEST_MS, "metrics wait for a server", medians)
    return {"median_ms": medians}


def _metrics(scene: OutageScene, process: str) -> str:
    name = {"collector": "metrics", "api": "http"}.get(process, process)
    url = f"http://127.0.0.1:{scene.ports[name]}/metrics"
    with urllib.request.urlopen(url, timeout=20) as answer:
        return str(answer.read().decode())


def health_exit(scene: OutageScene) -> Seen:
    """`greenoffice health` says by its exit status what is not well, and in time."""
    scene.open()
    scene.gateways.quickly(0.3)
    scene.gateways.slowly(0.8)
    data = str(scene.folder.root)
    must(scene.command("health", data, "api").returncode == 0, "what is well is not well")
    scene.kill("work")
    dead = scene.health_status(), scene.command("health", data, "api").returncode
    must(dead == (503, 1), "a process that was killed is well", dead)
    must(scene.command("health", data, "work").returncode == 1, "it is well by itself")
    scene.open("work")
    told_s = {}
    for server, (hang, go_on) in _outages(scene).items():
        began = time.monotonic()
        hang()
        wait_until(
            f"health to miss {server}", lambda: scene.health_status() == 503, 3 * _SILENT_S, 0.1
        )
        told_s[server] = round(time.monotonic() - began, 1)
        status = scene.command("health", data, "api").returncode
        must(status == 1, f"health ends with 0 while {server} hangs", status)
        own = scene.command("health", data, "http").returncode
        must(own == 0, "the API itself is not well", own)
        go_on()
        scene.wait_ready()
    late = {server: s for server, s in told_s.items() if s > _SILENT_S + 1}
    must(not late, "a server that hangs was told late", late)
    must(scene.command("health", data, "api").returncode == 0, "what is well again is not well")
    return {"told_after_s": told_s}


def sigterm_in_outage(scene: OutageScene) -> Seen:
    """Every process is asked to end while a server hangs, and does."""
    slowest: dict[str, float] = {}
    share = 0.3
    for server, (hang, go_on) in _outages(scene).items():
        for names in (("collector", "work", "work-2", "api"), SPLIT):
            scene.open(*names)
            share += 0.1
            scene.gateways.quickly(share)
            scene.gateways.slowly(share + 0.05)
            hang()
            wait_until("health", lambda: scene.health_status() == 503, 40, 0.2)
            told = scene.end(*names, timeout_s=30)
            go_on()
            bad = {n: t for n, t in told.items() if t[0] != 0 or t[1] > _ENDS_S}
            must(not bad, f"did not end well while {server} hangs", bad)
            slowest[server] = max(slowest.get(server, 0.0), *(took for _, took in told.values()))
    scene.open()
    return {"slowest_s": slowest}


CASES = (
    OutageCase("metrics-in-outage", metrics_in_outage, ports=("intake", "ledger")),
    OutageCase("health-exit", health_exit),
    OutageCase("sigterm-in-outage", sigterm_in_outage),
)
