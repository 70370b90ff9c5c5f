"""Who may come in, and slowing down those who try passwords."""

from __future__ import annotations

from collections import deque

_KEYS_REMEMBERED = 10_000


class FailedTries:
    """Counts failed sign-ins per (address, user) within a window; pure, times are arguments.

    Keyed by both, so that one gateway with a wrong password does not lock out the others
    behind the same address; an address as a whole may fail ten times as often.
    """

    def __init__(self, allowed: int = 5, window_s: float = 60.0) -> None:
        self._allowed = allowed
        self._window_s = window_s
        self._failures: dict[tuple[str, str], deque[float]] = {}

    def blocked(self, address: str, user: str, now_s: float) -> bool:
        """Too many failures lately: refuse without looking at the password."""
        return self._recent((address, user), now_s) >= self._allowed or (
            self._recent((address, ""), now_s) >= self._allowed * 10
        )

    def failed(self, address: str, user: str, now_s: float) -> None:
        """Note a failure."""
        for key, most in (((address, user), self._allowed), ((address, ""), self._allowed * 10)):
            if key not in self._failures and len(self._failures) >= _KEYS_REMEMBERED:
                self._failures.pop(next(iter(self._failures)))
            self._failures.setdefault(key, deque(maxlen=most)).append(now_s)

    def succeeded(self, address: str, user: str) -> None:
        """A right password clears its user's failures."""
        self._failures.pop((address, user), None)

    def _recent(self, key: tuple[str, str], now_s: float) -> int:
        failures = self._failures.get(key)
        if failures is None:
            return 0
        while failures and failures[0] <= now_s - self._window_s:
            failures.popleft()
        if not failures:
            del self._failures[key]
        return len(failures)
