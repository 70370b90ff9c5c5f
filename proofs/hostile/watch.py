"""What is seen of the platform and of the good ones, while attacks run."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import psutil

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from metering.errors import GreenOfficeError
from proofs.hostile.good import GoodWork, Sample


class GoodOnes:
    """The process of the good ones, and what it told."""

    def __init__(self, work: GoodWork, folder: Path) -> None:
        file = folder / "good.json"
        file.write_text(json.dumps(asdict(work)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "proofs.hostile.good", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._samples: list[Sample] = []
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    @property
    def count(self) -> int:
        """How much they have done."""
        return len(self._samples)

    def stop(self) -> list[Sample]:
        """End them; all that they did."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(120)
        self._thread.join(10)
        return self._samples

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._samples.append(Sample(**json.loads(line)))


def p99_ms(samples: Sequence[Sample], *kinds: str) -> float | None:
    """The 99th percentile of how long they took [ms]; None where there are none."""
    taken = sorted(one.ms for one in samples if one.kind in kinds)
    return round(taken[min(len(taken) - 1, len(taken) * 99 // 100)], 1) if taken else None


class Peaks:
    """The most that the platform's processes had in memory, and that waited for the intake."""

    def __init__(self, supervisor: int, folder: DataFolder) -> None:
        self.memory_mb = 0.0
        """Proportional set size of all processes together."""
        self.behind = 0
        self._supervisor = supervisor
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(60)

    def _look(self) -> None:
        client = ApiClient.of_folder(self._folder)
        while not self._over.wait(1.0):
            self.memory_mb = max(self.memory_mb, memory_mb(self._supervisor))
            try:
                behind = int(client.health()["intake"].get("waiting_messages", 0))
            except (GreenOfficeError, OSError, KeyError):
                continue
            self.behind = max(self.behind, behind)


def memory_mb(supervisor: int) -> float:
    """Proportional set sizes of a process and all below it, together [MB]."""
    total = 0
    try:
        processes = [psutil.Process(supervisor)]
        processes += processes[0].children(recursive=True)
    except psutil.NoSuchProcess:
        return 0.0
    for one in processes:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return round(total / 2**20, 1)


def log_mb(folder: DataFolder) -> float:
    """What all logs take [MB]."""
    return round(sum(file.stat().st_size for file in folder.logs.iterdir()) / 2**20, 2)


def settle(client: ApiClient, timeout_s: float) -> float:
    """Wait until nothing waits for the intake, as long as that; how long it took [s]."""
    began = time.monotonic()
    while time.monotonic() - began < timeout_s:
        try:
            if int(client.health()["intake"].get("waiting_messages", 1)) < 100:
                break
        except (GreenOfficeError, OSError, KeyError):
            pass
        time.sleep(0.5)
    return round(time.monotonic() - began, 1)
