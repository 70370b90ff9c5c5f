"""The ledger's side: readings become books, and books are looked at for waste."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

from greenoffice.assembly import Assembly
from greenoffice.looking import AnalyticsWork
from greenoffice.loops import Loop
from greenoffice.news import News
from greenoffice.working import WorkLoops
from ledger import LedgerReport

LOOK_S = 5.0
"""How often the marks are looked at where no news comes [s]."""
LEAST_S, MOST_LEAST_S = 0.05, 0.1
"""What is marked within it is booked together [s]: as long as the last step took, within these."""
SPARED, LONGEST_SPARED_S = 3, 10.0
"""While readings come in, what is not live is left for so many times as long as it took last time,
but no longer than that [s]."""
UNTOLD_S = 0.5
"""The same as `LOOK_S` where other processes cannot tell anything [s]."""


class LedgerMetrics:
    """Prometheus counters of the ledger, kept in the registry that is passed in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._marks = Counter(
            "greenoffice_ledger_marks", "Ranges that were looked at", registry=registry
        )
        self._computed = Counter(
            "greenoffice_ledger_rows_computed", "Days of series computed", registry=registry
        )
        self._rows = Counter(
            "greenoffice_ledger_rows_written",
            "Days of series that came out otherwise than they stood",
            registry=registry,
        )

    def observe(self, report: LedgerReport) -> None:
        """Add one step."""
        self._marks.inc(report.marks)
        self._computed.inc(report.computed)
        self._rows.inc(report.rows)


@dataclass
class LedgerWork:
    """Books what is dirty; settles days that have ended; knows when it came to rest.

    While readings come in faster than they are booked, those that are not live wait: booked
    together they cost once what each batch of them would cost, and the intake has the machine.
    """

    assembly: Assembly
    metrics: LedgerMetrics | None = None
    rests: Callable[[], None] = lambda: None
    """Called when it came to rest."""
    clock: Callable[[], float] = time.monotonic
    """By which steps are timed [s]."""
    look_s: float = LOOK_S
    """How often the marks are looked at where no news comes [s]."""
    idle_us: int = 0
    _late_from: float = 0.0
    _took: float = 0.0
    _left: int = 0
    """Marks that the last step left."""
    _held: bool = False
    """Whether it left some that were not live."""

    def __call__(self) -> bool:
        """One step; True while there is more to book."""
        began_us, began = self.assembly.now_us(), self.clock()
        late = began >= self._late_from or self._none_came()
        report = self.assembly.ledger.step(late=late)
        ended = self.clock()
        took = ended - began
        # After late work no more of it is awaited: that is held for longer anyway.
        self._took = 0.0 if report.late else took
        self._left = max(report.waiting - report.marks, 0)
        self._held = not late and self._left > 0
        if report.late:
            self._late_from = ended + min(SPARED * took, LONGEST_SPARED_S)
        if self.metrics is not None:
            self.metrics.observe(report)
        if late and 0 < report.marks < report.waiting:
            return True
        if report.marks == report.waiting:  # what came meanwhile is told, and is later than this
            self.idle_us = began_us
            self.rests()
        return False

    def pauses(self) -> tuple[float, float]:
        """How long to pause at least, whatever news there is, and at most [s]."""
        least = min(max(self._took, LEAST_S), MOST_LEAST_S)
        return least, least if self._held else self.look_s

    def _none_came(self) -> bool:
        """Whether no mark has come since the last step."""
        return self.assembly.stores.marks.waiting() <= self._left


def ledger_work(
    assembly: Assembly, stop: threading.Event, news: News, metrics: LedgerMetrics | None = None
) -> WorkLoops:
    """The loops of ledger and analytics."""
    look_s = LOOK_S if news.comes else UNTOLD_S
    ledger = LedgerWork(assembly, metrics, news.analytics.set, look_s=look_s)
    analytics = AnalyticsWork(assembly, ledger, assembly.shard)
    books = Loop(
        "ledger",
        ledger,
        look_s,
        stop,
        assembly.now_us,
        news=news.ledger,
        pauses=ledger.pauses,
    )
    return WorkLoops(
        {
            "ledger": books,
            "analytics": Loop(
                "analytics", analytics, LOOK_S, stop, assembly.now_us, news=news.analytics
            ),
        },
        gauge=lambda counters: Gauge(
            "greenoffice_ledger_loop_ok", "1 while its work succeeds", ["loop"], registry=counters
        ),
        details=lambda: {
            "ledger": {"idle_us": ledger.idle_us},
            "analytics": {"began_us": analytics.began_us, "findings": analytics.findings},
        },
    )
