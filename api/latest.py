"""The newest answer to a question that may take long: nobody waits for it longer than they say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Answer(Generic[T]):
    asked_s: float
    """When the question was asked [s]."""
    value: T | None
    error: Exception | None = None


class Latest(Generic[T]):
    """Asks in a thread of its own, once at a time, whoever many want to know. Any thread may ask.

    ask: the question; what it raises is raised to those who wait for that answer
    now_s: a clock that only goes forward [s]
    """

    def __init__(self, ask: Callable[[], T], now_s: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._now_s = now_s
        self._changed = threading.Condition()
        self._asking = False
        self._answers = 0
        self._newest: _Answer[T] | None = None

    def get(self, patience_s: float) -> tuple[T | None, float]:
        """(answer, how long ago it was asked for [s]): a new one where it comes within so many
        seconds, else the one before; (None, inf) where there never was any."""
        with self._changed:
            before = self._answers
            if not self._asking:
                self._asking = True
                threading.Thread(target=self._run, name="latest", daemon=True).start()
            self._changed.wait_for(lambda: self._answers > before, patience_s)
            newest = self._newest
        if newest is None:
            return None, float("inf")
        if newest.error is not None:
            raise newest.error
        return newest.value, max(0.0, self._now_s() - newest.asked_s)

    def _run(self) -> None:
        asked_s = self._now_s()
        try:
            answer = _Answer(asked_s, self._ask())
        except Exception as error:  # whoever waits is told
            answer = _Answer(asked_s, None, error)
        with self._changed:
            self._newest, self._asking = answer, False
            self._answers += 1
            self._changed.notify_all()
