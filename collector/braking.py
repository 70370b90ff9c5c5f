"""Slowing down gateways that bring too much, each by itself, for a receiver that they connect to.

    put      ─▶ budget spent? share of the queue taken up?  ─▶ apply(user, why, held)
    follow   ─▶ how far the intake is behind, which says whether budgets bind
    stored   ─▶ what has gone from the queue

Nothing is refused: whoever is held is not read from, and TCP slows it down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from collector.fair_queue import weight
from collector.holding import Budgets, Holding
from collector.metrics import CollectorMetrics
from collector.pace import Bound, Pace
from collector.reception import Reception
from metering.intake import HeldGateway, Why

WAITING_RESERVE = 0.5
"""Share of a budget below which a gateway waits while the intake is far behind."""


class Braking:
    """Which gateways are held. Belongs to the event loop, but for `told`.

    budgets: what a gateway may send while the intake is behind.
    now_us: the clock [us since the epoch].
    apply: told who is held for what from now on, or (False) no longer.
    """

    def __init__(
        self,
        reception: Reception[Any],
        metrics: CollectorMetrics,
        budgets: Budgets,
        now_us: Callable[[], int],
        apply: Callable[[str, Why, bool], None],
    ) -> None:
        self._reception, self._metrics, self._budgets = reception, metrics, budgets
        self._apply = apply
        self._holding = Holding(now_us, time.monotonic)
        self._pace = Pace()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        """When a gateway that is held for its rate is looked at again."""

    def put(self, user: str, records: int, size: int) -> None:
        """So many records of a gateway, of so many bytes, wait now."""
        self._budgets.spend(user, weight(records, size))
        free = self._pace.put(records) is Bound.FREE
        if not free and "rate" not in self.reasons(user):
            self._settle(user)
        self._weigh(user)

    def follow(self, behind: int | None, present: Collection[str]) -> None:
        """So many records that were journalled here wait for the intake; None where it is not known
        or the intake has stopped. To be told again and again, with who is connected."""
        before = self._pace.bound
        if self._pace.told(behind) is not before:
            for user in {*present, *self._holding.gateways}:
                self._settle(user)

    def stored(self, users: Iterable[str]) -> None:
        """Something of these has become durable."""
        for user in self._holding.gateways & set(users):
            self._weigh(user)

    def reasons(self, user: str) -> frozenset[Why]:
        """Why a gateway is held; empty where it is not."""
        return self._holding.reasons(user)

    def told(self) -> Mapping[str, HeldGateway]:
        """Gateways that are held, or were just before. From any thread."""
        return self._holding.told()

    def _settle(self, user: str) -> None:
        """Hold a gateway whose budget binds and does not reach, or let it go on."""
        bound = self._pace.bound
        reserve = WAITING_RESERVE if bound is Bound.WAIT else 0.0
        pause_s = 0.0 if bound is Bound.FREE else self._budgets.spend(user, 0.0, reserve)
        held = "rate" in self.reasons(user)
        if pause_s > 0 and not held:
            self._hold(user, "rate")
        elif pause_s <= 0 and held:
            self._release(user, "rate")
        if timer := self._timers.pop(user, None):
            timer.cancel()
        if pause_s > 0 and bound is Bound.BUDGET:  # from WAIT the intake alone releases
            loop = asyncio.get_running_loop()
            self._timers[user] = loop.call_later(pause_s, self._settle, user)

    def _weigh(self, user: str) -> None:
        """Hold a gateway back that takes more than its share of the queue, until half of it."""
        share = self._reception.share_of(user)
        held = "share" in self.reasons(user)
        if share > 1 and not held:
            self._hold(user, "share")
        elif held and share <= 0.5:
            self._release(user, "share")

    def _hold(self, user: str, why: Why) -> None:
        self._holding.hold(user, why)
        self._metrics.held.set(len(self._holding.gateways))
        self._apply(user, why, True)

    def _release(self, user: str, why: Why) -> None:
        self._holding.release(user, why)
        self._metrics.held.set(len(self._holding.gateways))
        self._apply(user, why, False)
