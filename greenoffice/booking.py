"""The ledger's side: readings become books, and books are looked at for waste."""

from __future__ import annotations

import threading
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
LEAST_S = 0.2
"""What is marked within it is booked together [s]."""
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
    """Books what is dirty; settles days that have ended; knows when it came to rest."""

    assembly: Assembly
    metrics: LedgerMetrics | None = None
    rests: Callable[[], None] = lambda: None
    """Called when it came to rest."""
    idle_us: int = 0

    def __call__(self) -> bool:
        """One step; True while there is more to book."""
        began_us = self.assembly.now_us()
        report = self.assembly.ledger.step()
        if self.metrics is not None:
            self.metrics.observe(report)
        if 0 < report.marks < report.waiting:
            return True
        if report.marks == report.waiting:  # what came meanwhile is told, and is later than this
            self.idle_us = began_us
            self.rests()
        return False


def ledger_work(
    assembly: Assembly, stop: threading.Event, news: News, metrics: LedgerMetrics | None = None
) -> WorkLoops:
    """The loops of ledger and analytics."""
    ledger = LedgerWork(assembly, metrics, news.analytics.set)
    analytics = AnalyticsWork(assembly, ledger, assembly.shard)
    books = Loop(
        "ledger",
        ledger,
        LOOK_S if news.comes else UNTOLD_S,
        stop,
        assembly.now_us,
        news=news.ledger,
        least_s=LEAST_S,
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
