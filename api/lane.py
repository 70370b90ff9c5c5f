"""A lane: so many at once, so many of one key, and who waits is served key by key in turn."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque

from metering.errors import Unavailable

Waiting = asyncio.Future[None]


class Busy(Unavailable):
    """So much is asked at once that this is not even begun."""

    code = "busy"


class Lane:
    """Places for requests. Whoever enters leaves again; safe between threads and loops.

    at_once: places in all
    of_key: places that one key may have, so that another always finds one
    waiting: requests of one key that may wait for a place
    patience_s: how long [s]
    """

    def __init__(self, at_once: int, of_key: int, waiting: int, patience_s: float = 30.0) -> None:
        self._at_once, self._of_key = at_once, of_key
        self._most_waiting, self._patience_s = waiting, patience_s
        self._in: Counter[str] = Counter()
        self._waiting: dict[str, deque[Waiting]] = {}
        self._moved_s = time.monotonic()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        with self._lock:
            return sum(len(queue) for queue in self._waiting.values())

    def stands(self, since_s: float) -> bool:
        """Whether every place has been taken for so long [s], and nobody left or came in."""
        with self._lock:
            full = self._in.total() >= self._at_once
            return full and time.monotonic() - self._moved_s > since_s

    async def enter(self, key: str) -> None:
        """Wait for a place; Busy where too many of the key wait already, or none comes free."""
        turn: Waiting = asyncio.get_running_loop().create_future()
        with self._lock:
            queue = self._waiting.setdefault(key, deque())
            if len(queue) >= self._most_waiting:
                raise _busy(len(queue))
            queue.append(turn)
            self._let_in()
        try:
            await asyncio.wait({turn}, timeout=self._patience_s)
        except asyncio.CancelledError:
            if self._came(key, turn):
                self.leave(key)
            raise
        if not self._came(key, turn):
            raise _busy(self._most_waiting)

    def leave(self, key: str) -> None:
        """Give the place free."""
        with self._lock:
            self._in[key] -= 1
            self._moved_s = time.monotonic()
            if not self._in[key]:
                del self._in[key]
            self._let_in()

    def _came(self, key: str, turn: Waiting) -> bool:
        """Whether the turn came; else it waits no more."""
        with self._lock:
            queue = self._waiting.get(key)
            if queue is None or turn not in queue:
                return True
            queue.remove(turn)
            if not queue:
                del self._waiting[key]
            return False

    def _let_in(self) -> None:
        while self._in.total() < self._at_once:
            fitting = (key for key in self._waiting if self._in[key] < self._of_key)
            key = next(fitting, None)
            if key is None:
                return
            queue = self._waiting.pop(key)
            turn = queue.popleft()
            if queue:
                self._waiting[key] = queue
            self._in[key] += 1
            self._moved_s = time.monotonic()
            turn.get_loop().call_soon_threadsafe(_tell, turn)


def _tell(turn: Waiting) -> None:
    if not turn.done():
        turn.set_result(None)


def _busy(waiting: int) -> Busy:
    return Busy(
        "too many requests of this key at once",
        field="key",
        value=f"{waiting} waiting",
        fix="wait for answers before asking more, and ask for shorter ranges",
    )
