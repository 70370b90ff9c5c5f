"""Logs: one JSON line an event, with the platform's time, to standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from greenoffice.clock import ShiftedClock
from metering.localtime import iso


def set_up_logs(process: str, clock: ShiftedClock) -> None:
    """JSON lines on standard error for this process; library warnings join them."""

    def stamp(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {"time": iso(clock.now_us()), "process": process, **event}

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, format=f"{process}: %(levelname)s %(message)s")
