"""`python -m proofs idle`: what a platform costs that has nothing to do, and what a reading costs.

On embedded stores, and on servers with the processes of docker-compose.yml. Commits are those that
PostgreSQL counts, shares those of one core. How long it takes from a publish to the books is told
as it is: no limit of it is set, since it depends on the machine.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from greenoffice.stores import open_stores
from proofs.idle_scene import INSTITUTION, IdleScene, SteadyGateways, embedded, on_servers
from proofs.steps import COMMAND, finish, say, wait_settled, wait_until

PER_S = 4.0
"""Readings, in a second."""
REST_S = 15.0
"""What is waited for before it is measured: the first look for waste, and what follows a start."""
HEALTH_EVERY_S = 30.0
"""docker-compose.yml asks each of its processes so often."""
CHECKS = 5
GOALS = {"idle_commits_per_s": 2.0, "commits_per_reading": 10.0, "health_share_percent": 1.0}
Opened = Callable[[Path], AbstractContextManager[IdleScene]]


def run_idle(seconds: float, only: str, samples: int) -> None:
    """One line of JSON; exit status 1 where a goal is missed."""
    scenes: dict[str, Opened] = {"embedded": embedded, "servers": on_servers}
    results: dict[str, Any] = {}
    for name, opened in scenes.items():
        if only in name:
            with tempfile.TemporaryDirectory(prefix="greenoffice-idle-") as root:
                Path(root).chmod(0o755)
                results[name] = _measured(name, opened, Path(root), seconds, samples)
    finish({"goals": GOALS, "seconds": seconds, **results}, _reached(results))


def _reached(results: dict[str, Any]) -> bool:
    return bool(results) and all(
        one["idle"]["commits_per_s"] <= GOALS["idle_commits_per_s"]
        and one["at_work"]["commits_per_reading"] <= GOALS["commits_per_reading"]
        and all(
            check["share_percent"] <= GOALS["health_share_percent"]
            for check in one["health"].values()
        )
        for one in results.values()
    )


def _measured(
    name: str, opened: Opened, root: Path, seconds: float, samples: int
) -> dict[str, Any]:
    with opened(root) as scene, SteadyGateways(scene) as gateways:
        say(f"{name}: runs")
        gateways.publish_for(2.0, PER_S)
        wait_settled(scene.folder)
        time.sleep(REST_S)
        idle = _window(scene, gateways, seconds, 0.0)
        say(f"{name}: idle: {idle}")
        gateways.publish_for(5.0, PER_S)
        work = _window(scene, gateways, seconds, PER_S)
        say(f"{name}: at work: {work}")
        wait_settled(scene.folder)
        latency = _latency(scene, gateways, samples)
        say(f"{name}: from a publish to the books: {latency}")
        health = {part: _check_cost(scene, part) for part in _parts(name)}
        say(f"{name}: health: {health}")
    return {"idle": idle, "at_work": work, "booked_after_ms": latency, "health": health}


def _window(
    scene: IdleScene, gateways: SteadyGateways, seconds: float, per_s: float
) -> dict[str, Any]:
    """What happens meanwhile, with so many readings a second."""
    counts, cpu_s, acknowledged = scene.counts(), scene.cpu_s(), gateways.acknowledged
    began = time.monotonic()
    gateways.publish_for(seconds, per_s)
    took_s = time.monotonic() - began
    after, spent_s = scene.counts(), scene.cpu_s()
    commits, readings = after.commits - counts.commits, gateways.acknowledged - acknowledged
    return {
        "readings": readings,
        "commits_per_s": round(commits / took_s, 2),
        "commits_per_reading": round(commits / readings, 2) if readings else 0.0,
        "statements_per_s": round((after.statements - counts.statements) / took_s, 2),
        "cpu_percent": {
            name: round(100 * (spent_s[name] - was_s) / took_s, 2) for name, was_s in cpu_s.items()
        },
    }


def _latency(scene: IdleScene, gateways: SteadyGateways, samples: int) -> dict[str, float]:
    """From a publish to a new revision of the books [ms], one after the other. Each is looked for
    some hundred times a second."""
    took: list[float] = []
    books = open_stores(scene.folder)
    user = sorted(scene.passwords)[0]
    with contextlib.closing(books):
        for number in range(samples):
            time.sleep(1.0 + 0.37 * (number % 4))  # in step with no pause of the platform
            before = books.books.revision(INSTITUTION)
            began = time.monotonic()
            gateways.publish(user)
            wait_until(
                "a reading to be booked",
                lambda before=before: books.books.revision(INSTITUTION) != before,  # type: ignore[misc]
                60,
                0.01,
            )
            took.append(1000 * (time.monotonic() - began))
    return {"median": round(statistics.median(took), 1), "most": round(max(took), 1)}


def _parts(name: str) -> tuple[str, ...]:
    return ("collector", "work", "http") if name == "servers" else ("collector", "http")


def _check_cost(scene: IdleScene, part: str) -> dict[str, float]:
    """What one `greenoffice health DATA PART` takes, as the least of some [ms of a core], and the
    share of a core where it is asked every `HEALTH_EVERY_S`."""
    took = [_cpu_of([*COMMAND, "health", str(scene.folder.root), part]) for _ in range(CHECKS)]
    return {
        "cpu_ms": round(1000 * min(took)),
        "share_percent": round(100 * min(took) / HEALTH_EVERY_S, 2),
    }


def _cpu_of(command: list[str]) -> float:
    """What a command takes of a core until it ends [s]."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        say(f"exit status {process.returncode}: {' '.join(command[2:])}")
    return usage.ru_utime + usage.ru_stime
