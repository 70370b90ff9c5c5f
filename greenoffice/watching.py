"""A process and who watches it: what shows no life any more is ended, so that it is started anew.

Docker starts a container again when its process ends, not when its health is bad, and a process
that hangs never ends. It is judged by its signs of life alone. A part that is not well is none of
this: who waits for a server is not helped by a new start.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import stand_by_files
from greenoffice.logs import set_up_logs
from greenoffice.sharing import arguments_of
from greenoffice.signals import stop_event
from greenoffice.threads import DIED
from metering.errors import ConfigurationError, InvalidInput
from metering.shard import read_name

HEARTBEATS = {
    "collector": ("collector",),
    "work": ("intake", "ledger"),
    "intake": ("intake",),
    "ledger": ("ledger",),
}
"""Of each process the heartbeats that it writes; the API has none, and is asked."""
SHARED = ("collector", "ledger")
"""Processes of which several may do a share each."""
POLL_S = 0.2

log = structlog.get_logger()


@dataclass(frozen=True)
class Patience:
    """Looks are counted, not seconds: who was frozen together with its process judges nothing."""

    look_s: float = 5.0
    silent: int = 24
    """So many looks without a sign of life end a process: two minutes."""
    starting: int = 240
    """So many where it never gave one: it may wait for its servers, and reads its data first."""
    leave_s: float = 30.0
    """What it is asked to end in before it is killed [s]."""


@dataclass
class Heartbeats:
    """Signs of life of a process that writes files, or others beside them while it stands by: any
    of them is another than at the last look."""

    files: Sequence[Path]
    _last: list[object] = field(default_factory=list)

    def __call__(self) -> bool:
        now = [_told_at(one) for file in self.files for one in (file, *stand_by_files(file))]
        moved, self._last = bool(self._last) and now != self._last, now
        return moved


@dataclass
class Answers:
    """Signs of life of the API: it answers at all, whatever it says."""

    folder: DataFolder

    def __call__(self) -> bool:
        http = self.folder.settings().http
        try:
            return ApiClient(http.url, "", 4.0, http.certificate).answers()
        except ConfigurationError:
            return False


def watch(data: Path, process: str, patience: Patience | None = None) -> int:
    """Run a process of the folder until it ends, or until asked to end; its exit status, or
    `DIED` where it was ended for showing no life. InvalidInput for a process that there is not."""
    folder = DataFolder(data.absolute())
    alive = _signs(folder, process)
    set_up_logs("watch", folder.clock())
    stop = stop_event()
    words = arguments_of(process, folder)
    child = subprocess.Popen([sys.executable, "-m", "greenoffice", *words])
    return _Watched(child, process, alive, stop, patience or Patience()).to_its_end()


@dataclass
class _Watched:
    child: subprocess.Popen[bytes]
    name: str
    alive: Callable[[], bool]
    stop: threading.Event
    patience: Patience
    quiet: int = 0
    heard: bool = False

    def to_its_end(self) -> int:
        polls = max(1, round(self.patience.look_s / POLL_S))
        count = 0
        while (code := self.child.poll()) is None:
            if self.stop.wait(POLL_S):
                return self._ended()
            count += 1
            if count % polls == 0 and self._gone():
                log.critical("no sign of life, the process is ended", watched=self.name)
                self._ended()
                return DIED
        return _status(code)

    def _gone(self) -> bool:
        if self.alive():
            self.quiet, self.heard = 0, True
        else:
            self.quiet += 1
        return self.quiet >= (self.patience.silent if self.heard else self.patience.starting)

    def _ended(self) -> int:
        self.child.terminate()
        try:
            self.child.wait(self.patience.leave_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
        return _status(self.child.wait())


def _signs(folder: DataFolder, process: str) -> Callable[[], bool]:
    if process == "api":
        return Answers(folder)
    whole, shard = read_name(process)
    if whole in SHARED and not shard.whole:
        return Heartbeats([folder.heartbeat(process)])
    if process in HEARTBEATS:
        return Heartbeats([folder.heartbeat(name) for name in HEARTBEATS[process]])
    raise InvalidInput(
        "there is no such process",
        field="process",
        value=process,
        fix=f"name one of {', '.join(sorted([*HEARTBEATS, 'api']))}",
    )


def _told_at(file: Path) -> object:
    try:
        return json.loads(file.read_text())["at"]
    except (OSError, ValueError, KeyError):
        return None


def _status(code: int) -> int:
    """As a shell says it: 128 and the signal for who was killed."""
    return code if code >= 0 else 128 - code
