"""Bills as a supplier writes them: energy by period, demand, capacity, power factor, tax, total.

model      what was metered and what is billed, as values
exact      rounding, power factor, steps, demand: the arithmetic alone
making     BillBasis ─▶ Bill
measuring  what was metered, from one view of the books
audit      a supplier's bill held against it: named checks, each with the amount at stake
trying     which of them can be made, which cannot and why
entered    a bill that somebody entered, as the audit takes it
gathering  what it is held against, from books, registry and the bills before
weather    degree days
"""

from figures.bills.audit import (
    CHECK_NAMES,
    BillCase,
    Objection,
    SupplierBill,
    SupplierLine,
    SupplierReading,
    audit,
    confirmed,
)
from figures.bills.gathering import case_of
from figures.bills.measuring import (
    account_rows,
    bill_of_account,
    bill_of_days,
    bill_of_series,
    holds_in,
    span_of,
)
from figures.bills.model import Bill, BillLack, BillLine, Demand, DemandTaken, FactorSum, LineKind
from figures.bills.trying import BillAudit, Severity, Untried, audited, severity_of
from figures.bills.weather import degree_days

__all__ = [
    "CHECK_NAMES",
    "Bill",
    "BillAudit",
    "BillCase",
    "BillLack",
    "BillLine",
    "Demand",
    "DemandTaken",
    "FactorSum",
    "LineKind",
    "Objection",
    "Severity",
    "SupplierBill",
    "SupplierLine",
    "SupplierReading",
    "Untried",
    "account_rows",
    "audit",
    "audited",
    "bill_of_account",
    "bill_of_days",
    "bill_of_series",
    "case_of",
    "confirmed",
    "degree_days",
    "holds_in",
    "severity_of",
    "span_of",
]
