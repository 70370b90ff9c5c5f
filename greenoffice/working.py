"""WorkLoops in loops: started together, told of each second, ended together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import EVERY_S, Parts, tell
from greenoffice.loops import Loop

ENDING_S = 15.0
"""Two sides end within the `stop_grace_period` of docker-compose.yml [s]."""
Details = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class WorkLoops:
    """Loops, each in a thread of its own."""

    loops: Mapping[str, Loop]
    """By the name that health has for each."""
    beside: Sequence[Loop] = ()
    """Those that health does not tell of."""
    details: Callable[[], Details] = dict
    """What is told of a loop beside its error, by its name."""

    def start(self) -> None:
        """Begin all loops."""
        for loop in (*self.loops.values(), *self.beside):
            loop.start()

    def join(self) -> None:
        """Wait until they ended, at most `ENDING_S` in all; the event they were given ends them."""
        until = time.monotonic() + ENDING_S
        for loop in (*self.loops.values(), *self.beside):
            loop.join(max(0.0, until - time.monotonic()))

    def parts(self) -> Parts:
        """How each loop is."""
        details = self.details()
        return {
            name: {"ok": loop.state.ok, **details.get(name, {}), "error": loop.state.error}
            for name, loop in self.loops.items()
        }


def keep(
    folder: DataFolder,
    sides: Mapping[str, WorkLoops],
    stop: threading.Event,
    counters: CollectorRegistry | None = None,
) -> None:
    """WorkLoops until `stop`, and tell each second how each side is, under its name, and what the
    counters show."""
    told = _Counters(folder.counters, counters)
    for work in sides.values():
        work.start()
    try:
        while True:
            for name, work in sides.items():
                tell(folder.heartbeat(name), work.parts())
            told.tell()
            if stop.wait(EVERY_S):
                break
    finally:
        stop.set()
        for work in sides.values():
            work.join()


@dataclass
class _Counters:
    """Counters that another process shows: written where they have changed."""

    file: Path
    registry: CollectorRegistry | None
    _last: bytes = b""

    def tell(self) -> None:
        """Write them; a full disk must not end the process that tells."""
        if self.registry is None or (text := generate_latest(self.registry)) == self._last:
            return
        partial = self.file.with_suffix(".partial")
        with suppress(OSError):
            partial.write_bytes(text)
            partial.replace(self.file)
            self._last = text
