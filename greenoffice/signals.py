"""Ending on request: SIGINT and SIGTERM set an event instead of raising in the middle."""

from __future__ import annotations

import signal
import threading


class Stopped(Exception):
    """This process was asked to end while it still waited to begin; no error of anybody."""


def stop_event() -> threading.Event:
    """An event that is set when this process is asked to end."""
    stop = threading.Event()

    def asked(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGINT, asked)
    signal.signal(signal.SIGTERM, asked)
    return stop
