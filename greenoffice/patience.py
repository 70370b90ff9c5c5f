"""Waiting for what a predecessor that is still ending may hold: a port, a journal, the readings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from metering.errors import ConfigurationError

BUSY_PATIENCE_S = 10.0

T = TypeVar("T")


def patiently(make: Callable[[], T], patience_s: float = BUSY_PATIENCE_S) -> T:
    """Try again for a while [s], then let the ConfigurationError out."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return make()
        except ConfigurationError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
