"""Supervision: start the processes, restart the one that dies, stop all of them cleanly."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from greenoffice.folder import DataFolder
from metering.errors import ConfigurationError, Conflict

LOG_BYTES = 10 << 20
"""A log that is longer is put aside as `.log.1`, in place of the one before [bytes]."""
SETTLED_S = 20.0
"""A child that lived this long counts as started; its back-off begins anew."""
UNUSABLE_EXIT = 78
"""A child leaves with this when its settings are unusable: restarting would not help."""


@dataclass(frozen=True)
class ChildSpec:
    """A process to keep alive: `python -m greenoffice <arguments>`."""

    name: str
    arguments: Sequence[str]


@dataclass
class _Child:
    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    next_start: float = 0.0
    backoff_s: float = 0.25


@dataclass
class Supervisor:
    """Keeps the children of one data folder alive until `stop`."""

    folder: DataFolder
    specs: Sequence[ChildSpec]
    _children: list[_Child] = field(default_factory=list)
    _troubles: list[str] = field(default_factory=list)
    _lock: IO[str] | None = None

    def start(self) -> None:
        """Start all; Conflict when another supervisor holds the folder."""
        self.folder.run.mkdir(exist_ok=True)
        self.folder.logs.mkdir(exist_ok=True)
        self._lock = _lock(self.folder.run / "supervisor.lock", self.folder.root)
        self._children = [_Child(spec) for spec in self.specs]
        self.tend()

    def tend(self) -> None:
        """Start what is not running and due; call it a few times a second.

        Raises ConfigurationError when a child says that its settings are unusable.
        """
        changed = False
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._note_death(child)
                changed = True
            if child.process is None and time.monotonic() >= child.next_start:
                self._spawn(child)
                changed = True
            _keep_short(self.folder.logs / f"{child.spec.name}.log")
        if changed:
            self._write_pids()

    def pids(self) -> dict[str, int]:
        """Process numbers of the running children by name."""
        return {c.spec.name: c.process.pid for c in self._children if c.process is not None}

    def restarts(self) -> dict[str, int]:
        """How often each child was restarted."""
        return {c.spec.name: c.restarts for c in self._children}

    def troubles(self) -> list[str]:
        """A sentence for each death since the last call, with the last line it logged."""
        told, self._troubles = self._troubles, []
        return told

    def stop(self, grace_s: float = 20.0) -> None:
        """Terminate all children, last started first, and kill what does not leave in time."""
        for child in reversed(self._children):
            if child.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
        deadline = time.monotonic() + grace_s
        for child in reversed(self._children):
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            child.process = None
        (self.folder.run / "processes.json").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def _spawn(self, child: _Child) -> None:
        """Start a child; where the system has no room for one now, later."""
        command = [sys.executable, "-m", "greenoffice", *child.spec.arguments]
        try:
            with _log_of(self.folder.logs / f"{child.spec.name}.log") as log:
                child.process = subprocess.Popen(
                    [*command, "--parent", str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env=os.environ | {"PYTHONPATH": _import_path()},
                )
        except OSError as refused:
            self._troubles.append(f"{child.spec.name} cannot be started now: {refused.strerror}")
            self._later(child)
        child.started = time.monotonic()

    def _note_death(self, child: _Child) -> None:
        assert child.process is not None
        code, child.process = child.process.returncode, None
        if code == UNUSABLE_EXIT:
            name = child.spec.name
            raise ConfigurationError(
                f"{name} cannot start: {_last_line(self.folder, name)}",
                field="process",
                value=name,
                fix="mend what it says, then start again",
            )
        if time.monotonic() - child.started > SETTLED_S:
            child.backoff_s = 0.25
        child.restarts += 1
        name = child.spec.name
        self._troubles.append(f"{name} ended ({code}), restarting: {_last_line(self.folder, name)}")
        self._later(child)

    def _later(self, child: _Child) -> None:
        child.next_start = time.monotonic() + child.backoff_s
        child.backoff_s = min(child.backoff_s * 2, 10.0)

    def _write_pids(self) -> None:
        """For those who look; a full disk must not end who keeps the others alive."""
        state = {"supervisor": os.getpid(), **self.pids()}
        target = self.folder.run / "processes.json"
        partial = target.with_suffix(".partial")
        with contextlib.suppress(OSError):
            partial.write_text(json.dumps(state))
            partial.replace(target)


@contextlib.contextmanager
def exclusive(folder: DataFolder) -> Iterator[None]:
    """Hold the data folder as a supervisor would; Conflict while a platform runs on it."""
    folder.run.mkdir(exist_ok=True)
    with _lock(folder.run / "supervisor.lock", folder.root):
        yield


def _lock(path: Path, root: Path) -> IO[str]:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Conflict(
            "the data folder is in use by a running platform",
            field="folder",
            value=str(root),
            fix="stop that one with Ctrl-C first, or name another folder",
        ) from None
    return file


def _import_path() -> str:
    checkout = str(Path(__file__).resolve().parent.parent)
    return os.pathsep.join([checkout, *filter(None, [os.environ.get("PYTHONPATH")])])


def _log_of(path: Path) -> IO[bytes]:
    """A child's log; nothing is kept of what it says where there cannot be one."""
    try:
        return path.open("ab")
    except OSError:
        return Path(os.devnull).open("ab")


def _keep_short(log: Path) -> None:
    """Put a long log aside. Its process goes on writing to the same file, at the new end of it;
    what it says meanwhile may be lost. On a full disk the log is emptied."""
    try:
        if log.stat().st_size <= LOG_BYTES:
            return
        with contextlib.suppress(OSError):
            shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)
    except OSError:
        return


def _last_line(folder: DataFolder, name: str) -> str:
    try:
        lines = (folder.logs / f"{name}.log").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "no reason given"
