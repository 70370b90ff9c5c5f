"""A process that was started before its database server waits for it, and says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import EVERY_S, tell_all
from greenoffice.signals import Stopped
from greenoffice.stores import await_stores
from storage import Stores

_LOOK_S = 0.1

_log = structlog.get_logger()


def awaited_stores(folder: DataFolder, processes: Sequence[str], stop: threading.Event) -> Stores:
    """The SQL stores, once their server is there; until then health is told which one is waited
    for, as by each of the processes. Stopped where `stop` comes first; ConfigurationError where the
    server refuses, Damaged where a file is not as it was written."""
    awaited, said, next_s = await_stores(folder), "", 0.0
    while away := awaited.waited_for():
        if time.monotonic() >= next_s:
            for process in processes:
                tell_all(folder.heartbeat(process), str(away))
            next_s = time.monotonic() + EVERY_S
        if str(away) != said and said:
            _log.warning("waits for its server", error=str(away))
        said = str(away)
        if stop.wait(_LOOK_S):
            raise Stopped
    return awaited.stores
