"""The ledger: readings become integer energy, and energy becomes books.

dirty marks ──▶ Ledger.step ──▶ books
registry    ──▶ Plans.on    ──▶ what counts where
all again   ──▶ Ledger.rebuild, Ledger.rebook: what differs is restated, nothing is emptied
events      ──▶ judge, Standing: which readings the books rest on
"""

from ledger.blocks import windows_for
from ledger.meter import Service
from ledger.periods import SETTLE_US, Clock, day_edges
from ledger.plan import Plan, PlannedFigure, Term, plan
from ledger.rebooking import Rebooked
from ledger.recompute import Plans
from ledger.rules import RULES_VERSION
from ledger.sharing import Portion
from ledger.standing import (
    EVENT_KINDS,
    REJECTIONS,
    Edges,
    JudgedReadings,
    Reckoned,
    Standing,
    counting,
    factor_of,
    interval_days,
    judge,
    left_out,
    reckoned,
    rule_of,
    served,
)
from ledger.windows import slot_windows
from ledger.worker import Ledger, LedgerReport

__all__ = [
    "EVENT_KINDS",
    "REJECTIONS",
    "RULES_VERSION",
    "SETTLE_US",
    "Clock",
    "Edges",
    "JudgedReadings",
    "Ledger",
    "LedgerReport",
    "Plan",
    "PlannedFigure",
    "Plans",
    "Portion",
    "Rebooked",
    "Reckoned",
    "Service",
    "Standing",
    "Term",
    "counting",
    "day_edges",
    "factor_of",
    "interval_days",
    "judge",
    "left_out",
    "plan",
    "reckoned",
    "rule_of",
    "served",
    "slot_windows",
    "windows_for",
]
