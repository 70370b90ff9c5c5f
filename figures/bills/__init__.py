"""Bills as a supplier writes them: energy by period, demand, capacity, power factor, tax, total.

model      what was metered and what is billed, as values
exact      rounding, power factor, steps, demand: the arithmetic alone
making     BillBasis ─▶ Bill
measuring  what was metered, from one view of the books
audit      a supplier's bill held against it: named checks, each with the amount at stake
"""

from figures.bills.audit import (
    CHECK_NAMES,
    BillCase,
    Objection,
    SupplierBill,
    SupplierLine,
    SupplierReading,
    audit,
)
from figures.bills.measuring import (
    account_rows,
    bill_of_account,
    bill_of_series,
    holds_in,
    span_of,
)
from figures.bills.model import Bill, BillLack, BillLine, Demand, FactorSum, LineKind

__all__ = [
    "CHECK_NAMES",
    "Bill",
    "BillCase",
    "BillLack",
    "BillLine",
    "Demand",
    "FactorSum",
    "LineKind",
    "Objection",
    "SupplierBill",
    "SupplierLine",
    "SupplierReading",
    "account_rows",
    "audit",
    "bill_of_account",
    "bill_of_series",
    "holds_in",
    "span_of",
]
