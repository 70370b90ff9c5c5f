"""A process that was started before its database server waits for it, and says so."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import EVERY_S, tell_all
from greenoffice.news import News
from greenoffice.owning import Claim
from greenoffice.signals import Stopped
from greenoffice.stores import await_stores
from storage import Stores

_LOOK_S = 0.1

_log = structlog.get_logger()


def awaited_stores(
    folder: DataFolder, processes: Sequence[str], claim: Claim, news: News
) -> Stores:
    """The SQL stores, once their server is there; until then health is told which one is waited
    for, as by each of the processes. Nothing is written through them once the claim is lost.
    Stopped where its end comes first; ConfigurationError where the server refuses, Damaged where a
    file is not as it was written. What the database tells from then on is news too."""
    awaited, said, next_s = await_stores(folder, guard=claim.guard, hear=news.hear), "", 0.0
    while away := awaited.waited_for():
        if time.monotonic() >= next_s:
            for process in processes:
                tell_all(folder.heartbeat(process), str(away))
            next_s = time.monotonic() + EVERY_S
        if str(away) != said and said:
            _log.warning("waits for its server", error=str(away))
        said = str(away)
        if claim.end.wait(_LOOK_S):
            awaited.stores.close()
            raise Stopped
    return awaited.stores
