"""Work in loops: started together, told of each second, ended together."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import EVERY_S, Parts, tell
from greenoffice.loops import Loop
from greenoffice.threads import DIED

PARTING_S = 8.0
"""How long work may take to end [s]; containers are killed 10 s after they were asked to, by
default."""
Details = Mapping[str, Mapping[str, object]]
_log = structlog.get_logger()


@dataclass(frozen=True)
class WorkLoops:
    """Loops, each in a thread of its own."""

    loops: Mapping[str, Loop]
    """By the name that health has for each."""
    gauge: Callable[[CollectorRegistry], Gauge]
    """Makes what shows, by `loop`, which of them succeed."""
    beside: Sequence[Loop] = ()
    """Those that health does not tell of."""
    details: Callable[[], Details] = dict
    """What is told of a loop beside its error, by its name."""

    def start(self) -> None:
        """Begin all loops."""
        for loop in (*self.loops.values(), *self.beside):
            loop.start()

    def join(self, deadline_s: float) -> bool:
        """Wait until they ended, which the event they were given tells them to, but not beyond a
        moment of the monotonic clock [s]; whether all did."""
        loops = (*self.loops.values(), *self.beside)
        return all(loop.join(max(0.0, deadline_s - time.monotonic())) for loop in loops)

    def show(self, gauge: Gauge) -> None:
        """Set the metric."""
        for name, loop in self.loops.items():
            gauge.labels(name).set(loop.state.ok)

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
    counters: CollectorRegistry,
) -> bool:
    """Work until `stop`, and tell each second how each side is, under its name, and what the
    counters show. Whether all loops have ended: one that waits for a server may not within
    `PARTING_S`, and can be broken off."""
    told = _Counters(folder.counters_of(next(iter(sides))), counters)
    gauges = {name: work.gauge(counters) for name, work in sides.items()}

    def tell_on() -> None:
        while True:
            for name, work in sides.items():
                tell(folder.heartbeat(name), work.parts())
                work.show(gauges[name])
            told.tell()
            if stop.wait(EVERY_S):
                break

    for work in sides.values():
        work.start()
    telling = threading.Thread(target=tell_on, name="telling", daemon=True)
    telling.start()  # it asks stores: one that hangs must not keep this thread from the end
    try:
        stop.wait()
    finally:
        stop.set()
        deadline_s = time.monotonic() + PARTING_S
        ended = all(work.join(deadline_s) for work in sides.values())
        telling.join(max(0.0, deadline_s - time.monotonic()))
        ended = ended and not telling.is_alive()
        for gauge in gauges.values():
            counters.unregister(gauge)  # who works again begins with others
    return ended


def leave(folder: DataFolder, ended: bool, asked: threading.Event) -> None:
    """End the process at once where work did not end by itself: every work resumes from what it
    last committed, as after `kill -9`. The exit status is 0 where it was asked to end."""
    if not ended:
        _log.warning("work is broken off where it waits", folder=str(folder.root))
        os._exit(0 if asked.is_set() else DIED)


@dataclass
class _Counters:
    """Counters that another process shows: written where they have changed."""

    file: Path
    registry: CollectorRegistry
    _last: bytes = b""

    def tell(self) -> None:
        """Write them; a full disk must not end the process that tells."""
        if (text := generate_latest(self.registry)) == self._last:
            return
        partial = self.file.with_suffix(".partial")
        with suppress(OSError):
            partial.write_bytes(text)
            partial.replace(self.file)
            self._last = text
