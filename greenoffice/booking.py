"""The ledger's side: readings become books, and books are looked at for waste."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

from greenoffice.assembly import Assembly
from greenoffice.looking import AnalyticsWork
from greenoffice.loops import Loop
from greenoffice.working import WorkLoops
from ledger import LedgerReport


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
    idle_us: int = 0

    def __call__(self) -> bool:
        """One step; True while there is more to book."""
        began_us = self.assembly.now_us()
        report = self.assembly.ledger.step()
        if self.metrics is not None:
            self.metrics.observe(report)
        if report.marks:
            return True
        if self.assembly.stores.marks.waiting() == 0:
            self.idle_us = began_us
        return False


def ledger_work(
    assembly: Assembly, stop: threading.Event, metrics: LedgerMetrics | None = None
) -> WorkLoops:
    """The loops of ledger and analytics."""
    ledger = LedgerWork(assembly, metrics)
    analytics = AnalyticsWork(assembly, ledger)
    return WorkLoops(
        {
            "ledger": Loop("ledger", ledger, 0.5, stop, assembly.now_us),
            "analytics": Loop("analytics", analytics, 1.0, stop, assembly.now_us),
        },
        gauge=lambda counters: Gauge(
            "greenoffice_ledger_loop_ok", "1 while its work succeeds", ["loop"], registry=counters
        ),
        details=lambda: {
            "ledger": {"idle_us": ledger.idle_us},
            "analytics": {"began_us": analytics.began_us, "findings": analytics.findings},
        },
    )
