"""Slowing down those who guess passwords and keys, without locking out those who know theirs.

Tries are counted per (address, name). Whoever passed before is recognised without a try, and
whoever guesses one name uses up the tries of that name alone. A store asks before it computes a
hash and says when that was in vain, one at a time: a hundred guesses at once are a hundred tries.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from metering.errors import TooManyTries

_KEYS_REMEMBERED = 10_000


class Tries(Protocol):
    """The tries of one address."""

    def check(self, name: str) -> None:
        """Raises TooManyTries where the name may not be tried now."""
        ...

    def failed(self, name: str) -> None:
        """A try was in vain."""
        ...


UNKNOWN = ""
"""The name under which tries of names that there are none of are counted."""


class _Uncounted:
    def check(self, name: str) -> None:
        pass

    def failed(self, name: str) -> None:
        pass


def unknown(tries: Tries) -> None:
    """A name that there is none of was tried: these count together. TooManyTries as `check`."""
    tries.check(UNKNOWN)
    tries.failed(UNKNOWN)


UNCOUNTED: Tries = _Uncounted()
"""For callers that nobody from outside stands behind."""


class FailedTries:
    """Counts failed tries per (address, name) within a window; of the keys that failed last,
    ten thousand are remembered. Safe to share between threads.

    now_s: a clock [s].
    """

    def __init__(self, now_s: Callable[[], float], allowed: int, window_s: float = 60.0) -> None:
        self._now_s = now_s
        self._allowed = allowed
        self._window_s = window_s
        self._failures: dict[tuple[str, str], deque[float]] = {}
        self._lock = threading.Lock()

    def at(self, address: str) -> Tries:
        """The tries of an address."""
        return _OfAddress(self, address)

    def check(self, address: str, name: str) -> None:
        """TooManyTries where the name failed too often lately."""
        with self._lock:
            many = self._recent((address, name)) >= self._allowed
        if many:
            raise TooManyTries(
                "too many wrong keys or passwords from this address",
                field="address",
                value=address,
                fix="wait a minute, then use the right one",
            )

    def failed(self, address: str, name: str) -> None:
        """Note a failure."""
        with self._lock:
            found = self._failures.pop((address, name), None) or deque(maxlen=self._allowed)
            if len(self._failures) >= _KEYS_REMEMBERED:
                self._failures.pop(next(iter(self._failures)))
            self._failures[address, name] = found
            found.append(self._now_s())

    def _recent(self, key: tuple[str, str]) -> int:
        failures = self._failures.get(key)
        if failures is None:
            return 0
        now_s = self._now_s()
        while failures and failures[0] <= now_s - self._window_s:
            failures.popleft()
        if not failures:
            del self._failures[key]
        return len(failures)


@dataclass(frozen=True)
class _OfAddress:
    tries: FailedTries
    address: str

    def check(self, name: str) -> None:
        self.tries.check(self.address, name)

    def failed(self, name: str) -> None:
        self.tries.failed(self.address, name)
