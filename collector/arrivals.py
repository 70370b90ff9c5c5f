"""Times of arrival, each given to one message alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_AHEAD_US: Final = 1_000_000
"""Beyond which the clock was set back, and is followed [us]."""


class Arrivals:
    """What a receiver's messages arrived at.

    A reading without a time of its own has that of its arrival, and is known by its point and its
    time. So messages that are read at once, as those that waited in an outage, must not arrive in
    the same microsecond: of their readings only one would stand.

    now_us: the clock [us since the epoch]. For one thread.
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._next_us = 0

    def take(self, count: int) -> int:
        """The arrival of the first of so many messages [us]; each other's is 1 us after the one
        before it. Never what was given before, unless the clock was set back by more than 1 s."""
        now_us = self._now_us()
        first_us = self._next_us if now_us < self._next_us <= now_us + _AHEAD_US else now_us
        self._next_us = first_us + count
        return first_us
