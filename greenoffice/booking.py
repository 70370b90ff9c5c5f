"""The ledger's side: readings become books, and books are looked at for waste."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from greenoffice.assembly import Assembly
from greenoffice.looking import AnalyticsWork
from greenoffice.loops import Loop
from greenoffice.working import WorkLoops


@dataclass
class LedgerWork:
    """Books what is dirty; settles days that have ended; knows when it came to rest."""

    assembly: Assembly
    idle_us: int = 0

    def __call__(self) -> bool:
        """One step; True while there is more to book."""
        began_us = self.assembly.now_us()
        report = self.assembly.ledger.step()
        if report.marks:
            return True
        if self.assembly.stores.marks.waiting() == 0:
            self.idle_us = began_us
        return False


def ledger_work(assembly: Assembly, stop: threading.Event) -> WorkLoops:
    """The loops of ledger and analytics."""
    ledger = LedgerWork(assembly)
    analytics = AnalyticsWork(assembly, ledger)
    return WorkLoops(
        {
            "ledger": Loop("ledger", ledger, 0.5, stop, assembly.now_us),
            "analytics": Loop("analytics", analytics, 1.0, stop, assembly.now_us),
        },
        details=lambda: {
            "ledger": {"idle_us": ledger.idle_us},
            "analytics": {"began_us": analytics.began_us, "findings": analytics.findings},
        },
    )
