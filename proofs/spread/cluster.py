"""A Dask scheduler and workers on loopback, as processes of their own, of which some are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distributed import Client

from greenoffice.ports import usable_port
from proofs.steps import wait_until

LOOK_S = 0.02


class OwnCluster:
    """A scheduler with workers that do one thing at a time and end when they are killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = f"tcp://127.0.0.1:{usable_port(0, {0})}"
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._started = 0
        port = self.address.rpartition(":")[2]
        self._scheduler = self._run(
            "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"
        )
        wait_until("the scheduler", self._connect, every_s=0.2, of=self._scheduler)

    def _connect(self) -> bool:
        self.client = Client(self.address, timeout=5, set_as_default=False)
        return True

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"{words[0]}-{self._started}.log"
        with log.open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                stdout=file,
                stderr=file,
                cwd=self._folder,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )

    def fill(self, workers: int) -> None:
        """Start workers until there are so many."""
        self._workers = {n: w for n, w in self._workers.items() if w.poll() is None}
        while len(self._workers) < workers:
            self._started += 1
            name = f"w{self._started}"
            self._workers[name] = self._run(
                "worker",
                self.address,
                "--name",
                name,
                *("--nworkers", "1", "--nthreads", "1", "--no-nanny", "--no-dashboard"),
            )
        wait_until("the workers", lambda: len(self.names()) == workers, every_s=0.1)

    def names(self) -> dict[str, str]:
        """By address the name of each worker that the scheduler knows."""
        known = self.client.scheduler_info(n_workers=-1)["workers"]
        return {address: str(one["id"]) for address, one in known.items()}

    def busy(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(worker, key, institutions) of every order that a worker is at."""
        names = self.names()
        found = self.client.run(_executing, on_error="ignore")
        return [
            (names[address], key, tuple(bodies))
            for address, own in found.items()
            if address in names
            for key, bodies in own
        ]

    def kill(self, name: str, key: str) -> bool:
        """End a worker as the system does, while it is at a key: it can neither finish nor say
        anything. False where it is not at it any more; then it goes on."""
        worker = self._workers[name]
        worker.send_signal(signal.SIGSTOP)
        if key not in self.client.run_on_scheduler(_processing).get(name, ()):
            worker.send_signal(signal.SIGCONT)
            return False
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        del self._workers[name]
        return True

    def begun(self) -> dict[str, int]:
        """How often each key was handed to a worker, as the scheduler remembers."""
        found = self.client.run_on_scheduler(_handed_out)
        return dict(found)

    def stop(self) -> None:
        """End all of it."""
        self.client.close()
        for one in (*self._workers.values(), self._scheduler):
            one.kill()
            one.wait()


class Killer(threading.Thread):
    """Kills one worker in the middle of an order of a command.

    stands: what is written for an institution so far; once that has changed under an order's
    hands, and it is not done, its worker is killed.
    """

    def __init__(self, cluster: OwnCluster, name: str, stands: Callable[[str], object]) -> None:
        super().__init__(name="killer", daemon=True)
        self._cluster, self._prefix, self._stands = cluster, f"greenoffice-{name}-", stands
        self._seen: dict[str, list[object]] = {}
        self.over = threading.Event()
        self.hit = ""
        """The key that the killed worker was at; '' where none was killed."""

    def run(self) -> None:
        while not self.over.is_set() and not self.hit:
            for name, key, bodies in self._cluster.busy():
                if key.startswith(self._prefix) and self._is_midway(key, bodies):
                    if self._cluster.kill(name, key):
                        self.hit = key
                    break
            time.sleep(LOOK_S)

    def _is_midway(self, key: str, bodies: tuple[str, ...]) -> bool:
        now = [self._stands(body) for body in bodies]
        return now != self._seen.setdefault(key, now)


def _executing(dask_worker: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (str(task.key), task.run_spec.args[0].institutions)
        for task in dask_worker.state.executing
        if str(task.key).startswith("greenoffice-")
    ]


def _processing(dask_scheduler: Any) -> dict[str, list[str]]:
    known = dask_scheduler.workers.values()
    return {str(one.name): [str(task.key) for task in one.processing] for one in known}


def _handed_out(dask_scheduler: Any) -> list[tuple[str, int]]:
    count: dict[str, int] = {}
    for key, _, finish, *_ in dask_scheduler.transition_log:
        if finish == "processing":
            count[str(key)] = count.get(str(key), 0) + 1
    return sorted(count.items())
