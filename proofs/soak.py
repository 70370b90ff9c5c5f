"""`python -m proofs soak`: a platform at work for long, and whether anything grows that should not.

Gateways publish and keys ask all the time. Of memory, handles, threads and logs the mean over the
second tenth of the time is compared with that over the last; the first tenth is for warming up.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from metering.errors import GreenOfficeError
from proofs.recovery.scene import RecoveryScene, scene
from proofs.steps import finish, say

MOST_PERCENT = 5.0
LOG_FLOOR = 1 << 20
"""Logs are measured against at least so much: a tenth of the size at which one is put aside
[bytes]."""
ASKED = ("/v1/readings/count", "/v1/gateways", "/v1/points", "/v1/findings")


@dataclass(frozen=True)
class PlatformSample:
    """How much the platform's processes take together."""

    memory_mb: float
    handles: int
    threads: int
    log_bytes: int


def run_soak(minutes: float) -> None:
    """One line of JSON; exit status 1 where one of them grows by more than `MOST_PERCENT`."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-soak-") as root, scene(Path(root)) as one:
        asked: list[int] = [0, 0]
        with _asking(one, asked):
            samples = _watch(one, 60 * minutes)
        missing = sum(gateway.behind for gateway in one.gateways)
    tenth = max(len(samples) // 10, 1)
    early, late = samples[tenth : 2 * tenth], samples[-tenth:]
    growth = {
        name: round(
            _growth([getattr(s, name) for s in early], [getattr(s, name) for s in late], floor), 2
        )
        for name, floor in (
            ("memory_mb", 1.0),
            ("handles", 1.0),
            ("threads", 1.0),
            ("log_bytes", float(LOG_FLOOR)),
        )
    }
    result = {
        "minutes": minutes,
        "samples": len(samples),
        "asked": asked[0],
        "failed": asked[1],
        "not_acknowledged": missing,
        "memory_mb": round(samples[-1].memory_mb, 1),
        "growth_percent": growth,
    }
    finish(result, all(value <= MOST_PERCENT for value in growth.values()) and not asked[1])


def _watch(one: RecoveryScene, seconds: float) -> list[PlatformSample]:
    every_s = max(seconds / 200, 1.0)
    deadline, samples = time.monotonic() + seconds, []
    while time.monotonic() < deadline:
        time.sleep(every_s)
        samples.append(_sample(one))
        if len(samples) % 20 == 0:
            say(f"{len(samples)} samples, {samples[-1]}")
    return samples


def _sample(one: RecoveryScene) -> PlatformSample:
    memory, handles, threads = 0.0, 0, 0
    for pid in one.pids().values():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            memory += process.memory_full_info().pss / 1e6
            handles += process.num_fds()
            threads += process.num_threads()
    logs = sum(file.stat().st_size for file in one.folder.logs.iterdir())
    return PlatformSample(memory, handles, threads, logs)


@contextlib.contextmanager
def _asking(one: RecoveryScene, asked: list[int]) -> Iterator[None]:
    """Ask in turn what people ask; `asked` counts questions and those that failed."""
    stop = threading.Event()

    def ask() -> None:
        client, turn = one.client(), 0
        while not stop.wait(0.3):
            asked[0] += 1
            try:
                client.get(ASKED[turn % len(ASKED)])
            except GreenOfficeError as failed:
                asked[1] += 1
                say(str(failed))
            turn += 1

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _growth(early: list[float], late: list[float], floor: float) -> float:
    """From the mean of one to that of the other [%], of at least `floor`."""
    before, after = sum(early) / len(early), sum(late) / len(late)
    return 100 * (after - before) / max(before, floor)
