"""Which gateways are held back, each by itself: not read from until there is room for more.

Two things hold a gateway, and neither loses nor refuses anything, because TCP slows it down:
more of it waits for the disk than its share, or it has sent so much for so long that what
reads the journal could not follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from metering.intake import HeldGateway, Why

CALM_S = 10.0
"""A gateway that was not held for so long is told of no more."""


class Budgets:
    """A budget for each gateway: `burst` at once, `per_s` in the long run; no debt grows beyond
    another `burst`.

    now_s: a clock [s].
    """

    def __init__(self, per_s: float, burst: float, now_s: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._now_s = now_s
        self._left: dict[str, tuple[float, float]] = {}

    def spend(self, gateway: str, cost: float, reserve: float = 0.0) -> float:
        """Take from a gateway's budget; how long until a share `reserve` of it is left [s], 0 where
        it is."""
        now_s = self._now_s()
        left, at_s = self._left.get(gateway, (self._burst, now_s))
        left = min(self._burst, left + (now_s - at_s) * self._per_s) - cost
        left = max(left, -self._burst)
        self._left[gateway] = (left, now_s)
        return max(0.0, (reserve * self._burst - left) / self._per_s)


class Holding:
    """Who is held, and since when that is told.

    now_us, now_s: the clock told [us], and one to measure with [s].
    """

    def __init__(self, now_us: Callable[[], int], now_s: Callable[[], float]) -> None:
        self._now_us = now_us
        self._now_s = now_s
        self._held: dict[str, set[Why]] = {}
        self._told: dict[str, tuple[HeldGateway, float]] = {}
        """With when it was last held [s]."""

    @property
    def gateways(self) -> AbstractSet[str]:
        """Those that are held."""
        return self._held.keys()

    def reasons(self, gateway: str) -> frozenset[Why]:
        """Why it is held; empty where it is not."""
        return frozenset(self._held.get(gateway, ()))

    def hold(self, gateway: str, why: Why) -> None:
        """It is held for a reason from now on."""
        known = self._current(gateway) if gateway in self._told else None
        since_us = self._now_us() if known is None else known.since_us
        self._held.setdefault(gateway, set()).add(why)
        self._told[gateway] = HeldGateway(since_us, why), self._now_s()

    def release(self, gateway: str, why: Why) -> None:
        """That reason is gone."""
        reasons = self._held.get(gateway, set())
        reasons.discard(why)
        if not reasons:
            self._held.pop(gateway, None)
        if gateway in self._told:
            self._told[gateway] = self._told[gateway][0], self._now_s()

    def told(self) -> Mapping[str, HeldGateway]:
        """Gateways that are held, or were within the last ten seconds. From any thread."""
        current = {gateway: self._current(gateway) for gateway in tuple(self._told)}
        return {gateway: held for gateway, held in current.items() if held is not None}

    def _current(self, gateway: str) -> HeldGateway | None:
        held, at_s = self._told[gateway]
        calm = gateway not in self._held and self._now_s() - at_s > CALM_S
        return None if calm else held
