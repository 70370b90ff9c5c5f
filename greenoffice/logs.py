"""Logs: one JSON line an event, with the platform's time, to standard error.

A log never breaks work: a line that cannot be written is dropped and counted, and of lines that
repeat only the first ones of a minute are written.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

from greenoffice.clock import ShiftedClock
from metering.localtime import iso

MOST_ALIKE = 20
"""So many alike lines are written in a window."""
WINDOW_S = 60.0
_KINDS = 1_000
"""Of so many kinds of lines it is known when they came; beyond, all are forgotten."""


def set_up_logs(process: str, clock: ShiftedClock) -> None:
    """JSON lines on standard error for this process; library warnings join them, and whatever
    else is written there can fail no more either."""

    def stamp(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {"time": iso(clock.now_us()), "process": process, **event}

    stream = UnbreakableStream(2)
    sys.stderr = stream
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _without_repeats(RepeatedLines()),
            stamp,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=stream),  # type: ignore[arg-type]
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(_first_ones(RepeatedLines()))
    handler.setFormatter(_JsonLines(process, clock))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(capture=True)
    atexit.register(_say_no_more)


class _JsonLines(logging.Formatter):
    """What libraries log, as one line like our own."""

    def __init__(self, process: str, clock: ShiftedClock) -> None:
        super().__init__()
        self._process, self._clock = process, clock

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": iso(self._clock.now_us()),
            "process": self._process,
            "logger": record.name,
            "event": record.getMessage(),
            "level": record.levelname.lower(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def _say_no_more() -> None:
    """Libraries in C count, to nobody's use, what is left when the interpreter has ended."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


class UnbreakableStream:
    """Text to a file descriptor at once; what the system does not take is dropped, and counted in
    a line of its own as soon as there is room."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self.dropped = 0
        """Writes that failed and are not told yet."""

    def write(self, text: str) -> int:
        """All of the text, or a part of it on a full disk; its length either way."""
        with self._lock:
            if self.dropped:
                told = (
                    f'\n{{"level": "error", "event": "log lines lost", "lost": {self.dropped}}}\n'
                )
                if not self._put(told):
                    self.dropped += 1
                    return len(text)
                self.dropped = 0
            if not self._put(text):
                self.dropped += 1
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether people read it as it is written."""
        return os.isatty(self._descriptor)

    def _put(self, text: str) -> bool:
        data = text.encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return False
        return True


class RepeatedLines:
    """Lets the first lines of a kind through in each window, and counts the others."""

    def __init__(
        self,
        most: int = MOST_ALIKE,
        window_s: float = WINDOW_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._window_s, self._now_s = most, window_s, now_s
        self._seen: dict[object, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def left_out(self, kind: object) -> int | None:
        """None where this line is one too many; else how many were left out before it."""
        now = self._now_s()
        with self._lock:
            since, count = self._seen.get(kind, (now, 0))
            left = 0
            if now - since >= self._window_s:
                left, since, count = max(0, count - self._most), now, 0
            if len(self._seen) >= _KINDS and kind not in self._seen:
                self._seen.clear()
            self._seen[kind] = (since, count + 1)
        return left if count < self._most else None


def _without_repeats(
    repeated: RepeatedLines,
) -> Callable[[object, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    def check(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        left = repeated.left_out((event.get("level"), event.get("event"), event.get("loop")))
        if left is None:
            raise structlog.DropEvent
        return {**event, "left_out": left} if left else event

    return check


def _first_ones(repeated: RepeatedLines) -> Callable[[logging.LogRecord], bool]:
    def check(record: logging.LogRecord) -> bool:
        left = repeated.left_out((record.name, record.levelno, str(record.msg)))
        if left:
            record.msg = f"{record.msg} (and {left} more like it)"
        return left is not None

    return check
