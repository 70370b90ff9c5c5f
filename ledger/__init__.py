"""The ledger: readings become integer energy, and energy becomes books.

dirty marks ──▶ Ledger.step ──▶ books
registry    ──▶ Plans.on    ──▶ what counts where
all again   ──▶ Ledger.rebuild, Ledger.rebook: what differs is restated, nothing is emptied
"""

from ledger.blocks import windows_for
from ledger.periods import SETTLE_US, Clock, day_edges
from ledger.plan import Plan, PlannedFigure, Term, plan
from ledger.rebooking import Rebooked
from ledger.recompute import Plans
from ledger.rules import RULES_VERSION
from ledger.windows import slot_windows
from ledger.worker import Ledger, LedgerReport

__all__ = [
    "RULES_VERSION",
    "SETTLE_US",
    "Clock",
    "Ledger",
    "LedgerReport",
    "Plan",
    "PlannedFigure",
    "Plans",
    "Rebooked",
    "Term",
    "day_edges",
    "plan",
    "slot_windows",
    "windows_for",
]
