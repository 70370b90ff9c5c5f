"""The ledger: readings become integer energy, and energy becomes books.

dirty marks ──▶ Ledger.step ──▶ books
registry    ──▶ Plans.on    ──▶ what counts where
"""

from ledger.blocks import Block, Name, windows_for
from ledger.periods import SETTLE_US, Clock, day_edges
from ledger.plan import Figure, Plan, Term, plan
from ledger.recompute import Plans
from ledger.windows import offsets_of, slot_windows
from ledger.worker import Ledger, StepReport

__all__ = [
    "SETTLE_US",
    "Block",
    "Clock",
    "Figure",
    "Ledger",
    "Name",
    "Plan",
    "Plans",
    "StepReport",
    "Term",
    "day_edges",
    "offsets_of",
    "plan",
    "slot_windows",
    "windows_for",
]
