"""The ledger: readings become integer energy, and energy becomes books.

dirty marks ──▶ Ledger.step ──▶ books ──▶ EnergyReader ──▶ cost, emission
"""

from ledger.aggregate import unmetered
from ledger.derive import Cost, Emission, PeriodCost, cost, emission, prices
from ledger.energy import STEPS, EnergyReader
from ledger.month import month_quality, month_total
from ledger.periods import SETTLE_US, Clock
from ledger.plan import Figure, Plan, Term, plan
from ledger.series import Energy
from ledger.worker import Ledger, StepReport

__all__ = [
    "SETTLE_US",
    "STEPS",
    "Clock",
    "Cost",
    "Emission",
    "Energy",
    "EnergyReader",
    "Figure",
    "Ledger",
    "PeriodCost",
    "Plan",
    "StepReport",
    "Term",
    "cost",
    "emission",
    "month_quality",
    "month_total",
    "plan",
    "prices",
    "unmetered",
]
