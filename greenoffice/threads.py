"""A thread that dies of an error takes its process along: the supervisor starts it anew, and none
goes on without a part of itself."""

from __future__ import annotations

import os
import threading

import structlog

DIED = 70
"""The exit status then: an error of the software itself."""

_log = structlog.get_logger()


def end_with_threads() -> None:
    """From now on the process ends at once where a thread does by an error of its own. Nothing is
    put in order, as after `kill -9`: what was acknowledged is on disk."""
    threading.excepthook = _end


def _end(died: threading.ExceptHookArgs) -> None:
    name = died.thread.name if died.thread is not None else "a thread"
    try:
        info = (died.exc_type, died.exc_value, died.exc_traceback)
        _log.critical("a thread died, the process ends", thread=name, exc_info=info)
    finally:
        os._exit(DIED)
