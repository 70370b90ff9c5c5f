"""A loop in a thread of its own: works while there is work, waits, survives errors, reports."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from metering.errors import GreenOfficeError, Unavailable

log = structlog.get_logger()


@dataclass
class LoopState:
    """What health tells of a loop."""

    ok: bool = True
    error: str = ""
    runs: int = 0
    last_success_us: int = 0


@dataclass
class Loop:
    """Calls `work` again at once while it returns True, else after `pause_s`, or with the news.

    An exception never ends the loop: it is logged, shown by health, and the same work is tried
    again with back-off, because every work here resumes from a committed checkpoint.
    """

    name: str
    work: Callable[[], bool]
    pause_s: float
    stop: threading.Event
    now_us: Callable[[], int]
    longest_s: float = 5.0
    """Pause at most, between tries at work that fails."""
    news: threading.Event | None = None
    """Set where there may be something to do: that ends the pause."""
    least_s: float = 0.0
    """Pause at least, whatever news there is: what comes close together is done together [s]."""
    pauses: Callable[[], tuple[float, float]] | None = None
    """Tells `least_s` and `pause_s` after each work, where they are not always the same."""
    state: LoopState = field(default_factory=LoopState)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in a thread of its own; it ends with the event it was given, or with the
        process."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end, at most so long [s]; whether it is there. A loop that never began is at
        its end."""
        if self._thread is None:
            return True
        if self.news is not None:
            self.news.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        backoff_s = 0.5
        while not self.stop.is_set():
            if self.news is not None:
                self.news.clear()  # first: what is told from here on is not missed
            try:
                more = self.work()
            except Exception as failed:
                self._note(failed)
                self.stop.wait(backoff_s)
                backoff_s = min(backoff_s * 2, self.longest_s)
                continue
            backoff_s = 0.5
            self.state.ok, self.state.error = True, ""
            self.state.runs += 1
            self.state.last_success_us = self.now_us()
            if not more:
                self._rest()

    def _rest(self) -> None:
        least_s, pause_s = self.pauses() if self.pauses else (self.least_s, self.pause_s)
        if self.news is None:
            self.stop.wait(pause_s)
        elif not self.stop.wait(least_s) and pause_s > least_s:
            self.news.wait(pause_s - least_s)

    def _note(self, failed: Exception) -> None:
        self.state.ok = False
        self.state.error = str(failed) or type(failed).__name__
        expected = isinstance(failed, Unavailable)
        log.warning(
            "loop failed, will try again",
            loop=self.name,
            error=self.state.error,
            trace=""
            if expected or isinstance(failed, GreenOfficeError)
            else traceback.format_exc(),
        )
