"""Services of docker-compose.yml as processes of this machine, kept as Docker keeps them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from metering.errors import Unavailable
from proofs.compose_file import ComposeService
from proofs.compose_here import Here
from proofs.steps import say, wait_until

START_S = 180.0


@dataclass
class Running:
    """What runs of the services, and how each is: `done`, `started`, `healthy`, or how it ended."""

    services: dict[str, ComposeService]
    here: Here
    states: dict[str, str] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Memory [MB] and threads of each, at the most that was seen."""
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)

    def install(self) -> None:
        """Folders for the volumes, and the command `greenoffice`: this checkout, this Python."""
        for service in self.services.values():
            for source in service.volumes.values():
                if not source.startswith("."):
                    self.here.volume(source).mkdir(parents=True, exist_ok=True)
        program = self.here.root / "bin" / "greenoffice"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m greenoffice "$@"\n')
        program.chmod(0o755)

    def run(self, name: str, words: list[str]) -> str:
        """A command in the place of a service, as `docker-compose run` has it; what it prints."""
        service = self.services[name]
        ran = subprocess.run(
            self.here.words(service, words),
            cwd=self.here.checkout,
            env=self.here.environment(service),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise Unavailable(
                f"a command of a service failed: {(ran.stdout + ran.stderr)[-600:]}",
                field="command",
                value=" ".join(words),
                fix="mend what it says, then prove again",
            )
        return ran.stdout

    def to_the_end(self, name: str) -> None:
        """A service that runs once."""
        service = self.services[name]
        say(f"running {name}: {' '.join(service.command)}")
        self.run(name, service.command)
        self.states[name] = "done"

    def start(self, name: str) -> None:
        """A service that stays."""
        service = self.services[name]
        say(f"starting {name}: {' '.join(service.command)}")
        self._spawn(name)
        self.states[name] = "started"

    def tend(self) -> None:
        """Start again what has ended, as `unless-stopped` does, and look how large each is."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                due = self._due.setdefault(name, time.monotonic() + 1.0)
                if time.monotonic() >= due:
                    del self._due[name]
                    self.restarts[name] = self.restarts.get(name, 0) + 1
                    self._spawn(name)
            else:
                self._note_size(name, process)

    def await_healthy(self, *names: str) -> None:
        """By the file's own health checks."""
        for name in names:
            service = self.services[name]

            def healthy(name: str = name, service: ComposeService = service) -> bool:
                self.tend()
                self.run(name, service.healthcheck)
                return True

            wait_until(f"{name} to be healthy", healthy, START_S)
            self.states[name] = "healthy"

    def stop(self, names: Iterable[str] = ()) -> None:
        """End services, all without names, as `docker-compose stop` does."""
        wanted = list(names) or list(self._processes)
        for name in wanted:
            process = self._processes[name]
            if process.poll() is not None:
                self.states[name] = f"ended {process.returncode}"
                say(self.log(name).read_text(errors="replace")[-1000:])
            process.terminate()
        for name in wanted:
            process = self._processes.pop(name)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                self.states[name] = "did not end when asked"

    def log(self, name: str) -> Path:
        """What a service said."""
        return self.here.root / f"{name}.log"

    def _spawn(self, name: str) -> None:
        service = self.services[name]
        with self.log(name).open("ab") as log:
            self._processes[name] = self._popen(service, log)

    def _popen(self, service: ComposeService, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.here.words(service, service.command),
            cwd=self.here.checkout,
            env=self.here.environment(service),
            stdout=log,
            stderr=log,
        )

    def _note_size(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Shared pages count for the tree once, as they do for a container."""
        size, threads = 0.0, 0
        with contextlib.suppress(psutil.Error):
            first = psutil.Process(process.pid)
            for one in (first, *first.children(recursive=True)):
                size += one.memory_full_info().pss / 1e6
                threads += one.num_threads()
        most, many = self.peaks.get(name, (0.0, 0))
        self.peaks[name] = (max(most, round(size, 1)), max(many, threads))


def beyond(running: Running) -> list[str]:
    """Services that needed more than a half of what the file allows them."""
    found = []
    for name, (size, threads) in running.peaks.items():
        stated = running.services[name].stated
        if size > megabytes(stated["mem_limit"]) / 2 or threads > stated["pids_limit"] / 2:
            found.append(name)
    return sorted(found)


def megabytes(text: str) -> float:
    """What `512m` or `2g` of the file comes to [MB]."""
    return float(text[:-1]) * {"m": 1.048576, "g": 1073.741824}[text[-1]]
